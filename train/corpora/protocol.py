"""The interface of a corpus: how its archive is unpacked, and its pages with the known facts about each."""

import gzip
import re
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from io import BufferedIOBase, BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Any, Self

from tqdm import tqdm  # type: ignore[import-untyped]  # tqdm ships no types

CHUNK = 1 << 18  # bytes
MAX_ARCHIVE = 2_000_000_000  # unpacked bytes of an archive, and of the pages packed in it
MAX_MEMBER = 100_000_000  # bytes of a member with its headers
MAX_FILE = 20_000_000  # unpacked bytes of a member that is read
MAX_HEADER = 1_000_000  # bytes of a header that holds a long name or the like
MAX_MEMBERS = 100_000
DAMAGE = (
    tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError, KeyError, TypeError, AttributeError,
    RecursionError, OverflowError,
)  # fmt: skip

Members = Iterable[tuple[re.Match[str], IO[bytes]]]
Unpack = Callable[[Members, frozenset[str], Path], tuple[set[str], set[str]]]


@dataclass(frozen=True)
class CorpusPage:
    """A page of a corpus: its id, its HTML as bytes, and its address and page type, empty if unknown.

    ``reference`` is the main text according to the corpus, None if it has none. ``record`` is the page's entry in the
    corpus, which is part of the digest.
    """

    id: str
    html: bytes
    url: str = ""
    page_type: str = ""
    reference: str | None = None
    record: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Adapter:
    """A corpus: its description (``about``, for the model card), the ``member`` names of its archive, and two
    functions.

    ``unpack(members, ids, folder)`` writes the pages ``ids`` to a new folder, and returns the ids that it found, and
    those of all held-out pages of the archive. ``pages(folder)`` reads them again, sorted by id.
    """

    about: str
    member: re.Pattern[str]
    unpack: Unpack
    pages: Callable[[Path], Iterator[CorpusPage]]


class Metered:
    """A stream of an archive; raises ValueError beyond the size limit of an archive or a member."""

    def __init__(self, stream: BufferedIOBase) -> None:
        self.stream, self.total, self.member = stream, 0, 0

    def read(self, size: int) -> bytes:
        content = self.stream.read(size)
        self.total, self.member = self.total + len(content), self.member + len(content)
        if self.total > MAX_ARCHIVE:
            raise ValueError(f"more than {MAX_ARCHIVE:,} bytes, unpacked")
        if self.member > MAX_MEMBER:
            raise ValueError(f"a member of more than {MAX_MEMBER:,} bytes")
        return content


class Header(tarfile.TarInfo):
    """A member's header, with a size limit for headers that hold a long name or other attributes."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        header = super().frombuf(buf, encoding, errors)
        plain = header.isfile() or header.isdir() or header.issym() or header.islnk() or header.isdev()
        if not plain and header.size > MAX_HEADER:
            raise ValueError(f"a header of more than {MAX_HEADER:,} bytes")
        return header


def unpacked(content: bytes, most: int = MAX_FILE) -> bytes:
    """Return the content of a gzip file; raises ValueError if it is more than ``most`` bytes."""
    with gzip.open(BytesIO(content)) as stream:
        found = stream.read(min(most, MAX_FILE) + 1)
    if len(found) > min(most, MAX_FILE):
        raise ValueError(f"pages of more than {min(most, MAX_FILE):,} bytes, unpacked")
    return found


def members(archive: Path, wanted: re.Pattern[str]) -> Members:
    """Yield the regular files of ``archive`` whose whole name matches; all bytes are read, to notice a truncated
    archive.

    Links and devices are skipped. Raises ValueError beyond the limits above.
    """
    with gzip.open(archive) as stream:
        metered = Metered(stream)
        with tarfile.open(fileobj=metered, mode="r|", tarinfo=Header) as tar:  # type: ignore[call-overload]
            for number, member in enumerate(tqdm(tar, desc=f"unpack {archive.name}", unit=" files")):
                if number >= MAX_MEMBERS:
                    raise ValueError(f"more than {MAX_MEMBERS:,} members")
                match = wanted.fullmatch(str(PurePosixPath(member.name)))
                if match and member.isfile() and (file := tar.extractfile(member)):
                    if member.size > MAX_FILE:
                        raise ValueError(f"{member.name[:100]!r} has more than {MAX_FILE:,} bytes")
                    yield match, file
                metered.member = 0
        while metered.read(CHUNK):
            metered.member = 0


def html_files(about: str, path: str) -> Adapter:
    """Return the adapter of a corpus of HTML files without records.

    A page's id is the group of the regular expression ``path`` (in the archive's top folder), with ``~`` for ``/`` and
    without .gz, which is unpacked.
    """

    def unpack(found: Members, ids: frozenset[str], folder: Path) -> tuple[set[str], set[str]]:
        have: set[str] = set()
        (folder / "pages").mkdir(parents=True)
        for match, file in found:
            page = match[1].replace("/", "~").removesuffix(".gz")
            if page in ids:
                content = file.read()
                packed = match[1].endswith(".gz")
                (folder / "pages" / page).write_bytes(unpacked(content) if packed else content)
                have.add(page)
        return have, set()

    def pages(folder: Path) -> Iterator[CorpusPage]:
        for path in sorted((folder / "pages").iterdir()):
            yield CorpusPage(path.name, path.read_bytes())

    return Adapter(about, re.compile(f"[^/]+/{path}"), unpack, pages)
