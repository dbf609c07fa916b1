"""The compiled core gives what the reference gives, and leaves to it what it does not know."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from core_fuzz import check, made_up
from hypothesis import given
from hypothesis import strategies as st

from pagesieve.predict import Model, core, load, model
from pagesieve.predict.document.blocks import segment
from pagesieve.predict.document.page import read_page
from pagesieve.predict.scoring.stages import score

ROOT = Path(__file__).parents[1]
MODEL = load()
PAGES = sorted((ROOT / "data/pages").iterdir())
pytestmark = pytest.mark.skipif(not core.core, reason="the core is not compiled")


def scored(content: bytes | str, kind: str = "html") -> core.Scored | None:
    return core.score(MODEL.scorers, read_page(content, kind=kind))  # type: ignore[arg-type]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_sample_page_has_the_blocks_and_probabilities_of_the_reference(path: Path) -> None:
    page = read_page(path.read_bytes(), kind="html" if path.suffix == ".html" else "text")
    found, blocks = core.score(MODEL.scorers, page), segment(page)
    assert found and found.texts == [block.text for block in blocks]
    assert found.paths == [block.path for block in blocks if block.path]
    assert np.abs(found.scores - score(MODEL.stages, blocks, page.title)).max() <= 1e-9


@given(st.randoms(use_true_random=False))
def test_made_up_markup_has_the_blocks_and_probabilities_of_the_reference(chance) -> None:
    check(made_up(chance), MODEL.scorers, MODEL.stages)


@pytest.mark.parametrize(
    "markup",
    [
        "<a href=//x.example/1>A b</a><a href=/2024/05/x_y-z.php?q=1#top>c</a><a href=mailto:a@b>d</a><a href=http://[x>e",
        "<p>İstanbul ΣΑΣ straße … and www.x.example at 12:30, 1.2.2024, ٣/٤/٢٠٢٤</p>" * 3,
        "<pre>  a\n\tb\n</pre><textarea placeholder=p></textarea><input type=submit><select><optgroup label=L>",
        "<x-a><o:p>one<div>two</div></o:p></x-a>three<br><br>four<svg><style>a{}</style><text>five</svg>",
        "<script><!--<script>x</script>--></script><p>seen<template><p>unseen</template><noscript>too</noscript>",
        "<p>東京都は今日も雨です。news 用Python编写</p><p>한국어 문장입니다</p><p>ภาษาไทย</p>",
    ],
)  # fmt: skip
def test_odd_markup_has_the_blocks_and_probabilities_of_the_reference(markup: str) -> None:
    check(
        f"<title>A title</title>{markup}<p>{'A long paragraph of the harbour. ' * 9}</p>", MODEL.scorers, MODEL.stages
    )


@pytest.mark.parametrize(
    "markup", ["<p>a<math><mi>x</mi></math>", "<p>a<xmp><b></xmp>", "<svg><style><g></style></svg>a"]
)
def test_what_the_serialised_page_does_not_tell_is_read_by_the_reference(markup: str) -> None:
    assert scored(markup) is None
    assert MODEL.label(markup, kind="html")["text"].tolist() == [block.text for block in segment(read_page(markup))]


@pytest.mark.parametrize(
    "markup",
    [
        "<div>" * 1001,
        "<b><p>" * 300 + "<p>" * 300,
        "<p " + "a=1 " * 2001 + ">",
        "<svg><p></svg>" * 5 + "<svg></g>",
        "<option>" * 20_001,
        "<i>x<template shadowrootmode=open>y",
        "<frameset>" * 1001,
    ],
)
def test_what_may_take_long_to_parse_is_not_taken_for_harmless(markup: str) -> None:
    assert not core.is_harmless(markup) and core.is_harmless("<p>plain<div><ul><li>a<li>b</ul></div>")


def test_a_long_page_is_scored_in_portions_like_those_of_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "\n".join(f"line {number} of the harbour" for number in range(7))
    monkeypatch.setattr(core, "MAX_BLOCKS", 3)
    found = core.score(MODEL.scorers, read_page(lines, kind="text"))
    parts = [
        core.score(MODEL.scorers, read_page("\n".join(lines.split("\n")[n : n + 3]), kind="text")) for n in (0, 3, 6)
    ]
    assert found and (found.scores == np.concatenate([part.scores for part in parts if part])).all()


def test_threads_that_share_a_model_get_the_same_probabilities() -> None:
    contents = [path.read_bytes() for path in PAGES if path.suffix == ".html"]
    wanted = [scored(content) for content in contents]
    wrong: list[int] = []

    def work() -> None:
        for number, content in enumerate(contents):
            found, before = scored(content), wanted[number]
            if not (found and before and (found.scores == before.scores).all()):
                wrong.append(number)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_reference_runs_where_it_is_asked_for() -> None:
    program = "from pagesieve.predict import load; print(load().scorers)"
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PAGESIEVE_PURE": "1"}, capture_output=True, text=True, cwd=ROOT
    )
    assert done.stdout == "{}\n"


def test_a_model_whose_pages_the_core_does_not_label_as_its_card_says_runs_without_it(tmp_path: Path) -> None:
    """As where a feature was added to the registry that the core does not know; the reference has the last word."""
    content, card = (ROOT / "models/blocks.npz").read_bytes(), json.loads((ROOT / "models/blocks.json").read_text())
    with pytest.MonkeyPatch.context() as patch, pytest.warns(UserWarning, match="does not know this model's features"):
        other = scored("<p>another page")
        patch.setattr(core, "score", lambda scorers, page: other)
        assert model.checked_model(tmp_path, content, card).scorers == {}


def test_a_model_of_lines_alone_leaves_pages_of_html_to_the_reference() -> None:
    lines = Model({"text": MODEL.stages["text"]}, MODEL.card, {"text": MODEL.scorers["text"]})
    html = "<p>A boat came in.</p><p>Read also</p>"
    assert lines.label(html, kind="html")["path"].notna().all()
