"""reports/*.json, *.csv -> pictures, and one page with all of them and their figures."""

import base64
import html
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import matplotlib.style
import pandas as pd
from matplotlib.figure import Figure

from . import plots
from .card import write
from .plots import INK
from .reports import Reports, read_reports

DPI = 200  # of 8 to 10 inches: sharp at twice the width of a README
STYLE = {
    "font.size": 11, "axes.titlesize": 12, "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": INK,
    "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK, "figure.facecolor": "white",
    "grid.color": "#dddddd", "axes.axisbelow": True, "figure.constrained_layout.use": True, "legend.frameon": False,
}  # fmt: skip


@dataclass(frozen=True)
class Plot:
    """A picture and its figures: ``render`` gives both, ``reading`` says in one sentence how to read it."""

    name: str
    title: str
    reading: str
    render: Callable[[Reports], tuple[Figure, pd.DataFrame]]


def draw(reports: Path) -> list[Path]:
    """Draws each plot as a PNG into the folder of the evaluation's files, and index.html with all; gives their paths.

    A file that is missing or holds nothing to draw is a ReportError, and nothing is written.
    """
    read = read_reports(reports)
    files: dict[Path, bytes] = {}
    sections = []
    for plot in (*PLOTS, *([COMPARED] if len(read.tools) else [])):
        with matplotlib.style.context(["default", STYLE]):
            figure, table = plot.render(read)
            png = BytesIO()
            figure.savefig(png, format="png", dpi=DPI, metadata={"Software": None})
        files[reports / f"{plot.name}.png"] = png.getvalue()
        sections.append(section(plot, png.getvalue(), table))
    files[reports / "index.html"] = HTML.format(sections="\n".join(sections)).encode()
    for path, content in files.items():
        write(path, content)
    return list(files)


PLOTS = (
    Plot("label_f1", "F1 by label and kind of input", "Higher is better: a bar balances a label's precision and recall "
         "on the hand-labelled blocks, and the mean of four bars is the macro-F1 below them.", plots.render_label_f1),
    Plot("confusion", "What is taken for what", "Read along a row: how many of the blocks that readers gave this label "
         "got which label from the model (missing: their words stand in none of its blocks).", plots.render_confusion),
    Plot("precision_recall", "Precision and recall of each label", "Follow a curve to the right: the more of a "
         "label's blocks you want to catch on HTML pages, the more others you catch with them.", plots.render_curves),
    Plot("word_f1", "Word F1 by page type", "Further right is better: the words of the extracted article against "
         "those of the reference text, a small dot a page, the large ones the means.", plots.render_word_f1),
    Plot("calibration", "Are the scores probabilities?", "On the dashed line a score is the share of blocks that "
         "really have the label, and below it the model is too sure; large marks are many blocks.",
         plots.render_calibration),
    Plot("confidence", "Can the confidence of a page be trusted?", "On the dashed line the confidence of pages is the "
         "F1 of their articles by hand labels; large marks stand for many pages.", plots.render_confidence),
)  # fmt: skip
COMPARED = Plot(  # drawn where `make compare` was run
    "compare", "Word F1 of each tool by page type", "Further right is better: the words that a tool extracts from HTML "
    "pages against those of the reference text, the large mark pagesieve.", plots.render_tool_f1,
)  # fmt: skip

HTML = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>pagesieve: evaluation</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 56rem; margin: 0 auto; padding: 1rem; }}
img {{ width: 100%; background: white; border-radius: .4rem; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
.table {{ overflow-x: auto; }}
th, td {{ padding: .15rem .6rem; text-align: right; border-bottom: 1px solid #8886; }}
tbody th {{ text-align: left; }}
</style></head><body>
<h1>pagesieve: evaluation</h1>
<p>All scores are out of fold: no page was scored by a model that saw a page of its site.</p>
{sections}
</body></html>
"""


def section(plot: Plot, png: bytes, table: pd.DataFrame) -> str:
    """A plot as a part of a page: title, how to read it, the picture itself, and its figures."""
    picture = f'<img alt="{html.escape(plot.title)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
    figures = table.to_html(border=0, float_format="{:.3f}".format, na_rep="")
    return f"<h2>{plot.title}</h2>\n<p>{plot.reading}</p>\n{picture}\n<div class=table>{figures}</div>"
