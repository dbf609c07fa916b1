"""pages -> texts of other extractors, by extractors.py in an environment of its own; cached between runs."""

import gzip
import hashlib
import json
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import distributions
from pathlib import Path
from tempfile import TemporaryDirectory

from tqdm import tqdm  # type: ignore[import-untyped]  # tqdm ships no types

from pagesieve.predict import files
from pagesieve.predict.document.blocks import segment
from pagesieve.predict.document.charset import decode
from pagesieve.predict.document.page import read_page
from pagesieve.predict.errors import Failure

from ..corpora import DAMAGE, pages_of
from ..labels.views import lines_of, sha256_of
from . import extractors

SCRIPT = Path(extractors.__file__)

Outputs = dict[str, dict[str, str]]  # by page: its text, and the error where the tool raised


def html_pages(raw: Path) -> Iterator[dict[str, str]]:
    """Yield the pages of both corpora as input of extractors.py, decoded as by pagesieve."""
    for corpus in ("wcxb", "trafilatura"):
        for page in pages_of(raw / corpus):
            yield tool_input(page.id, page.html, page.url)


def tool_input(page: str, content: bytes, url: str = "") -> dict[str, str]:
    return {"id": page, "url": url, "html": decode(content)}


def page_lines(folder: Path) -> dict[str, str]:
    """Return the pages of a corpus as the lines of our blocks, without any markup."""
    return {
        page.id: "\n".join(line for block in segment(read_page(page.html, kind="html")) for line in lines_of(block))
        for page in pages_of(folder)
    }


def versions(venv: Path, tools: Sequence[str]) -> dict[str, str]:
    """Return the versions of these tools in an environment; raises Failure if one is missing."""
    folders = [str(folder) for folder in venv.glob("lib/python*/site-packages")]
    found = {package.name.lower(): package.version for package in distributions(path=folders)}
    if missing := [tool for tool in tools if tool not in found]:
        raise Failure(f"{venv}: lacks {', '.join(missing)}; remove it and run `make compare`, which makes it")
    return {tool: found[tool] for tool in tools}


def outputs_of_tools(
    tools: dict[str, str], pages: Iterable[dict[str, str]], *, venv: Path, folder: Path
) -> dict[str, Outputs]:
    """Return the outputs of each tool for the pages, one tool after the other; ``tools`` has their versions.

    Outputs are cached in ``folder``, and computed again if the version, extractors.py or a page has changed.
    """
    folder.mkdir(exist_ok=True)
    found = {}
    with TemporaryDirectory(dir=folder) as place:
        path = Path(place, "pages.jsonl.gz")
        key = {"script": sha256_of(SCRIPT), "pages": write_pages(path, pages)}
        for tool in (bar := tqdm(tools, unit=" tools")):
            bar.set_description(tool)
            kept = folder / f"{tool}.jsonl.gz"
            key["version"] = tools[tool]
            if (answers := cached_outputs(kept, key)) is None:
                lines = json.dumps(key) + "\n" + run_tool(tool, path, venv)
                files.write_together(folder, {kept.name: gzip.compress(lines.encode(), mtime=0)})
                answers = cached_outputs(kept, key)
            found[tool] = answers or {}
    return found


def write_pages(path: Path, pages: Iterable[dict[str, str]]) -> str:
    """Write pages as JSON lines; returns the sha256 of the lines."""
    digest = hashlib.sha256()
    with gzip.open(path, "wb", compresslevel=1) as out:
        for page in pages:
            line = json.dumps(page).encode() + b"\n"
            digest.update(line)
            out.write(line)
    return digest.hexdigest()


def cached_outputs(path: Path, key: dict[str, str]) -> Outputs | None:
    """Return the outputs in a file that begins with this key; None if there is no such file."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            if json.loads(next(lines, "null")) != key:
                return None
            return {answer["id"]: answer for answer in map(json.loads, lines)}
    except (OSError, *DAMAGE):
        return None


def run_tool(tool: str, pages: Path, venv: Path) -> str:
    """Return the output of extractors.py for the pages, a line of JSON each."""
    out = pages.with_name("answers.jsonl")
    run(tool, [venv / "bin" / "python", "-I", SCRIPT, tool, pages, out], f"remove {venv} and run `make compare` again")
    return out.read_text(encoding="utf-8")


def run(tool: str, command: Sequence[str | Path], remedy: str) -> None:
    """Run a command; raises Failure with the tool, the last line of its output, and a remedy if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode:
        reason = done.stderr.strip().rpartition("\n")[2] or f"exit {done.returncode}"
        raise Failure(f"{tool}: no answers ({reason}); {remedy}")
