"""inputs of the command line -> pages: their content, and their kind by file name."""

import gzip
import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePath

from .document.filetype import foreign_type
from .document.page import MAX_BYTES, Kind, NotAPage
from .errors import Failure
from .files import STAGE, check_file

KINDS: dict[str, Kind] = {".html": "html", ".htm": "html", ".xhtml": "html"}
KINDS |= {".mhtml": "html", ".mht": "html", ".txt": "text"}
PAGES = (*KINDS, *(f"{suffix}.gz" for suffix in KINDS))


class BadPage(Failure):
    """A page that cannot be read: an error if the user named it, otherwise it is skipped."""


@dataclass(frozen=True)
class Source:
    """A page to read: its path or ``-``, and whether the user named it or a folder that contains it."""

    page: str
    named: bool


def find(inputs: list[str]) -> Iterator[Source]:
    """Yield the pages of the inputs; raises Failure for a named page that cannot be read, or a folder without pages."""
    if inputs.count("-") > 1:
        raise Failure("standard input (-) can be read only once")
    for given in inputs:
        if given != "-" and os.path.isdir(given):
            pages = search(given)
            if not pages:
                raise Failure(f"{given}: no page in this folder (searched for {' '.join(KINDS)} and their .gz)")
            yield from (Source(page, named=False) for page in pages)
        else:
            if given != "-" and (os.path.isfile(given) or not os.path.exists(given)):
                read(given)
            yield Source(given, named=True)


def search(folder: str) -> list[str]:
    """Return the pages in a folder, sorted.

    Paths that cannot be read, such as a locked subfolder or a named pipe, are included, to be reported as bad pages.
    """
    found: list[str] = []
    for inside, folders, names in os.walk(folder, onerror=lambda error: found.append(error.filename)):
        folders[:] = (name for name in folders if not name.startswith(STAGE))
        found.extend(os.path.join(inside, name) for name in names if name.lower().endswith(PAGES))
    if found == [folder]:
        raise Failure(f"{folder}: this folder cannot be listed")
    return sorted(found, key=lambda path: PurePath(path).parts)


def read_source(source: Source) -> bytes:
    """Return the content of a page; in a folder a pipe or device raises BadPage, it is read only if
    the user named it.
    """
    if not source.named:
        try:
            check_file(source.page)
        except OSError as error:
            raise BadPage(f"{source.page}: {error.strerror}") from error
    return read(source.page)


def read(page: str) -> bytes:
    """Return the unpacked content of a page, which may be ``-`` for standard input.

    Raises BadPage if it cannot be read, is larger than MAX_BYTES, or is another type of file.
    """
    try:
        if page == "-":
            if sys.stdin is None:
                raise OSError("standard input is closed")
            content = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            content = content_of(page)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BadPage(f"{page}: broken gzip: {error}") from error
    except OSError as error:
        raise BadPage(f"{page}: {error.strerror or error}") from error
    if len(content) > MAX_BYTES:
        raise BadPage(f"{page}: larger than {MAX_BYTES:,} bytes; split it, or hand it to Model.label in Python")
    if found := foreign_type(content):
        raise BadPage(f"{page}: looks like {found}, not like a page; name HTML, MHTML or plain text")
    return content


@contextmanager
def naming_page(page: str) -> Iterator[None]:
    """Raise BadPage, with the page's name, when the code inside raises NotAPage."""
    try:
        yield
    except NotAPage as error:
        raise BadPage(f"{page}: {error}") from error


def content_of(path: str) -> bytes:
    """Return the unpacked content of a page's file, cut one byte after MAX_BYTES; no more of a packed file is read."""
    with open(path, "rb") as file:
        content = file.read(MAX_BYTES + 1)
    if not path.lower().endswith(".gz") or len(content) > MAX_BYTES:
        return content
    if not content:
        raise EOFError("the file is empty")
    with gzip.open(BytesIO(content)) as stream:
        return stream.read(MAX_BYTES + 1)


def kind(page: str, given: Kind) -> Kind:
    """Return the kind of a page: as given, or for auto by its file name; auto if that does not tell."""
    if given != "auto":
        return given
    name = page.lower().removesuffix(".gz")
    return next((kind for suffix, kind in KINDS.items() if name.endswith(suffix)), "auto")
