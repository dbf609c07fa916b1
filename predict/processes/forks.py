"""Forked processes with a memory limit, which end when the process that started them is gone."""

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .signals import ENDED

WATCH = 0.25  # seconds between two checks that the parent is alive


def is_orphan(parent: int) -> bool:
    """Return whether the parent of this process, whose id this is, has ended."""
    return os.getppid() != parent


def start_parent_watch(parent: int) -> None:
    """Kill this process when its parent, whose id this is, has ended: a thread checks every WATCH seconds."""

    def watch() -> None:
        while not is_orphan(parent):
            time.sleep(WATCH)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def watch_parent(parent: int) -> Iterator[None]:
    """Do what ``start_parent_watch`` does while the code inside runs, by a timer; a fork would not copy a thread."""

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
    """Run ``act`` in a forked process; returns its id. It exits with ``status``, or with 1 if ``act`` raises.

    The signals in ENDED have their default effect there. With ``group`` the process leads a process group of its own,
    which interrupts of the terminal do not reach.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # about threads: those of libraries hold no lock of Python
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
        with suppress(OSError):  # the child does the same: whichever is first
            os.setpgid(child, child)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return child


def status_of(child: int) -> int:
    """Wait for a forked process to end; returns its exit status, or the negative number of the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def limit_memory(more: int) -> None:
    """Limit the address space of this process to ``more`` bytes above its current size; has an effect on Linux only."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return
    import resource  # Windows has none

    limits = (pages * resource.getpagesize() + more, *resource.getrlimit(resource.RLIMIT_AS))
    least = min(limit for limit in limits if limit != resource.RLIM_INFINITY)
    resource.setrlimit(resource.RLIMIT_AS, (least, least))
