"""Processes of the commands: none imports from the folder that it runs in, and all end with the one that began them."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import pytest

from pagesieve.predict.processes import signals

MODULES = "pandas numpy joblib pickle sklearn scipy signal typing argparse subprocess multiprocessing threading psutil"
MODULES += " distributed dask flask werkzeug tqdm selectolax made json logging"
COMMAND = [sys.executable, "-m", "pagesieve.predict"]
SCRIPT = [str(Path(sys.executable).with_name("pagesieve"))]
SLOW = pytest.mark.slow
WITHIN = 10.0  # seconds in which all processes are gone: two, and what a shared machine takes from them


@pytest.fixture
def crawl(tmp_path: Path) -> Path:
    """A folder of pages that holds files named like modules, each of which leaves a mark when it is run."""
    folder = tmp_path / "crawl"
    folder.mkdir()
    for name in MODULES.split():
        mark = f"open({str(tmp_path / name)!r}, 'w').close()\n"
        (folder / f"{name}.py").write_text(f"{mark}raise ImportError('of the crawl')\n")
    (folder / "a.html").write_text("<p>The heron waits for the tide.</p>")
    (folder / "b.jsonl").write_text('{"text": "The heron waits."}\n{"text": "The tide comes."}\n')
    return folder


@pytest.mark.parametrize("program", [COMMAND, SCRIPT], ids=["module", "script"])
@pytest.mark.parametrize(
    "words",
    ["predict .", "explain a.html --block 0", "bulk . --out ../out --jobs 2", "review . --export ../labels.csv",
     pytest.param("bulk . --out ../out --jobs 1 --engine dask", marks=SLOW)],
)  # fmt: skip
def test_no_command_imports_from_the_folder_that_it_runs_in(program: list[str], words: str, crawl: Path) -> None:
    if "dask" in words:
        pytest.importorskip("distributed", reason="needs distributed: make setup")
    done = subprocess.run([*program, *words.split()], cwd=crawl, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout
    assert not {path.name for path in crawl.parent.iterdir()} & set(MODULES.split())


def test_the_server_of_review_imports_nothing_from_the_folder_that_it_runs_in(crawl: Path) -> None:
    with subprocess.Popen([*COMMAND, "review", "."], cwd=crawl, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout
        assert "review of 1 pages" in started.stdout.readline()
        started.send_signal(signal.SIGINT)
    assert started.returncode == 0
    assert not {path.name for path in crawl.parent.iterdir()} & set(MODULES.split())


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 0, ""),
        (signal.SIGTERM, 143, "pagesieve: terminated\n"),
        (signal.SIGHUP, 129, "pagesieve: hung up\n"),
    ],
)
@pytest.mark.parametrize("serving", [False, True], ids=["at the first line", "serving"])
def test_a_review_ends_well_by_ctrl_c_and_with_the_status_of_another_signal(
    number: signal.Signals, code: int, said: str, serving: bool, tmp_path: Path
) -> None:
    (tmp_path / "a.html").write_text("<p>The heron waits for the tide.</p>")
    words = ["review", "--blind", "--out", "mine", "a.html"]
    with subprocess.Popen(
        [*COMMAND, *words], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as started:
        assert started.stdout and started.stdout.readline().startswith("review of 1 pages")
        if serving:
            with urllib.request.urlopen(started.stdout.readline().strip()) as answer:
                assert answer.status == 200
        started.send_signal(number)
        ended = started.communicate()[1]
    assert (started.returncode, ended) == (code, said)


def test_training_imports_nothing_from_the_folder_that_it_runs_in(crawl: Path) -> None:
    command = [sys.executable, "-m", "pagesieve.train", "agreement"]
    done = subprocess.run(command, cwd=crawl, capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1) and "data/twice.csv" in done.stderr
    assert not {path.name for path in crawl.parent.iterdir()} & set(MODULES.split())


def lay(folder: Path, shards: int, pages: int) -> None:
    (folder / "in").mkdir()
    for shard in range(shards):
        rows = ({"page": f"{shard}-{number}", "text": "The heron waits.\n" * 9} for number in range(pages))
        (folder / f"in/{shard}.jsonl").write_text("\n".join(map(json.dumps, rows)))


def begin(folder: Path, **more: Any) -> subprocess.Popen[bytes]:
    words = ["bulk", "in", "--out", "out", "--jobs", "2"]
    return subprocess.Popen([*COMMAND, *words], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **more)


def wait_until_labelling(folder: Path, started: subprocess.Popen[bytes]) -> None:
    while not any(path.stat().st_size for path in folder.glob("out/.running/*/pages")):
        time.sleep(0.01)
        assert started.poll() is None


def tree(started: subprocess.Popen[bytes]) -> list[psutil.Process]:
    try:
        root = psutil.Process(started.pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it ended between the two questions
        return False


def gone(processes: list[psutil.Process]) -> bool:
    """Whether all of them end WITHIN some seconds; what does not is killed."""
    begun = time.monotonic()
    while alive := list(filter(is_alive, processes)):
        if time.monotonic() > begun + WITHIN:
            print([one.cmdline() for one in alive])
            for one in alive:
                one.kill()
            return False
        time.sleep(0.02)
    print(f"all ended after {time.monotonic() - begun:.2f} s")
    return True


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_bulk_ends_within_two_seconds_at_ten_random_moments(number: signal.Signals, tmp_path: Path) -> None:
    lay(tmp_path, shards=6, pages=150)
    moments, took = random.Random(7), []
    for _ in range(10):
        with begin(tmp_path) as started:
            time.sleep(moments.uniform(0, 6))
            processes = tree(started)
            started.send_signal(number)
            begun = time.monotonic()
            assert gone(processes)
            took.append(time.monotonic() - begun)
            assert started.wait() in (-number, 128 + number, 0) and started.communicate()[1].count(b"\n") <= 1
    assert median(took) < 2
    finishes(tmp_path, 6, 150)


def pages_of(folder: Path) -> list[str]:
    files = sorted(folder.glob("out/blocks/**/*.jsonl"))
    return [row["page"] for file in files for row in map(json.loads, file.read_text().splitlines()) if not row["index"]]


def finishes(folder: Path, shards: int, pages: int) -> None:
    """The command, repeated, has each page once."""
    with begin(folder) as again:
        assert again.communicate()[1] == b"" and again.returncode == 0
    found = pages_of(folder)
    assert len(found) == len(set(found)) == shards * pages
    assert not (folder / "out/.running").exists()


SAID = {signal.SIGTERM: b"pagesieve: terminated\n", signal.SIGHUP: b"pagesieve: hung up\n"}


@pytest.mark.parametrize(
    "number",
    [signal.SIGTERM, *(pytest.param(other, marks=SLOW) for other in (signal.SIGHUP, signal.SIGINT, signal.SIGKILL))],
)
def test_a_signal_to_bulk_ends_all_its_processes_and_the_next_run_goes_on(
    number: signal.Signals, tmp_path: Path
) -> None:
    lay(tmp_path, shards=6, pages=150)
    with begin(tmp_path) as started:
        wait_until_labelling(tmp_path, started)
        processes = tree(started)
        started.send_signal(number)
        assert gone(processes) and len(processes) > 6
        said = started.communicate()[1]
    if number == signal.SIGKILL:
        assert started.returncode == -number
    else:
        assert started.returncode == 128 + number
        assert said == SAID.get(number, b"pagesieve: interrupted\n")
    if number in (signal.SIGTERM, signal.SIGKILL):
        finishes(tmp_path, 6, 150)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_bulk_ended_ten_times_at_random_moments_has_each_row_once(number: int, tmp_path: Path) -> None:
    lay(tmp_path, shards=20, pages=200)
    moments = random.Random(7)
    for _ in range(10):
        with begin(tmp_path) as started:
            time.sleep(moments.uniform(0.2, 6))
            processes = tree(started)
            started.send_signal(number)
            assert gone(processes)
            started.communicate()
        found = pages_of(tmp_path)
        assert len(found) == len(set(found))
    finishes(tmp_path, 20, 200)


def test_dask_workers_end_when_the_command_is_killed(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="needs distributed: make setup")
    lay(tmp_path, shards=3, pages=400)
    words = ["bulk", "in", "--out", "out", "--jobs", "2", "--engine", "dask"]
    with subprocess.Popen([*COMMAND, *words], cwd=tmp_path, stderr=subprocess.DEVNULL) as started:
        wait_until_labelling(tmp_path, started)
        processes = tree(started)
        started.kill()
        assert gone(processes) and len(processes) > 4


def test_what_a_command_says_after_a_signal_is_its_last_word() -> None:
    program = (
        "import signal, sys, time, types; from pagesieve.predict.processes import signals; signals.PATIENCE = 0.1\n"
        "def main():\n"
        "    try:\n        signal.raise_signal(signal.SIGTERM)\n"
        "    except KeyboardInterrupt as stopped:\n        code = signals.report(stopped)\n"
        "    time.sleep(0.5)\n    return code\n"
        "sys.modules['slow'] = types.SimpleNamespace(main=main)\n"
        "signals.run('slow')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=20)
    assert (done.returncode, done.stderr) == (128 + signal.SIGTERM, b"pagesieve: terminated\n")


def test_a_parent_that_is_gone_ends_what_loads() -> None:
    program = "import time; from pagesieve.predict.processes.forks import watch_parent\n"
    program += "with watch_parent(-1):\n    time.sleep(60)\n"
    done = subprocess.run([sys.executable, "-c", program], timeout=20)
    assert done.returncode == -signal.SIGKILL


def test_a_command_that_takes_too_long_to_end_is_ended() -> None:
    program = (
        "import signal, time; from pagesieve.predict.processes import signals; signals.PATIENCE = 0.1\n"
        "signal.signal(signal.SIGTERM, signals.stop)\n"
        "try:\n    signal.raise_signal(signal.SIGTERM)\n"
        "finally:\n    time.sleep(60)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=20)
    assert (done.returncode, done.stderr) == (128 + signal.SIGTERM, b"pagesieve: terminated\n")


@pytest.mark.parametrize(
    "closed", [pytest.param("2>&-", marks=SLOW), "2>&- 0>&-", pytest.param("2>/dev/full", marks=SLOW)]
)
def test_with_stderr_closed_or_broken_notes_reach_no_data(closed: str, tmp_path: Path) -> None:
    lay(tmp_path, shards=1, pages=3)
    (tmp_path / "in/a.html").write_text("<p>The heron waits.</p>")
    (tmp_path / "in/b.html").write_bytes(b"%PDF-1.7 no page")
    (tmp_path / "in/c.html").write_text("<p>The tide comes.</p>")

    def run(words: str) -> subprocess.CompletedProcess[str]:
        command = f"exec {' '.join(COMMAND)} {words} {closed}"
        return subprocess.run(command, shell=True, cwd=tmp_path, stdout=subprocess.PIPE, text=True)

    found = run("predict in")
    assert found.returncode == 1
    assert [json.loads(line)["page"] for line in found.stdout.splitlines()] == ["in/a.html", "in/c.html"]
    assert run("bulk in --out out --jobs 2").returncode == 1
    assert sorted(pages_of(tmp_path)) == ["0-0", "0-1", "0-2", "in/a.html", "in/c.html"]
    failed = run("predict nowhere.html -o out.jsonl")
    assert (failed.returncode, failed.stdout, (tmp_path / "out.jsonl").exists()) == (2, "", False)


def test_signals_that_are_ignored_stay_ignored() -> None:
    before = signal.getsignal(signal.SIGHUP)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    program = "import signal, sys; from pagesieve.predict.processes import signals; sys.argv[1:] = ['--version']\n"
    program += "try:\n    signals.main()\nexcept SystemExit:\n    print(signal.getsignal(signal.SIGHUP).name)\n"
    try:
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert done.stdout.splitlines()[-1:] == ["SIG_IGN"] and os.name == "posix" and len(signals.ENDED) == 3
