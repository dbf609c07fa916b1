"""Frames of pages: rows that join with the caller's, columns by any name, pages that fail alone."""

import re
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pagesieve.predict import Model, ModelError, load
from pagesieve.predict.bulk.frames import ARTICLES, BLOCKS, frame_of_articles, frame_of_blocks
from pagesieve.predict.bulk.labelling import split_failed
from pagesieve.predict.document.page import PageWarning
from pagesieve.predict.processes.sandbox import Failed

ROOT = Path(__file__).parents[1]
HTML = "<nav><a href=/>Home</a></nav><h1>The heron waits</h1><p>It waits for the tide at the harbour wall until {}.</p>"
FRAMES = [frame_of_blocks, frame_of_articles]


@pytest.fixture(scope="module")
def model() -> Model:
    return load()


def crawl(*contents: Any, **columns: Any) -> pd.DataFrame:
    """Pages named a, b, …, with an index that is neither sorted nor numbers from 0."""
    index = pd.Index([f"row {100 - number}" for number in range(len(contents))], name="key")
    pages = {"page": list("abcdefgh"[: len(contents)]), "content": list(contents)}
    return pd.DataFrame(pages | columns, index=index, dtype=object)


def test_an_article_has_the_index_of_its_page(model: Model) -> None:
    pages = crawl(HTML.format("noon"), HTML.format("dusk"), when=["noon", "dusk"])
    found = frame_of_articles(pages, model=model)
    assert found.index.equals(pages.index) and list(found) == list(ARTICLES)
    joined = pages.join(found["text"])
    assert all(f"until {row['when']}." in row["text"] for row in joined.to_dict("records"))


def test_blocks_carry_the_index_of_their_page(model: Model) -> None:
    pages = crawl(HTML.format("noon"), "", HTML.format("dusk"), when=["noon", "never", "dusk"])
    found = frame_of_blocks(pages, model=model)
    assert list(found) == ["row", *BLOCKS] and found["row"].tolist() == ["row 100"] * 3 + ["row 98"] * 3
    joined = found.join(pages["when"], on="row")
    assert [row["when"] in row["text"] for row in joined.to_dict("records") if row["index"] == 2] == [True, True]


@pytest.mark.parametrize("index", [range(2), [7, 7], pd.to_datetime(["2026-01-02", "2026-01-01"])])
def test_any_index_is_kept_with_its_type(model: Model, index: Any) -> None:
    pages = pd.DataFrame({"page": ["a", "b"], "content": ["Heron", "Tide"]}, index=index)
    for some in (pages, pages[:0]):
        blocks = frame_of_blocks(some, model=model)
        assert blocks["row"].tolist() == list(some.index) and blocks["row"].dtype == some.index.dtype
        assert frame_of_articles(some, model=model).index.equals(some.index)


@pytest.mark.parametrize("frame_of", FRAMES)
def test_columns_may_have_any_name(model: Model, frame_of: Any) -> None:
    pages = crawl(HTML.format("noon"), HTML.format("dusk"))
    wanted = frame_of(pages, model=model)
    renamed = pages.rename(columns={"page": "url", "content": "raw html"})
    assert frame_of(renamed, page="url", content="raw html", model=model).equals(wanted)
    nameless = frame_of(pages.drop(columns="page"), page=None, model=model)
    assert nameless["page"].isna().all() and nameless["text"].equals(wanted["text"])


@pytest.mark.parametrize("frame_of", FRAMES)
def test_a_column_that_is_missing_is_named_with_those_that_are_there(model: Model, frame_of: Any) -> None:
    pages = crawl("Heron")
    for how, said in (
        ({"content": "html"}, "no column html, there is page, content; name yours with page= and content="),
        ({"page": "url"}, "no column url, there is page, content;"),
    ):
        with pytest.raises(ValueError, match=re.escape(said)):
            frame_of(pages, model=model, **how)
    with pytest.raises(ValueError, match="no column page, there is none;"):
        frame_of(pd.DataFrame(), model=model)


@pytest.mark.parametrize("frame_of", FRAMES)
@pytest.mark.parametrize("name", ["page", "content", "kind"])
def test_a_column_that_stands_twice_is_named(model: Model, frame_of: Any, name: str) -> None:
    pages = crawl("Heron", "Tide", kind=["text", "text"])
    with pytest.raises(ValueError, match=f"more than one column {name}; give each a name of its own"):
        frame_of(pd.concat([pages, pages[[name]]], axis=1), model=model)
    with pytest.raises(ValueError, match=f"more than one column {name}; give each a name of its own"):
        frame_of(pd.concat({name: pages}, axis=1), page=name, content=name, model=model)


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT])
def test_a_missing_content_is_a_page_that_failed(model: Model, missing: Any) -> None:
    pages = crawl("Heron waits.", missing, "Tide comes.")
    articles, blocks = frame_of_articles(pages, model=model), frame_of_blocks(pages, model=model)
    assert articles["error"].tolist() == [pd.NA, "no content", pd.NA]
    assert articles["text"].isna().tolist() == articles["confidence"].isna().tolist() == [False, True, False]
    assert blocks["row"].tolist() == pages.index.tolist() and blocks["error"].tolist() == [pd.NA, "no content", pd.NA]
    assert blocks["index"].tolist() == [0, pd.NA, 0] and blocks["page"].tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("frame_of", FRAMES)
def test_a_page_that_fails_says_why_and_the_others_are_labelled(model: Model, frame_of: Any) -> None:
    pages = crawl("Heron", 7, ["Tide"], "Dusk", "Noon", kind=[None, "text", "text", "HTML", "text"])
    found = frame_of(pages, model=model)
    wrong = "TypeError: content must be the page itself, bytes or str, not"
    choices = "ValueError: kind must be one of auto, html, text, not 'HTML'"
    assert found["error"].fillna("").tolist() == ["", f"{wrong} int", f"{wrong} list", choices, ""]
    assert found["text"].isna().tolist() == [False, True, True, True, False]


def test_a_page_that_the_model_cannot_bear_is_lost_alone(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    parse = Model.parse

    def fail(self: Model, content: Any, **how: Any) -> Any:
        if content == "Heron":
            raise RecursionError("too deep")
        return parse(self, content, **how)

    monkeypatch.setattr(Model, "parse", fail)
    found = frame_of_articles(crawl("Heron", "Tide"), model=model)
    assert found["error"].tolist() == ["RecursionError: too deep", pd.NA]


@pytest.mark.parametrize("frame_of", FRAMES)
def test_what_no_page_can_do_is_raised_at_once(model: Model, frame_of: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="prefer must be one of precision, balanced, recall, not 'most'"):
        frame_of(crawl("Heron"), model=model, prefer="most")
    bare = Model(model.stages, model.card | {"decision": {}})
    with pytest.raises(ModelError, match="no operating point that prefers recall on html"):
        frame_of(crawl("Heron"), model=bare, prefer="recall")
    with pytest.raises(ModelError, match="none.npz"):
        frame_of(crawl("Heron"), model=tmp_path / "none.npz")


def test_bytearray_and_memoryview_and_every_string_type_are_contents(model: Model) -> None:
    found = frame_of_articles(crawl(b"Heron", bytearray(b"Heron"), memoryview(b"Heron"), "Heron"), model=model)
    assert found["error"].isna().all() and found["text"].nunique() == 1
    pages = crawl("Heron", None).astype({"content": "string"})
    assert frame_of_articles(pages, model=model)["error"].tolist() == [pd.NA, "no content"]


@pytest.mark.parametrize("frame_of", FRAMES)
def test_addresses_in_place_of_pages_are_one_warning(model: Model, frame_of: Any) -> None:
    with pytest.warns(PageWarning, match="2 of 3 pages look like paths or addresses") as caught:
        frame_of(crawl("http://a.example/", "b.html", "Heron"), model=model)
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame_of(crawl(HTML, None), model=model)


def test_a_file_of_rows_has_neither_index_nor_errors(model: Model) -> None:
    kept, failed = split_failed(frame_of_blocks(crawl("Heron", None), model=model))
    assert list(kept) == [name for name in BLOCKS if name != "error"] and kept["index"].dtype == "int64"
    assert (kept["page"].tolist(), failed) == (["a"], [Failed("b", "no content")])
    kept, failed = split_failed(frame_of_articles(crawl("Heron", None), model=model))
    assert (list(kept), failed) == (["page", "text", "confidence"], [Failed("b", "no content")])


def test_the_example_of_the_readme_joins() -> None:
    names: dict[str, Any] = {}
    text = (ROOT / "predict/README.md").read_text("utf-8").split("<!-- pandas -->")[1]
    exec(text.split("```python\n")[1].split("```")[0], names)
    assert names["articles"]["url"].tolist() == ["https://a.example/", "https://b.example/"]
    assert names["articles"]["error"].tolist() == names["blocks"]["error"].tolist() == [pd.NA, "no content"]
    assert names["blocks"]["url"].tolist() == names["crawl"]["url"].tolist()


def test_lack_of_memory_is_no_fault_of_a_page(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    def records(*_: Any, **__: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(Model, "records", records)
    for frame in FRAMES:
        with pytest.raises(MemoryError):
            frame(crawl(HTML), model=model)
