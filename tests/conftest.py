import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder with the corpora's archives; without it the test is skipped."""
    folder = os.environ.get("CORPORA", "")
    if not Path(folder, "wcxb.tar.gz").is_file():
        pytest.skip(f"needs the corpora's archives: CORPORA={folder or 'DIR'} holds no wcxb.tar.gz")
    return Path(folder).resolve()
