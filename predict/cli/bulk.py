"""``pagesieve bulk``: labels the pages of archives."""

import argparse
import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..errors import Failure
from ..model import Model
from ..scoring.decision import PREFERENCES
from .arguments import add_model, load_model, need_fcntl, number
from .stdout import need_stdout, show

if TYPE_CHECKING:
    from ..bulk.labelling import Report

HELP = """\
INPUT is an archive, or a folder that is searched for archives and pages:
  .warc .wet (.gz)             HTML of WARC, text of WET; other records, and responses of another status than 2xx,
                               are skipped (extra: warc)
  .parquet                     a page a row (extra: parquet)
  .jsonl .ndjson .json (.gz)   a page a line
  .html .htm .xhtml .txt (.gz) a page a file; .mhtml and .mht, too
The page of a row is in --html-column or --text-column, by default in html, text or content; column page, url or id
names it, else its number. DIR gets a file for each shard, in blocks or articles, and errors.jsonl. The same command,
repeated, goes on where it was stopped. A page of more than 10 MB, one that takes more than 30 s, or that kills its
process, fails alone.

exit status: 0 done, 1 pages failed, the others are done, 2 error, 130 interrupted, 143 terminated
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.description, command.epilog = "Labels the pages of whole archives, on all cores or a cluster.", HELP
    add = command.add_argument
    add("inputs", nargs="+", metavar="INPUT", help="archive, or folder of archives and pages")
    add("--out", type=Path, required=True, metavar="DIR", help="folder to fill; outside of all inputs")
    add("--jobs", type=number, default=os.cpu_count(), metavar="N", help="processes (default: as many as cores)")
    add("--engine", choices=("local", "dask"), default="local", help="what spreads the shards (default: local)")
    add("--scheduler", metavar="ADDRESS", help="of a Dask cluster (default: --engine dask starts one here)")
    add("--format", choices=("jsonl", "parquet"), default="jsonl", help="of the files (default: jsonl)")
    add("--what", choices=("blocks", "articles"), default="blocks", help="a row a block or a page (default: blocks)")
    column = command.add_mutually_exclusive_group()
    column.add_argument("--text-column", metavar="C", help="column that holds the pages as text")
    column.add_argument("--html-column", metavar="C", help="column that holds the pages as HTML")
    add("--prefer", choices=PREFERENCES, default="balanced", help="as in pagesieve predict (default: balanced)")
    add_model(command)


def run(args: argparse.Namespace) -> int:
    """Label archives; returns 1 if pages failed, else 0."""
    need_stdout()  # checked before the work; joblib cannot start processes without it
    reports, summarised = label(args, load_model(args, args.prefer))
    show([summarised])
    return 1 if any(report.failed for report in reports) else 0


def label(args: argparse.Namespace, model: Model) -> tuple[list["Report"], str]:
    """Label the archives of a command line; returns the reports on their shards, and a summary for the user."""
    need_fcntl("bulk")
    # Imported here, as other commands need no time for these, nor an operating system that has them.
    from ..bulk.frames import frame_of_articles, frame_of_blocks
    from ..bulk.labelling import Job, finished
    from ..bulk.progress import summary
    from ..bulk.readers import Column, import_extra
    from ..bulk.run import Engine, label_shards
    from ..bulk.shards import find_shards

    if args.scheduler and args.engine != "dask":
        raise Failure("--scheduler needs --engine dask")
    column = Column(args.text_column or args.html_column, "text" if args.text_column else "html")
    shards = find_shards(args.inputs, args.out)
    for module, extra, needed in (
        ("fastwarc.warc", "warc", any(shard.kind == "warc" for shard in shards)),
        ("pyarrow.parquet", "parquet", args.format == "parquet" or any(shard.kind == "parquet" for shard in shards)),
        ("distributed", "dask", args.engine == "dask"),
    ):
        if needed:
            import_extra(module, extra)
    work = partial(
        frame_of_blocks if args.what == "blocks" else frame_of_articles,
        model=args.model and args.model.absolute(),
        prefer=args.prefer,
    )
    job = Job(args.out, work, args.what, args.format, column)
    start = time.monotonic()
    before = {str(shard.name) for shard in shards if finished(shard, job)}
    try:
        reports = label_shards(shards, job, settings(args, model), Engine(args.engine, args.jobs, args.scheduler))
    except OSError as error:
        if error.filename is not None:
            raise
        reason = f"cannot be written ({error.strerror or error}); repeat the command to go on"
        raise Failure(f"--out {args.out}: {reason}") from error
    return reports, summary(reports, time.monotonic() - start, len(before))


def settings(args: argparse.Namespace, model: Model) -> dict[str, Any]:
    """Return the settings that the rows depend on, as stored in ``run.json``."""
    names = ("inputs", "what", "format", "text_column", "html_column", "prefer")
    return {"pagesieve": __version__, "model": model.card["digests"]["npz"]} | {
        name: getattr(args, name) for name in names
    }
