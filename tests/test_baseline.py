"""Two runs -> better, worse or equal: the interval holds the truth as often as it says."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from pagesieve.predict.labels import LABELS
from pagesieve.train import corpora as sources
from pagesieve.train.evaluation.baseline import baseline_of, differences, summary, verdict
from pagesieve.train.evaluation.bootstrap import confusions, f1, interval, macro_f1, mean, site_sums
from pagesieve.train.evaluation.scored_rows import label_rows, page_rows
from pagesieve.train.fit import training_data
from pagesieve.train.fit.stages import fit_all
from pagesieve.train.labels.views import View, annotation_files, page_views, read_annotations

NO_BLOCKS = pd.DataFrame(columns=["mode", "page", "site", "label", "predicted"])


def two_runs(rng: np.random.Generator, gain: float, sites: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pages of sites of one to three, scored twice: the second run gains this much, each site more or less."""
    site = np.repeat(np.arange(sites), rng.integers(1, 4, sites))
    pages = pd.DataFrame({"mode": "html", "page": np.arange(len(site)).astype(str), "site": site.astype(str)})
    before = rng.beta(6, 2, len(site))
    pages.loc[pages["site"] == "0", "site"] = np.nan  # as a page without an address is read from CSV
    now = before + gain + rng.normal(0, 0.05, sites)[site] + rng.normal(0, 0.02, len(site))
    return pages.assign(f1=before), pages.assign(f1=now)


@pytest.mark.slow
@pytest.mark.parametrize(("gain", "wanted"), [(0.03, "better"), (-0.03, "worse"), (0.0, "equal")])
def test_a_known_difference_is_found_and_its_interval_holds_it_in_95_of_100(gain: float, wanted: str) -> None:
    rng = np.random.default_rng(11)
    held, verdicts = 0, []
    for _ in range(200):
        before, now = two_runs(rng, gain, sites=100)
        found = differences(baseline_of(before, NO_BLOCKS), now, NO_BLOCKS).iloc[0]
        held += found["low"] <= gain <= found["high"]
        verdicts.append(found["verdict"])
    assert 0.92 <= held / 200 <= 0.98
    assert verdicts.count(wanted) / 200 >= 0.92


def blocks(said: list[str], mode: str = "html") -> pd.DataFrame:
    """Blocks of four pages on two sites, all article_content, with these predictions in turn."""
    pages = np.repeat(["a", "b", "c", "d"], len(said))
    site = np.where(np.isin(pages, ["a", "b"]), "one", "two")
    return pd.DataFrame({"mode": mode, "page": pages, "site": site, "label": LABELS[0], "predicted": said * 4})


def test_the_same_run_is_equal() -> None:
    pages, _ = two_runs(np.random.default_rng(1), 0, sites=20)
    rows = blocks([LABELS[0], LABELS[2], "missing"])
    found = differences(baseline_of(pages, rows), pages, rows)
    assert found["verdict"].tolist() == ["equal", "equal"]
    assert (found[["difference", "low", "high"]] == 0).all(axis=None)
    assert found["pages"].tolist() == [len(pages), 4] and found["sites"].tolist() == [20, 2]


def test_pages_whose_blocks_or_labels_changed_are_left_out() -> None:
    before, now = blocks([LABELS[0], LABELS[2]]), blocks([LABELS[0], LABELS[0]])
    now.loc[now["page"] == "a", "label"] = LABELS[1]
    now = now.drop(now.index[now["page"] == "b"][0])
    found = differences(baseline_of(now.iloc[:0].assign(f1=0.0), before), now.iloc[:0].assign(f1=0.0), now).iloc[0]
    assert found["pages"] == 2
    assert found["before"] == pytest.approx((2 / 3) / 4) and found["now"] == pytest.approx(1 / 4)


def test_the_summary_says_what_changed() -> None:
    before, now = two_runs(np.random.default_rng(2), 0.1, sites=50)
    line = summary(differences(baseline_of(before, NO_BLOCKS), now, NO_BLOCKS))
    assert line.startswith("html: word F1 ") and ": better (+0." in line and line.endswith("50 sites)")


@pytest.mark.parametrize(("low", "high", "wanted"), [(0.1, 0.2, "better"), (-0.2, -0.1, "worse"), (-0.1, 0.1, "equal")])
def test_verdicts(low: float, high: float, wanted: str) -> None:
    assert verdict(low, high) == wanted


def test_f1_of_confusions_is_scikit_learns() -> None:
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"site": rng.integers(0, 5, 200), "label": rng.choice(LABELS, 200)})
    rows["predicted"] = rng.choice([*LABELS, "missing"], 200)
    counts = confusions(rows).sum(axis=0)
    wanted = f1_score(rows["label"], rows["predicted"], labels=list(LABELS), average=None)
    assert f1(counts) == pytest.approx(wanted) and macro_f1(counts) == pytest.approx(wanted.mean())


def test_an_interval_is_the_same_each_time_and_needs_two_sites() -> None:
    pages = pd.DataFrame({"site": list("aabbcd"), "f1": [0.1, 0.2, 0.3, 0.4, 0.9, 1.0]})
    counts = site_sums(pages, "f1")
    value, low, high = interval(counts, mean)
    assert value == pytest.approx(pages["f1"].mean()) and low < value < high
    assert interval(counts, mean) == (value, low, high)
    assert np.isnan(interval(counts[:1], mean)[1:]).all()


def shuffled(views: list[View], share: float) -> list[View]:
    """The views with this share of their labels dealt out anew, among all of them."""
    rng = np.random.default_rng(5)
    ends = np.cumsum([len(view.labels) for view in views])
    labels = np.concatenate([view.labels for view in views])
    places = np.flatnonzero((labels >= 0) & (rng.random(len(labels)) < share))
    labels[places] = labels[rng.permutation(places)]
    return [replace(view, labels=part) for view, part in zip(views, np.split(labels, ends[:-1]), strict=True)]


def labelled_pages(sets: set[str]) -> Iterator[View]:
    """The pages of the corpora that were labelled in these sets, as HTML and as lines."""
    for corpus in sources.available(training_data.SOURCES, training_data.RAW)[0]:
        annotated = read_annotations(annotation_files(training_data.ANNOTATIONS, corpus.name))
        for page in sources.pages_of(corpus.folder):
            if page.id in annotated and annotated[page.id].page_set in sets:
                views, _ = page_views(page, source=corpus.name, annotated=annotated[page.id])
                yield from (view for view in views if view.kind in ("html", "text"))


@pytest.mark.slow
def test_a_model_of_shuffled_labels_is_worse_and_the_same_one_is_equal(
    corpora: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parent.parent)
    sources.fetch(training_data.SOURCES, training_data.RAW, corpora)
    read = list(labelled_pages({"first", "kinds"}))
    runs = []
    for views in (read, shuffled(read, 0.3)):
        scores = fit_all(views, 2).scores
        runs.append((page_rows(read, scores), label_rows(read, scores)))
    good, bad = runs
    for before, now, wanted, other in ((good, bad, "worse", "better"), (bad, good, "better", "worse")):
        found = differences(baseline_of(*before), *now).set_index("score")["verdict"]
        assert (found["macro-F1"] == wanted).all() and other not in set(found)
    assert set(differences(baseline_of(*good), *good)["verdict"]) == {"equal"}
