"""pages -> the order to label them in: those first where the model is least sure, the sites in turn."""

from collections.abc import Sequence
from dataclasses import dataclass

from pagesieve.predict.model import Model

from ..labels.label_store import Sheet


@dataclass(frozen=True)
class Task:
    """A page in the queue: what the model says of its blocks, (label, score) by index, none where labels are blind;
    ``doubt`` is the share of its blocks that are to be expected wrong.
    """

    sheet: Sheet
    predicted: dict[int, tuple[str, float]]
    doubt: float


def queued(tasks: Sequence[Task]) -> list[Task]:
    """Return the pages, each once, in the order to label them; where none is in doubt, their
    content alone decides it.
    """
    turn: dict[str, int] = {}
    placed = []
    for task in sorted({task.sheet.id: task for task in tasks}.values(), key=lambda task: (-task.doubt, task.sheet.id)):
        turn[task.sheet.site] = turn.get(task.sheet.site, -1) + 1
        placed.append((turn[task.sheet.site], task))
    return [task for _, task in sorted(placed, key=lambda pair: pair[0])]


def task_of(sheet: Sheet, model: Model | None) -> Task:
    if model is None:
        return Task(sheet, {}, 0.0)
    scored, labels = model.labelled(sheet.content, kind=sheet.kind, charset=None, prefer="balanced")
    predicted = list(zip(labels, scored.scores.max(axis=1).tolist(), strict=True))
    worded = {block.index: predicted[block.index] for block in sheet.blocks}
    return Task(sheet, worded, sum(1 - score for _, score in worded.values()) / max(1, len(worded)))
