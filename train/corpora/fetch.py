"""Fetch the corpora of `data/sources.toml` into folders of `data/raw/`, and verify each by a content digest.

The digest is the sha256 of one line for each page, sorted by page id: the canonical JSON of `[id, sha256 of the page's
HTML, record]`. It covers the listed ids alone, so it does not depend on how the archive is packed. Pages that an
archive itself holds out (``Adapter.unpack`` returns them) are never stored: the digest is checked over all listed ids
first, to verify the archive, then they are dropped.
"""

import hashlib
import json
import re
import shutil
import tomllib
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from http.client import HTTPException
from pathlib import Path

from tqdm import tqdm  # type: ignore[import-untyped]  # tqdm ships no types

from pagesieve.predict import files
from pagesieve.predict.errors import Failure

from .protocol import CHUNK, DAMAGE, CorpusPage, members
from .registry import ADAPTERS

TIMEOUT = 60  # seconds without an answer
RULES = {  # pattern of each key of a [[source]] table
    "name": "|".join(ADAPTERS),
    "url": r"https?://\S+",
    "archive": r"\w[\w.-]*\.tar\.gz",
    "licence": r".+",
    "ids": r"\w[\w.-]*\.ids",
    "sha256": r"[0-9a-f]{64}",
}
STAMP = dict.fromkeys(("name", "folder", "sha256", "digest"), str) | dict.fromkeys(("pages", "in_test", "dropped"), int)


@dataclass(frozen=True)
class Source:
    """A `[[source]]` table; `ids` are the lines of its id file, `sha256` the content digest over exactly these."""

    name: str
    url: str
    archive: str
    licence: str
    ids: tuple[str, ...]
    sha256: str


@dataclass(frozen=True)
class Corpus:
    """A verified corpus. `digest` covers the stored `pages`; it is the source's sha256 unless `dropped` is above 0.

    `in_test` counts the archive's dev pages that are also in its test split, `dropped` the listed ones of these.
    """

    name: str
    folder: Path
    sha256: str
    digest: str
    pages: int
    in_test: int
    dropped: int

    def __str__(self) -> str:
        """Return a one-line summary."""
        line = f"{self.name}: {self.pages} pages in {self.folder}, digest {self.digest[:12]}"
        drops = f"; dropped {self.in_test} dev pages that are in its test split ({self.dropped} of them listed)"
        return line + drops if self.in_test else line


def read_sources(toml: Path) -> list[Source]:
    """Return the sources in order; raises Failure with file, source and key of an invalid value."""
    try:
        tables = tomllib.loads(toml.read_text("utf-8")).get("source")
        if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
            raise ValueError("expected [[source]] tables, got none")
    except (OSError, ValueError) as error:
        raise Failure(f"{toml}: {error}") from error
    sources: list[Source] = []
    for number, table in enumerate(tables, 1):
        where = f"{toml}: source {table.get('name', f'number {number}')}"
        for key in [*table, *RULES]:
            value = table.get(key)
            if key not in RULES:
                raise Failure(f"{where}: {key}: unknown key, expected {', '.join(RULES)}")
            if not isinstance(value, str) or not re.fullmatch(RULES[key], value):
                raise Failure(f"{where}: {key}: expected text that matches {RULES[key]}, got {value!r}")
        if any(source.name == table["name"] for source in sources):
            raise Failure(f"{where}: name: stands twice")
        sources.append(Source(**{**table, "ids": _read_ids(toml.with_name(table["ids"]), where)}))
    return sources


def _read_ids(path: Path, where: str) -> tuple[str, ...]:
    try:
        lines = path.read_text("utf-8").removesuffix("\n").split("\n")
    except (OSError, ValueError) as error:
        raise Failure(f"{where}: ids: {error}") from error
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        if line in seen or not re.fullmatch(r"[^/\\\0.][^/\\\0]*", line):
            raise Failure(f"{path}:{number}: expected a page id that is no path and stands once, got {line!r}")
        seen.add(line)
    return tuple(lines)


def fetch(toml: Path, raw: Path, corpora: Path | None = None) -> list[Corpus]:
    """Make each source of `toml` a folder of `raw`, from the archives in `corpora` or else from their addresses.

    Verified folders are kept. A source that fails does not stop the others; Failure at the end has a line for each.
    """
    there, problems = list[Corpus](), list[str]()
    for source in read_sources(toml):
        try:
            raw.mkdir(parents=True, exist_ok=True)
            there.append(_finished(source, raw) or _get(source, raw, corpora))
        except (Failure, OSError) as error:  # OSError: a full disk, no permission
            problems.append(f"{source.name}: {error}")
    if problems:
        raise Failure("\n".join(problems))
    return there


def available(toml: Path, raw: Path) -> tuple[list[Corpus], list[Source]]:
    """Return the sources that an earlier `fetch` verified in `raw`, and the missing ones. Reads no page."""
    sources = read_sources(toml)
    there = {source.name: corpus for source in sources if (corpus := _finished(source, raw))}
    return list(there.values()), [source for source in sources if source.name not in there]


def pages_of(folder: Path) -> Iterator[CorpusPage]:
    """Yield the pages of a corpus folder, named after its corpus, by id; raises Failure if the folder is damaged."""
    return _pages(folder, folder.name)


def digest_of(folder: Path) -> str:
    """Return the content digest of a corpus folder's present files; raises Failure if the folder is damaged."""
    return _digest(pages_of(folder))


def _pages(folder: Path, name: str) -> Iterator[CorpusPage]:
    try:
        yield from ADAPTERS[name].pages(folder)
    except (OSError, *DAMAGE) as error:
        raise Failure(f"{folder} is damaged ({error}): delete it and run `make data`") from error


def _digest(pages: Iterable[CorpusPage]) -> str:
    total = hashlib.sha256()
    for page in pages:
        line = [page.id, hashlib.sha256(page.html).hexdigest(), page.record]
        total.update(json.dumps(line, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    return total.hexdigest()


def _finished(source: Source, raw: Path) -> Corpus | None:
    """Return the corpus in `raw` if its stamp has this digest and all its pages still exist, else None."""
    folder = raw / source.name
    files.restore(folder)
    try:
        known = json.loads(files.read_file(folder / "stamp.json"))
        if {name: type(value) for name, value in known.items()} != STAMP:
            return None
        corpus = Corpus(**(known | {"folder": folder}))
        count = sum(1 for path in folder.glob("*/*") if path.parent.name in ("html", "pages"))
    except (OSError, ValueError, AttributeError, RecursionError):
        return None
    return corpus if (corpus.sha256, corpus.pages) == (source.sha256, count) else None


def _get(source: Source, raw: Path, corpora: Path | None) -> Corpus:
    archive = (corpora or raw) / source.archive
    if corpora:
        if not archive.is_file():
            raise Failure(f"no file {archive}: put it there, or run `make data` without CORPORA")
        return _install(source, archive, raw, f"Put a good {source.archive} there, or run `make data` without CORPORA")
    remedy = "Run `make data` again, or name a folder that has it with CORPORA=DIR"
    old = archive.is_file()
    if not old:
        _download(source, archive, remedy)
    try:
        return _install(source, archive, raw, remedy)
    except Failure:
        archive.unlink()
        if not old:
            raise
    return _get(source, raw, None)  # the old archive was damaged or of another commit: fetched again, once


def _download(source: Source, archive: Path, remedy: str) -> None:
    """Fetch `archive` whole or not at all, with a progress bar on stderr."""
    try:
        with files.replacing(archive) as part:
            with urllib.request.urlopen(source.url, timeout=TIMEOUT) as reply, part.open("wb") as out:
                size = int(reply.headers.get("Content-Length") or 0)
                with tqdm(desc=archive.name, total=size or None, unit="B", unit_scale=True) as bar:
                    while chunk := reply.read(CHUNK):
                        bar.update(out.write(chunk))
            if size not in (0, part.stat().st_size):
                raise HTTPException(f"expected {size} bytes, got {part.stat().st_size}")
    except (OSError, HTTPException, ValueError) as error:  # an unknown host, a status, a time-out, a broken connection
        raise Failure(f"could not fetch {source.url} ({error}); nothing was kept. {remedy}") from error


def _install(source: Source, archive: Path, raw: Path, remedy: str) -> Corpus:
    """Unpack into a temporary folder, verify, drop what is in the test split, stamp, then rename into place."""
    folder, ids = raw / source.name, frozenset(source.ids)
    with files.replacing(folder) as part:
        in_test = _unpack(source.name, archive, ids, part, remedy)
        digest = _digest(_pages(part, source.name))
        if digest != source.sha256:
            wrong = f"{archive}: wrong content digest over the {len(ids)} listed pages"
            raise Failure(f"{wrong}: expected {source.sha256}, got {digest}; nothing was kept. {remedy}")
        if in_test & ids:
            _unpack(source.name, archive, ids - in_test, part, remedy)
            digest = _digest(_pages(part, source.name))
        pages, dropped = len(ids - in_test), len(ids & in_test)
        corpus = Corpus(source.name, folder, source.sha256, digest, pages, len(in_test), dropped)
        (part / "stamp.json").write_text(json.dumps(asdict(corpus) | {"folder": source.name}, indent=1))
    return corpus


def _unpack(name: str, archive: Path, ids: frozenset[str], folder: Path, remedy: str) -> set[str]:
    """Write the pages `ids` to a new `folder`; returns all dev pages of the archive that are in its test split."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        have, in_test = ADAPTERS[name].unpack(members(archive, ADAPTERS[name].member), ids, folder)
    except DAMAGE as error:
        raise Failure(f"{archive} is broken ({error!r:.200}); nothing was kept. {remedy}") from error
    if missing := sorted(ids - have):
        lack = f"lacks {len(missing)} of the {len(ids)} listed pages, the first: {missing[0]}"
        raise Failure(f"{archive} {lack}; nothing was kept. {remedy}")
    return in_test
