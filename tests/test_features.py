"""What the passes see: worked examples, and properties over any blocks and scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagesieve.predict.document.blocks import Block, segment
from pagesieve.predict.document.page import Kind, read_page
from pagesieve.predict.features.later import page_columns, page_features, running_mean
from pagesieve.predict.features.page_context import PageContext, words_of
from pagesieve.predict.features.ragged import Tokens, join_tokens, number_equal_rows
from pagesieve.predict.features.registry import BLOCK_COLUMNS, COLUMNS, block_features, block_terms
from pagesieve.predict.features.shape import position_tokens
from pagesieve.predict.features.text_shape import text_shape_of
from pagesieve.predict.features.words import SEPARATOR, count_words, first_words, text_length

HTML = """<title>Tide tables</title><body><main class="entry-content"><h1>Tide tables</h1>
<p>High water comes at nine, and the ferry waits for it.</p>
<h3>Related</h3><ul class="relatedPosts"><li><a href="/a">The quay is being mended…</a></ul></main>"""

texts = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=60)

SHAPE = BLOCK_COLUMNS.index("shape")


def features_of(html: str) -> dict[str, dict[str, set[str]]]:
    page = read_page(html, kind="html")
    blocks = segment(page)
    rows = block_features(blocks, page.title)
    return {
        block.text: {name: set(row[place].split()) for place, name in enumerate(BLOCK_COLUMNS)}
        for block, row in zip(blocks, rows, strict=True)
    }


def test_an_html_block_has_words_markup_and_shape():
    found = features_of(HTML)["The quay is being mended…"]
    assert {"quay", "mended…", "¶"} <= found["words"]
    assert {"own=a", "up1=li", "up2=ul", "up2:related", "up2:posts", "up2.relatedposts"} <= found["markup"]
    assert {"end=cutoff", "links=4", "cutoff", "head:related", "-1:end=letter"} <= found["shape"]


@pytest.mark.parametrize("kind", ["html", "text"])
def test_a_column_finds_terms_under_its_own_prefixes_and_of_its_own_kinds_of_page(kind: Kind):
    page = read_page({"html": HTML, "text": "Tide tables\nHigh water comes at nine."}[kind], kind=kind)
    found = block_terms(PageContext(segment(page), page.title))
    assert list(found) == [column.name for column in COLUMNS if column.terms]
    for column in COLUMNS[1:]:
        assert set(found[column.name].ranges) <= {"", *column.prefixes}
        assert bool(found[column.name].ranges) == (kind in column.weights)


def test_the_title_is_known_when_it_is_met():
    assert "title=same" in features_of(HTML)["Tide tables"]["shape"]


def test_links_tell_where_they_lead_and_images_are_counted():
    html = """<body><a href="https://www.harbour.example/">Home</a><a href="/tag/ferries">Ferries</a>
<div><a href="/2024/05/the-quay-is-being-mended.html"><img src="q.jpg">The quay is being mended</a></div>
<p>No link here.</p><p><a href="#respond">Reply</a></p><p><a href="https://facebook.com/share">Share</a></p>
<p><a href="mailto:us@harbour.example">Write</a></p><p><a href="https://harbour.example/a?b=1">More</a></p></body>"""
    found = {text: columns["links"] for text, columns in features_of(html).items()}
    assert {"to=home", "images=0"} <= found["Home"]
    assert {"to=depth2", "step=tag", "slug=0"} <= found["Ferries"]
    assert {"to=depth3", "slug=3", "dated", "ending=html", "images=1"} <= found["The quay is being mended"]
    assert {"to=none", "-1:to=depth3", "+1:to=fragment"} <= found["No link here."]
    assert {"to=fragment", "#=respond"} <= found["Reply"]
    assert {"to=other", "host=facebook.com"} <= found["Share"]
    assert "to=mailto" in found["Write"] and {"to=depth1", "query"} <= found["More"]


def test_an_address_that_is_none_does_no_harm():
    assert "to=none" in features_of('<a href="http://[broken">A link</a>')["A link"]["links"]


def test_a_text_line_has_no_html_columns():
    rows = block_features([Block(0, "You may also like"), Block(1, "A boat came in at dawn and nobody saw it leave.")])
    filled = {name for name, cell in zip(BLOCK_COLUMNS, rows[1], strict=True) if cell}
    assert filled == {"words", "stems", "shape", "near"}
    assert {"head:also", "head:like"} <= set(rows[1][SHAPE].split())


def test_the_beginnings_of_long_words_of_lines_are_terms() -> None:
    rows = block_features([Block(0, "Комментарии: нельзя комментировать"), Block(1, "댓글을 댓글이 댓글 comments")])
    stems = [row[BLOCK_COLUMNS.index("stems")].split() for row in rows]
    assert stems == [["комме", "нельз"], ["댓글", "comme"]]


def test_a_block_is_told_the_words_around_it():
    html = """<h2>Alpha</h2><div><h3>Beta</h3><p>Eta</p><ul><li>Gamma 12</li><li>Delta</li></ul></div>
<p>Omega</p>"""
    found = features_of(html)["Delta"]
    words = {token for token in found["near"] if "¶" not in token}
    assert words == {"-1:gamma", "-1:00", "-2:eta", "-8:beta", "-8:alpha", "+1:omega"}
    assert {"1:gamma", "1^gamma", "2:beta", "2^beta", "2:eta"} <= found["within"] - {"3:omega"} == found["within"]
    assert not any(token.endswith("delta") for token in found["near"] | found["within"])


def test_the_same_text_is_counted_on_both_sides():
    rows = block_features([Block(i, text) for i, text in enumerate(["Share", "A boat", "Share", "Share"])])
    signs = [{token for token in row[SHAPE].split() if token.startswith(("earlier", "later"))} for row in rows]
    assert signs == [{"earlier=0", f"later={n}"} if i < 2 else {f"earlier={i - 1}", f"later={n}"}
                     for i, n in enumerate([2, 0, 1, 0])]  # fmt: skip


def test_a_line_echoes_the_paragraphs_or_does_not():
    words = "This spring the harbour ferry was painted green, after they had argued for two winters about its shade"
    long = words + ", and about its name."
    lines = [long, "Green ferry, harbour spring", "Ten recipes with lentils", "***"]
    shapes = [row[SHAPE].split() for row in block_features([Block(i, line) for i, line in enumerate(lines)])]
    assert [next(t for t in shape if t.startswith("echo=")) for shape in shapes] == [
        "echo=0", "echo=6", "echo=0", "echo=none",
    ]  # fmt: skip


def test_words_make_numbers_equal_and_split_unspaced_scripts():
    page, unspaced, long = words_of(["Page 12 of 30", "関連記事", "word " * 10_000])
    assert page.split() == ["¶", "page", "00", "of", "00", "¶"]
    assert unspaced.split() == ["¶", "関", "連", "記", "事", "¶"]
    assert len(long) < 2_000


@pytest.mark.parametrize(
    ("text", "words", "length"),
    [
        ("The tide, at last – 3 pm", 7, 24),
        ("用Python编写代码，很快", 5, 21),
        ("潮が満ちた。", 3, 11),
        ("ตลาดน้ำ ปิด", 6, 11),
        ("ຕະຫຼາດ ဈေး ផ្សារ", 8, 16),
        ("밀물이 들었다", 2, 13),
        ("", 0, 0),
    ],
)
def test_words_and_lengths_are_counted_alike_in_every_script(text: str, words: int, length: int) -> None:
    assert (count_words(text), text_length(text)) == (words, length)


def of_block(parts: list[Tokens], block: int) -> list[str]:
    return join_tokens(parts).words(block)


def test_a_paragraph_without_spaces_weighs_as_much_as_one_with_them() -> None:
    chinese, english = "渡轮在春天被漆成了绿色，" * 8, "This spring the ferry was painted green, " * 8
    for text in (chinese, english):
        columns = page_columns(PageContext([Block(0, text)]), np.full((1, 4), 0.25), None)
        assert columns["page words"][0] > np.log1p(40)
        assert "behind=1" in of_block(position_tokens(PageContext([Block(0, "x"), Block(1, text), Block(2, "y")])), 2)


def test_titles_and_beginnings_are_compared_sign_by_sign_where_words_have_no_spaces() -> None:
    lines = ["渡轮改漆绿色", "相关阅读：第一篇", "相关阅读：另一篇"]
    rows = block_features([Block(i, line) for i, line in enumerate(lines)], "渡轮漆绿色了")
    shapes = [row[SHAPE].split() for row in rows]
    assert "title=2" in shapes[0] and "title=0" in shapes[1]
    assert first_words(lines[1], 2) == first_words(lines[2], 2) == "相关 阅读"


def test_a_look_is_told_in_steps() -> None:
    looks = text_shape_of(["Tide Tables, 2024", "she waits… ", "“No.” He left! Why? v1.2", "关于潮汐。ok"])
    assert looks.words.tolist() == [3, 2, 5, 2]
    seen, own = ([of_block(parts, block) for block in range(4)] for parts in (looks.shared, looks.unshared))
    assert seen[0] == ["words=3", "end=digit", "start=upper", "sentences=0", "case=2"]
    assert own[0] == ["upper=3", "capitals=3", "digits=3", "commas=1", "date"]
    assert seen[1][1] == "end=cutoff" and own[1][-1] == "cutoff"
    assert seen[2][2:4] == ["start=“", "sentences=3"] and own[2][-1] == "quote"
    assert seen[3][0] == "words=2" and seen[3][3] == "sentences=1"


@given(st.lists(st.text(min_size=1), min_size=1, max_size=12))
def test_texts_look_the_same_alone_and_together(lines: list[str]) -> None:
    together, alone = text_shape_of(lines), [text_shape_of([line]) for line in lines]
    assert together.words.tolist() == [count_words(line) for line in lines]
    for block, look in enumerate(alone):
        assert of_block(together.shared, block) == of_block(look.shared, 0)
        assert of_block(together.unshared, block) == of_block(look.unshared, 0)


@pytest.mark.parametrize(
    "markup", ["<pre>a{}b</pre>", "<p>a{}b", "<textarea>a{}b", "<input placeholder='a{}b'>", "a{}b"]
)
def test_no_block_holds_what_separates_texts(markup: str) -> None:
    blocks = segment(read_page(markup.format(SEPARATOR)))
    assert blocks and not any(SEPARATOR in block.text for block in blocks)


@given(st.lists(texts, min_size=1, max_size=12), st.booleans())
def test_rows_fit_blocks_and_depend_on_nothing_else(lines: list[str], html: bool):
    path = "/html/body[1]/p[{}]/text()[1]" if html else ""
    blocks = [Block(i, text, "p", ("html", "body", "p.x"), 0.5, path.format(i + 1)) for i, text in enumerate(lines)]
    rows = block_features(blocks, "a title")
    assert rows.shape == (len(blocks), len(BLOCK_COLUMNS))
    assert all(isinstance(cell, str) for row in rows for cell in row)
    assert (rows == block_features(blocks, "a title")).all()


@given(st.integers(1, 30), st.integers(0, 2**32 - 1), st.booleans())
def test_what_the_page_adds_is_finite_and_holds_the_own_scores(count: int, seed: int, html: bool):
    scores = np.random.default_rng(seed).dirichlet(np.ones(4), size=count)
    path = "/html[1]/body[1]/p[{}]/text()[1]" if html else ""
    blocks = [Block(i, "some words", "p", ("html", "body", "p"), 0.0, path.format(i + 1)) for i in range(count)]
    found = page_features(blocks, scores)
    assert np.isfinite(found).all() and found.shape[0] == count
    assert found[:, 4:8] == pytest.approx(scores, abs=1e-6)


def test_a_neighbour_s_score_is_seen_from_its_side():
    scores = np.eye(4)[[0, 2, 3]]
    found = page_features([Block(i, "x") for i in range(3)], scores)
    offsets = dict(zip((-3, -2, -1, 1, 2, 3), range(9, 33, 4), strict=True))
    assert found[1, offsets[-1] : offsets[-1] + 4] == pytest.approx(scores[0])
    assert found[1, offsets[1] : offsets[1] + 4] == pytest.approx(scores[2])
    assert not found[0, offsets[-1] : offsets[-1] + 4].any()


def test_lines_that_begin_alike_are_seen_together():
    lines = ["Getty Images / Ann", "A long walk by the water", "Getty Images / Bob", "Getty Images / Cy"]
    scores = np.eye(4)[[3, 0, 0, 3]] * 0.9 + 0.025
    found = page_features([Block(i, line) for i, line in enumerate(lines)], scores)
    means = found[:, -20:-16]  # of the group by first words; that by shape is behind it
    assert means[2] == pytest.approx(scores[[0, 2, 3]].mean(axis=0), abs=1e-6)
    assert means[1] == pytest.approx(scores[1], abs=1e-6)


def test_blocks_are_alike_that_have_the_same_tokens_in_all_parts():
    parts = [Tokens("ab", np.array([0, 0, 1, 0, -1])), Tokens("c", np.array([0, -1, 0, 0, 0]))]
    found = number_equal_rows(parts).tolist()
    assert found[0] == found[3] and len(set(found)) == 4


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.floats(0, 1)), min_size=1, max_size=200), st.sampled_from([0.6, 0.9])
)
def test_a_running_mean_is_that_of_the_blocks_one_by_one(rows: list[tuple[int, float]], decay: float):
    words, scores = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    means, mean, weight = [], 0.0, 0.0
    for gain, score in zip(np.sqrt(words + 1), scores, strict=True):
        means.append(mean)
        weight = decay * weight + gain
        mean += (score - mean) * gain / weight
    assert running_mean(scores[:, None], words, decay)[:, 0] == pytest.approx(means, abs=1e-12)
