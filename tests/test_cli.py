"""The command line to the letter of its table, with a small model that labels by keyword."""

import csv
import gzip
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from pagesieve.predict import ModelError, __main__
from pagesieve.predict.cli import arguments, sandboxed
from pagesieve.predict.document.blocks import segment
from pagesieve.predict.document.page import Kind, read_page
from pagesieve.predict.inputs import Source, read_source
from pagesieve.predict.labels import LABELS
from pagesieve.predict.model import COLUMNS, Model, load
from pagesieve.predict.output import json_lines

TEXT = "The heron waits.\n\nLeave a comment\nRead more: ten tides\nMenu\n"
HTML = """<!doctype html>
<html><head><title>Tide</title></head><body>
<nav>Menu</nav>
<h1>The heron waits</h1>
<p>It waits for the <b>tide</b>.</p>
<pre>  low
high</pre>
<form>Leave a comment</form>
<p>Read more: ten tides</p>
</body></html>
"""
TEXT_LABELS = ["article_content", "comment_form", "promo_teaser", "site_chrome"]
WORDS = {"comment": "comment_form", "Read more": "promo_teaser", "Menu": "site_chrome"}


class Fake:
    """Labels by keyword what the real page reader finds; its only operating points are those of text pages."""

    card = {"kinds": ["html", "text"], "decision": {"text": {"recall": dict.fromkeys(LABELS, 0.5)}}}
    thresholds = Model.thresholds

    def records(self, content: bytes | str, *, page: str, kind: Kind, prefer: str) -> list[json_lines.Record]:
        found = []
        for block in segment(read_page(content, kind=kind)):
            label = next((label for word, label in WORDS.items() if word in block.text), "article_content")
            scores = {name: 0.91 if name == label else 0.03 for name in LABELS}
            values = (page, block.index, block.text, label, scores, 0.75, *filter(None, [block.path]))
            found.append(dict(zip(COLUMNS, values, strict=False)))
        return found


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to run in, with the small model."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(arguments, "load", lambda path, **_: Fake())
    return tmp_path


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]):
    """Runs `pagesieve predict`; gives exit status, stdout, and stderr as a list of lines."""

    def run(*args: object) -> tuple[int, str, list[str]]:
        try:
            status = __main__.main(["predict", *map(str, args)])
        except SystemExit as stop:
            status = int(stop.code or 0)
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return status, out, err.splitlines()

    return run


@pytest.fixture
def site(here: Path) -> Path:
    """A folder with seven pages and some files that are none."""
    for name in ("b.html", "a/z.HTM", "a/b/c.xhtml"):
        (here / "site" / name).parent.mkdir(parents=True, exist_ok=True)
        (here / "site" / name).write_text(HTML)
    (here / "site" / "d.txt").write_text(TEXT)
    (here / "site" / "a" / "e.txt.gz").write_bytes(gzip.compress(TEXT.encode()))
    (here / "site" / "f.html.gz").write_bytes(gzip.compress(HTML.encode()))
    (here / "site" / "a.txt").write_text(TEXT)
    for name in ("style.css", "g.gz", "readme", "html"):
        (here / "site" / name).write_text("no page")
    return here / "site"


def give_stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))


def test_jsonl_of_a_text_page(run, here: Path) -> None:
    (here / "page.txt").write_text(TEXT)
    status, out, err = run("page.txt")
    found = [json.loads(line) for line in out.splitlines()]
    assert (status, err) == (0, [])
    assert [block["text"] for block in found] == [line for line in TEXT.splitlines() if line]
    assert [block["label"] for block in found] == TEXT_LABELS
    assert [block["index"] for block in found] == [0, 1, 2, 3]
    assert all(list(block) == ["page", "index", "text", "label", "scores", "confidence"] for block in found)
    assert all(block["page"] == "page.txt" and sum(block["scores"].values()) == pytest.approx(1) for block in found)


def test_an_operating_point_that_the_model_lacks_ends_the_run_before_any_page(run, here: Path) -> None:
    (here / "page.html").write_text("<p>A boat came in.</p>")
    status, out, err = run("--prefer", "recall", "page.html")
    assert (status, out, len(err)) == (2, "", 1) and "no operating point that prefers recall on html" in err[0]
    assert run("--prefer", "balanced", "page.html")[0] == 0
    assert run("--prefer", "most", "page.html")[0] == 2


def test_jsonl_of_an_html_page_has_paths(run, here: Path) -> None:
    (here / "page.html").write_text(HTML)
    found = [json.loads(line) for line in run("page.html")[1].splitlines()]
    assert [block["text"] for block in found][:4] == [
        "Menu",
        "The heron waits",
        "It waits for the tide.",
        "  low\nhigh",
    ]
    assert found[1]["path"] == "/html/body[1]/h1[1]/text()[1]"


def test_a_folder_is_searched_in_order_and_page_names_join_it(run, site: Path) -> None:
    status, out, err = run("./site/", "--keep", "site_chrome")
    names = ["a/b/c.xhtml", "a/e.txt.gz", "a/z.HTM", "a.txt", "b.html", "d.txt", "f.html.gz"]
    assert (status, err) == (0, [])
    assert [json.loads(line)["page"] for line in out.splitlines()] == [f"./site/{name}" for name in names]


@pytest.mark.parametrize(
    ("name", "content", "html"),
    [
        ("a.htm", "no tags", True),
        ("a.XHTML", "no tags", True),
        ("a.txt", HTML, False),
        ("a.html.gz", "no tags", True),
        ("a.txt.gz", HTML, False),
        ("a.gz", "\n <b>x</b>", True),
        ("a", "\n <b>x</b>", True),
        ("a", "so <p> it is", True),
        ("a.php", "so a < b it is", False),
        ("a", "<3 herons", False),
        ("-", "x <div>y</div>", True),
        ("-", "x\ny", False),
    ],
)
def test_auto_takes_the_extension_then_a_look(run, here, monkeypatch, name: str, content: str, html: bool) -> None:
    raw = content.encode()
    if name == "-":
        give_stdin(monkeypatch, raw)
    else:
        (here / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    blocks = [json.loads(line) for line in run(name)[1].splitlines()]
    assert blocks and {block["page"] for block in blocks} == {name}
    assert all(("path" in block) is html for block in blocks)


def test_input_overrules_the_extension(run, here: Path) -> None:
    (here / "a.txt").write_text("<p>x</p>")
    (here / "a.html").write_text("<p>x</p>")
    assert json.loads(run("--input", "html", "a.txt")[1])["text"] == "x"
    assert json.loads(run("--input", "text", "a.html")[1])["text"] == "<p>x</p>"


def test_keep_filters_every_format_and_text_keeps_the_article(run, here: Path) -> None:
    (here / "p.txt").write_text(TEXT)
    assert run("--format", "text", "p.txt")[1] == "The heron waits.\n"
    assert run("--format", "text", "--keep", "comment_form, site_chrome", "p.txt")[1] == "Leave a comment\n\nMenu\n"
    assert len(run("--keep", "promo_teaser", "p.txt")[1].splitlines()) == 1
    kept = list(csv.DictReader(io.StringIO(run("--format", "csv", "--keep", "promo_teaser", "p.txt")[1])))
    assert [row["label"] for row in kept] == ["promo_teaser"] and float(kept[0]["promo_teaser"]) == 0.91
    shown = run("--format", "html", "--keep", "site_chrome", "p.txt")[1]
    assert shown.count('<div class="block') == 1 and "heron" not in shown
    assert run("--format", "html", "p.txt")[1].count('<div class="block') == 4


def test_csv_of_several_pages_has_one_header(run, site: Path) -> None:
    lines = run("--format", "csv", "site/d.txt", "site/a.txt")[1].split("\r\n")
    assert lines[0] == "page,index,text,label," + ",".join(LABELS) + ",confidence,path"
    assert [line.split(",")[0] for line in lines[1:]] == ['"site/d.txt"'] * 4 + ['"site/a.txt"'] * 4 + [""]


def test_text_of_several_pages_is_parted_by_form_feed_lines(run, site: Path) -> None:
    out = run("--format", "text", "site/d.txt", "site/a.txt")[1]
    assert out == "\fsite/d.txt\nThe heron waits.\n\fsite/a.txt\nThe heron waits.\n"


def test_output_goes_to_a_file_and_none_to_stdout(run, here: Path) -> None:
    (here / "p.txt").write_text(TEXT)
    expected = run("p.txt")[1]
    assert run("p.txt", "-o", "out.jsonl") == (0, "", [])
    assert (here / "out.jsonl").read_text() == expected
    assert sorted(os.listdir(here)) == ["out.jsonl", "p.txt"]
    umask = os.umask(0)
    os.umask(umask)
    assert (here / "out.jsonl").stat().st_mode & 0o777 == 0o666 & ~umask


def test_html_of_several_pages_fills_a_folder(run, site: Path) -> None:
    status, out, err = run("--format", "html", "-o", "out/new", "site", "./site/b.html", "site/../site/b.html")
    assert (status, out, err) == (0, "", [])
    found = sorted(str(path.relative_to("out/new/site")) for path in Path("out/new").rglob("*") if path.is_file())
    names = ["a.txt", "a/b/c.xhtml", "a/e.txt", "a/z.HTM", "d.txt"]
    assert found == sorted([f"{name}.html" for name in names] + ["b.html", "b-2.html", "f.html", "site/b.html"])
    assert "<title>site/a/z.HTM" in Path("out/new/site/a/z.HTM.html").read_text()


def test_html_of_one_page_goes_to_a_file_or_into_a_folder(run, here: Path) -> None:
    (here / "p.txt").write_text(TEXT)
    (here / "dir").mkdir()
    assert run("--format", "html", "p.txt", "-o", "p.html")[0] == 0
    assert run("--format", "html", "p.txt", "-o", "dir")[0] == 0
    assert (here / "p.html").read_text() == (here / "dir" / "p.txt.html").read_text()


def test_output_never_replaces_an_input(run, site: Path) -> None:
    for args in (["site/d.txt", "-o", "site/d.txt"], ["--format", "html", "site", "-o", "."]):
        status, out, (line,) = run(*args)
        assert (status, out) == (2, "") and "would overwrite" in line
    assert (site / "d.txt").read_text() == TEXT and (site / "b.html").read_text() == HTML


def test_an_empty_page_is_no_error(run, here: Path) -> None:
    (here / "e.html").write_text("<p> </p>")
    for form, expected in (("jsonl", ""), ("text", ""), ("csv", "page,")):
        status, out, (line,) = run("--format", form, "e.html")
        assert status == 0 and out.startswith(expected) and len(out.splitlines()) == bool(expected)
        assert line.startswith("pagesieve: e.html: ") and "no blocks" in line


def test_a_flattened_page_is_noted(run, here: Path) -> None:
    (here / "deep.html").write_text("<div>" * 2000 + "The heron waits.")
    status, out, (line,) = run("deep.html")
    assert status == 0 and json.loads(out)["text"] == "The heron waits."
    assert line.startswith("pagesieve: deep.html: nested deeper than")


BROKEN_GZIP = gzip.compress(TEXT.encode() * 9, mtime=0)[:-12]


@pytest.mark.parametrize("output", [[], ["-o", "out"]])
@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["good.txt", "missing.txt"], "missing.txt: No such file"),
        (["good.txt", "cut.txt.gz"], "cut.txt.gz: broken gzip"),
        (["good.txt", "zero.gz"], "zero.gz: broken gzip"),
        (["good.txt", "plain.html.gz"], "plain.html.gz: broken gzip"),
        (["good.txt", "gone"], "gone: No such file"),
        (["good.txt", "bare"], "bare: no page in this folder"),
        (["good.txt", ""], "No such file"),
        (
            ["--keep", "article,site_chrome", "good.txt"],
            "'article', the labels are article_content, comment_form, promo_",
        ),
        (["--keep", "", "good.txt"], "the labels are article_content"),
        (["--format", "xml", "good.txt"], "invalid choice: 'xml'"),
        (["--form", "csv", "good.txt"], "--form"),
        (["--input", "pdf", "good.txt"], "invalid choice: 'pdf'"),
        ([], "INPUT"),
        (["-", "-"], "only once"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_leaves_nothing(run, here, args, says: str, output) -> None:
    (here / "good.txt").write_text(TEXT)
    (here / "cut.txt.gz").write_bytes(BROKEN_GZIP)
    (here / "zero.gz").touch()
    (here / "plain.html.gz").write_text(HTML)
    (here / "gone").symlink_to("nowhere")
    (here / "bare").mkdir()
    before = sorted(os.listdir(here))
    status, out, err = run(*args, *output)
    assert (status, out, len(err)) == (2, "", 1)
    assert err[0].startswith("pagesieve: ") and says in err[0]
    assert sorted(os.listdir(here)) == before


def test_a_bad_model_is_one_line(run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(path: Path | None, **_: bool) -> Fake:
        assert path == Path("m.npz")
        raise ModelError("m.npz: not what\nits card says")

    monkeypatch.setattr(arguments, "load", load)
    (here / "p.txt").write_text(TEXT)
    expected = (2, "", ["pagesieve: m.npz: not what its card says"])
    assert run("--model", "m.npz", "p.txt", "-o", "out") == expected
    assert not (here / "out").exists()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--format", "html", "site"], "-o DIR"),
        (["--format", "html", "site", "-o", "file"], "file is a file"),
        (["--format", "csv", "site", "-o", "dir"], "dir is a folder"),
        (["site", "-o", "no/such/file"], "no such folder"),
    ],
)
def test_an_output_that_cannot_be_is_refused_before_the_work(run, here, site, monkeypatch, args, says: str) -> None:
    monkeypatch.setattr(arguments, "load", lambda path, **_: pytest.fail("the model was loaded"))
    (here / "file").write_text("mine")
    (here / "dir").mkdir()
    status, out, (line,) = run(*args)
    assert (status, out) == (2, "") and says in line
    assert (here / "file").read_text() == "mine" and not os.listdir(here / "dir")


def test_a_read_only_file_is_not_replaced(run, here: Path, site: Path, monkeypatch) -> None:
    monkeypatch.setattr(arguments, "load", lambda path, **_: pytest.fail("the model was loaded"))
    for name in ("out", "pages/site/a.txt.html"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text("mine")
        (here / name).chmod(0o444)
    for args, name in ((["-o", "out"], "out"), (["--format", "html", "-o", "pages"], "pages/site/a.txt.html")):
        said = f"pagesieve: -o {name}: this file is read-only, and is not replaced"
        assert run("site", *args) == (2, "", [said])
        assert (here / name).read_text() == "mine"


def test_a_file_that_is_replaced_keeps_its_mode(run, here: Path, site: Path) -> None:
    for name, args in (("out", []), ("pages/site/a.txt.html", ["--format", "html"])):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).touch(mode=0o600)
        assert run("site", *args, "-o", name.split("/")[0])[0] == 0
        assert (here / name).stat().st_size and (here / name).stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_written_is_named_with_the_option(run, here: Path, site: Path, monkeypatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != str(here))
    said = f"the folder {here} cannot be written"
    assert run("site", "-o", "out.jsonl") == (2, "", [f"pagesieve: -o out.jsonl: {said}"])
    assert run("site", "--format", "html", "-o", "new/out/") == (2, "", [f"pagesieve: -o new/out/: {said}"])
    assert os.listdir(here) == ["site"]


@pytest.mark.skipif(not os.path.exists("/proc/self"), reason="needs /proc")
def test_an_output_that_the_system_refuses_is_named_and_no_hidden_file(run, here: Path, site: Path) -> None:
    for args in (["-o", "/proc/out"], ["--format", "html", "-o", "/proc/out/"]):
        status, out, (line,) = run("site", *args)
        assert (status, out) == (2, "") and line.startswith(f"pagesieve: -o {args[-1]}: ")
        assert ".pagesieve" not in line


def test_a_bad_page_in_a_folder_is_skipped_and_counted(run, site: Path) -> None:
    (site / "a" / "bad.html.gz").write_bytes(BROKEN_GZIP)
    (site / "gone.txt").symlink_to("nowhere")
    status, out, err = run("site", "--keep", "site_chrome", "-o", "out")
    assert (status, out) == (1, "") and len(err) == 3
    assert err[0].startswith("pagesieve: site/a/bad.html.gz: broken gzip") and "site/gone.txt: No such" in err[1]
    assert err[2] == "pagesieve: skipped 2 of 9 pages, which could not be read; the others are labelled"
    assert len(Path("out").read_text().splitlines()) == 7
    assert run("--format", "html", "site", "-o", "pages")[0] == 1
    assert len([path for path in Path("pages").rglob("*") if path.is_file()]) == 7


def test_a_named_page_that_goes_bad_midway_leaves_no_output(run, here, monkeypatch) -> None:
    for name in "ab":
        (here / f"{name}.txt").write_text(TEXT)

    class Deleting(Fake):
        def records(self, content: bytes | str, *, page: str, kind: Kind, prefer: str) -> list[json_lines.Record]:
            (here / "b.txt").unlink()
            return super().records(content, page=page, kind=kind, prefer=prefer)

    monkeypatch.setattr(arguments, "load", lambda path, **_: Deleting())
    status, out, err = run("--format", "html", "a.txt", "b.txt", "-o", "new/out")
    assert (status, out, err) == (2, "", ["pagesieve: b.txt: No such file or directory"])
    assert os.listdir(here) == ["a.txt"]


def test_pages_are_written_as_they_come(here: Path, monkeypatch, capfd) -> None:
    seen = []

    def watching(source: Source) -> bytes:
        seen.append(capfd.readouterr().out.count("\n"))
        return read_source(source)

    monkeypatch.setattr(sandboxed, "read_source", watching)
    for name in "abc":
        (here / f"{name}.txt").write_text(TEXT)
    assert __main__.main(["predict", "."]) == 0
    assert seen == [0, 4, 4]


def test_pipes_sockets_and_devices_in_a_folder_are_skipped_and_said(run, site: Path) -> None:
    os.mkfifo(site / "pipe.html")
    (site / "null.txt").symlink_to("/dev/null")
    status, out, err = run("site", "--keep", "site_chrome")
    assert (status, out.count("\n"), len(err)) == (1, 7, 3)
    assert err[:2] == [
        f"pagesieve: site/{name}: a pipe, socket or device, not a file (skipped)" for name in ("null.txt", "pipe.html")
    ]


@pytest.mark.parametrize("model", ["", ".", "/", "..", "nowhere", "p.txt", "/dev/null", "x" * 300])
def test_a_model_that_is_none_is_one_line(run, here: Path, monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    monkeypatch.setattr(arguments, "load", load)
    (here / "p.txt").write_text(TEXT)
    status, out, err = run("p.txt", "--model", model)
    assert (status, out, len(err)) == (2, "", 1)


def test_a_port_that_is_none_and_lack_of_memory_are_one_line(run, here: Path, monkeypatch, capfd) -> None:
    (here / "p.txt").write_text(TEXT)
    for port in ("99999", "65536", "-1", "9" * 5000):
        with pytest.raises(SystemExit) as stop:
            __main__.main(["review", "p.txt", "--port", port])
        (line,) = capfd.readouterr().err.splitlines()
        assert stop.value.code == 2 and "--port" in line and len(line) < 200

    def records(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Fake, "records", records)
    said = "pagesieve: p.txt: ran out of memory, of which it may take 4 GB"
    assert run("p.txt", "-o", "out") == (2, "", [said])
    assert not (here / "out").exists()


def test_a_note_that_cannot_be_written_goes_nowhere(
    run, here: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site / "gone.txt").symlink_to("nowhere")
    monkeypatch.setattr(sys, "stderr", None)
    status, out, _ = run("site", "--keep", "site_chrome")
    assert status == 1 and all(line.startswith("{") for line in out.splitlines())


def test_a_named_pipe_is_read_once(run, here: Path) -> None:
    os.mkfifo(here / "pipe")
    with subprocess.Popen(["sh", "-c", "echo Menu > pipe"]):
        assert json.loads(run("pipe")[1])["label"] == "site_chrome"


def test_help_and_version(run, capfd) -> None:
    status, out, err = run("--help")
    assert status == 0 and not err
    assert all(word in out for word in ("jsonl", "csv", "--keep", "--model", "-o", "apostrophe", "exit status"))
    for option in ("--help", "--version"):
        with pytest.raises(SystemExit) as stop:
            __main__.main([option])
        assert stop.value.code == 0 and capfd.readouterr().out.startswith(("usage: pagesieve", "pagesieve "))


def process(*args: str, **options) -> subprocess.Popen:
    """The command in a process of its own, with the small model."""
    start = (
        f"import sys; sys.path[:0] = {sys.path!r}; import test_cli as t; "
        "t.arguments.load = lambda path, **_: t.Fake(); "
    )
    command = [sys.executable, "-c", start + "sys.exit(t.__main__.main())", "predict", *args]
    return subprocess.Popen(command, stderr=subprocess.PIPE, **options)


def test_a_closed_pipe_ends_quietly(here: Path) -> None:
    (here / "long.txt").write_text("The heron waits.\n" * 20_000)
    with process("long.txt", stdout=subprocess.PIPE) as started:
        assert started.stdout and started.stderr
        started.stdout.readline()
        started.stdout.close()
        assert started.stderr.read() == b""
    assert started.returncode == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_one_line(here: Path) -> None:
    (here / "p.txt").write_text(TEXT)
    with open("/dev/full", "w") as full, process("p.txt", stdout=full) as started:
        assert started.stderr and started.stderr.read().decode().startswith("pagesieve: output: No space left")
    assert started.returncode == 2


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("words", ["--version", "--help", "predict --help"])
def test_help_that_cannot_be_written_is_one_line(words: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "pagesieve.predict", *words.split()]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=environment)
    assert (done.returncode, done.stderr) == (2, b"pagesieve: output: No space left on device\n")


@pytest.mark.parametrize("words", ["bulk p.txt --out out", "review p.txt --export a.json", "review p.txt --blind"])
def test_a_closed_stdout_is_one_line_before_the_work(here: Path, monkeypatch, capfd, words: str) -> None:
    (here / "p.txt").write_text(TEXT)
    monkeypatch.setattr(sys, "stdout", None)
    assert __main__.main(words.split()) == 2
    assert capfd.readouterr().err == "pagesieve: standard output is closed\n" and os.listdir(here) == ["p.txt"]


def test_stdout_is_utf8_whatever_the_locale(here: Path) -> None:
    (here / "p.txt").write_text("Żubr 😀\n", encoding="utf-8")
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    with process("--format", "text", "p.txt", stdout=subprocess.PIPE, env=env) as started:
        out, err = started.communicate()
    assert (started.returncode, out.decode(), err) == (0, "Żubr 😀\n", b"")


def test_a_signal_is_told_where_a_library_raised_an_error_in_its_place(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def load(*_: object, **__: object) -> None:
        try:
            raise KeyboardInterrupt(signal.SIGTERM)
        finally:
            raise ModelError("cannot join thread before it is started")

    monkeypatch.setattr(arguments, "load", load)
    assert __main__.main(["predict", "-"]) == 128 + signal.SIGTERM
    assert capsys.readouterr() == ("", "pagesieve: terminated\n")
