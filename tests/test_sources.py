"""`make data` against a local server: tiny archives with pages of ours, good, cut short, foreign and hostile."""

import gzip
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pagesieve.predict.errors import Failure
from pagesieve.train import corpora as sources
from pagesieve.train.corpora import protocol

DATA = Path(__file__).parents[1] / "data"
ZEROS = "0" * 64


def page(number: int) -> bytes:
    lines = [f"<p>The heron on post {number} waits for line {line} of the tide.</p>" for line in range(8)]
    return "\n".join(["<html><body>", *lines, "</body></html>"]).encode()


def wcxb(dev: dict[str, bytes], test: dict[str, bytes] | None = None, level: int = 9) -> dict[str, bytes]:
    """The members of a wcxb archive, name to bytes."""
    files = {page: {"split": "dev", "page_type": "article"} for page in dev}
    members = {"top/metadata.json": json.dumps({"files": files}).encode()}
    for split, pages in (("dev", dev), ("test", test or {})):
        for name, html in pages.items():
            members[f"top/{split}/html/{name}.html.gz"] = gzip.compress(html, level)
            members[f"top/{split}/ground-truth/{name}.json"] = json.dumps({"url": f"https://{name}.example/"}).encode()
    return members


def pack(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


class Site:
    """A server that answers with `replies`, one a request and then the last again; a reply is (body, bytes sent)."""

    def __init__(self, *replies: tuple[bytes, int | None]) -> None:
        self.replies, self.requests = list(replies), 0
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body, sent = site.replies[min(site.requests, len(site.replies) - 1)]
                site.requests += 1
                self.send_response(200 if body else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[:sent])

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/archive"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    sites: list[Site] = []

    def start(*replies: tuple[bytes, int | None]) -> Site:
        sites.append(Site(*replies))
        return sites[-1]

    yield start
    for site in sites:
        site.server.shutdown()
        site.server.server_close()


def write_toml(
    folder: Path, ids: list[str], sha256: str, url: str = "http://127.0.0.1:9/x", name: str = "wcxb"
) -> Path:
    (folder / f"{name}.ids").write_text("".join(f"{page}\n" for page in ids), "utf-8")
    keys = {"name": name, "url": url, "archive": f"{name}.tar.gz", "licence": "MIT", "ids": f"{name}.ids"}
    lines = ["[[source]]", *(f"{key} = {json.dumps(value)}" for key, value in (keys | {"sha256": sha256}).items())]
    (folder / "sources.toml").write_text("\n".join(lines), "utf-8")
    return folder / "sources.toml"


def digest(tmp: Path, members: dict[str, bytes], ids: list[str], name: str = "wcxb") -> str:
    """The digest over `ids` as the error for a wrong one tells it."""
    folder = tmp / "digest"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.tar.gz").write_bytes(pack(members))
    with pytest.raises(Failure, match=f"expected {ZEROS}, got") as caught:
        sources.fetch(write_toml(folder, ids, ZEROS, name=name), folder / "raw", folder)
    assert list((folder / "raw").iterdir()) == []
    return str(caught.value).split("got ")[1][:64]


THREE = {"0001": page(1), "0002": page(2), "0003": page(3)}


def test_a_download_is_unpacked_and_kept(tmp_path: Path, serve: Any, capsys: pytest.CaptureFixture[str]) -> None:
    site = serve((pack(wcxb(THREE)), None))
    toml = write_toml(tmp_path, ["0001", "0003"], digest(tmp_path, wcxb(THREE), ["0001", "0003"]), site.url)
    raw = tmp_path / "raw"
    assert [source.name for source in sources.available(toml, raw)[1]] == ["wcxb"]
    (corpus,) = sources.fetch(toml, raw)
    assert (corpus.pages, corpus.in_test, corpus.folder) == (2, 0, raw / "wcxb")
    assert sorted(path.name for path in raw.iterdir()) == ["wcxb", "wcxb.tar.gz"]
    assert [(page.id, page.html) for page in sources.pages_of(corpus.folder)] == [
        ("0001", page(1)),
        ("0003", page(3)),
    ]
    assert sources.digest_of(corpus.folder) == corpus.digest == corpus.sha256
    assert "wcxb.tar.gz: 100%" in capsys.readouterr().err
    assert sources.fetch(toml, raw) == [corpus] == sources.available(toml, raw)[0]
    (corpus.folder / "html" / "0003.html.gz").unlink()
    assert sources.available(toml, raw)[0] == []
    assert sources.fetch(toml, raw) == [corpus], "unpacked again from the kept archive"
    (raw / "wcxb.tar.gz").unlink()
    assert sources.fetch(toml, raw) == [corpus], "the stamp is enough"
    assert site.requests == 1


@pytest.mark.parametrize("wrong", ["[" * 100_000, "[]", '{"digest": 1}', '{"pages": "1"}', '{"in_test": null}', "pipe"])
def test_a_broken_stamp_proves_nothing(tmp_path: Path, wrong: str) -> None:
    members = wcxb({"0001": page(1)})
    toml = write_toml(tmp_path, ["0001"], digest(tmp_path, members, ["0001"]))
    (tmp_path / "wcxb.tar.gz").write_bytes(pack(members))
    (corpus,) = sources.fetch(toml, tmp_path / "raw", tmp_path)
    stamp = corpus.folder / "stamp.json"
    whole = json.loads(stamp.read_text())
    stamp.unlink()
    if wrong == "pipe":
        os.mkfifo(stamp)
    else:
        stamp.write_text(json.dumps(whole | json.loads(wrong)) if wrong.startswith("{") else wrong)
    assert sources.available(toml, tmp_path / "raw")[0] == []


def test_dev_pages_in_the_test_split_are_dropped_and_counted(tmp_path: Path, serve: Any) -> None:
    dev = {**THREE, "0004": page(4), "0005": page(5)}
    members = wcxb(dev, test={"0002": page(20), "9001": page(3), "9002": page(5)})  # one by id, two by content
    ids = ["0001", "0002", "0003", "0004"]
    toml = write_toml(tmp_path, ids, digest(tmp_path, members, ids), serve((pack(members), None)).url)
    (corpus,) = sources.fetch(toml, tmp_path / "raw")
    assert [page.id for page in sources.pages_of(corpus.folder)] == ["0001", "0004"]
    assert sorted(path.name for path in corpus.folder.glob("truth/*")) == ["0001.json", "0004.json"]
    assert (corpus.pages, corpus.in_test, corpus.dropped) == (2, 3, 2)
    assert "dropped 3 dev pages that are in its test split (2 of them listed)" in str(corpus)
    assert corpus.digest == sources.digest_of(corpus.folder) != corpus.sha256
    assert sources.fetch(toml, tmp_path / "raw") == [corpus]


@pytest.mark.parametrize("length", [True, False])
def test_a_broken_download_leaves_nothing_and_is_fetched_again(tmp_path: Path, serve: Any, length: bool) -> None:
    body = pack(wcxb(THREE))
    broken = (body, len(body) - 9) if length else (body[:-9], None)  # cut on the way, or already on the server
    site = serve(broken, (body, None))
    toml = write_toml(tmp_path, list(THREE), digest(tmp_path, wcxb(THREE), list(THREE)), site.url)
    reason = r"(expected \d+ bytes|more expected)" if length else "is broken"  # the second is http.client's own check
    with pytest.raises(Failure, match=f"{reason}.*nothing was kept") as caught:
        sources.fetch(toml, tmp_path / "raw")
    assert len(str(caught.value).splitlines()) == 1
    assert list((tmp_path / "raw").iterdir()) == []
    assert sources.fetch(toml, tmp_path / "raw")[0].pages == 3
    assert site.requests == 2


def test_a_damaged_kept_archive_is_fetched_again(tmp_path: Path, serve: Any) -> None:
    site = serve((pack(wcxb(THREE)), None))
    toml = write_toml(tmp_path, list(THREE), digest(tmp_path, wcxb(THREE), list(THREE)), site.url)
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "wcxb.tar.gz").write_bytes(b"no archive")
    assert sources.fetch(toml, tmp_path / "raw")[0].pages == 3
    assert site.requests == 1


def test_a_wrong_digest_keeps_nothing_and_says_both(tmp_path: Path, serve: Any) -> None:
    changed = wcxb({**THREE, "0002": b"<p>changed</p>"})
    right, wrong = (digest(tmp_path, members, list(THREE)) for members in (wcxb(THREE), changed))
    toml = write_toml(tmp_path, list(THREE), right, serve((pack(changed), None)).url)
    with pytest.raises(Failure, match=f"expected {right}, got {wrong}; nothing was kept. Run `make data`"):
        sources.fetch(toml, tmp_path / "raw")
    assert list((tmp_path / "raw").iterdir()) == []


def test_the_digest_does_not_depend_on_packing(tmp_path: Path) -> None:
    other = dict(reversed(wcxb({**THREE, "0009": page(9)}, level=1).items()))
    assert digest(tmp_path, wcxb(THREE), list(THREE)) == digest(tmp_path, other, list(reversed(THREE)))


def test_no_member_leaves_the_folder(tmp_path: Path) -> None:
    members = wcxb(THREE)
    for name in ("top/dev/html/../../../../escaped.html.gz", "/top/dev/html/0001.html.gz", "top/dev/html/...html.gz"):
        members[name] = gzip.compress(b"<p>escaped</p>")
    (tmp_path / "wcxb.tar.gz").write_bytes(pack(members))
    toml = write_toml(tmp_path, list(THREE), digest(tmp_path, wcxb(THREE), list(THREE)))
    (corpus,) = sources.fetch(toml, tmp_path / "raw", tmp_path)
    assert {path.name for path in tmp_path.glob("**/*.html.gz")} == {f"{name}.html.gz" for name in THREE}
    with pytest.raises(Failure, match=r"wcxb.ids:2: expected a page id that is no path"):
        sources.fetch(write_toml(tmp_path, ["0001", "../0002"], ZEROS), tmp_path / "raw", tmp_path)


def test_trafilatura_from_a_folder(tmp_path: Path) -> None:
    table = {f"https://{name}.example/": {"file": f"{name} ü.html", "with": [name]} for name in ("a", "b", "c")}
    members = {
        "top/tests/eval/a ü.html": page(1),
        "top/tests/cache/b ü.html": page(2),
        "top/tests/eval/c ü.html": page(3),
        "top/tests/evaldata.json": json.dumps(table).encode(),
    }
    ids = ["b ü.html", "a ü.html"]
    (tmp_path / "trafilatura.tar.gz").write_bytes(pack(members))
    toml = write_toml(tmp_path, ids, digest(tmp_path, members, ids, "trafilatura"), name="trafilatura")
    (corpus,) = sources.fetch(toml, tmp_path / "raw", tmp_path)
    pages = list(sources.pages_of(corpus.folder))
    assert [(page.id, page.url) for page in pages] == [
        ("a ü.html", "https://a.example/"),
        ("b ü.html", "https://b.example/"),
    ]
    assert sorted(path.name for path in corpus.folder.glob("pages/*")) == sorted(ids)


@pytest.mark.parametrize(
    ("name", "path", "page"),
    [
        ("fundus", "top/tests/resources/parser/test_data/jp/Asahi_2025.html.gz", "Asahi_2025.html"),
        ("postlight", "top/fixtures/www.harbour.example.html", "www.harbour.example.html"),
        ("gne", "top/tests/harbour/1.html", "tests~harbour~1.html"),
        ("zh-content", "top/original/0ab1.html", "0ab1.html"),
        ("htmldate", "top/tests/eval/harbour.example-ferry.html", "harbour.example-ferry.html"),
    ],
)
def test_corpora_of_html_files_give_their_listed_pages_alone(tmp_path: Path, name: str, path: str, page: str) -> None:
    html = b"<p>The heron waits.</p>"
    content = gzip.compress(html) if path.endswith(".gz") else html
    members = {path: content, path.replace("1", "2").replace("harbour", "other"): content, "top/LICENSE": b"MIT"}
    (tmp_path / f"{name}.tar.gz").write_bytes(pack(members))
    toml = write_toml(tmp_path, [page], digest(tmp_path, members, [page], name), name=name)
    (corpus,) = sources.fetch(toml, tmp_path / "raw", tmp_path)
    assert [(found.id, found.html, found.reference) for found in sources.pages_of(corpus.folder)] == [
        (page, html, None)
    ]


def member(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, **more: Any) -> bytes:
    """A member of an archive with its header."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(content)
    for attribute, value in more.items():
        setattr(info, attribute, value)
    return info.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512)


def sparse(name: str, size: int) -> bytes:
    """A member of the old GNU format that is a hole of this size."""
    header = bytearray(member(name, kind=tarfile.GNUTYPE_SPARSE))
    header[483:495] = tarfile.itn(size, 12, tarfile.GNU_FORMAT)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


META, HTML, TRUTH = "top/metadata.json", "top/dev/html/0001.html.gz", "top/dev/ground-truth/0001.json"
HOSTILE = {
    "a link": (member(HTML, kind=tarfile.SYMTYPE, linkname="/etc/passwd"), "lacks 1"),
    "a hard link": (member(HTML, kind=tarfile.LNKTYPE, linkname="/etc/passwd"), "lacks 1"),
    "a device": (member(HTML, kind=tarfile.CHRTYPE, devmajor=1, devminor=5), "lacks 1"),
    "a pipe": (member(HTML, kind=tarfile.FIFOTYPE), "lacks 1"),
    "a hole": (sparse(HTML, 10**12), "is broken .*has more than 20,000,000 bytes"),
    "a hole of metadata": (sparse(META, 10**12), "is broken .*has more than 20,000,000 bytes"),
    "a large page": (member(HTML, bytes(20_000_001)), "is broken .*has more than 20,000,000 bytes"),
    "a large member": (member("top/other", bytes(110_000_000)), "is broken .*a member of more than 100,000,000 bytes"),
    "a long name": (
        member("long", bytes(30_000_000), tarfile.GNUTYPE_LONGNAME) + member(HTML),
        "is broken .*a header of more than 1,000,000 bytes",
    ),
    "attributes": (
        member("pax", bytes(30_000_000), tarfile.XHDTYPE) + member(HTML),
        "is broken .*a header of more than 1,000,000 bytes",
    ),
    "many": (member("top/other") * 100_001, "is broken .*more than 100,000 members"),
    "a bomb": (member(HTML, gzip.compress(bytes(30_000_000))), "is broken .*more than 20,000,000 bytes, unpacked"),
    "deep metadata": (member(META, b"[" * 200_000), "is broken .*RecursionError"),
    "a deep truth": (member(TRUTH, b'{"a":' * 200_000), "is broken .*RecursionError"),
    "a list": (member(META, b"[1]"), "is broken .*TypeError"),
    "files in a list": (member(META, b'{"files": [1]}'), "is broken .*AttributeError"),
}
MEMORY = """
import resource, sys
from pathlib import Path
from pagesieve.predict.errors import Failure
from pagesieve.train.corpora import fetch
resource.setrlimit(resource.RLIMIT_DATA, (1_000_000_000, 1_000_000_000))
try:
    fetch(Path("sources.toml"), Path("raw"), Path("."))
except Failure as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_one_line_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    content, said = HOSTILE[name]
    with gzip.open(tmp_path / "wcxb.tar.gz", "wb", compresslevel=1) as out:
        out.write(content + bytes(1024))
    write_toml(tmp_path, ["0001"], ZEROS)
    before = sorted(tmp_path.iterdir())
    done = subprocess.run(
        [sys.executable, "-c", MEMORY], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert re.fullmatch(f"wcxb: wcxb.tar.gz .*{said}.*nothing was kept.*", done.stdout.rstrip("\n"))
    assert sorted(tmp_path.iterdir()) == sorted([*before, tmp_path / "raw"]) and not list((tmp_path / "raw").iterdir())


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MAX_ARCHIVE", 20_000)
    (tmp_path / "wcxb.tar.gz").write_bytes(pack({**wcxb(THREE), "top/other": bytes(100_000)}))
    with pytest.raises(Failure, match="is broken .*more than 20,000 bytes, unpacked"):
        sources.fetch(write_toml(tmp_path, list(THREE), ZEROS), tmp_path / "raw", tmp_path)


def test_missing_pages_are_counted_and_named(tmp_path: Path) -> None:
    (tmp_path / "wcxb.tar.gz").write_bytes(pack(wcxb(THREE)))
    toml = write_toml(tmp_path, ["0003", "0008", "0007"], ZEROS)
    with pytest.raises(Failure, match="lacks 2 of the 3 listed pages, the first: 0007; nothing was kept"):
        sources.fetch(toml, tmp_path / "raw", tmp_path)


def test_what_cannot_be_had_names_the_way_out(tmp_path: Path, serve: Any) -> None:
    toml = write_toml(tmp_path, ["0001"], ZEROS, serve((b"", None)).url)
    with pytest.raises(Failure, match=r"could not fetch http://127.*404.*CORPORA=DIR"):
        sources.fetch(toml, tmp_path / "raw")
    with pytest.raises(Failure, match=r"no file .*wcxb.tar.gz"):
        sources.fetch(toml, tmp_path / "raw", tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('licence = "MIT"', "", "source wcxb: licence: expected text"),
        ('licence = "MIT"', 'licence = "MIT"\nlicense = "MIT"', "source wcxb: license: unknown key"),
        (ZEROS, "12", "source wcxb: sha256: expected text that matches .* got '12'"),
        ("wcxb.ids", "../wcxb.ids", "source wcxb: ids: expected text"),
        ("wcxb.ids", "other.ids", "source wcxb: ids: .*other.ids"),
        ('name = "wcxb"', "", "source number 1: name: expected text"),
        ("[[source]]", "[[source", "line 1"),
        ("[[source]]", "[[sources]]", r"expected \[\[source\]\] tables"),
    ],
)
def test_a_bad_line_names_source_and_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    toml = write_toml(tmp_path, ["0001"], ZEROS)
    toml.write_text(toml.read_text("utf-8").replace(old, new, 1), "utf-8")
    with pytest.raises(Failure, match=f"sources.toml: .*{message}"):
        sources.read_sources(toml)


@pytest.mark.skipif(not os.environ.get("CORPORA"), reason="CORPORA=DIR does not name a folder with the corpora")
def test_the_real_corpora_have_the_digests_of_sources_toml(tmp_path: Path) -> None:
    corpora = sources.fetch(DATA / "sources.toml", tmp_path, Path(os.environ["CORPORA"]))
    assert [(corpus.name, corpus.pages, corpus.dropped) for corpus in corpora] == [
        ("wcxb", 1358, 0),
        ("trafilatura", 487, 0),
        ("fundus", 141, 0),
        ("postlight", 79, 0),
        ("gne", 29, 0),
        ("zh-content", 42, 0),
        ("htmldate", 277, 0),
    ]
    assert sources.available(DATA / "sources.toml", tmp_path) == (corpora, [])
