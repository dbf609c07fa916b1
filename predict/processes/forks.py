"""Processes that are forked, that may take so much memory, and that end with the one that started them."""

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .signals import ENDED

WATCH = 0.25  # seconds between two looks whether the parent is there


def is_orphan(parent: int) -> bool:
    """Return whether the process of this id, which was the parent of this one, is gone."""
    return os.getppid() != parent


def end_with(parent: int) -> None:
    """Kill this process as soon as its parent, whose id this is, is gone: a thread looks every WATCH seconds."""

    def watch() -> None:
        while not is_orphan(parent):
            time.sleep(WATCH)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def ending_with(parent: int) -> Iterator[None]:
    """Do what ``end_with`` does while the code inside runs, without a thread, which a fork would not take along."""

    def look(*_: object) -> None:
        if is_orphan(parent):
            os.kill(os.getpid(), signal.SIGKILL)

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, WATCH, WATCH)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def fork(act: Callable[[], object], status: int, *, group: bool = False) -> int:
    """Do ``act`` in a process that is forked from this one; returns its id. Its exit status is 1 if ``act`` raises.

    The signals that end a command do there what they usually do. With ``group`` it is the first of a process group, to
    which an interrupt of the terminal does not go.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads: those of libraries hold no lock of Python's
        child = os.fork()
    if not child:
        try:
            if group:
                os.setpgid(0, 0)
            for number in ENDED:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            act()
            os._exit(status)
        finally:
            os._exit(1)
    if group:
        with suppress(OSError):  # it does so, too: whoever is first
            os.setpgid(child, child)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return child


def status_of(child: int) -> int:
    """Return the exit status of a process that was forked, when it has ended; negative is the number of a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def limit_memory(more: int) -> None:
    """Let this process have so many bytes of address space more than it has; does nothing but on Linux."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return
    import resource  # Windows has none

    limits = (pages * resource.getpagesize() + more, *resource.getrlimit(resource.RLIMIT_AS))
    least = min(limit for limit in limits if limit != resource.RLIM_INFINITY)
    resource.setrlimit(resource.RLIMIT_AS, (least, least))
