"""Where the main text stands: the best run of blocks, and the best element."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pagesieve.predict.document.blocks import segment
from pagesieve.predict.document.page import read_page
from pagesieve.predict.features.context import number_elements
from pagesieve.predict.features.main_text import THRESHOLDS, main_elements, main_runs

PAGE = """<nav><a>Menu</a></nav><div><main><h1>The tide</h1><p>It comes at nine.</p><p>It goes at three.</p></main>
<aside><p>Another story</p></aside></div>"""


def inside(columns: dict[str, np.ndarray], name: str) -> list[int]:
    return np.flatnonzero(columns[f"{name}: inside"]).tolist()


def test_the_best_run_begins_and_ends_where_words_that_look_like_article_do():
    article = np.array([0.1, 0.9, 0.4, 0.9, 0.2, 0.2, 0.9])
    columns = main_runs(article, np.array([5, 20, 2, 30, 40, 40, 10]))
    assert inside(columns, "main run, 0.5") == [1, 2, 3]
    assert columns["main run, 0.5: before"][0] == np.log1p(1)
    assert columns["main run, 0.5: behind"].round(3).tolist()[3:] == np.log1p([0, 1, 2, 3]).round(3).tolist()


def test_the_best_element_is_the_innermost_around_the_article_and_knows_of_a_second_one():
    elements = number_elements(segment(read_page(PAGE, kind="html")))
    article, words = np.array([0.0, 0.9, 0.9, 0.9, 0.1]), np.array([1, 2, 4, 4, 30])
    columns = main_elements(article, words, elements)
    assert inside(columns, "main element, 0.5") == [1, 2, 3]
    assert columns["main element, 0.5: second"].max() == 0
    rival = main_elements(np.array([0.0, 0.9, 0.9, 0.9, 0.6]), words, elements)
    assert inside(rival, "main element, 0.5") == [1, 2, 3, 4]


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 500)), min_size=1, max_size=20))
def test_no_other_run_has_more_gain(rows: list[tuple[float, int]]):
    article, words = map(np.array, zip(*rows, strict=True))
    for threshold in THRESHOLDS:
        gain = (article - threshold) * words
        found = gain[inside(main_runs(article, words), f"main run, {threshold}")].sum()
        others = [gain[i:j].sum() for i in range(len(gain)) for j in range(i, len(gain) + 1)]
        assert found >= max(others) - 1e-9
