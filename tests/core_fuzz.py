"""Random pages, by the compiled core under sanitizers and by the reference: core_fuzz.py SECONDS [SEED] [FOLDER…]

Pages are those of ``data`` and of the folders, of which stretches are cut, repeated, moved and mixed, and made-up
markup. Each must give the same blocks, probabilities within 1e-9, and no proof that it is harmless where it is not.
"""

import importlib.util
import os
import random
import subprocess
import sys
import sysconfig
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from selectolax.lexbor import LexborHTMLParser

from pagesieve.predict import core, load
from pagesieve.predict.document.blocks import segment
from pagesieve.predict.document.charset import decode, encodable
from pagesieve.predict.document.limits import excess
from pagesieve.predict.document.page import Page, PageWarning, text_lines
from pagesieve.predict.document.shadow import with_shadow_roots
from pagesieve.predict.scoring.stages import score

ROOT = Path(__file__).parents[1]
NAMES = (
    "a b i font p div span ul li table tr td th h1 h2 section article form input textarea select option button label "
    "img br hr pre script style title template svg path math mi desc foreignObject noscript iframe x-card o:p html "
    "body head ruby dialog"
).split()
BITS = (
    *"<>/=\"' \n\t&;-!?[]#._\x1e\x00İΣßſ٣…@\u200b\xa0\u0301", "<!--", "-->", "--!>", "</", "/>", "<![CDATA[", "]]>",
    "&amp;", "&lt", "&nbsp;", "&#0;", "<script>", "</script>", "<!--<script>", "<svg>", "</svg>", "<br><br>", "class=",
    "<a href=/x/2024/1-a_b.html?q#f>", "shadowrootmode=open", "東京", "ไทย", "한국어", "...", "://", "www.",
    "12:30", "1.2.2024",
)  # fmt: skip


def made_up(chance: random.Random) -> str:
    """Markup of tags and signs in any order."""
    parts = []
    for _ in range(chance.randint(1, 120)):
        name, sign = chance.choice(NAMES), chance.choice(BITS)
        tags = [f"<{name}>", f"</{name}>", f"<{name} class='c {name}' id=x>", f"<{name}/>"]
        parts.append(chance.choice([*tags, sign, " word "]))
    return "".join(parts)


def mutated(chance: random.Random, texts: list[str]) -> str:
    """A stretch of a page, of which some are cut out, repeated, or replaced by signs or by some of another page."""
    text = chance.choice(texts)
    start = chance.randrange(max(1, len(text) - 20_000)) if chance.random() < 0.7 else 0
    text = text[start : start + 20_000]
    for _ in range(chance.randint(0, 12)):
        begin = chance.randrange(len(text) + 1)
        end = min(len(text), begin + int(chance.paretovariate(0.7)))
        other = chance.choice(texts)
        at = chance.randrange(len(other) + 1)
        piece = chance.choice(
            ["", text[begin:end] * 2, other[at : at + end - begin], chance.choice(BITS), made_up(chance)]
        )
        text = text[:begin] + piece + text[end:]
    return text[:60_000]


def check(text: str, scorers: dict, stages: dict) -> None:
    """Fail if core and reference differ on a page, as HTML and as lines."""
    text = encodable(text)
    if core.is_harmless(text):
        assert excess(text) == "" and with_shadow_roots(text) == text, "a page that is not harmless was taken for it"
    elif excess(text):
        return
    tree = LexborHTMLParser(with_shadow_roots(text))
    title = tree.css_first("title")
    page = Page("html", tree=tree, title=" ".join(title.text().split())[:2000].strip() if title else "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PageWarning)
        for one in (page, Page("text", lines=text_lines(text))):
            found, blocks = core.score(scorers, one), segment(one)
            if found:
                assert found.texts == [block.text for block in blocks]
                assert found.paths == [block.path for block in blocks if one is page]
                off = np.abs(found.scores - score(stages, blocks, one.title)).max(initial=0)
                assert off <= 1e-9, f"probabilities differ by {off}"


def texts_in(folders: list[Path]) -> list[str]:
    paths = [
        path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix in (".html", ".htm", ".txt")
    ]
    return [decode(path.read_bytes(), None) for path in paths]


def sanitized(folder: Path) -> dict[str, str]:
    """Compile the core with checks of addresses and of undefined behaviour; returns what its process needs to know."""
    source, module = ROOT / "predict/core", folder / "core.so"
    flags = "-g1 -O1 -std=c++17 -shared -fPIC -fsanitize=address,undefined -fno-sanitize-recover=undefined".split()
    include = [f"-I{source}", f"-I{sysconfig.get_paths()['include']}"]
    cython = [sys.executable, "-m", "cython", "-3", "--cplus", source / "core.pyx", "-o", folder / "core.cpp"]
    subprocess.run(cython, check=True)
    subprocess.run(["g++", *flags, *include, folder / "core.cpp", "-o", module], check=True)
    preload = subprocess.run(["g++", "-print-file-name=libasan.so"], check=True, capture_output=True, text=True)
    return {"SANITIZED": str(module), "LD_PRELOAD": preload.stdout.strip(), "ASAN_OPTIONS": "detect_leaks=0"}


def use(module: str) -> None:
    """Let the core be this file."""
    spec = importlib.util.spec_from_file_location("pagesieve.predict.core.core", module)
    assert spec and spec.loader
    core.core = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(core.core)


def main(seconds: float, seed: int, folders: list[Path]) -> None:
    model, chance = load(), random.Random(seed)
    texts = texts_in([ROOT / "data/pages", ROOT / "data/written", *folders])
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        text = made_up(chance) if chance.random() < 0.4 else mutated(chance, texts)
        try:
            check(text, model.scorers, model.stages)
        except Exception:
            Path("fuzz-failure.txt").write_text(text, encoding="utf-8", errors="surrogatepass")
            print(f"page {count} of seed {seed} fails: fuzz-failure.txt", file=sys.stderr)
            raise
        count += 1
    print(f"{count} pages, core and reference agree (seed {seed})")


if __name__ == "__main__":
    if "SANITIZED" in os.environ:
        use(os.environ["SANITIZED"])
        main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1, [Path(name) for name in sys.argv[3:]])
    else:
        with tempfile.TemporaryDirectory() as folder:
            environment = os.environ | sanitized(Path(folder))
            sys.exit(subprocess.run([sys.executable, *sys.argv], env=environment).returncode)
