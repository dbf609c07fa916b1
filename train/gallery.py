"""Scores -> the pages that the model gets most wrong, in colour: reports/gallery, built locally and never committed."""

import gzip
import html
import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from pagesieve.predict import files, output
from pagesieve.predict.blocks import Block, segment
from pagesieve.predict.decide import confidence, decide
from pagesieve.predict.labels import CODES, LABELS
from pagesieve.predict.model import bare, kind_of, name_of, score
from pagesieve.predict.page import read_page

from .align import find_spans, running_words
from .corpus import OWN, View, read_annotations

MOST = 20  # pages of a gallery
LEAST = 20  # labelled blocks that a page has, to be shown
PAGES, ANNOTATIONS = Path("data/pages"), Path("data/annotations/pages.csv")

INDEX = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>pagesieve: error gallery</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; background: light-dark(#fff, #16181a); color: light-dark(#1b1b1b, #e8e6e3); }}
a {{ color: light-dark(#0645ad, #9db8ff); }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 56rem; margin: 0 auto; padding: 1rem;
  overflow-wrap: anywhere; }}
table {{ border-collapse: collapse; }}
th, td {{ padding: .15rem .6rem; text-align: left; border-bottom: 1px solid #8886; font-weight: inherit; }}
thead th {{ font-weight: 600; }}
</style></head><body>
<main>
<h1>Error gallery</h1>
<p>Pages with the largest share of blocks that got another label than readers gave them, the worst first; none was
scored by a model that saw a page of its site. Wrong blocks are marked, and say their label by hand.</p>
<table><thead><tr><th scope="col">page</th><th scope="col">type</th><th scope="col">wrong blocks</th></tr>
</thead><tbody>
{rows}
</tbody></table>
</main>
</body></html>
"""

Shown = dict[str, Any]  # a page of the gallery: name, page_type, wrong, labelled, blocks as output.render takes them


def worst(views: Sequence[View], scores: Sequence[np.ndarray]) -> list[Shown]:
    """The hand-labelled HTML pages with the largest share of wrong blocks, the worst first, from scores out of fold."""
    pages = [
        shown(view.page, view.page_type, view.blocks, part, view.labels)
        for view, part in zip(views, scores, strict=True)
        if view.kind == "html" and view.page_set not in ("", OWN) and (view.labels >= 0).sum() >= LEAST
    ]
    return sorted(pages, key=lambda page: -page["wrong"] / page["labelled"])[:MOST]


def scored_by(pipelines: dict[str, Pipeline]) -> Callable[[Sequence[Block], str], np.ndarray]:
    """What scores blocks, with their page's title, by these pipelines, which may know text pages only."""

    def scored(blocks: Sequence[Block], title: str) -> np.ndarray:
        known = blocks if name_of(kind_of(blocks), "block") in pipelines else bare(blocks)
        return score(pipelines, known, title)

    return scored


def samples(scored: Callable[[Sequence[Block], str], np.ndarray]) -> list[Shown]:
    """The project's own pages, of which no model has learned, the worst first; ``scored`` takes blocks and title."""
    pages, annotated = [], read_annotations([ANNOTATIONS])
    for path in sorted(PAGES.iterdir()):
        page = read_page(path.read_bytes(), kind="html" if path.suffix == ".html" else "text")
        blocks = segment(page)
        running, owners = running_words(block.text for block in blocks)
        labels = np.full(len(blocks), -1)
        for start, span in find_spans(annotated[path.name].spans, running):
            labels[owners[start]] = LABELS.index(CODES[span.code])
        pages.append(shown(path.name, page.kind, blocks, scored(blocks, page.title), labels))
    return sorted(pages, key=lambda page: -page["wrong"] / page["labelled"])


def shown(name: str, page_type: str, blocks: Sequence[Block], scores: np.ndarray, labels: np.ndarray) -> Shown:
    said = decide(scores)
    sure = confidence(scores, said, [block.text for block in blocks])
    rows = [
        {
            "page": name,
            "index": block.index,
            "text": block.text,
            "label": label,
            "scores": dict(zip(LABELS, np.round(row, 4).tolist(), strict=True)),
            "confidence": round(sure, 4),
            **({"path": block.path} if block.path else {}),
            **({"hand": LABELS[hand]} if hand >= 0 else {}),
        }
        for block, label, row, hand in zip(blocks, said, scores, labels.tolist(), strict=True)
    ]
    known = [row for row in rows if "hand" in row]
    wrong = sum(row["label"] != row["hand"] for row in known)
    return {"name": name, "page_type": page_type or "no type", "wrong": wrong, "labelled": len(known), "blocks": rows}


def kept(pages: Iterable[Shown]) -> bytes:
    return json.dumps(list(pages), ensure_ascii=False).encode() + b"\n"


def read(path: Path) -> list[Shown]:
    content = path.read_bytes()
    pages: list[Shown] = json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
    return pages


def draw_gallery(folder: Path, pages: Sequence[Shown]) -> Path:
    """Writes a file for each page, and index.html with all, in place of what the folder held; returns the latter."""
    files.restore(folder)
    stage = folder.with_name(f"{files.STAGE}{folder.name}")
    shutil.rmtree(stage, ignore_errors=True)
    try:
        stage.mkdir()
        names = files.mirrored([f"{number:02}-{Path(page['name']).name}" for number, page in enumerate(pages, 1)])
        for name, page in zip(names, pages, strict=True):
            note = f"{page['page_type']}: {page['wrong']} of {page['labelled']} blocks wrong"
            (stage / name).write_text(output.coloured(page["blocks"], name=page["name"], note=note), encoding="utf-8")
        (stage / "index.html").write_text(INDEX.format(rows="\n".join(map(row, names, pages))), encoding="utf-8")
        files.replace_folder(stage, folder)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return folder / "index.html"


def row(name: PurePath, page: Shown) -> str:
    cells = f"<td>{html.escape(page['page_type'])}</td><td>{page['wrong']} of {page['labelled']}</td>"
    return f'<tr><th scope="row"><a href="{html.escape(str(name))}">{html.escape(page["name"])}</a></th>{cells}</tr>'
