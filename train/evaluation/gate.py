"""computed scores -> those below their floors in reports/gate.json.

The file has a part for each set of data, ``embedded`` and ``corpora``: ``data``, the digests by name of the data that
its floors hold for, and ``floors``, by name of the figure: the score ``found``, its ``margin``, and the ``floor``,
found minus margin. The margin is a quarter of the figure's 95 % interval over sites, about its standard error.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pagesieve.predict.compile import all_stages, check_pipelines
from pagesieve.predict.errors import Failure
from pagesieve.predict.model import TOLERANCE, Model, ModelError
from pagesieve.predict.scoring.stages import score

from ..fit.model_writer import CARD, reduce_size
from ..fit.stages import EVERYTHING, Learned
from ..labels.views import View, sha256_of, sha256_of_all
from . import evaluate, metrics, scored_rows, shown_pages
from .bootstrap import interval, mean

WIDTH = 4  # width of a 95 % interval in standard errors, about
Floors = dict[str, dict[str, float]]  # by name of the figure: found, margin, floor


@dataclass(frozen=True)
class Measured:
    """The figures of one set of data: ``part`` is its name in the file, ``found`` has value and margin by name."""

    part: str
    data: dict[str, str]
    found: dict[str, tuple[float, float]]


def figures_of(part: str, scores: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Return the gated figures of scores as returned by ``evaluate.all_scores``, each with its margin."""
    found = {}
    for mode, by_type in scores["word_f1"].items():
        found[f"{part}: word F1, {mode}"] = (by_type["all"]["f1"], by_type["all"]["interval"])
    for page_set, modes in {metrics.FIRST: scores["labels"], **scores["other_sets"]}.items():
        for mode, of in modes.items():
            found[f"{part}: macro-F1, {page_set}, {mode}"] = (of["macro_f1"], of["interval"])
    recalls = [np.mean(list(of.values())) for name, of in scores["languages"].items() if name != "all"]
    value, *ends = interval(np.column_stack([recalls, np.ones(len(recalls))]), mean)
    found[f"{part}: recall of lines in other languages"] = (value, ends)
    return {name: (value, (ends[1] - ends[0]) / WIDTH if ends else 0.0) for name, (value, ends) in found.items()}


def measure_embedded(views: Sequence[View], learned: Learned, model: Model, data: Path) -> Measured:
    """Measure a training on the paragraphs, out of fold by page, and the model, on our lines and pages that no model is
    trained on.
    """
    scores = {
        "word_f1": {},
        "labels": {},
        "other_sets": {
            "paragraphs": by_mode(paragraph_rows(views, learned.scores)),
            "sample pages": by_mode(sample_rows(model)),
        },
        "languages": evaluate.language_scores(data / "languages.csv", model.stages),
    }
    names = ("paragraphs.csv", "languages.csv", "annotations/pages.csv")
    digests = {name: sha256_of(data / name) for name in names}
    digests["pages"] = sha256_of_all(sorted(shown_pages.PAGES.iterdir()))
    return Measured("embedded", digests, figures_of("embedded", scores))


def paragraph_rows(views: Sequence[View], scores: Sequence[np.ndarray]) -> pd.DataFrame:
    """Return the blocks of labelled paragraphs with their labels, as whole and as pre-extracted pages."""
    return pd.concat(
        scored_rows.label_frame(view, view.kind, part)
        for view, part in zip(views, scores, strict=True)
        if view.of_paragraphs
    )


def sample_rows(model: Model) -> pd.DataFrame:
    """Return the hand-labelled blocks of the sample pages, with the model's label."""
    return pd.DataFrame(
        [
            {"mode": page["page_type"], "site": page["name"], "label": block["hand"], "predicted": block["label"]}
            for page in shown_pages.sample_pages(partial(score, model.stages))
            for block in page["blocks"]
            if "hand" in block
        ]
    )


def by_mode(rows: pd.DataFrame) -> dict[str, dict[str, Any]]:
    return {str(mode): metrics.label_scores(part) for mode, part in rows.groupby("mode")}


def corpora_scores(views: Sequence[View], learned: Learned, data: Path) -> dict[str, Any]:
    """Return the scores of a training on the corpora, out of fold by site."""
    scores = metrics.metrics(
        scored_rows.page_rows(views, learned.scores), scored_rows.label_rows(views, learned.scores)
    )
    return scores | {"languages": evaluate.language_scores(data / "languages.csv", learned.stages())}


def measure_corpora(scores: dict[str, Any], digests: dict[str, str], data: Path) -> Measured:
    digests = digests | {"languages": sha256_of(data / "languages.csv")}
    return Measured("corpora", digests, figures_of("corpora", scores))


def differing_data(
    card: dict[str, Any], digests: dict[str, str], folder: Path, *, whole: bool = False
) -> Iterator[str]:
    """Yield a line for each data set that differs from the training data in the model's card.

    With ``whole``, the data here are all that a training uses; then also for data in the card that are missing here.
    """
    learned_from = card.get("data", {})
    for name, digest in digests.items():
        if learned_from.get(name) != digest:
            yield f"{folder / CARD}: the model did not learn from {name} as it is here; run `make train`"
    for name in sorted(learned_from.keys() - digests) if whole else ():
        yield f"{folder / CARD}: the model learned from {name}, which is not here; run `make train`"


def differing_model(folder: Path, model: Model, learned: Learned) -> Iterator[str]:
    """Yield a line if the trained model differs from the folder's: by the card's smoke-test vectors, and by the scores
    of all sample pages.
    """
    pipelines = learned.pipelines[EVERYTHING]
    for pipeline in pipelines.values():
        reduce_size(pipeline)
    other = f"the data give another model than that of {folder}"
    try:
        check_pipelines(folder / CARD, pipelines, model.card)
    except ModelError as error:
        yield f"{other}: {error}"
    again = Model(all_stages(pipelines), model.card)
    for path in sorted(shown_pages.PAGES.iterdir()):
        found, wanted = (pd.DataFrame(one.label(path.read_bytes())["scores"].tolist()) for one in (again, model))
        off = (found - wanted).abs().to_numpy().max()
        if not off <= TOLERANCE:
            yield f"{other}: scores of {path} are off by {off:.2g}, expected at most {TOLERANCE:g}"


def read(path: Path) -> dict[str, Any]:
    """Return the floors of all sets of data; empty if the file does not exist."""
    try:
        parts = json.loads(path.read_text(encoding="utf-8"))
        for part in parts.values():
            numbers = [entry[name] for entry in part["floors"].values() for name in ("floor", "found")]
            if not all(isinstance(one, int | float) for one in numbers) or not isinstance(part["data"], dict):
                raise TypeError("its floors are no numbers, or its data no digests")
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Failure(f"{path}: no floors ({error!r}); get the file from the repository") from error
    return dict(parts)


def missed_floors(measured: Measured, parts: dict[str, Any]) -> Iterator[str]:
    """Yield a line for each figure below its floor or without one, and for data that the floors do not hold for."""
    if measured.part not in parts:
        yield f"{measured.part}: there are no floors; RAISE=1 writes them"
        return
    part = parts[measured.part]
    for name in sorted({*measured.data, *part["data"]}):
        here, there = (str(data.get(name, "missing"))[:12] for data in (measured.data, part["data"]))
        if here != there:
            yield f"{measured.part}: {name}: the floors are for {there}, here is {here}; RAISE=1 takes them over"
    for name in sorted({*measured.found, *part["floors"]}):
        found, floor = measured.found.get(name, (np.nan,))[0], part["floors"].get(name, {}).get("floor", np.nan)
        if not found >= floor:
            yield f"{name}: found {found:.4f}, floor {floor:.4f}"


def update_floors(measured: Measured, parts: dict[str, Any], changelog: str, *, lower: bool) -> dict[str, Any]:
    """Return the floors with those of this data raised if they rise, and with ``lower`` the missed ones lowered.

    Raises Failure if a floor would fall without ``lower``, or without a line of the changelog with its name and score.
    """
    before: Floors = parts.get(measured.part, {"floors": {}})["floors"]
    now = {}
    for name, (found, margin) in measured.found.items():
        entry = {
            "found": round(found, 6),
            "margin": round(margin, 6),
            "floor": math.floor(round((found - margin) * 1e4, 3)) / 1e4,
        }
        old = before.get(name, entry)
        now[name] = entry if entry["floor"] > old["floor"] or found < old["floor"] else old
    fell = list(lowered_floors(before, now))
    if fell and not lower:
        raise Failure(f"RAISE=1 lowers no floor, but missed is {'; '.join(fell)}: LOWER=1 does")
    if missing := [words for words in fell if not explained(words, changelog)]:
        raise Failure(f"a lower floor needs a line with its reason in CHANGELOG.md that has: {'; '.join(missing)}")
    return parts | {measured.part: {"data": measured.data, "floors": now}}


def lowered_floors(before: Floors, now: Floors) -> Iterator[str]:
    """Yield lowered and removed floors as the changelog must mention them: name and figure."""
    for name, entry in before.items():
        if name not in now:
            yield f"{name} gone"
        elif now[name]["floor"] < entry["floor"]:
            yield f"{name} {now[name]['found']:.4f}"


def explained(words: str, changelog: str) -> bool:
    return any(words in line for line in changelog.splitlines())


def summary(measured: Measured, parts: dict[str, Any]) -> str:
    """Return a line for each figure, with its floor."""
    floors = parts.get(measured.part, {"floors": {}})["floors"]
    return "\n".join(
        f"{name}: {found:.4f}, floor {floors[name]['floor']:.4f}" if name in floors else f"{name}: {found:.4f}"
        for name, (found, _) in measured.found.items()
    )
