"""a shard -> its labelled rows and a report on it: what a worker of ``pagesieve bulk`` does."""

import json
import os
import pickle
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import joblib
import pandas as pd

from .files import read_file
from .guard import Guard, Lost, Work
from .inputs import Failure
from .labels import LABELS
from .page import is_surely_html
from .records import Column, RawPage, Record, read_shard
from .rows import FORMATS
from .shards import Shard

SECONDS = 30.0  # that a page may take
PAGES_AT_ONCE = 64
BYTES_AT_ONCE = 4_000_000  # or what one page more brings
ATTEMPTS = 3  # at a shard whose worker is killed
MAX_COUNT = 1 << 53  # of what a report counts
RUNNING = ".running"  # below the output folder: what is not finished


@dataclass(frozen=True)
class Job:
    """What is done with every shard: ``work`` makes rows of a frame of pages, ``what`` they are names their folder."""

    out: Path
    work: Work
    what: str = "blocks"
    format: str = "parquet"
    column: Column = Column()
    seconds: float = SECONDS

    def rows(self, shard: Shard) -> Path:
        return self.out / self.what / f"{shard.name}.{self.format}"

    def report(self, shard: Shard) -> Path:
        return self.out / "reports" / f"{shard.name}.json"


@dataclass
class Report:
    """What became of a shard: how many pages are labelled, how many records were no page, which pages are lost."""

    shard: str
    digest: str
    pages: int = 0
    skipped: int = 0
    rows: int = 0
    empty: int = 0  # pages without an article
    markup: int = 0  # pages that are read as text, and look like HTML
    labels: dict[str, int] = field(default_factory=dict)
    errors: list[dict[str, str | None]] = field(default_factory=list)

    def lose(self, lost: Iterable[Lost]) -> None:
        self.errors += [{"page": one.page, "reason": one.reason, "shard": self.shard} for one in lost]

    def count(self, frame: pd.DataFrame, pages: int) -> None:
        """Count the rows of so many pages."""
        self.pages += pages
        self.rows += len(frame)
        self.empty += pages - articles(frame)
        if "label" in frame:
            self.labels = dict(Counter(self.labels) + Counter(frame["label"]))


def label_shard(shard: Shard, job: Job) -> Report:
    """Write the rows of a shard, and the report on it; both appear when they are complete, the rows last.

    A shard whose worker was killed ATTEMPTS times is given up: it is lost as a whole, and no rows are written.
    """
    if report := finished(shard, job):  # by a worker that was lost before it could say so
        return report
    report = Report(str(shard.name), shard.digest())
    prefix = f"{joblib.hash(report.shard)}-"
    if len(list((job.out / RUNNING).glob(f"{prefix}*"))) >= ATTEMPTS:
        report.lose([Lost(None, f"killed its worker {ATTEMPTS} times")])
        return report
    stage = Path(tempfile.mkdtemp(prefix=prefix, dir=job.out / RUNNING))
    label_into(stage, shard, job, report)
    (stage / "report").write_text(json.dumps(asdict(report)), encoding="utf-8")
    for name, target in (("report", job.report(shard)), ("rows", job.rows(shard))):
        target.parent.mkdir(parents=True, exist_ok=True)
        (stage / name).replace(target)
    shutil.rmtree(stage)
    return report


def finished(shard: Shard, job: Job) -> Report | None:
    """The report on a shard whose rows are there; a Failure if they are of another shard, or of one of other files."""
    if not (job.rows(shard).is_file() and job.report(shard).exists()):
        return None
    report = read_report(job.report(shard))
    if report.shard != str(shard.name):
        raise Failure(f"{job.report(shard)}: the report on another shard; remove it to label the shard anew")
    if report.digest != shard.digest():
        raise Failure(f"{job.rows(shard)} was made of other files than {shard.name}; name another --out")
    return report


def read_report(path: Path) -> Report:
    """The report in a file; a Failure if it holds none, with values of its own type in each field."""
    try:
        report = Report(**json.loads(read_file(path)))
        for name, empty in asdict(Report("", "")).items():
            value = getattr(report, name)
            if type(value) is not type(empty) or (isinstance(value, int) and not is_count(value)):
                raise ValueError(f"its {name} is none")
        if not all(label in LABELS and is_count(number) for label, number in report.labels.items()):
            raise ValueError("its labels are none")
        if not all(isinstance(error, dict) and is_error(error) for error in report.errors):
            raise ValueError("its errors are none")
    except (RecursionError, TypeError, ValueError) as error:
        raise Failure(f"{path}: not the report on a shard ({error}); remove it to label the shard anew") from error
    return report


def is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < MAX_COUNT


def is_error(error: dict[str, Any]) -> bool:
    """Whether it is an entry of a report's errors: texts for page, reason and shard, or no page."""
    return error.keys() == {"page", "reason", "shard"} and all(
        isinstance(value, str) or (value is None and name == "page") for name, value in error.items()
    )


def label_into(stage: Path, shard: Shard, job: Job, report: Report) -> None:
    """Write the rows of a shard to a file in ``stage``, fill the report, and show in ``stage`` how far it is."""
    guard = guard_of(job)
    progress = stage / "pages"  # its size is the number of pages, which can be read while it changes
    progress.touch()
    with FORMATS[job.format](stage / "rows") as write:
        write(part(guard.ask(frame_of([])))[0])
        for pages in batches(read_shard(shard, job.column), report):
            frame, lost = guard(pages)
            frame, failed = part(frame)
            lost += failed
            write(frame)
            report.lose(lost)
            report.count(frame, len(pages) - len(lost))
            os.truncate(progress, report.pages)


def articles(frame: pd.DataFrame) -> int:
    """How many pages have an article, in a frame of blocks or of articles."""
    if "label" not in frame:
        return int((frame["text"].fillna("") != "").sum())
    page = (frame["index"] == 0).cumsum()
    return int(page[frame["label"] == LABELS[0]].nunique())


def part(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Lost]]:
    """The rows that go to the file, without the columns row and error of ``frames.py``, and the pages with an error."""
    if "error" not in frame:
        return frame, []
    failed = frame[frame["error"].notna()]
    kept = frame[frame["error"].isna()].drop(columns=["row", "error"], errors="ignore")
    types = {"index": "int64"} if "index" in kept else {}
    return kept.astype(types), [Lost(*row) for row in failed[["page", "error"]].itertuples(index=False)]


def batches(records: Iterable[Record], report: Report) -> Iterator[pd.DataFrame]:
    """The pages among the records, in frames that are neither long nor large; the report gets the other records."""
    pages: list[RawPage] = []
    size = 0
    for record in records:
        if record is None:
            report.skipped += 1
        elif isinstance(record, Lost):
            report.lose([record])
        else:
            pages.append(record)
            report.markup += record.kind == "text" and is_surely_html(start_of(record.content))
            size += len(record.content)
            if len(pages) == PAGES_AT_ONCE or size >= BYTES_AT_ONCE:
                yield frame_of(pages)
                pages, size = [], 0
    if pages:
        yield frame_of(pages)


def start_of(content: bytes | str) -> str:
    """Enough of a page to tell HTML by."""
    return content if isinstance(content, str) else content[:10_000].decode("latin-1")


def frame_of(pages: Sequence[RawPage]) -> pd.DataFrame:
    """The pages as ``frames.py`` takes them."""
    rows = [(one.page, one.content, one.kind, one.charset) for one in pages]
    return pd.DataFrame(rows, columns=["page", "content", "kind", "charset"], dtype=object)


GUARDS = threading.local()  # a worker of Dask may have several threads


def guard_of(job: Job) -> Guard:
    """The guarded process of this thread, which outlives a shard, so that the model is loaded once."""
    key = pickle.dumps((job.work, job.seconds))
    if getattr(GUARDS, "key", None) != key:
        close_guard()
        GUARDS.key, GUARDS.guard = key, Guard(job.work, job.seconds)
    guard: Guard = GUARDS.guard
    return guard


def close_guard() -> None:
    if hasattr(GUARDS, "guard"):
        GUARDS.guard.close()
