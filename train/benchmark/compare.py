"""extracted texts of pagesieve and other tools -> a scoreboard: reports/compare.json, and tables in reports/README.md.

All are scored on the same pages in one run, pagesieve by its out-of-fold texts, which `make evaluate` stores.
"""

import csv
import gzip
import json
import re
from collections import Counter
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from pagesieve.predict.document.page import read_page
from pagesieve.predict.errors import Failure

from ..corpora import DAMAGE, pages_of
from ..evaluation.metrics import word_scores
from ..evaluation.scored_rows import bag_scores
from ..labels.alignment import words
from .extractors import TOOLS
from .tool_outputs import Outputs, html_pages, outputs_of_tools, page_lines, versions

OURS, C4 = "pagesieve", "C4 line filter"
LINE_TOOLS = {
    "justext-lines": "justext"
}  # the tools of train/benchmark/extractors.py that take lines, with their package
ENDS, FEWEST = (".", "!", "?", '"'), 5  # last characters and minimum words of a line that the C4 filter keeps
COUNTS = ["wanted", "wanted_found", "unwanted", "unwanted_found", "comments", "comments_found"]  # segments of a page
WORD_HEAD = ["word F1", "precision", "recall"]


def compare_tools(raw: Path, venv: Path, read: Path, data: dict[str, str]) -> dict[str, Any]:
    """Return the figures of all tools on the corpora in ``raw``; the other tools run in the environment ``venv``.

    ``read`` is the table of the hand-labelled pages, ``data`` has the digests of the present training data.
    """
    texts = extracted_texts(raw / "extracted.json.gz", data)
    tools = versions(venv, [tool for tool in TOOLS if tool not in LINE_TOOLS])
    lines = page_lines(raw / "wcxb")
    as_pages = ({"id": page, "url": "", "html": text} for page, text in lines.items())
    of_lines = {name: tools[tool] for name, tool in LINE_TOOLS.items()}
    ask = partial(outputs_of_tools, venv=venv, folder=raw / "tool_outputs")
    by_html = {OURS: outputs_of(texts["wcxb"]["html"] | texts["trafilatura"]["html"]), **ask(tools, html_pages(raw))}
    by_lines = {
        OURS: outputs_of(texts["wcxb"]["text"]),
        **{LINE_TOOLS[name]: answers for name, answers in ask(of_lines, as_pages).items()},
        C4: outputs_of({page: filter_c4(text) for page, text in lines.items()}),
    }
    bags, segments = references(raw / "wcxb"), listed_segments(raw / "trafilatura", read)
    return {
        "versions": {OURS: version(OURS), **tools},
        "wcxb": {tool: word_figures(answers, bags) for tool, answers in by_html.items()},
        "trafilatura": {tool: segment_figures(answers, segments) for tool, answers in by_html.items()},
        "lines": {tool: word_figures(answers, bags) for tool, answers in by_lines.items()},
    }


def extracted_texts(path: Path, data: dict[str, str]) -> dict[str, dict[str, dict[str, str]]]:
    """Return the texts stored by `make evaluate`, by corpus, kind and page; raises Failure if the data have changed."""
    try:
        kept = json.loads(gzip.decompress(path.read_bytes()))
        then, texts = kept["data"], {corpus: kept[corpus] for corpus in ("wcxb", "trafilatura")}
        changed = sorted(name for name in then.keys() | data.keys() if then.get(name) != data.get(name))
    except FileNotFoundError as error:
        raise Failure(f"{path}: not found; run `make evaluate`, which keeps there what it extracts") from error
    except (OSError, *DAMAGE) as error:
        raise Failure(f"{path}: cannot be read ({error}); run `make evaluate`") from error
    if changed:
        raise Failure(f"{path}: made from other data ({', '.join(changed)}); run `make evaluate`")
    return texts


def outputs_of(texts: dict[str, str]) -> Outputs:
    return {page: {"text": text} for page, text in texts.items()}


def filter_c4(text: str) -> str:
    """Return the lines that end in terminal punctuation, have five words or more, and are not code.

    Raffel et al., "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer", JMLR 21 (2020),
    section 2.2. There a curly bracket drops the whole page; here it drops the line.
    """
    return "\n".join(
        line
        for line in text.split("\n")
        if line.endswith(ENDS)
        and len(line.split()) >= FEWEST
        and "javascript" not in line.lower()
        and not re.search(r"[{}]", line)
    )


def references(folder: Path) -> dict[str, tuple[str, Counter[str]]]:
    """Return the type of each page of WCXB, and its reference text as a bag of words."""
    return {page.id: (page.page_type, Counter(words(page.reference or ""))) for page in pages_of(folder)}


def word_figures(answers: Outputs, pages: dict[str, tuple[str, Counter[str]]]) -> dict[str, Any]:
    """Return word scores by page type, the standard error of the mean F1, and the number of failed pages."""
    rows = pd.DataFrame(
        [[kind, *bag_scores(Counter(words(answers[page]["text"])), wanted)] for page, (kind, wanted) in pages.items()],
        columns=["page_type", "precision", "recall", "f1"],
    )
    standard_error = float(rows["f1"].std()) / len(rows) ** 0.5
    return {"errors": errors(answers, pages), "standard_error": standard_error, "by_type": word_scores(rows)}


def errors(answers: Outputs, pages: dict[str, Any]) -> int:
    return sum("error" in answers[page] for page in pages)


def listed_segments(folder: Path, read: Path) -> dict[str, tuple[str, dict[str, list[str]]]]:
    """Return the language of each of trafilatura's pages, by hand or as declared, and its listed segments."""
    with read.open(encoding="utf-8", newline="") as stream:
        by_hand = {row["page"]: row["language"] for row in csv.DictReader(stream) if row["corpus"] == folder.name}
    return {
        page.id: (by_hand.get(page.id) or declared_language(page.html), page.record["entry"])
        for page in pages_of(folder)
    }


def declared_language(content: bytes) -> str:
    """Return the first part of ``<html lang>``, in lower case."""
    tree = read_page(content, kind="html").tree
    declared = (tree.root.attributes.get("lang") if tree and tree.root else None) or ""
    return re.split(r"[-_]", declared.strip().lower())[0] or "unknown"


def segment_counts(text: str, entry: dict[str, list[str]]) -> list[int]:
    """Return the COUNTS of one page; a segment counts as found if the text contains it, white space aside."""
    text = " ".join(text.split())
    counts = []
    for name in ("with", "without", "comments"):
        listed = [" ".join(segment.split()) for segment in entry.get(name) or []]
        counts += [len(listed), sum(segment in text for segment in listed)]
    return counts


def segment_figures(answers: Outputs, pages: dict[str, tuple[str, dict[str, list[str]]]]) -> dict[str, Any]:
    """Return scores over the segments of all pages and of each language, and the number of failed pages."""
    rows = pd.DataFrame(
        [[language, *segment_counts(answers[page]["text"], entry)] for page, (language, entry) in pages.items()],
        columns=["language", *COUNTS],
    )
    groups = {"all": rows, **{str(language): group for language, group in rows.groupby("language")}}
    by_language = {language: segment_scores(group) for language, group in groups.items()}
    return {"errors": errors(answers, pages), "by_language": by_language}


def segment_scores(rows: pd.DataFrame) -> dict[str, float]:
    """Return the scores of segments.

    Precision is the share of wanted segments among the found ones, comments excluded; comment_leak the share of
    comments found.
    """
    total = {name: int(rows[name].sum()) for name in COUNTS}
    found = total["wanted_found"] + total["unwanted_found"]
    return {
        "pages": len(rows),
        **total,
        "precision": total["wanted_found"] / max(1, found),
        "recall": total["wanted_found"] / max(1, total["wanted"]),
        "f1": 2 * total["wanted_found"] / max(1, found + total["wanted"]),
        "comment_leak": total["comments_found"] / max(1, total["comments"]),
    }


def best_first(figures: dict[str, Any]) -> list[str]:
    """Return the tools of ``wcxb`` or ``lines``, by word F1."""
    return sorted(figures, key=lambda tool: -float(figures[tool]["by_type"]["all"]["f1"]))


def scoreboard(report: dict[str, Any]) -> str:
    """Return the figures over all pages as Markdown: a table for HTML, one for lines, and the
    picture of `make report`.
    """
    wcxb, trafilatura, lines = report["wcxb"], report["trafilatura"], report["lines"]
    rows = []
    for tool in best_first(wcxb):
        found = trafilatura[tool]["by_language"]["all"]
        segments = [f"{found[name]:.3f}" for name in ("f1", "precision", "recall", "comment_leak")]
        raised = wcxb[tool]["errors"] + trafilatura[tool]["errors"]
        rows.append([named(tool, report), *word_cells(wcxb[tool]), *segments, str(raised)])
    pages = wcxb[OURS]["by_type"]["all"]["pages"], trafilatura[OURS]["by_language"]["all"]["pages"]
    of_lines = [[named(tool, report), *word_cells(lines[tool])] for tool in best_first(lines)]
    html = ["tool", *WORD_HEAD, "segment F1", "precision", "recall", "comment leak", "errors"]
    return "\n".join(
        [
            f"HTML pages: words of {pages[0]:,} pages of WCXB, segments of {pages[1]:,} of trafilatura's.\n",
            *markdown(html, rows),
            f"\nThe {pages[0]:,} pages as lines, without markup:\n",
            *markdown(["tool", *WORD_HEAD], of_lines),
            "\n![Word F1 of each tool by type of page](compare.png)\n",
        ]
    )


def named(tool: str, report: dict[str, Any]) -> str:
    name = " ".join(filter(None, [tool, report["versions"].get(tool)]))
    return f"**{name}**" if tool == OURS else name


def word_cells(figures: dict[str, Any]) -> list[str]:
    scores = figures["by_type"]["all"]
    f1 = f"{scores['f1']:.3f} ± {figures['standard_error']:.3f}"
    return [f1, f"{scores['precision']:.3f}", f"{scores['recall']:.3f}"]


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    ruler = ["---", *["---:"] * (len(head) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in (head, ruler, *rows)]


def with_scoreboard(readme: str, report: dict[str, Any]) -> str:
    """Return reports/README.md with this report's scoreboard between its markers."""
    return replace_section(readme, "compare", scoreboard(report))


def replace_section(readme: str, name: str, text: str) -> str:
    """Return reports/README.md with a text between the markers of this name."""
    marks = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", re.S)
    if not marks.search(readme):
        raise Failure(f"reports/README.md: lacks the lines <!-- {name} --> and <!-- /{name} -->; put them back")
    return marks.sub(lambda _: text, readme)
