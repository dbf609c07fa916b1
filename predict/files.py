"""Writing to a stream, a file or a folder: completely or not at all, and never outside of the folder.

``write_file`` and ``write_folder`` may be called by several processes at once. ``write_together`` writes files that
must not be mixed with older ones. ``replacing`` replaces a file or folder that is written step by step.
"""

import errno
import os
import shutil
import stat
import tempfile
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from typing import TextIO

STAGE = ".pagesieve-"  # prefix of working folders; a killed run leaves its folder, which nothing reads
NEW, COMPLETE = f"{STAGE}new", f"{STAGE}complete"
MAX_NAME = 255  # bytes of a name in most file systems


def check_file(path: str) -> None:
    """Raise OSError if reading this path could block for ever: a named pipe, a socket or a device."""
    kind = os.stat(path).st_mode
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        raise OSError(errno.EINVAL, "a pipe, socket or device, not a file", path)


def read_file(path: Path, most: int | None = None) -> bytes:
    """Return the content of a file.

    Raises OSError as ``check_file`` does, and ValueError if the file has more than ``most`` bytes.
    """
    check_file(str(path))
    with path.open("rb") as stream:
        content = stream.read() if most is None else stream.read(most + 1)
    if most is not None and len(content) > most:
        raise ValueError(f"{path.name} is larger than {most:,} bytes")
    return content


def nearest_existing(path: Path) -> Path:
    """Return the path if it exists, a broken link included, else its nearest existing parent."""
    return next(part for part in (path, *path.parents) if part.exists() or part.is_symlink())


def write_stream(stream: TextIO, texts: Iterable[str]) -> None:
    """Write and flush each text as it comes, so that a reader of a pipe or terminal sees it at once."""
    for text in texts:
        stream.write(text)
        stream.flush()


def write_file(target: Path, texts: Iterable[str]) -> None:
    """Write all texts to a file that appears when it is complete, or not at all; a device is written directly."""
    if target.exists() and not target.is_file():
        with target.open("w", encoding="utf-8", newline="") as stream:
            return write_stream(stream, texts)
    target = Path(os.path.realpath(target))
    with (
        staging_folder(target.parent) as stage,
        (stage / target.name).open("w", encoding="utf-8", newline="") as stream,
    ):
        write_stream(stream, texts)


def write_folder(target: Path, pages: Iterable[tuple[PurePath, str]]) -> None:
    """Write each page to a file of its own; all files appear when all are complete, or none does."""
    with staging_folder(target) as stage:
        for name, page in pages:
            file = stage / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(page, encoding="utf-8", newline="")


@contextmanager
def staging_folder(folder: Path) -> Iterator[Path]:
    """Yield a hidden folder in ``folder``, whose files are moved to ``folder`` at the end, or removed on an error.

    Its name is unique, so that several processes may write to ``folder``; a killed process leaves it behind.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=STAGE, dir=folder))
    try:
        yield stage
        files = {file: folder / file.relative_to(stage) for file in stage.rglob("*") if file.is_file()}
        for target in files.values():
            if target.is_dir() or not Path(os.path.realpath(target.parent)).is_relative_to(os.path.realpath(folder)):
                raise OSError(None, "a folder, or a link that leads elsewhere, is in the way", str(target))
            target.parent.mkdir(parents=True, exist_ok=True)
        for file, target in files.items():
            if target.exists() and not target.is_symlink():
                file.chmod(target.stat().st_mode & 0o777)
            file.replace(target)
        made = []
    finally:
        shutil.rmtree(stage)
        for path in made:
            with suppress(OSError):
                path.rmdir()


def write_together(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files that belong together: a run killed at any moment leaves all old ones, or all new ones.

    Between the first and the last rename some new files are still in a folder of their own, where ``latest_path`` finds
    them and from which ``finish_writing`` moves them. One process at a time may write to ``folder``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    finish_writing(folder)
    stage = folder / NEW
    shutil.rmtree(stage, ignore_errors=True)
    try:
        stage.mkdir()
        for name, content in files.items():
            (stage / name).write_bytes(content)
        stage.rename(folder / COMPLETE)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    finish_writing(folder)


def finish_writing(folder: Path) -> None:
    """Move out the files that a killed ``write_together`` had completed, if there are any."""
    complete = folder / COMPLETE
    if complete.is_dir() and not complete.is_symlink():
        for file in sorted(complete.iterdir()):
            file.replace(folder / file.name)
        complete.rmdir()


def latest_path(path: Path) -> Path:
    """Return where a file written by ``write_together`` is: in its place, or not moved there yet."""
    waiting = path.parent / COMPLETE / path.name
    return waiting if waiting.exists() else path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a hidden path next to ``path`` for a new file or folder, which then replaces it, or is removed on an error.

    A folder is replaced as a whole: after a kill, ``restore`` brings back the old one if the new one is not in place
    yet. The next call removes what a kill left behind. One process at a time may replace ``path``.
    """
    new = path.with_name(f"{STAGE}{path.name}.new")
    restore(path)
    remove(new)
    try:
        yield new
        if new.is_dir() and path.exists():
            path.rename(backup_path(path))
        new.replace(path)
    finally:
        restore(path)
        remove(new)


def restore(folder: Path) -> None:
    """Bring back the folder that ``replacing`` put aside if no other took its place, else remove it."""
    if folder.exists():
        shutil.rmtree(backup_path(folder), ignore_errors=True)
    elif backup_path(folder).exists():
        backup_path(folder).rename(folder)


def backup_path(folder: Path) -> Path:
    return folder.with_name(f"{STAGE}old-{folder.name}")


def remove(path: Path) -> None:
    """Remove a file, a link or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def output_names(pages: Sequence[str]) -> list[PurePath]:
    """Return a file name for each page: its path, ending in .html; none leaves its folder, no two are equal.

    Names are compared as by a file system that ignores case and the composition of letters.
    """
    wanted = [output_name(page) for page in pages]
    folders = {name_key(folder) for path in wanted for folder in path.parents}
    return distinct_names(wanted, lambda path, number: fit_name(path, f"-{number}" if number > 1 else ""), folders)


def distinct_names(
    paths: Iterable[PurePath], name_of: Callable[[PurePath, int], PurePath], taken: set[str]
) -> list[PurePath]:
    """Return each path under the first number, from 1, with which it differs from all others and from ``taken``."""
    taken, names = set(taken), []
    last = defaultdict[str, int](lambda: 1)  # number of what has the same first name
    for path in paths:
        name = name_of(path, 1)
        first = name_key(name)
        while name_key(name) in taken:
            last[first] += 1
            name = name_of(path, last[first])
        taken.add(name_key(name))
        names.append(name)
    return names


def output_name(page: str) -> PurePath:
    path = PurePath("stdin" if page == "-" else page)
    if path.suffix.lower() == ".gz":
        path = path.with_suffix("")
    name = path.name if path.suffix.lower() == ".html" else f"{path.name}.html"
    return PurePath(*(part for part in path.parts[:-1] if part not in ("..", path.anchor)), name)


def fit_name(path: PurePath, end: str = "", *, room: int = MAX_NAME) -> PurePath:
    """Return the path with ``end`` after its stem, which is cut so that the name has at most ``room`` bytes."""
    room -= len(os.fsencode(end + path.suffix))
    stem = os.fsencode(path.stem)
    kept = path.stem if len(stem) <= room else stem[:room].decode("utf-8", "ignore")
    return path.with_name(f"{kept}{end}{path.suffix}")


def name_key(path: PurePath) -> str:
    return unicodedata.normalize("NFC", str(path)).casefold()
