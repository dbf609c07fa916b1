"""inputs of ``bulk`` -> shards: units that are read and written as one, and the name of their output."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePath

from ..errors import Failure
from ..files import MAX_NAME, STAGE, check_file, distinct_names, fit_name, name_key
from ..inputs import PAGES

SUFFIXES = {
    "warc": (".warc", ".warc.gz", ".wet", ".wet.gz"),
    "parquet": (".parquet",),
    "jsonl": tuple(f"{name}{packed}" for name in (".jsonl", ".ndjson", ".json") for packed in ("", ".gz")),
}
ROOM = MAX_NAME - len(".parquet")  # bytes for the name of a shard
ENDINGS = (".jsonl", ".parquet", ".json")  # of the files of a shard: rows, errors and report
END = 4096  # bytes at each end of a file that identify it
PAGES_A_SHARD = 1000  # in a folder, which may hold millions


@dataclass(frozen=True)
class Shard:
    """An archive, or up to PAGES_A_SHARD pages of a folder: ``files`` are their paths as given, sorted.

    ``name`` is the output's path in the output folder, without its ending. Relative paths start at ``root``, as a
    worker may have another working directory.
    """

    kind: str  # a key of SUFFIXES, or pages
    files: tuple[str, ...]
    name: PurePath
    root: str = field(default="", compare=False)

    def path(self, file: str) -> str:
        return os.path.join(self.root, file)

    @cached_property
    def digest(self) -> str:
        """Return a digest that differs if the files have other names, sizes, beginnings or ends; only regular files
        count.
        """
        files = [(file, *size_and_ends(path)) for file in self.files if os.path.isfile(path := self.path(file))]
        return hashlib.sha256(repr(files).encode("utf-8", "surrogateescape")).hexdigest()


def size_and_ends(path: str) -> tuple[int, bytes]:
    """Return the size of a file, and its first and last bytes, which hold the checksum of gzip and the index of
    Parquet.

    The modification time is left out, as a copy has another one. A file that cannot be read gives no bytes.
    """
    size, ends = os.path.getsize(path), b""
    with suppress(OSError), open(path, "rb") as stream:
        ends = stream.read(END)
        stream.seek(max(0, size - END))
        ends += stream.read(END)
    return size, ends


def find_shards(inputs: Sequence[str], out: Path) -> list[Shard]:
    """Return the shards of the inputs, in order.

    Raises Failure for an input that is not an archive or holds no page, that lies in ``out``, or that contains ``out``.
    """
    found: list[tuple[str, tuple[str, ...], str]] = []
    for given in inputs:
        path, target = Path(os.path.realpath(given)), Path(os.path.realpath(out))
        if path.is_relative_to(target):
            raise Failure(f"{given}: this input lies in --out {out}, name a folder that holds no input")
        if target.is_relative_to(path):
            raise Failure(f"--out {out} lies in the input {given}, name a folder outside of it")
        if os.path.isdir(given):
            inside = list(search(given))
            if not inside:
                raise Failure(f"{given}: no archive and no page in this folder")
            found += inside
        elif not os.path.exists(given):
            raise Failure(f"{given}: No such file or directory")
        elif kind := kind_of(given):
            check_file(given)
            found.append((kind, (given,), given))
        else:
            endings = " ".join(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)
            raise Failure(f"{given}: not an archive ({endings}); of pages, name the folder")
    names = shard_names([name for _, _, name in found])
    return [Shard(kind, files, name, os.getcwd()) for (kind, files, _), name in zip(found, names, strict=True)]


def search(folder: str) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Yield kind, files and name of each shard in a folder: archives first, then portions of pages,
    folder by folder.
    """

    def fail(error: OSError) -> None:
        raise Failure(f"{error.filename}: this folder cannot be listed ({error.strerror})")

    for inside, folders, names in os.walk(folder, onerror=fail):
        folders[:] = sorted(name for name in folders if not name.startswith(STAGE))
        paths = [os.path.join(inside, name) for name in sorted(names)]
        pages = []
        for path in paths:
            if kind := kind_of(path):
                yield kind, (path,), path
            elif path.lower().endswith(PAGES):
                pages.append(path)
        for start in range(0, len(pages), PAGES_A_SHARD):
            portion = tuple(pages[start : start + PAGES_A_SHARD])
            yield "pages", portion, os.path.join(inside, f"pages-{start // PAGES_A_SHARD:06}")


def kind_of(path: str) -> str | None:
    return next((kind for kind, suffixes in SUFFIXES.items() if path.lower().endswith(suffixes)), None)


def inside_folder(path: PurePath) -> PurePath:
    """Return the path without parts that lead out of the folder that it is joined to."""
    return PurePath(*(part for part in path.parts if part not in ("..", path.anchor)))


def shard_names(paths: Sequence[str]) -> list[PurePath]:
    """Return a name for each path; none leads out of its folder, and no two have the same ``files.name_key``.

    Nor does a name with one of ENDINGS equal another's folder: c.jsonl, c.jsonl.jsonl/d -> 2-c.jsonl, c.jsonl.jsonl/d.
    """
    inside = [inside_folder(PurePath(path)) for path in paths]
    folders = {name_key(folder) for path in inside for folder in path.parents}
    ends = {folder.removesuffix(ending) for ending in ENDINGS for folder in folders if folder.endswith(ending)}

    def name_of(path: PurePath, number: int) -> PurePath:
        return fit_name(path.with_name(f"{number}-{path.name}") if number > 1 else path, room=ROOM)

    return distinct_names(inside, name_of, ends)
