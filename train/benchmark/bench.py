"""pages -> CPU and memory of pagesieve and other extractors: reports/bench.json.

Each run of a tool is a process of its own with empty caches, measured by stopwatch.py. The runs of the tools alternate,
so that load on the machine affects all of them; a ratio compares two runs of the same round.
"""

import csv
import json
import os
import platform
import random
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tqdm import tqdm  # type: ignore[import-untyped]  # tqdm ships no types

from pagesieve.predict import load

from ..corpora import pages_of
from . import stopwatch
from .bench_bulk import bulk_speed
from .compare import OURS
from .stage_times import stage_times
from .tool_outputs import run, tool_input, versions, write_pages

SCRIPT = Path(stopwatch.__file__)
PACKAGES = {  # of the other tools that are timed
    "trafilatura": "trafilatura",
    "trafilatura-fast": "trafilatura",
    "rs-trafilatura": "rs-trafilatura",
    "justext": "justext",
    "resiliparse": "resiliparse",
}
SEED = 1  # of the sample of pages
REPEATS = 3
BULK_PAGES = 1200  # of a corpus, so many that start-up is a small part of the time
SIZES = (1000, 10_000, 100_000, 1_000_000, 3_000_000, 10_000_000)  # bytes of a page
AT_ONCE, MOST = 500_000, 50  # bytes and pages of one size to time together
SMALL = 1000  # bytes of each page in the measurement by number of pages
REMEDY = "run `make setup`, then `make bench` again"  # if pagesieve fails
MODEL_PAGE = "harbour-news.html"  # the pages of these sizes are made from it

Costs = dict[str, Any]  # what stopwatch.py writes
Measure = Callable[[str, Path], Costs]


def bench(wcxb: Path | None, data: Path, venv: Path, count: int) -> dict[str, Any]:
    """Return all figures, for ``count`` pages of a corpus or those of ``data``; the other tools run in ``venv``."""
    installed = versions(venv, list(dict.fromkeys(PACKAGES.values())))
    pages = sample(wcxb, count) if wcxb else own_pages(data / "pages")
    template = (data / "pages" / MODEL_PAGE).read_text(encoding="utf-8")
    with TemporaryDirectory() as place:
        folder = Path(place)
        measure = partial(measure_tool, folder=folder, venv=venv)
        return {
            "machine": {"cores": os.cpu_count(), "processor": platform.machine(), "python": platform.python_version()},
            "versions": {OURS: version(OURS), **{tool: installed[package] for tool, package in PACKAGES.items()}},
            "rounds": REPEATS,
            "pages": {
                "from": "WCXB" if wcxb else "data/pages",
                "count": len(pages),
                "bytes": sum(len(page["html"].encode(errors="replace")) for page in pages),
            },
            "tools": time_tools(pages, folder, measure),
            "sizes": time_sizes(template, folder, measure),
            "numbers": time_numbers(template, folder, measure),
            "stages": stage_times(load(), [page["html"] for page in pages]),
            "start": time_start(data / "pages" / MODEL_PAGE, folder, measure),
            "lines": line_speed(data / "paragraphs.csv", folder),
            "bulk": bulk_speed(sample(wcxb, BULK_PAGES) if wcxb else pages, folder, REPEATS, REMEDY),
        }


def sample(wcxb: Path, count: int) -> list[dict[str, str]]:
    """Return ``count`` pages of a corpus folder, the same for each call."""
    ids = sorted(json.loads((wcxb / "metadata.json").read_bytes())["files"])
    chosen = set(random.Random(SEED).sample(ids, min(count, len(ids))))
    return [tool_input(page.id, page.html, page.url) for page in pages_of(wcxb) if page.id in chosen]


def own_pages(folder: Path) -> list[dict[str, str]]:
    return [tool_input(path.name, path.read_bytes()) for path in sorted(folder.glob("*.html"))]


def measure_tool(tool: str, content: Path, *, folder: Path, venv: Path) -> Costs:
    """Return the costs that stopwatch.py measures in a process of its own; raises Failure with the tool's name."""
    out, peer = folder / "costs.json", tool in PACKAGES
    python = [venv / "bin" / "python", "-I", SCRIPT] if peer else [sys.executable, "-P", "-m", stopwatch.__name__]
    run(tool, [*python, tool, content, out], f"remove {venv} and run `make bench` again" if peer else REMEDY)
    costs: Costs = json.loads(out.read_text(encoding="utf-8"))
    return costs


def run_rounds(passes: dict[str, tuple[str, Path]], measure: Measure, what: str) -> dict[str, list[Costs]]:
    """Return the costs of REPEATS rounds of runs, each a tool and its input: A B C, A B C, …"""
    runs: dict[str, list[Costs]] = {name: [] for name in passes}
    for name in tqdm([*passes] * REPEATS, unit=" passes", desc=what):
        runs[name].append(measure(*passes[name]))
    return runs


def time_tools(pages: list[dict[str, str]], folder: Path, measure: Measure) -> dict[str, Costs]:
    """Return CPU seconds and peak memory (bytes) of each tool by round, and its number of failed pages."""
    path = folder / "pages.jsonl.gz"
    write_pages(path, pages)
    runs = run_rounds({tool: (tool, path) for tool in (OURS, *PACKAGES)}, measure, "tools")
    return {
        tool: {"errors": of[0]["errors"], "cpu": [one["cpu"] for one in of], "peak": [one["peak"] for one in of]}
        for tool, of in runs.items()
    }


def time_sizes(template: str, folder: Path, measure: Measure) -> list[Costs]:
    """Return CPU seconds for a page of each size, and memory (bytes) above that of the loaded model, by round."""
    passes = {}
    for size in SIZES:
        path = folder / f"{size}.jsonl.gz"
        write_pages(path, made_pages(template, size, max(1, min(MOST, AT_ONCE // size))))
        passes[str(size)] = (OURS, path)
    return [
        {
            "bytes": int(size),
            "cpu": [one["cpu"] / one["pages"] for one in of],
            "memory": [one["peak"] - one["before"] for one in of],
        }
        for size, of in run_rounds(passes, measure, "sizes").items()
    ]


def time_numbers(template: str, folder: Path, measure: Measure) -> list[Costs]:
    """Return CPU seconds and resident memory (bytes) after increasing numbers of pages of SMALL bytes."""
    path = folder / "numbers.jsonl.gz"
    write_pages(path, made_pages(template, SMALL, stopwatch.STEPS[-1]))
    steps: list[Costs] = measure(OURS, path)["steps"]
    return steps


def made_pages(template: str, size: int, count: int) -> Iterator[dict[str, str]]:
    for number in range(count):
        yield {"id": str(number), "url": "", "html": made_page(template, size, number)}


def made_page(template: str, size: int, number: int) -> str:
    """Return a page of ``size`` bytes: copies of the main part of an ASCII page, cut at the end.

    Text before an end tag gets a number that differs in each part and page, so that hardly any text is repeated.
    """
    part = re.search(r"<main.*</main>", template, re.S)
    assert part
    head, end = "<!doctype html><html><head><title>Heron</title></head><body>", "</body></html>"
    copies = 1 + size // len(part[0])
    body = "".join(re.sub(r"(?<=[^\s>])</", f" {number}-{copy}</", part[0]) for copy in range(copies))
    return (head + body)[: size - len(end)] + end


def time_start(page: Path, folder: Path, measure: Measure) -> dict[str, list[float]]:
    """Return CPU seconds by round: of importing the same libraries, of pagesieve above that until its first page is
    done, and of this page alone.
    """
    modules = folder / "modules.json"
    modules.write_text(json.dumps(measure("start", page)["modules"]), encoding="utf-8")
    runs = run_rounds({"start": ("start", page), "import": ("import", modules)}, measure, "start")
    both = list(zip(runs["start"], runs["import"], strict=True))
    return {
        "import": [other["cpu"] for _, other in both],
        "above": [ours["first_page"] - other["cpu"] for ours, other in both],
        "first_page": [ours["first_page"] - ours["loaded"] for ours, _ in both],
    }


def line_speed(table: Path, folder: Path) -> Costs:
    """Return distinct lines per CPU second from a text file to JSON lines, by round, without the time to start and to
    label one line.
    """
    with table.open(encoding="utf-8", newline="") as stream:
        lines = list(dict.fromkeys(row["text"] for row in csv.DictReader(stream)))
    few, all_ = folder / "few.txt", folder / "all.txt"
    few.write_text(lines[0], encoding="utf-8")
    all_.write_text("\n".join(lines), encoding="utf-8")
    spent = [(command_cpu(few), command_cpu(all_)) for _ in tqdm(range(REPEATS), unit=" rounds", desc="lines")]
    rates = [(len(lines) - 1) / (whole - start) for start, whole in spent]
    return {"lines": len(lines), "characters": sum(map(len, lines)), "per_second": rates}


def command_cpu(page: Path) -> float:
    """Return CPU seconds of `pagesieve predict` on a page."""
    before, out = stopwatch.children_cpu(), page.with_suffix(".jsonl")
    run(OURS, [sys.executable, "-P", "-m", "pagesieve.predict", "predict", "-o", out, page], REMEDY)
    return stopwatch.children_cpu() - before
