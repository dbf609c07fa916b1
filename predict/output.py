"""labelled blocks -> jsonl, csv, text, or a page in colours, page by page; and where they are written."""

import csv
import html
import io
import json
import os
import re
import shutil
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from typing import Any, TextIO

import pandas as pd

from .labels import COLOURS, LABELS

Block = dict[str, Any]  # a row of Model.label; path for blocks of HTML only

COLUMNS = ("page", "index", "text", "label", *LABELS, "confidence", "path")  # of csv, the scores as a column each
CSV_HEADER = ",".join(COLUMNS) + "\r\n"

SURROGATE = re.compile("[\ud800-\udfff]")
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all but tab and line feed
FORMULA = re.compile(r"[=+\-@\t\r].", re.S)  # what a spreadsheet would compute; a sign that stands alone is none

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1b1b; --quiet: #5c5c5c; --line: #d9d9d9; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181a; --ink: #e8e6e3; --quiet: #a8a8a8; --line: #3c3f42; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 0 1rem 3rem; max-width: 58rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { margin: 1.5rem 0 .25rem; font-size: 1.25rem; }
h1 + p { margin: 0; color: var(--quiet); font-size: .875rem; }
ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 0 0 1rem; padding: .5rem 0; list-style: none;
  position: sticky; top: 0; background: var(--paper); border-bottom: 1px solid var(--line); font-size: .875rem; }
li::before { content: ""; display: inline-block; width: .8em; height: .8em; margin-right: .4em;
  background: var(--colour); }
li span, .tag { color: var(--quiet); }
.block { display: grid; grid-template-columns: minmax(0, 1fr) 9rem; column-gap: 1rem; margin: .3rem 0;
  padding: .35rem .75rem; border-left: .4rem solid var(--colour); background: var(--tint); print-color-adjust: exact; }
.block:hover { outline: 2px solid var(--colour); }
.text { white-space: pre-wrap; tab-size: 4; }
.pre { font-family: ui-monospace, monospace; }
.tag { font-size: .75rem; line-height: 2; text-align: right; color: var(--ink); }
.tag b { font-weight: 600; visibility: hidden; }
.block:hover b { visibility: visible; }
@media (hover: none) { .tag b { visibility: visible; } }
@media (max-width: 40rem) {
  ul { position: static; }
  .block { display: flex; flex-direction: column-reverse; padding: .1rem .6rem .35rem; }
  .tag { text-align: left; }
}
"""


def blocks(frame: pd.DataFrame, keep: Sequence[str]) -> list[Block]:
    """The rows of ``Model.label`` whose label is kept, in plain Python types; ``path`` only where there is one."""
    kept = []
    for row in frame.to_dict("records"):
        if row["label"] in keep:
            scores = {label: float(row["scores"][label]) for label in LABELS}
            path = {"path": row["path"]} if isinstance(row["path"], str) else {}
            kept.append(
                {
                    "page": row["page"],
                    "index": int(row["index"]),
                    "text": row["text"],
                    "label": row["label"],
                    "scores": scores,
                    "confidence": float(row["confidence"]),
                }
                | path
            )
    return kept


def render(page: list[Block], *, format: str, name: str, several: bool) -> str:
    """One page in one of the formats; ``several`` if other pages stand in the same output."""
    if format == "html":
        return coloured(page, name=name)
    if format == "text":
        return text(page, name=name if several else "")
    return table(page) if format == "csv" else jsonl(page)


def encodable(text: str) -> str:
    """Text that UTF-8 can carry: a lone surrogate becomes U+FFFD."""
    return SURROGATE.sub("\ufffd", text)


def printable(text: str) -> str:
    """Text that cannot steer a terminal: encodable, without control characters other than tab and line feed."""
    return CONTROL.sub("", encodable(text))


def one_line(text: str) -> str:
    return " ".join(printable(text.replace("\r", "\n")).split())


def jsonl(page: list[Block]) -> str:
    """One JSON object a block, a line each; the only format that keeps control characters (as escapes)."""
    return "".join(encodable(json.dumps(block, ensure_ascii=False)) + "\n" for block in page)


def table(page: list[Block]) -> str:
    """Rows of comma-separated values (RFC 4180), to go below CSV_HEADER.

    Control characters are left out, and a cell that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for block in page:
        values = {**block, **block["scores"]}
        writer.writerow([cell(values.get(column, "")) for column in COLUMNS])
    return out.getvalue()


def cell(value: str | int | float) -> str:
    shown = printable(str(value))
    return f"'{shown}" if isinstance(value, str) and FORMULA.match(shown) else shown


def text(page: list[Block], *, name: str = "") -> str:
    """The blocks, separated by an empty line; below a form feed and the page's name if one is given."""
    head = f"\f{one_line(name)}\n" if name else ""
    body = "\n\n".join(printable(block["text"]) for block in page)
    return head + body + ("\n" if body else "")


def coloured(page: list[Block], *, name: str) -> str:
    """The blocks as an HTML file of its own, coloured by label, with a legend; nothing of the page becomes markup."""
    title = html.escape(one_line(name))
    counts = Counter(block["label"] for block in page)
    sure = f"<p>Article: expected F1 {page[0]['confidence']:.2f}</p>" if page else ""
    colours = "".join(f".{label} {{ --colour: {COLOURS[label]}; --tint: {COLOURS[label]}26; }}\n" for label in LABELS)
    legend = "".join(f'<li class="{label}">{label} <span>{counts[label]}</span></li>\n' for label in LABELS)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title} · pagesieve</title>
<style>{STYLE}{colours}</style>
</head>
<body>
<h1 dir="auto">{title}</h1>
{sure}
<ul>
{legend}</ul>
<main>
{"".join(map(coloured_block, page)) or "<p>No blocks.</p>"}
</main>
</body>
</html>
"""


def coloured_block(block: Block) -> str:
    label, scores = block["label"], block["scores"]
    pre = " pre" if "/pre[" in block.get("path", "") else ""
    shown = html.escape(printable(block["text"]))
    hover = " · ".join(f"{name} {scores[name]:.2f}" for name in sorted(LABELS, key=lambda name: -scores[name]))
    return (
        f'<div class="block {label}" id="block-{block["index"]}" title="{hover}">'
        f'<div class="text{pre}" lang="" dir="auto">{shown}</div>'
        f'<div class="tag">{label} <b>{scores[label]:.2f}</b></div></div>\n'
    )


def write_stream(stream: TextIO, pages: Iterable[tuple[int, str]]) -> None:
    for _, page in pages:
        stream.write(page)
        stream.flush()


def write_file(target: Path, pages: Iterable[tuple[int, str]]) -> None:
    """Write all pages to a file that appears once it is complete, or not at all; a device is written directly."""
    if target.exists() and not target.is_file():
        with target.open("w", encoding="utf-8", newline="") as stream:
            return write_stream(stream, pages)
    target = Path(os.path.realpath(target))
    with staged(target.parent) as stage, (stage / target.name).open("w", encoding="utf-8", newline="") as stream:
        write_stream(stream, pages)


def write_folder(target: Path, pages: Iterable[tuple[PurePath, str]]) -> None:
    """Write each page to a file of its own; they appear when all are complete, or none does."""
    with staged(target) as stage:
        for name, page in pages:
            file = stage / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(page, encoding="utf-8", newline="")


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A hidden folder inside ``folder``, whose files are moved out to ``folder`` at the end, or removed on an error."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=".pagesieve-", dir=folder))
    try:
        yield stage
        files = {file: folder / file.relative_to(stage) for file in stage.rglob("*") if file.is_file()}
        for target in files.values():
            if target.is_dir() or not Path(os.path.realpath(target.parent)).is_relative_to(os.path.realpath(folder)):
                raise OSError(None, "a folder, or a link that leads elsewhere, is in the way", str(target))
            target.parent.mkdir(parents=True, exist_ok=True)
        for file, target in files.items():
            file.replace(target)
        made = []
    finally:
        shutil.rmtree(stage)
        for path in made:
            with suppress(OSError):
                path.rmdir()


def mirrored(pages: Sequence[str]) -> list[PurePath]:
    """A file name for each page: its own path, as .html; none leaves the folder it is put in, or equals another.

    Two names are held equal if a file system that minds neither case nor the composition of letters takes them so.
    """
    wanted = [mirror(page) for page in pages]
    taken = {same(folder) for path in wanted for folder in path.parents}
    names = []
    for path in wanted:
        name, number = path, 1
        while same(name) in taken:
            number += 1
            name = path.with_stem(f"{path.stem}-{number}")
        taken.add(same(name))
        names.append(name)
    return names


def mirror(page: str) -> PurePath:
    path = PurePath("stdin" if page == "-" else page)
    if path.suffix.lower() == ".gz":
        path = path.with_suffix("")
    name = path.name if path.suffix.lower() == ".html" else f"{path.name}.html"
    return PurePath(*(part for part in path.parts[:-1] if part not in ("..", path.anchor)), name)


def same(path: PurePath) -> str:
    return unicodedata.normalize("NFC", str(path)).casefold()
