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
from typing import Any, TextIO

import joblib
import pandas as pd

from ..document.page import is_surely_html
from ..errors import Failure
from ..files import check_file, read_file, write_file
from ..labels import LABELS
from ..output.json_lines import json_line
from ..processes.sandbox import Failed, Sandbox, Work
from .readers import Column, RawPage, Record, read_shard
from .shards import Shard
from .writers import FORMATS

SECONDS = 30.0  # that a page may take
PAGES_AT_ONCE = 64
BYTES_AT_ONCE = 4_000_000  # or what one page more brings
ATTEMPTS = 3  # at a shard whose worker is killed
MAX_COUNT = 1 << 53  # of what a report counts
MAX_ERROR = 100_000  # characters of a line on what failed; page, reason and shard have fewer
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

    def errors(self, shard: Shard) -> Path:
        return self.out / "reports" / f"{shard.name}.jsonl"


@dataclass
class Report:
    """What became of a shard: how many pages are labelled, how many records were no page, how many pages failed."""

    shard: str
    digest: str
    pages: int = 0
    skipped: int = 0
    rows: int = 0
    empty: int = 0  # pages without an article
    markup: int = 0  # pages that are read as text, and look like HTML
    labels: dict[str, int] = field(default_factory=dict)
    failed: int = 0
    reasons: dict[str, int] = field(default_factory=dict)  # how many failed, by the begin of the reason

    def count_failed(self, failed: Iterable[Failed]) -> Iterator[str]:
        """Count what failed; gives the line of each, which is not kept: there may be more than there is memory."""
        for one in failed:
            begin = one.reason.split(":")[0]
            self.failed, self.reasons[begin] = self.failed + 1, self.reasons.get(begin, 0) + 1
            yield json_line({"page": one.page, "reason": one.reason, "shard": self.shard})

    def count(self, frame: pd.DataFrame, pages: int) -> None:
        """Count the rows of so many pages."""
        self.pages += pages
        self.rows += len(frame)
        self.empty += pages - articles(frame)
        if "label" in frame:
            self.labels = dict(Counter(self.labels) + Counter(frame["label"]))


def label_shard(shard: Shard, job: Job) -> Report:
    """Write the rows of a shard, what failed of it, and the report; all appear when they are complete, the rows last.

    A shard whose worker was killed ATTEMPTS times is given up: it fails as a whole, and no rows are written. So what
    a killed worker began is left, and counted: that is why this is none of the ways to write of ``files.py``.
    """
    if report := finished(shard, job):  # by a worker that was lost before it could say so
        return report
    report = Report(str(shard.name), shard.digest)
    prefix = f"{joblib.hash(report.shard)}-"
    if len(list((job.out / RUNNING).glob(f"{prefix}*"))) >= ATTEMPTS:
        lines = report.count_failed([Failed(None, f"killed its worker {ATTEMPTS} times")])
        write_file(made(job.errors(shard)), lines)
        return report
    stage = Path(tempfile.mkdtemp(prefix=prefix, dir=job.out / RUNNING))
    label_into(stage, shard, job, report)
    (stage / "report").write_text(json.dumps(asdict(report)), encoding="utf-8")
    for name, target in (("report", job.report(shard)), ("errors", job.errors(shard)), ("rows", job.rows(shard))):
        (stage / name).replace(made(target))
    shutil.rmtree(stage)
    return report


def made(path: Path) -> Path:
    """Return the path, in a folder that is made if it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def finished(shard: Shard, job: Job) -> Report | None:
    """Return the report on a shard whose rows are there; a Failure if they are of another shard, or of one of other
    files.
    """
    if not (job.rows(shard).is_file() and job.report(shard).exists()):
        return None
    report = read_report(job.report(shard))
    if report.shard != str(shard.name):
        raise Failure(f"{job.report(shard)}: the report on another shard; remove it to label the shard anew")
    if report.digest != shard.digest:
        raise Failure(f"{job.rows(shard)} was made of other files than {shard.name}; name another --out")
    if sum(1 for _ in errors_of(shard, job)) != report.failed:
        raise Failure(f"{job.errors(shard)}: not what failed of a shard; remove {job.report(shard)} to label it anew")
    return report


def read_report(path: Path) -> Report:
    """Return the report in a file; a Failure if it holds none, with values of its own type in each field."""
    try:
        report = Report(**json.loads(read_file(path)))
        for name, empty in asdict(Report("", "")).items():
            value = getattr(report, name)
            if type(value) is not type(empty) or (isinstance(value, int) and not is_count(value)):
                raise ValueError(f"its {name} is none")
        if not all(label in LABELS and is_count(number) for label, number in report.labels.items()):
            raise ValueError("its labels are none")
        if not all(map(is_count, report.reasons.values())):
            raise ValueError("its reasons are none")
    except (RecursionError, TypeError, ValueError) as error:
        raise Failure(f"{path}: not the report on a shard ({error}); remove it to label the shard anew") from error
    return report


def is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < MAX_COUNT


def errors_of(shard: Shard, job: Job) -> Iterator[str]:
    """Yield a line for each page of a shard that failed; a Failure if the file holds anything else."""
    path = job.errors(shard)
    try:
        check_file(str(path))
        with path.open(encoding="utf-8", newline="\n") as stream:
            while line := stream.readline(MAX_ERROR):
                if not is_error(json.loads(line)) or not line.endswith("\n"):
                    raise ValueError("expected page, reason and shard")
                yield line
    except (FileNotFoundError, RecursionError, ValueError) as error:
        found = f"{path}: not what failed of a shard ({error})"
        raise Failure(f"{found}; remove {job.report(shard)} to label it anew") from error


def is_error(error: Any) -> bool:
    """Return whether it is an entry of errors.jsonl: texts for page, reason and shard, or no page."""
    return (
        isinstance(error, dict)
        and error.keys() == {"page", "reason", "shard"}
        and all(isinstance(value, str) or (value is None and name == "page") for name, value in error.items())
    )


def label_into(stage: Path, shard: Shard, job: Job, report: Report) -> None:
    """Write the rows of a shard to a file in ``stage``, fill the report, and show in ``stage`` how far it is."""
    sandbox = sandbox_of(job)
    progress = stage / "pages"  # its size is the number of pages, which can be read while it changes
    progress.touch()
    with (
        FORMATS[job.format](stage / "rows") as write,
        (stage / "errors").open("w", encoding="utf-8", newline="") as errors,
    ):
        write(part(sandbox.ask(frame_of([])))[0])
        for pages in batches(read_shard(shard, job.column), report, errors):
            frame, failed = sandbox(pages)
            frame, raised = part(frame)
            failed += raised
            write(frame)
            errors.writelines(report.count_failed(failed))
            report.count(frame, len(pages) - len(failed))
            os.truncate(progress, report.pages)


def articles(frame: pd.DataFrame) -> int:
    """Return how many pages have an article, in a frame of blocks or of articles."""
    if "label" not in frame:
        return int((frame["text"].fillna("") != "").sum())
    page = (frame["index"] == 0).cumsum()
    return int(page[frame["label"] == LABELS[0]].nunique())


def part(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Failed]]:
    """Return the rows that go to the file, without the columns row and error of ``frames.py``, and the pages with an
    error.
    """
    if "error" not in frame:
        return frame, []
    failed = frame[frame["error"].notna()]
    kept = frame[frame["error"].isna()].drop(columns=["row", "error"], errors="ignore")
    types = {"index": "int64"} if "index" in kept else {}
    return kept.astype(types), [Failed(*row) for row in failed[["page", "error"]].itertuples(index=False)]


def batches(records: Iterable[Record], report: Report, errors: TextIO) -> Iterator[pd.DataFrame]:
    """Yield the pages among the records, in frames that are neither long nor large.

    The report counts the other records, and ``errors`` gets a line for each that failed.
    """
    pages: list[RawPage] = []
    size = 0
    for record in records:
        if record is None:
            report.skipped += 1
        elif isinstance(record, Failed):
            errors.writelines(report.count_failed([record]))
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
    """Return enough of a page to tell HTML by."""
    return content if isinstance(content, str) else content[:10_000].decode("latin-1")


def frame_of(pages: Sequence[RawPage]) -> pd.DataFrame:
    """Return the pages as ``frames.py`` takes them."""
    rows = [(one.page, one.content, one.kind, one.charset) for one in pages]
    return pd.DataFrame(rows, columns=["page", "content", "kind", "charset"], dtype=object)


SANDBOXES = threading.local()  # a worker of Dask may have several threads


def sandbox_of(job: Job) -> Sandbox:
    """Return the guarded process of this thread, which outlives a shard, so that the model is loaded once."""
    key = pickle.dumps((job.work, job.seconds))
    if getattr(SANDBOXES, "key", None) != key:
        close_sandbox()
        SANDBOXES.key, SANDBOXES.sandbox = key, Sandbox(job.work, job.seconds)
    sandbox: Sandbox = SANDBOXES.sandbox
    return sandbox


def close_sandbox() -> None:
    if hasattr(SANDBOXES, "sandbox"):
        SANDBOXES.sandbox.close()
