"""A project in small: twelve pages of ours as a corpus in an archive, some paragraphs, two sample pages."""

import csv
import gzip
import io
import json
import os
import shutil
import tarfile
from dataclasses import astuple
from pathlib import Path

import pytest

from pagesieve.predict.document.blocks import segment
from pagesieve.predict.document.page import read_page
from pagesieve.predict.errors import Failure
from pagesieve.train import corpora as sources
from pagesieve.train.fit.model_writer import SMOKE_PAGES
from pagesieve.train.labels.alignment import running_words, spans_of

ROOT = Path(__file__).parents[1]
PAGES, ROWS = 12, 120  # pages of the corpus, lines of the paragraphs
CODES = "NHTTTPPFF"
PAGE = """<html><head><title>The lamp {0}</title></head><body>
<nav class="menu"><a href="/">Home page of tower {0}</a></nav>
<h1>The lamp of tower {0}</h1><div><p>The keeper of tower {0} lit the lamp at dusk.</p>
<p>It burned until morning {0}.</p>
<p>The tower was far from the home of keeper {0} that night.</p></div>
<div class="related"><a href="/x">Read also: another boat {0}</a><a href="/y">Read also: a storm {0}</a></div>
<form class="comment-form"><label>Your comment on {0}</label><p>Leave a reply, keeper {0}</p></form></body></html>"""
FIELDS = ["page", "start", "end", "hash", "code", "reader", "date"]
EMPTY = "0" * 64


def make(folder: Path) -> Path:
    """The project in ``folder``, its archive in ``folder/corpora``, nothing fetched and nothing trained yet."""
    data = folder / "data"
    (data / "annotations").mkdir(parents=True)
    for name in ("languages.csv", "annotations/pages.csv"):
        shutil.copy(ROOT / "data" / name, data / name)
    for page in SMOKE_PAGES.values():
        (folder / page).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / page, folder / page)
    shutil.copy(ROOT / "CHANGELOG.md", folder)
    (folder / "README.md").touch()
    with (ROOT / "data" / "paragraphs.csv").open(encoding="utf-8") as lines:
        (data / "paragraphs.csv").write_text("".join(next(lines) for _ in range(ROWS)), encoding="utf-8")
    names = [f"{number:04}" for number in range(PAGES)]
    rows = [f"wcxb,{name},first,article,en,\n" for name in names]
    (data / "read.csv").write_text("corpus,page,set,page_type,language,site\n" + "".join(rows))
    annotate(data / "annotations" / "wcxb.first.csv", names)
    (folder / "corpora").mkdir()
    (folder / "corpora" / "wcxb.tar.gz").write_bytes(archive(names))
    (data / "wcxb.ids").write_text("".join(f"{name}\n" for name in names))
    name_source(data, EMPTY)
    with pytest.raises(Failure) as caught:
        sources.fetch(data / "sources.toml", folder / "trial", folder / "corpora")
    name_source(data, str(caught.value).split("got ")[1][:64])
    shutil.rmtree(folder / "trial")
    return folder


def name_source(data: Path, digest: str) -> None:
    keys = {"name": "wcxb", "url": "http://127.0.0.1:9/x", "archive": "wcxb.tar.gz", "licence": "MIT"}
    lines = [f'{key} = "{value}"' for key, value in (keys | {"ids": "wcxb.ids", "sha256": digest}).items()]
    (data / "sources.toml").write_text("\n".join(["[[source]]", *lines]))


def annotate(path: Path, names: list[str]) -> None:
    with path.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(FIELDS)
        for name in names:
            texts = [block.text for block in segment(read_page(PAGE.format(name)))]
            running, _ = running_words(texts)
            spans = spans_of(name, running, list(zip(CODES, texts, strict=True)), "a", "2026-01-01")
            rows.writerows(astuple(span) for span in spans)


def archive(names: list[str]) -> bytes:
    members = {"top/metadata.json": {"files": {name: {"split": "dev", "page_type": "article"} for name in names}}}
    for name in names:
        article = f"The lamp of tower {name} The keeper of tower {name} lit the lamp at dusk."
        truth = {"url": f"https://tower{name}.com/", "ground_truth": {"main_content": article}}
        members[f"top/dev/ground-truth/{name}.json"] = truth
    content = {name: json.dumps(value).encode() for name, value in members.items()}
    content |= {f"top/dev/html/{name}.html.gz": gzip.compress(PAGE.format(name).encode(), mtime=0) for name in names}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, body in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return out.getvalue()


def environment(**more: str) -> dict[str, str]:
    """What a command needs to find this project, wherever it is run."""
    known = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    return known | more
