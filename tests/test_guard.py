"""Pages that take all time or memory, or end their process: each command loses them alone, and leaves no process."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made import by_line
from test_cli import Fake
from test_processes import gone, tree

from pagesieve.predict import __main__, load
from pagesieve.predict.cli import arguments, sandboxed
from pagesieve.predict.core import Scored
from pagesieve.predict.document.blocks import segment
from pagesieve.predict.document.page import read_page
from pagesieve.predict.model import Model
from pagesieve.predict.processes import sandbox as sandbox_module
from pagesieve.predict.processes.sandbox import Fault, Sandbox, in_sandbox

SECONDS = 2.0  # for a page that takes none, or all
LIMIT = 200_000_000  # bytes, where all that a page does is to ask for more
SAID = {
    "hangs": f"took longer than {SECONDS:g} s",
    "grows": "ran out of memory, of which it may take 0.2 GB",
    "kills": "killed its process (SIGKILL)",
    "raises": "ZeroDivisionError: division by zero",
}


def suffer(content: bytes | str) -> None:
    """Do what the word of a page says."""
    if b"hangs" in content:  # type: ignore[operator]
        re.match("(a+)+$", "a" * 60 + "b")  # in C, where no handler of Python's and no other thread runs
    if b"grows" in content:  # type: ignore[operator]
        bytearray(10 * LIMIT)
    if b"kills" in content:  # type: ignore[operator]
        os.kill(os.getpid(), signal.SIGKILL)
    if b"raises" in content:  # type: ignore[operator]
        _ = 1 / 0


class Suffering(Fake):
    def records(self, content: bytes | str, **how: Any) -> Any:
        suffer(content)
        return super().records(content, **how)

    def read(self, content: bytes | str, **how: Any) -> Any:
        suffer(content)
        return [], [], ""

    def labelled(self, content: bytes | str, **how: Any) -> Any:
        suffer(content)
        blocks = segment(read_page(content, kind="html"))
        scores = np.full((len(blocks), 4), 0.25)
        return Scored("html", [block.text for block in blocks], [], scores), ["article_content"] * len(blocks)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to run in, with a page for each word and two that are good, low limits, and a model that suffers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(arguments, "load", lambda path, **_: Suffering())
    monkeypatch.setattr(sandbox_module, "MAX_MEMORY", LIMIT)
    monkeypatch.setattr(sandboxed, "MAX_SECONDS", SECONDS)
    (tmp_path / "in").mkdir()
    for name in ("a good", *SAID, "z good"):
        (tmp_path / f"in/{name}.html").write_text(f"<p>A page that {name}.")
    return tmp_path


def names(lines: str) -> list[str]:
    return [json.loads(line)["page"] for line in lines.splitlines()]


def test_predict_loses_the_pages_of_a_folder_that_fail_and_labels_the_others(capfd: Any) -> None:
    assert __main__.main(["predict", "in"]) == 1
    out, err = capfd.readouterr()
    assert names(out) == ["in/a good.html", "in/z good.html"]
    lost = [f"pagesieve: in/{name}.html: {SAID[name]} (skipped)" for name in sorted(SAID)]
    assert err.splitlines() == [
        *lost, "pagesieve: skipped 4 of 6 pages, which could not be read; the others are labelled"
    ]  # fmt: skip


@pytest.mark.parametrize("word", SAID)
def test_predict_goes_on_behind_a_named_page_that_fails_and_exits_with_2(word: str, capfd: Any) -> None:
    named = ["in/a good.html", f"in/{word}.html", "in/z good.html"]
    assert __main__.main(["predict", *named, "-o", "out.jsonl"]) == 2
    assert names(Path("out.jsonl").read_text()) == named[::2]
    assert capfd.readouterr().err.splitlines()[0] == f"pagesieve: {named[1]}: {SAID[word]} (skipped)"


@pytest.mark.parametrize("words", ["predict {} -o out.jsonl", "explain {} --block 0", "review {} --out mine"])
@pytest.mark.parametrize("word", SAID)
def test_a_page_that_fails_alone_is_one_line(words: str, word: str, capfd: Any) -> None:
    if "review" in words:
        pytest.importorskip("flask", reason="needs flask: make setup")
    assert __main__.main(words.format(f"in/{word}.html").split()) == 2
    assert capfd.readouterr() == ("", f"pagesieve: in/{word}.html: {SAID[word]}\n")
    assert os.listdir() == ["in"]


def test_review_queues_the_others_and_tells_of_a_named_one_that_fails(capfd: Any) -> None:
    pytest.importorskip("flask", reason="needs flask: make setup")
    from pagesieve.train.review.server import tasks_of

    model: Model = Suffering()  # type: ignore[assignment]
    for inputs, status in ((["in"], 0), (["in/a good.html", "in/grows.html", "in/hangs.html", "in/z good.html"], 2)):
        tasks, found = tasks_of(inputs, "auto", Path("mine"), model)
        assert ([task.sheet.name for task in tasks], found) == (["in/a good.html", "in/z good.html"], status)
        assert f"pagesieve: in/grows.html: {SAID['grows']} (skipped)" in capfd.readouterr().err


def test_bulk_loses_a_page_that_takes_too_much_memory_alone() -> None:
    sandbox = Sandbox(by_line, 5)
    contents = ["heron", "it takes all memory", "tide"]
    frame, lost = sandbox(pd.DataFrame({"page": list("abc"), "content": contents}))
    sandbox.close()
    assert frame["text"].tolist() == ["heron", "tide"]
    assert [(one.page, one.reason) for one in lost] == [("b", SAID["grows"])]


def test_a_worker_that_failed_is_replaced_and_one_that_did_not_is_kept() -> None:
    def work(content: bytes) -> int:
        suffer(content)
        return os.getpid()

    with in_sandbox(work, SECONDS) as ask:
        first = ask(b"good")
        assert ask(b"good") == first != os.getpid()
        for word, said in SAID.items():
            with pytest.raises(Fault, match=f"^{re.escape(said)}$"):
                ask(word.encode())
        assert ask(b"good") not in (first, os.getpid())


def test_an_answer_that_is_cut_short_is_a_fault() -> None:
    """As of a worker that the kernel ends, for lack of memory, while it answers."""

    def work(seconds: float) -> bytes:
        signal.setitimer(signal.ITIMER_PROF, seconds)
        return bytes(30_000_000)

    with in_sandbox(work, 30) as ask:
        for number in range(1, 12):
            try:
                assert len(ask(number / 200)) == 30_000_000
            except Fault as fault:
                assert str(fault) == "killed its process (SIGPROF)"


def test_the_command_says_what_the_library_says_to_the_last_digit(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    model = load()
    monkeypatch.setattr(arguments, "load", lambda path, **_: model)
    monkeypatch.setattr(sandboxed, "MAX_SECONDS", 60)
    for path in sorted((Path(__file__).parents[1] / "data" / "pages").iterdir())[:3]:
        assert __main__.main(["predict", str(path)]) == 0
        found = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
        kind: Any = "html" if path.suffix == ".html" else "text"
        assert found == model.records(path.read_bytes(), page=str(path), kind=kind)


START = f"""
import sys; sys.path[:0] = {sys.path!r}
import test_guard as t
t.arguments.load = lambda path, **_: t.Suffering()
from pagesieve.predict.processes import signals
sys.exit(signals.main())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
@pytest.mark.parametrize("words", ["predict in/hangs.html", "explain in/hangs.html --block 0"])
def test_a_signal_ends_the_worker_of_a_page_that_hangs(number: signal.Signals, words: str) -> None:
    with subprocess.Popen([sys.executable, "-c", START, *words.split()], stderr=subprocess.PIPE) as started:
        while len(processes := tree(started)) < 3:
            time.sleep(0.05)
            assert started.poll() is None
        started.send_signal(number)
        assert gone(processes)
        said = started.communicate()[1].decode()
    if number == signal.SIGKILL:
        assert (started.returncode, said) == (-number, "")
    else:
        assert started.returncode == 128 + number and said.startswith("pagesieve: ") and said.count("\n") == 1


@pytest.mark.slow
def test_a_table_that_takes_too_much_memory_or_time_is_lost_alone_in_each_command(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    model = load()
    monkeypatch.setattr(arguments, "load", lambda path, **_: model)
    table = Path("table")
    table.mkdir()
    (table / "a.html").write_text("<table>" + "<tr><td>x" * 1_000_000)
    (table / "b.html").write_text("<p>The heron waits for the tide.")
    for seconds, said in ((600, SAID["grows"]), (SECONDS, SAID["hangs"])):
        monkeypatch.setattr(sandboxed, "MAX_SECONDS", seconds)
        assert __main__.main(["predict", "table"]) == 1
        out, err = capfd.readouterr()
        assert names(out) == ["table/b.html"] and err.splitlines()[0].endswith(f"a.html: {said} (skipped)")
        assert __main__.main(["explain", "table/a.html", "--block", "0"]) == 2
        assert capfd.readouterr().err == f"pagesieve: table/a.html: {said}\n"
    assert __main__.main(["bulk", "table", "--out", "out", "--jobs", "1"]) == 1
    (line,) = Path("out/errors.jsonl").read_text().splitlines()
    assert json.loads(line)["page"] == "table/a.html" and json.loads(line)["reason"] == SAID["grows"]
