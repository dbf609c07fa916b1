"""From scores to labels and operating points: worked examples, and properties over any scores."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagesieve.predict.labels import LABELS
from pagesieve.predict.scoring.decision import EVEN, confidence, decide, drop_repeated
from pagesieve.train.evaluation import operating_points

CONTENT, COMMENT, PROMO, CHROME = LABELS


def rows(*blocks: tuple[str, float, int]) -> pd.DataFrame:
    """HTML blocks by label, score of article_content, and words; a fold each; the other score is site_chrome's."""
    frame = pd.DataFrame(blocks, columns=["label", CONTENT, "words"])
    frame = frame.assign(**{COMMENT: 0.0, PROMO: 0.0, CHROME: 1 - frame[CONTENT]}, mode="html", predicted="")
    return frame.assign(fold=np.arange(len(frame)) % 5)


def test_equal_thresholds_take_the_largest_score_and_the_first_of_two() -> None:
    scores = np.array([[0.4, 0.1, 0.2, 0.3], [0.1, 0.4, 0.4, 0.1]])
    assert decide(scores) == [CONTENT, COMMENT]


def test_a_threshold_moves_the_border_of_the_article() -> None:
    scores = np.array([[0.4, 0.3, 0.2, 0.1], [0.7, 0.1, 0.1, 0.1], [0.2, 0.1, 0.1, 0.6]])
    assert decide(scores, operating_points.thresholds(0.8)) == [COMMENT, CONTENT, CHROME]
    assert decide(scores, operating_points.thresholds(0.2)) == [CONTENT, CONTENT, CONTENT]


@given(st.integers(1, 20), st.integers(0, 2**32 - 1), st.floats(0.02, 0.98), st.floats(0.02, 0.98))
def test_a_higher_threshold_keeps_a_part_of_what_a_lower_one_keeps(count: int, seed: int, a: float, b: float) -> None:
    scores = np.random.default_rng(seed).dirichlet(np.ones(4), size=count)
    low, high = (np.array(decide(scores, operating_points.thresholds(t))) == CONTENT for t in sorted((a, b)))
    assert (low | ~high).all()
    assert 0 <= confidence(scores, decide(scores), ["x" * (i + 1) for i in range(count)]) <= 1


def test_confidence_is_the_f1_to_be_expected() -> None:
    scores = np.array([[0.9, 0, 0, 0.1], [0.2, 0, 0, 0.8]])
    assert confidence(scores, [CONTENT, CHROME], ["x" * 10, "y" * 5]) == pytest.approx(2 * 9 / (10 + 10))
    assert confidence(scores, [CHROME, CHROME], ["x" * 10, "y" * 5]) == 0
    assert confidence(np.zeros((0, 4)), [], []) == 0


def test_operating_points_lean_to_their_sides() -> None:
    blocks = [(CONTENT, 0.9, 50), (CONTENT, 0.6, 10), (CONTENT, 0.3, 10), (CHROME, 0.7, 10), (CHROME, 0.1, 90)] * 3
    (kind, points), *others = operating_points.operating_points(rows(*blocks)).items()
    assert kind == "html" and others == [] and points["balanced"] == EVEN
    assert 0.7 <= points["precision"][CONTENT] < 0.9 and points["recall"][CONTENT] <= 0.3
    assert points["recall"][CHROME] == pytest.approx(1 - points["recall"][CONTENT])
    assert operating_points.kept_words(rows(*blocks), points["precision"]) == pytest.approx((1, 50 / 70))
    assert operating_points.kept_words(rows(*blocks), points["recall"]) == pytest.approx((70 / 80, 1))


def test_a_fold_is_measured_with_the_threshold_of_the_others() -> None:
    same = [(CONTENT, 0.9, 9), (CHROME, 0.1, 9)] * 5
    measured = operating_points.kept_at_points(rows(*same))["html"]["precision"]
    assert measured == pytest.approx({"precision": 1, "recall": 1})
    odd = rows(*same).assign(fold=[0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    odd.loc[0, CONTENT], odd.loc[0, CHROME] = 0.01, 0.99
    assert operating_points.kept_at_points(odd)["html"]["precision"]["recall"] == pytest.approx(0.8)


def test_calibration_is_the_gap_between_said_and_true() -> None:
    sure = rows(*[(CONTENT, 0.95, 1)] * 8 + [(CHROME, 0.95, 1)] * 2)
    found = operating_points.calibration(sure)["html"]
    assert found[CONTENT]["error"] == pytest.approx(0.15) and found[COMMENT]["error"] == 0
    assert found[CONTENT]["bins"] == [pytest.approx({"predicted": 0.95, "true": 0.8, "count": 10})]


def test_page_confidence_is_held_against_what_came_out() -> None:
    pages = pd.DataFrame({"mode": "html", "confidence": [0.95, 0.95, 0.45], "kept_f1": [1.0, 0.8, 0.4]})
    found = operating_points.page_confidence(pages)["html"]
    assert [row["count"] for row in found["bins"]] == [1, 2]
    assert found["error"] == pytest.approx((0.05 + 2 * 0.05) / 3) and found["rank_correlation"] > 0.8


LONG_ONES = [letter * 120 for letter in "abcdef"]


@pytest.mark.parametrize(
    ("texts", "kept"),
    [
        ([*LONG_ONES, *LONG_ONES], LONG_ONES),
        ([*LONG_ONES, "short", *LONG_ONES[2:4]], [*LONG_ONES, "short"]),
        ([*LONG_ONES, "short", LONG_ONES[2], "other"], [*LONG_ONES, "short", LONG_ONES[2], "other"]),
        (["refrain"] * 4, ["refrain"] * 4),
        ([LONG_ONES[0]] * 2, [LONG_ONES[0]] * 2),
        ([LONG_ONES[0]] * 4, [LONG_ONES[0]] * 2),
        ([*LONG_ONES[:2], "a step", *LONG_ONES[:2], "a step"], [*LONG_ONES[:2], "a step", "a step"]),
        ([LONG_ONES[0]], [LONG_ONES[0]]),
        ([], []),
    ],
)
def test_a_passage_is_kept_once_and_a_lone_line_as_often_as_it_stands(texts: list[str], kept: list[str]) -> None:
    assert drop_repeated(texts) == kept


@given(st.lists(st.sampled_from([*LONG_ONES, "x", "y"])))
def test_nothing_is_lost_but_repeats(texts: list[str]) -> None:
    kept = drop_repeated(texts)
    assert list(dict.fromkeys(kept)) == list(dict.fromkeys(texts))
    assert [text for text in kept if text in "xy"] == [text for text in texts if text in "xy"]
