"""Ctrl-C at any moment: one line on stderr, exit status 130, and no process is left behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import joblib
import pytest
import tiny
from test_processes import gone, tree

from pagesieve.predict.processes.pool import local_backend

PAGE = Path(__file__).parents[1] / "data" / "pages" / "harbour-news.html"
MODELS = Path(__file__).parents[1] / "models"
TRAIN = [sys.executable, "-m", "pagesieve.train"]
# Runs the command, and sends itself an interrupt at the first event of this name whose first argument ends so.
INTERRUPTED = """
import os, runpy, signal, sys

event, end = sys.argv[1:3]
def hook(name, arguments):
    global event
    if name == event and str(arguments[0]).endswith(end):
        event = None
        os.kill(os.getpid(), signal.SIGINT)

sys.addaudithook(hook)
sys.argv = ["pagesieve", *sys.argv[3:]]
runpy.run_module("pagesieve.predict", run_name="__main__", alter_sys=True)
"""
# Sends itself an interrupt when Python ends, where it no longer calls handlers of its own.
AT_THE_END = """
import os, signal, sys

class Last:
    def __del__(self, kill=os.kill, process=os.getpid(), number=signal.SIGINT):
        kill(process, number)

sys.last = Last()
"""


@pytest.mark.parametrize(
    ("event", "end"),
    [("import", "selectolax.lexbor"), ("import", "scipy.sparse"), ("open", "blocks.json"),
     ("open", "blocks.npz"), ("open", "harbour-news.html")],
)  # fmt: skip
def test_an_interrupt_is_one_line_while_all_kinds_of_files_are_read(event: str, end: str, tmp_path: Path) -> None:
    words = ["predict", str(PAGE), "-o", "out.jsonl"]
    done = subprocess.run([sys.executable, "-c", INTERRUPTED, event, end, *words], cwd=tmp_path, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"pagesieve: interrupted\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("event", "end"), [("os.rename", "out.jsonl"), ("shutil.rmtree", ""), ("end of Python", "")])
def test_an_interrupt_when_all_is_labelled_leaves_the_output_complete(event: str, end: str, tmp_path: Path) -> None:
    program = f"{AT_THE_END if event == 'end of Python' else ''}{INTERRUPTED}"
    words = ["predict", str(PAGE), "-o", "out.jsonl"]
    done = subprocess.run([sys.executable, "-c", program, event, end, *words], cwd=tmp_path, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert (tmp_path / "out.jsonl").read_text().count("\n") > 10 and len(list(tmp_path.iterdir())) == 1


def test_an_interrupt_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    program = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n{INTERRUPTED}"
    words = ["import", "scipy.sparse", "predict", str(PAGE)]
    done = subprocess.run([sys.executable, "-c", program, *words], cwd=tmp_path, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"") and done.stdout.count(b"\n") > 10


def blocked() -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_workers_leave_the_interrupt_to_the_process_that_ends_them() -> None:
    with local_backend(2):
        assert joblib.Parallel()(joblib.delayed(blocked)() for _ in range(4)) == [True] * 4
    assert not blocked()


def test_an_interrupt_of_all_processes_of_bulk_is_one_line(tmp_path: Path) -> None:
    for shard in ("a", "b", "c"):
        lines = (json.dumps({"text": "The heron waits.\n" * 50}) for _ in range(2000))
        (tmp_path / f"{shard}.jsonl").write_text("\n".join(lines))
    command = [sys.executable, "-m", "pagesieve.predict", "bulk", "a.jsonl", "b.jsonl", "c.jsonl", "--out", "out"]
    with subprocess.Popen(
        [*command, "--jobs", "2"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as started:
        while not list((tmp_path / "out").glob(".running/*/pages")):
            time.sleep(0.05)
            assert started.poll() is None
        os.killpg(started.pid, signal.SIGINT)
        said = started.communicate()
    assert (started.returncode, *said) == (130, b"", b"pagesieve: interrupted\n")
    assert not (tmp_path / "out" / ".running").exists()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tiny.make(tmp_path_factory.mktemp("project"))
    subprocess.run([*TRAIN, "data", "--corpora", "corpora"], cwd=folder, check=True, capture_output=True)
    shutil.copytree(MODELS, folder / "models")
    return folder


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("command", "number", "said"),
    [
        ("train --force", signal.SIGINT, "interrupted"),
        ("evaluate", signal.SIGHUP, "hung up"),
        ("curve", signal.SIGINT, "interrupted"),
        ("gate", signal.SIGTERM, "terminated"),
    ],
)
def test_a_signal_ends_the_training_with_its_workers_and_one_line(
    command: str, number: signal.Signals, said: str, project: Path, tmp_path: Path
) -> None:
    """INT and HUP reach all processes, as from a terminal; nothing is left where temporary files are."""
    before = contents(project)
    with subprocess.Popen(
        [*TRAIN, *command.split()], cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)}, start_new_session=True,
    ) as started:  # fmt: skip
        while len(workers := [one for one in tree(started) if "popen_loky_posix" in " ".join(one.cmdline())]) < 2:
            time.sleep(0.05)
            assert started.poll() is None
        processes = tree(started)
        (os.kill if number == signal.SIGTERM else os.killpg)(started.pid, number)
        assert gone(processes) and len(workers) == 2
        told = started.communicate()[1]
    # The shorter line is that of a machine where the processes take longer than a second to end.
    assert told in (f"pagesieve.train: {said}; nothing was written\n", f"pagesieve: {said}\n")
    assert started.returncode == 128 + number
    assert contents(project) == before and list(tmp_path.iterdir()) == []
    assert not [path for path in Path("/dev/shm").glob(f"*[-_]{started.pid}[-_]*")]


def test_an_interrupt_while_the_training_loads_its_libraries_is_one_line(tmp_path: Path) -> None:
    program = INTERRUPTED.replace("pagesieve.predict", "pagesieve.train")
    words = [sys.executable, "-c", program, "import", "sklearn.pipeline", "train"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"pagesieve: interrupted\n")
