"""shards -> labelled shards, by the cores of this machine or a Dask cluster; an interrupted run can be continued.

The output folder holds ``run.json`` (settings that the rows depend on), ``blocks`` or ``articles`` (a file for each
shard), ``reports`` (result and errors of each shard), ``errors.jsonl`` (all errors) and, during a run, ``.running``.
"""

import fcntl
import json
import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import joblib

from ..errors import Failure
from ..files import read_file, write_file
from ..processes.pool import local_backend, shield_from_terminal
from ..processes.sandbox import Fault
from .labelling import ATTEMPTS, RUNNING, Job, Report, close_sandbox, errors_of, finished, label_shard
from .progress import show_progress
from .readers import import_extra
from .shards import Shard


@dataclass(frozen=True)
class Engine:
    """Where shards are labelled: in ``jobs`` processes here, or by the Dask workers of a scheduler's address."""

    name: Literal["local", "dask"] = "local"
    jobs: int = 1
    scheduler: str | None = None


def label_shards(shards: Sequence[Shard], job: Job, settings: dict[str, Any], engine: Engine) -> list[Report]:
    """Label the shards that are not finished; returns the reports on all shards, in order.

    ``settings`` is what the rows depend on besides the shards. Raises Failure if the output folder holds rows of other
    settings or of another shard with the same name, or if another run writes to it.
    """
    job = replace(job, out=job.out.absolute())
    with lock_output(job.out):
        refuse_links(shards, job)
        check_settings(job.out / "run.json", settings)
        reports = {report.shard: report for shard in shards if (report := finished(shard, job))}
        shutil.rmtree(job.out / RUNNING, ignore_errors=True)
        (job.out / RUNNING).mkdir(exist_ok=True)  # it may exist while workers of a killed run end
        todo = [shard for shard in shards if str(shard.name) not in reports]
        try:
            with show_progress(job.out / RUNNING, reports, len(shards)):
                for report in label_in_parallel(todo, job, engine):
                    reports[report.shard] = report
        except Fault as error:
            raise Failure(f"the process that labels pages fails without any page: it {error}") from error
        finally:
            close_sandbox()
            shutil.rmtree(job.out / RUNNING, ignore_errors=True)
            known = [shard for shard in shards if str(shard.name) in reports]
            write_file(job.out / "errors.jsonl", (line for shard in known for line in errors_of(shard, job)))
    return [reports[str(shard.name)] for shard in known]


@contextmanager
def lock_output(out: Path) -> Iterator[None]:
    """Make the output folder if needed, and lock it against other runs while the code inside runs."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Failure(f"--out {out}: this folder cannot be made ({error.strerror})") from error
    if not os.access(out, os.W_OK | os.X_OK):
        raise Failure(f"--out {out}: this folder cannot be written")
    handle = os.open(out, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Failure(f"{out}: another run writes there") from error
    finally:
        os.close(handle)


def refuse_links(shards: Sequence[Shard], job: Job) -> None:
    """Raise Failure if a link in the output folder leads outside of it."""
    own = [job.out / name for name in ("run.json", "errors.jsonl", RUNNING, job.what, "reports")]
    folders = {path.parent for shard in shards for path in (job.rows(shard), job.report(shard))}
    for path in (*own, *sorted(folders)):
        if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(job.out)):
            raise Failure(f"{path}: a link that leads out of {job.out}; remove it, or name another --out")


def check_settings(path: Path, settings: dict[str, Any]) -> None:
    """Raise Failure if the file holds other settings; write it if it does not exist."""
    if not path.exists():
        write_file(path, [json.dumps(settings, indent=1) + "\n"])
        return
    try:
        before = json.loads(read_file(path))
        if not isinstance(before, dict):
            raise ValueError("no object")
    except (RecursionError, ValueError) as error:
        raise Failure(f"{path}: not the settings of a run ({error}); name another --out") from error
    for name in sorted(before.keys() | settings.keys()):
        old, new = (json.dumps(one.get(name), ensure_ascii=False) for one in (before, settings))
        if old != new:
            raise Failure(f"{path.parent} holds rows of another run: {name} was {old}, is {new}; name another --out")


def label_in_parallel(shards: Sequence[Shard], job: Job, engine: Engine) -> Iterator[Report]:
    """Yield the reports on the shards as they are completed.

    A killed worker ends joblib's run; the remaining shards are then started again.
    """
    left = {str(shard.name): shard for shard in shards}
    with backend(replace(engine, jobs=max(1, min(engine.jobs, len(left))))) as killed:
        for _ in range(ATTEMPTS + 1):
            tasks = [joblib.delayed(label_shard)(shard, job) for shard in left.values()]
            try:
                for report in joblib.Parallel(return_as="generator_unordered", batch_size=1)(tasks):
                    del left[report.shard]
                    yield report
                return
            except killed:
                continue
    raise Failure(f"workers were killed {ATTEMPTS + 1} times, is there enough memory? Repeat the command to go on")


@contextmanager
def backend(engine: Engine) -> Iterator[type[Exception]]:
    """Set joblib's backend for the code inside; yields the class of error that a killed worker raises."""
    with ExitStack() as stack:
        if engine.name == "local":
            stack.enter_context(local_backend(engine.jobs))
            yield BrokenProcessPool
        else:
            dask = import_extra("distributed", "dask")
            with nullcontext() if engine.scheduler else shield_from_terminal():
                address = engine.scheduler or stack.enter_context(
                    dask.LocalCluster(
                        n_workers=engine.jobs,
                        threads_per_worker=1,
                        dashboard_address=":0",
                        silence_logs=logging.CRITICAL,  # messages of workers that an interrupt ends
                    )
                )
                try:
                    client = stack.enter_context(dask.Client(address))
                except (OSError, ValueError) as error:
                    raise Failure(f"--scheduler {address}: no Dask scheduler answers there ({error})") from error
            stack.enter_context(joblib.parallel_config(dask_backend(client)))
            yield dask.KilledWorker


def dask_backend(client: Any) -> Any:
    """Return joblib's backend for Dask, with an error for a task that Dask gives up; joblib's own
    would wait for ever.
    """
    from joblib._dask import DaskDistributedBackend  # needs distributed

    class Backend(DaskDistributedBackend):  # type: ignore[misc]  # joblib ships no types
        def submit(self, func: Any, callback: Any = None) -> Any:
            task = super().submit(func, callback)
            task.add_done_callback(lambda done: callback(done.exception()) if done.exception() else None)
            return task

    return Backend(client=client)
