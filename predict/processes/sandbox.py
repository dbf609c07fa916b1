"""A function in a process of its own with limits of time and memory: a page that hangs or crashes it fails alone."""

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
from .forks import WATCH, fork, is_orphan, limit_memory, status_of, watch_parent
from .signals import ONE_THREAD

if TYPE_CHECKING:
    import pandas as pd

Work = Callable[[Any], Any]

MAX_MESSAGE = 2000  # characters of a page's name, which each of its rows repeats, and of the reason of a failure
IDLE = 60.0  # seconds without a request after which a process ends
IDLE_EXIT = 75  # exit status in that case: no request was lost
MEMORY_EXIT = 76  # exit status of a worker that ran out of memory
START = f"from {__name__} import start_keeper; start_keeper()"  # not -m, which would define a second class Fault


def shorten_message(text: str) -> str:
    """Return the text, cut to MAX_MESSAGE characters with an ellipsis."""
    return text if len(text) <= MAX_MESSAGE else f"{text[: MAX_MESSAGE - 1]}…"


@dataclass(frozen=True)
class Failed:
    """A page without rows, and the reason; ``page`` is None if a shard could not be read to its end.

    Names and reasons longer than MAX_MESSAGE are shortened.
    """

    page: str | None
    reason: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "page", None if self.page is None else shorten_message(self.page))
        object.__setattr__(self, "reason", shorten_message(self.reason))


class Fault(Exception):
    """A request that made the function raise or its process end; the message is the reason."""


@dataclass(frozen=True)
class Bounded:
    """A function with its limits for one call, in seconds and bytes of memory, and the seconds to
    wait for a request.
    """

    work: Work
    seconds: float
    memory: int
    idle: float


@dataclass(frozen=True)
class Forked:
    """A forked process with the part of subprocess.Popen's interface that is used."""

    pid: int

    def wait(self) -> int:
        return status_of(self.pid)


class Sandbox:
    """Runs ``work`` in a worker, which is replaced if it dies or needs more than ``seconds`` for a call.

    A keeper process loads what ``work`` needs and forks the worker, so that a new one is ready at once. With
    ``forked=True`` the keeper is forked from this process. Otherwise it is started by subprocess, since processes of
    multiprocessing that are daemons, as Dask's workers are, may not have children; it imports nothing from the current
    folder, and has another working directory. The time limit is an alarm of the kernel, so that an endless page is
    ended even if the caller is gone. Keeper and worker end when this process does.
    """

    def __init__(self, work: Work, seconds: float, *, forked: bool = False) -> None:
        self.work, self.seconds, self.forked = work, seconds, forked
        self.process: subprocess.Popen[bytes] | Forked | None = None
        self.connection: Connection | None = None

    def __call__(self, pages: "pd.DataFrame") -> tuple["pd.DataFrame", list[Failed]]:
        """Return the result of ``work`` for the pages, and the failed ones: if all together fail, they are tried one by
        one.
        """
        with suppress(Fault):
            return self.ask(pages), []
        import pandas as pd  # here, since the command line labels pages without pandas

        frames, failed = [self.ask(pages[:0])], []
        for place, page in enumerate(pages["page"]):
            try:
                frames.append(self.ask(pages[place : place + 1]))
            except Fault as fault:
                failed.append(Failed(page, str(fault)))
        return pd.concat(frames, ignore_index=True), failed

    def ask(self, request: Any) -> Any:
        """Return the result of ``work`` for a request.

        Raises Fault if ``work`` raises or its process dies, and Failure if ``work`` raises that. A keeper that ended
        for lack of requests is started again.
        """
        try:
            connection = self.connection or self.start()
            connection.send(request)
            answer = connection.recv()
        except (EOFError, OSError) as error:
            if self.close() == IDLE_EXIT:
                return self.ask(request)
            raise Fault("ended its process") from error
        except BaseException:
            self.close()  # its answer would be taken for that of the next request
            raise
        if isinstance(answer, Exception):
            raise answer
        return answer

    def start(self) -> Connection:
        self.connection, theirs = Pipe()
        bounded = Bounded(self.work, self.seconds, MAX_MEMORY, IDLE)
        with theirs:
            if self.forked:
                keeping = partial(run_keeper, theirs, os.getpid(), bounded, self.connection)
                self.process = Forked(fork(keeping, IDLE_EXIT, group=True))
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
        """End the processes; returns the keeper's exit status (LEFT if it had ended by itself), or None if there was
        none.
        """
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
    """Yield ``work`` as run by a worker that is forked from this process; it raises Fault as ``Sandbox.ask`` does.

    Without os.fork, as on Windows, it runs in this process without limits.
    """
    if not hasattr(os, "fork"):
        yield work
        return
    sandbox = Sandbox(work, seconds, forked=True)
    try:
        yield sandbox.ask
    finally:
        sandbox.close()


def start_keeper() -> None:
    """Run a keeper that was started as a program: load what ``work`` needs, without a time limit,
    then ``run_keeper``.
    """
    warnings.simplefilter("ignore", PageWarning)  # which would not name the page
    connection, parent = Connection(int(sys.argv[1])), int(sys.argv[2])
    with suppress(ConnectionError, EOFError):  # the caller has ended
        with watch_parent(parent):
            import pandas as pd

            bounded: Bounded = connection.recv()
            bounded.work(pd.DataFrame({"page": [], "content": []}))
        run_keeper(connection, parent, bounded)
    os._exit(IDLE_EXIT)  # the connection stays open until exit, so that whoever finds it closed gets this status


def run_keeper(connection: Connection, parent: int, bounded: Bounded, *others: Connection) -> None:
    """Pass requests to a worker and its answers back; if the worker dies, answer with a Fault and fork a new one.

    Returns after ``bounded.idle`` seconds without a request, or when the connection is closed. All processes end when
    the process with the id ``parent`` does. ``others`` are connections inherited from the parent, which must be closed.
    """
    for other in others:
        other.close()
    with suppress(ConnectionError, EOFError):
        while True:
            ours, theirs = Pipe()
            worker = fork(partial(run_worker, theirs, bounded, connection, ours), IDLE_EXIT)
            theirs.close()
            with ours:
                while connection.poll(bounded.idle):
                    request = connection.recv_bytes()
                    if (answer := ask_worker(ours, request, parent)) is None:
                        break
                    connection.send_bytes(answer)
                else:
                    return
            connection.send(Fault(exit_reason(status_of(worker), bounded)))


def ask_worker(worker: Connection, request: bytes, parent: int) -> bytes | None:
    """Return the worker's answer to a request, None if it died; kills this process group if ``parent`` has ended."""
    try:
        worker.send_bytes(request)
        while not worker.poll(WATCH):
            if is_orphan(parent):
                os.killpg(0, signal.SIGKILL)
        return worker.recv_bytes()
    except (EOFError, OSError):
        return None


def run_worker(connection: Connection, bounded: Bounded, *others: Connection) -> None:
    """Answer each request with the result of ``work`` or with a Fault, until the connection is closed.

    A Failure is passed on unchanged, as its message is for the user.
    """
    for other in others:
        other.close()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    limit_memory(bounded.memory)
    try:
        while True:
            connection.send_bytes(answer_to(connection.recv(), bounded))
    except MemoryError:
        os._exit(MEMORY_EXIT)  # its state is not fit for another request
    except (ConnectionError, EOFError):
        return


def answer_to(request: Any, bounded: Bounded) -> bytes:
    """Return the pickled answer of ``run_worker``; only ``work`` is timed, so that an answer is sent completely or not
    at all.
    """
    signal.setitimer(signal.ITIMER_REAL, bounded.seconds)
    try:
        answer = bounded.work(request)
    except MemoryError:
        raise
    except Failure as failure:
        answer = failure
    except Exception as error:  # a page may raise any error
        answer = Fault(f"{type(error).__name__}: {error}")
    pickled = pickle.dumps(answer)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return pickled


def exit_reason(code: int, bounded: Bounded) -> str:
    """Return the reason why a worker ended with this exit code."""
    if code == -signal.SIGALRM:
        return f"took longer than {bounded.seconds:g} s"
    if code == MEMORY_EXIT:
        return f"ran out of memory, of which it may take {bounded.memory / 1e9:g} GB"
    return f"killed its process ({signal.Signals(-code).name})" if code < 0 else f"ended its process (exit {code})"
