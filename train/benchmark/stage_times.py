"""pages -> CPU seconds of each stage of the reference, from the decoded page to its JSON lines."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from pagesieve.predict import Model, model
from pagesieve.predict.output import json_lines
from pagesieve.predict.scoring import stages

LAST = "output"  # the stage of everything else: labels, confidence, rows, JSON lines


class Stopwatch:
    """CPU seconds by stage; the time of a stage that runs inside another counts for the inner one only."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self.stage, self.since = LAST, time.process_time()

    def turn(self, stage: str) -> str:
        """Begin a stage; returns the one before."""
        before, now = self.stage, time.process_time()
        self.spent[before] = self.spent.get(before, 0.0) + now - self.since
        self.stage, self.since = stage, now
        return before

    def watched(self, stage: str, function: Callable) -> Callable:
        """Return the function, with its time counted for this stage."""

        def run(*args: Any, **options: Any) -> Any:
            before = self.turn(stage)
            try:
                return function(*args, **options)
            finally:
                self.turn(before)

        return run


STAGES = (  # in order: stage, and module and name of a function of it
    ("parse", model, "read_page"),
    ("walk", model, "segment"),
    ("features", stages, "block_terms"),
    ("vectorise", stages, "word_terms"),
    ("vectorise", stages, "terms_of"),
    ("first stage", stages, "score_first_stage"),
    ("later stages", stages, "features_of"),
    ("later stages", stages, "score_later_stage"),
)


@contextmanager
def watch_stages() -> Iterator[Stopwatch]:
    watch = Stopwatch()
    with ExitStack() as stack:
        for stage, owner, name in STAGES:
            stack.enter_context(patch.object(owner, name, watch.watched(stage, getattr(owner, name))))
        yield watch


def stage_times(found: Model, pages: Iterable[str]) -> dict[str, float]:
    """Return CPU seconds by stage for decoded HTML pages, as they become JSON lines without the core."""
    found = replace(found, scorers={})
    found.records("<p>The heron on the pier waits for the tide.</p>", kind="html")
    with watch_stages() as watch:
        for html in pages:
            watch.turn(LAST)
            json_lines.jsonl(found.records(html, kind="html"))
            watch.turn("between pages")
    names = dict.fromkeys(stage for stage, *_ in STAGES)
    return {name: watch.spent[name] for name in (*names, LAST)}
