"""A function on frames of pages, run in a process of its own: a page that hangs or kills it loses only itself."""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import pandas as pd

Work = Callable[[pd.DataFrame], pd.DataFrame]

IDLE = 60  # seconds after which a process that is asked nothing ends
# Each process has one thread: there are as many processes as cores.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Lost:
    """A page that gives no rows, and why; no page if it is the shard that could not be read to its end."""

    page: str | None
    reason: str


class Fault(Exception):
    """What a frame did to the function or to its process; the message is the reason."""


class Guard:
    """Runs ``work`` in a process, which is replaced when it dies or takes longer than ``seconds`` for a call.

    The process is started with subprocess, not multiprocessing, whose processes may not have any of their own where
    they are daemons, as Dask's workers are. The time limit is an alarm of the kernel inside it, so that a page that
    never ends is ended even if nobody is left to ask for it.
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
        """What ``work`` makes of the pages; raises Fault if it raises, or its process dies."""
        try:
            connection = self.connection or self.start()
            connection.send(pages)
            answer = connection.recv()
        except (EOFError, OSError):
            raise Fault(self.end()) from None
        except BaseException:
            self.close()  # else its answer would be taken for that of the next frame
            raise
        if not isinstance(answer, pd.DataFrame):
            raise Fault(answer)
        return answer

    def start(self) -> Connection:
        """A new process that has called ``work`` once, with no pages and no time limit, so that its model is loaded."""
        self.connection, theirs = Pipe()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                start_new_session=True,  # an interrupt of the terminal is not for it
            )
        self.connection.send((pickle.dumps(self.work), self.seconds))
        return self.connection

    def close(self) -> None:
        if self.process:
            self.process.kill()
        self.end()

    def end(self) -> str:
        """Let the process go, and say why it ended."""
        if self.connection:
            self.connection.close()
        code = self.process.wait() if self.process else 0
        self.process = self.connection = None
        if code == -signal.SIGALRM:
            return f"took longer than {self.seconds:g} s"
        return f"killed its process ({signal.Signals(-code).name})" if code < 0 else f"ended its process (exit {code})"


def serve(connection: Connection) -> None:
    """Answer each frame of pages with that of ``work``, or with the reason why there is none."""
    pickled, seconds = connection.recv()
    work: Work = pickle.loads(pickled)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    empty: pd.DataFrame | None = None
    while connection.poll(IDLE):
        try:
            pages = connection.recv()
        except EOFError:
            return
        if empty is None:
            empty = work(pages[:0])
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            answer: pd.DataFrame | str = work(pages) if len(pages) else empty
        except Exception as error:  # a page may make it raise anything; the reason goes to errors.jsonl
            answer = f"{type(error).__name__}: {error}"
        signal.setitimer(signal.ITIMER_REAL, 0)
        connection.send(answer)


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
