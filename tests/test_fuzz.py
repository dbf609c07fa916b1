"""The fuzz run, in a process of its own: a few thousand inputs, and by `make check-full` many."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("atheris", reason="needs atheris, which is for Linux: make setup")

HERE = Path(__file__).parent
WORDS = "<p> </p> <b> </b> <a> <table> <tr> <td> <select> <option> <svg> <math> <template> <script> </script> <!-- -->"


@pytest.mark.parametrize("runs", [2_000, pytest.param(150_000, marks=pytest.mark.slow)])
def test_no_input_raises_or_loses_a_character(runs: int, tmp_path: Path) -> None:
    (tmp_path / "seeds").mkdir()
    for path in (HERE.parent / "data" / "pages").iterdir():
        (tmp_path / "seeds" / path.name).write_bytes(b"\x04" + path.read_bytes()[600:999])
    (tmp_path / "words").write_text("".join(f'"{word}"\n' for word in WORDS.split()))
    options = [f"-runs={runs}", "-seed=1", "-max_len=400", "-dict=words", "-timeout=20", "-rss_limit_mb=2000", "seeds"]
    done = subprocess.run(
        # Through a shell that forks: the peak memory of a process begins with that of the one that starts it.
        ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, HERE / "fuzz.py", *options],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert int(re.findall(r"Done (\d+) runs", done.stderr)[0]) >= runs
