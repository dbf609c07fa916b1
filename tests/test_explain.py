"""Why a block got its label: what is printed adds up to what the pipelines say, on text pages and on HTML pages."""

import io
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_model import HTML, LINES, PAGES, TEXT, learned

from pagesieve.predict import LABELS, Model, __main__
from pagesieve.predict.cli import arguments
from pagesieve.predict.compile import all_stages
from pagesieve.predict.document.blocks import segment
from pagesieve.predict.document.page import Kind, read_page
from pagesieve.predict.explain import StageExplanation, deciding_stage, explain, render
from pagesieve.predict.scoring.stages import STAGE_NAMES, feature_names
from pagesieve.train.fit import stages
from pagesieve.train.fit.pipelines import in_double, pipeline_rows

ROOT = Path(__file__).parent.parent
Pipelines = dict[str, Any]
ROW = re.compile(r" *[+-]\d+\.\d{8}( +[+-]\d+\.\d{8}){3}  \S")


@pytest.fixture(scope="module")
def pipelines() -> Pipelines:
    return in_double(learned().pipelines[stages.EVERYTHING])


@pytest.fixture(scope="module")
def model(pipelines: Pipelines) -> Model:
    return Model(all_stages(pipelines), {"kinds": ["html", "text"]})


@pytest.fixture
def run(tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    """Runs `pagesieve explain` in an empty folder; gives exit status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(arguments, "load", lambda path, **_: model)

    def run(*args: str) -> tuple[int, str, str]:
        try:
            status = __main__.main(["explain", *args])
        except SystemExit as stop:
            status = int(stop.code or 0)
        return status, *capfd.readouterr()

    return run


def check_sums(model: Model, pipelines: Pipelines, content: str, kind: Kind, *, every: int = 1) -> None:
    """The parts of the blocks sum to their decision values, and these give label and scores."""
    page = read_page(content, kind=kind)
    rows = pipeline_rows(pipelines, kind, segment(page), page.title)
    labelled = model.label(content, kind=kind)
    for index in range(0, len(labelled), every):
        passes = explain(model, content, index, kind=kind).stages
        assert [one.name for one in passes] == list(STAGE_NAMES)
        assert passes[-1].label == labelled["label"][index]
        assert list(passes[-1].probabilities) == pytest.approx(list(labelled["scores"][index].values()), abs=1e-6)
        for one, (name, seen_by) in zip(passes, rows.items(), strict=True):
            pipeline, row = pipelines[name], seen_by[[index]]
            assert one.decision == pytest.approx(pipeline.decision_function(row)[0], rel=0, abs=1e-6)
            assert (np.diff(np.ptp(one.parts, axis=1)) <= 0).all()


@pytest.mark.parametrize(
    ("sample", "kind"),
    [("copper-kettle.html", "html"), ("seed-ferry-clock.txt", "text"), (None, "html"), (None, "text")],
)
def test_parts_sum_to_the_decision_values(model: Model, pipelines: Pipelines, sample: str | None, kind: str):
    if sample:
        check_sums(model, pipelines, (ROOT / "data/pages" / sample).read_text(), PAGES[kind][1], every=9)
    else:
        check_sums(model, pipelines, *PAGES[kind])


@settings(max_examples=15)
@given(st.lists(st.sampled_from([*LINES, "-", "Ü", "読む", "\x1b[2J", "comment tides"]), min_size=1, max_size=5))
def test_parts_of_random_pages_sum_to_the_decision_values(model: Model, pipelines: Pipelines, lines: list[str]):
    check_sums(model, pipelines, "\n".join(lines), "text")
    check_sums(model, pipelines, "".join(f"<p>{line}</p>" for line in lines), "html")


def test_parts_have_the_names_of_terms_and_features(model: Model):
    block, page, again = explain(model, TEXT, 5, kind="text").stages
    assert LABELS[block.parts[list(block.names).index("words: leave a")].argmax()] == "comment_form"
    assert {name.partition(": ")[0] for name in block.names} == {"words", "stems", "shape", "near"}
    assert "contribution of words: comment_form" in page.names and "page blocks" not in page.names
    assert {name.partition(": ")[0] for name in again.names} == {"first stage", "second stage"}
    assert "second stage: score: comment_form" in again.names and "second stage: contributions" not in str(again.names)
    assert "first stage: contribution of words: comment_form" in again.names
    html = explain(model, HTML, 5, kind="html").stages
    assert "markup: own=form" in html[0].names
    assert any(name.startswith("first stage: container of 8 blocks") for name in html[2].names)


@pytest.mark.parametrize("kind", ["text", "html"])
def test_every_feature_has_the_name_of_what_stands_in_it(pipelines: Pipelines, kind: str):
    page = read_page(PAGES[kind][0], kind=PAGES[kind][1])
    rows = pipeline_rows(pipelines, kind, segment(page), page.title)
    for one, (name, values) in list(zip(STAGE_NAMES, rows.items(), strict=True))[1:]:
        names = feature_names(name)
        assert len(names) == len(set(names)) == pipelines[name]["linear"].n_features_in_
        third = [("first stage: ", "first"), ("second stage: ", "second")]
        before = {"second": [("", "first")], "third": third}.get(one, [])
        for prefix, earlier in before:
            scores = pipelines[f"{kind} {earlier}"].predict_proba(rows[f"{kind} {earlier}"])
            places = [names.index(f"{prefix}score: {label}") for label in LABELS]
            assert np.allclose(values[:, places], scores, atol=1e-6)


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ((1, 1, 1), "the first stage"),
        ((2, 1, 1), "the second stage, against promo_teaser before"),
        ((1, 2, 1), "the third stage, against promo_teaser before"),
    ],
)
def test_the_stage_that_decided(labels: tuple[int, int, int], says: str):
    passes = [
        StageExplanation(name, np.eye(4)[label], [], np.empty((0, 4)), np.zeros(4))
        for name, label in zip(STAGE_NAMES, labels, strict=True)
    ]
    assert deciding_stage(passes) == says


@pytest.mark.parametrize("kind", ["text", "html"])
def test_what_is_printed(model: Model, kind: str):
    found = explain(model, PAGES[kind][0], 5, kind=PAGES[kind][1])
    lines = render(found, page="a\x1b/page", top=4).splitlines()
    assert lines[:2] == ["a/page, block 5 of 10", "Leave a comment"]
    assert re.fullmatch(r"comment_form 0\.\d{3}, decided by the first stage", lines[2])
    for place, name in enumerate(STAGE_NAMES):
        start = lines.index(next(line for line in lines if line.startswith(f"{name} stage: comment_form ")))
        assert lines[start + 1] == "  ".join(LABELS)
        rows = lines[start + 2 : start + 9]
        assert all(ROW.match(row) for row in rows) and not "".join(lines[start + 9 : start + 10])
        names = [row.split("  ")[-1] for row in rows]
        others = len(found.stages[place].parts) - 4
        assert names == [*found.stages[place].names[:4], f"{others} others", "intercept", "decision value"]
        values = np.array([row.split()[:4] for row in rows], dtype=float)
        assert values[:-1].sum(axis=0) == pytest.approx(values[-1], abs=1e-6)


def test_nothing_of_the_page_steers_the_terminal_and_long_texts_are_cut(model: Model):
    shown = render(explain(model, f"\x1b[2J \x9b5n {'tide ' * 99}", 0, kind="text"), page="-", top=0)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown)
    assert re.match(r"-, block 0 of 1\n\[2J 5n (tide )+ti?d?e?…\n", shown) and len(shown.splitlines()[1]) == 100


def test_a_row_for_the_others_only_where_there_are_some(model: Model):
    found = explain(model, TEXT, 0, kind="text")
    least = min(len(one.parts) for one in found.stages)
    assert " other" not in render(found, page="-", top=999)
    assert "  1 other\n" in render(found, page="-", top=least - 1)


def test_the_command_reads_pages_as_predict_does(run, monkeypatch: pytest.MonkeyPatch):
    Path("page.html").write_text(HTML)
    status, out, err = run("page.html", "--block", "5", "--top", "2")
    assert (status, err) == (0, "") and out.startswith("page.html, block 5 of 10\nLeave a comment\n")
    assert out.count(" others\n") == 3
    status, out, _ = run("page.html", "--block", "0", "--input", "text")
    assert status == 0 and "block 0 of 1\n<title>" in out
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(TEXT.encode())))
    assert run("-", "--block", "9")[1].startswith("-, block 9 of 10\n© 2026\n")
    Path("deep.html").write_text("<div>" * 2000 + "The heron waits.")
    assert run("deep.html", "--block", "0")[2].startswith("pagesieve: deep.html: nested deeper than")


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["page.txt", "--block", "10"], "page.txt: no block 10: this page has 10 blocks, from 0"),
        (["empty.txt", "--block", "0"], "empty.txt: no block 0: this page has none"),
        (["page.txt", "--block", "-1"], "expected a number from 0, not '-1'"),
        (["page.txt", "--block", "two"], "expected a number from 0, not 'two'"),
        (["page.txt", "--block", "1", "--top", "-1"], "expected a number from 0, not '-1'"),
        (["page.txt"], "--block"),
        (["missing.txt", "--block", "1"], "missing.txt: No such file"),
        ([".", "--block", "1"], ".: Is a directory"),
        (["page.txt", "page.txt", "--block", "1"], "unrecognized arguments: page.txt"),
    ],
)
def test_what_cannot_be_explained_is_one_line(run, args: list[str], says: str):
    Path("page.txt").write_text(TEXT)
    Path("empty.txt").write_text(" \n")
    status, out, err = run(*args)
    assert (status, out, err.count("\n")) == (2, "", 1) and err.startswith("pagesieve: ") and says in err
