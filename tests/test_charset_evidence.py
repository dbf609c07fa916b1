"""The charset of a page by its bytes: pages that lie, that are broken, and that declare nothing."""

import csv
import encodings
import gzip
import re
import tarfile
import time
from collections.abc import Iterator
from itertools import groupby, islice
from pathlib import Path

import pytest

from pagesieve.predict.document.blocks import segment
from pagesieve.predict.document.charset import decode, detect
from pagesieve.predict.document.page import read_page

PARAGRAPHS = Path(__file__).parents[1] / "data" / "paragraphs.csv"
LANGUAGES = {
    "gb18030": "zh",
    "big5hkscs": "zh",
    "cp932": "ja",
    "euc_jp": "ja",
    "cp949": "ko",
    "cp1250": "cs hu pl ro",
    "cp1251": "bg ru uk",
    "cp1252": "de en es fr it nl pt",
    "cp1256": "ar fa",
}
LABELS = {"big5hkscs": "big5", "cp949": "euc-kr", "euc_jp": "euc-jp"} | {
    f"cp125{n}": f"windows-125{n}" for n in range(9)
}
# By charset: signs that only pages have which it can write.
SIGNS = {
    "gb18030": "[\u4e00-\u9fff]",
    "big5hkscs": "[\u4e00-\u9fff]",
    "cp932": "[\u3040-\u30ff]",
    "euc_jp": "[\u3040-\u30ff]",
    "cp949": "[\uac00-\ud7a3]",
    "cp1250": "[ąćęłńśźżěščřžůőű]",
    "cp1251": "[\u0410-\u044f]",
    "cp1252": "[äöüßéèêçñãõåøæ]",
    "cp1256": "[\u0620-\u064a]",
}
DECLARATION = re.compile(r"<meta[^>]*charset[^>]*>|<\?xml[^>]*\?>", re.I)
MENU = '<li class="menu-item"><a href="/section/page">section</a></li>\n' * 10
SENTENCE = "Größe und Höhe der Brücke überraschten die Gäste. "


def written(text: str, codec: str, declared: bool) -> bytes:
    meta = f"<meta charset={LABELS.get(codec, codec)}>" if declared else ""
    return (meta + text).encode(codec, "xmlcharrefreplace")


def share_writable(text: str, codec: str) -> float:
    signs = "".join(sign for sign in text if not sign.isascii())
    return len(signs.encode(codec, "ignore").decode(codec)) / max(1, len(signs))


def right(pages: list[tuple[str, bytes]]) -> float:
    """The share of pages that are read by the codec beside them."""
    return sum(decode(page) == page.decode(codec, "replace") for codec, page in pages) / len(pages)


@pytest.mark.parametrize("label", ["gb2312", "iso-8859-1", "shift_jis", "windows-1251"])
def test_valid_utf8_is_utf8_whatever_the_page_says(label: str) -> None:
    page = f"<meta charset={label}><p>{SENTENCE}"
    assert decode(page.encode()) == page
    assert [block.text for block in segment(read_page(page.encode()))] == [SENTENCE.strip()]


@pytest.mark.parametrize("head", ["", "<meta charset=utf-8>", "<meta charset=iso-8859-1>"])
def test_a_bad_byte_or_a_cut_costs_one_character_of_a_utf8_page(head: str) -> None:
    page = head + f"<p>{SENTENCE * 5}"
    content = page.encode()
    start = content.index("ö".encode())
    assert decode(content[: start + 1] + content[start + 2 :]) == page.replace("ö", "\ufffd", 1)
    assert decode(content[:start] + b"\xfc" + content[start:]) == page.replace("ö", "\ufffdö", 1)
    assert decode(f"{head}<p>Höhe, Brücke".encode()[:-4]) == f"{head}<p>Höhe, Br\ufffd"


def test_what_a_page_declares_counts_where_its_bytes_fit() -> None:
    page = "<meta charset=koi8-r><p>Привет"
    assert decode(page.encode("koi8-r")) == page
    assert decode("<!-- <meta charset=koi8-r> --><meta charset=iso-8859-2><p>łódź".encode("iso8859-2"))[-4:] == "łódź"
    assert decode("<?xml version='1.0' encoding='windows-1251'?><p>мир".encode("cp1251")).endswith("мир")
    assert decode(b"<meta charset=utf-8><p>" + (SENTENCE * 20).encode("cp1252")).endswith(SENTENCE)
    broken = "<meta charset=gb2312><p>中文内容".encode("gb18030") + b"\xff" + "测试".encode("gb18030")
    assert decode(broken).replace("\ufffd", "") == "<meta charset=gb2312><p>中文内容测试"


def test_the_caller_is_believed_against_the_bytes() -> None:
    assert decode("<p>é".encode(), "windows-1252") == "<p>Ã©"


@pytest.mark.parametrize("declared", [False, True])
def test_pages_of_two_kilobytes_are_told_from_each_other(declared: bool) -> None:
    with PARAGRAPHS.open(encoding="utf-8") as file:
        of = {language: [row["text"] for row in rows] for language, rows in groupby(
            sorted(csv.DictReader(file), key=lambda row: row["language"]), key=lambda row: row["language"]
        )}  # fmt: skip
    pages = []
    for codec, languages in LANGUAGES.items():
        for language in languages.split():
            texts = [text for text in of[language] if share_writable(text, codec) > 0.9][:60]
            body = "".join(f'<div class="text"><p>{text}</p></div>\n' for text in texts)
            lines = body.splitlines(keepends=True)
            for start in range(0, len(lines), 20):
                page = written(f"<html><body>\n{MENU}{''.join(lines[start : start + 20])}{MENU}", codec, declared)
                if len(page) >= 2000 and not page.isascii():
                    pages.append((codec, page))
    assert len(pages) > 50 and {codec for codec, _ in pages} == set(LANGUAGES)
    assert right(pages) == 1


def test_a_broken_character_does_not_hide_an_undeclared_charset() -> None:
    text = "".join(f"<p>今日は天気がいいので、川まで歩いて鷺を見に行きました。{number}</p>\n" for number in range(60))
    for codec in ("shift_jis", "euc_jp"):
        content = text.encode(codec)
        cut = content.index("鷺".encode(codec)) + 1
        assert decode(content[:cut] + content[cut + 1 :]).count("川まで歩いて") == 60


def test_detection_is_linear_in_the_size_of_the_page() -> None:
    page = (MENU + "<p>Съешь ещё этих мягких булок</p>\n").encode("cp1251")
    long = page * (1_000_000 // len(page))
    start = time.process_time()
    assert detect(long) == "cp1251"
    assert detect(b"\xe9<" * 500_000) and detect(b"<meta charset " * 70_000 + b"\xe9")
    assert time.process_time() - start < 1


@pytest.mark.parametrize(("begin", "name"), [(b"<meta ", b"charset="), (b"<?xml ", b"encoding=")])
def test_a_declaration_that_names_nothing_is_read_once(begin: bytes, name: bytes) -> None:
    page = begin * 200 + name + b" " * 2000 + b";\xe9>"
    start = time.process_time()
    assert decode(page).endswith("é>")
    assert time.process_time() - start < 1


def test_labels_of_charsets_are_not_kept_for_the_next_pages() -> None:
    decode(b"<meta charset=latin-1>\xe9")
    before = len(encodings._cache)
    for number in range(200):
        decode(b"<meta charset=heron-%d>\xe9<meta charset=latin%s1>" % (number, b"-" * number))
    assert len(encodings._cache) <= before + 10


def archived(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The pages of all archives: name and content."""
    for archive in sorted(folder.glob("*.tar.gz")):
        with tarfile.open(archive) as tar:
            for member in tar:
                file = tar.extractfile(member) if ".html" in member.name else None
                if file:
                    content = file.read()
                    name = f"{archive.name}/{member.name}"
                    yield name, gzip.decompress(content) if member.name.endswith(".gz") else content


def true_codec(name: str) -> str:
    """The codec of a page of the corpora that is not valid UTF-8."""
    known = {
        "zh-content": "gb18030",
        "xinhuanet": "gb18030",
        "rp.pl": "cp1250",
        "Ziemniaki": "iso8859-2",
        "rinderleber": "utf-8",
        "wildvogel": "utf-8",
    }
    return next((codec for part, codec in known.items() if part in name), "cp1252")


@pytest.mark.slow
def test_pages_of_the_corpora_as_they_are_and_written_anew(corpora: Path) -> None:
    others: list[tuple[str, bytes]] = []
    anew: dict[str, list[str]] = {codec: [] for codec in LANGUAGES}
    for name, content in archived(corpora):
        try:
            text = content.decode()
        except UnicodeDecodeError:
            others.append((true_codec(name), content))
            continue
        for codec, texts in anew.items():
            signs = islice(re.finditer(SIGNS[codec], text), 100)
            if len(texts) < 15 and sum(1 for _ in signs) == 100 and share_writable(text, codec) > 0.9:
                texts.append(DECLARATION.sub("", text))
    pages = [
        (codec, written(text, codec, declared))
        for codec, texts in anew.items()
        for text in texts
        for declared in (False, True)
    ]
    assert len(others) == 44 and len(pages) >= 200 and all(anew.values())
    assert right(others) >= 0.97 and right(pages) >= 0.97
