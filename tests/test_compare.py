"""The scoreboard: its measures on invented pages, other extractors on a tiny corpus, its table, and what stops it."""

import gzip
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pagesieve.predict.document.blocks import Block
from pagesieve.predict.errors import Failure
from pagesieve.train import __main__
from pagesieve.train.benchmark import compare, extractors, tool_outputs
from pagesieve.train.evaluation.evaluate import extract_texts, pack_extracted
from pagesieve.train.labels.alignment import words
from pagesieve.train.labels.views import View

ROOT = Path(__file__).parents[1]
LINES = [f"Heron{n} waits{n} tide{n} pier{n}." for n in range(10)]  # a page of ten lines, no word twice
MADE = [
    "justext",
    "resiliparse",
    "justext-lines",
]  # tools of train/benchmark/extractors.py that stand in this environment, too


def test_word_figures_are_of_bags_and_means_over_pages():
    bags = {page: (kind, Counter(words("\n".join(LINES[:5])))) for page, kind in (("a", "article"), ("b", "forum"))}
    found = {"a": {"text": "\n".join(LINES[1:9]).upper()}, "b": {"text": "", "error": "ValueError: no body"}}
    figures = compare.word_figures(found, bags)
    # a: four of eight lines are right, and four of five are found; b has nothing
    assert figures["by_type"]["article"] == pytest.approx(
        {"pages": 1, "precision": 1 / 2, "recall": 4 / 5, "f1": 8 / 13}
    )
    assert figures["by_type"]["all"] == pytest.approx({"pages": 2, "precision": 1 / 4, "recall": 2 / 5, "f1": 4 / 13})
    assert figures["standard_error"] == pytest.approx(4 / 13)
    assert figures["errors"] == 1


def test_segment_figures_are_over_the_segments_of_all_pages():
    one = {"with": [LINES[0], LINES[1], LINES[2], LINES[3]], "without": [LINES[5], LINES[6]], "comments": [LINES[8]]}
    other: dict[str, Any] = {"with": ["Heron0  waits0\ntide0"], "without": [], "comments": None}
    found = {"a": {"text": "\n".join([*LINES[:3], LINES[3].lower(), LINES[5], LINES[8]])}, "b": {"text": LINES[0]}}
    by_language = compare.segment_figures(found, {"a": ("de", one), "b": ("en", other)})["by_language"]
    assert list(by_language) == ["all", "de", "en"]
    # of five wanted segments one has other letters; beside the four that are found stands one that is not wanted
    wanted = {"pages": 2, "precision": 4 / 5, "recall": 4 / 5, "f1": 4 / 5, "comment_leak": 1}
    assert {name: by_language["all"][name] for name in wanted} == pytest.approx(wanted)
    assert by_language["de"]["recall"] == 3 / 4 and by_language["en"]["recall"] == 1
    assert by_language["en"]["comment_leak"] == 0 == by_language["en"]["comments"]


@pytest.mark.parametrize(
    ("html", "language"),
    [
        ('<html lang="de-AT">', "de"),
        ("<HTML class=x LANG=EN_us>", "en"),
        ('<html xml:lang="fr">', "unknown"),
        ("", "unknown"),
    ],
)
def test_the_language_that_a_page_says(html: str, language: str):
    assert compare.declared_language(f"{html}<body><p lang=pl>Czapla</p>".encode()) == language


def test_the_c4_filter_keeps_whole_sentences():
    kept = ["Five words end with this.", "Do five words ask this?", 'She said "it is five words."']
    dropped = ["Only four words here.", "Five words without an end", "Please do enable JavaScript here now.", "",
               "if (a) { return the heron now; }."]  # fmt: skip
    assert compare.filter_c4("\n".join([*dropped, *kept])) == "\n".join(kept)


def view(source: str, kind: str, texts: list[str]) -> View:
    labels = np.zeros(len(texts), dtype=np.int8)
    blocks = [Block(index, text) for index, text in enumerate(texts)]
    return View("1", source, "a.example", "article", kind, blocks, labels, np.arange(len(texts)))


def test_what_evaluate_extracts_is_kept_for_the_comparison(tmp_path: Path):
    kinds = [("wcxb", "html"), ("wcxb", "text"), ("wcxb", "pre_extracted"), ("trafilatura", "html")]
    kinds.append(("paragraphs", "text"))
    views = [view(source, kind, [f"{source} {kind}", "menu", "end"]) for source, kind in kinds]
    texts = extract_texts(views, [np.eye(4)[[0, 3, 0]] for _ in views])
    assert texts == {
        "wcxb": {"html": {"1": "wcxb html\nend"}, "text": {"1": "wcxb text\nend"}},
        "trafilatura": {"html": {"1": "trafilatura html\nend"}, "text": {}},
    }
    content = pack_extracted(texts, {"wcxb": "0" * 64})
    assert pack_extracted(texts, {"wcxb": "0" * 64}) == content
    (tmp_path / "a").write_bytes(content)
    assert compare.extracted_texts(tmp_path / "a", {"wcxb": "0" * 64}) == texts


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "not found"),
        (b"{}", "cannot be read"),
        (gzip.compress(b"{}", mtime=0), "cannot be read"),
        (
            gzip.compress(b'{"wcxb": {}, "trafilatura": {}, "data": {"wcxb": "1"}}', mtime=0),
            r"made from other data \(.*wcxb\)",
        ),
    ],
)
def test_texts_that_are_missing_or_stale_are_one_line_and_exit_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: bytes | None,
    reason: str,
):
    if content is not None:
        (tmp_path / "extracted.json.gz").write_bytes(content)
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(__main__, "RAW", tmp_path)
    monkeypatch.setattr(__main__.corpora, "available", lambda *_: ([], []))
    monkeypatch.setattr(sys, "argv", ["pagesieve.train", "compare"])
    assert __main__.main() == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and "run `make evaluate`" in line
    assert re.search(rf"extracted.json.gz: {reason}", line)


def write_corpora(raw: Path) -> None:
    """Two pages of each corpus, as `make data` leaves them, and what was extracted from them."""
    html = "<html lang=en><body><ul><li><a href=/>Menu</a></li></ul>{}</body></html>"
    html = html.format("".join(f"<p>{line} The heron on the pier waits for the tide to turn.</p>" for line in LINES))
    for folder in ("wcxb/html", "wcxb/truth", "trafilatura/pages"):
        (raw / folder).mkdir(parents=True)
    for page in ("0001", "0002"):
        (raw / f"wcxb/html/{page}.html.gz").write_bytes(gzip.compress(html.encode()))
        truth = {"url": "https://a.example/", "ground_truth": {"main_content": "\n".join(LINES)}}
        (raw / f"wcxb/truth/{page}.json").write_text(json.dumps(truth))
        (raw / f"trafilatura/pages/{page}.html").write_text(html)
    files = {"0001": {"page_type": "article"}, "0002": {"page_type": "category"}}
    (raw / "wcxb/metadata.json").write_text(json.dumps({"files": files}))
    table = {f"https://{page}.example/": {"file": f"{page}.html", "with": LINES[:3]} for page in files}
    (raw / "trafilatura/evaldata.json").write_text(json.dumps(table))
    texts = {page: "\n".join(LINES) for page in files}
    of_trafilatura = {f"{page}.html": text for page, text in texts.items()}
    both = {"wcxb": texts, "trafilatura": of_trafilatura}
    (raw / "extracted.json.gz").write_bytes(
        pack_extracted({name: {"html": of, "text": of} for name, of in both.items()}, {})
    )


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    write_corpora(folder)
    return folder


@pytest.fixture
def report(raw: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A comparison with tools that stand in this environment."""
    monkeypatch.setattr(compare, "TOOLS", MADE)
    return compare.compare_tools(raw, Path(sys.prefix), ROOT / "data/read.csv", {})


def test_all_are_scored_on_the_same_pages(report: dict[str, Any]):
    assert list(report["wcxb"]) == list(report["trafilatura"]) == ["pagesieve", "justext", "resiliparse"]
    assert list(report["lines"]) == ["pagesieve", "justext", compare.C4]
    for part, groups in (("wcxb", "by_type"), ("lines", "by_type"), ("trafilatura", "by_language")):
        assert {tool: figures[groups]["all"]["pages"] for tool, figures in report[part].items()} == dict.fromkeys(
            report[part], 2
        )
    assert set(report["wcxb"]["justext"]["by_type"]) == {"all", "article", "collection"}
    assert set(report["trafilatura"]["justext"]["by_language"]) == {"all", "en"}
    assert report["wcxb"]["pagesieve"]["by_type"]["all"]["f1"] == 1
    assert report["wcxb"]["resiliparse"]["by_type"]["all"]["recall"] == 1


def test_extractors_are_asked_again_only_about_other_pages(
    report: dict[str, Any], raw: Path, monkeypatch: pytest.MonkeyPatch
):
    asked = []
    monkeypatch.setattr(
        tool_outputs, "run_tool", lambda tool, *_: asked.append(tool) or '{"id": "new", "text": "heron"}\n'
    )
    assert compare.compare_tools(raw, Path(sys.prefix), ROOT / "data/read.csv", {}) == report
    assert asked == []
    pages = [{"id": "new", "url": "", "html": "<p>heron</p>"}]
    for version, wanted in (("1", ["resiliparse"]), ("1", []), ("2", ["resiliparse"])):
        asked.clear()
        tools, folder = {"resiliparse": version}, raw / "others"
        found = tool_outputs.outputs_of_tools(tools, pages, venv=Path(sys.prefix), folder=folder)
        assert asked == wanted and found == {"resiliparse": {"new": {"id": "new", "text": "heron"}}}


def test_the_scoreboard_goes_between_its_marks(report: dict[str, Any]):
    readme = "# A\n\n<!-- compare -->\nold\n<!-- /compare -->\n\nmore\n"
    once = compare.with_scoreboard(readme, report)
    assert once == compare.with_scoreboard(once, report) and "old" not in once
    head, rows = once.split("<!-- compare -->")[0], re.findall(r"^\| (.+) \|$", once, re.M)
    assert head == "# A\n\n" and once.endswith("<!-- /compare -->\n\nmore\n")
    assert {row.count("|") for row in rows[:5]} == {8} and {row.count("|") for row in rows[5:]} == {3}
    f1 = [float(row.split("|")[1].split("±")[0]) for row in rows[2:5]]
    assert f1 == sorted(f1, reverse=True) and rows[2].startswith("**pagesieve ")
    with pytest.raises(Failure, match="reports/README.md: lacks the lines"):
        compare.with_scoreboard("# A\n", report)


def run_extractor(tool: str, folder: Path) -> subprocess.CompletedProcess[str]:
    page = {"id": "1", "url": "", "html": f"<html><body><p>{LINES[0]}</p></body></html>"}
    (folder / "pages.jsonl").write_text(json.dumps(page) + "\n")
    command = [
        sys.executable,
        "-I",
        ROOT / "train/benchmark/extractors.py",
        tool,
        folder / "pages.jsonl",
        folder / "out.jsonl",
    ]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_script_of_the_extractors_answers_page_by_page(tmp_path: Path):
    assert run_extractor("resiliparse", tmp_path).returncode == 0
    assert json.loads((tmp_path / "out.jsonl").read_text()) == {"id": "1", "text": LINES[0]}


def test_a_tool_that_cannot_run_at_all_is_no_score(tmp_path: Path):
    done = run_extractor("boilerpy3", tmp_path)  # not installed here
    assert done.returncode == 1 and not (tmp_path / "out.jsonl").exists()
    assert done.stderr == "raised on every page, ModuleNotFoundError: No module named 'boilerpy3'\n"
    with pytest.raises(Failure, match="boilerpy3: no answers .*raised on every page.*make compare"):
        tool_outputs.run_tool("boilerpy3", tmp_path / "pages.jsonl", Path(sys.prefix))
    with pytest.raises(Failure, match="nowhere: lacks trafilatura, .*make compare"):
        tool_outputs.versions(tmp_path / "nowhere", extractors.TOOLS)


def test_an_error_is_an_empty_text():
    def broken(html: str, url: str) -> str:
        raise ValueError(f"no body in {html}")

    page = {"id": "1", "url": "", "html": "x"}
    assert extractors.answer(broken, page) == {"id": "1", "text": "", "error": "ValueError: no body in x"}
    with pytest.raises(OSError):
        extractors.offline("socket.connect", ())


def test_lines_are_paragraphs_whatever_they_hold():
    html = "<p>One <b>b</b>o<!-- no -->ld</p><ul><li>&#11;two</li></ul>"
    assert [line.split() for line in extractors.lines_of(html).split("\n") if line] == [["One", "bold"], ["two"]]
    sentence = "The <heron> on the pier & its chicks wait for the tide to turn, as they did before, " * 3 + "and wait."
    assert extractors.by_justext_lines(f"Menu\n{sentence}\n{sentence}", "").split("\n") == [sentence] * 2
