"""a shard -> its labelled rows and a report: the work of one worker of ``pagesieve bulk``."""

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

SECONDS = 30.0  # maximum time for a page
PAGES_AT_ONCE = 64
BYTES_AT_ONCE = 4_000_000  # a batch ends with the page that reaches this size
ATTEMPTS = 3  # per shard, if its worker is killed
MAX_COUNT = 1 << 53  # limit of the counts in a report
MAX_ERROR = 100_000  # characters of a line of errors; page, reason and shard together have fewer
RUNNING = ".running"  # in the output folder: shards in progress


@dataclass(frozen=True)
class Job:
    """The work on every shard: ``work`` turns a frame of pages into rows; ``what`` names their folder (blocks,
    articles).
    """

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
    """The result for a shard: numbers of labelled pages, of skipped records (which are no pages),
    and of failed pages.
    """

    shard: str
    digest: str
    pages: int = 0
    skipped: int = 0
    rows: int = 0
    empty: int = 0  # pages without an article
    markup: int = 0  # pages read as text that look like HTML
    labels: dict[str, int] = field(default_factory=dict)
    failed: int = 0
    reasons: dict[str, int] = field(default_factory=dict)  # number of failed pages by beginning of the reason

    def count_failed(self, failed: Iterable[Failed]) -> Iterator[str]:
        """Count failed pages, and yield a line for each; lines are not stored, as there may be more
        than fit in memory.
        """
        for one in failed:
            begin = one.reason.split(":")[0]
            self.failed, self.reasons[begin] = self.failed + 1, self.reasons.get(begin, 0) + 1
            yield json_line({"page": one.page, "reason": one.reason, "shard": self.shard})

    def count(self, frame: pd.DataFrame, pages: int) -> None:
        """Count the rows of ``pages`` pages."""
        self.pages += pages
        self.rows += len(frame)
        self.empty += pages - articles(frame)
        if "label" in frame:
            self.labels = dict(Counter(self.labels) + Counter(frame["label"]))


def label_shard(shard: Shard, job: Job) -> Report:
    """Write the rows, errors and report of a shard; all appear when they are complete, the rows last.

    A shard whose worker was killed ATTEMPTS times fails as a whole, without rows. To count the attempts, the folder
    that a killed worker began is left in place, which no function of ``files.py`` does.
    """
    if report := finished(shard, job):  # by a worker that died before it could return the report
        return report
    report = Report(str(shard.name), shard.digest)
    prefix = f"{joblib.hash(report.shard)}-"
    if len(list((job.out / RUNNING).glob(f"{prefix}*"))) >= ATTEMPTS:
        lines = report.count_failed([Failed(None, f"killed its worker {ATTEMPTS} times")])
        write_file(make_parent(job.errors(shard)), lines)
        return report
    stage = Path(tempfile.mkdtemp(prefix=prefix, dir=job.out / RUNNING))
    label_into(stage, shard, job, report)
    (stage / "report").write_text(json.dumps(asdict(report)), encoding="utf-8")
    for name, target in (("report", job.report(shard)), ("errors", job.errors(shard)), ("rows", job.rows(shard))):
        (stage / name).replace(make_parent(target))
    shutil.rmtree(stage)
    return report


def make_parent(path: Path) -> Path:
    """Return the path after making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def finished(shard: Shard, job: Job) -> Report | None:
    """Return the report on a shard that has rows, else None; raises Failure if rows or report are of another shard or
    of other files.
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
    """Return the report in a file; raises Failure if it is invalid: each field must have a value of its type."""
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
    """Yield a line for each failed page of a shard; raises Failure if the file has any other content."""
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
    """Return whether this is an entry of errors.jsonl: strings for page, reason and shard; the page may be None."""
    return (
        isinstance(error, dict)
        and error.keys() == {"page", "reason", "shard"}
        and all(isinstance(value, str) or (value is None and name == "page") for name, value in error.items())
    )


def label_into(stage: Path, shard: Shard, job: Job, report: Report) -> None:
    """Write the rows and errors of a shard to files in ``stage``, and fill the report.

    The size of the file ``pages`` in ``stage`` is the number of pages labelled so far.
    """
    sandbox = sandbox_of(job)
    progress = stage / "pages"  # its size is the number of pages: readable at any time
    progress.touch()
    with (
        FORMATS[job.format](stage / "rows") as write,
        (stage / "errors").open("w", encoding="utf-8", newline="") as errors,
    ):
        write(split_failed(sandbox.ask(frame_of([])))[0])
        for pages in batches(read_shard(shard, job.column), report, errors):
            frame, failed = sandbox(pages)
            frame, raised = split_failed(frame)
            failed += raised
            write(frame)
            errors.writelines(report.count_failed(failed))
            report.count(frame, len(pages) - len(failed))
            os.truncate(progress, report.pages)


def articles(frame: pd.DataFrame) -> int:
    """Return the number of pages with an article, in a frame of blocks or of articles."""
    if "label" not in frame:
        return int((frame["text"].fillna("") != "").sum())
    page = (frame["index"] == 0).cumsum()
    return int(page[frame["label"] == LABELS[0]].nunique())


def split_failed(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Failed]]:
    """Split a frame into the rows to write, without the columns row and error of ``frames.py``, and
    the failed pages.
    """
    if "error" not in frame:
        return frame, []
    failed = frame[frame["error"].notna()]
    kept = frame[frame["error"].isna()].drop(columns=["row", "error"], errors="ignore")
    types = {"index": "int64"} if "index" in kept else {}
    return kept.astype(types), [Failed(*row) for row in failed[["page", "error"]].itertuples(index=False)]


def batches(records: Iterable[Record], report: Report, errors: TextIO) -> Iterator[pd.DataFrame]:
    """Yield the pages among the records, in frames of at most PAGES_AT_ONCE pages and about BYTES_AT_ONCE bytes.

    Other records are counted in the report; ``errors`` gets a line for each failed one.
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
    """Return the beginning of a page, long enough to recognise HTML."""
    return content if isinstance(content, str) else content[:10_000].decode("latin-1")


def frame_of(pages: Sequence[RawPage]) -> pd.DataFrame:
    """Return the pages as a frame for ``frames.py``."""
    rows = [(one.page, one.content, one.kind, one.charset) for one in pages]
    return pd.DataFrame(rows, columns=["page", "content", "kind", "charset"], dtype=object)


SANDBOXES = threading.local()  # a worker of Dask may have several threads


def sandbox_of(job: Job) -> Sandbox:
    """Return this thread's sandbox, which is used for many shards, so that the model is loaded once."""
    key = pickle.dumps((job.work, job.seconds))
    if getattr(SANDBOXES, "key", None) != key:
        close_sandbox()
        SANDBOXES.key, SANDBOXES.sandbox = key, Sandbox(job.work, job.seconds)
    sandbox: Sandbox = SANDBOXES.sandbox
    return sandbox


def close_sandbox() -> None:
    if hasattr(SANDBOXES, "sandbox"):
        SANDBOXES.sandbox.close()
