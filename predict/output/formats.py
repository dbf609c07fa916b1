"""labelled blocks -> jsonl, csv, text, or a page in colours, page by page: ``FORMATS`` lists what there is."""

import csv
import html
import io
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TextIO

from ..document.charset import encodable
from ..labels import COLOURS, LABELS
from ..scoring.decision import once

Block = dict[str, Any]  # one of Model.records

COLUMNS = ("page", "index", "text", "label", *LABELS, "confidence", "path")  # of csv, the scores as a column each
ENCODER = json.JSONEncoder(ensure_ascii=False)
CSV_HEADER = ",".join(COLUMNS) + "\r\n"

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all but tab and line feed
BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")  # turns the order in which what follows is shown
ESCAPED = re.compile(f"{CONTROL.pattern}|{BIDI.pattern}|[\u2028\u2029]")  # in JSON, where it leaves the value the same
# What a spreadsheet would compute, behind what it may pass over; a sign that stands alone is none.
SIGNS, UNSEEN = r"=+\-@\uff1d\uff0b\uff0d\uff20", r"\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
FORMULA = re.compile(rf"[\s{UNSEEN}]*+[{SIGNS}].|[\t\r\n].", re.S)
# The same inside a cell, which begins another one where semicolons separate cells, perhaps in quotes; but no smiley.
# What is passed over ends at the next separator, so that it is read once.
SPACE = r"[^\S\t\n]"
INNER = re.compile(rf"(?<=[;\t\n])(?=(?:{SPACE}|\")*+(?:{SPACE}|[{UNSEEN}])*+[{SIGNS}][^)])", re.S)

HEADING = re.compile(r"/h([1-6])\[")  # a step of a block's path

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1b1b; --quiet: #5c5c5c; --line: #d9d9d9; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181a; --ink: #e8e6e3; --quiet: #a8a8a8; --line: #3c3f42; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 0 1rem 3rem; max-width: 58rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { margin: 1.5rem 0 .25rem; font-size: 1.25rem; }
h1 ~ p { margin: 0; color: var(--quiet); font-size: .875rem; }
ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 0 0 1rem; padding: .5rem 0; list-style: none;
  position: sticky; top: 0; z-index: 1; background: var(--paper); border-bottom: 1px solid var(--line);
  font-size: .875rem; }
li { padding-left: .5rem; border-left: .4rem solid var(--colour); }
li label { display: flex; align-items: center; gap: .4em; cursor: pointer; }
li input { margin: 0; width: 1rem; height: 1rem; accent-color: var(--colour); }
li span { color: var(--quiet); }
:focus-visible { outline: 2px solid var(--ink); outline-offset: 2px; }
.block { display: grid; grid-template-columns: minmax(0, 1fr) 9rem; column-gap: 1rem; margin: .3rem 0;
  padding: .35rem .75rem; border-left: .4rem solid var(--colour); background: var(--tint); print-color-adjust: exact; }
.wrong { outline: 1px dashed var(--ink); }
.block:hover, .block:focus-within, .block:target { outline: 2px solid var(--colour); }
.block, .article * { scroll-margin-top: 4rem; }
.text { white-space: pre-wrap; tab-size: 4; }
.pre { font-family: ui-monospace, monospace; }
.tag { font-size: .75rem; line-height: 2; text-align: right; }
.tag a { color: inherit; text-decoration: none; }
.tag b { font-weight: 600; visibility: hidden; }
.block:hover b, .block:focus-within b { visibility: visible; }
.tag em { display: block; margin-bottom: .25rem; padding: 0 .4em; border: 2px solid var(--colour);
  background: var(--paper); font-style: normal; font-weight: 600; line-height: 1.5; }
.article { margin-top: 1.5rem; border-top: 1px solid var(--line); }
.article summary { padding: .35rem 0; font-weight: 600; cursor: pointer; }
.article :is(p, h2, h3, h4, h5, h6) { position: relative; padding-inline-start: 1.5rem; }
.article p { margin: 0 0 .75rem; line-height: 1.6; }
.article :is(h2, h3, h4, h5, h6) { margin: 1.25rem 0 .5rem; font-size: 1.0625rem; line-height: 1.3; }
.article h2 { font-size: 1.375rem; }
.article a { position: absolute; inset-inline-start: 0; width: 1.25rem; color: var(--quiet); text-decoration: none; }
.article a::before { content: "#"; font-size: 1rem; font-weight: 400; }
.article :target { background: var(--tint); }
@media (hover: none) { .tag b { visibility: visible; } }
@media (min-width: 70rem) {
  body:has(.article) { max-width: 96rem; }
  .columns:has([open]) { display: grid; grid-template-columns: minmax(0, 6fr) minmax(0, 5fr); gap: 2rem; }
  .article { align-self: start; margin: 0; border: 0; }
  .article[open] { position: sticky; top: 3.25rem; max-height: calc(100vh - 4rem); overflow: auto; }
}
@media (max-width: 40rem) {
  ul { position: static; }
  .block { display: flex; flex-direction: column-reverse; padding: .1rem .6rem .35rem; }
  .tag { text-align: left; }
}
"""
EACH_LABEL = """\
.{label} {{ --colour: {colour}; --tint: {colour}26; }}
body:has(#show-{label}:not(:checked)) .block.{label} {{ display: none; }}
"""


def printable(text: str) -> str:
    """Text that cannot steer a terminal: encodable, without control characters other than tab and line feed."""
    return CONTROL.sub("", encodable(text))


def plural(count: int, noun: str) -> str:
    """A number and what it counts: "1 page", "2,000 pages"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def one_line(text: str) -> str:
    """Text for a line of its own: printable, in the order in which it is written."""
    return " ".join(BIDI.sub("", printable(text.replace("\r", "\n"))).split())


def note(message: str) -> None:
    """Print a line on stderr for the user; one that cannot be written is lost, and ends nothing."""
    if sys.stderr is None:  # print would take stdout
        return
    try:
        print(f"pagesieve: {one_line(message)}", file=sys.stderr, flush=True)
    except OSError:
        silence(sys.stderr)


def silence(stream: TextIO) -> None:
    """Let nothing more be written to a standard stream that broke, not even what Python flushes as it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def jsonl(page: list[Block]) -> str:
    """One JSON object a block, a line each; the only format that keeps control characters (as escapes)."""
    return "".join(map(json_line, page))


def json_line(values: Mapping[Any, Any]) -> str:
    """A JSON object in a line of its own, which cannot steer a terminal."""
    line = encodable(ENCODER.encode(values))
    return ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", line) + "\n"


def table(page: list[Block]) -> str:
    """Rows of comma-separated values (RFC 4180), to go below CSV_HEADER.

    Control characters are left out, and a cell that a spreadsheet would take for a formula gets an apostrophe in front;
    so does what follows a semicolon, a tab or a break in a cell, where some spreadsheets begin another one. Texts are
    quoted, numbers are not.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    for block in page:
        values = {**block, **block["scores"]}
        writer.writerow([cell(values.get(column, "")) for column in COLUMNS])
    return out.getvalue()


def cell(value: str | int | float) -> str | int | float:
    return safe(value) if isinstance(value, str) else value


def safe(text: str) -> str:
    """Text for a cell of a table, of which no spreadsheet makes a formula."""
    shown = INNER.sub("'", printable(text))
    return f"'{shown}" if FORMULA.match(shown) else shown


def text(page: list[Block], *, name: str = "") -> str:
    """The blocks, each passage once, separated by an empty line; below a form feed and the page's name if given."""
    head = f"\f{one_line(name)}\n" if name else ""
    body = "\n\n".join(map(printable, once([block["text"] for block in page])))
    return head + body + ("\n" if body else "")


def coloured(page: list[Block], *, name: str, note: str = "") -> str:
    """The blocks as an HTML file of its own, coloured by label, with a switch for each, and the article beside them.

    A block may hold its label by hand as ``hand``: where it differs, the block says so. ``note`` stands below the name.
    Nothing of the page becomes markup.
    """
    title = html.escape(one_line(name))
    about = [note, *(f"Article: expected F1 {block['confidence']:.2f}" for block in page[:1])]
    rules = "".join(EACH_LABEL.format(label=label, colour=COLOURS[label]) for label in LABELS)
    counts = Counter(block["label"] for block in page)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title} · pagesieve</title>
<style>{STYLE}{rules}</style>
</head>
<body>
<main>
<h1 dir="auto">{title}</h1>
{"".join(f"<p>{html.escape(one_line(line))}</p>" for line in about if line)}
<ul aria-label="labels to show">
{"".join(switch(label, counts[label]) for label in LABELS)}</ul>
<div class="columns">
<div>
{"".join(map(coloured_block, page)) or "<p>No blocks.</p>"}
</div>
{article(page)}</div>
</main>
</body>
</html>
"""


def switch(label: str, count: int) -> str:
    box = f'<input type="checkbox" id="show-{label}" checked>'
    return f'<li class="{label}"><label>{box}{label} <span>{count}</span></label></li>\n'


def coloured_block(block: Block) -> str:
    label, scores, index = block["label"], block["scores"], block["index"]
    hover = " · ".join(f"{name} {scores[name]:.2f}" for name in sorted(LABELS, key=lambda name: -scores[name]))
    hand = block.get("hand") or label
    wrong = hand != label
    verdict = f'<em class="{html.escape(hand)}">by hand: {html.escape(hand)}</em>' if wrong else ""
    target = "article" if in_article(block) else "block"
    return (
        f'<div class="block {label}{" wrong" * wrong}" id="block-{index}" title="{hover}">'
        f'<div class="text{monospace(block)}" lang="" dir="auto">{escaped(block)}</div>'
        f'<div class="tag"><a href="#{target}-{index}">{label} <b>{scores[label]:.2f}</b></a>{verdict}</div></div>\n'
    )


def article(page: list[Block]) -> str:
    """The article of an HTML page as paragraphs and headings, of which the highest is h2; empty if there is none."""
    blocks = [block for block in page if in_article(block)]
    steps = [HEADING.search(block["path"]) for block in blocks]
    levels = sorted({step[1] for step in steps if step})
    shown = []
    for block, step in zip(blocks, steps, strict=True):
        tag, index = f"h{min(6, 2 + levels.index(step[1]))}" if step else "p", block["index"]
        link = f'<a href="#block-{index}" aria-label="block {index}"></a>'
        text = f'<span class="text{monospace(block)}">{escaped(block)}</span>'
        shown.append(f'<{tag} id="article-{index}" lang="" dir="auto">{link}{text}</{tag}>\n')
    if not shown:
        return ""
    return f'<details class="article article_content" open>\n<summary>Article</summary>\n{"".join(shown)}</details>\n'


def in_article(block: Block) -> bool:
    return block["label"] == "article_content" and "path" in block


def monospace(block: Block) -> str:
    return " pre" if "/pre[" in block.get("path", "") else ""


def escaped(block: Block) -> str:
    return html.escape(printable(block["text"]))


@dataclass(frozen=True)
class Format:
    """A way to write pages: what ``render`` makes of the blocks of a page and its name, ``help`` tells the user.

    ``render`` is told whether other pages stand in the same output, which begins with ``header``. ``keep`` are the
    labels to write where the user names none. Several pages have a file each where ``file_each`` says so.
    """

    help: str
    render: Callable[[list[Block], str, bool], str]
    header: str = ""
    keep: Sequence[str] = LABELS
    file_each: bool = False


FORMATS = {  # the first is the default
    "jsonl": Format(
        "one JSON object a block: page, index, text, label, scores, confidence (the F1 to be expected of the page's "
        "article as a whole), and for HTML the XPath where it begins",
        lambda page, name, several: jsonl(page),
    ),
    "csv": Format(
        "the same as a table for spreadsheets, a column for each score; control characters are left out, and what "
        "would be taken for a formula (= + - @ first in a cell, or behind a ; in it) gets an apostrophe in front",
        lambda page, name, several: table(page),
        header=CSV_HEADER,
    ),
    "text": Format(
        "the blocks, each passage once, separated by an empty line; each of several pages begins with a line of its "
        "own: a form feed and the page's name",
        lambda page, name, several: text(page, name=name if several else ""),
        keep=LABELS[:1],
    ),
    "html": Format(
        "the page's blocks, coloured by label, with a switch for each label, and beside them the article of an HTML "
        "page; several pages need -o DIR, which gets a file for each",
        lambda page, name, several: coloured(page, name=name),
        file_each=True,
    ),
}
DEFAULT = next(iter(FORMATS))
