"""The page that a caller in Python hands over: what is taken, what is refused, and what is said."""

import subprocess
import sys
import warnings
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import pytest

from pagesieve import predict
from pagesieve.predict import Model, load
from pagesieve.predict.document.content import is_address
from pagesieve.predict.document.page import PageWarning
from pagesieve.predict.explain import explain

HTML = b"<nav><a href=/>Home</a></nav><h1>The heron waits</h1><p>It waits for the tide at the harbour wall.</p>"


@pytest.fixture(scope="module")
def model() -> Model:
    return load()


@pytest.mark.parametrize("kind", ["HTML", "pdf", "", None, 3])
def test_another_kind_is_refused_with_the_choices(model: Model, kind: object) -> None:
    for read in (model.label, model.text, model.records):
        with pytest.raises(ValueError, match="kind must be one of auto, html, text, not "):
            read(HTML, kind=kind)
    with pytest.raises(ValueError, match="kind must be one of auto, html, text, not "):
        explain(model, HTML, 0, kind=kind)  # type: ignore[arg-type]


@pytest.mark.parametrize("pack", [bytearray, memoryview])
def test_bytearray_and_memoryview_are_bytes(model: Model, pack: type) -> None:
    assert model.records(pack(HTML)) == model.records(HTML)
    assert model.text(pack(HTML)) == model.text(HTML)
    assert model.label(pack(HTML)).equals(model.label(HTML))
    assert explain(model, pack(HTML), 1).text == "The heron waits"


@pytest.mark.parametrize(
    "content",
    ["http://a.example/tide", " HTTPS://a.example/x?y=1\n", "tide.html", "my pages/tide.HTM", "a/b.txt.gz", "../tide",
     "/srv/pages/tide", "C:\\pages\\tide", "file:///tide", "saved.mhtml"],
)  # fmt: skip
def test_a_path_or_an_address_is_answered_with_a_warning(model: Model, content: str) -> None:
    with pytest.warns(PageWarning, match="content must be the page itself, not its path or address: '"):
        model.text(content)


@pytest.mark.parametrize(
    "content",
    ["", "The heron waits.", "<p>tide.html", "See http://a.example/tide", "tide.html\nThe heron waits.", "and/or",
     "1 / 2", "2.5", b"tide.html", "/" + "x" * 3000, "/ Home / News"],
)  # fmt: skip
def test_a_page_is_answered_with_none(model: Model, content: str | bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.text(content)


def test_a_long_line_is_looked_at_in_no_time() -> None:
    assert not any(is_address(sign * 2000) for sign in ("a.", ". ", "/ ", "a.html"[:2]))


def test_another_type_is_refused(model: Model) -> None:
    with pytest.raises(TypeError, match="content must be the page itself, bytes or str, not PosixPath"):
        model.text(Path("tide.html"))  # type: ignore[arg-type]


def test_a_model_shows_itself_in_one_line(model: Model) -> None:
    assert repr(model) == f"<pagesieve Model of html and text pages, sha256 {model.card['digests']['npz'][:12]}>"


def test_the_package_says_its_version_and_has_types() -> None:
    assert predict.__version__ == version("pagesieve")
    assert all((files(f"pagesieve.{part}") / "py.typed").is_file() for part in ("predict", "train"))
    with pytest.raises(AttributeError, match="has no attribute 'loads'"):
        predict.loads  # noqa: B018


def test_what_is_imported_by_name_is_what_the_package_names() -> None:
    program = "from pagesieve.predict import *; print(LABELS[0], load.__name__, Model.__name__, ModelError.__name__)"
    printed = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert printed == "article_content load Model ModelError\n"
