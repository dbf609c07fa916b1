"""Whole archives: every kind of shard, pages that kill or never end, stops in the middle, and what the files hold."""

import errno
import gzip
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePath
from typing import Any

import joblib
import pandas as pd
import psutil
import pytest
from made import PAGE, by_line, crawl, record, slowly, write_warc

from pagesieve.predict import __main__, files, load
from pagesieve.predict.bulk import labelling as bulk_module
from pagesieve.predict.bulk import readers as records_module
from pagesieve.predict.bulk import run as spread_module
from pagesieve.predict.bulk import shards as shards_module
from pagesieve.predict.bulk.frames import ARTICLES, BLOCKS, frame_of_articles, frame_of_blocks
from pagesieve.predict.bulk.labelling import (
    RUNNING,
    Job,
    Report,
    close_sandbox,
    errors_of,
    label_shard,
    sandbox_of,
)
from pagesieve.predict.bulk.progress import summary
from pagesieve.predict.bulk.readers import Column, RawPage, import_extra, read_shard
from pagesieve.predict.bulk.run import Engine, label_shards
from pagesieve.predict.bulk.shards import Shard, find_shards, shard_names
from pagesieve.predict.bulk.unpacking import Allowance
from pagesieve.predict.cli import arguments
from pagesieve.predict.errors import Failure
from pagesieve.predict.files import name_key
from pagesieve.predict.labels import LABELS
from pagesieve.predict.processes import sandbox as sandbox_module
from pagesieve.predict.processes.sandbox import MAX_MESSAGE, Failed, Sandbox

PAGES = Path(__file__).parents[1] / "data" / "pages"
SETTINGS = {"model": "none"}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def bulk(*inputs: str, out: str = "out", jobs: int = 1, **job: Any) -> list[Report]:
    """Labels with ``by_line``, into JSON lines."""
    job = {"work": by_line, "format": "jsonl"} | job
    shards = find_shards(inputs, Path(out))
    return label_shards(shards, Job(Path(out), **job), SETTINGS, Engine("local", jobs))


def rows(out: str = "out") -> list[dict[str, Any]]:
    files = sorted(path for path in Path(out, "blocks").rglob("*.jsonl") if path.is_file())
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def errors(out: str = "out") -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(out, "errors.jsonl").read_text().splitlines()]


def write_lines(path: str, contents: list[str]) -> None:
    lines = (json.dumps({"id": f"page {number}", "text": text}) for number, text in enumerate(contents))
    Path(path).write_text("\n".join(lines))


def records(path: str, **column: Any) -> list[Any]:
    (shard,) = find_shards([path], Path("out"))
    return list(read_shard(shard, Column(**column)))


def test_a_page_that_never_ends_and_one_that_kills_its_process_lose_only_themselves() -> None:
    contents = [f"heron {number}" for number in range(150)]
    contents[20], contents[70], contents[71] = "it never ends", "it kills its process", "it raises"
    write_lines("a.jsonl", contents)
    (report,) = bulk("a.jsonl", seconds=0.5)
    assert [row["text"] for row in rows()] == [text for text in contents if text.startswith("heron")]
    assert (report.pages, report.rows, report.labels) == (147, 147, {"article_content": 147})
    assert errors() == [
        {"page": "page 20", "reason": "took longer than 0.5 s", "shard": "a.jsonl"},
        {"page": "page 70", "reason": "killed its process (SIGKILL)", "shard": "a.jsonl"},
        {"page": "page 71", "reason": "ValueError: no page for me", "shard": "a.jsonl"},
    ]


def test_a_process_that_ended_for_want_of_work_is_replaced_and_blames_no_page() -> None:
    sandbox = Sandbox(by_line, 5)
    pages = pd.DataFrame({"page": ["a"], "content": ["heron"]})
    before = sandbox(pages)
    assert sandbox.process
    sandbox.process.kill()
    after = sandbox(pages)
    sandbox.close()
    assert before[0].equals(after[0]) and after[1] == []


def test_a_process_that_left_for_want_of_work_is_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_module, "IDLE", 0.2)
    for name in ("a.jsonl", "b.jsonl"):
        write_lines(name, ["heron", "tide"])
        (shard,), job = find_shards([name], Path("out")), Job(Path("out").absolute(), by_line, format="jsonl")
        Path("out", RUNNING).mkdir(parents=True, exist_ok=True)
        report = label_shard(shard, job)
        assert (report.pages, report.failed) == (2, 0)
        process = sandbox_of(job).process
        assert process and process.wait(10) == sandbox_module.IDLE_EXIT
    close_sandbox()


def test_pages_after_a_long_stretch_of_other_records_are_labelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_module, "IDLE", 0.2)
    asked = []

    def record_then_wait(shard: Shard, column: Column) -> Iterator[RawPage]:
        for number in range(3):
            yield RawPage(str(number), "heron", "text")
            asked.append(time.sleep(0.5))

    monkeypatch.setattr(bulk_module, "PAGES_AT_ONCE", 1)
    monkeypatch.setattr(bulk_module, "read_shard", record_then_wait)
    write_lines("a.jsonl", ["heron"])
    (report,) = bulk("a.jsonl")
    assert (report.pages, report.failed, len(asked)) == (3, 0, 3)


@pytest.mark.slow
def test_a_warc_of_images_between_pages_is_labelled(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fastwarc", reason="needs fastwarc: make setup")
    monkeypatch.setattr(sandbox_module, "IDLE", 0.5)
    page = record("http://crawl.example/page", PAGE.format(1).encode())
    images = [record(f"http://crawl.example/{number}", os.urandom(50_000), type="image/png") for number in range(5_000)]
    write_warc(Path("a.warc.gz"), [page, *images, page])
    (report,) = bulk("a.warc.gz")
    assert (report.pages, report.skipped, report.failed) == (2, 5_000, 0)


def test_a_worker_that_is_killed_is_replaced(here: Path) -> None:
    write_lines("a.jsonl", ["heron"] * 9 + [f"it kills its worker once: {here / 'killed'}"])
    write_lines("b.jsonl", ["tide"] * 9)
    assert [report.pages for report in bulk("a.jsonl", "b.jsonl", jobs=2)] == [10, 9]
    assert errors() == [] and len(rows()) == 19 and Path("killed").exists()


def test_a_shard_that_kills_each_worker_is_given_up_and_tried_again_by_the_next_run() -> None:
    write_lines("a.jsonl", ["heron"])
    (shard,), job = find_shards(["a.jsonl"], Path("out")), Job(Path("out"), by_line, format="jsonl")
    for number in range(3):
        Path("out", RUNNING, f"{joblib.hash('a.jsonl')}-{number}").mkdir(parents=True)
    assert label_shard(shard, job).reasons == {"killed its worker 3 times": 1}
    assert [json.loads(line) for line in errors_of(shard, job)] == [
        {"page": None, "reason": "killed its worker 3 times", "shard": "a.jsonl"}
    ]
    assert bulk("a.jsonl")[0].pages == 1 and not Path("out", RUNNING).exists()


def test_a_warc_gives_its_html_and_a_wet_its_text() -> None:
    pytest.importorskip("fastwarc", reason="needs fastwarc: make setup")
    packed, page = gzip.compress(b"<p>gz</p>"), "http://a/"
    write_warc(
        Path("a.warc.gz"),
        [
            record("", b"software: none", kind="warcinfo"),
            record(page + "1", "<p>höher</p>".encode("latin-1"), type="text/html; charset=ISO-8859-1"),
            record(page + "2", packed, head="Content-Encoding: gzip\r\n"),
            record(
                page + "3",
                b"5\r\n<p>hi\r\n0\r\n\r\n",
                type="application/xhtml+xml",
                head="Transfer-Encoding: chunked\r\n",
            ),
            record(page + "4", b"{}", type="application/json"),
            record(page + "4a", b"<p>Not found", status="404 Not Found"),
            record(page + "4b", b"no gzip", status="301 Moved Permanently", head="Content-Encoding: gzip\r\n"),
            record(page + "4c", b"<p>part", status="206 Partial Content"),
            record(page + "5", b"no gzip at all", head="Content-Encoding: gzip\r\n"),
            record(page + "6", b"<p>" + b"x" * 10_000_000),
            record(page + "7", b"<p>last"),
        ],
        missing=12,
    )
    write_warc(Path("b.warc.wet.gz"), [record(page, "Höhe\nTide".encode(), kind="conversion")])
    found = records("a.warc.gz")
    assert found[:8] == [
        None,
        RawPage(page + "1", "<p>höher</p>".encode("latin-1"), "html", "iso-8859-1"),
        RawPage(page + "2", b"<p>gz</p>", "html", "utf-8"),
        RawPage(page + "3", b"<p>hi", "html", None),
        None,
        None,
        None,
        RawPage(page + "4c", b"<p>part", "html", "utf-8"),
    ]
    assert [(lost.page, lost.reason.split(":")[0]) for lost in found[8:]] == [
        (page + "5", "broken record"),
        (page + "6", "larger than 10,000,000 bytes"),
        (None, "broken archive"),
    ]
    assert records("b.warc.wet.gz") == [RawPage(page, "Höhe\nTide".encode(), "text", "utf-8")]


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
def test_a_record_with_a_long_header_is_read_and_takes_no_other_with_it(name: str) -> None:
    pytest.importorskip("fastwarc", reason="needs fastwarc: make setup")
    first, long, http, last = (record(f"http://{number}/", b"<p>heron") for number in range(4))
    long = long.replace(b"WARC-Date", b"WARC-Note: " + b"x" * 1_000_000 + b"\r\nWARC-Date")
    http = record("http://2/", b"<p>heron", head=f"Set-Cookie: {'x' * 100_000}\r\n")
    write_warc(Path("a.warc.gz"), [first, long, http, last])
    Path("a.warc").write_bytes(first + long + http + last)
    assert [getattr(one, "page", one) for one in records(name)] == [f"http://{number}/" for number in range(4)]
    assert all(isinstance(one, RawPage) for one in records(name))


@pytest.mark.parametrize("order", ["lf", "lf crlf lf", "crlf lf crlf", "http crlf", "crlf http lf"])
def test_a_record_whose_lines_end_with_a_line_feed_alone_is_read_as_the_others(order: str) -> None:
    pytest.importorskip("fastwarc", reason="needs fastwarc: make setup")
    ended = record("http://a/", b"<p>heron\r\ntide")
    head, http, body = ended.split(b"\r\n\r\n", 2)
    bare = head.replace(b"\r\n", b"\n")
    http_too = bare.replace(b"Length: 73", b"Length: 70") + b"\n\n" + http.replace(b"\r\n", b"\n")
    made = {
        "crlf": ended,
        "lf": bare + b"\n\n" + http + b"\r\n\r\n" + body.strip() + b"\n\n",
        "http": http_too + b"\n\n" + body.strip() + b"\n\n",
    }
    assert b"Length: 73" in bare and len(http + body.strip()) + 4 == 73
    Path("a.warc").write_bytes(b"".join(made[name] for name in order.split()))
    wanted = RawPage("http://a/", b"<p>heron\r\ntide", "html", "utf-8")
    assert records("a.warc") == [wanted] * len(order.split())


def test_an_archive_that_cannot_be_read_on_says_where() -> None:
    pytest.importorskip("fastwarc", reason="needs fastwarc: make setup")
    page = record("http://a/", b"<p>heron")
    endless = page.replace(b"WARC-Date", b"WARC-Note: " + b"x" * 20_000_000 + b"\r\nWARC-Date")
    write_warc(Path("a.warc.gz"), [page, page, endless, page])
    lost = records("a.warc.gz")[-1]
    assert isinstance(lost, Failed) and len(records("a.warc.gz")) == 3
    assert lost.reason.startswith("broken archive: nothing is read behind its first 2 records: Maximum header length")


def test_a_record_shorter_than_it_says_is_lost() -> None:
    pytest.importorskip("fastwarc", reason="needs fastwarc: make setup")
    Path("a.warc").write_bytes(record("http://a/", b"<p>a", cut=99))
    assert records("a.warc")[0] == Failed("http://a/", "broken record: shorter than its header says")


def test_json_lines_and_what_is_none() -> None:
    lines = [
        '{"html": "<p>a", "url": "http://a/"}',
        "",
        '{"html": 3, "id": 7}',
        "[]",
        "{",
        '{"text": "b"}',
        '{"body": "c"}',
    ]
    Path("a.json.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    found = records("a.json.gz")
    assert found[0] == RawPage("http://a/", "<p>a", "html") and found[4] == RawPage("4", "b", "text")
    assert [(lost.page, lost.reason) for lost in (found[1], found[2], found[5])] == [
        ("7", "no content: column html holds int"),
        ("2", "no JSON object"),
        ("5", "no content: no column html or text or content, there is body"),
    ]
    assert (found[3].page, found[3].reason[:8]) == ("3", "no JSON:")
    assert records("a.json.gz", name="body", kind="html")[5] == RawPage("5", "c", "html")


def test_parquet_is_read_by_column() -> None:
    pytest.importorskip("pyarrow", reason="needs pyarrow: make setup")
    pd.DataFrame({"url": ["u", None], "raw": [b"<p>a", None]}).to_parquet("a.parquet")
    assert records("a.parquet", name="raw", kind="html") == [
        RawPage("u", b"<p>a", "html"),
        Failed("1", "no content: column raw holds NoneType"),
    ]
    assert "no column html or text or content, there is url, raw" in records("a.parquet")[0].reason
    Path("b.parquet").write_bytes(b"no parquet")
    assert records("b.parquet")[0].page is None


def test_a_cell_of_parquet_that_python_cannot_hold_loses_its_own_row() -> None:
    arrow = pytest.importorskip("pyarrow", reason="needs pyarrow: make setup")
    from pyarrow import parquet

    def lost(values: Any, name: str = "page") -> list[Any]:
        columns = {"html": arrow.array(["<p>a", "<p>b", "<p>c"]), "id": arrow.array(["1", "2", "3"])}
        parquet.write_table(arrow.table(columns | {name: values}), "a.parquet")
        found = records("a.parquet")
        assert len(found) == 3
        return [(one.page, one.reason[:28]) for one in found if isinstance(one, Failed)]

    broken = arrow.Array.from_buffers(
        arrow.string(), 3, [None, arrow.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0"), arrow.py_buffer(b"a\xffc")]
    )
    assert lost(broken) == [("2", "column page cannot be read: ")]
    assert lost(broken, "html") == [("2", "column html cannot be read: ")]
    assert lost(arrow.array([1, 1 << 60, 3]).cast(arrow.duration("s"))) == [("2", "column page cannot be read: ")]
    assert lost(arrow.array([1, 1 << 50, 3]).cast(arrow.timestamp("s"))) == [("2", "column page cannot be read: ")]
    assert lost(arrow.array([1, 1 << 30, 3], arrow.int32()).cast(arrow.date32()))[0][0] == "2"
    assert [page for page, _ in lost(arrow.array([1, None, 3]).cast(arrow.timestamp("s", "Mars/Dune")))] == ["1", "3"]
    assert lost(arrow.array([["x"], None, []])) == []  # a list names no page


@pytest.mark.parametrize("name", ["html", "id"])
def test_a_column_of_parquet_that_stands_twice_loses_its_file_alone(name: str) -> None:
    arrow = pytest.importorskip("pyarrow", reason="needs pyarrow: make setup")
    from pyarrow import parquet

    cells = [arrow.array(["<p>a", "<p>b"])] * 3
    parquet.write_table(arrow.Table.from_arrays(cells, ["html", name, "id"]), "a.parquet")
    assert records("a.parquet") == [Failed(None, f"broken archive: column {name} stands twice")]


@pytest.mark.parametrize("error", [KeyError("a"), NotImplementedError("Integers not in cstdint"), AttributeError("b")])
def test_whatever_a_library_raises_of_an_archive_loses_it_alone(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: str, column: Column, allowance: Allowance) -> Iterator[RawPage]:
        yield RawPage("0", "heron", "text")
        raise error

    write_lines("a.jsonl", ["heron"])
    monkeypatch.setattr(records_module, "read_jsonl", broken)
    reason = f"broken archive: nothing is read behind its first 1 record: {error}"
    assert records("a.jsonl") == [RawPage("0", "heron", "text"), Failed(None, reason)]


def test_the_size_of_a_text_is_that_of_its_bytes() -> None:
    write_lines("a.jsonl", ["鷺" * 3_333_333, "鷺" * 3_333_334, "a" * 10_000_000])
    found = records("a.jsonl")
    assert [isinstance(one, Failed) for one in found] == [False, True, False]
    assert found[1] == Failed("page 1", "larger than 10,000,000 bytes")


def test_a_line_of_json_behind_much_white_space_is_lost_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records_module, "MAX_LINE", 100)
    Path("a.jsonl").write_text(" " * 101 + '{"text": "heron"}\n \n{"text": "tide"}\n')
    assert records("a.jsonl") == [Failed("0", "larger than 10,000,000 bytes"), RawPage("1", "tide", "text")]


def test_a_large_cell_of_a_dictionary_of_parquet_is_lost_in_each_row_and_never_there_twice() -> None:
    arrow = pytest.importorskip("pyarrow", reason="needs pyarrow: make setup")
    from pyarrow import parquet

    for name, values in (("a", ["x" * 12_000_000] * 64), ("b", [b"x" * 12_000_000] * 64)):
        table = arrow.table({"html": arrow.array(values).dictionary_encode(), "url": ["u"] * 64})
        parquet.write_table(table, f"{name}.parquet", compression="zstd", store_schema=name == "a")
        assert Path(f"{name}.parquet").stat().st_size < 6000
    code = """
from pyarrow import default_memory_pool
from pagesieve.predict.bulk.readers import Column, read_shard
from pagesieve.predict.bulk.shards import Shard
for name in ("a.parquet", "b.parquet"):
    found = list(read_shard(Shard("parquet", (name,), name), Column()))
    assert len(found) == 64 and {one.reason for one in found} == {
        "column html cannot be read: larger than 10,000,000 bytes"}, found[0]
print(default_memory_pool().max_memory())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stderr == "" and int(done.stdout) < 100_000_000


def test_names_and_reasons_are_as_long_as_a_line_at_most() -> None:
    lines = [json.dumps({"html": "<p>a", "url": "u" * 1_000_000}), json.dumps({"k" * 1_000_000: 1}), '{"html": 1}']
    Path("a.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    found = records("a.jsonl.gz")
    assert found[0].page == "u" * (MAX_MESSAGE - 1) + "…"
    assert len(found[1].reason) == MAX_MESSAGE and found[1].reason.startswith("no content: no column html")
    assert Failed("p" * 5000, "r" * 5000) == Failed("p" * (MAX_MESSAGE - 1) + "…", "r" * (MAX_MESSAGE - 1) + "…")
    deep = '{"html": "<p>a", "page": ' + "[" * 900 + "]" * 900 + "}"
    Path("b.jsonl").write_text(deep)
    assert records("b.jsonl") == [RawPage("0", "<p>a", "html")]
    Path("c.jsonl").write_text("\n".join(lines))
    bulk("c.jsonl")
    assert Path("out/errors.jsonl").stat().st_size < 5000
    assert {row["page"] for row in rows()} == {found[0].page}


def test_there_are_no_more_processes_than_shards(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    backend = spread_module.local_backend
    monkeypatch.setattr(spread_module, "local_backend", lambda jobs: asked.append(jobs) or backend(jobs))
    write_lines("a.jsonl", ["tide"])
    bulk("a.jsonl", jobs=100_000)
    bulk("a.jsonl", jobs=100_000)  # nothing is left to do
    assert asked == [1, 1]


def test_a_folder_is_its_archives_and_portions_of_its_pages(here: Path) -> None:
    for name in ("in/b.html", "in/sub/c.txt.gz", "in/d.jsonl", "in/style.css"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(gzip.compress(b"heron") if name.endswith("gz") else b"heron")
    Path("in/sub/e.html").write_bytes(b"x" * 10_000_001)
    Path("in/sub/f.txt.gz").write_bytes(b"no gzip")
    shards = find_shards(["in"], Path("out"))
    assert shards == [
        Shard("jsonl", ("in/d.jsonl",), PurePath("in/d.jsonl")),
        Shard("pages", ("in/b.html",), PurePath("in/pages-000000")),
        Shard("pages", ("in/sub/c.txt.gz", "in/sub/e.html", "in/sub/f.txt.gz"), PurePath("in/sub/pages-000000")),
    ]
    found = list(read_shard(shards[2], Column()))
    assert found[:2] == [
        RawPage("in/sub/c.txt.gz", b"heron", "text"),
        Failed("in/sub/e.html", "larger than 10,000,000 bytes"),
    ]
    assert found[2].page == "in/sub/f.txt.gz" and found[2].reason.startswith("cannot be read: ")


def test_names_of_output_lead_nowhere_and_are_all_different() -> None:
    found = shard_names(["../a.jsonl", "/a.jsonl", "A.jsonl", "b/../../a.jsonl"])
    assert [str(name) for name in found] == ["a.jsonl", "2-a.jsonl", "3-A.jsonl", "b/a.jsonl"]


@pytest.mark.parametrize("name", ["a.jsonl", f"{'a' * 245}%05d.jsonl"])
def test_many_names_that_are_cut_to_the_same_take_no_longer_each(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    for module in (shards_module, files):
        monkeypatch.setattr(module, "name_key", lambda path: asked.append(path) or name_key(path))
    paths = [name % number if "%" in name else name for number in range(500)]
    assert len(set(map(str, shard_names(paths)))) == len(set(map(str, files.output_names(paths)))) == 500
    assert len(asked) < 500 * 15


def test_no_output_takes_the_name_of_a_folder_of_another() -> None:
    found = shard_names(["in/c.jsonl", "in/c.jsonl.jsonl/d.jsonl", "in/e.warc", "in/e.warc.json/f.jsonl"])
    assert [str(name) for name in found] == [
        "in/2-c.jsonl", "in/c.jsonl.jsonl/d.jsonl", "in/2-e.warc", "in/e.warc.json/f.jsonl"
    ]  # fmt: skip
    for path in ("in/c.jsonl", "in/c.jsonl.jsonl/d.jsonl"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        write_lines(path, ["heron"])
    assert [report.pages for report in bulk("in")] == [1, 1]
    assert all(Path("out/blocks", f"{name}.jsonl").is_file() for name in found[:2])


def test_links_that_lead_nowhere_pipes_and_sockets_in_a_folder_are_lost_alone() -> None:
    Path("in").mkdir()
    write_lines("in/a.jsonl", ["heron"])
    Path("in/b.txt").write_text("tide")
    for name in (".#c.html", "c.jsonl"):
        Path("in", name).symlink_to("reader@nowhere.1234")
    for name in ("d.html", "d.jsonl", "d.warc", "d.parquet"):
        os.mkfifo(Path("in", name))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("in/e.html")
        reports = bulk("in")
    assert sorted(row["text"] for row in rows()) == ["heron", "tide"]
    said = {(error["page"] or error["shard"]): str(error["reason"]) for error in errors()}
    bad = (".#c.html", "c.jsonl", "d.html", "d.jsonl", "d.warc", "d.parquet", "e.html")
    assert set(said) == {f"in/{name}" for name in bad}
    assert all("No such file" in said[f"in/{name}"] for name in (".#c.html", "c.jsonl"))
    assert all("a pipe, socket or device" in said[f"in/{name}"] for name in ("d.html", "d.parquet", "e.html"))
    Path("in/.#c.html").unlink()
    assert [report.pages for report in bulk("in")] == [report.pages for report in reports]


@pytest.mark.parametrize(
    ("inputs", "said"),
    [(["none.warc"], "none.warc: No such file"), (["a.html"], "not an archive"), (["empty"], "no archive and no page"),
     (["out/a.jsonl"], "lies in --out"), (["out"], "lies in --out"), (["."], "--out out lies in the input ."),
     (["empty", "link"], "--out out lies in the input link")],
)  # fmt: skip
def test_what_is_no_input_is_said_in_a_line(inputs: list[str], said: str) -> None:
    Path("empty").mkdir()
    Path("out").mkdir()
    Path("link").symlink_to(".")
    for name in ("a.html", "out/a.jsonl", "empty/a.html" if "link" in inputs else "a.html"):
        Path(name).write_text("heron")
    with pytest.raises(Failure, match=said):
        find_shards(inputs, Path("out"))


def test_a_finished_shard_is_left_as_it_is_and_another_run_is_refused() -> None:
    write_lines("a.jsonl", ["heron", "it raises"])
    first = bulk("a.jsonl")
    before = Path("out/blocks/a.jsonl.jsonl").stat().st_mtime_ns
    write_lines("b.jsonl", ["tide"])
    again = bulk("a.jsonl", "b.jsonl")
    assert again[:1] == first and Path("out/blocks/a.jsonl.jsonl").stat().st_mtime_ns == before
    assert [row["text"] for row in rows()] == ["heron", "tide"] and len(errors()) == 1
    with pytest.raises(Failure, match='model was "none", is "other"'):
        label_shards([], Job(Path("out"), by_line), {"model": "other"}, Engine())
    write_lines("a.jsonl", ["another heron"])
    with pytest.raises(Failure, match="made of other files"):
        bulk("a.jsonl")


@pytest.mark.parametrize("other", ["a.jsonl", "a.jsonl.gz", "in/a.txt"])
def test_a_shard_that_was_replaced_by_another_of_the_same_size_is_not_taken_for_finished(other: str) -> None:
    Path("in").mkdir()
    begin, end = (json.dumps({"text": f"{word} waits"}).encode() + b"\n" for word in ("heron", "eagle"))
    filling = json.dumps({"text": "tide"}).encode() + b"\n"

    def write(first: bytes, last: bytes) -> None:
        content = first + filling * 5000 + last
        Path(other).write_bytes(gzip.compress(content, 0, mtime=0) if other.endswith(".gz") else content)

    given = "in" if other.startswith("in/") else other
    write(begin, end)
    (report,) = bulk(given)
    write(begin, end)  # a copy, of another time
    os.utime(other, (0, 0))
    assert bulk(given) == [report]
    for ends in ((end, end), (begin, begin)):
        write(*ends)
        with pytest.raises(Failure, match="was made of other files than .*; name another --out"):
            bulk(given)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), OSError("Error writing bytes")])
def test_a_full_disk_is_said_with_the_folder(
    error: OSError, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise error

    write_lines("a.jsonl", ["The heron waits."])
    model = load()
    monkeypatch.setattr(arguments, "load", lambda path, **_: model)
    monkeypatch.setattr(spread_module, "label_in_parallel", full)
    assert __main__.main(["bulk", "a.jsonl", "--out", "out", "--jobs", "1"]) == 2
    said = f"pagesieve: --out out: cannot be written ({error.strerror or error}); repeat the command to go on\n"
    assert capsys.readouterr().err == said


ERROR = {"page": "0", "reason": "it raises", "shard": "a.jsonl"}
WRONG: list[dict[str, Any]] = [
    {"pages": "1"},
    {"rows": -1},
    {"skipped": 10**4000},
    {"labels": {"article_content": "1"}},
    {"labels": {"article_content": None}},
    {"labels": {"other": 1}},
    {"lost": None},
    {"reasons": {"it raises": "1"}},
    {"reasons": ["it raises"]},
]
WRONG_ERRORS: list[Any] = [1, {"reason": "it raises"}, ERROR | {"reason": 5}, ERROR | {"page": {}}]
BROKEN = ["", "[]", "7", "null", "{", '{"shard": 1}', "[" * 100_000, "\xff", "[[1], 2]", "[[1, 2]]"]


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_report_or_run_is_said_in_a_line(content: str) -> None:
    write_lines("a.jsonl", ["heron", "it raises"])
    bulk("a.jsonl")
    report = Path("out/reports/a.jsonl.json")
    whole = json.loads(report.read_text())
    for found in (content, *(json.dumps(whole | wrong) for wrong in WRONG)):
        report.write_text(found, encoding="latin-1")
        with pytest.raises(Failure, match=r"out/reports/a.jsonl.json: not the report on a shard .*remove it"):
            bulk("a.jsonl")
    report.write_text(json.dumps(whole))
    Path("out/run.json").write_text(content, encoding="latin-1")
    with pytest.raises(Failure, match=r"(run.json: not the settings|holds rows of another run).* name another"):
        bulk("a.jsonl")


@pytest.mark.parametrize(
    "content", [*(f"{json.dumps(error)}\n" for error in WRONG_ERRORS), "", "\xff", "[" * 100_000, json.dumps(ERROR)]
)
def test_a_file_of_what_is_lost_that_holds_anything_else_is_said_in_a_line(content: str) -> None:
    write_lines("a.jsonl", ["heron", "it raises"])
    bulk("a.jsonl")
    Path("out/reports/a.jsonl.jsonl").write_text(content, encoding="latin-1")
    with pytest.raises(Failure, match=r"a.jsonl.jsonl: not what failed of a shard.*remove .*out/reports/a.jsonl.json"):
        bulk("a.jsonl")
    Path("out/reports/a.jsonl.json").unlink()
    assert [(report.pages, report.failed) for report in bulk("a.jsonl")] == [(1, 1)] and errors()[0]["page"] == "page 1"


def test_what_is_lost_is_on_the_disk_and_not_in_memory() -> None:
    Path("a.jsonl").write_text("1\n" * 100_000)
    (report,) = bulk("a.jsonl")
    assert (report.failed, report.reasons) == (100_000, {"no JSON object": 100_000})
    assert len(pickle.dumps(report)) < 1000 and Path("out/reports/a.jsonl.json").stat().st_size < 1000
    assert len(errors()) == 100_000 and errors()[-1] == ERROR | {"page": "99999", "reason": "no JSON object"}


@pytest.mark.parametrize("name", ["blocks", "reports", "blocks/in", RUNNING, "errors.jsonl", "run.json"])
def test_no_link_leads_what_is_written_out_of_the_output_folder(name: str) -> None:
    for folder in ("in", "out/blocks", "elsewhere"):
        Path(folder).mkdir(parents=True)
    write_lines("in/a.jsonl", ["heron"])
    with suppress(OSError):
        Path("out", name).rmdir()
    Path("out", name).symlink_to(Path("elsewhere").absolute() if "json" not in name else Path("elsewhere/x").absolute())
    with pytest.raises(Failure, match=rf"out/{name}: a link that leads out of .*out; remove it"):
        bulk("in")
    assert list(Path("elsewhere").iterdir()) == []
    Path("out", name).unlink()
    Path("far").mkdir()
    Path("linked").symlink_to("far")  # the output folder itself may be one
    assert [report.pages for report in bulk("in") + bulk("in", out="linked")] == [1, 1]


def test_the_report_on_another_shard_is_said_in_a_line() -> None:
    for name in ("a", "b"):
        write_lines(f"{name}.jsonl", ["heron"])
    bulk("a.jsonl", "b.jsonl")
    Path("out/reports/a.jsonl.json").write_bytes(Path("out/reports/b.jsonl.json").read_bytes())
    with pytest.raises(Failure, match=r"out/reports/a.jsonl.json: the report on another shard; remove it"):
        bulk("a.jsonl", "b.jsonl")


@pytest.mark.parametrize("name", ["run.json", "reports/a.jsonl.json", "reports/a.jsonl.jsonl"])
def test_a_pipe_in_the_output_is_said_and_not_waited_for(name: str) -> None:
    write_lines("a.jsonl", ["heron"])
    bulk("a.jsonl")
    Path("out", name).unlink()
    os.mkfifo(Path("out", name))
    with pytest.raises(OSError, match=f"a pipe, socket or device, not a file.*{name}"):
        bulk("a.jsonl")


def test_a_reason_in_the_summary_steers_no_terminal() -> None:
    report = Report("a", "0")
    list(report.count_failed([Failed("0", "\x1b[2J\ud800 bad\n: more")]))
    assert summary([report], 1).endswith("           1  failed: [2J\ufffd bad\n")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a file that is being opened
@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupted_run_that_is_repeated_has_all_rows_once(jobs: int) -> None:
    pytest.importorskip("fastwarc", reason="needs fastwarc: make setup")
    crawl(Path("in"), shards=4, records=150)
    bulk("in", out="whole")
    interrupt_when(lambda: len(list(Path("out/blocks").rglob("*.jsonl"))) >= 1)
    with pytest.raises(KeyboardInterrupt):
        bulk("in", jobs=jobs, work=slowly)
    assert 0 < len(rows()) < len(rows("whole"))
    bulk("in", jobs=jobs)
    assert rows() == rows("whole") and errors() == errors("whole")
    assert not Path("out", RUNNING).exists()


def interrupt_when(ready: Callable[[], bool]) -> None:
    def wait() -> None:
        while not ready():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=wait, daemon=True).start()


def test_two_runs_do_not_fill_one_folder() -> None:
    write_lines("a.jsonl", ["heron"] * 200)
    other = threading.Thread(target=bulk, args=("a.jsonl",), kwargs={"work": slowly})
    other.start()
    while not Path("out", RUNNING).exists():
        time.sleep(0.01)
    with pytest.raises(Failure, match="another run writes there"):
        bulk("a.jsonl")
    other.join()


def test_the_rows_are_those_of_the_model_in_both_formats() -> None:
    pytest.importorskip("pyarrow", reason="needs pyarrow: make setup")
    model, names = load(), ["seed-ferry-clock.txt", "harbour-news.html"]
    pages = pd.DataFrame({"page": names, "content": [(PAGES / name).read_bytes() for name in names]})
    blocks, articles = frame_of_blocks(pages), frame_of_articles(pages)
    assert (list(blocks), list(articles)) == (["row", *BLOCKS], list(ARTICLES))
    for page, content in zip(names, pages["content"], strict=True):
        wanted, found = model.label(content, page=page), blocks[blocks["page"] == page]
        for column in ("index", "text", "label", "confidence"):
            assert list(found[column]) == list(wanted[column])
        assert found[list(LABELS)].to_dict("records") == list(wanted["scores"])
        assert articles.set_index("page")["text"][page] == model.text(content)
    for name in names:
        Path("in", name).parent.mkdir(exist_ok=True)
        Path("in", name).write_bytes((PAGES / name).read_bytes())
    bulk("in", work=frame_of_blocks, format="parquet")
    label_shards(
        find_shards(["in"], Path("two")), Job(Path("two"), frame_of_blocks, format="jsonl"), SETTINGS, Engine()
    )
    found = pd.read_parquet("out/blocks")
    assert found["page"].unique().tolist() == ["in/harbour-news.html", "in/seed-ferry-clock.txt"]
    assert rows("two") == [{k: v for k, v in row.items() if v is not None} for row in found.to_dict("records")]


def test_a_lone_surrogate_and_an_empty_page_are_no_obstacle() -> None:
    pages = pd.DataFrame({"page": ["a\udcff", "b"], "content": ["heron \ud800 tide", ""]}, dtype=object)
    assert frame_of_blocks(pages)["text"].tolist() == ["heron \ufffd tide"]
    assert frame_of_articles(pages)["page"].tolist() == ["a\ufffd", "b"]
    assert frame_of_blocks(pages[:0]).dtypes.to_dict() == frame_of_blocks(pages).dtypes.to_dict()


def test_the_command_says_what_it_did_and_goes_on_only_with_what_it_began(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = load()
    monkeypatch.setattr(arguments, "load", lambda path, **_: model)
    Path("a.jsonl").write_text(json.dumps({"html": PAGE.format(1)}) + "\n{}\n")
    command = ["bulk", "a.jsonl", "--out", "out", "--jobs", "1"]
    assert __main__.main(command) == 1
    said = capsys.readouterr()
    assert said.err == "" and said.out.splitlines() == [
        f"1 page labelled, 1 failed, 0 records skipped, 1 shard, {said.out.split(' shard, ')[1].split()[0]} s",
        *(f"{count:12}  {label}" for label, count in zip(LABELS, (1, 0, 0, 1), strict=True)),
        "           1  failed: no content",
    ]
    for more, wanted in (
        (
            ["--what", "articles"],
            '/out holds rows of another run: what was "blocks", is "articles"; name another --out',
        ),
        (
            ["--html-column", "c", "--text-column", "d"],
            "argument --text-column: not allowed with argument --html-column",
        ),
        (["--scheduler", "tcp://localhost:1"], "--scheduler needs --engine dask"),
        (["--jobs", "0"], "argument --jobs: expected a number from 1, not '0'"),
        (["--engine", "dask", "--scheduler", "nowhere"], "--scheduler nowhere: no Dask scheduler answers there"),
    ):
        try:
            code: object = __main__.main([*command, *more])
        except SystemExit as stop:
            code = stop.code
        lines = capsys.readouterr().err.splitlines()
        assert code == 2 and len(lines) == 1 and wanted in lines[0]
    assert len(rows()) == 2


def test_an_extra_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastwarc", None)
    with pytest.raises(Failure, match=r"this needs fastwarc: pip install 'pagesieve\[warc\]'"):
        import_extra("fastwarc", "warc")


# Python imports sitecustomize as it starts, in the processes of bulk too.
HIDING = """
import os, sys

class Hiding:
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in os.environ["HIDDEN"].split():
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Hiding())
"""


@pytest.fixture
def without(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[int, str, list[str]]]:
    """Runs a command without what extras install, and without these modules: exit status, output, lines on stderr."""
    folder = tmp_path_factory.mktemp("hiding")
    (folder / "sitecustomize.py").write_text(HIDING)
    path = os.pathsep.join([str(folder), *filter(None, sys.path)])

    def run(modules: str, *words: str) -> tuple[int, str, list[str]]:
        known = os.environ | {"PYTHONPATH": path, "HIDDEN": f"pyarrow fastwarc distributed dask {modules}"}
        command = [sys.executable, "-m", "pagesieve.predict", *words]
        done = subprocess.run(command, env=known, capture_output=True, text=True, encoding="utf-8")
        return done.returncode, done.stdout, done.stderr.splitlines()

    return run


def test_bulk_needs_no_extra_for_pages_and_json_lines(without: Callable[..., Any]) -> None:
    write_lines("a.jsonl", ["The heron waits."])
    Path("in").mkdir()
    Path("in/b.html").write_text(PAGE.format(1))
    status, out, err = without("", "bulk", "a.jsonl", "in", "--out", "out", "--jobs", "1")
    assert (status, err) == (0, []) and out.startswith("2 pages labelled, 0 failed, 0 records skipped, 2 shards, ")
    assert {row["page"] for row in rows()} == {"page 0", "in/b.html"}
    said = "pagesieve: this needs pyarrow: pip install 'pagesieve[parquet]'"
    assert without("", "bulk", "a.jsonl", "--out", "new", "--format", "parquet") == (2, "", [said])


def test_without_fcntl_what_needs_none_works_and_the_rest_says_so(without: Callable[..., Any]) -> None:
    Path("in").mkdir()
    Path("in/a.txt").write_text("The heron waits.")
    assert without("fcntl", "predict", "in", "--format", "text", "--keep", ",".join(LABELS))[::2] == (0, [])
    assert without("fcntl", "explain", "in/a.txt", "--block", "0")[::2] == (0, [])
    for command in (["bulk", "in", "--out", "out"], ["review", "in"]):
        said = f"pagesieve: {command[0]} needs Linux or macOS; predict and explain work without them"
        assert without("fcntl", *command) == (2, "", [said])
    assert sorted(os.listdir()) == ["in"]


def test_a_repeated_run_says_that_all_is_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = load()
    monkeypatch.setattr(arguments, "load", lambda path, **_: model)
    write_lines("a.jsonl", ["The heron waits."])
    write_lines("b.jsonl", ["The tide comes."])
    command = ["bulk", "a.jsonl", "b.jsonl", "--out", "out", "--jobs", "1"]
    said = []
    for before in (0, 1, 2):
        if before == 1:
            Path("out/blocks/a.jsonl.jsonl").unlink()
        assert __main__.main(command) == 0
        said.append([line.rsplit(", ", 1)[0] for line in capsys.readouterr().out.splitlines()[:2]])
    summary = "2 pages labelled, 0 failed, 0 records skipped, 2 shards"
    assert said[0][0] == summary
    assert said[1:] == [["1 shard labelled before", summary], ["2 shards labelled before: all is done", summary]]


def test_a_folder_that_cannot_be_filled_names_out(monkeypatch: pytest.MonkeyPatch) -> None:
    write_lines("a.jsonl", ["heron"])
    with pytest.raises(Failure, match=r"--out .*/a.jsonl: this folder cannot be made \(File exists\)"):
        label_shards([], Job(Path("a.jsonl"), by_line), SETTINGS, Engine())
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(Failure, match="--out .*/out: this folder cannot be written"):
        bulk("a.jsonl")


@pytest.mark.slow
def test_memory_after_20_000_pages_is_that_after_2_000() -> None:
    """Resident memory of the process that reads and writes and of the one that labels, with the shipped model."""
    pages = [{"id": number, "html": PAGE.format(number)} for number in range(20_000)]
    Path("a.jsonl").write_text("\n".join(map(json.dumps, pages)))
    measured: dict[int, float] = {}
    watch = threading.Thread(target=resident, args=(measured,), daemon=True)
    watch.start()
    bulk("a.jsonl", work=partial(frame_of_blocks), format="jsonl")
    print(measured)
    early = [size for pages, size in measured.items() if 1_500 <= pages <= 2_500]
    late = [size for pages, size in measured.items() if pages >= 19_000]
    assert max(late) <= 1.1 * max(early)


def resident(measured: dict[int, float]) -> None:
    """Notes the memory of this process and its children, in MB, by the number of pages that are done."""
    while True:
        time.sleep(0.2)
        for file in Path("out", RUNNING).glob("*/pages"):
            processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
            measured[file.stat().st_size] = sum(process.memory_info().rss for process in processes) / 1e6
