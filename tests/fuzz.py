"""Coverage-guided fuzzing of what reads a page, by atheris: `python tests/fuzz.py -runs=100000`.

The options are those of libFuzzer. It ends with an error at the first input that raises, loses a character, or gives
something else the second time, and leaves it in a file.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["pagesieve.predict"]):
    from pagesieve.predict import load
    from pagesieve.predict.document.blocks import segment
    from pagesieve.predict.document.charset import decode
    from pagesieve.predict.document.page import NotAPage, read_page
    from pagesieve.predict.output import formats

sys.path.insert(0, str(Path(__file__).parent))
from hostile import squeezed, visible  # noqa: E402  # after the instrumented imports

MODEL = load()
KINDS = ("auto", "html", "text")
CHARSETS = (None, "utf-8", "windows-1252", "shift_jis", "utf-16le")
LABEL_EVERY = 50  # inputs: a model takes twenty times what reading takes
runs = 0


def one(data: bytes) -> None:
    """The first byte says how the others are read."""
    global runs
    runs += 1
    how, content = data[:1] or b"\0", data[1:]
    kind, charset = KINDS[how[0] % 3], CHARSETS[how[0] // 3 % 5]
    try:
        page = read_page(content, kind=kind, charset=charset)
    except NotAPage:
        return
    blocks = segment(page)
    assert blocks == segment(read_page(content, kind=kind, charset=charset))
    if page.kind == "html":
        shown = "".join(block.text for block in blocks if "/@" not in block.path)
        assert squeezed(shown) == squeezed(visible("\ufeff" + decode(content, charset))[0])
    if runs % LABEL_EVERY == 0:
        shown = MODEL.records(content, kind=kind, charset=charset)
        assert len(shown) == len(blocks) and all(abs(sum(one["scores"].values()) - 1) < 1e-9 for one in shown)
        for form in formats.FORMATS.values():
            form.render(shown, "fuzz", True).encode()


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
