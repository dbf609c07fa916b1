"""pages -> time of `pagesieve bulk` in one and more processes, and the number of repeated blocks."""

import json
import shutil
import sys
import time
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from tqdm import tqdm  # type: ignore[import-untyped]  # tqdm ships no types

from .tool_outputs import run, write_pages

PROCESSES = (1, 2)
SHARDS = 24  # so many that the last one takes a small part of the time


def bulk_speed(pages: Sequence[dict[str, str]], folder: Path, rounds: int, remedy: str) -> dict[str, Any]:
    """Return the seconds of `pagesieve bulk` by number of processes and round, and the number of blocks.

    ``repeated`` is the number of blocks with the text of an earlier one.
    """
    shards, out = folder / "shards", folder / "labelled"
    shards.mkdir()
    for shard in range(min(SHARDS, len(pages))):
        write_pages(
            shards / f"{shard:02}.jsonl.gz", ({"page": one["id"], "html": one["html"]} for one in pages[shard::SHARDS])
        )
    seconds: dict[str, list[float]] = {str(jobs): [] for jobs in PROCESSES}
    command: list[str | Path] = [sys.executable, "-P", "-m", "pagesieve.predict", "bulk", shards, "--out", out]
    for jobs in tqdm([*seconds] * rounds, unit=" runs", desc="bulk"):
        shutil.rmtree(out, ignore_errors=True)
        begun = time.perf_counter()
        run(f"bulk --jobs {jobs}", [*command, "--jobs", jobs, "--format", "jsonl"], remedy)
        seconds[jobs].append(time.perf_counter() - begun)
    texts = Counter(chain.from_iterable(map(texts_of, (out / "blocks").rglob("*.jsonl"))))
    return {"pages": len(pages), "seconds": seconds, "blocks": texts.total(), "repeated": texts.total() - len(texts)}


def texts_of(path: Path) -> list[str]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]
