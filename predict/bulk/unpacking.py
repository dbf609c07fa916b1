"""An archive -> its bytes, unpacked up to a limit by the size of its file, since a small file may
unpack to petabytes.
"""

import gzip
import io
import os
from typing import Any

from ..document.limits import LEAST_RECORD, LEAST_UNPACKED, MAX_EXPANSION

AT_ONCE = 1 << 16  # bytes
GZIP = b"\x1f\x8b"  # first bytes, also of files without .gz in their name


class Allowance:
    """The number of unpacked bytes that may still be read of an archive, by the size of its file."""

    def __init__(self, path: str) -> None:
        self.most = max(LEAST_UNPACKED, MAX_EXPANSION * os.path.getsize(path))
        self.left = self.most

    def spend(self, size: int = LEAST_RECORD) -> None:
        """Subtract ``size`` bytes, by default the overhead of a record; raises ValueError if fewer are left."""
        self.left -= size
        if self.left < 0:
            raise ValueError(f"it unpacks to more than the {self.most:,} bytes that are read of a file of its size")


class MeteredStream(io.RawIOBase):
    """A stream that subtracts its bytes from an allowance, and returns buffered bytes before it reads on."""

    def __init__(self, stream: io.BufferedIOBase, allowance: Allowance) -> None:
        self.stream, self.allowance = stream, allowance

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = self.stream.readinto1(buffer)
        self.allowance.spend(size)
        return size

    def tell(self) -> int:
        return self.stream.tell()

    def close(self) -> None:
        self.stream.close()
        super().close()


def open_unpacked(path: str, allowance: Allowance) -> io.BufferedReader:
    """Return a stream of the unpacked archive; reading beyond its allowance raises ValueError."""
    with open(path, "rb") as file:
        packed = file.read(len(GZIP)) == GZIP or path.lower().endswith(".gz")
    stream: io.BufferedIOBase = gzip.open(path) if packed else open(path, "rb")  # noqa: SIM115, its reader closes it
    return io.BufferedReader(MeteredStream(stream, allowance), AT_ONCE)
