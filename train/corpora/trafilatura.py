"""The evaluation pages of trafilatura, mostly German and English, with wanted, unwanted and comment segments.

pages/FILE  evaldata.json {URL: entry}
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .protocol import Adapter, CorpusPage, Members

MEMBER = re.compile(r"[^/]+/tests/(?:evaldata\.json|(?:cache|eval)/([^/]+))")


def unpack(found: Members, ids: frozenset[str], folder: Path) -> tuple[set[str], set[str]]:
    table, have = dict[str, Any](), set[str]()
    (folder / "pages").mkdir(parents=True)
    for match, file in found:
        page = match.group(1)
        if page is None:
            table = {url: entry for url, entry in json.load(file).items() if entry["file"] in ids}
        elif page in ids and page not in have:  # cache/ stands before eval/, as where trafilatura itself looks
            have.add(page)
            (folder / "pages" / page).write_bytes(file.read())
    (folder / "evaldata.json").write_text(json.dumps(table))
    return have & {entry["file"] for entry in table.values()}, set()


def pages(folder: Path) -> Iterator[CorpusPage]:
    table = json.loads((folder / "evaldata.json").read_bytes())
    for url, entry in sorted(table.items(), key=lambda item: str(item[1]["file"])):
        html = (folder / "pages" / entry["file"]).read_bytes()
        yield CorpusPage(entry["file"], html, url, record={"url": url, "entry": entry})


ABOUT = "[trafilatura](https://github.com/adbar/trafilatura)'s evaluation pages, Apache-2.0"
ADAPTER = Adapter(ABOUT, MEMBER, unpack, pages)
