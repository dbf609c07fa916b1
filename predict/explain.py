"""scores -> why: what each pass adds up for a block, term by term and feature by feature, and that as text."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.pipeline import Pipeline

from .document.content import Content
from .document.page import Kind
from .labels import LABELS
from .model import MAX_BLOCKS, PASSES, Model, feature_names, kind_of, name_of
from .output.formats import one_line, plural

ORDINALS = ("1st", "2nd", "3rd")  # of PASSES
LONGEST = 100  # characters of the block's text, and of a term, that are shown


@dataclass(frozen=True)
class Pass:
    """What one pass says of a block: ``scores`` by label, and where they come from.

    ``parts`` has a row for each term or feature that is not 0, the one that tells the labels apart most first, and a
    column for each label; ``parts`` and ``intercept`` sum to the decision value, whose softmax are the scores.
    """

    name: str
    scores: pd.Series
    parts: pd.DataFrame
    intercept: pd.Series

    @property
    def label(self) -> str:
        return str(self.scores.idxmax())

    @property
    def decision(self) -> pd.Series:
        return self.parts.sum() + self.intercept


@dataclass(frozen=True)
class Explanation:
    """A block of a page of ``count`` blocks, and what each of PASSES says of it; the last one's label is its label."""

    index: int
    count: int
    text: str
    passes: tuple[Pass, ...]


def explain(
    model: Model, content: Content, index: int, *, kind: Kind = "auto", charset: str | None = None
) -> Explanation:
    """Why a block of a page gets its label, where nothing is preferred; ``content`` is read as ``Model.label`` does.

    Raises IndexError, with the number of blocks, if there is no such block.
    """
    blocks, known, title = model.read(content, kind=kind, charset=charset)
    if not 0 <= index < len(blocks):
        there = f"{plural(len(blocks), 'block')}, from 0" if blocks else "none"
        raise IndexError(f"no block {index}: this page has {there}")
    place = index % MAX_BLOCKS
    rows = model.rows(known[index - place : index - place + MAX_BLOCKS], title, place)
    passes = []
    for name, row in zip(PASSES, rows, strict=True):
        pipeline_name = name_of(kind_of(known), name)
        pipeline = model.pipelines[pipeline_name]
        names = column_names(pipeline) if name == "block" else feature_names(pipeline_name)
        passes.append(explain_pass(name, pipeline, row, names))
    return Explanation(index, len(blocks), blocks[index].text, tuple(passes))


def column_names(pipeline: Pipeline) -> list[str]:
    """What the terms are called that the linear model of a first pass takes, in their order."""
    return [term.replace("__", ": ", 1) for term in pipeline["terms"].get_feature_names_out()]


def explain_pass(name: str, pipeline: Pipeline, row: np.ndarray, names: Sequence[str]) -> Pass:
    """What a pass makes of one row (1, columns) of what it sees; ``names`` are those of its linear model's columns."""
    linear = pipeline["linear"]
    values = csr_matrix(pipeline[:-1].transform(row))
    parts = values.data[:, None] * linear.coef_[:, values.indices].T.astype(float)
    order = np.argsort(-np.ptp(parts, axis=1), kind="stable")
    return Pass(
        name,
        pd.Series(pipeline.predict_proba(row)[0], LABELS),
        pd.DataFrame(parts[order], [names[place] for place in values.indices[order]], LABELS),
        pd.Series(linear.intercept_, LABELS, dtype=float),
    )


def render(found: Explanation, *, page: str, top: int) -> str:
    """The explanation as text, with the ``top`` rows of each pass; nothing of the page reaches the terminal raw."""
    last = found.passes[-1]
    lines = [
        f"{one_line(page)}, block {found.index} of {found.count}",
        shortened(found.text),
        f"{last.label} {last.scores[last.label]:.3f}, decided by the {deciding(found.passes)}",
        "",
        "Rows add up to the decision value. The scores are its softmax, so only differences between labels count.",
    ]
    for ordinal, one in zip(ORDINALS, found.passes, strict=True):
        lines += ["", f"{ordinal} pass ({one.name}): {one.label} {one.scores[one.label]:.3f}", *table(one, top)]
    return "".join(f"{line}\n" for line in lines)


def deciding(passes: Sequence[Pass]) -> str:
    """The pass from which on the label stays the same."""
    labels = [one.label for one in passes]
    place = max((place for place in range(1, len(labels)) if labels[place] != labels[place - 1]), default=0)
    before = f", against {labels[place - 1]} before" if place else ""
    return f"{ORDINALS[place]} pass ({passes[place].name}){before}"


def table(one: Pass, top: int) -> list[str]:
    """A line for each of the ``top`` rows, for the sum of the others, the intercept and the decision value.

    The names stand behind the numbers, so that wide characters move nothing.
    """
    rows = [(shortened(str(name)), row) for name, row in one.parts[:top].iterrows()]
    if others := len(one.parts) - len(rows):
        rows.append((plural(others, "other"), one.parts[top:].sum()))
    rows += [("intercept", one.intercept), ("decision value", one.decision)]
    return ["  ".join(LABELS)] + [
        "  ".join([*(f"{row[label]:+z{len(label)}.8f}" for label in LABELS), name]) for name, row in rows
    ]


def shortened(text: str) -> str:
    shown = one_line(text)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"
