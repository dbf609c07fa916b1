"""The command line from its first moment: an interrupt is one line and exit status 130, also while libraries load."""

import os
import signal
import sys

INTERRUPTED = 130
MESSAGE = "pagesieve: interrupted"


def main() -> int:
    """Run the command line; returns the exit status."""
    heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # it is ignored under nohup
    if heeded:
        signal.signal(signal.SIGINT, end)
    from .__main__ import main as run

    if heeded:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return run()
    finally:
        if heeded:
            signal.signal(signal.SIGINT, end)


def end(*_: object) -> None:
    """End the process at once: libraries turn an exception while they are imported into one of their own."""
    os.write(2, f"{MESSAGE}\n".encode())
    os._exit(INTERRUPTED)


def report() -> int:
    """Say that the command was interrupted; returns the exit status."""
    print(MESSAGE, file=sys.stderr)
    return INTERRUPTED
