"""reports on shards -> the progress bar on stderr, and the summary at the end."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tqdm import tqdm  # type: ignore[import-untyped]  # tqdm ships no types

from ..document.charset import encodable
from ..labels import LABELS
from ..output.terminal import one_line, plural
from .labelling import Report

EVERY = 1.0  # seconds


@contextmanager
def show_progress(running: Path, reports: Mapping[str, Report], shards: int) -> Iterator[None]:
    """Show the number of pages and pages per second, unfinished shards included, if stderr is a terminal."""
    stop = threading.Event()

    def done() -> int:
        return sum(report.pages for report in list(reports.values()))

    def show() -> None:
        while not stop.wait(EVERY):
            with suppress(FileNotFoundError):  # of a shard that was finished meanwhile
                update(done() + sum(path.stat().st_size for path in running.glob("*/pages")))

    def update(pages: int) -> None:
        bar.n = pages
        bar.set_postfix_str(f"{len(reports):,} of {plural(shards, 'shard')}")

    with tqdm(initial=done(), unit=" pages", disable=None) as bar:
        thread = threading.Thread(target=show, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            update(done())


def summary(reports: Sequence[Report], seconds: float, before: int = 0) -> str:
    """Return the summary of a run: numbers of pages and shards, of each label, and of failures by reason.

    ``seconds`` is the time of this run, ``before`` the number of shards that earlier runs had finished.
    """
    pages, failed, skipped, rows = (
        sum(getattr(one, name) for one in reports) for name in ("pages", "failed", "skipped", "rows")
    )
    lines = [
        f"{plural(pages, 'page')} labelled, {failed:,} failed, {plural(skipped, 'record')} skipped, "
        f"{plural(len(reports), 'shard')}, {seconds:,.0f} s"
    ]
    if before:
        all_done = before == len(reports)
        lines.insert(0, f"{plural(before, 'shard')} labelled before{': all is done' if all_done else ''}")
    labels: Counter[str] = sum((Counter(report.labels) for report in reports), Counter())
    lines += [f"{labels[label]:12,}  {label}" for label in LABELS if labels] or [f"{rows:12,}  rows"]
    empty, markup = (sum(getattr(one, name) for one in reports) for name in ("empty", "markup"))
    if empty:
        lines.append(f"{empty:12,}  pages without an article")
    if markup:
        lines.append(f"{markup:12,}  pages that look like HTML, read as text: --html-column")
    reasons: Counter[str] = sum((Counter(report.reasons) for report in reports), Counter())
    lines += [f"{count:12,}  failed: {one_line(encodable(reason))}" for reason, count in reasons.most_common()]
    return "".join(f"{line}\n" for line in lines)
