"""From labelled data to a model: reading, labelling, learning, scoring, and one run through the real Makefile."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pagesieve.predict.compile import first_parameters
from pagesieve.predict.document.blocks import Block, segment
from pagesieve.predict.document.page import read_page
from pagesieve.predict.features.page_context import PageContext
from pagesieve.predict.features.registry import block_terms
from pagesieve.predict.labels import LABELS
from pagesieve.predict.model import ModelError, load
from pagesieve.predict.modelfile.card import read_card
from pagesieve.predict.scoring.stages import score_first_stage
from pagesieve.predict.scoring.tables import build_first
from pagesieve.train.augment.composed import compose_pages
from pagesieve.train.corpora import CorpusPage
from pagesieve.train.evaluation import metrics, scored_rows
from pagesieve.train.evaluation.operating_points import trust
from pagesieve.train.fit import model_writer, stages
from pagesieve.train.fit.pipelines import MAX_TERMS, count_terms, select_terms
from pagesieve.train.labels.alignment import running_words, spans_of, words
from pagesieve.train.labels.folds import fold_of, site_of
from pagesieve.train.labels.paragraphs import read_paragraphs
from pagesieve.train.labels.views import Annotated, View, page_views

ROOT = Path(__file__).parent.parent
PAGE = """<html><head><title>The lamp</title></head><body><nav class="menu"><a href="/">Home</a></nav>
<h1>The lamp</h1><div><p>The keeper lit the lamp at dusk.</p><p>It burned until the morning came.</p>
<p>Home was far from the tower that night.</p></div>
<div class="related"><a href="/x">Another story about a boat</a></div>
<form class="comment-form"><label>Your comment</label></form></body></html>"""
REFERENCE = "The keeper lit the lamp at dusk. It burned until the morning came. Home was far from the tower that night."


def hand_labelled_views(page: str = "1") -> list:
    running, _ = running_words(block.text for block in segment(read_page(PAGE)))
    codes = "NHTTTPF"
    labelled = zip(codes, [block.text for block in segment(read_page(PAGE))], strict=True)
    annotated = Annotated("first", spans_of(page, running, labelled, "a", "2026-01-01"))
    content = CorpusPage(page, PAGE.encode(), "https://a.example.org/", "collection", REFERENCE)
    views, found = page_views(content, source="wcxb", annotated=annotated)
    assert found == len(running)
    return views


def test_a_page_serves_as_html_as_lines_and_as_left_over_lines():
    views = hand_labelled_views()
    kinds = Counter(view.kind for view in views)
    assert kinds["html"] == kinds["text"] == 1 and kinds["pre_extracted"] >= 1
    html, text = views[0], views[1]
    assert html.hand and html.site == "example.org" and html.page_type == "collection"
    assert [LABELS[n] for n in html.labels] == [
        "site_chrome", *["article_content"] * 4, "promo_teaser", "comment_form",
    ]  # fmt: skip
    assert list(text.labels) == list(html.labels) and list(text.origin) == list(html.origin)
    for view in views:
        for block, label, origin in zip(view.blocks, view.labels, view.origin, strict=True):
            assert html.blocks[origin].text == block.text and html.labels[origin] == label


def test_left_over_pages_are_put_together_within_a_fold():
    sites = [f"{name}.example" for name in "abcdefgh"]
    labels = np.array([3, 0, 0, 0, 1, 1, 2, 2], dtype=np.int8)
    views = [
        View(site, "c", site, "", "html", [Block(i, f"{site} {i}") for i in range(8)], labels, np.arange(8), "first")
        for site in sites
    ]
    pages = compose_pages(views)
    assert [page.page for page in pages] == [site for site in sites for _ in range(2)]
    assert any(2 in page.labels[1:-1] and page.labels[-1] == 0 for page in pages)  # a teaser inside the article
    assert [page.blocks for page in pages] == [page.blocks for page in compose_pages(views)]
    assert {label for page in pages for label in page.labels.tolist()} == {0, 1, 2}
    for page in pages:
        assert (page.kind, page.site, page.maker, page.hand) == ("pre_extracted", page.page, "composing", True)
        for block, label in zip(page.blocks, page.labels, strict=True):
            site, index = block.text.split()
            assert label == labels[int(index)] and fold_of(site) == fold_of(page.site)
            assert site == page.site or label != 0
    assert compose_pages([replace(view, page_set="") for view in views]) == []


def test_paragraphs_are_mixed_within_their_language_and_fold():
    labels = np.array([0, 0, 1, 2, 2, 3], dtype=np.int8)
    views = [
        View(
            f"{n}", "p", f"p: {n}", "", "text", [Block(i, f"{n} {i}") for i in range(6)], labels, np.full(6, -1),
            "own", language="en" if n % 2 else "de",
        )
        for n in range(40)
    ]  # fmt: skip
    pages = compose_pages(views)
    found = [(page.page, page.maker, page.kind) for page in pages]
    assert found == [(f"{n}", "mixing", "pre_extracted") for n in range(40)]
    for page in pages:
        for block, label in zip(page.blocks, page.labels, strict=True):
            other, index = map(int, block.text.split())
            assert label == labels[index] and other % 2 == int(page.page) % 2
            assert fold_of(f"p: {other}") == fold_of(page.site)
    assert any(len({block.text.split()[0] for block in page.blocks}) > 2 for page in pages)


def test_terms_of_few_sites_are_left_out():
    texts, sites = ["lamp boat", "lamp boat", "boat lamp", "lamp tower", "tower tower"], ["a", "a", "b", "c", "d"]
    found = count_terms("shape", texts, sites)
    assert found and list(found.terms) == ["lamp"] and found.matrix.toarray().ravel().tolist() == [1, 1, 1, 1, 0]
    found = count_terms("shape", [*texts, "boat tower"], [*sites, "e"])
    assert found and list(found.terms) == ["boat", "lamp", "tower"]
    known = select_terms(found[np.arange(5)], np.array(sites), {})
    assert list(found.terms[known]) == ["lamp"]
    assert count_terms("shape", ["", "lamp", "lamp"], ["a", "b", "c"]) is None
    assert count_terms("shape", ["lamp", "boat", "tower"], ["a", "b", "c"]) is None


def test_of_too_many_terms_those_of_a_rare_language_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    sites = [f"en{n}" for n in range(9)] + [f"ko{n}" for n in range(3)]
    found = count_terms("shape", ["lamp"] * 6 + ["boat lamp"] * 3 + ["배"] * 3, sites)
    monkeypatch.setitem(MAX_TERMS, "shape", 2)
    assert found and list(found.terms) == ["boat", "lamp", "배"]
    known = select_terms(found, np.array(sites), {site: site[:2] for site in sites})
    assert list(found.terms[known]) == ["lamp", "배"]


def test_blocks_of_rare_languages_count_more_but_not_those_of_unknown_ones() -> None:
    lifts = stages.language_weights(np.array(["en", "en", "ko", "th", ""]), np.array([16.0, 16.0, 1.0, 0.0, 1.0]))
    assert lifts == pytest.approx([1, 1, 32**stages.LANGUAGE_LIFT, stages.MOST_LIFT, 1])


def test_folds_are_by_site():
    assert site_of("https://blog.example.co.uk/a?b") == "example.co.uk" == site_of("http://www.example.co.uk")
    assert fold_of("example.co.uk") == fold_of(site_of("https://example.co.uk/other")) in range(5)


def test_scores_of_a_made_up_table():
    said = ["article_content", "article_content", "missing", "article_content"]
    rows = pd.DataFrame({"site": list("aabb"), "label": ["article_content"] * 3 + ["promo_teaser"], "predicted": said})
    found = metrics.label_scores(rows)
    assert found["per_label"]["article_content"]["precision"] == pytest.approx(2 / 3)
    assert found["per_label"]["article_content"]["recall"] == pytest.approx(2 / 3)
    assert found["macro_f1"] == pytest.approx(2 / 3 / 4) and found["interval"][0] <= found["macro_f1"]
    shared = scored_rows.bag_scores(Counter(words("a a b")), Counter(words("a b c")))
    assert shared == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert scored_rows.bag_scores(Counter(), Counter()) == (1, 1, 1)
    assert scored_rows.bag_scores(Counter("a"), Counter()) == (0, 0, 0)


def test_html_rows_follow_the_readers_blocks():
    views = hand_labelled_views()
    scores = [np.eye(4)[np.maximum(view.labels, 0)] for view in views]
    rows = scored_rows.label_rows(views, scores)
    assert set(rows["mode"]) <= {"html", "text", "pre_extracted"} and (rows["label"] == rows["predicted"]).all()
    sure = scored_rows.confidence_rows(views, scores)
    assert (sure["kept_f1"] == 1).all() and sure["confidence"].to_numpy() == pytest.approx(1)
    lost = scored_rows.confidence_rows(views[:1], [np.eye(4)[np.full(len(views[0].blocks), 3)]])
    assert list(lost["kept_f1"]) == [0]
    page = views[0].page
    found = trust(rows[rows["page"] == page], pd.concat([sure, lost]).query("page == @page"), {page: "ja"})
    assert list(found) == ["Chinese, Japanese, Korean"]
    of_page = found["Chinese, Japanese, Korean"]["html"]
    assert of_page["pages"] == 2 and (of_page["confidence"], of_page["f1"]) == pytest.approx((0.5, 0.5), abs=0.01)
    pages = scored_rows.page_rows(views, scores)
    assert list(pages["recall"]) == [1, 1] and set(pages["page_type"]) == {"collection"}


def test_out_of_fold_means_out_of_fold():
    views = [view for view in read_paragraphs(ROOT / "data" / "paragraphs.csv") if len(view.blocks) > 3][:60]
    table = stages.build_table([view for view in views if view.kind == "text"])
    out = table.folds == 0
    changed = replace(table, labels=np.where(out, (table.labels + 1) % 4, table.labels))
    features = stages.first_features(table, "text", 1)
    (_, before), (_, after) = (stages.fit_stage(each, "text", features, 1) for each in (table, changed))
    assert out.any() and np.allclose(before[out], after[out])
    assert not np.allclose(before[~out], after[~out])


def test_the_scores_out_of_fold_are_those_of_the_scorer():
    views = [view for view in read_paragraphs(ROOT / "data" / "paragraphs.csv") if len(view.blocks) > 3][:40]
    table = stages.build_table([view for view in views if view.kind == "text"])
    pipelines, scores = stages.fit_stage(table, "text", stages.first_features(table, "text", 1), 1)
    for number, view in enumerate(table.views):
        stage = build_first(first_parameters(pipelines[fold_of(view.site)]))
        page = PageContext(view.blocks, view.title)
        found = score_first_stage(stage, page, block_terms(page))
        assert np.allclose(found, scores[table.of(number)], atol=1e-5)


def checkout_of(folder: Path, part: int) -> Path:
    """A copy of what make needs to train on the embedded data alone, one in ``part`` of it."""
    shutil.copytree(ROOT / "data", folder / "data", ignore=shutil.ignore_patterns("raw"))
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "reports").mkdir()
    rows = (folder / "data/paragraphs.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "data/paragraphs.csv").write_text("".join(rows[: len(rows) // part]), encoding="utf-8")
    return folder


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    venv = Path(sys.prefix)
    known = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    command = ["make", "-o", str(venv / ".installed"), f"VENV={venv}", *words]
    return subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True)


def test_make_train_and_predict_with_what_came_out(tmp_path: Path):
    done = make(checkout_of(tmp_path, 32), "train", "MODEL=out")
    assert done.returncode == 0, done.stderr
    assert "lacks wcxb" in done.stdout and "uses data/paragraphs.csv" in done.stdout
    model = load(tmp_path / "out")
    assert model.card["kinds"] == ["text"]
    assert set(model.label("<p>Leave a Reply</p><p>Home</p>")["label"]) <= set(LABELS)


@pytest.mark.slow
def test_make_train_gives_the_same_model_twice(tmp_path: Path):
    folder = checkout_of(tmp_path, 4)
    for name in ("out", "again"):
        done = make(folder, "train", f"MODEL={name}")
        assert done.returncode == 0, done.stderr
    for name in ("text first", "text second", "text third"):
        pair = [read_card(folder / out / "blocks.json")["smoke_test"]["pipelines"][name] for out in ("out", "again")]
        assert np.allclose(pair[0]["probabilities"], pair[1]["probabilities"], atol=1e-9)


def test_a_model_of_more_data_is_not_replaced(tmp_path: Path):
    (tmp_path / "blocks.json").write_text(json.dumps({"pages": {"wcxb": 10_000}}))
    done = make(checkout_of(tmp_path, 32), "train", f"MODEL={tmp_path}")
    assert done.returncode != 0 and "FORCE=1" in done.stderr and not (tmp_path / "blocks.joblib").exists()
    with pytest.raises(ModelError, match="more pages"):
        model_writer.check_replaceable(tmp_path, [], force=False)
    model_writer.check_replaceable(tmp_path, [], force=True)


@pytest.mark.parametrize("content", ["[" * 100_000, "[]", '{"pages": []}', '{"pages": {"wcxb": "x"}}'])
def test_a_card_that_is_none_is_replaced(tmp_path: Path, content: str) -> None:
    (tmp_path / "blocks.json").write_text(content)
    model_writer.check_replaceable(tmp_path, [], force=False)
