"""Pages -> what another extractor takes for their text. A script that runs in the environment of extractors.lock.

    python -I train/benchmark/extractors.py TOOL PAGES OUT

PAGES has an object a line with id, html and url (gzip if it is named .gz); OUT gets one a line with id and text, and
with an error where the tool raised, its text then empty. A tool has the name of its package, and its default settings
where its function says nothing else; all get the same decoded page, and none may use the network.
"""

import gzip
import json
import sys
from collections.abc import Callable
from functools import cache
from html import escape
from pathlib import Path

# Elements on lines of their own if a tool returns HTML.
BLOCKS = frozenset(
    "article aside blockquote body br dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header hr li main ol p "
    "pre section table td th tr ul".split()
)


def by_trafilatura(html: str, url: str) -> str:
    from trafilatura import extract

    return extract(html, include_comments=False) or ""


def by_trafilatura_fast(html: str, url: str) -> str:
    from trafilatura import extract

    return extract(html, include_comments=False, fast=True) or ""


def by_rs_trafilatura(html: str, url: str) -> str:
    """Extract with the address, from which the tool infers the page type."""
    from rs_trafilatura import extract

    return str(extract(html, url=url or None).main_content or "")


def by_justext(html: str, url: str) -> str:
    """Extract in any language, with the thresholds of ScrapingHub's article-extraction-benchmark."""
    from justext import justext

    paragraphs = justext(
        html,
        stop_words(),
        length_low=50,  # characters
        length_high=200,  # characters
        stopwords_low=0.1,  # share of the words
        stopwords_high=0.2,  # share of the words
        max_link_density=0.2,  # share of the characters
        max_heading_distance=200,  # characters
        no_headings=True,
    )
    return "\n".join(paragraph.text for paragraph in paragraphs if not paragraph.is_boilerplate)


@cache
def stop_words() -> frozenset[str]:
    from justext import get_stoplist, get_stoplists

    return frozenset(word for language in get_stoplists() for word in get_stoplist(language))


def by_justext_lines(lines: str, url: str) -> str:
    """Extract from a page that is given as lines, each of which is a paragraph."""
    return by_justext("\n".join(f"<p>{escape(line)}</p>" for line in lines.split("\n")), url)


def by_readability(html: str, url: str) -> str:
    from readability import Document

    return lines_of(Document(html).summary())


def lines_of(html: str) -> str:
    """Return the text of HTML with a line break before and behind each element of BLOCKS."""
    from lxml.etree import iterwalk
    from lxml.html import HTMLParser, fromstring

    if not html.strip():
        return ""
    parts = []
    root = fromstring(html, parser=HTMLParser(remove_comments=True, remove_pis=True))
    for event, element in iterwalk(root, events=("start", "end")):
        text = element.text if event == "start" else element.tail
        parts += ["\n" if element.tag in BLOCKS else "", text or ""]
    return "".join(parts)


def by_resiliparse(html: str, url: str) -> str:
    from resiliparse.extract.html2text import extract_plain_text

    return extract_plain_text(html, main_content=True)


def by_newspaper(html: str, url: str) -> str:
    from newspaper import Article, Config

    config = Config()
    config.fetch_images = False
    article = Article(url or "http://localhost/", config=config)
    article.download(input_html=html)
    article.parse()
    return str(article.text)


def by_boilerpy(html: str, url: str) -> str:
    from boilerpy3.extractors import DefaultExtractor

    return str(DefaultExtractor().get_content(html))


TOOLS: dict[str, Callable[[str, str], str]] = {
    "trafilatura": by_trafilatura,
    "rs-trafilatura": by_rs_trafilatura,
    "justext": by_justext,
    "readability-lxml": by_readability,
    "resiliparse": by_resiliparse,
    "newspaper4k": by_newspaper,
    "boilerpy3": by_boilerpy,
    "justext-lines": by_justext_lines,
}
TIMED: dict[str, Callable[[str, str], str]] = {"trafilatura-fast": by_trafilatura_fast}  # by `make bench` alone


def answer(tool: Callable[[str, str], str], page: dict[str, str]) -> dict[str, str]:
    try:
        return {"id": page["id"], "text": tool(page["html"], page["url"])}
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # any error is counted; a panic in Rust is not an Exception
        return {"id": page["id"], "text": "", "error": f"{type(error).__name__}: {error}"[:200]}


def offline(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse network access, as an audit hook: the same pages give the same texts with and without a network."""
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise OSError("extractors are compared without a network")


def main() -> None:
    name, pages, out = sys.argv[1:]
    sys.addaudithook(offline)
    with (gzip.open if pages.endswith(".gz") else open)(pages, "rt", encoding="utf-8") as lines:
        answers = [answer(TOOLS[name], json.loads(line)) for line in lines]
    if all("error" in each for each in answers):
        sys.exit(f"raised on every page, {answers[0]['error']}" if answers else "no pages")
    Path(out).write_text("".join(json.dumps(each) + "\n" for each in answers), encoding="utf-8")


if __name__ == "__main__":
    main()
