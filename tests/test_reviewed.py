"""What is kept of a review: labels by reader, out to other tools and back, in the queue, and in the training."""

import csv
import json
import os
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pagesieve.predict.core import Scored
from pagesieve.predict.errors import Failure
from pagesieve.predict.labels import CODES, LABELS
from pagesieve.train.corpora import CorpusPage
from pagesieve.train.fit.stages import build_table
from pagesieve.train.labels import label_store, label_studio
from pagesieve.train.labels.alignment import read_spans
from pagesieve.train.labels.views import View, page_views
from pagesieve.train.review import corrections, queue

TEXTS = ["Home", "The heron waits", "It stands, it stands.", "=1+1 eels \U0001f41f", "Read also: eels", "Leave a reply"]
PAGE = "".join(f"<p>{text}</p>" for text in TEXTS) + "<p>§</p>"
DAY = "2026-01-31"


def sheet_of(
    name: str = "a", site: str = "heron-example.org", kind: Any = "html", page: str = PAGE
) -> label_store.Sheet:
    head = f"<link rel=canonical href='https://www.{site}/{name}'><title>{name}</title>" if kind == "html" else ""
    return label_store.sheet_of(f"{head}{page}".encode(), f"{name}.{kind}", kind, {})


def label(folder: Path, sheet: label_store.Sheet, codes: str, reader: str = "ann") -> None:
    changes = {block.index: code for block, code in zip(sheet.blocks, codes, strict=True) if code != "-"}
    label_store.change_marks(folder, sheet, reader, label_store.marks_of(folder, sheet, reader)[0], changes, DAY)


def test_labels_are_rows_of_annotations_beside_the_page(tmp_path: Path) -> None:
    sheet = sheet_of()
    label(tmp_path, sheet, "NHT-PF")
    (path,) = (tmp_path / "labels" / sheet.id).glob("*.csv")
    spans = read_spans(path)
    assert [(span.page, span.code, span.reader, span.date) for span in spans] == [
        (sheet.id, code, "ann", DAY) for code in "NHTPF"
    ]
    page = CorpusPage(sheet.id, sheet.content)
    views, found = page_views(page, source="x", annotated=corrections.Annotated("x", spans))
    assert found == sum(span.end - span.start for span in spans) == len(sheet.running) - 3
    assert [LABELS[n] if n >= 0 else "" for n in views[0].labels[:6]] == [
        "site_chrome", "article_content", "article_content", "", "promo_teaser", "comment_form",
    ]  # fmt: skip
    (kept,) = label_store.read_sheets(tmp_path)
    assert (kept.content, kept.site, kept.running) == (sheet.content, "heron-example.org", sheet.running)


@pytest.mark.parametrize(
    "place",
    [
        ".lock",
        "labels/{id}/.pagesieve-ann.csv.new",
        "pages/.pagesieve-{id}.html.new",
        ".pagesieve-.gitignore.new",
    ],
)
def test_a_link_in_a_folder_of_labels_is_not_written_through(tmp_path: Path, place: str) -> None:
    sheet, folder, other = sheet_of(), tmp_path / "mine", tmp_path / "other"
    other.write_text("precious")
    link = folder / place.format(id=sheet.id)
    link.parent.mkdir(parents=True)
    link.symlink_to(other)
    label(folder, sheet, "NHT-PF")
    assert other.read_text() == "precious" and len(label_store.marks_of(folder, sheet, "ann")[1]) == 5


@pytest.mark.parametrize("place", ["labels", "labels/{id}", "pages"])
def test_a_linked_folder_that_leads_out_is_refused(tmp_path: Path, place: str) -> None:
    sheet, folder, other = sheet_of(), tmp_path / "mine", tmp_path / "other"
    other.mkdir()
    link = folder / place.format(id=sheet.id)
    link.parent.mkdir(parents=True)
    link.symlink_to(other)
    with pytest.raises(Failure, match="a link that leads out of .*mine; remove it"):
        label(folder, sheet, "NHT-PF")
    assert not list(other.iterdir())


@pytest.mark.parametrize("place", ["pages/0.json", "labels/{id}/bob.csv"])
def test_a_pipe_in_a_folder_of_labels_is_an_error_that_names_it(tmp_path: Path, place: str) -> None:
    sheet = sheet_of()
    label(tmp_path, sheet, "NHT-PF")
    pipe = tmp_path / place.format(id=sheet.id)
    os.mkfifo(pipe)
    with pytest.raises((Failure, OSError), match=rf"a pipe, socket or device.*{pipe.name}"):
        corrections.read_corrections(tmp_path, [])


def test_a_change_keeps_the_other_labels_and_refuses_an_old_version(tmp_path: Path) -> None:
    sheet = sheet_of()
    label(tmp_path, sheet, "NH--PF")
    version, marks = label_store.marks_of(tmp_path, sheet, "ann")
    after, changed = label_store.change_marks(tmp_path, sheet, "ann", version, {0: None, 1: "H", 2: "T"}, "2026-02-01")
    assert changed == {1: ("H", DAY), 2: ("T", "2026-02-01"), 4: ("P", DAY), 5: ("F", DAY)} and after != version
    with pytest.raises(label_store.Stale):
        label_store.change_marks(tmp_path, sheet, "ann", version, {0: "N"}, DAY)
    assert label_store.marks_of(tmp_path, sheet, "ann") == (after, changed)
    with pytest.raises(Failure, match="reader '../bob'"):
        label_store.change_marks(tmp_path, sheet, "../bob", "none", {0: "N"}, DAY)


def test_a_page_that_was_changed_is_named(tmp_path: Path) -> None:
    sheet = sheet_of()
    label(tmp_path, sheet, "NHTTPF")
    (tmp_path / "pages" / f"{sheet.id}.html").write_text("other")
    with pytest.raises(Failure, match=f"{sheet.id}.html: changed since it was labelled"):
        list(label_store.read_sheets(tmp_path))


def test_a_page_has_labels_of_a_hundred_readers_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_store, "MAX_READERS", 2)
    for reader in ("ann", "bob"):
        label(tmp_path, sheet_of(), "TFPNTN", reader)
    assert corrections.read_corrections(tmp_path, [])
    label(tmp_path, sheet_of(), "TFPNTN", "eve")
    with pytest.raises(Failure, match="labels of more than 2 readers; remove some"):
        corrections.read_corrections(tmp_path, [])


@pytest.mark.parametrize(
    ("head", "site"),
    [
        ("<link rel=canonical href=https://news.heron.co.uk/x>", "heron.co.uk"),
        ("<meta property=og:url content=http://eel-example.org/>", "eel-example.org"),
        ("<link rel=canonical href=/x><meta property=og:url content=//x>", "pages"),
        ("", "pages"),
    ],
)
def test_the_site_is_the_page_s_own_address_or_its_folder(head: str, site: str) -> None:
    assert label_store.sheet_of(f"{head}<p>word".encode(), "some/pages/a.html", "html", {}).site == site


def test_the_site_of_mhtml_is_that_of_its_html_and_no_other_part_is_parsed() -> None:
    head = b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=a\n\n--a\nContent-Type: text/html\n"
    page = b"Content-Transfer-Encoding: quoted-printable\n\n<link rel=3Dcanonical href=3Dhttps://heron.co.uk/><p>word\n"
    other = b"--a\nContent-Type: text/plain\n\n" + b"<div>" * 20_000
    start = time.process_time()
    assert label_store.sheet_of(head + page + other, "some/pages/a.mht", "html", {}).site == "heron.co.uk"
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"site": 3}, "site is 3"),
        ({"name": "a" * 5000}, "name is 'aaa"),
        ({"kind": ["html"]}, r"kind is \['html"),
        ({"more": "a" * 1_000_000}, "larger than"),
    ],
)
def test_what_is_known_of_a_kept_page_is_checked(tmp_path: Path, known: dict[str, Any], said: str) -> None:
    sheet = sheet_of()
    label(tmp_path, sheet, "NHTTPF")
    path = tmp_path / "pages" / f"{sheet.id}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | known))
    with pytest.raises(Failure, match=f"{path}: no page of a review .*{said}"):
        list(label_store.read_sheets(tmp_path))
    path.write_text("[" * 100_000)
    with pytest.raises(Failure, match=f"{path}: no page of a review"):
        list(label_store.read_sheets(tmp_path))


@pytest.mark.parametrize(("column", "value"), [("start", str(10**12)), ("date", "=1+1"), ("date", "x" * 200_000)])
def test_a_row_of_labels_that_is_none_is_named_and_nothing_waits_for_it(
    tmp_path: Path, column: str, value: str
) -> None:
    sheet = sheet_of()
    label(tmp_path, sheet, "NHTTPF")
    path = label_store.label_file(tmp_path, sheet, "ann")
    first = path.read_text().splitlines()[1]
    cells = dict(zip(label_store.COLUMNS, first.split(","), strict=True)) | {column: value}
    path.write_text(",".join(label_store.COLUMNS) + "\n" + ",".join(cells.values()) + "\n")
    with pytest.raises(Failure, match=f"{path}, line 2: not a labelled span"):
        corrections.read_corrections(tmp_path, [])


codes = st.lists(st.sampled_from([*CODES, "-"]), min_size=len(TEXTS), max_size=len(TEXTS)).map("".join)


@pytest.mark.parametrize("suffix", [".json", ".csv"])
@settings(max_examples=25)
@given(st.dictionaries(st.sampled_from(["ann", "bob", "user-7"]), codes, min_size=1))
def test_labels_go_out_and_come_back_without_loss(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, by_reader: dict[str, str]
) -> None:
    folder = tmp_path_factory.mktemp("review")
    sheets = [sheet_of("a"), sheet_of("b")]
    for reader, of in by_reader.items():
        label(folder / "one", sheets[0], of, reader)
    label_studio.export_labels(folder / f"out{suffix}", folder / "one", sheets)
    label_studio.import_labels(folder / f"out{suffix}", folder / "two", sheets, "other", "2027-01-01")
    for reader in by_reader:
        one, two = (label_store.marks_of(folder / name, sheets[0], reader)[1] for name in ("one", "two"))
        assert one == two
    assert label_store.readers_of(folder / "two", sheets[1]) == []


def test_a_long_block_goes_to_a_table_and_comes_back(tmp_path: Path) -> None:
    sheet = sheet_of(page=f"<p>{'word ' * 40_000}</p>")
    label(tmp_path / "one", sheet, "T")
    label_studio.export_labels(tmp_path / "out.csv", tmp_path / "one", [sheet])
    label_studio.import_labels(tmp_path / "out.csv", tmp_path / "two", [sheet], "other", DAY)
    assert label_store.marks_of(tmp_path / "two", sheet, "ann")[1] == {0: (("T", DAY))}
    assert csv.field_size_limit() == 131_072  # elsewhere, as it was


@pytest.mark.parametrize("suffix", [".json", ".csv"])
def test_labels_of_a_page_of_many_blocks_come_back_in_due_time(tmp_path: Path, suffix: str) -> None:
    sheet = sheet_of(kind="text", page="\U0001f41f eels\n" + "\n".join(f"line {number}" for number in range(8_000)))
    label(tmp_path / "one", sheet, "TFPN" * 2000 + "T")
    path = tmp_path / f"out{suffix}"
    label_studio.export_labels(path, tmp_path / "one", [sheet])
    if suffix == ".json":  # as a browser counts
        tasks = json.loads(path.read_text())
        for region in tasks[0]["annotations"][0]["result"][1:]:
            region["value"] |= {name: region["value"][name] + 1 for name in ("start", "end")}
        path.write_text(json.dumps(tasks))
    start = time.process_time()
    label_studio.import_labels(path, tmp_path / "two", [sheet], "other", DAY)
    assert time.process_time() - start < 15  # of what took minutes
    one, two = (label_store.marks_of(tmp_path / name, sheet, "ann")[1] for name in ("one", "two"))
    assert one == two and len(one) == 8_001


def test_regions_that_cover_all_blocks_over_and_over_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_studio, "MAX_COVERED", 100)
    sheet = sheet_of()
    value = {"start": 0, "end": 60, "labels": ["site_chrome"]}
    task = {"data": {"page": sheet.id, "text": label_studio.text_of(sheet)}}
    task["annotations"] = [{"result": [{"value": value}] * 30}]
    (tmp_path / "tasks.json").write_text(json.dumps([task]))
    with pytest.raises(Failure, match="task 0: regions of more than 100 blocks in all"):
        label_studio.import_labels(tmp_path / "tasks.json", tmp_path / "mine", [sheet], "me", DAY)
    assert not (tmp_path / "mine").exists()


@given(st.text(alphabet="a \U0001f41f\ud800é", min_size=1, max_size=12), st.data())
def test_a_region_is_found_by_signs_and_by_units(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    units = [len(text[:place].encode("utf-16-le", "surrogatepass")) // 2 for place in (start, end)]
    for low, high in ((start, end), units):
        found = label_studio.stretch(text, label_studio.wide_positions(text), low, high, text[start:end])
        assert text[slice(*found)] == text[start:end]
    assert label_studio.stretch(text, label_studio.wide_positions(text), start, end, None) == (start, end)


def test_label_studio_counts_as_javascript_and_names_its_users(tmp_path: Path) -> None:
    sheet = sheet_of(page="<p>\U0001f41f\U0001f41f eels</p><p>Home of eels</p>")
    value = {"start": 11, "end": 23, "text": "Home of eels", "labels": ["site_chrome"]}
    text = label_studio.text_of(sheet)
    assert text[9:21] == "Home of eels"
    task = {"id": 5, "data": {"page": sheet.id, "text": text}}
    task["annotations"] = [{"completed_by": {"email": "eve@heron-example.org"}, "result": [{"value": value}]}]
    (tmp_path / "tasks.json").write_text(json.dumps([task]))
    label_studio.import_labels(tmp_path / "tasks.json", tmp_path / "mine", [sheet], "me", DAY)
    assert label_store.marks_of(tmp_path / "mine", sheet, "eve")[1] == {1: ("N", DAY)}


def broken(task: Any, path: str, value: Any) -> None:
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps:
        task = task[step]
    task[last] = value


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("1", 3, r"task 1: expected a task"),
        ("1.data", None, r"task 1 \(id 17\): expected data"),
        ("1.data.page", "nowhere", r"task 1 \(id 17\): page 'nowhere' is none of the pages given"),
        ("1.data.text", "other", r"task 1 \(id 17\): data.text is not the text"),
        ("1.annotations", {}, r"task 1 \(id 17\): expected a list of annotations"),
        ("1.annotations.0.result", None, r"task 1 \(id 17\): expected a result"),
        ("1.annotations.0.result.2", "x", r"task 1 \(id 17\): annotation 0, region 2: expected a region"),
        ("1.annotations.0.result.2.value.labels", ["junk"], r"region 2: label 'junk' is none of"),
        ("1.annotations.0.result.2.value.labels", ["site_chrome"] * 2, "region 2: expected one label"),
        ("1.annotations.0.result.2.value.labels", [["x"]], "region 2: label .* is none of"),
        ("1.annotations.0.result.2.value.start", "0", "region 2: expected start as a number"),
        ("1.annotations.0.result.2.value.start", -1, "region 2: start -1"),
        ("1.annotations.0.result.2.value.end", 10**9, "region 2: start .* do not hold"),
        ("1.annotations.0.result.2.value.start", 1, "region 2: start 1 .* do not hold"),
        ("1.annotations.0.result.2.value.start", True, "region 2: expected start as a number"),
        ("1.annotations.0.result.2.meta.date", "=1+1", "region 2: date '=1"),
        ("1.annotations.0.result.2.meta.date", f"{DAY}\x1b[2J", "region 2: date '2026"),
        ("1.annotations.0.result.2.meta.date", "9" * 200_000, "region 2: date '999"),
        ("1.annotations.0.result.2.meta.date", 7, "region 2: date 7"),
        ("1.annotations.0.result.2.meta.reader", "=1+1", "region 2: reader '=1"),
        ("1.annotations.0.result.2.meta.reader", "ann\x1b[2J", "region 2: reader 'ann"),
        ("1.annotations.0.result.2.meta.reader", "a" * 200_000, "region 2: reader 'aaa"),
        ("1.annotations.0.completed_by", 10**30, "task 1 .*: reader 1000"),
        ("1.annotations.0.completed_by", [1], r"task 1 .*: reader \[1"),
        ("1.annotations.0.result.2.meta.code", ["T"], r"region 2: code \['T"),
        ("1.annotations.0.result.2.meta.code", "Z", "region 2: code 'Z'"),
    ],
)
def test_a_broken_task_is_named_and_nothing_is_taken(tmp_path: Path, path: str, value: Any, said: str) -> None:
    sheets = [sheet_of("a"), sheet_of("b")]
    for sheet in sheets:
        label(tmp_path / "one", sheet, "NHTTPF")
    file = tmp_path / "out.json"
    label_studio.export_labels(file, tmp_path / "one", sheets)
    tasks = json.loads(file.read_text())
    tasks[1]["id"] = 17
    broken(tasks, path, value)
    file.write_text(json.dumps(tasks))
    with pytest.raises(Failure, match=f"^{file}, .*{said}") as caught:
        label_studio.import_labels(file, tmp_path / "two", sheets, "me", DAY)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 400 + len(str(file))
    assert not (tmp_path / "two").exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (',"article_content","H",', ',"article","H",', "line 3: label 'article' is none of"),
        (',1,"The heron waits",', ',9,"The heron waits",', "line 3: index '9' and text are no block"),
        (',"The heron waits",', ',"The heron wades",', "line 3: index '1' and text are no block"),
        (',"ann","2026-01-31"\r\n', "\r\n", "line 2: not as many cells"),
        ('"label","code"', '"tag","code"', "line 2: no column label"),
        (',"ann",', ',"=ann",', "line 2: reader '=ann'"),
        (DAY, f"{DAY}\x1b[2J", "line 2: date '2026"),
        (DAY, "=1+1", "line 2: date '=1"),
    ],
)
def test_a_broken_row_is_named_by_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    sheet, file = sheet_of(), tmp_path / "out.csv"
    label(tmp_path / "one", sheet, "NHTTPF")
    label_studio.export_labels(file, tmp_path / "one", [sheet])
    text = file.read_bytes().decode()
    assert old in text
    file.write_bytes(text.replace(old, new, 1).encode())
    with pytest.raises(Failure, match=f"^{file}, {said}"):
        label_studio.import_labels(file, tmp_path / "two", [sheet], "me", DAY)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.json", "{"), ("a.json", "{}"), ("a.json", "[" * 200_000), ("a.csv", "\udcff"), ("a.txt", "")],
)
def test_a_file_that_is_none_is_named(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, errors="surrogateescape")
    with pytest.raises(Failure, match=name):
        label_studio.import_labels(tmp_path / name, tmp_path, [sheet_of()], "me", DAY)


class Unsure:
    """Says article_content of each block, less sure on the pages of a longer name."""

    def labelled(self, content: bytes, **_: Any) -> Any:
        sheet = label_store.sheet_of(content, "", "html", {})
        sure = {"aa": 0.6, "bbb": 0.5, "c": 0.9}[content.split(b"<title>")[1].split(b"<")[0].decode()]
        row = np.array([[sure, *[(1 - sure) / 3] * 3]])
        blocks = label_store.segment(label_store.read_page(content, kind="html"))
        scores = np.repeat(row, len(blocks), axis=0) if sheet else row
        return Scored("html", [block.text for block in blocks], [], scores), ["article_content"] * len(blocks)


def test_sites_take_turns_the_least_sure_page_of_each_first() -> None:
    sheets = [sheet_of("c", "eel-example.org"), sheet_of("aa"), sheet_of("bbb"), sheet_of("bbb")]
    tasks = queue.queued([queue.task_of(sheet, Unsure()) for sheet in sheets])  # type: ignore[arg-type]
    assert [task.sheet.name for task in tasks] == ["bbb.html", "c.html", "aa.html"]
    assert [round(task.doubt, 2) for task in tasks] == [0.5, 0.1, 0.4]
    undoubted = [queue.task_of(sheet, None) for sheet in sheets]
    blind = queue.queued(random.Random(1).sample(undoubted, len(undoubted)))
    assert [task.sheet.id for task in blind] == [task.sheet.id for task in queue.queued(undoubted)]
    assert blind[0].predicted == {}
    assert {task.sheet.site for task in blind[:2]} == {"eel-example.org", "heron-example.org"}


def views_beside(site: str) -> list[View]:
    return [View("1", "wcxb", site, "", "html", [], np.zeros(0), np.zeros(0))]


def test_corrections_are_views_without_test_pages_and_without_quarrels(tmp_path: Path) -> None:
    folder, sheets = tmp_path / "mine", [sheet_of(name) for name in "abc"]
    assert corrections.read_corrections(folder, []) is None
    for sheet in sheets:
        label(folder, sheet, "NHTTPF")
    label(folder, sheets[0], "N--PPF", "bob")
    label(tmp_path / "mine-test", sheets[1], "NHTTPF")
    text = sheet_of("d", kind="text", page="One line\n\n§\n\nand another")
    label(folder, text, "TF")
    found = corrections.read_corrections(folder, views_beside("other-example.org"))
    assert found and found.left_out == 1 and found.apart == "page"
    learned = {view.page for view in found.learned}
    assert learned == {sheets[0].id, sheets[2].id, text.id} and {view.page for view in found.tests} == {sheets[1].id}
    scored = [found.learned[number] for number in found.scored(found.learned)]
    assert {view.page: view.kind for view in scored} == {sheets[0].id: "html", sheets[2].id: "html", text.id: "text"}
    first = next(view for view in scored if view.page == sheets[0].id)
    assert first.labels.tolist() == [3, 0, 0, -1, 2, 1, -1] and first.weight == corrections.WEIGHT
    assert len({view.site for view in scored}) == 3
    assert len(set(build_table(scored).sites)) == 3


def test_pages_of_few_sites_stay_with_the_site_that_is_known(tmp_path: Path) -> None:
    for name in "ab":
        label(tmp_path / "mine", sheet_of(name), "NHTTPF")
    found = corrections.read_corrections(tmp_path / "mine", views_beside("heron-example.org"))
    assert found and {view.site for view in found.learned} == {"heron-example.org"}
    for name in "cdef":
        label(tmp_path / "mine", sheet_of(name, f"{name}-example.org"), "NHTTPF")
    found = corrections.read_corrections(tmp_path / "mine", [])
    assert found and found.apart == "site" and {view.kind for view in found.learned} == {"text", "pre_extracted"}
    assert {view.site for view in found.learned} == {"heron-example.org", *(f"{name}-example.org" for name in "cdef")}
