"""labelled blocks -> the page in colours, as an HTML file for the browser."""

import html
import re
from collections import Counter

from ..labels import COLOURS, LABELS
from .coloured_style import EACH_LABEL, STYLE
from .json_lines import Record
from .terminal import one_line, printable

HEADING = re.compile(r"/h([1-6])\[")  # part of a block's path


def coloured(page: list[Record], *, name: str, note: str = "") -> str:
    """Return the blocks as an HTML file, coloured by label, with a switch for each label, next to the article.

    A block with another label by hand (``hand``) is marked with it. ``note`` is shown below the name. All text of the
    page is escaped.
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


def coloured_block(block: Record) -> str:
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


def article(page: list[Record]) -> str:
    """Return the article of an HTML page as paragraphs and headings, of which the highest is h2;
    empty without article.
    """
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


def in_article(block: Record) -> bool:
    return block["label"] == "article_content" and "path" in block


def monospace(block: Record) -> str:
    return " pre" if "/pre[" in block.get("path", "") else ""


def escaped(block: Record) -> str:
    return html.escape(printable(block["text"]))
