"""Views made of others: paragraphs in plain markup, pages without class names."""

import numpy as np

from pagesieve.predict.document.blocks import Block
from pagesieve.predict.labels import LABELS
from pagesieve.train.augment.skeletons import wrap_paragraphs
from pagesieve.train.augment.without_names import pages_without_names, without_names
from pagesieve.train.labels.paragraphs import Row, view_of
from pagesieve.train.labels.views import OWN, View

ROWS = [
    (3, "Home  News"),
    (0, "The lamp & the <keeper>"),
    (0, "He lit it at dusk."),
    (1, "Leave a reply"),
    (2, "Another story"),
]


def page_of(number: int) -> View:
    rows = [
        Row(place, " ".join(text.split()), label, "en", f"page {number}", place)
        for place, (label, text) in enumerate(ROWS)
    ]
    return view_of("paragraphs", "text", rows, "en")


def test_paragraphs_become_an_html_page_of_the_same_blocks_and_labels():
    pages = [page_of(number) for number in range(40)]
    made = wrap_paragraphs(pages)
    for view in made:
        assert [block.text for block in view.blocks] == [block.text for block in pages[0].blocks]
        assert view.labels.tolist() == pages[0].labels.tolist()
        assert all(block.path and block.ancestors for block in view.blocks)
        assert (view.kind, view.page_set, view.title) == ("html", OWN, "The lamp & the <keeper>")
    forms = {view.blocks[LABELS.index("article_content") + 3].ancestors for view in made}
    assert len(forms) >= 4, "the same section stands in different markup"
    assert [view.blocks for view in wrap_paragraphs(pages)] == [view.blocks for view in made]


def test_a_page_without_names_keeps_tags_and_roles():
    block = Block(0, "x", "p", ("html", "body#top.home", "main.role=main.wide", "p.lead.hidden"), path="/html")
    (bare,) = without_names([block])
    assert bare.ancestors == ("html", "body", "main.role=main", "p.hidden")


def test_a_share_of_the_hand_labelled_html_pages_is_learned_from_without_names_and_not_scored():
    block = Block(0, "x", "p", ("html", "body.home"), path="/html")
    views = [
        View(str(n), "wcxb", "a.example", "article", kind, [block], np.zeros(1, np.int8), np.zeros(1, int), page_set)
        for n in range(200)
        for kind, page_set in (("html", "first"), ("html", ""), ("text", "first"))
    ]
    copies = pages_without_names(views)
    assert 50 < len(copies) < 90
    assert {(view.kind, view.page_set, view.page_type, view.weight) for view in copies} == {("html", OWN, "", 0.5)}
    assert {view.blocks[0].ancestors for view in copies} == {("html", "body")}
