"""Archives and labellers made for the tests of ``pagesieve bulk``; workers import this file."""

import gzip
import os
import signal
import time
from pathlib import Path

import pandas as pd

PAGE = "<html><body><nav>Menu</nav><p>Heron {} waits for the tide.</p></body></html>"


def by_line(pages: pd.DataFrame) -> pd.DataFrame:
    """Calls every line article_content, and does at the word of a page what no labeller should."""
    rows = []
    for page, content in zip(pages["page"], pages["content"], strict=True):
        text = content if isinstance(content, str) else content.decode("utf-8", "replace")
        while "never ends" in text:
            pass
        if "kills its process" in text:
            os.kill(os.getpid(), signal.SIGKILL)
        if "kills its worker" in text and not Path(text.split()[-1]).exists():
            Path(text.split()[-1]).touch()
            worker = Path(f"/proc/{os.getppid()}/stat").read_text().split()[3]  # the parent of the parent
            os.kill(int(worker), signal.SIGKILL)
        if "takes all memory" in text:
            bytearray(1 << 40)
        if "raises" in text:
            raise ValueError("no page for me")
        rows += [(page, index, line, "article_content") for index, line in enumerate(text.splitlines())]
    columns = {"page": "string", "index": "int64", "text": "string", "label": "string"}
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


def slowly(pages: pd.DataFrame) -> pd.DataFrame:
    time.sleep(0.005 * len(pages))
    return by_line(pages)


def record(
    uri: str,
    body: bytes,
    *,
    kind: str = "response",
    type: str = "text/html; charset=utf-8",
    head: str = "",
    status: str = "200 OK",
    cut: int = 0,
) -> bytes:
    """A WARC record; ``head`` are more HTTP headers, ``cut`` the bytes that it has less than it says."""
    http = f"HTTP/1.1 {status}\r\nContent-Type: {type}\r\n{head}\r\n".encode()
    content = body if kind == "conversion" else http + body
    header = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {uri}\r\nWARC-Record-ID: <urn:uuid:{uri}>\r\n"
    header += f"WARC-Date: 2026-01-01T00:00:00Z\r\nContent-Length: {len(content) + cut}\r\n\r\n"
    return header.encode() + content + b"\r\n\r\n"


def write_warc(path: Path, records: list[bytes], *, missing: int = 0) -> None:
    """Write records as a .warc.gz, a member each, without the last ``missing`` bytes."""
    content = b"".join(gzip.compress(one, 1, mtime=0) for one in records)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content[: len(content) - missing])


def crawl(folder: Path, shards: int, records: int) -> None:
    """WARC files with ``records`` records each, some of them no HTML, some broken; the last file is torn."""
    for shard in range(shards):
        made = []
        for number in range(records):
            uri = f"http://crawl.example/{shard}/{number}"
            body = PAGE.format(number).encode()
            if number % 50 == 7:
                made.append(record(uri, b"%PDF-1.7", type="application/pdf"))
            elif number % 50 == 11:
                made.append(record(uri, b"no gzip" * 9, head="Content-Encoding: gzip\r\n"))
            elif number % 50 == 13:
                made.append(record(uri, b"GET / HTTP/1.1\r\n\r\n", kind="request"))
            else:
                made.append(record(uri, body))
        write_warc(folder / f"{shard}.warc.gz", made, missing=20 * (shard == shards - 1))
