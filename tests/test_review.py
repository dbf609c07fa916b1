"""`pagesieve review` in a browser, against the real server: labels by keyboard, a kill, two tabs, strangers."""

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from pagesieve.predict.__main__ import main
from pagesieve.predict.labels import CODES
from pagesieve.train.labels import label_store

pytest.importorskip("flask", reason="needs flask: make setup")
review = pytest.importorskip("pagesieve.train.review.server")
queue = pytest.importorskip("pagesieve.train.review.queue")

HOSTILE = "<script>window.hacked=1</script><img src=x onerror='window.hacked=1'>"
TEXTS = ["Home", "The heron waits", "It stands at the weir.", HOSTILE, "Read also: eels", "Leave a reply"]
PAGE = "<link rel=canonical href='https://www.heron-example.org/{0}'><title>{0}</title>" + "".join(
    f"<p>{text.replace('<', '&lt;')}</p>" for text in TEXTS
)
Start = Callable[..., str]


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.html").write_text(PAGE.format(name), encoding="utf-8")
    (folder / "<img src=x onerror=window.hacked=1>.txt").write_text("One line\n\nand another\n", encoding="utf-8")
    return folder


@pytest.fixture
def start(pages: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts the command, and returns the address that it prints; ``start.last`` is its process."""
    running: list[subprocess.Popen[str]] = []

    def started(*options: str) -> str:
        command = [sys.executable, "-m", "pagesieve.predict", "review", str(pages), "--out", str(tmp_path / "mine")]
        running.append(subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True))
        started.last = running[-1]  # type: ignore[attr-defined]
        assert running[-1].stdout
        running[-1].stdout.readline()
        return running[-1].stdout.readline().strip()

    yield started
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def tab(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens an address in a tab; fails at the end if anything was thrown, or fetched from elsewhere."""
    contexts, wrong = [], []

    def opened(address: str, width: int = 1200, **options: Any) -> Any:
        contexts.append(browser.new_context(viewport={"width": width, "height": 800}, **options))
        page = contexts[-1].new_page()
        page.set_default_timeout(5000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        own = f"http://{urlsplit(address).netloc}/"
        page.on("request", lambda request: None if request.url.startswith(own) else wrong.append(request.url))
        page.goto(address)
        page.locator(".block:focus").wait_for()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def press(page: Any, *keys: str) -> None:
    """Press keys and wait until all are handled."""
    for key in keys:
        page.keyboard.press(key)
    page.evaluate("work")


def codes_of(page: Any) -> list[str]:
    return page.locator(".block").evaluate_all(
        "all => all.map(one => (one.querySelector('em') || {}).textContent || '')"
    )


def on_disk(folder: Path, name: str = "a.html", reader: str = "me") -> list[str]:
    sheet = next(sheet for sheet in label_store.read_sheets(folder) if sheet.name.endswith(name))
    marks = label_store.marks_of(folder, sheet, reader)[1]
    return [CODES[marks[block.index].code] if block.index in marks else "" for block in sheet.blocks]


def go_to(page: Any, name: str) -> None:
    page.locator("#pages").evaluate("list => { list.open = true; }")
    page.locator("#pages button", has_text=name).click()
    page.evaluate("work")


def test_a_page_labelled_by_keyboard_outlives_the_server(start: Start, tab: Any, tmp_path: Path) -> None:
    page = tab(start("--blind"))
    go_to(page, "a.html")
    press(page, "4", "1", "Shift+ArrowDown", "1", "3")
    expected = ["site_chrome", *["article_content"] * 3, "promo_teaser", ""]
    assert codes_of(page) == expected == on_disk(tmp_path / "mine")
    start.last.send_signal(signal.SIGKILL)  # type: ignore[attr-defined]
    start.last.wait()  # type: ignore[attr-defined]
    press(page, "2")
    assert "NOT SAVED" in page.locator("#status").inner_text() and codes_of(page) == expected
    (
        tmp_path / "mine" / "labels" / next((tmp_path / "mine" / "labels").iterdir()).name / ".pagesieve-me.csv.new"
    ).write_text("torn")
    again = tab(start("--blind"))
    go_to(again, "a.html")
    assert codes_of(again) == expected
    assert again.locator(".block:focus").get_attribute("id") == "block-5"
    press(again, "2")
    assert on_disk(tmp_path / "mine") == [*expected[:-1], "comment_form"]
    assert (tmp_path / "mine" / ".gitignore").read_text() == "*\n"


def test_every_change_is_undone_in_turn_over_pages(start: Start, tab: Any, tmp_path: Path) -> None:
    page = tab(start("--blind"))
    go_to(page, "a.html")
    press(page, "1", "2", "k", "k", "Shift+ArrowDown", "3", "0")
    assert codes_of(page)[:3] == ["promo_teaser", "promo_teaser", ""]
    go_to(page, "b.html")
    press(page, "4", "u")
    assert codes_of(page) == [""] * 6
    press(page, "u")
    assert page.locator("#name").inner_text().endswith("a.html")
    assert codes_of(page)[:2] == ["article_content", "comment_form"] == on_disk(tmp_path / "mine")[:2]
    press(page, "u", "u", "u")
    assert codes_of(page) == [""] * 6 and page.locator("#status").inner_text() == "nothing to undo"


def test_blocks_of_the_same_text_get_the_same_label(start: Start, tab: Any, pages: Path, tmp_path: Path) -> None:
    (pages / "a.html").write_text("<p>one<p>Copy<p>two<p>Copy<p>three<p>Copy<p>four", encoding="utf-8")
    page = tab(start("--blind"))
    go_to(page, "a.html")
    press(page, "1", "4", "s", "u", "s")
    assert codes_of(page) == ["article_content", "site_chrome", "", "site_chrome", "", "site_chrome", ""]
    press(page, "Home", "PageDown", "2")
    assert on_disk(tmp_path / "mine")[-1] == "comment_form"


def test_a_stale_tab_is_told_and_loses_nothing(start: Start, tab: Any, tmp_path: Path) -> None:
    address = start("--blind")
    first, second = tab(address), tab(address)
    for page in (first, second):
        go_to(page, "a.html")
    press(first, "1", "1")
    press(second, "End", "2")
    assert "Not saved" in second.locator("#status").inner_text()
    assert codes_of(second) == ["article_content"] * 2 + [""] * 4 == on_disk(tmp_path / "mine")
    press(second, "End", "2")
    assert on_disk(tmp_path / "mine") == ["article_content"] * 2 + [""] * 3 + ["comment_form"]


def test_predictions_are_shown_and_accepted_and_text_stays_text(start: Start, tab: Any, tmp_path: Path) -> None:
    page = tab(start())
    go_to(page, "a.html")
    assert page.locator("#block-3 .text").inner_text() == HOSTILE
    assert page.evaluate("window.hacked") is None and page.locator("img, main script").count() == 0
    said = page.locator(".block").evaluate_all("all => all.map(one => one.className.split(' ')[1])")
    assert page.locator("#block-0 .tag").inner_text().startswith(said[0])
    page.locator("#block-1").click()
    page.locator("#block-2").click(modifiers=["Shift"])
    page.locator("#labels button").nth(2).click()
    press(page, "Shift+A")
    assert on_disk(tmp_path / "mine") == [said[0], "promo_teaser", "promo_teaser", *said[3:]]
    assert "1 of 3 pages done" in page.locator("#progress").inner_text()


def test_blocks_where_readers_differ_are_listed(start: Start, tab: Any) -> None:
    page = tab(start("--blind", "--reader", "ann"))
    go_to(page, "b.html")
    press(page, "4", "1", "1")
    page = tab(start("--blind", "--reader", "bob"))
    go_to(page, "b.html")
    press(page, "4", "3")
    assert page.locator("#differences summary").inner_text() == "readers differ in 1 of the blocks"
    assert page.locator("#block-1 strong").inner_text() == "ann: article_content, bob: promo_teaser"
    assert "readers differ in 1" in page.locator("#pages li", has_text="b.html").inner_text()
    press(page, "Home")
    page.locator("#differences summary").click()
    page.locator("#differences button").click()
    page.locator("#block-1:focus").wait_for()
    press(page, "1")
    assert not page.locator("#differences").is_visible()


def test_the_review_is_accessible(start: Start, tab: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python: make setup")
    address = start()
    for width, scheme in [(1200, "light"), (1200, "dark"), (400, "light"), (400, "dark")]:
        page = tab(address, width, color_scheme=scheme)
        go_to(page, "a.html")
        press(page, "4", "1", "Shift+ArrowDown")
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        found = axe.Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


@pytest.fixture
def client(pages: Path, tmp_path: Path) -> Any:
    """Asks the application below its token, as a browser of this machine does."""
    tasks, _ = review.tasks_of([str(pages)], "auto", tmp_path / "mine", None)
    app = review.application(queue.queued(tasks), tmp_path / "mine", "me", "secret", "127.0.0.1:8000")

    def ask(path: str, method: str = "GET", **options: Any) -> Any:
        headers = {
            "Host": "127.0.0.1:8000",
            "Sec-Fetch-Site": "same-origin",
            "If-Match": "none",
            **options.pop("headers", {}),
        }
        if method != "GET":
            headers.setdefault("Origin", "http://127.0.0.1:8000")
        headers = {name: value for name, value in headers.items() if value is not None}
        return app.test_client().open(path, method=method, headers=headers, **options)

    return ask


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/pages/0", {}),
        ("/", {}),
        ("/secre/pages/0", {}),
        ("//secret/pages/0", {}),
        ("/s\u00e9cret/pages/0", {}),
        ("/secret/pages/0", {"Host": "evil.example:8000"}),
        ("/secret/pages/0", {"Host": "127.0.0.1:8001"}),
        ("/secret/pages/0", {"Sec-Fetch-Site": "cross-site"}),
        ("/secret/pages/0", {"Sec-Fetch-Site": "same-site"}),
        ("/secret/pages/0", {"Origin": "https://evil.example"}),
        ("/secret/pages/0", {"Origin": "null"}),
        ("/secret/pages/0", {"Origin": None}),
    ],
)
def test_strangers_are_refused(client: Any, tmp_path: Path, path: str, headers: dict[str, str | None]) -> None:
    assert client(path, "PUT", json={"0": "T"}, headers=headers).status_code == 403
    if "Origin" not in headers:
        assert client(path, headers=headers).status_code == 403
    assert not (tmp_path / "mine").exists()
    assert client("/secret/pages/0", "PUT", json={"0": "T"}).status_code == 200


@pytest.mark.parametrize(
    "number", ["3", "-1", "x", "..%2f..%2fsecret.html", "../secret.html", "%2e%2e/%2e%2e/secret.html"]
)
def test_there_are_no_pages_but_those_of_the_folder(client: Any, pages: Path, number: str) -> None:
    (pages.parent / "secret.html").write_text("<p>secret words</p>")
    response = client(f"/secret/pages/{number}")
    assert response.status_code in (403, 404) and b"secret words" not in response.data


@pytest.mark.parametrize(
    "change", [[], "T", {"0": "article_content"}, {"99": "T"}, {"0": ["T"]}, {"0": {}}, {"x": "T"}]
)
def test_what_is_no_change_is_refused(client: Any, tmp_path: Path, change: Any) -> None:
    assert client("/secret/pages/0", "PUT", json=change).status_code == 400
    assert client("/secret/pages/0", "PUT", data="{", content_type="application/json").status_code == 400
    assert client("/secret/pages/0", "PUT", data='{"0": "T"}', content_type="text/plain").status_code == 415
    assert client("/secret/pages/0", "PUT", data="x" * 2_000_000).status_code in (413, 415)
    assert not (tmp_path / "mine").exists()


def test_a_folder_of_labels_that_breaks_is_a_line_for_reader_and_terminal(
    client: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert client("/secret/pages/0", "PUT", json={"0": "T"}).status_code == 200
    (folder,) = (tmp_path / "mine" / "labels").iterdir()
    for break_it, said in (
        (lambda: (folder / "a b.csv").write_text(""), "reader 'a b': expected"),
        (lambda: (folder / "a b.csv").rename(folder / "bob.csv"), None),
        (lambda: (folder / "bob.csv").write_text("page,start\n1,1\n"), "bob.csv, line 2: not a labelled span"),
        (lambda: (folder / "bob.csv").unlink() or (folder / "bob.csv").mkdir(), "bob.csv: Is a directory"),
    ):
        break_it()
        answer = client("/secret/queue")
        assert answer.status_code == (500 if said else 200)
        err = capsys.readouterr().err
        assert not said or (said in answer.text and said in err and err.count("\n") == 1)


@pytest.mark.parametrize("change", ["[" * 100_000, '{"0":' * 100_000])
def test_a_change_that_is_nested_too_deep_is_refused(client: Any, change: str) -> None:
    answer = client("/secret/pages/0", "PUT", data=change, content_type="application/json")
    assert answer.status_code == 400 and "nested too deep" in answer.text


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server that waits half a second for a client."""
    monkeypatch.setattr(review.Handler, "timeout", 0.5)
    server = review.Server("127.0.0.1", 0, review.Flask("empty"), review.Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    "sent", [b"GET http://[ HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x1b[31m\r\n", b"GET /", b""]
)
def test_a_client_that_asks_nothing_is_left_with_one_line_at_most(
    port: int, capfd: pytest.CaptureFixture[str], sent: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(sent)
        while client.recv(10_000):
            pass
    assert capfd.readouterr().err.count("\n") <= 1


def test_nothing_inline_may_run_and_no_frame_holds_the_page(client: Any) -> None:
    page = client("/secret/")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert b"<style" not in page.data and b"onclick" not in page.data and page.data.count(b"<script") == 1
    assert page.headers["Referrer-Policy"] == "no-referrer"


def test_a_page_that_cannot_be_read_is_skipped_in_a_folder(
    pages: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pages / "c.html.gz").write_bytes(b"no gzip")
    tasks, status = review.tasks_of([str(pages)], "auto", tmp_path / "mine", None)
    assert (len(tasks), status) == (3, 0)
    assert "c.html.gz: broken gzip" in capsys.readouterr().err
    assert main(["review", str(pages / "c.html.gz")]) == 2
    assert main(["review", str(pages), "--blind", "--reader", "../me"]) == 2
    assert "reader '../me': expected" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--blind"], ["--blind", "--import", "labels.csv"]])
@pytest.mark.parametrize("taken", ["mine", "mine/labels", "link"])
def test_a_folder_that_cannot_take_labels_is_said_before_the_work(
    pages: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    taken: str,
    options: list[str],
) -> None:
    for name in ("tasks_of", "serve"):
        monkeypatch.setattr(review, name, lambda *_: pytest.fail("the work began"))
    (tmp_path / taken).parent.mkdir(exist_ok=True)
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / taken).touch()
    out = tmp_path / taken.partition("/")[0] / ("deep" if taken == "link" else "")
    assert main(["review", str(pages), "--out", str(out), *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"pagesieve: --out {out}: {tmp_path / taken} is no folder; name another one"


def test_a_folder_that_is_read_only_is_said_before_the_work_and_no_matter_for_an_export(
    pages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(review, "serve", lambda *_: pytest.fail("it is served"))
    monkeypatch.setattr(label_store.os, "access", lambda path, mode: False)
    out = tmp_path / "new" / "mine"
    assert main(["review", str(pages), "--blind", "--out", str(out)]) == 2
    said = f"pagesieve: --out {out}: {tmp_path} cannot be written; name another folder\n"
    assert capsys.readouterr().err == said and not out.exists()
    assert main(["review", str(pages), "--out", str(out), "--export", str(tmp_path / "labels.csv")]) == 0


def test_a_page_that_is_not_read_in_full_is_a_line(
    pages: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pages / "deep.html").write_text("<div>" * 1100 + "<p>The heron waits")
    file, mine = str(tmp_path / "labels.csv"), str(tmp_path / "mine")
    assert main(["review", str(pages), "--out", mine, "--export", file]) == 0
    name = pages / "deep.html"
    said = f"pagesieve: {name}: nested deeper than 1000 elements: read as text, without its tags\n"
    assert capsys.readouterr().err == said


def test_without_flask_one_line_says_what_to_install(
    pages: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "flask", None)
    monkeypatch.delitem(sys.modules, "pagesieve.train.review.server")
    assert main(["review", str(pages)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "pip install 'pagesieve[review]'" in said
