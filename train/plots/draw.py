"""reports/*.json, *.csv -> plots, and a page with all of them and their tables."""

import base64
import html
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import matplotlib.style
import pandas as pd
from matplotlib.figure import Figure

from pagesieve.predict import files
from pagesieve.predict.errors import Failure

from ..style import DPI, LOOK
from . import of_bench, of_breakdowns, of_corrections, of_labels, of_model
from .reports import FOREIGN, Reports, read_reports


@dataclass(frozen=True)
class Plot:
    """A plot with its table: ``render`` returns both, ``reading`` explains in one sentence how to read it.

    It is drawn if ``drawn`` returns true for the reports.
    """

    name: str
    title: str
    reading: str
    render: Callable[[Reports], tuple[Figure, pd.DataFrame]]
    drawn: Callable[[Reports], bool] = lambda reports: True


def draw(reports: Path) -> list[Path]:
    """Draw each plot as a PNG into the folder of the reports, and index.html with all; returns their paths.

    Raises Failure for a missing or empty file, and then writes nothing.
    """
    read = read_reports(reports)
    drawn: dict[str, bytes] = {}
    sections, contents = [], []
    for plot in (plot for plot in PLOTS if plot.drawn(read)):
        with matplotlib.style.context(["default", LOOK]):
            try:
                figure, table = plot.render(read)
            except FOREIGN as error:
                found = f"{reports}: the figures of {plot.name} are none ({error!r:.100})"
                raise Failure(f"{found}; run `make evaluate`, or get the files from the repository") from error
            png = BytesIO()
            figure.savefig(png, format="png", dpi=DPI, metadata={"Software": None})
        drawn[f"{plot.name}.png"] = png.getvalue()
        sections.append(section(plot, png.getvalue(), table))
        contents.append(f'<li><a href="#{plot.name}">{plot.title}</a></li>')
    page = HTML.format(contents="\n".join(contents), sections="\n".join(sections))
    drawn["index.html"] = page.encode()
    files.write_together(reports, drawn)
    return [reports / name for name in drawn]


PLOTS = (  # in reading order
    Plot("changed", "What did your corrections change?", "Further right is better: each line leads from the model "
         "without your labels to the one with them, on your pages, elsewhere, and for the terms that moved most.",
         of_corrections.render_changed, lambda reports: bool(reports.changed)),
    Plot("differences", "Is this model better than the one before?", "Right of zero this model is better, and where "
         "the line with the 95 % interval crosses zero the difference may be chance.", of_model.render_differences,
         lambda reports: len(reports.differences) > 0),
    Plot("label_f1", "F1 by label and kind of input", "Higher is better: a bar balances a label's precision and recall "
         "on the hand-labelled blocks, and the mean of four bars is the macro-F1 below them.",
         of_labels.render_label_f1),
    Plot("word_f1", "Word F1 by page type", "Further right is better: the words of the extracted article against "
         "those of the reference text, a small dot a page, the large ones the means.", of_breakdowns.render_word_f1),
    Plot("compare", "Word F1 of each tool by page type", "Further right is better: the words that a tool extracts from "
         "HTML pages against those of the reference text, the large mark pagesieve.", of_model.render_tool_f1,
         lambda reports: len(reports.tools) > 0),
    Plot("confusion", "What is taken for what", "Read along a row: how many of the blocks that readers gave this label "
         "got which label from the model (missing: their words stand in none of its blocks).",
         of_labels.render_confusion),
    Plot("by_page", "On which pages does it fail?", "Further right is better: the share of blocks with the right label "
         "on all hand-labelled pages of a type or language, its line the interval.", of_breakdowns.render_pages),
    Plot("by_block", "Which blocks does it get wrong?", "Follow a label from left to right: its F1 in short and long "
         "blocks (above), and from the start to the end of the page (below).", of_breakdowns.render_blocks),
    Plot("languages", "Which languages does it know?", "Darker is better: how many of the five lines of a label in "
         "each language, written for the purpose and never learned from, get it.", of_breakdowns.render_languages),
    Plot("precision_recall", "Precision and recall of each label", "Follow a curve to the right: the more of a "
         "label's blocks you want to catch on HTML pages, the more others you catch with them.",
         of_labels.render_curves),
    Plot("threshold", "Which threshold to take?", "Move right for a cleaner article and left for a whole one: the "
         "dashed lines are what --prefer recall, balanced and precision take.", of_labels.render_thresholds),
    Plot("calibration", "Are the scores probabilities?", "On the dashed line a score is the share of blocks that "
         "really have the label, and below it the model is too sure; large marks are many blocks.",
         of_labels.render_calibration),
    Plot("confidence", "Can the confidence of a page be trusted?", "On the dashed line the confidence of pages is the "
         "F1 of their articles by hand labels; large marks stand for many pages; on the right the means, by language.",
         of_labels.render_confidence),
    Plot("learning_curve", "Would more labelled sites help?", "A line that still rises at its end says yes: each step "
         "to the right doubles the sites learned from, small marks are the folds.", of_model.render_curve,
         lambda reports: len(reports.curve) > 0),
    Plot("bench", "What does it cost?", "Shorter bars are cheaper, and where a line runs along the dashed one the cost "
         "is proportional: CPU and memory of each tool, by size and number of pages, and by stage.",
         of_bench.render_bench, lambda reports: len(reports.bench) > 0),
    Plot("terms", "What does it look at?", "A long bar speaks for the label: the words, the tags, classes and ids, and "
         "the features of the last stage with the largest weights on HTML pages.", of_model.render_terms),
)  # fmt: skip

HTML = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>pagesieve: evaluation</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; background: light-dark(#fff, #16181a); color: light-dark(#1b1b1b, #e8e6e3); }}
a {{ color: light-dark(#0645ad, #9db8ff); }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 56rem; margin: 0 auto; padding: 1rem; }}
img {{ width: 100%; background: white; border-radius: .4rem; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
.table {{ overflow-x: auto; }}
th, td {{ padding: .15rem .6rem; text-align: right; border-bottom: 1px solid #8886; }}
th:first-child, td:first-child {{ text-align: left; }}
summary {{ cursor: pointer; }}
</style></head><body><main>
<h1>pagesieve: evaluation</h1>
<p>All scores are out of fold: no page was scored by a model that saw a page of its site.</p>
<ol>
{contents}
</ol>
{sections}
</main></body></html>
"""


def section(plot: Plot, png: bytes, table: pd.DataFrame) -> str:
    """Return a section of the page for a plot: title, how to read it, the picture, and its table."""
    picture = f'<img alt="{html.escape(plot.title)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
    columns: list[object] = list(table.columns)  # strings, tuples of strings, or numbers
    names = [" ".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in columns]
    figures = (
        table.set_axis(names, axis=1)
        .reset_index()
        .to_html(index=False, border=0, float_format="{:.3f}".format, na_rep="")
    )
    return (
        f'<h2 id="{plot.name}">{plot.title}</h2>\n<p>{plot.reading}</p>\n{picture}\n'
        f'<details><summary>Figures</summary><div class="table" tabindex="0">{figures}</div></details>'
    )
