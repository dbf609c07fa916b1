"""Archives that stand for more than can be read: they are read as far as the size of their file allows."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made import PAGE, by_line, record, write_warc

from pagesieve.predict.bulk import unpacking
from pagesieve.predict.bulk.labelling import Job
from pagesieve.predict.bulk.readers import Column, RawPage, read_shard
from pagesieve.predict.bulk.run import Engine, label_shards
from pagesieve.predict.bulk.shards import find_shards
from pagesieve.predict.inputs import BadPage, read

LINE = b'{"text": "heron"}\n'
MEGABYTE = 1_000_000
NO_PAGE = b"WARC/1.0\r\nWARC-Type: request\r\nContent-Length: 0\r\n\r\n\r\n\r\n"
SAID = "it unpacks to more than the 5,000,000 bytes that are read of a file of its size"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def five_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "LEAST_UNPACKED", 5 * MEGABYTE)


def records(path: str) -> Iterator[Any]:
    (shard,) = find_shards([path], Path("out"))
    return read_shard(shard, Column())


def packed(content: bytes, times: int = 1) -> bytes:
    """So many gzip members of this content."""
    return gzip.compress(content, mtime=0) * times


@pytest.mark.parametrize(
    "content",
    [packed(b"\n" * MEGABYTE, 6), packed(b" " * MEGABYTE, 6), packed(b"1\n" * 10_000), packed(LINE * 10_000)],
    ids=["blank lines", "one line", "lines that are no pages", "small pages"],
)
def test_json_lines_are_read_as_far_as_the_size_of_their_file_allows(content: bytes, five_megabytes: None) -> None:
    Path("a.jsonl.gz").write_bytes(packed(LINE) + content + packed(LINE))
    *found, last = records("a.jsonl.gz")
    assert found[0] == RawPage("0", "heron", "text") and len(found) < 5000
    assert (last.page, last.reason.startswith("broken archive: nothing is read behind its first ")) == (None, True)
    assert last.reason.endswith(SAID)


@pytest.mark.parametrize(
    "content",
    [
        packed(NO_PAGE.replace(b": 0", b": 6000000")) + packed(b"x" * MEGABYTE, 6) + packed(b"\r\n\r\n"),
        packed(NO_PAGE * 10_000),
        packed(NO_PAGE + b"\r\n" * MEGABYTE, 4),
    ],
    ids=["one record", "records that are no pages", "blank lines"],
)
def test_a_warc_is_read_as_far_as_the_size_of_its_file_allows(content: bytes, five_megabytes: None) -> None:
    pytest.importorskip("fastwarc", reason="needs fastwarc: make setup")
    page = packed(record("http://a/", PAGE.encode()))
    Path("a.warc.gz").write_bytes(page + content + page)
    *found, last = records("a.warc.gz")
    assert [one.page for one in found if one] == ["http://a/"] and len(found) < 5000
    assert last.page is None and last.reason.endswith(SAID)


def test_a_warc_that_is_packed_without_saying_so_is_read_no_further(five_megabytes: None) -> None:
    pytest.importorskip("fastwarc", reason="needs fastwarc: make setup")
    page = packed(record("http://a/", PAGE.encode()))
    Path("a.warc").write_bytes(page + packed(b"\r\n" * MEGABYTE, 4) + page)
    found = list(records("a.warc"))
    assert [one.page for one in found] == ["http://a/", None] and found[1].reason.endswith(SAID)


@pytest.mark.parametrize("cell", [None, "<p>heron", "x" * 2 * MEGABYTE], ids=["nothing", "small", "large"])
def test_parquet_is_read_as_far_as_the_size_of_its_file_allows(cell: str | None, five_megabytes: None) -> None:
    arrow = pytest.importorskip("pyarrow", reason="needs pyarrow: make setup")
    from pyarrow import parquet

    rows = arrow.array([None if cell is None else 0] * 10_000, arrow.int32())
    cells = arrow.DictionaryArray.from_arrays(rows, arrow.array([cell or ""]))
    parquet.write_table(arrow.table({"html": cells}), "a.parquet", compression="zstd")
    assert Path("a.parquet").stat().st_size < 10_000
    *found, last = records("a.parquet")
    assert 2 <= len(found) <= 5000 and last.page is None and last.reason.endswith(SAID)


def test_an_archive_that_unpacks_to_too_much_is_lost_from_there_on_and_the_others_are_labelled(
    five_megabytes: None,
) -> None:
    Path("a.jsonl.gz").write_bytes(packed(LINE) + packed(b"\n" * MEGABYTE, 6) + packed(LINE))
    Path("b.jsonl").write_bytes(LINE)
    job = Job(Path("out"), by_line, format="jsonl")
    reports = label_shards(find_shards(["a.jsonl.gz", "b.jsonl"], Path("out")), job, {}, Engine())
    assert [(report.pages, report.failed) for report in reports] == [(1, 1), (1, 0)]
    assert json.loads(Path("out/errors.jsonl").read_text())["shard"] == "a.jsonl.gz"


def test_a_file_that_is_large_itself_is_read_to_its_end(five_megabytes: None) -> None:
    line = json.dumps({"text": "heron " * 1000}) + "\n"
    Path("a.jsonl").write_text(line * 1000)
    assert sum(isinstance(one, RawPage) for one in records("a.jsonl")) == 1000


def test_images_and_blank_lines_between_pages_are_read_over() -> None:
    pytest.importorskip("fastwarc", reason="needs fastwarc: make setup")
    page, image = record("http://a/", PAGE.encode()), record("http://b/", b"\0" * 50_000, type="image/png")
    write_warc(Path("a.warc.gz"), [page, *[image] * 5000, page])
    assert [one.page for one in records("a.warc.gz") if one] == ["http://a/"] * 2
    Path("a.jsonl.gz").write_bytes(packed(LINE) + packed(b"\r\n \n" * 250_000, 50) + packed(LINE))
    assert [one.content for one in records("a.jsonl.gz")] == ["heron"] * 2


def test_lines_behind_blank_ones_keep_their_text_and_number() -> None:
    Path("a.jsonl").write_bytes(b"\n\n \t" + LINE + b" \r\n\n" + LINE + b"\n[]\n\n  " + LINE.strip() + b" \n ")
    found = list(records("a.jsonl"))
    assert [one.page for one in found] == list("0123")
    assert [getattr(one, "content", one.page) for one in found] == ["heron", "heron", "2", "heron"]


def test_a_packed_page_is_read_no_further_than_a_page_may_go() -> None:
    """Of empty gzip members, 20 MB take minutes and unpack to nothing."""
    Path("in").mkdir()
    Path("in/a.html.gz").write_bytes(packed(b"", 500_001) + packed(b"<p>heron"))
    with pytest.raises(BadPage, match="a.html.gz: larger than 10,000,000 bytes"):
        read("in/a.html.gz")
    assert [one.reason for one in records("in")] == ["larger than 10,000,000 bytes"]
