"""HTML pages that were written for pagesieve: their labels stand in the markup, and nothing of them in the features."""

import re
from pathlib import Path

import pytest

from pagesieve.predict.errors import Failure
from pagesieve.predict.labels import LABELS
from pagesieve.train.corpora import Corpus
from pagesieve.train.fit import training_data
from pagesieve.train.labels.written_pages import CODES, read_written, views_of

PAGE = """<!doctype html><html lang="de-CH"><title>Steg - Seeblatt</title>
<nav class="menu"><a href="/">Start</a></nav>
<main class="text" data-label="T"><h1>Neuer Steg am See</h1><p>Der Steg ist 40 Meter lang.</p>
<div data-label="P"><p>Auch lesen: <a href="/2">Altes Boot</a></p></div><p>Er wird im Mai eröffnet.</p></main>
<section data-label="C"><h3>2 Kommentare</h3><p>Endlich!</p><p data-label="N">Lädt</p></section></html>"""


def test_the_innermost_label_counts_and_what_has_none_is_site_chrome(tmp_path: Path) -> None:
    html, text, left = views_of(page(tmp_path))
    assert [LABELS[label] for label in html.labels] == [CODES[code] for code in "NTTPTCCN"]
    assert [block.text for block in text.blocks] == [block.text for block in html.blocks]
    assert [block.text for block in left.blocks] == [block.text for block in html.blocks[1:-1]]
    assert [view.kind for view in (html, text, left)] == ["html", "text", "pre_extracted"]
    assert html.language == "de"


def test_a_page_of_another_name_is_other_data_as_its_name_is_its_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_data, "WRITTEN", tmp_path)
    path = page(tmp_path)
    there = [Corpus("made-up", tmp_path, "0", "0", 1, 0, 0)]
    before, site = training_data.digests_of(there), views_of(path)[0].site
    assert training_data.digests_of(there) == before
    renamed = path.rename(path.with_name("other.html"))
    assert views_of(renamed)[0].site != site
    after = training_data.digests_of(there)
    assert {name for name in before if before[name] != after[name]} == {tmp_path.name}


def test_no_feature_can_see_a_label(tmp_path: Path) -> None:
    blocks = views_of(page(tmp_path))[0].blocks
    assert "label" not in repr(blocks)
    assert blocks[1].ancestors[-2:] == ("main.text", "h1")


def test_lines_know_nothing_of_the_markup(tmp_path: Path) -> None:
    _, text, _ = views_of(page(tmp_path))
    assert not any(block.path or block.ancestors for block in text.blocks)
    assert not text.title


@pytest.mark.parametrize(
    ("html", "said"),
    [
        (PAGE.replace('"C"', '"Q"'), "data-label='Q' is none of T, C, P, N"),
        (PAGE.replace(' lang="de-CH"', ""), "no lang"),
    ],
)
def test_a_page_whose_labels_cannot_be_read_is_named(tmp_path: Path, html: str, said: str) -> None:
    with pytest.raises(Failure, match=f"steg.html: .*{said}"):
        views_of(page(tmp_path, html))


def test_every_written_page_has_content_or_says_in_its_name_that_it_has_none() -> None:
    empty = [view.page for view in read_written(Path("data/written")) if view.kind == "html" and 0 not in view.labels]
    assert all(re.search("wall|404|empty", name) for name in empty)


def page(folder: Path, html: str = PAGE) -> Path:
    path = folder / "steg.html"
    path.write_text(html, encoding="utf-8")
    return path
