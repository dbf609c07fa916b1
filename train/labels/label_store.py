"""pages and a reader's labels <-> the folder that keeps them: each page's text, and its labelled stretches by reader.

A page is known by its content: its labels are found again wherever its file lies, and need that file no more. Each
change is on the disk before it is answered; of two that were made from the same state, the second is refused.
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
from pagesieve.predict.files import nearest, read_file, replacing
from pagesieve.predict.labels import CODES, LABELS

from .alignment import CELLS, Span, find_spans, hash_of, majority, running_words, spans_in
from .folds import site_of

CODE_OF = dict(zip(LABELS, "TFPN", strict=True))  # the code that stands for a label where nobody chose a finer one
COLUMNS = ("page", "start", "end", "hash", "code", "reader", "date")
ENDING = {"html": ".html", "text": ".txt"}
MAX_READERS = 100  # of a page
MAX_ABOUT = 4096  # characters of a page's name, address or site
ADDRESSES = ("link[rel=canonical]", "meta[property='og:url']", "base[href]")  # of the page itself, in its own words


class Stale(ValueError):
    """A change to labels that are not those on the disk."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """A page to label: ``blocks`` are those that have words, with the words of the page and each one's block."""

    id: str
    name: str
    site: str
    kind: Kind
    content: bytes
    blocks: list[Block]
    running: list[str]
    owners: list[int]

    def words_of(self, block: int) -> tuple[int, int]:
        """Return the running words of a block, from and to before."""
        return bisect_left(self.owners, block), bisect_right(self.owners, block)


class Mark(NamedTuple):
    """What a reader by_block of a block: its code, and when."""

    code: str
    date: str


Marks = dict[int, Mark]  # by index of the block


def sheet_of(content: bytes, name: str, kind: Kind, sites: Mapping[str, str]) -> Sheet:
    """Return a page as it is labelled; its site is the one that is known of its id, if any."""
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
    """Return the site by the address that a page gives as its own; else the folder that it lies in."""
    for node in filter(None, map(page.tree.css_first, ADDRESSES) if page.tree else ()):
        address = (node.attributes.get("href") or node.attributes.get("content") or "")[:MAX_ABOUT]
        if re.match(r"https?://[^/]", address):
            return site_of(address)
    return os.path.basename(os.path.dirname(os.path.abspath(name)))


def kept_sheets(folder: Path) -> Iterator[Sheet]:
    """Yield the pages in the folder, sorted; one whose content is not what was labelled is a Failure."""
    for path in sorted((folder / "pages").glob("*.json")):
        try:
            known = checked_about(read_file(path, 40 * MAX_ABOUT))
            content = read_file(path.with_suffix(ENDING[known["kind"]]), MAX_BYTES)
            sheet = sheet_of(content, known["name"], known["kind"], {path.stem: known["site"]})
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise Failure(f"{path}: no page of a review ({error}); remove it, or label the page again") from error
        if sheet.id != path.stem:
            raise Failure(f"{path.with_suffix(ENDING[known['kind']])}: changed since it was labelled; label it again")
        yield sheet


def checked_about(content: bytes) -> dict[str, Any]:
    """Return what is known of a page; raises ValueError or TypeError if it is anything but texts of
    MAX_ABOUT at most.
    """
    known: dict[str, Any] = dict(json.loads(content))
    for name in ("name", "site", "kind"):
        if not isinstance(known.get(name), str) or len(known[name]) > MAX_ABOUT:
            raise ValueError(f"{name} is {known.get(name)!r:.60}")
    return known


def readers_of(folder: Path, sheet: Sheet) -> list[str]:
    """Return who labelled the page, sorted; a Failure if it is more than MAX_READERS, each of which the page is read
    for.
    """
    readers = sorted(path.stem for path in (folder / "labels" / sheet.id).glob("[!.]*.csv"))
    if len(readers) > MAX_READERS:
        raise Failure(f"{folder / 'labels' / sheet.id}: labels of more than {MAX_READERS} readers; remove some")
    return readers


def check_writable(folder: Path) -> None:
    """Raise Failure if labels cannot be kept in the folder, which is made with the first of them."""
    for path in (folder / "pages", folder / "labels"):
        there = nearest(path)
        if not there.is_dir():
            raise Failure(f"--out {folder}: {there} is no folder; name another one")
        if not os.access(there, os.W_OK | os.X_OK):
            raise Failure(f"--out {folder}: {there} cannot be written; name another folder")


def label_file(folder: Path, sheet: Sheet, reader: str) -> Path:
    if not CELLS["reader"].fullmatch(reader):
        raise Failure(f"reader {reader!r:.60}: expected up to 32 letters, digits, - and _")
    return folder / "labels" / sheet.id / f"{reader}.csv"


def marks_of(folder: Path, sheet: Sheet, reader: str) -> tuple[str, Marks]:
    """Return the version of a reader's labels of a page, and the labels; a block takes the one that most of its words
    have.
    """
    path = label_file(folder, sheet, reader)
    try:
        content = read_file(path, 10 * MAX_BYTES)
    except FileNotFoundError:
        return "none", {}
    except ValueError as error:
        raise Failure(f"{path}: no labels of a review ({error}); remove it, or label the page again") from error
    return version_of(content), dict(parsed(sheet, path, content))


@lru_cache(maxsize=10_000)
def parsed(sheet: Sheet, path: Path, content: bytes) -> Marks:
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


def change(
    folder: Path, sheet: Sheet, reader: str, version: str, changes: Mapping[int, str | None], date: str
) -> tuple[str, Marks]:
    """Give blocks these codes, or none, and return the new version and all labels; Stale if others were there."""
    with locked(folder):
        there, marks = marks_of(folder, sheet, reader)
        if there != version:
            raise Stale(f"{sheet.name}: labels are of version {there}, the change of {version}")
        wanted = {index: Mark(code, date) for index, code in changes.items() if code}
        kept = {index: mark for index, mark in marks.items() if index not in changes}
        for index, mark in wanted.items():
            kept[index] = marks[index] if index in marks and marks[index].code == mark.code else mark
        replace(folder, sheet, reader, kept)
        return marks_of(folder, sheet, reader)


def replace(folder: Path, sheet: Sheet, reader: str, marks: Marks) -> None:
    """Write all labels of a reader of a page; the page itself lies there before its first label does."""
    known = {"name": sheet.name, "site": sheet.site, "kind": sheet.kind}
    about, labels = folder / "pages" / f"{sheet.id}.json", label_file(folder, sheet, reader)
    for path in (about, labels):
        if not Path(os.path.realpath(path.parent)).is_relative_to(os.path.realpath(folder)):
            raise Failure(f"{path.parent}: a link that leads out of {folder}; remove it, or name another folder")
    if not about.exists():
        durable(about.with_suffix(ENDING[sheet.kind]), sheet.content)
        durable(about, (json.dumps(known, indent=1) + "\n").encode())
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for span in spans_of_marks(sheet, reader, marks):
        writer.writerow([span.page, span.start, span.end, span.hash, span.code, span.reader, span.date])
    durable(labels, out.getvalue().encode())


def durable(path: Path, content: bytes) -> None:
    """Write a file that is there as a whole or as it was, whatever happens to the machine: a reader's work is in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as new, new.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    for folder in (path.parent, path.parent.parent):  # which hold the new names
        directory = os.open(folder, os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Yield one at a time, over all processes; the folder, which is what is locked, is made, and ignored by git."""
    import fcntl  # not on Windows, where the rest of this file is fine

    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not (folder / ".gitignore").exists():
            durable(folder / ".gitignore", b"*\n")
        yield
    finally:
        os.close(handle)


def differences(folder: Path, sheet: Sheet) -> dict[int, dict[str, str]]:
    """Return the blocks that two readers gave different labels: by index, the label of each reader."""
    by_block: dict[int, dict[str, str]] = {}
    for reader in readers_of(folder, sheet):
        for index, mark in marks_of(folder, sheet, reader)[1].items():
            by_block.setdefault(index, {})[reader] = CODES[mark.code]
    return {index: by for index, by in sorted(by_block.items()) if len(set(by.values())) > 1}
