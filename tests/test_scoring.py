"""The scorer gives the probabilities of the scikit-learn pipelines, on pages and on whatever text."""

from pathlib import Path

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pagesieve.predict import load
from pagesieve.predict.compile import split_terms
from pagesieve.predict.document.blocks import Block, kind_of, segment
from pagesieve.predict.document.page import read_page
from pagesieve.predict.features.context import (
    ALL,
    BlockRanges,
    Column,
    container_terms,
    neighbour_lists,
    neighbour_terms,
    number_elements,
    own_terms,
    shared_terms,
)
from pagesieve.predict.features.ragged import NONE, lists_of
from pagesieve.predict.scoring.stages import STAGE_NAMES, name_of, terms_of
from pagesieve.predict.scoring.tables import build_prefixed
from pagesieve.train.fit.pipelines import in_double, pipeline_rows

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "data" / "pages").iterdir())
MODEL, PIPELINES = load(), in_double(joblib.load(ROOT / "models" / "blocks.joblib"))
WORDS = [
    "the",
    "Leave",
    "a",
    "reply",
    "Read",
    "also:",
    "…",
    "©",
    "2024",
    "cookies",
    "für",
    "の",
    "ありがとう",
    "читайте",
]
TEXT = st.lists(st.sampled_from(WORDS) | st.text(min_size=1), min_size=1, max_size=30).map(" ".join)
TAGS = st.sampled_from(["p", "h2", "li.menu", "a#x y", "div.comment", "p[role=note]"])


def by_pipelines(blocks: list[Block], title: str) -> np.ndarray:
    """The probabilities of a page's blocks by the scikit-learn pipelines alone."""
    kind = kind_of(blocks)
    last = name_of(kind, STAGE_NAMES[-1])
    return PIPELINES[last].predict_proba(pipeline_rows(PIPELINES, kind, blocks, title)[last])


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_scores_are_those_of_the_pipelines(path: Path) -> None:
    page = read_page(path.read_bytes(), kind="html" if path.suffix == ".html" else "text")
    blocks = segment(page)
    assert np.abs(MODEL.score(blocks, page.title) - by_pipelines(blocks, page.title)).max() <= 1e-6


@settings(max_examples=40)
@given(
    st.lists(st.tuples(TEXT, TAGS, st.sampled_from(["", "/a b/c", "https://x y.example/#f g"])), min_size=1),
    st.booleans(),
)
def test_the_scores_are_those_of_the_pipelines_on_any_blocks(lines: list[tuple[str, str, str]], html: bool) -> None:
    blocks = []
    for i, (text, tag, href) in enumerate(lines):
        path = f"/html/body[1]/div[{i // 4 + 1}]/p[{i}]/text()[1]"
        of_html = (tag[:2].strip("."), ("html", "body", tag), 0.3, href, i % 3, path) if html else ()
        if shown := " ".join(text.split()):
            blocks.append(Block(len(blocks), shown, *of_html))
    if blocks:
        assert np.abs(MODEL.score(blocks, "a title") - by_pipelines(blocks, "a title")).max() <= 1e-6


def seen_by(column: Column, mark: str, block: int) -> list[str]:
    seen = column.ranges[mark]
    if (stretch := seen.of[block]) == NONE:
        return []
    places = [place for place in range(seen.begin[stretch], seen.end[stretch]) if place != seen.excluded[stretch]]
    return [word for place in places for word in column.lists.words(place)[: seen.max_words]]


def test_stretches_of_neighbours() -> None:
    found = neighbour_terms(lists_of([[letter, letter.upper()] for letter in "abcdefghijkl"]))
    assert seen_by(found, "-1:", 3) == ["c", "C"] and seen_by(found, "+1:", 11) == []
    assert seen_by(found, "-2:", 3) == ["b", "B"] and seen_by(found, "+2:", 3) == ["f", "F"]
    assert seen_by(found, "-8:", 3) == ["a", "A"] and seen_by(found, "+8:", 3) == list("gGhHiIjJkKlL")
    lists = lists_of([["a", "A"], ["b"], ["c"], ["none"]])
    looks = Column(lists, own_terms(np.arange(3), np.arange(4)) | neighbour_lists(np.arange(3), np.arange(4), 1))
    assert seen_by(looks, "", 0) == ["a", "A"] and seen_by(looks, "-1:", 1) == ["a"]
    assert seen_by(looks, "-2:", 1) == ["none"] and seen_by(looks, "+2:", 1) == ["none"]


def test_what_blocks_share_is_made_once() -> None:
    made: list[str] = []
    column = shared_terms(["ul", "p", "ul"], lambda key: made.append(key) or [key])
    assert made == ["ul", "p"] and [seen_by(column, "", block) for block in range(3)] == [["ul"], ["p"], ["ul"]]


def test_stretches_of_containers_leave_out_the_block_itself() -> None:
    paths = [
        "/html/body[1]/ul[1]/li[1]/text()[1]",
        "/html/body[1]/ul[1]/li[2]/text()[1]",
        "/html/body[1]/p[1]/text()[1]",
    ]
    elements = number_elements([Block(i, "x", path=path) for i, path in enumerate(paths)])
    assert elements.places == [0, 1, 2, 3, 4, 4, 5]
    assert elements.of == [4, 5, 6] and elements.parents == [0, 0, 1, 2, 3, 3, 2]
    assert elements.sizes[1:4] == [3, 3, 2] and elements.first[3:5] == [0, 0] and elements.last[3:5] == [1, 0]
    found = container_terms(elements, lists_of([["a"], ["b"], ["c"]]))
    assert seen_by(found, "1:", 0) == ["b"] and seen_by(found, "1:", 1) == ["a"] and seen_by(found, "1^", 1) == ["a"]
    assert seen_by(found, "1:", 2) == ["a", "b"] and seen_by(found, "2:", 0) == []


def test_terms_of_a_stretch_are_there_once_and_what_is_none_is_left_out() -> None:
    marked = build_prefixed(split_terms("near", ["-1:b", "b", "-1:a"]), 7)
    begin, end, nothing = np.array([0, 1, 1]), np.array([2, 3, 2]), np.full(3, NONE)
    seen = {
        "-1:": BlockRanges(begin, begin, end, nothing, ALL),
        "": BlockRanges(begin, begin, end, nothing + [0, 3, 0], 1),
    }
    column = Column(lists_of([["a", "b"], ["x"], ["b", "b"]]), seen | {"+1:": seen["-1:"]})
    found = [np.flatnonzero(row).tolist() for row in terms_of({"near": marked}, {"near": column}, 10).toarray() == 1]
    assert found == [[7, 9], [7], [], [], [], [], []]
    seen[""] = BlockRanges(begin, begin, end, nothing, 1)
    column = Column(column.lists, seen)
    assert terms_of({"near": marked}, {"near": column}, 10).toarray()[4].tolist() == [0] * 8 + [1, 0]
