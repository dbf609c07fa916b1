"""What a corpus has to give: how its archive is unpacked, and its pages with what is known of each."""

import gzip
import re
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from tqdm import tqdm  # type: ignore[import-untyped]  # tqdm ships no types

CHUNK = 1 << 18  # bytes
DAMAGE = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError, KeyError, TypeError, AttributeError)

Members = Iterable[tuple[re.Match[str], IO[bytes]]]
Unpack = Callable[[Members, frozenset[str], Path], tuple[set[str], set[str]]]


class SourceError(ValueError):
    """In one line: what was expected, what came, what was done and what to do."""


@dataclass(frozen=True)
class CorpusPage:
    """A page of a corpus: its id, its HTML as bytes, its address and page type where they are known, else empty.

    ``reference`` is the main text by the corpus, None where it has none. ``record`` is the page's entry in the corpus,
    which goes into the digest.
    """

    id: str
    html: bytes
    url: str = ""
    page_type: str = ""
    reference: str | None = None
    record: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Adapter:
    """A corpus: what it is (``about``, for the model card), which ``member`` names its archive has, and two functions.

    ``unpack(members, ids, folder)`` writes the pages ``ids`` to a new folder, and returns the ids that it found, and
    those of all pages of the archive that are held out. ``pages(folder)`` reads them again, sorted by id.
    """

    about: str
    member: re.Pattern[str]
    unpack: Unpack
    pages: Callable[[Path], Iterator[CorpusPage]]


def members(archive: Path, wanted: re.Pattern[str]) -> Members:
    """The plain files of ``archive`` whose whole name matches; every byte is read, so that a cut archive is noticed."""
    with gzip.open(archive) as stream:
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tqdm(tar, desc=f"unpack {archive.name}", unit=" files"):
                match = wanted.fullmatch(str(PurePosixPath(member.name)))
                if match and member.isfile() and (file := tar.extractfile(member)):
                    yield match, file
        while stream.read(CHUNK):
            pass


def html_files(about: str, path: str) -> Adapter:
    """The adapter of a corpus that is HTML files without records; a page's id is the group of the regular expression
    ``path`` (below the archive's top folder), with ``~`` for ``/`` and without .gz, which is unpacked.
    """

    def unpack(found: Members, ids: frozenset[str], folder: Path) -> tuple[set[str], set[str]]:
        have: set[str] = set()
        (folder / "pages").mkdir(parents=True)
        for match, file in found:
            page = match[1].replace("/", "~").removesuffix(".gz")
            if page in ids:
                content = file.read()
                packed = match[1].endswith(".gz")
                (folder / "pages" / page).write_bytes(gzip.decompress(content) if packed else content)
                have.add(page)
        return have, set()

    def pages(folder: Path) -> Iterator[CorpusPage]:
        for path in sorted((folder / "pages").iterdir()):
            yield CorpusPage(path.name, path.read_bytes())

    return Adapter(about, re.compile(f"[^/]+/{path}"), unpack, pages)
