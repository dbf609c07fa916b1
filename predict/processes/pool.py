"""joblib's worker processes on this machine, for ``bulk`` and for training."""

import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any

import joblib
from joblib.externals.loky.backend import resource_tracker as memory_tracker
from joblib.parallel import LokyBackend

from .forks import start_parent_watch


class Workers(LokyBackend):  # type: ignore[misc]  # joblib ships no types
    """Worker processes that end with this one and ignore interrupts of the terminal."""

    executor: Any = None

    def configure(self, *args: Any, **options: Any) -> int:
        with shield_from_terminal():
            jobs: int = super().configure(*args, **options)
        self.executor = self._workers
        return jobs

    def submit(self, func: Any, callback: Any = None) -> Any:
        with shield_from_terminal():
            return super().submit(func, callback)

    def abort_everything(self, ensure_ready: bool = True) -> None:
        logging.getLogger("concurrent.futures").setLevel(logging.CRITICAL)  # about tasks that end now
        super().abort_everything(ensure_ready)


@contextmanager
def local_backend(jobs: int) -> Iterator[None]:
    """Let joblib run tasks of the code inside in ``jobs`` processes, all of which end at an interrupt."""
    workers = Workers(initializer=start_parent_watch, initargs=(os.getpid(),))
    try:
        with joblib.parallel_config(workers, n_jobs=jobs):
            yield
    except KeyboardInterrupt:
        if workers.executor:
            workers.executor.terminate(kill_workers=True)
        raise


@contextmanager
def shield_from_terminal() -> Iterator[None]:
    """Shield processes that start inside from signals of the terminal; this process receives them
    and ends the others.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        start_trackers()
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start_trackers() -> None:
    """Start the processes that free shared memory after a kill, without their warnings."""
    sys.warnoptions.append("ignore")
    try:
        resource_tracker.ensure_running()
        memory_tracker.ensure_running()
    finally:
        sys.warnoptions.pop()
