"""Style shared by all plots, and names and colours of kinds of input."""

INK = "#222222"
DPI = 200  # of 8 to 10 inches: sharp at twice the width of a README
LOOK = {
    "font.size": 11, "axes.titlesize": 12, "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": INK,
    "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK, "figure.facecolor": "white",
    "grid.color": "#dddddd", "axes.axisbelow": True, "figure.constrained_layout.use": True, "legend.frameon": False,
}  # fmt: skip
MODES = {"html": "HTML pages", "text": "all lines", "pre_extracted": "pre-extracted lines"}
MODE_COLOURS = {"html": "#0072b2", "text": "#d55e00", "pre_extracted": "#cc79a7"}  # Okabe-Ito, see labels.py
MARKERS = {"html": "o", "text": "D", "pre_extracted": "s"}
