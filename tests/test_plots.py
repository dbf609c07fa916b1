"""reports -> plots: the pictures show what the files say, and need nothing but the files."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from test_bench import made_report

from pagesieve.predict.errors import Failure
from pagesieve.predict.labels import LABELS
from pagesieve.train import __main__ as commands
from pagesieve.train.evaluation.baseline import baseline_of, to_json
from pagesieve.train.evaluation.breakdowns import breakdowns
from pagesieve.train.evaluation.operating_points import GRID
from pagesieve.train.plots import draw, of_bench, of_breakdowns, of_labels, of_model
from pagesieve.train.plots.reports import read_reports
from pagesieve.train.style import MODES

TYPES = ["article", "forum", "product", "listing", "documentation", "service", "collection"]


def predictions(mode: str, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """Blocks with scores that are mostly right, some of the HTML ones without a score."""
    label = rng.choice(4, count, p=[0.4, 0.15, 0.12, 0.33])
    known = (1.8 if mode == "html" else 1.2) * np.eye(4)[label] * rng.random((count, 1))
    scores = rng.dirichlet(np.ones(4), count) + known
    scores /= scores.sum(axis=1, keepdims=True)
    frame = pd.DataFrame(scores, columns=list(LABELS))
    frame["predicted"] = [LABELS[place] for place in scores.argmax(axis=1)]
    if mode == "html":
        frame.loc[::50, [*LABELS]] = np.nan
        frame.loc[::50, "predicted"] = "missing"
    frame["label"] = [LABELS[place] for place in label]
    page = pd.Series(range(count)) // 50
    return frame.assign(
        mode=mode,
        set="first",
        page=page.map("{:04}".format),
        position=np.arange(count) % 50,
        fold=page % 2,
        page_type="article",
        site=page.map("{}.example".format),
        words=rng.integers(1, 90, count),
    )


def write_reports(folder: Path, *, pages: int = 60, blocks: int = 400) -> Path:
    rng = np.random.default_rng(7)
    frame = pd.concat([predictions(mode, blocks, rng) for mode in MODES], ignore_index=True)
    rows = pd.DataFrame({"page_type": rng.choice(TYPES, pages, p=[0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])})
    parts = [
        rows.assign(page=range(pages), site=np.arange(pages) // 2, fold=0, mode=mode, f1=rng.beta(*shape, pages))
        for mode, shape in (("html", (6, 1)), ("text", (4, 1)))
    ]
    figures = {}
    for mode, part in frame.groupby("mode", sort=False):
        f1 = {label: round(0.6 + 0.3 * rng.random(), 3) for label in LABELS}
        per_label = {label: {"precision": 0.8, "recall": 0.8, "f1": score, "support": 9} for label, score in f1.items()}
        figures[mode] = {"blocks": len(part), "macro_f1": sum(f1.values()) / 4, "per_label": per_label}
    folder.mkdir(parents=True, exist_ok=True)
    bins = {"error": 0.1, "bins": [{"predicted": x, "true": x - 0.1, "count": 9.0} for x in (0.25, 0.55, 0.95)]}
    steps = np.linspace(0.5, 0.9, len(GRID)).tolist()
    terms = {label: [[f"{label} {n}", 3 - n] for n in range(3)] for label in LABELS}
    metrics = {
        "word_f1": {},
        "labels": figures,
        "calibration": {mode: dict.fromkeys(LABELS, bins) for mode in MODES},
        "confidence": {mode: bins | {"rank_correlation": 0.5} for mode in MODES},
        "trust": {
            group: {mode: {"pages": 9, "confidence": 0.9, "f1": 0.8, "error": 0.01} for mode in MODES}
            for group in ("English", "Chinese, Japanese, Korean")
        },
        "decision": {
            kind: {"balanced": dict.fromkeys(LABELS, 0.5), "precision": {"article_content": 0.9}}
            for kind in ("html", "text")
        },
        "threshold": {
            kind: {"threshold": GRID.tolist(), "precision": steps, "recall": steps[::-1], "kept": steps}
            for kind in ("html", "text")
        },
        "folds": [{"fold": 0, "sites": 32, "mode": mode, "macro_f1": 0.8} for mode in MODES],
        "languages": {name: dict.fromkeys(LABELS, 0.6) for name in ("all", "cs", "de")},
        "breakdowns": breakdowns(frame, {"0001": "en"}),
        "terms": {"html": {"words": terms | {"site_chrome": [["§", 2], ["\U0001f9ea 中", 1]]}, "page": terms}},
    }
    (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    pd.concat(parts).assign(precision=0.9, recall=0.9).to_csv(folder / "pages.csv", index=False)
    frame.to_csv(folder / "predictions.csv", index=False)
    return folder


def write_comparison(path: Path, **f1: float) -> None:
    """compare.json with two page types; each tool is better at articles."""
    tools = {
        tool: {"by_type": {
            "forum": {"pages": 2, "f1": score - 0.2},
            "article": {"pages": 2, "f1": score + 0.2},
            "all": {"pages": 1004, "f1": score},
        }}
        for tool, score in f1.items()
    }  # fmt: skip
    path.write_text(json.dumps({"wcxb": tools}), encoding="utf-8")


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    """Pictures of few pixels, which are drawn faster."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draw, "DPI", 40)
        yield


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_reports(tmp_path_factory.mktemp("reports"))
    later = ("changed", "differences", "compare", "learning_curve", "bench")
    names = [plot.name for plot in draw.PLOTS if plot.name not in later]
    assert [path.name for path in draw.draw(folder)] == [*(f"{name}.png" for name in names), "index.html"]
    return folder


def test_confusion_shows_the_counts_and_row_shares(reports: Path) -> None:
    rows = pd.read_csv(reports / "predictions.csv")
    figure, table = of_labels.render_confusion(read_reports(reports))
    for axis, mode in zip(figure.axes, MODES, strict=True):
        shown = [text.get_text().split("\n") for text in axis.texts]
        columns = [*LABELS, "missing"] if mode == "html" else list(LABELS)
        assert len(shown) == 4 * len(columns)
        for (count, share), (label, predicted) in zip(shown, ((a, b) for a in LABELS for b in columns), strict=True):
            of_label = rows[(rows["mode"] == mode) & (rows["label"] == label)]
            wanted = int((of_label["predicted"] == predicted).sum())
            assert (count, share) == (str(wanted), f"{wanted / len(of_label):.0%}")
            assert table.at[(mode, label), predicted] == wanted


def first(dots: Collection) -> np.ndarray:
    """Where the dots stand on the horizontal axis."""
    return np.asarray(dots.get_offsets())[:, 0]


def test_word_f1_shows_every_page_and_the_means(reports: Path) -> None:
    pages = pd.read_csv(reports / "pages.csv")
    figure, table = of_breakdowns.render_word_f1(read_reports(reports))
    *strips, text_means, html_means = figure.axes[0].collections
    html = pages[pages["mode"] == "html"]
    assert sorted(np.concatenate([first(strip) for strip in strips[:-1]])) == sorted(html["f1"])
    assert sorted(first(strips[-1])) == sorted(html["f1"])
    for mode, means in (("html", html_means), ("text", text_means)):
        rows = pages[pages["mode"] == mode]
        wanted = {**rows.groupby("page_type")["f1"].mean(), "all pages": rows["f1"].mean()}
        assert dict(zip(table.index, first(means), strict=True)) == pytest.approx(wanted)
    ticks = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert ticks == [f"{kind} ({(html['page_type'] == kind).sum()})" for kind in table.index[:-1]] + ["all pages (60)"]


def test_reliability_is_drawn_as_it_was_measured(reports: Path) -> None:
    read = read_reports(reports)
    figure, errors = of_labels.render_calibration(read)
    assert errors.shape == (4, 3) and (errors == 0.1).all(axis=None)
    lines = figure.axes[0].get_lines()
    assert len(lines) == 5 and list(lines[1].get_ydata()) == pytest.approx([0.15, 0.45, 0.85])
    figure, table = of_labels.render_confidence(read)
    assert len(table) == 9 and len(figure.axes[0].get_lines()) == 4
    of_group = figure.axes[1].get_lines()[0]
    assert list(of_group.get_xdata()) == [0.9, 0.8] and len(figure.axes[1].get_yticks()) == 2


def test_curves_pass_through_precision_and_recall_at_a_threshold(reports: Path) -> None:
    rows = pd.read_csv(reports / "predictions.csv").query("mode == 'html'")
    figure, table = of_labels.render_curves(read_reports(reports))
    for line, label in zip(figure.axes[0].lines, LABELS, strict=True):
        said, wanted = rows[label] >= rows[label].median(), rows["label"] == label
        point = ((said & wanted).sum() / wanted.sum(), (said & wanted).sum() / said.sum())
        assert np.abs(np.asarray(line.get_xydata()) - point).sum(axis=1).min() < 1e-9
        assert line.get_label() == f"{label} {table['average precision'][label]:.3f}"


def test_bars_are_the_figures_of_metrics_json(reports: Path) -> None:
    metrics = json.loads((reports / "metrics.json").read_text())
    figure, _ = of_labels.render_label_f1(read_reports(reports))
    heights = [[bar.get_height() for bar in group] for group in figure.axes[0].containers]
    wanted = [[metrics["labels"][mode]["per_label"][label]["f1"] for mode in MODES] for label in LABELS]
    assert heights == wanted


def test_the_comparison_is_drawn_where_it_was_made(tmp_path: Path) -> None:
    write_reports(tmp_path)
    write_comparison(tmp_path / "compare.json", weak=0.4, pagesieve=0.7, strong=0.75)
    assert "compare.png" in [path.name for path in draw.draw(tmp_path)]
    figure, table = of_model.render_tool_f1(read_reports(tmp_path))
    assert list(table.columns) == ["pagesieve", "strong", "weak"]
    assert list(table.index) == ["article (2)", "forum (2)", "all pages (1,004)"]
    _, ours, *others = figure.axes[0].collections
    assert first(ours) == pytest.approx([0.9, 0.5, 0.7]) and [first(dots)[2] for dots in others] == [0.75, 0.4]
    assert [text.get_text() for text in figure.axes[0].texts] == ["0.900", "0.500", "0.700"]


def test_the_bench_is_drawn_where_it_was_made(tmp_path: Path) -> None:
    write_reports(tmp_path)
    report = made_report()
    (tmp_path / "bench.json").write_text(json.dumps(report), encoding="utf-8")
    assert "bench.png" in [path.name for path in draw.draw(tmp_path)]
    figure, table = of_bench.render_bench(read_reports(tmp_path))
    assert list(table.index) == ["resiliparse", "pagesieve", "trafilatura"]
    assert table["CPU ratio"].tolist() == pytest.approx([2, 1, 0.5])
    cpu, _, by_size, _, by_number, resident, stages = figure.axes
    assert [bar.get_width() for bar in cpu.patches] == pytest.approx([50, 110, 200])
    assert list(by_size.get_lines()[1].get_ydata()) == [row["cpu"][0] for row in report["sizes"]]
    assert list(by_number.get_lines()[1].get_xdata()) == [row["pages"] for row in report["numbers"]]
    assert set(resident.get_lines()[0].get_ydata()) == {250}
    assert [bar.get_width() for bar in stages.patches] == [0.25, 0.5, 0.25]


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"tools": {"pagesieve": 1}}', "[" * 100_000])
def test_a_foreign_bench_is_named(tmp_path: Path, content: str) -> None:
    (write_reports(tmp_path) / "bench.json").write_text(content, encoding="utf-8")
    with pytest.raises(Failure, match="bench.json: .*make bench"):
        draw.draw(tmp_path)


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"wcxb": {}}', '{"wcxb": {"pagesieve": {"by_type": {}}}}'])
def test_a_foreign_comparison_is_named(tmp_path: Path, content: str) -> None:
    (write_reports(tmp_path) / "compare.json").write_text(content, encoding="utf-8")
    with pytest.raises(Failure, match="compare.json: .*make compare"):
        draw.draw(tmp_path)


def test_the_same_files_give_the_same_bytes(reports: Path, tmp_path: Path) -> None:
    for name in ("metrics.json", "pages.csv", "predictions.csv"):
        shutil.copy(reports / name, tmp_path)
    for path in draw.draw(tmp_path):
        assert path.read_bytes() == (reports / path.name).read_bytes()
        assert b"Software" not in path.read_bytes()


@pytest.mark.parametrize(
    ("file", "old", "new", "changed"),
    [
        ("pages.csv", r"\n[^\n]*\Z", "", {"word_f1.png"}),
        ("predictions.csv", r"\n[^\n]*\Z", "", {"confusion.png"}),
        ("metrics.json", r'"f1": [\d.]+', '"f1": 0.123', {"label_f1.png"}),
    ],
)
def test_one_changed_line_changes_its_picture(
    reports: Path, tmp_path: Path, file: str, old: str, new: str, changed: set[str]
) -> None:
    for name in ("metrics.json", "pages.csv", "predictions.csv"):
        shutil.copy(reports / name, tmp_path)
    text = (tmp_path / file).read_text()
    (tmp_path / file).write_text(re.sub(old, new, text.rstrip(), count=1) + "\n")
    different = {path.name for path in draw.draw(tmp_path) if path.read_bytes() != (reports / path.name).read_bytes()}
    assert different == changed | {"index.html"}


def test_index_is_self_contained_and_explains_each_plot(reports: Path) -> None:
    page = (reports / "index.html").read_text()
    drawn = [plot for plot in draw.PLOTS if plot.drawn(read_reports(reports))]
    assert page.count("data:image/png;base64,") == page.count("<table") == len(drawn)
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    for plot in drawn:
        assert plot.reading in page and plot.reading.count(".") == 1


@pytest.mark.parametrize("name", ["metrics.json", "pages.csv", "predictions.csv"])
@pytest.mark.parametrize("content", [None, "", "{}", "a,b\n1,2\n", "[1]", "\udcff", '{"labels": {}}'])
def test_a_missing_or_foreign_file_is_named(tmp_path: Path, name: str, content: str | None) -> None:
    write_reports(tmp_path)
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(Failure, match=f"{name}: .*make evaluate"):
        draw.draw(tmp_path)
    assert not list(tmp_path.glob("*.png"))


def test_modes_and_labels_that_are_missing_are_left_out(tmp_path: Path) -> None:
    write_reports(tmp_path)
    rows = pd.read_csv(tmp_path / "predictions.csv").query("mode == 'html' and label != 'promo_teaser'")
    rows.to_csv(tmp_path / "predictions.csv", index=False)
    pd.read_csv(tmp_path / "pages.csv").query("mode == 'html'").to_csv(tmp_path / "pages.csv", index=False)
    read = read_reports(tmp_path)
    assert len(of_labels.render_confusion(read)[0].axes) == 1
    assert list(of_labels.curves(read.predictions)) == [label for label in LABELS if label != "promo_teaser"]
    assert isinstance(of_breakdowns.render_word_f1(read)[0], Figure)
    draw.draw(tmp_path)


def test_thresholds_are_drawn_as_they_were_measured(reports: Path) -> None:
    metrics = json.loads((reports / "metrics.json").read_text())
    figure, table = of_labels.render_thresholds(read_reports(reports))
    lines = figure.axes[0].get_lines()
    assert [list(line.get_ydata()) for line in lines[:3]] == [
        metrics["threshold"]["html"][name] for name in of_labels.KEPT
    ]
    assert [line.get_xdata()[0] for line in lines[3:]] == [0.5, 0.9]
    assert table.loc[("html", "precision"), "threshold"] == 0.9


def test_breakdowns_are_drawn_with_their_intervals(reports: Path) -> None:
    found = json.loads((reports / "metrics.json").read_text())["breakdowns"]
    figure, table = of_breakdowns.render_pages(read_reports(reports))
    article = found["page type"]["html"]["article"]
    assert first(figure.axes[0].collections[1]) == pytest.approx([article["right"]])
    assert table.loc[("page type", "html", "article"), ["low", "high"]].tolist() == article["interval"]
    figure, _ = of_breakdowns.render_blocks(read_reports(reports))
    shown = figure.axes[0].get_lines()[0].get_ydata()
    assert list(shown) == [part["right"] for part in found["words"]["html"].values()]


def test_terms_that_the_font_lacks_are_in_the_table_only(reports: Path) -> None:
    figure, table = of_model.render_terms(read_reports(reports))
    written = [text.get_text().strip() for axis in figure.axes for text in axis.texts]
    assert "§" in written and not any("中" in text for text in written)
    assert table.loc[("html", "words", "site_chrome"), "largest first"] == "§, \U0001f9ea 中"


def test_the_learning_curve_ends_with_the_evaluation(tmp_path: Path) -> None:
    write_reports(tmp_path)
    (tmp_path / "curve.csv").write_text("fold,sites,mode,macro_f1\n0,8,html,0.5\n0,16,html,0.7\n", encoding="utf-8")
    assert "learning_curve.png" in [path.name for path in draw.draw(tmp_path)]
    line = of_model.render_curve(read_reports(tmp_path))[0].axes[0].get_lines()[0]
    assert [list(line.get_xdata()), list(line.get_ydata())] == [[8, 16, 32], [0.5, 0.7, 0.8]]


def test_the_run_before_is_compared_where_there_was_one(tmp_path: Path) -> None:
    write_reports(tmp_path)
    before = [pd.read_csv(tmp_path / name, dtype={"page": str}) for name in ("pages.csv", "predictions.csv")]
    worse = before[0].assign(f1=before[0]["f1"] - 0.1)
    (tmp_path / "baseline.json").write_bytes(to_json(baseline_of(worse, before[1])))
    assert "differences.png" in [path.name for path in draw.draw(tmp_path)]
    figure, table = of_model.render_differences(read_reports(tmp_path))
    assert table["verdict"].tolist() == ["better", "better", "equal", "equal", "equal"]
    assert first(figure.axes[0].collections[-1]) == pytest.approx([0.1, 0.1, 0, 0, 0])


@pytest.mark.parametrize("name", ["baseline.json", "curve.csv"])
@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"f1": 3}'])
def test_a_foreign_file_of_another_run_is_named(tmp_path: Path, name: str, content: str) -> None:
    (write_reports(tmp_path) / name).write_text(content, encoding="utf-8")
    with pytest.raises(Failure, match=f"{name}: "):
        draw.draw(tmp_path)
    assert not list(tmp_path.glob("*.png"))


@pytest.mark.parametrize("name", ["calibration", "confidence", "breakdowns", "terms", "threshold", "trust"])
@pytest.mark.parametrize("value", ["x", []])
def test_figures_of_another_shape_are_named_and_nothing_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: Any
) -> None:
    path = write_reports(tmp_path) / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {name: value}), encoding="utf-8")
    plot = {"breakdowns": "by_page", "trust": "confidence"}.get(name, name)
    monkeypatch.setattr(draw, "PLOTS", [one for one in draw.PLOTS if one.name == plot])
    with pytest.raises(Failure, match=rf"the figures of {plot} are none \(.*\); run `make evaluate`"):
        draw.draw(tmp_path)
    assert not list(tmp_path.glob("*.png"))


@pytest.mark.parametrize("content", ["[" * 100_000, "[1]", '[{"name": "a"}]', '[{"name": 5}]'])
def test_a_foreign_file_of_sample_pages_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    monkeypatch.setattr(commands, "WORST", tmp_path / "none.json.gz")
    (tmp_path / "samples.json").write_text(content, encoding="utf-8")
    with pytest.raises(Failure, match=r"samples.json: no pages of a gallery .*make evaluate"):
        commands.draw_gallery(tmp_path)
    assert not (tmp_path / "gallery").exists()


def test_rows_of_a_long_file_bring_no_warning(tmp_path: Path) -> None:
    path = write_reports(tmp_path) / "predictions.csv"
    frame = pd.read_csv(path)
    pd.concat([frame.assign(note=None), *[frame.assign(note="x")] * 80]).to_csv(path, index=False)
    assert path.stat().st_size > 2_000_000
    read_reports(tmp_path)
