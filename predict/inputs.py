"""inputs of the command line -> the pages that they stand for, what each holds, and what its name says that it is."""

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
    """A page that cannot be read: ends the run if the user named it, else it is skipped."""


@dataclass(frozen=True)
class Source:
    """A page to read: its path, or ``-``; and whether the user named it, rather than a folder that it is in."""

    page: str
    named: bool


def find(inputs: list[str]) -> Iterator[Source]:
    """Yield the pages that the inputs stand for; a named one that cannot be read, or a folder without pages, is a
    Failure.
    """
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

    What cannot be read, as a subfolder that cannot be listed or a named pipe, stands among them, to be reported as a
    bad page.
    """
    found: list[str] = []
    for inside, folders, names in os.walk(folder, onerror=lambda error: found.append(error.filename)):
        folders[:] = (name for name in folders if not name.startswith(STAGE))
        found.extend(os.path.join(inside, name) for name in names if name.lower().endswith(PAGES))
    if found == [folder]:
        raise Failure(f"{folder}: this folder cannot be listed")
    return sorted(found, key=lambda path: PurePath(path).parts)


def read_source(source: Source) -> bytes:
    """Return the content of a page; a pipe or device is read only where the user named it, in a
    folder it is a BadPage.
    """
    if not source.named:
        try:
            check_file(source.page)
        except OSError as error:
            raise BadPage(f"{source.page}: {error.strerror}") from error
    return read(source.page)


def read(page: str) -> bytes:
    """Return the content of a page, unpacked; raises BadPage with the reason.

    It is that there is none, or more than MAX_BYTES, or that it is no page.
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
def naming(page: str) -> Iterator[None]:
    """Raise BadPage, with the page's name, where its content turns out to be no page."""
    try:
        yield
    except NotAPage as error:
        raise BadPage(f"{page}: {error}") from error


def content_of(path: str) -> bytes:
    """Return the content of a page's file, unpacked, up to one byte more than MAX_BYTES; no more is read if it is
    packed.
    """
    with open(path, "rb") as file:
        content = file.read(MAX_BYTES + 1)
    if not path.lower().endswith(".gz") or len(content) > MAX_BYTES:
        return content
    if not content:
        raise EOFError("the file is empty")
    with gzip.open(BytesIO(content)) as stream:
        return stream.read(MAX_BYTES + 1)


def kind(page: str, given: Kind) -> Kind:
    """Return what a page is: as given, or if that is auto what its name says; auto if nothing."""
    if given != "auto":
        return given
    name = page.lower().removesuffix(".gz")
    return next((kind for suffix, kind in KINDS.items() if name.endswith(suffix)), "auto")
