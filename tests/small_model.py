"""Ten lines on ten sites -> a model of both kinds of pages in a second; ``python tests/small_model.py DIR`` writes it.

As a program, run in the repository, it also writes what its pipelines give the sample pages, to ``scores.json``.
"""

import json
import sys
from pathlib import Path

import numpy as np

from pagesieve.predict.document.blocks import segment
from pagesieve.predict.document.page import Kind, read_page
from pagesieve.train.fit import model_writer, stages
from pagesieve.train.fit.pipelines import in_double, pipeline_rows
from pagesieve.train.labels.views import View

ARTICLE = ["The heron waits for the tide", "It stands in the reeds until noon.", "Nobody saw it leave the water."]
LINES = ["Home", "Contact", *ARTICLE, "Leave a comment", "Your name", "Read more: ten tides", "Ten walks", "© 2026"]
TRUTH = [3, 3, 0, 0, 0, 1, 1, 2, 2, 3]
TEXT = "\n".join(LINES)
TAGS = ["nav", "nav", "h1", "p", "p", "form", "label", "aside", "aside", "footer"]
HTML = "<title>The heron</title>" + "".join(f"<{tag}>{line}</{tag}>" for tag, line in zip(TAGS, LINES, strict=True))
PAGES: dict[str, tuple[str, Kind]] = {"text": (TEXT, "text"), "html": (HTML, "html")}
SAMPLES = sorted(Path("data/pages").glob("*.*"))


def views() -> list[View]:
    """The ten lines as they stand on ten sites, from text pages and from HTML."""
    found = []
    for content, kind in PAGES.values():
        page = read_page(content, kind=kind)
        blocks, labels = segment(page), np.array(TRUTH, dtype=np.int8)
        for site in (f"{letter}.example" for letter in "abcdefghij"):
            found.append(View(site, "c", site, page.title, kind, blocks, labels, np.arange(len(blocks)), "first"))
    return found


def learned() -> stages.Learned:
    return stages.fit_all(views(), 1)


def write(folder: Path) -> Path:
    """Write the model and its card, as ``make train`` does; gives the model's path. Run in the repository."""
    return model_writer.write_model(folder, learned(), views(), {}, {"languages": {}})


def scores_of(pipelines: dict, path: Path) -> list[list[float]]:
    """The probabilities that pipelines give the blocks of a sample page, by label."""
    kind: Kind = "html" if path.suffix == ".html" else "text"
    page = read_page(path.read_bytes(), kind=kind)
    name, rows = pipeline_rows(pipelines, kind, segment(page), page.title).popitem()
    return np.asarray(pipelines[name].predict_proba(rows)).tolist()


if __name__ == "__main__":
    import joblib

    written = in_double(joblib.load(write(Path(sys.argv[1])).with_suffix(".joblib")))
    found = {path.name: scores_of(written, path) for path in SAMPLES}
    Path(sys.argv[1], "scores.json").write_text(json.dumps(found))
