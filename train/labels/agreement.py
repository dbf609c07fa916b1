"""two readings of the same pages -> their agreement: Cohen's kappa, and the F1 of each label."""

from pathlib import Path

from sklearn.metrics import cohen_kappa_score, f1_score

from pagesieve.predict.errors import Failure
from pagesieve.predict.labels import CODES, LABELS

from .alignment import Span, read_spans


def labels_of_both(path: Path) -> list[tuple[str, str]]:
    """Return the labels of both readers for each span in an annotation file, in order.

    Raises Failure if a page does not have two readers with the same spans.
    """
    readings: dict[str, dict[str, list[Span]]] = {}
    for span in read_spans(path):
        readings.setdefault(span.page, {}).setdefault(span.reader, []).append(span)
    pairs = []
    for page, by_reader in readings.items():
        stretches = [[(span.start, span.end, span.hash) for span in spans] for spans in by_reader.values()]
        if len(stretches) != 2 or stretches[0] != stretches[1]:
            raise Failure(f"{path}: page {page} has not the same stretches from two readers; mend or remove its rows")
        pairs += [(CODES[one.code], CODES[other.code]) for one, other in zip(*by_reader.values(), strict=True)]
    return pairs


def summary(path: Path) -> str:
    one, other = zip(*labels_of_both(path), strict=True)
    same = sum(a == b for a, b in zip(one, other, strict=True)) / len(one)
    lines = [f"{len(one)} stretches read twice: {same:.1%} the same, Cohen's kappa {cohen_kappa_score(one, other):.3f}"]
    scores = f1_score(one, other, labels=LABELS, average=None, zero_division=0)
    lines += [
        f"F1 of one reader against the other, {label}: {score:.3f}" for label, score in zip(LABELS, scores, strict=True)
    ]
    return "\n".join(lines)
