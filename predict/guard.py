"""A function on frames of pages, run in a process of its own: a page that hangs or kills it loses only itself."""

import os
import pickle
import select
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import pandas as pd

from .page import PageWarning
from .processes import WATCH, ending_with, is_orphan

Work = Callable[[pd.DataFrame], pd.DataFrame]

MAX_SAID = 2000  # characters of a page's name, which stands in each of its rows, and of the reason why it is lost
IDLE = 60.0  # seconds after which a process that is asked nothing ends
LEFT = 75  # its exit status then: it lost nothing
# Each process has one thread: there are as many processes as cores.
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")} | {"VECLIB_MAXIMUM_THREADS": "1"}


def shortened(text: str) -> str:
    """Text of MAX_SAID characters at most; of a longer one the begin, with an ellipsis."""
    return text if len(text) <= MAX_SAID else f"{text[: MAX_SAID - 1]}…"


@dataclass(frozen=True)
class Lost:
    """A page that gives no rows, and why; no page if it is the shard that could not be read to its end.

    Of a page's name or a reason beyond MAX_SAID it has the begin.
    """

    page: str | None
    reason: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "page", None if self.page is None else shortened(self.page))
        object.__setattr__(self, "reason", shortened(self.reason))


class Fault(Exception):
    """What a frame did to the function or to its process; the message is the reason."""


class Guard:
    """Runs ``work`` in a process, which is replaced when it dies or takes longer than ``seconds`` for a call.

    A process that has loaded what ``work`` needs forks the one that runs it, so that the next one is there at once. The
    first is started with subprocess, not multiprocessing, whose processes may not have any of their own where they are
    daemons, as Dask's workers are. The time limit is an alarm of the kernel, so that a page that never ends is ended
    even if nobody is left to ask for it; a process whose parent is gone ends at once. It imports nothing from the
    current folder, and works in another one.
    """

    def __init__(self, work: Work, seconds: float) -> None:
        self.work, self.seconds = work, seconds
        self.process: subprocess.Popen[bytes] | None = None
        self.connection: Connection | None = None

    def __call__(self, pages: pd.DataFrame) -> tuple[pd.DataFrame, list[Lost]]:
        """What ``work`` makes of the pages, and which are lost: if all together fail, they are tried one by one."""
        with suppress(Fault):
            return self.ask(pages), []
        frames, lost = [self.ask(pages[:0])], []
        for place, page in enumerate(pages["page"]):
            try:
                frames.append(self.ask(pages[place : place + 1]))
            except Fault as fault:
                lost.append(Lost(page, str(fault)))
        return pd.concat(frames, ignore_index=True), lost

    def ask(self, pages: pd.DataFrame) -> pd.DataFrame:
        """What ``work`` makes of the pages; raises Fault if it raises, or its process dies.

        A process that has left for want of work is started anew.
        """
        try:
            connection = self.connection or self.start()
            connection.send(pages)
            answer = connection.recv()
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            if self.close() == LEFT:
                return self.ask(pages)
            raise Fault("ended its process") from error
        except BaseException:
            self.close()  # else its answer would be taken for that of the next frame
            raise
        if not isinstance(answer, pd.DataFrame):
            raise Fault(answer)
        return answer

    def start(self) -> Connection:
        self.connection, theirs = Pipe()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, str(theirs.fileno()), str(os.getpid())],
                pass_fds=[theirs.fileno()],
                env={**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(filter(os.path.isabs, sys.path))},
                cwd=os.path.abspath(os.sep),
                start_new_session=True,  # an interrupt of the terminal is not for it
            )
        self.connection.send((pickle.dumps(self.work), self.seconds, IDLE))
        return self.connection

    def close(self) -> int | None:
        """End the process; returns its exit status, LEFT if it had left before, or None if there was none."""
        status = None
        if self.process and self.connection:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            status = self.process.wait()
            self.connection.close()
        self.process = self.connection = None
        return status


def keep(connection: Connection, parent: int) -> None:
    """Keep a process that answers; of each that dies, the reason is the answer to what it was asked.

    All end when one left for want of work, or when the process whose id is ``parent`` is gone.
    """
    warnings.simplefilter("ignore", PageWarning)  # which would not say of which page it is
    with ending_with(parent):
        pickled, seconds, idle = connection.recv()
        work: Work = pickle.loads(pickled)
        work(pd.DataFrame({"page": [], "content": []}))  # loads the model, without a time limit
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    while True:
        lives, life = os.pipe()  # which closes when the child ends
        child = os.fork()
        if not child:
            os.close(lives)
            serve(connection, work, seconds, idle)
            os._exit(LEFT)
        os.close(life)
        while not select.select([lives], [], [], WATCH)[0]:
            if is_orphan(parent):
                os.killpg(0, signal.SIGKILL)
        os.close(lives)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code == LEFT:
            os._exit(LEFT)  # with the connection still open: whoever finds it closed finds this status
        connection.send(reason(code, seconds))


def serve(connection: Connection, work: Work, seconds: float, idle: float) -> None:
    """Answer each frame of pages with that of ``work``, or with the reason why there is none.

    Returns when no frame came for ``idle`` seconds, or when none can come.
    """
    while connection.poll(idle):
        try:
            pages = connection.recv()
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            answer: pd.DataFrame | str = work(pages)
        except Exception as error:  # a page may make it raise anything; the reason goes to errors.jsonl
            answer = f"{type(error).__name__}: {error}"
        signal.setitimer(signal.ITIMER_REAL, 0)
        connection.send(answer)


def reason(code: int, seconds: float) -> str:
    """Why a process ended with this exit code."""
    if code == -signal.SIGALRM:
        return f"took longer than {seconds:g} s"
    return f"killed its process ({signal.Signals(-code).name})" if code < 0 else f"ended its process (exit {code})"


if __name__ == "__main__":
    with suppress(ConnectionError, EOFError):  # nobody is left who asks
        keep(Connection(int(sys.argv[1])), int(sys.argv[2]))
