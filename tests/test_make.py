"""The Makefile where an environment, or the checkout itself, has a space in its path."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Stands in for Python, for the one in the environment that it makes, and for what is installed there.
PROGRAM = """#!/bin/sh
if [ "$1 $2" = "-m venv" ]; then
    mkdir -p "$3/bin"
    for name in python pagesieve; do cp "$0" "$3/bin/$name"; done
fi
echo "$(basename "$0") $1 $2"
"""


@pytest.mark.parametrize("words", [["VENV=my env"], []], ids=["environment", "checkout"])
def test_a_space_in_a_path_is_no_obstacle(words: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "a checkout"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, folder / name)
    python = folder / "program"
    python.write_text(PROGRAM)
    python.chmod(0o755)

    def make(*more: str) -> list[str]:
        command = ["make", "PYTHON=./program", *words, *more]
        done = subprocess.run(command, cwd=folder, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines()

    assert "program -m venv" in make("setup")
    assert make("setup") == ["make: Nothing to be done for 'setup'."]
    assert make("predict", "PAGE=a page.html") == ["pagesieve predict --"]
    assert "pagesieve predict --format" in make("demo")
