"""A process that ends with the one that started it, however that one ended."""

import os
import signal
import threading
import time

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
