"""What a hostile page, or the name of one, cannot do from the command line: steer a terminal, or write elsewhere."""

import gzip
import io
import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path, PurePath
from types import SimpleNamespace

import pytest

from pagesieve.predict import __main__, files, inputs, load
from pagesieve.predict.bulk.shards import shard_names
from pagesieve.predict.cli import arguments
from pagesieve.predict.document.charset import encodable
from pagesieve.predict.output import csv_table, formats, json_lines

WORDS = "the heron waits for the tide " * 20  # a page of control characters alone is none
ESCAPES = "\x1b[31mred\x1b]0;title\x07\x9b2J\x9d0;x\x9c\x7f\x08\x00\r\x0c\x85end"
RAW = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]|\xc2[\x80-\x9f]")  # control characters in UTF-8


MODEL = load()
Run = Callable[..., tuple[int, bytes, bytes]]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def pagesieve(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Runs the command line; gives its exit status and the bytes that it wrote."""
    monkeypatch.setattr(arguments, "load", lambda path, **_: MODEL if path is None else load(path))

    def run(*args: str) -> tuple[int, bytes, bytes]:
        try:
            status = __main__.main(args)
        except SystemExit as stop:
            status = int(stop.code or 0)
        return status, *capfdbinary.readouterr()

    return run


def test_neither_text_nor_name_of_a_page_steers_a_terminal(here: Path, pagesieve: Run) -> None:
    name = "a\x1b[31m\x9b2J\x07\u202eb.txt\udcff"
    (here / name).write_text(f"{ESCAPES} one {WORDS}\n{ESCAPES} two {WORDS}\n", encoding="utf-8", newline="")
    for form in formats.FORMATS:
        status, out, err = pagesieve("predict", "--input", "text", "--format", form, "--keep",
                                     "article_content,comment_form,promo_teaser,site_chrome", name)  # fmt: skip
        assert (status, err) == (0, b"") and b"red" in out and not RAW.search(out)
    status, out, err = pagesieve("explain", "--input", "text", name, "--block", "0")
    assert status == 0 and not RAW.search(out + err)
    for args in ((f"{name}x",), ("--model", name, name), (f"--format={name}",), ("-o", f"{name}/x", name)):
        status, out, err = pagesieve("predict", *args)
        assert status == 2 and err.count(b"\n") == 1 and out == b""
        assert not RAW.search(err) and "\u202e".encode() not in err


def test_json_keeps_what_it_escapes() -> None:
    text = f"{ESCAPES}\u202e\u2066\u2028\u2029\ud800é"
    line = json_lines.json_line({"text": text})
    assert json.loads(line)["text"] == encodable(text)
    assert line.count("\n") == 1 and not RAW.search(line.encode()) and "\u202e" not in line and "é" in line


@pytest.mark.parametrize(
    "text", ["=1+1", " =1", "\u00a0+1", "\u200b-1", "\ufeff@x", "\u202e=1", "\n=1", "\nx", "\uff1d1", "\x00 \x1b=1"]
)
def test_no_cell_is_a_formula_behind_what_a_spreadsheet_passes_over(text: str) -> None:
    assert csv_table.cell(text)[0] == "'"


@pytest.mark.parametrize("space", ["\n", "\t", " ", "; ", '\n"', "\u200b\n"])
def test_white_space_within_a_cell_is_read_once(space: str) -> None:
    start = time.process_time()
    for end, formulas in (("b", False), ("=1", True)):
        text = f"a;{space * 10_000}{end}"
        shown = csv_table.cell(text)
        assert (shown.replace("'", "") == text, "'" in shown) == (True, formulas)
    assert time.process_time() - start < 1


@pytest.mark.parametrize("text", ["-", "=", "a=1", "'=1", "1-2", " x", ""])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert csv_table.cell(text) == text


def test_a_page_that_is_too_large_is_refused_and_not_cut(here: Path, monkeypatch, pagesieve: Run) -> None:
    monkeypatch.setattr(inputs, "MAX_BYTES", 1000)
    (here / "in").mkdir()
    (here / "in" / "large.html").write_bytes(b"<p>x" + b" " * 996 + b"y")
    (here / "in" / "bomb.html.gz").write_bytes(gzip.compress(b"x" * 10_000_000))
    (here / "in" / "small.html").write_bytes(b"<p>x" + b" " * 995 + b"y")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"x" * 1001)))
    said = "larger than 1,000 bytes; split it, or hand it to Model.label in Python"
    for name in ("in/large.html", "in/bomb.html.gz", "-"):
        assert pagesieve("predict", name) == (2, b"", f"pagesieve: {name}: {said}\n".encode())
    status, out, err = pagesieve("predict", "in")
    assert status == 1 and json.loads(out)["text"] == "x y" and err.count(said.encode()) == 2


LONG = "x" * 250


@pytest.mark.parametrize(
    "pages",
    [
        ["../../up.html", "/etc/passwd", "a/../../b", "//x/y", ".../x", "..html"],
        [f"{LONG}.txt", f"{LONG}.text", f"{LONG}.html.gz", "é" * 127, "é" * 127 + "a"],
        ["A.html", "a.html", "a.HTML", "\u00e9", "e\u0301", "\u00df", "ss", "K", "\u212a"],
        [
            "con",
            "nul.html",
            "http://a.example/../../x?y=/z",
            "C:\\x",
            "..\\x",
            "-",
            "~",
            "~root",
            "$HOME",
            "a\nb",
            "\udcff",
        ],
    ],
)
def test_no_page_is_written_outside_the_folder_or_over_another(pages: list[str], here: Path) -> None:
    for names in (files.output_names(pages), [name.with_name(name.name + ".parquet") for name in shard_names(pages)]):
        assert len({files.name_key(name) for name in names}) == len(pages)
        for name in names:
            assert not name.is_absolute() and ".." not in name.parts
            assert all(len(os.fsencode(part)) <= 255 for part in name.parts)
    out = here / "deep" / "out"
    files.write_folder(
        out,
        [
            (name, page.encode("utf-8", "replace").decode())
            for name, page in zip(files.output_names(pages), pages, strict=True)
        ],
    )
    written = [path for path in here.rglob("*") if path.is_file()]
    assert len(written) == len(pages) and all(path.is_relative_to(out) for path in written)


def test_an_address_names_a_page_of_an_archive_but_never_a_file(here: Path, pagesieve: Run) -> None:
    rows = [{"url": "../../../evil", "text": "heron"}, {"url": "/tmp/\x1b]0;x\x07evil", "text": "tide"}]
    (here / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"url": "=\x9b", "text": 3}\n')
    before = {*here.iterdir()}
    status, out, err = pagesieve("bulk", "a.jsonl", "--out", "out", "--format", "jsonl", "--jobs", "1")
    assert status == 1 and not RAW.search(out + err) and {*here.iterdir()} == {*before, here / "out"}
    shard, errors = (here / "out" / name for name in ("blocks/a.jsonl.jsonl", "errors.jsonl"))
    assert [json.loads(line)["page"] for line in shard.read_text().splitlines()] == [row["url"] for row in rows]
    assert not RAW.search(shard.read_bytes() + errors.read_bytes())


def test_a_link_in_the_folder_leads_nowhere(here: Path) -> None:
    (here / "elsewhere").mkdir()
    (here / "elsewhere" / "old.html").write_text("mine")
    (here / "elsewhere" / "old.html").chmod(0o4711)
    (here / "out").mkdir()
    (here / "out" / "a.html").symlink_to(here / "elsewhere" / "old.html")
    files.write_folder(here / "out", [(PurePath("a.html"), "new")])
    assert (here / "elsewhere" / "old.html").read_text() == "mine" and not (here / "out" / "a.html").is_symlink()
    assert not (here / "out" / "a.html").stat().st_mode & 0o4111


def test_what_another_run_completed_is_no_link_to_files_of_others(here: Path) -> None:
    (here / "theirs").mkdir()
    (here / "theirs" / "blocks.json").touch()
    (here / "models").mkdir()
    (here / "models" / files.COMPLETE).symlink_to(here / "theirs")
    files.finish_writing(here / "models")
    assert (here / "theirs" / "blocks.json").exists() and not (here / "models" / "blocks.json").exists()
