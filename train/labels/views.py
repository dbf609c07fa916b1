"""corpora -> labelled pages: each as HTML and as lines; hand-labelled ones also as pre-extracted lines.

Pages without hand labels are scored against their reference text, but not used for training.
"""

import csv
import hashlib
import logging
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import trafilatura
from joblib import Parallel, delayed
from resiliparse.extract.html2text import extract_plain_text

from pagesieve.predict.document.blocks import Block, segment
from pagesieve.predict.document.charset import decode
from pagesieve.predict.document.page import read_page
from pagesieve.predict.labels import CODES, LABELS

from ..corpora import CorpusPage, pages_of
from .alignment import Span, find_spans, majority, match, read_spans, running_words, words
from .folds import site_of

NONE = -1  # no label
MINE = "mine"  # page set and source of pages labelled in `pagesieve review`
OWN = "own"  # page set of labelled paragraphs, which are used for training but not scored
AUGMENTED = "augmented"  # source of views that are derived from others

HAND = 1.0  # weight of a block of a hand-labelled page
KEPT_OF = {
    "article_content": 0.98,
    "comment_form": 0.9,
    "furniture": 0.05,
    "other": 0.5,
}  # probability of a line to be kept by thinning
FURNITURE = re.compile(
    r"nav|menu|footer|header|cookie|consent|sidebar|breadcrumb|banner|modal|popup|search|login|toolbar"
)


@dataclass(frozen=True)
class View:
    """One page as one kind of input: ``html``, ``text`` (all lines) or ``pre_extracted`` (lines of an extractor).

    ``labels`` (n_blocks,) are indices into LABELS, or NONE. ``origin`` (n_blocks,) is the block of the page's HTML view
    that a line comes from, or -1. ``page_set`` is the set of hand-labelled pages that the page belongs to, or empty.
    ``maker`` is the extractor or augmentation that made the view. ``weight`` is the weight of each block in training.
    The ``language`` is known for pages that were read and for paragraphs.
    """

    page: str
    source: str
    site: str
    page_type: str
    kind: str
    blocks: list[Block]
    labels: np.ndarray
    origin: np.ndarray
    page_set: str = ""
    title: str = ""
    maker: str = ""
    reference: Counter[str] = field(default_factory=Counter)
    weight: float = 1.0
    language: str = ""

    @property
    def hand(self) -> bool:
        return bool(self.page_set)

    @property
    def of_paragraphs(self) -> bool:
        """Return whether it is a page of labelled paragraphs as they are in their file."""
        return self.page_set == OWN and not self.maker


class Annotated(NamedTuple):
    """Annotations of a page: the set in which it was read, and its labelled spans."""

    page_set: str
    spans: list[Span]


class Facts(NamedTuple):
    """Facts about a page found by readers: its site, if the address in the corpus does not tell it,
    and its language.
    """

    site: str
    language: str


UNREAD, UNKNOWN = Annotated("", []), Facts("", "")


def read_corpus(
    folder: Path, annotations: dict[str, Annotated], facts: Mapping[tuple[str, str], Facts], jobs: int
) -> tuple[list[View], int, int]:
    """Return the views of all pages of a fetched corpus, the number of annotated words, and of those found on the
    pages.

    ``facts`` are by corpus and page id.
    """
    built = Parallel(n_jobs=jobs, batch_size=8)(
        delayed(page_views)(
            page,
            source=folder.name,
            facts=facts.get((folder.name, page.id), UNKNOWN),
            annotated=annotations.get(page.id, UNREAD),
        )
        for page in pages_of(folder)
    )
    views = [view for page, _ in built for view in page]
    return views, sum(len_of(page.spans) for page in annotations.values()), sum(found for _, found in built)


def len_of(spans: Sequence[Span]) -> int:
    return sum(span.end - span.start for span in spans)


def annotation_files(folder: Path, corpus: str) -> list[Path]:
    """Return the annotation files of a corpus: ``corpus.set.csv`` for each set of its pages that was read."""
    return sorted(folder.glob(f"{corpus}.*.csv"))


def read_annotations(paths: Iterable[Path]) -> dict[str, Annotated]:
    pages: dict[str, Annotated] = {}
    for path in paths:
        for span in read_spans(path):
            pages.setdefault(span.page, Annotated(path.stem.rpartition(".")[2], [])).spans.append(span)
    return pages


def read_facts(path: Path) -> dict[tuple[str, str], Facts]:
    """Return the facts in ``data/read.csv`` by corpus and page."""
    with path.open(encoding="utf-8", newline="") as stream:
        return {(row["corpus"], row["page"]): Facts(row["site"], row["language"]) for row in csv.DictReader(stream)}


def page_views(
    page: CorpusPage, *, source: str, annotated: Annotated, facts: Facts = UNKNOWN
) -> tuple[list[View], int]:
    """Return all views of one page, and the number of its annotated words that were found."""
    read = read_page(page.html, kind="html")
    blocks = segment(read)
    running, owners = running_words(block.text for block in blocks)
    page_set, spans = annotated
    codes, found = [NONE] * len(running), find_spans(spans, running)
    for start, span in found:
        codes[start : start + span.end - span.start] = [LABELS.index(CODES[span.code])] * (span.end - span.start)
    labels = np.array(majority(owners, codes, len(blocks)), dtype=np.int8)
    whole = View(
        page.id, source, facts.site or site_of(page.url), page.page_type, "html", blocks, labels,
        np.arange(len(blocks)), page_set, read.title, reference=Counter(words(page.reference or "")), weight=HAND,
        language=facts.language,
    )  # fmt: skip
    lines = [line for block in blocks for line in lines_of(block)]
    if page_set:  # as segmented by the readers
        lines = [stretch_text(blocks, running, owners, start, span) for start, span in found]
    named = {"": ("text", lines)}
    if page_set:
        named |= {maker: ("pre_extracted", left) for maker, left in extractor_lines(page.html, whole).items()}
    views = [whole]
    for maker, (kind, texts) in named.items():
        if view := line_view(whole, running, owners, codes, kind, texts, maker):
            views.append(view)
    return views, sum(span.end - span.start for _, span in found)


def lines_of(block: Block) -> list[str]:
    return [line for line in block.text.split("\n") if line.strip()]


def stretch_text(blocks: Sequence[Block], running: list[str], owners: list[int], start: int, span: Span) -> str:
    """Return the text of a labelled span with its punctuation: whole blocks unchanged, parts cut between words."""
    end = start + span.end - span.start
    parts = []
    for index in dict.fromkeys(owners[start:end]):
        first = owners.index(index, max(0, start - 5000)) if index == owners[start] else start
        text = " ".join(blocks[index].text.split())
        begins = [found.start() for found in re.finditer(r"\w+", text.lower())]
        low = start - first if index == owners[start] else 0
        high = low + sum(owner == index for owner in owners[start:end])
        left = 0 if low == 0 else begins[low]
        right = len(text) if high == len(begins) else begins[high]
        parts.append(text[left:right].strip())
    return " ".join(parts)


def extractor_lines(content: bytes, whole: View) -> dict[str, list[str]]:
    """Return lines by extractor: of two that keep comments and teasers, and of random thinning of all lines."""
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    html = decode(content)
    by_resiliparse = extract_plain_text(html, main_content=True, list_bullets=False, alt_texts=False)
    by_trafilatura = trafilatura.extract(html, include_comments=True, favor_recall=True) or ""
    return {
        "resiliparse": [" ".join(line.split()) for line in by_resiliparse.splitlines()],
        "trafilatura": by_trafilatura.splitlines(),
        "thinning": thin_lines(whole),
    }


def seed_of(page: str) -> int:
    return int(hashlib.sha256(page.encode()).hexdigest()[:8], 16)


def thin_lines(whole: View) -> list[str]:
    """Return the page's lines without most of its furniture and half of its other debris; seeded by the page's name."""
    rng = np.random.default_rng(seed_of(whole.page))
    kept = []
    for block, label in zip(whole.blocks, whole.labels, strict=True):
        name = LABELS[label] if label >= 0 else ""
        if name not in KEPT_OF:
            name = "furniture" if FURNITURE.search(" ".join(block.ancestors[2:]).lower()) else "other"
        if rng.random() < KEPT_OF[name]:
            kept += lines_of(block)
    return kept


def line_view(
    whole: View, running: list[str], owners: list[int], codes: list[int], kind: str, texts: list[str], maker: str
) -> View | None:
    """Return lines as a view; each has the label, and the origin, of most of its words on the page."""
    lines = [text for text in texts if text.strip()]
    left, line_of = running_words(lines)
    partners = match(left, running)
    origin = np.array(majority(line_of, [owners[p] if p >= 0 else -1 for p in partners], len(lines)), dtype=int)
    if not lines and kind == "pre_extracted":
        return None
    labels = np.array(majority(line_of, [codes[p] if p >= 0 else NONE for p in partners], len(lines)), dtype=np.int8)
    return View(
        whole.page, whole.source, whole.site, whole.page_type, kind, [Block(i, t) for i, t in enumerate(lines)],
        labels, origin, whole.page_set, maker=maker, weight=whole.weight, language=whole.language,
        reference=whole.reference if kind == "text" else Counter(),
    )  # fmt: skip


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sha256_of_all(files: Sequence[Path]) -> str:
    """Return the sha256 of files and their names, since a page's name determines its site."""
    lines = [f"{sha256_of(path)} {path.name}\n" for path in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
