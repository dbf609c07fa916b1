"""In a browser: the page in colours with its switches and scores, and the page of plots; nothing runs or is fetched."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from test_plots import write_reports

from pagesieve.predict.labels import LABELS
from pagesieve.predict.output import coloured, json_lines
from pagesieve.train.plots import draw, gallery

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python: make setup")

HOSTILE = "<script>window.hacked=1</script><img src=x onerror='window.hacked=1'>"
TEXTS = [
    ("site_chrome", "Home", "ul[1]/li[1]"),
    ("article_content", "The heron of Weir Lane", "h1[1]"),
    ("article_content", HOSTILE, "p[1]"),
    ("article_content", "wait: " + "heron" * 40 + "\n\tstand", "pre[1]"),
    ("promo_teaser", "Read also: eels", "p[2]"),
    ("comment_form", "Leave a reply", "h3[1]"),
]
Show = Callable[..., Any]


@pytest.fixture
def page() -> list[json_lines.Record]:
    scores = dict(zip(LABELS, (0.4, 0.3, 0.2, 0.1), strict=True))
    of_page = {"page": "heron.html", "scores": scores, "confidence": 0.75}
    return [
        {**of_page, "index": index, "label": label, "text": text, "path": f"/html/body[1]/{step}/text()[1]"}
        for index, (label, text, step) in enumerate(TEXTS)
    ]


@pytest.fixture
def open_file(browser: Any) -> Iterator[Show]:
    """Opens a file; fails at the end if anything was said on the console, thrown, or fetched from elsewhere."""
    contexts, wrong = [], []

    def opened(file: Path, width: int = 1400, **options: Any) -> Any:
        contexts.append(browser.new_context(viewport={"width": width, "height": 800}, **options))
        tab = contexts[-1].new_page()
        tab.set_default_timeout(5000)
        tab.on("console", lambda message: wrong.append(message.text))
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        own = (file.as_uri(), "data:")
        tab.on("request", lambda request: None if request.url.startswith(own) else wrong.append(request.url))
        tab.goto(file.as_uri())
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def show(open_file: Show, tmp_path: Path) -> Show:
    """Opens blocks as a page in colours."""

    def opened(blocks: list[json_lines.Record], width: int = 1400, **options: Any) -> Any:
        file = tmp_path / "page.html"
        file.write_text(coloured.coloured(blocks, name="heron.html", note="a note"), encoding="utf-8")
        return open_file(file, width, **options)

    return opened


def labels_seen(tab: Any) -> list[str]:
    return [TEXTS[int(name.removeprefix("block-"))][0] for name in ids(tab, ".block:visible")]


def ids(tab: Any, selector: str) -> list[str]:
    return tab.locator(selector).evaluate_all("nodes => nodes.map(node => node.id)")


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_a_switch_hides_the_blocks_of_its_label_and_shows_them_again(show: Show, page, by: str) -> None:
    tab = show(page)
    everything = [label for label, _, _ in TEXTS]
    assert labels_seen(tab) == everything
    for label in LABELS:
        if by == "keyboard":
            tab.keyboard.press("Tab")
            focused = tab.locator(":focus")
            assert focused.get_attribute("id") == f"show-{label}"
            assert focused.evaluate("node => getComputedStyle(node).outlineStyle") == "solid"
        for expected in ([other for other in everything if other != label], everything):
            if by == "keyboard":
                tab.keyboard.press("Space")
            else:
                tab.locator(f"li.{label} label").click()
            assert labels_seen(tab) == expected
            assert tab.locator(".article [id]:visible").count() == 3


def test_labels_that_were_not_kept_have_a_switch_without_blocks(show: Show, page) -> None:
    tab = show([block for block in page if block["label"] == "promo_teaser"])
    assert tab.locator("li").all_text_contents()[1:3] == ["comment_form 0", "promo_teaser 1"]
    tab.locator("#show-comment_form").click()
    assert labels_seen(tab) == ["promo_teaser"]
    tab.locator("#show-promo_teaser").click()
    assert labels_seen(tab) == []


def test_a_block_shows_its_score_to_mouse_keyboard_and_finger(show: Show, page) -> None:
    tab = show(page)
    score = tab.locator("#block-4 b")
    assert not score.is_visible()
    tab.locator("#block-4").hover()
    assert score.is_visible() and score.inner_text() == "0.20"
    for label, value in page[4]["scores"].items():
        assert f"{label} {value:.2f}" in tab.locator("#block-4").get_attribute("title")
    tab.locator("#block-0").hover()
    assert not score.is_visible()
    tab.locator("#block-4 a").focus()
    assert score.is_visible()
    assert show(page, width=400, has_touch=True, is_mobile=True).locator(".block b:visible").count() == len(page)


PAYLOADS = [
    HOSTILE,
    "</title></style></h1><script>hacked=1</script>",
    "\"' onmouseover=hacked=1 onfocus=hacked=1 autofocus x='",
    "</div></main><svg onload=hacked=1><style>*{background:url(//evil.example/)}</style>",
    "<a href=javascript:hacked=1>x</a><iframe src=//evil.example/></iframe><base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example/'><link rel=stylesheet href=//evil.example/>",
    "<!--<math><mtext></p><table><mglyph><style><img src=x onerror=hacked=1>",
    "&lt;script&gt;hacked=1&lt;/script&gt; &#60;img src=x onerror=hacked=1&#62;",
]
ALL = " ".join(PAYLOADS)


def assert_harmless(tab: Any) -> None:
    """Nothing ran when the page was opened, nor when everything was pointed at; ``open_file`` sees what is fetched."""
    tab.on("dialog", lambda dialog: pytest.fail(dialog.message))
    tab.mouse.move(200, 200)
    tab.keyboard.press("Tab")
    assert tab.evaluate("window.hacked") is None
    assert tab.locator("script, iframe, object, embed, base, svg, math, [http-equiv=refresh], link").count() == 0
    assert tab.locator("[onload], [onerror], [onfocus], [onmouseover], [href^=javascript]").count() == 0


def test_text_title_name_and_label_of_a_page_stay_text(show: Show, page, tmp_path: Path, open_file: Show) -> None:
    texts = [*PAYLOADS, ALL]
    blocks = [{**page[2], "index": i, "text": text, "hand": text} for i, text in enumerate(texts)]
    file = tmp_path / "page.html"
    file.write_text(coloured.coloured(blocks, name=ALL, note=ALL), encoding="utf-8")
    tab = open_file(file)
    for i, text in enumerate(texts):
        shown = (tab.locator(f"#block-{i} .text"), tab.locator(f"#article-{i}"))
        assert [one.inner_text() for one in shown] == [text, text]
    assert tab.title() == f"{ALL} · pagesieve" and tab.locator("h1").inner_text() == ALL
    assert tab.locator("img").count() == 0
    assert_harmless(tab)


def test_names_and_types_of_pages_stay_text_in_the_gallery(open_file: Show, page, tmp_path: Path) -> None:
    names = [payload.replace("/", "-") for payload in PAYLOADS]
    shown = [
        {"name": name, "page_type": ALL, "wrong": 1, "labelled": 2, "blocks": [{**page[2], "text": ALL}]}
        for name in names
    ]
    index = gallery.draw_gallery(tmp_path / "gallery", shown)
    tab = open_file(index)
    assert tab.locator("tbody th").all_inner_texts() == names
    assert tab.locator("img").count() == 0
    assert_harmless(tab)
    for file in sorted(index.parent.glob("0*.html")):
        assert_harmless(open_file(file))


def test_names_of_the_evaluation_stay_text_in_the_page_of_plots(open_file: Show, tmp_path: Path) -> None:
    reports = write_reports(tmp_path)
    pages = pd.read_csv(reports / "pages.csv")
    pages["page_type"] = "<img src=x onerror=hacked=1>"
    pages.to_csv(reports / "pages.csv", index=False)
    tab = open_file(draw.draw(reports)[-1])
    tab.locator("details").evaluate_all("nodes => nodes.forEach(node => node.open = true)")
    assert tab.get_by_text("<img src=x onerror=hacked=1>").count() > 0
    assert tab.locator("img:not([src^='data:'])").count() == 0
    assert_harmless(tab)


def test_the_article_stands_beside_its_blocks_or_below_them_and_both_are_linked(show: Show, page) -> None:
    for width in (1400, 1120, 900, 400):
        tab = show(page, width)
        assert tab.evaluate("document.scrollingElement.scrollWidth") <= width
        last, article = tab.locator("#block-5").bounding_box(), tab.locator(".article").bounding_box()
        beside = article["x"] >= last["x"] + last["width"] and article["y"] < last["y"]
        below = article["y"] >= last["y"] + last["height"]
        assert (beside, below) == (width >= 1120, width < 1120)
    tab.locator("#block-3 .tag a").click()
    assert ids(tab, ":target") == ["article-3"]
    tab.get_by_label("block 1").click()
    assert ids(tab, ":target") == ["block-1"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 400])
def test_the_page_is_accessible(show: Show, page, scheme: str, width: int) -> None:
    page[4]["hand"] = "article_content"
    tab = show(page, width, color_scheme=scheme)
    tab.locator("#block-4 a").focus()
    found = axe.Axe().run(tab)
    assert found.violations_count == 0, found.generate_report()
    assert "color-contrast" in [rule["id"] for rule in found.response["passes"]]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw.draw(write_reports(tmp_path_factory.mktemp("reports")))[-1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 400])
def test_the_page_of_plots_opens_from_disk_and_is_accessible(open_file, index: Path, scheme: str, width: int) -> None:
    tab = open_file(index, width, color_scheme=scheme)
    tab.locator("details").evaluate_all("nodes => nodes.forEach(node => node.open = true)")
    assert tab.evaluate("document.scrollingElement.scrollWidth") <= width
    loaded = tab.locator("img").evaluate_all("nodes => nodes.map(node => node.naturalWidth)")
    assert len(loaded) == tab.locator("ol a").count() > 9 and min(loaded) > 100
    found = axe.Axe().run(tab)
    assert found.violations_count == 0, found.generate_report()
    assert "color-contrast" in [rule["id"] for rule in found.response["passes"]]
