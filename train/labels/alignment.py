"""blocks + references -> labels on blocks: all are matched by words, so labels survive a new segmentation."""

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from pagesieve.predict.errors import Failure
from pagesieve.predict.labels import CODES

ANCHOR = 4  # words in a row that must agree; single words are matched only between two such runs

MAX_READ = 50_000_000  # words compared in search of a page's spans, which takes seconds
MAX_SPANNED = 50_000_000  # words of all spans of a page; pages have at most a tenth of it
CALL = 8  # words that take as long as one comparison does

WORD = re.compile(r"\w+")
# Patterns of the cells in an annotation file.
CELLS = {
    "page": re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,255}"),
    "start": re.compile(r"[0-9]{1,8}"),
    "end": re.compile(r"[0-9]{1,8}"),
    "hash": re.compile(r"[0-9a-f]{12}"),
    "code": re.compile("|".join(CODES)),
    "reader": re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}"),
    "date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.+Z-]{1,30})?"),
}


def words(text: str) -> list[str]:
    return WORD.findall(text.lower())


@dataclass(frozen=True)
class Span:
    """A labelled span of a page: ``words`` start to end of its running words, identified by their hash."""

    page: str
    start: int
    end: int
    hash: str
    code: str
    reader: str
    date: str


def read_spans(path: Path) -> list[Span]:
    """Return the spans of an annotation file in order; raises Failure with file and line for an invalid row."""
    with path.open(encoding="utf-8", newline="") as stream:
        return spans_in(stream, path)


def spans_in(lines: Iterable[str], path: Path) -> list[Span]:
    """Return the spans in the lines of such a file; ``path`` is named in errors."""
    spans: list[Span] = []
    rows = csv.DictReader(lines)
    try:
        spans.extend(map(span_of, rows))
    except (csv.Error, ValueError) as error:
        line = rows.line_num + isinstance(error, csv.Error)  # raised before the line is counted
        raise Failure(f"{path}, line {line}: not a labelled span ({error})") from error
    return spans


def span_of(row: Mapping[str, str]) -> Span:
    """Return the span of a row; raises ValueError with the cell that does not match its pattern in CELLS."""
    if None in row:
        raise ValueError("too many cells")
    for column, pattern in CELLS.items():
        if not pattern.fullmatch(row.get(column) or ""):
            raise ValueError(f"{column} is {row.get(column)!r:.60}")
    span = Span(
        row["page"], int(row["start"]), int(row["end"]), *(row[name] for name in ("hash", "code", "reader", "date"))
    )
    if span.start >= span.end:
        raise ValueError(f"start {span.start} is not before end {span.end}")
    return span


def spans_of(
    page: str, running: Sequence[str], labelled: Iterable[tuple[str, str]], reader: str, date: str
) -> list[Span]:
    """Return spans for (code, text) pairs from a page with these running words.

    A text whose words are not contiguous on the page gives a span for each contiguous part.
    """
    pairs = list(labelled)
    left, origin = running_words(text for _, text in pairs)
    spans: list[Span] = []
    start = previous = -1
    owner = -1
    for index, place in [*zip(origin, match(left, running), strict=True), (-1, -1)]:
        if index == owner and place >= 0 and place == previous + 1 and start >= 0:
            previous = place
            continue
        if start >= 0:
            stretch = hash_of(running[start : previous + 1])
            spans.append(Span(page, start, previous + 1, stretch, pairs[owner][0], reader, date))
        owner, start, previous = index, place, place
    return spans


def hash_of(stretch: Sequence[str]) -> str:
    return hashlib.blake2b(" ".join(stretch).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def find_spans(spans: Iterable[Span], running: Sequence[str]) -> list[tuple[int, Span]]:
    """Return the spans found on the page, each with the index of its first word now.

    Each is searched from the position expected by the one before. After MAX_READ words of failed comparisons, further
    spans are looked up at the expected position only; after MAX_SPANNED words of spans, which must then overlap, the
    search ends.
    """
    found, shift, left, spanned = [], 0, MAX_READ, 0
    for span in spans:
        size = span.end - span.start
        spanned += min(size, len(running))
        if spanned > MAX_SPANNED:
            break
        for place in outward(span.start + shift, len(running) - size + 1):
            if hash_of(running[place : place + size]) == span.hash:
                shift = place - span.start
                found.append((place, span))
                break
            left -= size + CALL
            if left < 0:
                break
    return found


def outward(start: int, count: int) -> Iterator[int]:
    """Yield the numbers below ``count``, nearest to ``start`` first."""
    start = max(0, min(start, count - 1))
    for distance in range(count):
        for place in dict.fromkeys((start + distance, start - distance)):
            if 0 <= place < count:
                yield place


def majority(owners: Sequence[int], values: Sequence[int], count: int, none: int = -1) -> list[int]:
    """Return for each of ``count`` texts the most frequent value of its words; ``none`` if under half have a value."""
    votes: list[Counter[int]] = [Counter() for _ in range(count)]
    sizes = Counter(owners)
    for owner, value in zip(owners, values, strict=True):
        if value != none:
            votes[owner][value] += 1
    return [
        vote.most_common(1)[0][0] if vote and 2 * vote.total() >= sizes[index] else none
        for index, vote in enumerate(votes)
    ]


def running_words(texts: Iterable[str]) -> tuple[list[str], list[int]]:
    """Return the words of all texts in a row, and the index of the text of each word."""
    pairs = [(word, index) for index, text in enumerate(texts) for word in words(text)]
    return [word for word, _ in pairs], [index for _, index in pairs]


def match(left: Sequence[str], right: Sequence[str]) -> list[int]:
    """Return for each word of ``left`` the index of its match in ``right``, or -1; matches keep their order.

    Runs of ANCHOR words are matched first, longest first (difflib); single words only in the gaps between two runs. So
    a word of a menu is not matched to the same word in the article.
    """
    partner = [-1] * len(left)
    anchors = [(i, j, size + ANCHOR - 1) for i, j, size in matching_runs(shingles(left), shingles(right))]
    end_left = end_right = 0
    for i, j, size in [*anchors, (len(left), len(right), 0)]:
        overlap = max(end_left - i, end_right - j, 0)
        i, j, size = i + overlap, j + overlap, size - overlap
        gap = matching_runs(left[end_left:i], right[end_right:j])
        for a, b, n in [(end_left + a, end_right + b, n) for a, b, n in gap] + [(i, j, size)]:
            partner[a : a + n] = range(b, b + n)
        end_left, end_right = i + size, j + size
    return partner


def shingles(sequence: Sequence[str]) -> list[str]:
    return [" ".join(sequence[i : i + ANCHOR]) for i in range(len(sequence) - ANCHOR + 1)]


def matching_runs(left: Sequence[str], right: Sequence[str]) -> list[tuple[int, int, int]]:
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    return [(run.a, run.b, run.size) for run in matcher.get_matching_blocks() if run.size]
