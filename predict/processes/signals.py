"""Signals and standard streams of the command line, from its first moment.

A signal that ends it gives one line and exit status 128 + its number, also while libraries are loaded. Child processes
import nothing from the current folder. Closed standard streams stay closed.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import FrameType

ENDED = {
    getattr(signal, name): message
    for name, message in (("SIGINT", "interrupted"), ("SIGTERM", "terminated"), ("SIGHUP", "hung up"))
    if hasattr(signal, name)  # Windows has no SIGHUP
}
# One thread per process: bulk has a process for each core, and forked processes need no others.
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")} | {"VECLIB_MAXIMUM_THREADS": "1"}
PATIENCE = 1.0  # seconds for a command to clean up after a signal that ends it


def main() -> int:
    """Run the command line of pagesieve; returns the exit status."""
    return run("pagesieve.predict.__main__")


def run(module: str) -> int:
    """Import a module with signals handled, and run its ``main``; returns the exit status."""
    hold_streams()
    isolate_children()
    os.environ.update(ONE_THREAD)
    heeded = [number for number in ENDED if signal.getsignal(number) is not signal.SIG_IGN]  # as under nohup
    handle(heeded, end)
    command = import_module(module).main
    handle(heeded, stop)
    try:
        status: int = command()
    finally:
        settle()
    if hasattr(signal, "SIGALRM") and callable(signal.getsignal(signal.SIGALRM)):
        os._exit(status)  # after ``stop``: exit handlers of libraries may take too long
    return status


def handle(numbers: list[signal.Signals], handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    for number in numbers:
        signal.signal(number, handler)


def stop(number: int, _: FrameType | None) -> None:
    """Raise KeyboardInterrupt with the signal's number; the process ends after PATIENCE seconds in any case."""
    handle(list(ENDED), signal.SIG_IGN)
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, lambda *_: end(number))
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    raise KeyboardInterrupt(number)


@contextmanager
def signals_first() -> Iterator[None]:
    """Raise a signal's KeyboardInterrupt again if an error during clean-up replaced it."""
    try:
        yield
    except Exception as error:
        before: BaseException | None = error
        while before is not None:
            if isinstance(before, KeyboardInterrupt):
                raise before from None
            before = before.__context__
        raise


def settle() -> None:
    """Ignore signals from here on: the rest is short, and must be done completely."""
    handle([number for number in ENDED if signal.getsignal(number) is stop], signal.SIG_IGN)


def end(number: int, _: FrameType | None = None) -> None:
    """End the process at once, since libraries turn an exception during import into another one."""
    try:
        os.write(2, f"pagesieve: {ENDED[signal.Signals(number)]}\n".encode())
    finally:
        os._exit(128 + number)


def report(stopped: KeyboardInterrupt) -> int:
    """Print which signal ended the command; returns the exit status."""
    from ..output.terminal import note

    number = signal_of(stopped)
    note(ENDED[number])
    return 128 + number


def signal_of(stopped: KeyboardInterrupt) -> signal.Signals:
    """Return the signal of this exception, and cancel the time limit of ``stop``, as clean-up is done."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)
    return signal.Signals(stopped.args[0] if stopped.args else signal.SIGINT)


def isolate_children() -> None:
    """Prevent Python processes started by this one from importing modules of the current folder."""
    os.environ["PYTHONSAFEPATH"] = "1"


def hold_streams() -> None:
    """Keep the file numbers of closed standard streams from being reused by other files.

    Output to a closed stderr is dropped; code that needs stdin or stdout reports that they are closed.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # gets the lowest free number
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115, it stays open
