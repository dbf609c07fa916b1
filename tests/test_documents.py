"""The documents hold: each command in them runs, shown output is what comes, and links lead somewhere."""

import re
import shlex
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pagesieve.predict.__main__ import parser

ROOT = Path(__file__).parents[1]
PATTERNS = ("*.md", "reports/*.md", "[a-z]*/README.md", "[a-z]*/*/README.md")
DOCUMENTS = sorted({str(path.relative_to(ROOT)) for pattern in PATTERNS for path in ROOT.glob(pattern)})
BLOCK = re.compile(r"^```(sh|console|python)\n(.*?)^```$(?:\n\n^```text\n(.*?)^```$)?", re.M | re.S)
FROM_AN_INDEX = ("python3 -m venv", ".venv/bin/pip", ".venv/bin/uvx")  # tests/test_install.py installs


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def examples(name: str) -> list[tuple[str, str]]:
    """Commands of a document in their order, each with the output that is shown, or an empty one."""
    found = []
    for language, text, _ in BLOCK.findall(read(name)):
        if language == "sh":
            found += [(line, "") for line in text.splitlines() if line]
        elif language == "console":
            found += [tuple(part.split("\n", 1)) for part in re.split(r"^\$ ", text, flags=re.M)[1:]]
    return found


def without_chance(output: str) -> str:
    """Output without what differs between runs and machines: seconds, addresses, decimals after the ninth."""
    output = re.sub(r"\d+ s$", "0 s", re.sub(r":\d+/[\w-]{43}/", ":80/secret/", output), flags=re.M)
    return re.sub(r"\b\d\.\d{10,}\b", lambda number: f"{float(number[0]):.9f}", output)


def output_of(command: str, folder: Path) -> str:
    """What a command prints in this folder, until Ctrl-C once it serves; it must end well."""
    merged = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "encoding": "utf-8"}
    with subprocess.Popen(["bash", "-c", command], cwd=folder, **merged) as running:
        assert running.stdout
        printed = ""
        for line in running.stdout:
            printed += line
            if line.startswith("http://127.0.0.1:"):
                running.send_signal(signal.SIGINT)
    assert running.returncode == 0, f"{command}\n{printed}"
    return printed


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with what the commands read of a checkout; `mine` is a model there already."""
    (tmp_path / "data").mkdir()
    for name, target in {"data/pages": "data/pages", "tests": "tests", "mine": "models"}.items():
        (tmp_path / name).symlink_to(ROOT / target)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if examples(name)])
def test_each_command_of_a_document_runs_and_prints_what_is_shown(name: str, checkout: Path) -> None:
    for command, shown in examples(name):
        if command.startswith("make "):
            output_of(command.replace("make", "make -n", 1), ROOT)
            assert [of for of in re.findall(r"\b([A-Z_]+)=", command) if of not in read("Makefile")] == []
        elif not command.startswith(FROM_AN_INDEX):
            printed = output_of(command, checkout)
            assert not shown or without_chance(printed) == without_chance(shown)


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if "```python" in read(name)])
def test_each_python_example_runs_and_prints_what_is_shown(name: str) -> None:
    for language, code, shown in BLOCK.findall(read(name)):
        if language == "python":
            done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8")
            assert done.returncode == 0 and (not shown or done.stdout == shown), done.stderr


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name.endswith("README.md")])
def test_each_command_and_extra_within_a_sentence_is_there(name: str) -> None:
    extras = tomllib.loads(read("pyproject.toml"))["project"]["optional-dependencies"]
    for named in re.findall(r"'(?:pagesieve|\.)\[([\w,]+)\]'", read(name)):
        assert set(named.split(",")) <= set(extras)
    for command in re.findall(r"`pagesieve ([^`\[…]+ [^`\[…]+)`", read(name)):
        parser().parse_args(shlex.split(command))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_link_leads_to_a_file_and_a_heading(name: str) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)", read(name)):
        path = (ROOT / name).parent / target if target else ROOT / name
        assert path.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)", path.read_text("utf-8"), re.M)
            assert anchor in [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]
