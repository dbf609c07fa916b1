"""probabilities -> explanation: the terms and features that add up to each stage's decision for a
block, and as text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .document.blocks import kind_of
from .document.content import Content
from .document.page import Kind
from .features.context import Column
from .features.page_context import PageContext
from .features.ragged import NONE
from .features.registry import BLOCK_COLUMNS, block_terms
from .labels import LABELS
from .model import Model
from .modelfile.arrays import LaterParameters
from .output.terminal import one_line, plural
from .scoring.stages import (
    MAX_BLOCKS,
    STAGE_NAMES,
    feature_names,
    known_prefixes,
    name_of,
    score_stages,
    terms_of,
    word_terms,
)
from .scoring.tables import FirstStage

LONGEST = 100  # characters shown of the block's text and of a term


@dataclass(frozen=True)
class StageExplanation:
    """The prediction of one stage for a block: ``probabilities`` (n_labels,), and the parts that they come from.

    ``parts`` (n_parts, n_labels) has a row for each term or feature that is not 0, sorted by how far it separates the
    labels, largest first; ``names`` are theirs. The sum of ``parts`` and ``intercept`` (n_labels,) is the decision
    value, whose softmax gives the probabilities.
    """

    name: str
    probabilities: np.ndarray
    names: Sequence[str]
    parts: np.ndarray
    intercept: np.ndarray

    @property
    def label(self) -> str:
        return LABELS[int(self.probabilities.argmax())]

    @property
    def decision(self) -> np.ndarray:
        return np.asarray(self.parts.sum(axis=0) + self.intercept)


@dataclass(frozen=True)
class Explanation:
    """A block of a page with ``count`` blocks, and the prediction of each stage; the last stage decides its label."""

    index: int
    count: int
    text: str
    stages: tuple[StageExplanation, ...]


def explain(
    model: Model, content: Content, index: int, *, kind: Kind = "auto", charset: str | None = None
) -> Explanation:
    """Explain the label of a block at balanced preference; ``content`` is read as by ``Model.label``.

    Raises IndexError, with the number of blocks, if there is no such block.
    """
    blocks, known, title = model.read(content, kind=kind, charset=charset)
    if not 0 <= index < len(blocks):
        there = f"{plural(len(blocks), 'block')}, from 0" if blocks else "none"
        raise IndexError(f"no block {index}: this page has {there}")
    place, of_kind = index % MAX_BLOCKS, kind_of(known)
    page = PageContext(known[index - place : index - place + MAX_BLOCKS], title)
    stages = model.stages[of_kind]
    scores = score_stages(stages, page)
    first, second, third = STAGE_NAMES
    numbers, values = term_values(stages.first, page, block_terms(page), place)
    row = scores.second_rows[place]
    explained = (
        explain_stage(first, scores.first[place], term_names(stages.first, numbers), values,
                      stages.first.parameters.weights[:, numbers], stages.first.parameters.intercept),
        explain_later(name_of(of_kind, second), stages.second.parameters, scores.second[place], row),
        explain_later(name_of(of_kind, third), stages.third.parameters, scores.third[place],
                      np.append(row, scores.third_rows[place])),
    )  # fmt: skip
    return Explanation(index, len(blocks), blocks[index].text, explained)


def explain_later(
    name: str, parameters: LaterParameters, probabilities: np.ndarray, row: np.ndarray
) -> StageExplanation:
    """Explain a later stage for one row (n_features,) of float32, scaled in float32 as by the pipelines."""
    scaling = parameters.factor, parameters.offset, parameters.mean, parameters.deviation
    factor, offset, mean, deviation = (values.astype(np.float32) for values in scaling)
    values = (np.clip(row * factor + offset, 0, 1) - mean) / deviation
    there = np.flatnonzero(values)
    names = feature_names(name)
    weights, intercept = parameters.weights[:, there], parameters.intercept
    return explain_stage(name.split()[1], probabilities, [names[n] for n in there], values[there], weights, intercept)


def explain_stage(
    name: str, probabilities: np.ndarray, names: Sequence[str], values: np.ndarray, weights: np.ndarray,
    intercept: np.ndarray,
) -> StageExplanation:  # fmt: skip
    """Explain a stage from the ``values`` (n_parts,) and ``weights`` (n_labels, n_parts) of its linear model."""
    parts = values[:, None] * weights.T.astype(float)
    order = np.argsort(-np.ptp(parts, axis=1), kind="stable")
    return StageExplanation(name, probabilities, [names[n] for n in order], parts[order], intercept)


def term_values(
    stage: FirstStage, page: PageContext, columns: Mapping[str, Column], block: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the term numbers of one block in ascending order, and their weighted TF-IDF as
    float32; both (n_terms,).
    """
    found, counts = np.unique(word_terms(stage, [page.words[block]])[1], return_counts=True)
    parts = {"words": (found, 1 + np.log(counts.astype(np.float32)))}
    for name, terms in stage.columns.items():
        rows = []
        start = 0
        for ranges in known_prefixes(terms, columns[name]).values():
            rows += [start + ranges.of[block]] if ranges.of[block] != NONE else []
            start += len(ranges.begin)
        matrix = terms_of({name: terms}, {name: columns[name]}, len(stage.squares))
        found = np.unique(matrix[rows].indices)
        parts[name] = found, np.ones(len(found), dtype=np.float32)
    values = []
    for name, (numbers, frequencies) in parts.items():
        of_column = frequencies * stage.parameters.idf[numbers]
        norm = np.sqrt((of_column * of_column).sum(dtype=float)) or 1.0
        weight = stage.parameters.column_weights[BLOCK_COLUMNS.index(name)]
        values.append((of_column / norm).astype(np.float32) * np.float32(weight))
    return np.concatenate([numbers for numbers, _ in parts.values()]), np.concatenate(values)


def term_names(stage: FirstStage, numbers: np.ndarray) -> list[str]:
    """Return terms by number as "column: term": "words: the heron"."""
    names = []
    for column, place in stage.parameters.slices().items():
        inside = numbers[(numbers >= place.start) & (numbers < place.stop)] - place.start
        names += [f"{column}: {name}" for name in stage.parameters.columns[column].names(inside)]
    return names


def render(found: Explanation, *, page: str, top: int) -> str:
    """Render the explanation as text, with ``top`` rows for each stage and no control characters of the page."""
    last = found.stages[-1]
    lines = [
        f"{one_line(page)}, block {found.index} of {found.count}",
        shorten_line(found.text),
        f"{last.label} {last.probabilities.max():.3f}, decided by {deciding_stage(found.stages)}",
        "",
        "Rows add up to the decision value. The scores are its softmax, so only differences between labels count.",
    ]
    for one in found.stages:
        lines += ["", f"{one.name} stage: {one.label} {one.probabilities.max():.3f}", *contribution_table(one, top)]
    return "".join(f"{line}\n" for line in lines)


def deciding_stage(stages: Sequence[StageExplanation]) -> str:
    """Name the first stage from which the label stays the same, with the label before it if there was another."""
    labels = [one.label for one in stages]
    place = max((place for place in range(1, len(labels)) if labels[place] != labels[place - 1]), default=0)
    before = f", against {labels[place - 1]} before" if place else ""
    return f"the {stages[place].name} stage{before}"


def contribution_table(one: StageExplanation, top: int) -> list[str]:
    """Return a line for each of the ``top`` rows, for the sum of the others, the intercept and the decision value.

    Names follow the numbers, so that wide characters do not shift columns.
    """
    rows = [(shorten_line(name), row) for name, row in zip(one.names[:top], one.parts[:top], strict=True)]
    if others := len(one.parts) - len(rows):
        rows.append((plural(others, "other"), one.parts[top:].sum(axis=0)))
    rows += [("intercept", one.intercept), ("decision value", one.decision)]
    return ["  ".join(LABELS)] + [
        "  ".join([*(f"{value:+z{len(label)}.8f}" for label, value in zip(LABELS, row, strict=True)), name])
        for name, row in rows
    ]


def shorten_line(text: str) -> str:
    shown = one_line(text)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"
