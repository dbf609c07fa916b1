"""pages to write -> a stream, a file, or a folder: complete or not at all, and never out of the folder."""

import os
import shutil
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from typing import TextIO

MAX_NAME = 255  # bytes of a name in most file systems


def write_stream(stream: TextIO, pages: Iterable[tuple[int, str]]) -> None:
    for _, page in pages:
        stream.write(page)
        stream.flush()


def write_file(target: Path, pages: Iterable[tuple[int, str]]) -> None:
    """Write all pages to a file that appears once it is complete, or not at all; a device is written directly."""
    if target.exists() and not target.is_file():
        with target.open("w", encoding="utf-8", newline="") as stream:
            return write_stream(stream, pages)
    target = Path(os.path.realpath(target))
    with staged(target.parent) as stage, (stage / target.name).open("w", encoding="utf-8", newline="") as stream:
        write_stream(stream, pages)


def write_folder(target: Path, pages: Iterable[tuple[PurePath, str]]) -> None:
    """Write each page to a file of its own; they appear when all are complete, or none does."""
    with staged(target) as stage:
        for name, page in pages:
            file = stage / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(page, encoding="utf-8", newline="")


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A hidden folder inside ``folder``, whose files are moved out to ``folder`` at the end, or removed on an error."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=".pagesieve-", dir=folder))
    try:
        yield stage
        files = {file: folder / file.relative_to(stage) for file in stage.rglob("*") if file.is_file()}
        for target in files.values():
            if target.is_dir() or not Path(os.path.realpath(target.parent)).is_relative_to(os.path.realpath(folder)):
                raise OSError(None, "a folder, or a link that leads elsewhere, is in the way", str(target))
            target.parent.mkdir(parents=True, exist_ok=True)
        for file, target in files.items():
            file.replace(target)
        made = []
    finally:
        shutil.rmtree(stage)
        for path in made:
            with suppress(OSError):
                path.rmdir()


def mirrored(pages: Sequence[str]) -> list[PurePath]:
    """A file name for each page: its own path, as .html; none leaves the folder it is put in, or equals another.

    Two names are held equal if a file system that minds neither case nor the composition of letters takes them so.
    """
    wanted = [mirror(page) for page in pages]
    taken = {same(folder) for path in wanted for folder in path.parents}
    names = []
    for path in wanted:
        name, number = fitted(path), 1
        while same(name) in taken:
            number += 1
            name = fitted(path, f"-{number}")
        taken.add(same(name))
        names.append(name)
    return names


def mirror(page: str) -> PurePath:
    path = PurePath("stdin" if page == "-" else page)
    if path.suffix.lower() == ".gz":
        path = path.with_suffix("")
    name = path.name if path.suffix.lower() == ".html" else f"{path.name}.html"
    return PurePath(*(part for part in path.parts[:-1] if part not in ("..", path.anchor)), name)


def fitted(path: PurePath, end: str = "", *, room: int = MAX_NAME) -> PurePath:
    """The path with ``end`` behind its stem, which is cut where the name would have more bytes than there is room."""
    room -= len(os.fsencode(end + path.suffix))
    stem = os.fsencode(path.stem)
    kept = path.stem if len(stem) <= room else stem[:room].decode("utf-8", "ignore")
    return path.with_name(f"{kept}{end}{path.suffix}")


def same(path: PurePath) -> str:
    return unicodedata.normalize("NFC", str(path)).casefold()
