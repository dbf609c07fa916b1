"""Labels of a few pages of one odd site -> a model that knows its other pages: the whole way, and what it reports."""

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import odd_site
import pytest
from test_plots import write_reports
from test_train import ROOT, checkout_of, make

from pagesieve.predict.document.blocks import Block
from pagesieve.predict.errors import Failure
from pagesieve.predict.labels import LABELS
from pagesieve.predict.model import load
from pagesieve.train import __main__ as commands
from pagesieve.train.labels.views import View
from pagesieve.train.plots import draw, of_corrections
from pagesieve.train.plots.reports import read_reports
from pagesieve.train.review import correction_effect


def odd_checkout(folder: Path, part: int) -> Path:
    """A checkout to train on one in ``part`` of the embedded data, with the odd pages in odd/."""
    odd_site.write(checkout_of(folder, part) / "odd")
    return folder


def report_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "reports/changed.json").read_text(encoding="utf-8"))
    return found


def test_a_model_learns_an_odd_site_from_six_of_its_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = odd_checkout(tmp_path, 32)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(commands, "JOBS", 1)  # starting processes takes longer than the training
    monkeypatch.setattr(sys, "argv", ["train", "train", "--model", "taught", "--mine", "odd/mine"])
    commands.main()
    said = capsys.readouterr().out
    assert "uses odd/mine: 6 pages, 4 test pages" in said and "wrote reports/changed.json" in said
    report = report_of(folder)
    for name, pages in (("corrected", 6), ("test", 4)):
        of = report["sets"][name]
        assert of["pages"] == pages and of["macro_f1"]["before"] < 0.6 and of["macro_f1"]["after"] > 0.9
        assert sum(page["changed"] for page in report["pages"] if page["set"] == name) == sum(
            n for *_, n in of["moves"]
        )
    of_patterns = {"sts", "+8:(rs):"}  # stitches, the right side
    assert of_patterns & {name.split()[-1] for name, *_ in report["terms"]["article_content"]}
    model = load(folder / "taught")
    assert model.card["pages"]["mine"] == 6 and "mine" in model.card["data"]
    name = odd_site.NAMES.split()[-1]
    said = model.label(odd_site.page_of(name), kind="html")["label"].tolist()
    assert np.mean([a == b for a, (_, _, b) in zip(said, odd_site.lines_of(name), strict=True)]) > 0.9


@pytest.mark.slow
def test_the_experiment_comes_out_as_reported(tmp_path: Path) -> None:
    done = make(odd_checkout(tmp_path, 1), "train", "MODEL=taught", "MINE=odd/mine")
    assert done.returncode == 0, done.stderr
    again, reported = report_of(tmp_path), report_of(ROOT)
    for name, of in reported["sets"].items():
        assert again["sets"][name]["macro_f1"] == pytest.approx(of["macro_f1"], abs=0.01)
    assert all(row["after"] >= row["before"] - 0.014 for row in again["elsewhere"])  # two lines of 150


def test_the_readme_shows_the_experiment() -> None:
    shown = re.search(r"<!-- taught -->\n(.*?)<!-- /taught -->", (ROOT / "train/README.md").read_text("utf-8"), re.S)
    assert shown and shown[1] == correction_effect.table(report_of(ROOT))


def test_figures_of_a_made_up_page() -> None:
    view = View(
        "p", "mine", "s", "", "text", [Block(n, "x") for n in range(4)], np.array([0, 1, -1, 2]), np.full(4, -1)
    )
    before, after = np.eye(4)[[0, 0, 3, 0]], np.eye(4)[[0, 1, 1, 0]]
    rows = [(view, "test", before, after)]
    of = correction_effect.set_figures(rows)
    assert of["moves"] == [[LABELS[0], LABELS[1], 1]] and of["blocks"] == 3
    assert of["right"] == pytest.approx({"before": 1 / 3, "after": 2 / 3})
    assert of["macro_f1"] == pytest.approx({"before": (0.5 + 0 + 0) / 3, "after": (2 / 3 + 1 + 0) / 3})
    (found,) = correction_effect.with_labels(rows)
    page = correction_effect.page_figures("p.html", found[1], found[2:])
    assert (page["changed"], page["wrong_before"], page["wrong_after"]) == (1, 2, 1)
    assert correction_effect.set_figures([]) == {}


def test_what_changed_is_drawn_where_there_is_something(tmp_path: Path) -> None:
    plot = next(plot for plot in draw.PLOTS if plot.name == "changed")
    assert not plot.drawn(read_reports(write_reports(tmp_path)))
    shutil.copy(ROOT / "reports/changed.json", tmp_path)
    report = report_of(ROOT)
    assert plot.drawn(read_reports(tmp_path))
    figure, table = of_corrections.render_changed(read_reports(tmp_path))
    figure.savefig(tmp_path / "changed.png", dpi=40)
    moves = sum(len(of["moves"]) for of in report["sets"].values())
    assert len(table) == len(report["pages"]) + 2 + len(report["elsewhere"]) + moves
    first = report["pages"][0]
    assert table["after"].iloc[0] == 1 - first["wrong_after"] / first["blocks"]
    marks = figure.subfigs[0].axes[0].collections[2].get_offsets()
    assert np.asarray(marks)[0, 0] == pytest.approx(table["after"].iloc[0])
    (tmp_path / "changed.json").write_text('{"sets": 3}')
    with pytest.raises(Failure, match=r"changed.json: no figures of corrections; run `make train`"):
        read_reports(tmp_path)
