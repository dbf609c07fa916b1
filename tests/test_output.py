"""What a labelled page looks like in each format, and where files go: never out of the folder, never half written."""

import csv
import io
import json
from pathlib import Path, PurePath
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from pagesieve.predict import files
from pagesieve.predict.labels import COLOURS, LABELS
from pagesieve.predict.output import coloured, csv_table, formats, json_lines, plain_text, terminal

SCORES = dict(zip(LABELS, (0.7, 0.1, 0.15, 0.05), strict=True))


def block(text: str, label: str = "article_content", **more: Any) -> json_lines.Record:
    return {"page": "a.html", "index": 0, "text": text, "label": label, "scores": SCORES, "confidence": 0.75, **more}


def rows(*page: json_lines.Record) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_table.CSV_HEADER + csv_table.table(list(page)), newline="")))


def test_jsonl_keeps_the_text_and_gives_one_line_a_block() -> None:
    lines = json_lines.jsonl([block("Żubr said\n\t\x1b[31m“no”\x00"), block("two")]).split("\n")
    assert json.loads(lines[0])["text"] == "Żubr said\n\t\x1b[31m“no”\x00"
    assert "Żubr" in lines[0] and json.loads(lines[1])["scores"] == SCORES
    assert lines[2:] == [""]


def test_a_lone_surrogate_becomes_a_replacement_character_in_every_format() -> None:
    for form in formats.FORMATS.values():
        shown = form.render([block("half \ud83d emoji")], "bad\udcff.txt", True)
        assert b"half \xef\xbf\xbd emoji" in shown.encode()


def test_csv_has_a_column_for_each_score_and_survives_quotes_commas_and_breaks() -> None:
    (row,) = rows(block('say "a, b"\nand c', path="/html/body/pre[1]"))
    assert tuple(row) == ("page", "index", "text", "label", *LABELS, "confidence", "path")
    assert row["text"] == 'say "a, b"\nand c' and row["path"] == "/html/body/pre[1]"
    assert [float(row[label]) for label in LABELS] == list(SCORES.values())
    assert csv_table.CSV_HEADER.endswith("\r\n") and csv_table.table([block("x")]).endswith("\r\n")
    assert rows(block("line"))[0]["path"] == ""


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\x1b=1", "\x00@x", "=\n1"])
def test_no_csv_cell_is_a_formula(text: str) -> None:
    (row,) = rows(block(text) | {"page": "=page.html"})
    assert row["text"][0] == "'" and row["text"][1] in "=+-@\t"
    assert row["page"] == "'=page.html"


@pytest.mark.parametrize("break_", [";", "; ", ";\u200b", "\t", "\n", ';"', '; ""'])
def test_no_csv_cell_is_a_formula_where_a_semicolon_separates_cells(break_: str) -> None:
    table = csv_table.table([block(f'a{break_}=HYPERLINK("x");b')])
    assert table.startswith('"a.html",0,"a')
    for delimiter in ",;\t":
        for row in csv.reader(io.StringIO(table, newline=""), delimiter=delimiter, quoting=csv.QUOTE_NONE):
            assert not any(cell.lstrip(' \u200b"').startswith("=") for cell in row)
    assert rows(block("so; long ;-) a;b"))[0]["text"] == "so; long ;-) a;b"


def test_csv_leaves_stdins_name_and_harmless_cells_alone() -> None:
    (row,) = rows(block("a = b") | {"page": "-"})
    assert (row["page"], row["text"]) == ("-", "a = b")


def test_text_is_blocks_between_empty_lines_below_the_pages_name() -> None:
    page = [block("One"), block("Two\n  lines")]
    assert plain_text.text(page) == "One\n\nTwo\n  lines\n"
    assert plain_text.text(page, name="a\n\x1bb.html") == "\fa b.html\nOne\n\nTwo\n  lines\n"
    assert plain_text.text([]) == "" and plain_text.text([], name="x") == "\fx\n"


def test_text_cannot_steer_a_terminal_or_fake_a_page() -> None:
    assert plain_text.text([block("a\x1b]0;x\x07b\x9b2Jc\x7f\fd\te")]) == "a]0;xb2Jcd\te\n"


def test_the_coloured_page_shows_each_block_with_label_scores_and_colour() -> None:
    page = [block("One"), block("  two\n\tthree", "promo_teaser", path="/html/body/pre[1]/text()[1]")]
    source = coloured.coloured(page, name="a.html")
    tree = LexborHTMLParser(source)
    shown = tree.css(".block")
    assert [node.css_first(".text").text() for node in shown] == ["One", "  two\n\tthree"]
    assert [node.css_first(".tag").text().split()[0] for node in shown] == ["article_content", "promo_teaser"]
    assert "article_content 0.70" in shown[0].attributes["title"] and "site_chrome 0.05" in shown[0].attributes["title"]
    assert [item.text() for item in tree.css("li")] == [
        "article_content 1",
        "comment_form 0",
        "promo_teaser 1",
        "site_chrome 0",
    ]
    assert all(f".{label} {{ --colour: {COLOURS[label]}" in source for label in LABELS)
    assert {node.attributes.get("dir") for node in tree.css(".text")} == {"auto"}
    assert "pre" in shown[1].css_first(".text").attributes["class"].split()
    assert not tree.css("script, link, img") and "http://" not in source and "https://" not in source


def test_the_article_of_an_html_page_stands_beside_its_blocks_as_headings_and_paragraphs() -> None:
    steps = ("h2[1]/a[1]/text()[1]", "p[1]/text()[1]", "h4[1]/text()[1]", "pre[1]/text()[1]", "h2[2]/text()[1]")
    page = [block(f"{n}", index=n, path=f"/html/body[1]/{step}") for n, step in enumerate(steps)]
    page.append(block("menu", "site_chrome", index=5, path="/html/body[1]/h3[1]/text()[1]"))
    tree = LexborHTMLParser(coloured.coloured(page, name="a.html"))
    shown = tree.css(".article [id]")
    assert [node.tag for node in shown] == ["h2", "p", "h3", "p", "h2"]
    assert [node.text() for node in shown] == ["0", "1", "2", "3", "4"] and shown[3].css_first(".pre")
    links = [node.attributes["href"] for node in tree.css(".tag a")]
    assert links == [f"#{node.attributes['id']}" for node in shown] + ["#block-5"]
    assert all(tree.css_first(node.attributes["href"]) for node in tree.css("a"))
    assert not LexborHTMLParser(coloured.coloured([block("a line of a text page")], name="a.txt")).css(".article")
    assert not LexborHTMLParser(coloured.coloured(page[5:], name="a.html")).css(".article")


def test_a_block_whose_label_by_hand_differs_is_marked_as_wrong() -> None:
    page = [block("right", hand="article_content"), block("wrong", hand="promo_teaser"), block("nobody knows")]
    tree = LexborHTMLParser(coloured.coloured(page, name="a.html", note="fold <3>"))
    assert [node.css_first(".text").text() for node in tree.css(".wrong")] == ["wrong"]
    assert [node.text() for node in tree.css("em.promo_teaser")] == ["by hand: promo_teaser"]
    assert [node.text() for node in tree.css("h1 ~ p")] == ["fold <3>", "Article: expected F1 0.75"]


HOSTILE = [
    "<script>alert(1)</script>",
    "</div></main><img src=x onerror=alert(1)>",
    "<!--",
    "&lt;b&gt; &#x3c;i>",
    "]]>",
]


@pytest.mark.parametrize("text", [*HOSTILE, "<\x00script>alert(1)</\x0cscript>", "\"' onmouseover=alert(1) x='"])
def test_text_of_a_page_never_becomes_markup(text: str) -> None:
    path = {"path": "/html/body[1]/p[1]/text()[1]"}
    tree = LexborHTMLParser(coloured.coloured([block(text, **path), block("after")], name=text, note=text))
    harmless = LexborHTMLParser(coloured.coloured([block("before", **path), block("after")], name="name", note="note"))
    outline = [(node.tag, sorted(node.attributes)) for node in tree.css("*")]
    assert outline == [(node.tag, sorted(node.attributes)) for node in harmless.css("*")]
    assert [node.text() for node in tree.css(".text")] == [terminal.printable(text), "after", terminal.printable(text)]
    assert tree.css_first("h1").text() == terminal.one_line(text)


def test_mirrored_names_stay_inside_and_are_all_different() -> None:
    pages = [
        "/etc/a.html",
        "../etc/a.html",
        "etc/A.HTML.gz",
        "./etc/a.txt",
        "etc/a.txt.html",
        "-",
        "stdin.html",
        "x/../../y",
    ]
    names = files.output_names(pages)
    assert [str(name) for name in names] == [
        "etc/a.html",
        "etc/a-2.html",
        "etc/A-3.HTML",
        "etc/a.txt.html",
        "etc/a.txt-2.html",
        "stdin.html",
        "stdin-2.html",
        "x/y.html",
    ]


def test_mirrored_names_part_what_a_file_system_may_hold_equal() -> None:
    names = files.output_names(["caf\u00e9.txt", "cafe\u0301.txt", "a", "a.html/b"])
    assert len({files.name_key(name) for name in names}) == 4
    assert names[2:] == [PurePath("a-2.html"), PurePath("a.html/b.html")]


def test_a_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    target.write_text("old")

    def pages(fail: bool) -> Any:
        yield "new\r\n"
        assert target.read_text() == "old"
        if fail:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        files.write_file(target, pages(True))
    assert target.read_text() == "old" and [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]
    files.write_file(target, pages(False))
    assert target.read_bytes() == b"new\r\n" and [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]


def replaced(path: Path, content: str, *, fail: bool = False) -> None:
    """Put a folder with a file in the place of another, or fail when the file is written."""
    with files.replacing(path) as new:
        new.mkdir()
        (new / content).write_text(content)
        assert not (path / content).exists()
        if fail:
            raise KeyboardInterrupt


def test_a_folder_is_replaced_as_a_whole_or_stays(tmp_path: Path) -> None:
    folder = tmp_path / "gallery"
    replaced(folder, "old")
    with pytest.raises(KeyboardInterrupt):
        replaced(folder, "new", fail=True)
    assert [path.name for path in tmp_path.rglob("*")] == ["gallery", "old"]
    replaced(folder, "new")
    assert [path.name for path in tmp_path.rglob("*")] == ["gallery", "new"]


def test_a_folder_is_not_removed_for_a_file_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.gz" / "mine").mkdir(parents=True)
    with pytest.raises(IsADirectoryError), files.replacing(tmp_path / "a.gz") as new:
        new.write_text("x")
    assert [path.name for path in tmp_path.rglob("*")] == ["a.gz", "mine"]


def test_a_link_is_followed_and_a_device_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    files.write_file(tmp_path / "link", ["x"])
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_text() == "x"
    files.write_file(Path("/dev/null"), ["x"])
    assert Path("/dev/null").is_char_device()


def test_a_folder_is_filled_at_the_end_or_not_made(tmp_path: Path) -> None:
    def pages(fail: bool) -> Any:
        yield PurePath("a/b.html"), "one"
        if fail:
            raise OSError
        yield PurePath("c.html"), "two"

    with pytest.raises(OSError):
        files.write_folder(tmp_path / "new" / "out", pages(True))
    assert list(tmp_path.iterdir()) == []
    files.write_folder(tmp_path / "new" / "out", pages(False))
    found = {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"new/out/a/b.html": "one", "new/out/c.html": "two"}


def test_a_link_inside_the_folder_does_not_lead_out(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / "a").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="leads elsewhere"):
        files.write_folder(tmp_path / "out", [(PurePath("0.html"), "x"), (PurePath("a/b.html"), "x")])
    assert list((tmp_path / "elsewhere").iterdir()) == [] and len(list((tmp_path / "out").iterdir())) == 1
