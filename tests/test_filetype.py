"""What is no page is said to be none; MHTML is read; HTML that is read as text gets a note."""

import gzip
import io
import json
import random
import time
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from pagesieve.predict import __main__, load
from pagesieve.predict.bulk.labelling import Report
from pagesieve.predict.document.blocks import segment
from pagesieve.predict.document.filetype import foreign_type
from pagesieve.predict.document.mhtml import html_part, is_mhtml
from pagesieve.predict.document.page import NotAPage, PageWarning, read_page
from pagesieve.predict.labels import LABELS


def zipped(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, "application/epub+zip" if name == "mimetype" else "<x/>")
    return packed.getvalue()


FOREIGN = {
    "a PDF": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n",
    "an image": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "audio": b"ID3\x04\0\0\0\0\0#TSSE",
    "a video": b"\0\0\0 ftypisom\0\0\2\0",
    "an office file": zipped("[Content_Types].xml", "word/document.xml"),
    "an e-book": zipped("mimetype"),
    "an archive of files": zipped("page.html"),
    "a compressed file": gzip.compress(b"<p>heron", mtime=0),
    "an executable": b"\x7fELF\2\1\1\0",
    "a font": b"wOF2OTTO\0\0",
    "a database": b"SQLite format 3\0\x10\0",
    "a rich text file": rb"{\rtf1\ansi heron}",
    "binary data": random.Random(16).randbytes(5000),
}
MHTML = """From: <Saved by a browser>\r
Subject: Heron\r
MIME-Version: 1.0\r
Content-Type: multipart/related;\r
\ttype="text/html";\r
\tboundary="--part--"\r
\r
----part--\r
Content-Type: text/html{charset}\r
Content-Transfer-Encoding: {encoding}\r
\r
{body}\r
----part--\r
Content-Type: image/png\r
Content-Transfer-Encoding: base64\r
\r
iVBORw0KGgo=\r
----part----\r
"""
QUOTED = MHTML.format(charset="", encoding="quoted-printable", body="<p>Gr=C3=B6=C3=9Fe der =\r\nBr=C3=BCcke")
BASE64 = MHTML.format(charset="; charset=windows-1251", encoding="base64", body="PHA+z/Do4uXy")


@pytest.mark.parametrize(("name", "content"), FOREIGN.items())
def test_another_kind_of_file_is_named_and_raises_in_python(name: str, content: bytes) -> None:
    assert foreign_type(content) == name
    with pytest.raises(NotAPage, match=f"^looks like {name}, not like a page$"):
        read_page(content, kind="html")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MZ is a code. BM and II* are, too, and ID3, OTTO, PK and RIFF.",
        b"<p>heron" + b"\0" * 5000,
        "鷺は川で潮を待つ。".encode("iso2022-jp"),
        "\ufeff鷺は川で潮を待つ。".encode("utf-16-le"),
        "Größe der Brücke".encode("utf-16-be"),
        b"tide\x0c\x07heron " * 3 + b"x" * 60,
    ],
)
def test_what_may_be_a_page_is_one(content: bytes) -> None:
    assert foreign_type(content) == ""


def test_text_in_a_charset_of_two_bytes_is_a_page_where_the_caller_names_it() -> None:
    text = "一丁丂七丄丅丆万丈三上下" * 20  # half of their bytes are control characters
    assert foreign_type(text.encode("utf-16-le")) == "binary data"
    assert segment(read_page(text.encode("utf-16-le"), charset="utf-16le"))[0].text == text


def test_the_model_raises_a_value_error_for_a_pdf() -> None:
    with pytest.raises(ValueError, match="looks like a PDF"):
        load().label(FOREIGN["a PDF"])


@pytest.mark.parametrize(("content", "text"), [(QUOTED, "Größe der Brücke"), (BASE64, "Привет")])
def test_the_html_part_of_mhtml_is_read_in_its_charset(content: str, text: str) -> None:
    page = read_page(content.encode())
    assert page.kind == "html" and [block.text for block in segment(page)] == [text]
    assert [block.text for block in segment(read_page(content.encode(), kind="text"))][0].startswith("From:")


def test_mhtml_without_html_and_an_email_in_a_text_are_told_apart() -> None:
    with pytest.raises(NotAPage, match="MHTML without an HTML part"):
        read_page(QUOTED.replace("text/html\r", "text/css\r").encode())
    assert not is_mhtml(b"Subject: heron\nContent-Type: text/html\n\n<p>tide")
    assert not is_mhtml(b"The heron waits.\nMIME-Version: 1.0\nContent-Type: text/html\n\n")


def test_mhtml_takes_time_in_proportion_to_its_size() -> None:
    header = b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=a\n\n"
    nested = b"".join(b"--%d\nContent-Type: multipart/mixed; boundary=%d\n\n" % (n, n + 1) for n in range(20_000))
    hidden = nested.replace(b"multipart", b"\x1cmultipart")
    long = header + b"--a\nContent-Type: text/html; " + b'a="";' * 200_000 + b"\n\n<p>heron"
    flat = header + b"--a\nContent-Type: image/png\n\nx\n" * 20_000 + b"--a\nContent-Type: text/html\n\n<p>heron"
    start = time.process_time()
    for content in (header + nested, header + nested.replace(b"\n", b"\r"), header + hidden, long):
        with pytest.raises(ValueError, match="too many nested parts, or too long a header"):
            html_part(content)
    assert html_part(flat) == (b"<p>heron", None)
    assert time.process_time() - start < 3


def test_mhtml_with_a_charset_that_cannot_be_read_is_read_without_it() -> None:
    page = b"MIME-Version: 1.0\nContent-Type: text/html; charset*=heron'en'utf-8\n\n<p>heron"
    assert html_part(page) == (b"<p>heron", "utf-8")
    assert html_part(page.replace(b"heron'", b"a%00b'")) == (b"<p>heron", None)
    assert html_part(page.replace(b"charset*", b"charset*0=a; charset*")) == (b"<p>heron", None)


@pytest.mark.parametrize("boundary", ["boundary*=a; boundary*0=b", "boundary*=a%00b''c", "boundary*=undefined''%e9"])
def test_mhtml_with_a_boundary_that_cannot_be_read_is_no_page(boundary: str) -> None:
    page = f"MIME-Version: 1.0\nContent-Type: multipart/related; {boundary}\n\n--b\nContent-Type: text/html\n\n<p>heron"
    with pytest.raises(NotAPage, match="MHTML with a header that cannot be read"):
        read_page(page.encode())


def test_html_that_is_read_as_text_is_noted() -> None:
    with pytest.warns(PageWarning, match="looks like HTML, read as text: --input html"):
        page = read_page("<!doctype html><p>heron", kind="text")
    assert page.lines == ("<!doctype html><p>heron",)
    assert read_page("<heron> tide? <body> is an element", kind="text").kind == "text"


def run(*args: str) -> int:
    return __main__.main(["predict", *args])


def test_on_the_command_line_a_named_file_ends_the_run_and_one_of_a_folder_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (site := tmp_path / "site").mkdir()
    (site / "a.html").write_bytes(FOREIGN["a PDF"])
    (site / "b.mhtml").write_text(QUOTED, newline="")
    (site / "c.mht").write_text(QUOTED.replace("text/html\r", "text/css\r"), newline="")
    (site / "d.txt").write_text("<html><p>heron")
    assert run("site/b.mhtml", "site/a.html") == 2
    assert capsys.readouterr() == (
        "",
        "pagesieve: site/a.html: looks like a PDF, not like a page; name HTML, MHTML or plain text\n",
    )
    assert run("site/c.mht") == 2
    assert capsys.readouterr() == ("", "pagesieve: site/c.mht: MHTML without an HTML part\n")
    assert run("site") == 1
    said = capsys.readouterr()
    assert [json.loads(line)["page"] for line in said.out.splitlines()] == ["site/b.mhtml", "site/d.txt"]
    assert [line.partition(";")[0] for line in said.err.splitlines()] == [
        "pagesieve: site/a.html: looks like a PDF, not like a page",
        "pagesieve: site/c.mht: MHTML without an HTML part (skipped)",
        "pagesieve: site/d.txt: looks like HTML, read as text: --input html",
        "pagesieve: skipped 2 of 4 pages, which could not be read",
    ]


def test_pages_without_an_article_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.html").write_text("<img src=heron.png>")
    (tmp_path / "b.html").write_text("")
    assert run("a.html", "b.html") == 0
    assert capsys.readouterr().err.splitlines()[-1] == "pagesieve: 2 of 2 pages without an article"


def test_in_bulk_files_of_another_kind_are_lost_and_pages_without_an_article_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.html").write_bytes(FOREIGN["an image"])
    (tmp_path / "in" / "b.mht").write_text(QUOTED, newline="")
    (tmp_path / "in" / "c.html").write_text("<img src=heron.png>")
    (tmp_path / "in" / "d.jsonl").write_text(json.dumps({"text": "<html><body><p>heron"}) + "\n")
    assert __main__.main("bulk in --out out --what articles --jobs 1 --format jsonl".split()) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("3 pages labelled, 1 failed")
    lines = [line for path in Path("out/articles").rglob("*.jsonl") for line in path.read_text().splitlines()]
    articles = [json.loads(line)["text"] for line in lines]
    assert articles.count("") >= 1
    assert f"{articles.count(''):>12,}  pages without an article" in said
    assert "           1  pages that look like HTML, read as text: --html-column" in said
    (error,) = [json.loads(line) for line in Path("out", "errors.jsonl").read_text().splitlines()]
    assert error["page"] == "in/a.html" and error["reason"] == "not a page: looks like an image"
    mhtml, image = map(json.loads, Path("out", "articles", "in", "pages-000000.jsonl").read_text().splitlines())
    assert mhtml["page"] == "in/b.mht" and image == {"page": "in/c.html", "text": "", "confidence": 0}


def test_pages_with_an_article_are_counted_in_rows_of_blocks() -> None:
    rows = pd.DataFrame({"index": [0, 1, 0, 0, 1], "label": [LABELS[0], LABELS[0], LABELS[3], LABELS[3], LABELS[0]]})
    report = Report("a", "b")
    report.count(rows, pages=4)  # the fourth has no block
    assert (report.pages, report.rows, report.empty) == (4, 5, 2)
