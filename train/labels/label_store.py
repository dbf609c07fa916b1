"""pages and labels of a reader <-> the folder that stores them: each page's content, and its labelled spans by reader.

A page is identified by its content: its labels are found wherever its file is, and do not need that file later. A
change is on disk before it is answered; of two changes to the same version, the second is refused.
"""

import csv
import hashlib
import io
import json
import os
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from pagesieve.predict.document.blocks import Block, segment
from pagesieve.predict.document.page import MAX_BYTES, Kind, Page, read_page
from pagesieve.predict.errors import Failure
from pagesieve.predict.files import nearest_existing, read_file, replacing
from pagesieve.predict.labels import CODES, LABELS

from .alignment import CELLS, Span, find_spans, hash_of, majority, running_words, spans_in
from .folds import site_of

CODE_OF = dict(zip(LABELS, "TFPN", strict=True))  # the code of a label if no finer code was chosen
COLUMNS = ("page", "start", "end", "hash", "code", "reader", "date")
ENDING = {"html": ".html", "text": ".txt"}
MAX_READERS = 100  # of a page
MAX_ABOUT = 4096  # characters of a page's name, address or site
ADDRESSES = (
    "link[rel=canonical]",
    "meta[property='og:url']",
    "base[href]",
)  # elements that declare the page's own address


class Stale(ValueError):
    """A change to a version of the labels that is no longer on disk."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """A page to label: ``blocks`` with words, the page's words ``running``, and the block index of each word
    ``owners``.
    """

    id: str
    name: str
    site: str
    kind: Kind
    content: bytes
    blocks: list[Block]
    running: list[str]
    owners: list[int]

    def words_of(self, block: int) -> tuple[int, int]:
        """Return the range [start, end) of a block's running words."""
        return bisect_left(self.owners, block), bisect_right(self.owners, block)


class Mark(NamedTuple):
    """A reader's label of a block: its code and date."""

    code: str
    date: str


Marks = dict[int, Mark]  # by index of the block


def sheet_of(content: bytes, name: str, kind: Kind, sites: Mapping[str, str]) -> Sheet:
    """Return a page to label; its site is that in ``sites`` by id, if known, else that of the page."""
    read = read_page(content, kind=kind)
    blocks = segment(read)
    running, owners = running_words(block.text for block in blocks)
    worded = set(owners)
    id = version_of(content)
    return Sheet(
        id, name, sites.get(id) or site_of_page(read, name), read.kind, content,
        [block for block in blocks if block.index in worded], running, owners,
    )  # fmt: skip


def version_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def site_of_page(page: Page, name: str) -> str:
    """Return the site of the address that a page declares as its own; else the name of its folder."""
    for node in filter(None, map(page.tree.css_first, ADDRESSES) if page.tree else ()):
        address = (node.attributes.get("href") or node.attributes.get("content") or "")[:MAX_ABOUT]
        if re.match(r"https?://[^/]", address):
            return site_of(address)
    return os.path.basename(os.path.dirname(os.path.abspath(name)))


def read_sheets(folder: Path) -> Iterator[Sheet]:
    """Yield the pages in the folder, sorted; raises Failure for a page whose content has changed."""
    for path in sorted((folder / "pages").glob("*.json")):
        try:
            known = parse_about(read_file(path, 40 * MAX_ABOUT))
            content = read_file(path.with_suffix(ENDING[known["kind"]]), MAX_BYTES)
            sheet = sheet_of(content, known["name"], known["kind"], {path.stem: known["site"]})
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise Failure(f"{path}: no page of a review ({error}); remove it, or label the page again") from error
        if sheet.id != path.stem:
            raise Failure(f"{path.with_suffix(ENDING[known['kind']])}: changed since it was labelled; label it again")
        yield sheet


def parse_about(content: bytes) -> dict[str, Any]:
    """Return the stored facts of a page; raises ValueError or TypeError unless they are texts of at most MAX_ABOUT."""
    known: dict[str, Any] = dict(json.loads(content))
    for name in ("name", "site", "kind"):
        if not isinstance(known.get(name), str) or len(known[name]) > MAX_ABOUT:
            raise ValueError(f"{name} is {known.get(name)!r:.60}")
    return known


def readers_of(folder: Path, sheet: Sheet) -> list[str]:
    """Return the readers of the page, sorted; raises Failure if there are more than MAX_READERS."""
    readers = sorted(path.stem for path in (folder / "labels" / sheet.id).glob("[!.]*.csv"))
    if len(readers) > MAX_READERS:
        raise Failure(f"{folder / 'labels' / sheet.id}: labels of more than {MAX_READERS} readers; remove some")
    return readers


def check_writable(folder: Path) -> None:
    """Raise Failure if labels cannot be stored in the folder, which is made with the first of them."""
    for path in (folder / "pages", folder / "labels"):
        there = nearest_existing(path)
        if not there.is_dir():
            raise Failure(f"--out {folder}: {there} is no folder; name another one")
        if not os.access(there, os.W_OK | os.X_OK):
            raise Failure(f"--out {folder}: {there} cannot be written; name another folder")


def label_file(folder: Path, sheet: Sheet, reader: str) -> Path:
    if not CELLS["reader"].fullmatch(reader):
        raise Failure(f"reader {reader!r:.60}: expected up to 32 letters, digits, - and _")
    return folder / "labels" / sheet.id / f"{reader}.csv"


def marks_of(folder: Path, sheet: Sheet, reader: str) -> tuple[str, Marks]:
    """Return the version of a reader's labels of a page, and the labels; a block has the label of most of its words."""
    path = label_file(folder, sheet, reader)
    try:
        content = read_file(path, 10 * MAX_BYTES)
    except FileNotFoundError:
        return "none", {}
    except ValueError as error:
        raise Failure(f"{path}: no labels of a review ({error}); remove it, or label the page again") from error
    return version_of(content), dict(parse_marks(sheet, path, content))


@lru_cache(maxsize=10_000)
def parse_marks(sheet: Sheet, path: Path, content: bytes) -> Marks:
    found = find_spans(spans_in(io.StringIO(content.decode("utf-8", "replace"), newline=""), path), sheet.running)
    numbers = [-1] * len(sheet.running)
    for number, (start, span) in enumerate(found):
        numbers[start : start + span.end - span.start] = [number] * (span.end - span.start)
    by_block = majority(sheet.owners, numbers, max(sheet.owners, default=-1) + 1)
    return {index: Mark(found[n][1].code, found[n][1].date) for index, n in enumerate(by_block) if n >= 0}


def spans_of_marks(sheet: Sheet, reader: str, marks: Marks) -> Iterator[Span]:
    for index in sorted(marks):
        start, end = sheet.words_of(index)
        stretch = hash_of(sheet.running[start:end])
        yield Span(sheet.id, start, end, stretch, marks[index].code, reader, marks[index].date)


def change_marks(
    folder: Path, sheet: Sheet, reader: str, version: str, changes: Mapping[int, str | None], date: str
) -> tuple[str, Marks]:
    """Change the codes of blocks (None removes one); returns the new version and all labels.

    Raises Stale if ``version`` is not the one on disk.
    """
    with locked(folder):
        there, marks = marks_of(folder, sheet, reader)
        if there != version:
            raise Stale(f"{sheet.name}: labels are of version {there}, the change of {version}")
        wanted = {index: Mark(code, date) for index, code in changes.items() if code}
        kept = {index: mark for index, mark in marks.items() if index not in changes}
        for index, mark in wanted.items():
            kept[index] = marks[index] if index in marks and marks[index].code == mark.code else mark
        replace_marks(folder, sheet, reader, kept)
        return marks_of(folder, sheet, reader)


def replace_marks(folder: Path, sheet: Sheet, reader: str, marks: Marks) -> None:
    """Write all labels of a reader of a page; the page's content is stored before its first labels."""
    known = {"name": sheet.name, "site": sheet.site, "kind": sheet.kind}
    about, labels = folder / "pages" / f"{sheet.id}.json", label_file(folder, sheet, reader)
    for path in (about, labels):
        if not Path(os.path.realpath(path.parent)).is_relative_to(os.path.realpath(folder)):
            raise Failure(f"{path.parent}: a link that leads out of {folder}; remove it, or name another folder")
    if not about.exists():
        write_durable(about.with_suffix(ENDING[sheet.kind]), sheet.content)
        write_durable(about, (json.dumps(known, indent=1) + "\n").encode())
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for span in spans_of_marks(sheet, reader, marks):
        writer.writerow([span.page, span.start, span.end, span.hash, span.code, span.reader, span.date])
    write_durable(labels, out.getvalue().encode())


def write_durable(path: Path, content: bytes) -> None:
    """Write a file completely and to the disk, so that a reader's work survives a crash of the machine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as new, new.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    for folder in (path.parent, path.parent.parent):  # these hold the new names
        directory = os.open(folder, os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock the folder for the code inside, over all processes; it is made if missing, and ignored by git."""
    import fcntl  # missing on Windows, where the rest of this file works

    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not (folder / ".gitignore").exists():
            write_durable(folder / ".gitignore", b"*\n")
        yield
    finally:
        os.close(handle)


def differences(folder: Path, sheet: Sheet) -> dict[int, dict[str, str]]:
    """Return the blocks with different labels of readers: by index, the label of each reader."""
    by_block: dict[int, dict[str, str]] = {}
    for reader in readers_of(folder, sheet):
        for index, mark in marks_of(folder, sheet, reader)[1].items():
            by_block.setdefault(index, {})[reader] = CODES[mark.code]
    return {index: by for index, by in sorted(by_block.items()) if len(set(by.values())) > 1}
