"""Every charset that browsers know, by each of its labels, and pages that claim more than one."""

import codecs

import pytest

from pagesieve.predict.document.charset import decode
from pagesieve.predict.document.page import read_page

# By codec: a text that it can write and most others would read otherwise, and all labels of browsers for it.
CHARSETS = {
    "utf-8": (
        "Größe łódź 字",
        "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8",
    ),
    "cp866": (
        "Привет, мир",
        "866 cp866 csibm866 ibm866",
    ),
    "iso8859-2": (
        "łódź",
        "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2",
    ),
    "iso8859-3": (
        "ĉĝ",
        "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3",
    ),
    "iso8859-4": (
        "ķļ",
        "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4",
    ),
    "iso8859-5": (
        "Привет",
        "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988",
    ),
    "iso8859-6": (
        "مرحبا",
        "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e "
        "iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987",
    ),
    "iso8859-7": (
        "Γειά",
        "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597 iso_8859-7 "
        "iso_8859-7:1987 sun_eu_greek",
    ),
    "iso8859-8": (
        "שלום",
        "csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 iso8859-8 iso88598 iso_8859-8 "
        "iso_8859-8:1988 visual csiso88598i iso-8859-8-i logical",
    ),
    "iso8859-10": (
        "ðþķ",
        "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6",
    ),
    "iso8859-13": (
        "žš",
        "iso-8859-13 iso8859-13 iso885913",
    ),
    "iso8859-14": (
        "ŵŷ",
        "iso-8859-14 iso8859-14 iso885914",
    ),
    "iso8859-15": (
        "€œ",
        "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9",
    ),
    "iso8859-16": (
        "șț",
        "iso-8859-16",
    ),
    "koi8-r": (
        "Привет",
        "cskoi8r koi koi8 koi8-r koi8_r",
    ),
    "koi8-u": (
        "Привіт ґ",
        "koi8-ru koi8-u",
    ),
    "mac-roman": (
        "é†",
        "csmacintosh mac macintosh x-mac-roman",
    ),
    "cp874": (
        "สวัสดี",
        "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874",
    ),
    "cp1250": (
        "łódź",
        "cp1250 windows-1250 x-cp1250",
    ),
    "cp1251": (
        "Привет",
        "cp1251 windows-1251 x-cp1251",
    ),
    "cp1253": (
        "Γειά",
        "cp1253 windows-1253 x-cp1253",
    ),
    "cp1255": (
        "שלום",
        "cp1255 windows-1255 x-cp1255",
    ),
    "cp1256": (
        "مرحبا",
        "cp1256 windows-1256 x-cp1256",
    ),
    "cp1257": (
        "žš",
        "cp1257 windows-1257 x-cp1257",
    ),
    "cp1258": (
        "ơư",
        "cp1258 windows-1258 x-cp1258",
    ),
    "cp1252": (
        "€éœ",
        "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 "
        "iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252",
    ),
    "cp1254": (
        "ğış",
        "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5 "
        "windows-1254 x-cp1254",
    ),
    "mac-cyrillic": (
        "Привет",
        "x-mac-cyrillic x-mac-ukrainian",
    ),
    "gbk": (
        "你好",
        "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk",
    ),
    "gb18030": (
        "你好",
        "gb18030",
    ),
    "big5hkscs": (
        "你好",
        "big5 big5-hkscs cn-big5 csbig5 x-x-big5",
    ),
    "euc-jp": (
        "こんにちは",
        "cseucpkdfmtjapanese euc-jp x-euc-jp",
    ),
    "iso2022-jp": (
        "こんにちは",
        "csiso2022jp iso-2022-jp",
    ),
    "cp932": (
        "こんにちは",
        "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis",
    ),
    "cp949": (
        "안녕",
        "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949",
    ),
}
LABELS = [(codec, label) for codec, (_, labels) in CHARSETS.items() for label in labels.split()]
# Browsers read pages of these as nothing at all, as UTF-8 or as UTF-16: what we make of them need only be text.
OTHERS = (
    "csiso2022kr hz-gb-2312 iso-2022-cn iso-2022-cn-ext iso-2022-kr replacement unicodefffe utf-16be csunicode "
    "iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le x-user-defined"
).split()


@pytest.mark.parametrize(("codec", "label"), LABELS)
def test_every_label_of_browsers_is_read(codec: str, label: str) -> None:
    text = CHARSETS[codec][0]
    assert decode(text.encode(codec), label) == text == decode(text.encode(codec), label.upper())
    assert decode(f"<meta charset='{label}'>{{}}".encode().replace(b"{}", text.encode(codec))).endswith(text)


@pytest.mark.parametrize("label", OTHERS)
def test_labels_that_are_no_charset_of_a_page_raise_nothing(label: str) -> None:
    for content in (b"<p>x", b"\xff\x1b$A\x0e~{", b""):
        assert isinstance(decode(content, label), str)
    assert decode(f"<meta charset={label}><p>heron".encode()).endswith("<p>heron") or label in ("hz-gb-2312",)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("mark", [True, False])
def test_wide_characters_are_read_with_and_without_a_mark(codec: str, mark: bool) -> None:
    text = "<meta charset=utf-16><p>The heron of Weir Lane – été"
    content = getattr(codecs, f"BOM_{codec[:3]}{codec[4:]}".upper().replace("-", "_"))
    assert decode(content * mark + text.encode(codec)) == text
    assert read_page(content * mark + text.encode(codec)).kind == "html"


def test_a_mark_outdoes_the_header_and_the_header_the_page() -> None:
    page = "<meta charset=koi8-r><meta charset=shift_jis><p>Größe"
    assert decode(codecs.BOM_UTF8 + page.encode(), "utf-16le") == page
    assert decode(page.encode("cp1252"), "windows-1252") == page
    assert decode("<meta charset=koi8-r><meta charset=utf-8>мир".encode("koi8-r")).endswith("мир")
