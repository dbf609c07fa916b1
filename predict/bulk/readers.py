"""shards -> pages, as a stream: records with a page, records without one, and records that cannot be read."""

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from io import BufferedReader
from typing import Any

from ..document.filetype import foreign_type
from ..document.page import MAX_BYTES, Kind
from ..errors import Failure
from ..files import check_file
from ..inputs import content_of, kind
from ..output.terminal import plural
from ..processes.sandbox import Failed, shorten_message
from .shards import Shard
from .unpacking import Allowance, open_unpacked

MAX_LINE = 4 * MAX_BYTES  # bytes of JSON, where a character may take six
READ_AT_ONCE = 1 << 20  # bytes of a Parquet column
HTML_TYPES = ("text/html", "application/xhtml+xml")
SUCCESS = re.compile(rb"HTTP/\S+ +2\d\d\b")  # the status line of a successful response
NAMES = ("page", "url", "id")  # columns that name a page
# Columns that are read if none is given, with their kind of page.
CONTENTS: dict[str, Kind] = {"html": "html", "text": "text", "content": "auto"}
BROKEN = (OSError, EOFError, zlib.error)


@dataclass(frozen=True)
class RawPage:
    """A page as stored in an archive; a name longer than MAX_MESSAGE is shortened."""

    page: str
    content: bytes | str
    kind: Kind
    charset: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "page", shorten_message(self.page))


@dataclass(frozen=True)
class Column:
    """The column that holds the pages, and their kind; by default the first of CONTENTS that exists."""

    name: str | None = None
    kind: Kind = "auto"

    def among(self, names: list[str]) -> tuple[str, Kind]:
        """Return the column and its kind; raises ValueError if these names lack it."""
        if self.name is None:
            for name, known in CONTENTS.items():
                if name in names:
                    return name, known
        elif self.name in names:
            return self.name, self.kind
        wanted = self.name or " or ".join(CONTENTS)
        raise ValueError(f"no column {wanted}, there is {', '.join(names) or 'none'}")


Record = RawPage | Failed | None  # None stands for a record that is not a page


def read_shard(shard: Shard, column: Column) -> Iterator[Record]:
    """Yield the records of a shard in order; if it cannot be read to its end, the last one is Failed without a page."""
    if shard.kind == "pages":
        yield from read_pages(shard)
        return
    read = {"warc": read_warc, "parquet": read_parquet, "jsonl": read_jsonl}[shard.kind]
    path, count = shard.path(shard.files[0]), 0
    try:
        check_file(path)
        allowance = Allowance(path)
        for record in read(path, column, allowance):
            allowance.spend()
            yield record
            count += 1
    except (Failure, MemoryError):
        raise
    except Exception as error:  # libraries raise errors of any class for broken archives
        yield Failed(None, broken_archive(count, getattr(error, "strerror", None) or error))
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of fastwarc's Rust code, not a subclass of Exception
            raise
        yield Failed(None, broken_archive(count, error))


def broken_archive(count: int, why: object) -> str:
    """Return the reason why an archive failed after ``count`` readable records."""
    behind = f"nothing is read behind its first {plural(count, 'record')}: " if count else ""
    return f"broken archive: {behind}{why}"


def import_extra(module: str, extra: str) -> Any:
    """Import a module that an extra installs; raises Failure with the command that installs it."""
    try:
        return import_module(module)
    except ImportError as error:
        package = module.split(".")[0]
        raise Failure(f"this needs {package}: pip install 'pagesieve[{extra}]'") from error


def read_pages(shard: Shard) -> Iterator[Record]:
    for page in shard.files:
        try:
            check_file(shard.path(page))
            yield check_page(RawPage(page, content_of(shard.path(page)), kind(page, "auto")))
        except BROKEN as error:
            yield Failed(page, f"cannot be read: {getattr(error, 'strerror', None) or error}")


def check_page(page: RawPage) -> RawPage | Failed:
    """Return the page, or Failed if it is too large or another type of file."""
    if is_large(page.content):
        return Failed(page.page, f"larger than {MAX_BYTES:,} bytes")
    found = foreign_type(page.content, page.charset) if isinstance(page.content, bytes) else ""
    return Failed(page.page, f"not a page: looks like {found}") if found else page


def is_large(content: bytes | str) -> bool:
    """Return whether the content has more than MAX_BYTES, as UTF-8 if it is str (at most four bytes a character)."""
    if isinstance(content, str) and len(content) > MAX_BYTES // 4:
        content = content.encode("utf-8", "surrogatepass")
    return len(content) > MAX_BYTES


class OneByOne:
    """A stream that returns buffered bytes before it reads on, so that records before a damaged place are not lost."""

    def __init__(self, stream: BufferedReader) -> None:
        self.read, self.tell = stream.read1, stream.tell


def read_warc(path: str, _: Column, allowance: Allowance) -> Iterator[Record]:
    warc = import_extra("fastwarc.warc", "warc")
    with open_unpacked(path, allowance) as stream:
        for record in warc.ArchiveIterator(
            OneByOne(stream),
            parse_http=False,
            max_header_len=MAX_BYTES,
            quirks_mode=True,  # lines that end with \n alone
            stream_detect=False,  # data that fastwarc unpacks itself would not be metered
        ):
            page = record.headers.get("WARC-Target-URI") or record.record_id or f"offset {record.stream_pos}"
            if record.record_type not in (warc.response, warc.conversion):
                yield None
                continue
            content = record.reader.read(MAX_BYTES + 1)
            if len(content) < min(record.content_length, MAX_BYTES + 1):
                yield Failed(page, "broken record: shorter than its header says")
            elif record.record_type == warc.conversion:
                yield check_page(RawPage(page, content, "text", "utf-8"))
            else:
                yield http_page(warc.WarcRecord(), page, content)


def http_page(record: Any, page: str, content: bytes) -> Record:
    """Return the page in an HTTP response, by the type and encoding in its header.

    None if its content is not HTML or its status is not 2xx; ``record`` is an empty record to parse with.
    """
    if not SUCCESS.match(content):
        return None
    try:
        record.is_http = True
        record.set_bytes_content(content)
        record.parse_http(auto_decode="all", max_header_len=MAX_BYTES, quirks_mode=True)
        if record.http_content_type not in HTML_TYPES:
            return None
        if len(content) > MAX_BYTES:
            return Failed(page, f"larger than {MAX_BYTES:,} bytes")
        return check_page(RawPage(page, record.reader.read(MAX_BYTES + 1), "html", record.http_charset))
    except (OSError, ValueError) as error:
        return Failed(page, f"broken record: {error}")


def read_parquet(path: str, column: Column, allowance: Allowance) -> Iterator[Record]:
    arrow = import_extra("pyarrow", "parquet")
    # Streamed, since a row group may be as large as the file; row by row, since by a dictionary a small file may hold
    # a large cell for each of many rows.
    with import_extra("pyarrow.parquet", "parquet").ParquetFile(
        path, pre_buffer=False, buffer_size=READ_AT_ONCE
    ) as file:
        name, known = column.among(file.schema_arrow.names)
        flat = [field.name for field in file.schema_arrow if not arrow.types.is_nested(field.type)]
        if name not in flat:
            raise ValueError(f"column {name} holds {file.schema_arrow.field(name).type}")
        wanted = [name, *(one for one in NAMES if one in flat and one != name)]
        if twice := [one for one in wanted if file.schema_arrow.names.count(one) > 1]:
            raise ValueError(f"column {twice[0]} stands twice")
        for number, batch in enumerate(file.iter_batches(batch_size=1, columns=wanted, use_threads=False)):
            cells = {one: decode_cell(batch.column(one)[0]) for one in wanted}
            allowance.spend(sum(map(size_of, cells.values())))
            yield page_of_cells(cells, name, known, number)


def page_of_cells(cells: dict[str, Any], name: str, known: Kind, number: int) -> Record:
    """Return the page of a row of Parquet; Failed if a cell is larger than MAX_BYTES or has no Python value."""
    row: dict[str, Any] = {}
    reasons = []
    for column, cell in cells.items():
        try:
            row[column] = value_of(cell)
        except Exception as error:  # cells outside the range of Python's types raise errors of many classes
            reasons.append(f"column {column} cannot be read: {error}")
    return Failed(row_name(row, number), reasons[0]) if reasons else page_of(row, name, known, number)


def decode_cell(cell: Any) -> Any:
    """Return a cell of Arrow; for one of a dictionary, the cell that it refers to."""
    while not hasattr(cell, "as_buffer") and hasattr(cell, "dictionary"):
        cell = cell.value
    return cell


def size_of(cell: Any) -> int:
    """Return the size in bytes of a cell of text or bytes, else 0."""
    return len(cell.as_buffer()) if cell.is_valid and hasattr(cell, "as_buffer") else 0


def value_of(cell: Any) -> Any:
    """Return the Python value of a cell of Arrow; raises ValueError if it is larger than MAX_BYTES."""
    if size_of(cell) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES:,} bytes")
    return cell.as_py()


def read_jsonl(path: str, column: Column, allowance: Allowance) -> Iterator[Record]:
    with open_unpacked(path, allowance) as stream:
        for number, line in enumerate(lines(stream)):
            if len(line) > MAX_LINE:
                yield Failed(str(number), f"larger than {MAX_BYTES:,} bytes")
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield Failed(str(number), f"no JSON: {error}")
                continue
            if not isinstance(row, dict):
                yield Failed(str(number), "no JSON object")
                continue
            try:
                yield page_of(row, *column.among(list(row)), number)
            except ValueError as error:
                yield Failed(row_name(row, number), f"no content: {error}")


def lines(stream: BufferedReader) -> Iterator[bytes]:
    """Yield the lines that are not blank; a line longer than MAX_LINE is cut, but still longer than that."""
    while line := stream.readline(MAX_LINE + 1):
        rest = line
        while len(rest) > MAX_LINE and not rest.endswith(b"\n"):
            rest = stream.readline(MAX_LINE + 1)
        if len(line) > MAX_LINE or line.strip():
            yield line
        else:
            pass_blank(stream)


def pass_blank(stream: BufferedReader) -> None:
    """Skip all buffered blank lines at once; one by one, a billion of them take minutes."""
    ahead = stream.peek()
    blank = ahead[: len(ahead) - len(ahead.lstrip())]
    stream.read(blank.rfind(b"\n") + 1)


def page_of(row: dict[str, Any], name: str, known: Kind, number: int) -> Record:
    content = row[name]
    if not isinstance(content, bytes | str):
        return Failed(row_name(row, number), f"no content: column {name} holds {type(content).__name__}")
    return check_page(RawPage(row_name(row, number), content, known))


def row_name(row: dict[str, Any], number: int) -> str:
    """Return the name of a row's page: the first non-empty value of NAMES, or the row's number, from 0."""
    there = (row[name] for name in NAMES if row.get(name) not in (None, "") and not isinstance(row[name], list | dict))
    return next(map(str, there), str(number))
