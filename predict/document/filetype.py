"""bytes -> the type of a file that is not a page: by the first bytes of other formats, then by control characters."""

import re

from .charset import MARKS, codec_of, mark_of, wide_codec

BEGINNINGS = {
    rb"%PDF-": "a PDF",
    rb"%!PS-": "PostScript",
    rb"\{\\rtf": "a rich text file",
    rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|RIFF.{4}WEBP|BM.{4}\0\0|II\*\0|MM\0\*|\0\0[\x01\x02]\0": "an image",
    rb"ID3[\x02-\x04]|\xff[\xf2-\xfb]|OggS\0|fLaC\0|RIFF.{4}WAVE|.{4}ftypM4A": "audio",
    rb"RIFF.{4}AVI |.{4}ftyp|\x1a\x45\xdf\xa3|\0\0\x01[\xb3\xba]|FLV\x01": "a video",
    rb"PK\x03\x04.{26}mimetypeapplication/epub": "an e-book",
    rb"PK\x03\x04.{26}(?:mimetypeapplication/vnd|\[Content_Types\]|_rels/|docProps/|word/|xl/|ppt/)": "an office file",
    rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an office file",
    rb"PK(?:\x03\x04|\x05\x06)|7z\xbc\xaf\x27\x1c|Rar!\x1a\x07": "an archive of files",
    rb"\x1f\x8b\x08|BZh[1-9]1AY|\xfd7zXZ\0|\x28\xb5\x2f\xfd": "a compressed file",
    rb"\x7fELF|MZ.{1,30}\0|\xcf\xfa\xed\xfe|\xca\xfe\xba\xbe|\0asm": "an executable",
    rb"wOF[F2]\0|wOF[F2]OTTO|OTTO\0|\0\x01\0\0\0": "a font",
    rb"SQLite format 3\0|PAR1\x15": "a database",
}
FORMATS = [(re.compile(beginning, re.S), name) for beginning, name in BEGINNINGS.items()]
MARKUP = re.compile(rb"\s*<[a-zA-Z!?]")  # browsers treat this beginning as a page, whatever follows
CONTROLS = bytes({*range(32), 127} - set(b"\t\n\v\f\r\x1b"))  # ESC is part of ISO-2022-JP
START = 10_000  # bytes that are examined
MOST_CONTROLS = 0.05  # share of these; random bytes have 0.11, pages of the corpora none


def foreign_type(content: bytes, charset: str | None = None) -> str:
    """Return the type of a file ("a PDF"); empty if it may be a page, in the ``charset`` if one is given."""
    for beginning, name in FORMATS:
        if beginning.match(content):
            return name
    start = content[:START]
    if codec := MARKS.get(mark_of(content)) or codec_of(charset or "") or wide_codec(content):
        start = start.decode(codec, "replace").encode("utf-8", "replace")
    controls = len(start) - len(start.translate(None, CONTROLS))
    binary = controls > MOST_CONTROLS * len(start) and not MARKUP.match(start)
    return "binary data" if binary else ""
