"""The command line from its first moment: a signal that ends it is one line and exit status 128 + its number, also
while libraries load; what it starts imports nothing from the current folder; closed standard streams stay closed.
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
# Each process has one thread: bulk has as many of them as cores, and those that are forked have no use for others.
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")} | {"VECLIB_MAXIMUM_THREADS": "1"}
PATIENCE = 1.0  # seconds that a command may take to put away what it began, after a signal that ends it


def main() -> int:
    """Run the command line of pagesieve; returns the exit status."""
    return run("pagesieve.predict.__main__")


def run(module: str) -> int:
    """Run ``main`` of a module, which is imported when signals are handled; returns the exit status."""
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
        os._exit(status)  # after ``stop``, as what libraries do while Python ends may take too long
    return status


def handle(numbers: list[signal.Signals], handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    for number in numbers:
        signal.signal(number, handler)


def stop(number: int, _: FrameType | None) -> None:
    """Raise KeyboardInterrupt with the signal's number; the process ends at once if that takes it too long."""
    handle(list(ENDED), signal.SIG_IGN)
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, lambda *_: end(number))
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    raise KeyboardInterrupt(number)


@contextmanager
def signals_first() -> Iterator[None]:
    """Raise the KeyboardInterrupt of a signal again if what was putting things away raised an error in its place."""
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
    """Ignore signals from here on: what is left takes a moment, and is done as a whole."""
    handle([number for number in ENDED if signal.getsignal(number) is stop], signal.SIG_IGN)


def end(number: int, _: FrameType | None = None) -> None:
    """End the process at once: libraries turn an exception while they are imported into one of their own."""
    try:
        os.write(2, f"pagesieve: {ENDED[signal.Signals(number)]}\n".encode())
    finally:
        os._exit(128 + number)


def report(stopped: KeyboardInterrupt) -> int:
    """Say which signal ended the command; returns the exit status."""
    from ..output.terminal import note

    number = signal_of(stopped)
    note(ENDED[number])
    return 128 + number


def signal_of(stopped: KeyboardInterrupt) -> signal.Signals:
    """Return the signal that ``stop`` raised as this exception, now that all is put away: the process may take its
    time.
    """
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)
    return signal.Signals(stopped.args[0] if stopped.args else signal.SIGINT)


def isolate_children() -> None:
    """Let no Python that this process starts import from the current folder, where files may be named like modules."""
    os.environ["PYTHONSAFEPATH"] = "1"


def hold_streams() -> None:
    """Keep the numbers of closed standard streams from other files, into which messages would be written.

    What is written to a closed stderr is lost; that stdin or stdout are closed is told by whoever needs them.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it gets the lowest number that is free
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115, it stays open
