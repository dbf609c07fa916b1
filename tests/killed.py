"""Runs a function in a process of its own that is killed: after a while, or before its nth change on disk."""

import errno
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

KILLED, OVER = -signal.SIGKILL, 77  # what run gives: killed; ended well with fewer changes than that
FILLS = ("open", "os.mkdir", "os.rename")  # what a full disk refuses
CHANGES = (*FILLS, "os.remove", "os.rmdir")


def run(act: Callable[[], object], folder: Path, *, change: int = 0, fail: bool = False, after: float = 0) -> int:
    """The exit code of ``act`` in ``folder``, or KILLED.

    It and all its processes are killed before the change of this number (from 1) in the folder, or with ``fail`` that
    change is told that the disk is full; or they are killed ``after`` so many seconds.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer versions warn of fork where there are threads; here they are idle
        pid = os.fork()
    if not pid:
        child(act, folder, change, fail)
    with suppress(OSError):  # the child does so too, whoever is first
        os.setpgid(pid, pid)
    if after:
        time.sleep(after)
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def child(act: Callable[[], object], folder: Path, change: int, fail: bool) -> None:
    code = 99
    try:
        os.setpgid(0, 0)
        os.chdir(folder)
        sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - until the process ends
        warnings.simplefilter("ignore")
        left = interrupt(change, str(folder), fail)
        code = int(act() or 0)  # type: ignore[call-overload]
        code = OVER if code == 0 and left[0] > 0 else code
    except SystemExit as stop:
        code = int(stop.code or 0)
    finally:
        os._exit(code)


def interrupt(change: int, folder: str, fail: bool) -> list[int]:
    """Kill, or fail, at this change in the folder; gives how many are left until then, in a list that is kept."""
    left = [change]

    def hook(event: str, args: tuple) -> None:
        writes = event in (FILLS if fail else CHANGES) and (event != "open" or set(str(args[1])) & set("wxa+"))
        if writes and os.path.abspath(os.fsdecode(args[0])).startswith(folder):
            left[0] -= 1
            if not left[0] and fail:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(args[0]))
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return left
