"""A process that ends with the one that started it, however that one ended."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

WATCH = 0.25  # seconds between two looks whether the parent is there


def is_orphan(parent: int) -> bool:
    """Whether the process of this id, which was the parent of this one, is gone."""
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
    """Does what ``end_with`` does while the code inside runs, without a thread, which a fork would not take along."""

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
