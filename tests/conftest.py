import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

# A runner that was started in the background ignores these, and so would all that the tests start and interrupt.
for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, usual)

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]  # root has no sandbox in a container


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder with the corpora's archives; without it the test is skipped."""
    folder = os.environ.get("CORPORA", "")
    if not Path(folder, "wcxb.tar.gz").is_file():
        pytest.skip(f"needs the corpora's archives: CORPORA={folder or 'DIR'} holds no wcxb.tar.gz")
    return Path(folder).resolve()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium that playwright steers; without either the test is skipped."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: make setup")
    command = next(filter(None, map(shutil.which, BROWSERS)), None)
    if command is None:
        pytest.skip("needs Chromium on the PATH (Debian, Ubuntu: apt-get install chromium)")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=command, args=SWITCHES)
        yield opened
        opened.close()
