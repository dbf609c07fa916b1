"""Nothing is asked of the network: every process that labels pages ends at once if it opens a socket to it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "data" / "pages"
PAGE = str(PAGES / "harbour-news.html")
# Python imports sitecustomize as it starts, in the processes of bulk too. What these say to each other through a socket
# of this machine (AF_UNIX) is no network.
BLOCKED = """
import os, socket, sys

def hook(event, arguments):
    here = event == "socket.__new__" and arguments[1] == socket.AF_UNIX
    if event.startswith(("socket.", "urllib.", "http.")) and not here:
        open(os.environ["ASKED"], "a").write(f"{event} {arguments}\\n")
        os._exit(70)

sys.addaudithook(hook)
"""


def run(folder: Path, *command: str) -> tuple[int, str]:
    """Exit status of a Python program without a network, and what it asked of it."""
    (folder / "sitecustomize.py").write_text(BLOCKED)
    path = os.pathsep.join([str(folder), *filter(None, sys.path)])
    known = os.environ | {"PYTHONPATH": path, "ASKED": str(folder / "asked")}
    done = subprocess.run([sys.executable, *command], cwd=folder, env=known, capture_output=True, text=True)
    return done.returncode, (folder / "asked").read_text() if (folder / "asked").exists() else done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["predict", PAGE],
        ["predict", "--format", "html", PAGE],
        ["explain", PAGE, "--block", "1"],
        ["bulk", str(PAGES), "--out", "out", "--format", "jsonl", "--jobs", "2"],
    ],
    ids=lambda command: " ".join(command[:2]) if command[0] == "predict" else command[0],
)
def test_no_command_asks_the_network(command: list[str], tmp_path: Path):
    status, said = run(tmp_path, "-m", "pagesieve.predict", *command)
    assert status == 0, said
    assert not (tmp_path / "asked").exists(), said
    if command[0] == "bulk":
        assert list((tmp_path / "out" / "blocks").rglob("*.jsonl"))


@pytest.mark.parametrize(
    "program",
    [
        "import socket; socket.socket()",
        "import socket; socket.getaddrinfo('localhost', 80)",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9/')",
        "import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', 'import socket; socket.socket()']))",
    ],
)
def test_a_program_that_does_is_caught(program: str, tmp_path: Path):
    status, asked = run(tmp_path, "-c", program)
    assert status == 70 and asked.split(".")[0] in ("socket", "urllib")
