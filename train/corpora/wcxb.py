"""Web Content Extraction Benchmark, dev split: pages of seven types with reference texts.

    html/ID.html.gz  truth/ID.json  metadata.json {"files": {ID: entry}}

Pages that also stand in the archive's test split, by id or by content, are held out.
"""

import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .protocol import MAX_ARCHIVE, Adapter, CorpusPage, Members, unpacked

MEMBER = re.compile(r"[^/]+/(?:metadata\.json|(dev|test)/(?:html/([^/]+)\.html\.gz|ground-truth/([^/]+)\.json))")


def unpack(found: Members, ids: frozenset[str], folder: Path) -> tuple[set[str], set[str]]:
    table: dict[str, Any] = {}
    contents: dict[str, dict[str, str]] = {"dev": {}, "test": {}}  # split -> id -> sha256 of the HTML, "" without one
    truths: set[str] = set()
    left = MAX_ARCHIVE
    (folder / "html").mkdir(parents=True)
    (folder / "truth").mkdir()
    for match, file in found:
        split, page, truth = match.groups()
        if split is None:
            table = json.load(file)["files"]
        elif page:
            data = file.read()
            html = unpacked(data, left)
            left -= len(html)
            contents[split][page] = hashlib.sha256(html).hexdigest()
            if split == "dev" and page in ids:
                (folder / "html" / f"{page}.html.gz").write_bytes(data)
        elif split == "test":
            contents[split].setdefault(truth, "")
        elif truth in ids:
            (folder / "truth" / f"{truth}.json").write_text(json.dumps(json.load(file)))
            truths.add(truth)
    have = ids & truths & contents["dev"].keys() & table.keys()
    (folder / "metadata.json").write_text(json.dumps({"files": {page: table[page] for page in sorted(have)}}))
    dev, test, hashes = contents["dev"], contents["test"], set(contents["test"].values())
    return set(have), {page for page in dev if page in test or dev[page] in hashes}


def pages(folder: Path) -> Iterator[CorpusPage]:
    for page, entry in sorted(json.loads((folder / "metadata.json").read_bytes())["files"].items()):
        html = gzip.decompress((folder / "html" / f"{page}.html.gz").read_bytes())
        truth = json.loads((folder / "truth" / f"{page}.json").read_bytes())
        page_type = str(entry["page_type"]).replace("category", "collection")  # as the benchmark's paper calls it
        reference = truth.get("ground_truth", {}).get("main_content") or ""
        yield CorpusPage(page, html, truth["url"], page_type, reference, {"metadata": entry, "truth": truth})


ABOUT = "[WCXB](https://github.com/Murrough-Foley/web-content-extraction-benchmark) dev split, CC-BY-4.0"
ADAPTER = Adapter(ABOUT, MEMBER, unpack, pages)
