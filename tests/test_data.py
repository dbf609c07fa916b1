"""What is promised about the embedded data: enough of it, written for this project, and labelled without gaps."""

import csv
import html
import json
import re
import tarfile
import tomllib
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pagesieve.predict.document.blocks import segment
from pagesieve.predict.document.charset import decode
from pagesieve.predict.document.page import read_page
from pagesieve.predict.labels import CODES, LABELS
from pagesieve.train.labels.alignment import Span, find_spans, read_spans, running_words, words
from pagesieve.train.labels.folds import site_of
from pagesieve.train.labels.written_pages import read_written

DATA = Path(__file__).parents[1] / "data"
ANNOTATIONS = sorted((DATA / "annotations").glob("*.csv"))
PAGES = sorted((DATA / "pages").iterdir())
READ = list(csv.DictReader((DATA / "read.csv").read_text("utf-8").splitlines()))
ARCHIVES = tuple(source["archive"] for source in tomllib.loads((DATA / "sources.toml").read_text("utf-8"))["source"])
TAG = re.compile(r"</?[a-zA-Z!][^>]*>")
UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]{12,}")  # Thai, Lao, Japanese, Chinese
WITHOUT_TEXT = {"HankookIlbo_2026_01_29.html"}  # all its text is in its scripts
NEAR, COPIED, COPIED_UNSPACED = 5, 6, 12  # words, words, and characters in a row

Row = dict[str, str]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    with (DATA / "paragraphs.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


@pytest.fixture(scope="module")
def ours(rows: list[Row]) -> set[str]:
    """The runs of the rows that must be written by us; those of forms and notices are the web's own phrases."""
    kinds = ("article_content", "promo_teaser")
    return {run for row in rows if row["label"] in kinds for run in runs(row["text"], COPIED)}


def runs(text: str, size: int) -> set[str]:
    """All runs of ``size`` words, and in scripts without spaces of COPIED_UNSPACED characters."""
    found = words(text)
    return {" ".join(found[i : i + size]) for i in range(len(found) - size + 1)} | set(unspaced_runs(text))


def unspaced_runs(text: str) -> Iterator[str]:
    for part in UNSPACED.findall(text):
        yield from (part[i : i + COPIED_UNSPACED] for i in range(len(part) - COPIED_UNSPACED + 1))


def common_runs(text: str, ours: set[str], vocabulary: set[str]) -> Iterator[str]:
    """The runs of a text that are among ours; only where all words are known to us a run is put together."""
    found = words(text)
    streak = 0
    for i, word in enumerate(found, 1):
        streak = streak + 1 if word in vocabulary else 0
        if streak >= COPIED and (run := " ".join(found[i - COPIED : i])) in ours:
            yield run
    yield from (run for run in unspaced_runs(text) if run in ours)


def texts_of(archive: Path, step: int) -> Iterator[tuple[str, str]]:
    """Name and text of one in ``step`` files of an archive: pages without their tags, records as their strings."""
    with tarfile.open(archive, "r|gz") as tar:
        for number, member in enumerate(tar):
            file = tar.extractfile(member) if member.isfile() and number % step == 0 else None
            if file is None:
                continue
            content = file.read()
            if member.name.endswith(".json"):
                yield member.name, "\n".join(strings(json.loads(content)))
            elif ".html" in member.name:
                if member.name.endswith(".gz"):
                    content = zlib.decompress(content, wbits=31)
                yield member.name, html.unescape(TAG.sub(" ", decode(content)))


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings(part)


def labelled_page(path: Path) -> tuple[list[str], list[Span], list[tuple[int, Span]]]:
    """The running words of a sample page, its spans, and those found on it with their places."""
    blocks = segment(read_page(path.read_bytes(), kind="html" if path.suffix == ".html" else "text"))
    running, _ = running_words(block.text for block in blocks)
    spans = [span for span in read_spans(DATA / "annotations" / "pages.csv") if span.page == path.name]
    return running, spans, find_spans(spans, running)


def test_the_paragraphs_are_enough_of_every_label_and_of_many_languages(rows: list[Row]) -> None:
    assert list(rows[0]) == ["text", "label", "language", "page", "order"]
    assert len(rows) >= 1500
    assert min(Counter(row["label"] for row in rows)[label] for label in LABELS) >= 200
    assert {row["label"] for row in rows} == set(LABELS)
    assert len({row["language"] for row in rows}) >= 15


def test_every_row_is_whole_and_has_a_place_of_its_own(rows: list[Row]) -> None:
    assert [row for row in rows if not all(cell and cell == cell.strip() for cell in row.values())] == []
    places = Counter((row["page"], int(row["order"])) for row in rows)
    assert [place for place, count in places.items() if count > 1] == []


def test_few_rows_share_five_words_in_a_row_with_an_earlier_one(rows: list[Row]) -> None:
    seen: set[str] = set()
    near = []
    for row in rows:
        own = runs(row["text"], NEAR)
        if own & seen:
            near.append(row["text"])
        seen |= own
    assert len(near) < 0.05 * len(rows), near


def test_the_held_out_lines_are_30_languages_and_stand_nowhere_in_the_training_data(rows: list[Row]) -> None:
    lines = list(csv.DictReader((DATA / "languages.csv").read_text("utf-8").splitlines(), strict=True))
    counts = Counter((line["language"], line["label"]) for line in lines)
    assert len({language for language, _ in counts}) == 30 and set(counts.values()) == {5} and len(counts) == 120
    assert len({line["text"] for line in lines}) == 600
    trained = {tuple(words(row["text"])) for row in rows}
    assert [line["text"] for line in lines if tuple(words(line["text"])) in trained] == []


@pytest.mark.parametrize("name", ARCHIVES)
@pytest.mark.parametrize("step", [20, pytest.param(1, marks=pytest.mark.slow)])
def test_nothing_of_ours_stands_in_the_corpora(name: str, step: int, corpora: Path, ours: set[str]) -> None:
    if not (corpora / name).is_file():
        pytest.skip(f"needs {name} in CORPORA")
    vocabulary = {word for run in ours for word in run.split(" ")}
    seen = 0
    for page, text in texts_of(corpora / name, step):
        assert list(common_runs(text, ours, vocabulary)) == [], page
        seen += 1
    assert seen >= 20 / step


def test_nothing_of_ours_stands_in_the_examples_beside_the_corpora(corpora: Path, ours: set[str]) -> None:
    examples = sorted((corpora.parent / "examples").glob("*.txt"))
    if not examples:
        pytest.skip("there are no examples beside the corpora")
    for path in examples:
        assert runs(path.read_text("utf-8"), COPIED) & ours == set(), path.name


def test_a_copied_sentence_would_be_found() -> None:
    ours = runs("The heron had waited all day for the tide. 老周从早到晚都坐在河边等着涨潮的时候", COPIED)
    vocabulary = {word for run in ours for word in run.split(" ")}
    assert list(common_runs("A heron had waited all day for us", ours, vocabulary)) == ["heron had waited all day for"]
    assert list(common_runs("有人说老周从早到晚都坐在河边等着。", ours, vocabulary))
    assert not list(common_runs("the heron had waited, all of the day, for", ours, vocabulary))


@pytest.mark.parametrize("path", ANNOTATIONS, ids=lambda path: path.name)
def test_every_span_is_sound(path: Path) -> None:
    assert path.read_text("utf-8").splitlines()[0] == "page,start,end,hash,code,reader,date"
    spans = read_spans(path)
    assert {span.code for span in spans} <= set(CODES)
    ends: dict[str, int] = {}
    for span in spans:
        assert ends.get(span.page, 0) <= span.start < span.end, span
        assert re.fullmatch(r"[0-9a-f]{12}", span.hash) and span.reader, span
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", span.date), span
        ends[span.page] = span.end
    if path.stem == "pages":
        assert set(ends) <= {page.name for page in PAGES}
    else:
        corpus, page_set = path.stem.split(".")
        read = {row["page"] for row in READ if (row["corpus"], row["set"]) == (corpus, page_set)}
        assert set(ends) == read - WITHOUT_TEXT
        assert set(ends) <= set((DATA / f"{corpus}.ids").read_text("utf-8").split("\n"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_sample_page_is_labelled_from_end_to_end(path: Path) -> None:
    running, spans, found = labelled_page(path)
    assert len(spans) >= 10
    named = sum(span.end - span.start for span in spans)
    again = {word for place, span in found for word in range(place, place + span.end - span.start)}
    assert len(again) >= 0.98 * named
    assert len(again) >= 0.98 * len(running)


def test_the_sample_pages_are_of_many_kinds() -> None:
    assert len(PAGES) >= 48
    assert {path.suffix for path in PAGES} == {".html", ".txt"}
    assert sum(path.name.startswith("seed-") for path in PAGES) >= 4
    languages = Counter(path.name[:2] for path in PAGES if path.name[2] == "-")
    assert all(languages[name] >= 3 for name in ("zh", "ja", "ko", "hi", "ar", "fa", "id", "vi", "th", "bn")), languages
    for kind in ("forum-", "listing-"):
        assert [path for path in PAGES if path.name.startswith(kind)], kind


def test_the_card_counts_what_is_there(rows: list[Row]) -> None:
    card = (DATA / "README.md").read_text("utf-8")
    table = {tuple(cell.strip(" `") for cell in line.strip("|").split("|")) for line in card.splitlines()}
    codes = {path.stem: Counter(span.code for span in read_spans(path)) for path in ANNOTATIONS}
    labels = {name: Counter[str]() for name in codes}
    for name, count in codes.items():
        for code, number in count.items():
            labels[name][CODES[code]] += number
    written = [view for view in read_written(DATA / "written") if view.kind == "html"]
    of_written = Counter(LABELS[label] for view in written for label in view.labels)
    counts = {"paragraphs.csv": Counter(row["label"] for row in rows), "written": of_written, **labels}
    counts["all"] = sum(counts.values(), Counter())
    wanted = [
        (name, *(f"{number:,}" for number in (*(count[label] for label in LABELS), count.total())))
        for name, count in counts.items()
    ]
    assert ("", *LABELS, "all") in table
    assert [row for row in wanted if row not in table] == []
    by_code = [(code, f"{sum(count[code] for count in codes.values()):,}") for code in CODES]
    assert [row for row in by_code if row not in {(cells[0], cells[-1]) for cells in table}] == []
    languages = Counter(row["language"] for row in rows).most_common()
    assert ", ".join(f"{name} {count:,}" for name, count in languages) in " ".join(card.split())
    assert f"{len({row['page'] for row in rows})} made-up pages" in card
    by_language = Counter(view.language for view in written).most_common()
    assert f"{len(written)} made-up HTML pages" in card
    assert ", ".join(f"{name} {count}" for name, count in by_language) in " ".join(card.split())
    assert f"{len(PAGES)} sample pages" in card
    assert f"labels of {len(READ):,} pages of seven corpora" in card


def test_the_card_counts_the_pages_that_were_read() -> None:
    card = (DATA / "README.md").read_text("utf-8").splitlines()
    for page_set in dict.fromkeys(row["set"] for row in READ):
        pages = [row for row in READ if row["set"] == page_set]
        cells = [page_set_cell(Counter(row[column] for row in pages)) for column in ("page_type", "language")]
        assert f"| `{page_set}` | {len(pages)} | {cells[0]} | {cells[1]} |" in card


def page_set_cell(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def test_pages_of_corpora_without_addresses_have_a_site_that_shares_its_fold_with_the_others() -> None:
    named = [row for row in READ if row["site"]]
    assert {row["corpus"] for row in READ} - {row["corpus"] for row in named} == {"wcxb", "trafilatura"}
    alone = [row["site"] for row in named if row["site"] == f"{row['corpus']}: {row['page']}"]
    assert len(alone) < 10
    assert [row["site"] for row in named if row["site"] not in alone and site_of(row["site"]) != row["site"]] == []


def test_the_world_set_is_of_all_languages_and_a_quarter_chinese_or_japanese() -> None:
    world = [row for row in READ if row["set"] == "world"]
    assert len(world) == 120
    assert sum(row["language"] in ("zh", "ja") for row in world) >= 30
    assert len({row["language"] for row in world}) >= 25
