"""A function in a process of its own, with a limit of time and memory: a page that hangs or kills it fails alone."""

import os
import pickle
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from ..document.limits import MAX_MEMORY
from ..document.page import PageWarning
from ..errors import Failure
from .forks import WATCH, ending_with, fork, is_orphan, limit_memory, status_of
from .signals import ONE_THREAD

if TYPE_CHECKING:
    import pandas as pd

Work = Callable[[Any], Any]

MAX_MESSAGE = 2000  # characters of a page's name, which stands in each of its rows, and of the reason why it failed
IDLE = 60.0  # seconds after which a process that is asked nothing ends
LEFT = 75  # its exit status then: it lost nothing
FULL = 76  # of a worker that ran out of memory
START = f"from {__name__} import started; started()"  # not -m: a Fault would be another one there


def shortened(text: str) -> str:
    """Return text of MAX_MESSAGE characters at most; of a longer one the begin, with an ellipsis."""
    return text if len(text) <= MAX_MESSAGE else f"{text[: MAX_MESSAGE - 1]}…"


@dataclass(frozen=True)
class Failed:
    """A page that gives no rows, and why; no page if it is the shard that could not be read to its end.

    Of a page's name or a reason beyond MAX_MESSAGE it has the begin.
    """

    page: str | None
    reason: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "page", None if self.page is None else shortened(self.page))
        object.__setattr__(self, "reason", shortened(self.reason))


class Fault(Exception):
    """What a request did to the function or to its process; the message is the reason."""


@dataclass(frozen=True)
class Bounded:
    """A function, the seconds and the bytes of memory that a call of it may take, and how long one is waited for."""

    work: Work
    seconds: float
    memory: int
    idle: float


@dataclass(frozen=True)
class Forked:
    """A process that was forked, with what is asked of a subprocess.Popen."""

    pid: int

    def wait(self) -> int:
        return status_of(self.pid)


class Sandbox:
    """Runs ``work`` in a worker, which is replaced when it dies or takes longer than ``seconds`` for a call.

    A keeper that has loaded what ``work`` needs forks the worker, so that the next one is there at once. It is forked
    from this process with ``forked=True``. Else it is started with subprocess, not multiprocessing, whose processes may
    not have any of their own where they are daemons, as Dask's workers are; it imports nothing from the current folder,
    and works in another one. The time limit is an alarm of the kernel, so that a page that never ends is ended even if
    nobody is left to ask for it; when this process is gone, keeper and worker end at once.
    """

    def __init__(self, work: Work, seconds: float, *, forked: bool = False) -> None:
        self.work, self.seconds, self.forked = work, seconds, forked
        self.process: subprocess.Popen[bytes] | Forked | None = None
        self.connection: Connection | None = None

    def __call__(self, pages: "pd.DataFrame") -> tuple["pd.DataFrame", list[Failed]]:
        """Return what ``work`` makes of the pages, and which failed: if all together fail, they are
        tried one by one.
        """
        with suppress(Fault):
            return self.ask(pages), []
        import pandas as pd  # here: what labels pages of the command line does without

        frames, failed = [self.ask(pages[:0])], []
        for place, page in enumerate(pages["page"]):
            try:
                frames.append(self.ask(pages[place : place + 1]))
            except Fault as fault:
                failed.append(Failed(page, str(fault)))
        return pd.concat(frames, ignore_index=True), failed

    def ask(self, request: Any) -> Any:
        """Return what ``work`` makes of a request; raises Fault if it raises, or its process dies, and Failure if it
        does.

        A process that has left for want of work is started anew.
        """
        try:
            connection = self.connection or self.start()
            connection.send(request)
            answer = connection.recv()
        except (EOFError, OSError) as error:
            if self.close() == LEFT:
                return self.ask(request)
            raise Fault("ended its process") from error
        except BaseException:
            self.close()  # else its answer would be taken for that of the next request
            raise
        if isinstance(answer, Exception):
            raise answer
        return answer

    def start(self) -> Connection:
        self.connection, theirs = Pipe()
        bounded = Bounded(self.work, self.seconds, MAX_MEMORY, IDLE)
        with theirs:
            if self.forked:
                keeping = partial(keep, theirs, os.getpid(), bounded, self.connection)
                self.process = Forked(fork(keeping, LEFT, group=True))
                return self.connection
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", START, str(theirs.fileno()), str(os.getpid())],
                pass_fds=[theirs.fileno()],
                env={**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(filter(os.path.isabs, sys.path))},
                cwd=os.path.abspath(os.sep),
                start_new_session=True,  # an interrupt of the terminal is not for it
            )
        self.connection.send(bounded)
        return self.connection

    def close(self) -> int | None:
        """End the processes; returns the exit status of the first, LEFT if it had left before, or None if none was."""
        status = None
        if self.process and self.connection:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            status = self.process.wait()
            self.connection.close()
        self.process = self.connection = None
        return status


@contextmanager
def in_sandbox(work: Work, seconds: float) -> Iterator[Work]:
    """Yield ``work``, done in a worker that is forked from this process, and raising Fault as ``Sandbox.ask`` does.

    Where processes cannot be forked, as on Windows, it is done in this one, without limits.
    """
    if not hasattr(os, "fork"):
        yield work
        return
    sandbox = Sandbox(work, seconds, forked=True)
    try:
        yield sandbox.ask
    finally:
        sandbox.close()


def started() -> None:
    """What a keeper does that was started as a program: load what is needed, without a time limit, then as ``keep``."""
    warnings.simplefilter("ignore", PageWarning)  # which would not say of which page it is
    connection, parent = Connection(int(sys.argv[1])), int(sys.argv[2])
    with suppress(ConnectionError, EOFError):  # nobody is left who asks
        with ending_with(parent):
            import pandas as pd

            bounded: Bounded = connection.recv()
            bounded.work(pd.DataFrame({"page": [], "content": []}))
        keep(connection, parent, bounded)
    os._exit(LEFT)  # with the connection still open: whoever finds it closed finds this status


def keep(connection: Connection, parent: int, bounded: Bounded, *others: Connection) -> None:
    """Pass each request to a worker and its answer back; if the worker dies, that is a Fault, and a new one is forked.

    Returns when no request came for ``bounded.idle`` seconds, or none can come. All end when the process whose id is
    ``parent`` is gone. ``others`` are ends of connections that a fork has of its parent, and must not keep open.
    """
    for other in others:
        other.close()
    with suppress(ConnectionError, EOFError):
        while True:
            ours, theirs = Pipe()
            worker = fork(partial(serve, theirs, bounded, connection, ours), LEFT)
            theirs.close()
            with ours:
                while connection.poll(bounded.idle):
                    request = connection.recv_bytes()
                    if (answer := answered(ours, request, parent)) is None:
                        break
                    connection.send_bytes(answer)
                else:
                    return
            connection.send(Fault(reason(status_of(worker), bounded)))


def answered(worker: Connection, request: bytes, parent: int) -> bytes | None:
    """Return the answer of a worker to a request, None if it died; kills this group if the process
    ``parent`` is gone.
    """
    try:
        worker.send_bytes(request)
        while not worker.poll(WATCH):
            if is_orphan(parent):
                os.killpg(0, signal.SIGKILL)
        return worker.recv_bytes()
    except (EOFError, OSError):
        return None


def serve(connection: Connection, bounded: Bounded, *others: Connection) -> None:
    """Answer each request with what ``work`` makes of it, or with the Fault why there is nothing, until none can come.

    A Failure is passed on as it is: its message is for the user.
    """
    for other in others:
        other.close()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    limit_memory(bounded.memory)
    try:
        while True:
            connection.send_bytes(answer_to(connection.recv(), bounded))
    except MemoryError:
        os._exit(FULL)  # what it left half done is of no use to the next request
    except (ConnectionError, EOFError):
        return


def answer_to(request: Any, bounded: Bounded) -> bytes:
    """Return what ``serve`` sends; only what makes it is timed, so that an answer is sent as a whole or not at all."""
    signal.setitimer(signal.ITIMER_REAL, bounded.seconds)
    try:
        answer = bounded.work(request)
    except MemoryError:
        raise
    except Failure as failure:
        answer = failure
    except Exception as error:  # a page may make it raise anything
        answer = Fault(f"{type(error).__name__}: {error}")
    pickled = pickle.dumps(answer)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return pickled


def reason(code: int, bounded: Bounded) -> str:
    """Return why a worker ended with this exit code."""
    if code == -signal.SIGALRM:
        return f"took longer than {bounded.seconds:g} s"
    if code == FULL:
        return f"ran out of memory, of which it may take {bounded.memory / 1e9:g} GB"
    return f"killed its process ({signal.Signals(-code).name})" if code < 0 else f"ended its process (exit {code})"
