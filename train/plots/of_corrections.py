"""reports/changed.json -> plot of the effect of corrections: on their pages, on other data, and on terms."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pagesieve.predict.labels import COLOURS, LABELS

from ..style import INK
from .of_model import drawable
from .reports import Reports

BEFORE, AFTER = "#7f7f7f", "#0072b2"
MOVES = "blocks that changed their label"
SETS = {"corrected": "learned from, scored left out", "test": "labelled blind, never learned from"}
APART = {
    "page": "Few sites: each page was left out alone, with its neighbours of the site learned from.",
    "site": "Each site was left out as a whole.",
}


def changed_rows(changed: dict) -> pd.DataFrame:
    """Return a row a score, before and after: share of right blocks of each page, and macro-F1 of each set; then
    elsewhere; then how many blocks went from one label to another.
    """
    rows = [
        (f"{of['set']}: {of['page']}", "right blocks", 1 - of["wrong_before"] / of["blocks"],
         1 - of["wrong_after"] / of["blocks"], of["blocks"], of["changed"])
        for of in changed["pages"]
    ]  # fmt: skip
    for name, of in changed["sets"].items():
        if of:
            moved = sum(count for _, _, count in of["moves"])
            rows.append((f"{name}: all", "macro-F1", *of["macro_f1"].values(), of["blocks"], moved))
    rows += [(of["score"], "elsewhere", of["before"], of["after"], pd.NA, pd.NA) for of in changed["elsewhere"]]
    rows += [
        (f"{name}: {before} → {after}", MOVES, pd.NA, pd.NA, pd.NA, count)
        for name, of in changed["sets"].items()
        for before, after, count in of.get("moves", ())
    ]
    return pd.DataFrame(rows, columns=["name", "score", "before", "after", "blocks", "changed"])


def draw_pairs(axis: Axes, rows: pd.DataFrame, names: list[str]) -> None:
    """Draw a line for each score, from before to after."""
    places = range(len(rows))[::-1]
    axis.hlines(places, rows["before"], rows["after"], color="#dddddd", lw=3, zorder=1)
    axis.scatter(rows["before"], places, color=BEFORE, s=40, label="before")
    axis.scatter(rows["after"], places, color=AFTER, s=40, marker="D", label="after")
    axis.set_yticks(list(places), names, fontsize=9)
    axis.set_ylim(-0.6, len(rows) - 0.4)
    axis.grid(axis="x")


def draw_terms(axis: Axes, terms: list[list], label: str) -> None:
    """Draw a bar for each term, from its weight before to its weight after."""
    drawn = [term for term in terms if drawable(term[0])]
    for place, (name, before, after) in zip(range(len(drawn))[::-1], drawn, strict=True):
        axis.barh(place, after - before, left=before, color=COLOURS[label], alpha=0.35, height=0.86)
        axis.plot([after, after], [place - 0.43, place + 0.43], color=COLOURS[label], lw=3)
        axis.text(0.01, place, name.replace("$", r"\$"), va="center", fontsize=8, transform=axis.get_yaxis_transform())
    axis.axvline(0, color=INK, lw=1)
    axis.use_sticky_edges = False
    axis.set_yticks([])
    axis.set_title(label, color=COLOURS[label], fontsize=11)


def render_changed(reports: Reports) -> tuple[Figure, pd.DataFrame]:
    changed = reports.changed
    rows = changed_rows(changed)
    pages, others = rows[~rows["score"].isin(["elsewhere", MOVES])], rows[rows["score"] == "elsewhere"]
    figure = Figure(figsize=(10, 4 + 0.28 * max(len(pages), len(others))))
    heights = [0.28 * max(len(pages), len(others)) + 1, 3]
    above, below = figure.subfigures(2, 1, height_ratios=heights, squeeze=False).ravel()
    left, right = above.subplots(1, 2)
    draw_pairs(left, pages, [shortened(name) for name in pages["name"]])
    left.set_xlabel("share of right blocks; macro-F1 (all)")
    draw_pairs(right, others, list(others["name"]))
    right.set_xlabel("elsewhere")
    above.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=9)
    for axis, label in zip(below.subplots(1, len(LABELS)), LABELS, strict=True):
        draw_terms(axis, changed["terms"][label], label)
    below.supxlabel("weight of the terms that moved most, from before to the dark line", fontsize=10)
    sets = "; ".join(f"{name}: {SETS[name]}" for name, of in changed["sets"].items() if of)
    above.suptitle(f"{sets}.\n{APART[changed['apart']]}", fontsize=9)
    return figure, rows.set_index("name")


def shortened(name: str) -> str:
    set_name, _, page = name.partition(": ")
    return f"{set_name}: {page.rpartition('/')[2][-28:]}"
