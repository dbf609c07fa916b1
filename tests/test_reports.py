"""Scores -> what people read: breakdowns, the model card, the error gallery."""

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pagesieve.predict.document.blocks import Block
from pagesieve.predict.labels import LABELS
from pagesieve.train.evaluation import shown_pages
from pagesieve.train.evaluation.breakdowns import breakdowns, length_part, place_part
from pagesieve.train.evaluation.metrics import fold_scores
from pagesieve.train.evaluation.operating_points import kept_by_threshold
from pagesieve.train.fit.model_card import describe
from pagesieve.train.labels.views import View
from pagesieve.train.plots import gallery

ROOT = Path(__file__).parent.parent


def rows(**columns: object) -> pd.DataFrame:
    """Four blocks on two pages of two sites, the last of them wrong, with other columns as given."""
    table = {
        "mode": "html",
        "page": ["a", "a", "b", "b"],
        "site": ["one", "one", "two", "two"],
        "fold": [0, 0, 1, 1],
        "position": [0, 9, 0, 4],
        "page_type": "article",
        "words": [1, 30, 2, 70],
        "label": [LABELS[3], LABELS[0], LABELS[3], LABELS[0]],
        "predicted": [LABELS[3], LABELS[0], LABELS[3], LABELS[2]],
    }
    return pd.DataFrame(table | columns)


def test_breakdowns_count_right_blocks_by_part() -> None:
    found = breakdowns(rows(), {"a": "en", "b": "cs"})
    assert found["page type"]["html"]["article"]["right"] == 0.75
    assert {part: of["right"] for part, of in found["language"]["html"].items()} == {"en": 1.0, "cs": 0.5}
    assert list(found["words"]["html"]) == ["1", "2 to 3", "16 to 31", "64 or more"]
    assert {part: of["blocks"] for part, of in found["place"]["html"].items()} == {
        "0 to 10 %": 2,
        "80 to 90 %": 1,
        "90 to 100 %": 1,
    }
    assert found["page type"]["html"]["article"]["pages"] == 2 and found["language"]["html"]["cs"]["pages"] == 1
    assert found["language"]["html"]["en"]["interval"] is None and found["page type"]["html"]["article"]["f1"] == {}


@pytest.mark.parametrize(
    ("words", "part"), [(1, "1"), (3, "2 to 3"), (63, "32 to 63"), (64, "64 or more"), (900, "64 or more")]
)
def test_lengths_fall_into_parts(words: int, part: str) -> None:
    assert length_part(words) == part


@pytest.mark.parametrize(
    ("share", "part"), [(0.0, "0 to 10 %"), (0.3, "30 to 40 %"), (0.99, "90 to 100 %"), (1.0, "90 to 100 %")]
)
def test_places_fall_into_parts(share: float, part: str) -> None:
    assert place_part(share) == part


def test_fold_scores_name_the_sites_that_were_learned_from() -> None:
    found = fold_scores(rows(site=["one", "one", "two", "three"]))
    assert [(one["fold"], one["sites"], one["mode"]) for one in found] == [(0, 2, "html"), (1, 1, "html")]
    assert found[0]["macro_f1"] == pytest.approx(2 / 4)


def test_kept_words_fall_as_the_threshold_rises() -> None:
    scores = np.array([[0.1, 0.0, 0.0, 0.9], [0.9, 0.0, 0.0, 0.1], [0.3, 0.0, 0.0, 0.7], [0.6, 0.0, 0.4, 0.0]])
    found = kept_by_threshold(rows(**dict(zip(LABELS, scores.T, strict=True))))["html"]
    at = {round(threshold, 2): place for place, threshold in enumerate(found["threshold"])}
    assert [found[name][at[0.5]] for name in ("precision", "recall")] == [1.0, 1.0]
    assert found["kept"][at[0.5]] == pytest.approx(100 / 103, abs=1e-6)
    assert found["recall"][at[0.7]] == pytest.approx(30 / 100)
    assert (np.diff(found["kept"]) <= 0).all()


def test_the_model_card_has_the_figures_of_its_card() -> None:
    card = json.loads((ROOT / "models" / "blocks.json").read_text(encoding="utf-8"))
    text = describe(card)
    assert text == (ROOT / "models" / "README.md").read_text(encoding="utf-8")
    html = card["scores"]["labels"]["html"]
    low, high = html["interval"]
    assert f"{html['macro_f1']:.3f} ({low:.3f} to {high:.3f})" in text and all(
        digest in text for digest in card["digests"].values()
    )
    for label in LABELS:
        assert f"| {label} |" in text and f"{card['hand_labelled_blocks'][label]:,}" in text


def test_a_model_without_scores_says_so() -> None:
    card = json.loads((ROOT / "models" / "blocks.json").read_text(encoding="utf-8"))
    bare = card | {"scores": {"word_f1": {}, "labels": {}, "languages": card["scores"]["languages"]}}
    assert "Trained without evaluation pages" in describe(bare)


def test_known_failures_name_the_weakest_parts_however_few_their_pages() -> None:
    def part(right: float, pages: int) -> dict[str, object]:
        return {"right": right, "interval": None, "blocks": 30 * pages, "pages": pages}

    card = json.loads((ROOT / "models" / "blocks.json").read_text(encoding="utf-8"))
    many = {name: part(0.9 + n / 100, 1200) for n, name in enumerate(("en", "de", "es", "fr", "pl", "fi"))}
    made_up = {
        "language": {"html": many | {"zh": part(0.41, 2), "ja": part(0.54, 1)}, "text": {"ja": part(0.18, 1)}},
        "place": {"html": {"0 to 10 %": part(0.97, 1200), "40 to 50 %": part(0.9, 1200)}},
    }
    recalls = {name: dict.fromkeys(LABELS, share) for name, share in {"all": 0.1, "ko": 0.25, "de": 0.75}.items()}
    scores = card["scores"] | {"breakdowns": made_up, "languages": recalls}
    said = describe(card | {"scores": scores}).split("## Known failures")[1]
    assert (
        "\n- By language, the weakest first: HTML pages zh (41% right, 2 pages), ja (54% right, 1 page), "
        "en (90% right, 1,200 pages), de (91% right, 1,200 pages), es (92% right, 1,200 pages); "
        "all lines ja (18% right, 1 page).\n"
    ) in said
    assert "\n- By place, the weakest first: HTML pages 40 to 50 % (90% right, 1,200 pages), 0 to 10 % (" in said
    assert "found least in these languages: ko (25% found), de (75% found).\n" in said


def view(page: str, labels: list[int]) -> View:
    blocks = [Block(n, f"block {n} <b>", path=f"/html[1]/body[1]/p[{n + 1}]/text()[1]") for n in range(len(labels))]
    numbers = np.array(labels)
    return View(page, "wcxb", page, "article", "html", blocks, numbers, np.arange(len(labels)), page_set="first")


def test_the_gallery_shows_the_worst_pages_and_their_labels_by_hand(tmp_path: Path) -> None:
    good, bad = view("good/1.html", [0] * 30), view("bad", [2] * 10 + [0] * 20)
    scores = [np.eye(4)[[0] * 30] * 0.96 + 0.01] * 2
    pages = shown_pages.worst_pages([good, bad, view("short", [2] * 3)], [*scores, scores[0][:3]])
    assert [(page["name"], page["wrong"], page["labelled"]) for page in pages] == [
        ("bad", 10, 30),
        ("good/1.html", 0, 30),
    ]
    (tmp_path / "worst.json.gz").write_bytes(gzip.compress(shown_pages.pack_pages(pages)))
    assert shown_pages.read(tmp_path / "worst.json.gz") == pages
    (tmp_path / "gallery").mkdir()
    (tmp_path / "gallery" / "old.html").write_text("an earlier one")
    index = gallery.draw_gallery(tmp_path / "gallery", pages)
    assert sorted(path.name for path in index.parent.iterdir()) == ["01-bad.html", "02-1.html", "index.html"]
    shown = (index.parent / "01-bad.html").read_text(encoding="utf-8")
    assert (
        shown.count("by hand: promo_teaser") == 10 and "block 3 &lt;b&gt;" in shown and "10 of 30 blocks wrong" in shown
    )
    assert 'href="01-bad.html"' in index.read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
