"""Ten pages of one odd site, knitting patterns in words of their own, with the label of each block.

``python tests/odd_site.py DIR`` writes the pages into DIR/pages; the labels of six go to DIR/mine, as
`pagesieve review` keeps them, and those of the others to DIR/mine-test, which training scores but never learns from.
"""

import html
import random
import sys
from pathlib import Path

from pagesieve.train.labels import label_store

TAUGHT = 6
NAMES = """lighthouse-cowl harbour-mitts gull-socks kelp-shawl tide-cap net-mender-vest buoy-blanket eel-scarf
    plaice-hat cod-gloves"""
HEAD = ["Purl & Tide", "Yarn wall", "Needle loft", "Moth watch", "Shop days", "Basket (0 skeins)"]
FOOT = [
    "Blocked flat and dried in the shade since 1998",
    "Ravelled ends and returns",
    "Lanolin and privacy",
    "Wool post",
]
WHO = ["Ingrid Solheim", "Petra Vane", "Tomas Quill", "Maud Arkwright"]
INTRO = [
    "Cast on loosely, for the first round has to go over a head that came in from the rain.",
    "The wool was spun at the mill above the weir, and it sheds water as long as nobody boils it.",
    "Work the chart from the bottom, as the tide does, and count the stitches when the kettle sings.",
    "It was first worked on a night watch, which is why the wrong side rows need no light at all.",
    "Leave a long tail: the last needle is grafted, not sewn, and a short tail ends in tears.",
    "One size fits most heads of this parish; for others go up half a needle and say nothing.",
]
STITCHES = ["k2", "p2", "yo", "ssk", "k2tog", "sl1 wyif", "p2tog", "m1l", "m1r", "k1tbl"]
SHORT = ["yo: yarn over", "ssk: slip, slip, knit", "k2tog: knit two together", "m1l: make one left", "pm: place marker"]
NOTES = [
    "Slip the marker here.",
    "Change to the fine needles.",
    "Rest. Have tea.",
    "Join the grey, and do not cut the white.",
]
SKEINS = [
    "Sandbar mittens",
    "Curlew cardigan",
    "Groyne gloves",
    "Samphire stole",
    "Whelk warmers",
    "Spindrift bonnet",
    "Pier jumper",
]
KNOTTERS = ["Oda", "Bram", "Lotte", "Old Crewe", "Sunniva", "Wenna", "Piet"]
KNOTS = [
    "Mine came out a whole sheep too wide, so I frogged it to the rib.",
    "Row 9 has one yo too many, or I have one cat too many.",
    "Went down to 3.5 mm and it fits the herring now.",
    "My aunt tied hers off with a Finnish knot and has not looked back.",
    "Is the grey held double, or am I seeing double?",
    "Blocked it on the bread board. No regrets, some crumbs.",
    "Third one off the needles this winter, the dog has the first.",
]  # fmt: skip
CLUB = "Envelope club: a pattern and a skein a month, cancel when your needles rust"

Line = tuple[str, str, str]  # tag with class, text, label


def pattern_row(rng: random.Random, number: int) -> str:
    some = ", ".join(rng.sample(STITCHES, 3))
    side = "RS" if number % 2 else "WS"
    end = f"rep from * to last {rng.randint(1, 6)} sts, {rng.choice(STITCHES)}. ({rng.randint(60, 140)} sts)"
    return f"Row {number} ({side}): *{some}; {end}"


def lines_of(name: str) -> list[Line]:
    """The blocks of a page, in order."""
    rng = random.Random(name)
    title = name.replace("-", " ").capitalize()
    content, comment, promo, chrome = label_store.LABELS
    lines = [("b class=bobbin", text, chrome) for text in HEAD]
    lines.append(("h4 class=lid", title, content))
    lines.append(("i class=spool", f"Charted by {rng.choice(WHO)}", chrome))
    lines.append(
        (
            "i class=spool",
            f"Yardage {rng.randint(2, 9)}00 · gauge {rng.randint(18, 30)} · {rng.randint(1, 4)} sheep",
            chrome,
        )
    )
    lines += [("div class=fleece", text, content) for text in rng.sample(INTRO, 2)]
    lines += [("div class=fleece", text, content) for text in rng.sample(SHORT, 3)]
    for number in range(1, rng.randint(7, 11)):
        lines.append(("div class=twist", pattern_row(rng, number), content))
        if rng.random() < 0.25:
            lines.append(("div class=twist", rng.choice(NOTES), content))
    lines.append(("div class=creel", "Also in the creel", promo))
    for skein in rng.sample(SKEINS, 3):
        lines.append(("div class=creel", f"{skein}, {rng.randint(1, 5)} skeins, charted", promo))
    lines.append(("div class=creel", CLUB, promo))
    lines.append(("h4 class=knots", f"{rng.randint(2, 9)} knots tied", comment))
    for who, text in zip(rng.sample(KNOTTERS, 3), rng.sample(KNOTS, 3), strict=True):
        lines += [("i class=knot", f"{who}, {rng.randint(2, 40)} rows ago", comment), ("div class=knot", text, comment)]
    lines += [("i class=knot", text, comment) for text in ("Tie a knot", "Needle name", "What came off your needles?")]
    return lines + [("b class=bobbin", text, chrome) for text in FOOT]


def page_of(name: str) -> str:
    parts = [f"<div><{tag}>{html.escape(text)}</{tag.split()[0]}></div>" for tag, text, _ in lines_of(name)]
    address = f"https://www.purl-and-tide-example.org/{name}"
    head = f'<meta charset=utf-8><title>{name}</title><link rel=canonical href="{address}">'
    return f"<!doctype html><html lang=en><head>{head}</head><body>\n" + "\n".join(parts) + "\n</body></html>\n"


def write(folder: Path) -> None:
    """The ten pages, with the labels of six to learn from and of four to test."""
    (folder / "pages").mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(NAMES.split()):
        path = folder / "pages" / f"{name}.html"
        path.write_text(page_of(name), encoding="utf-8")
        sheet = label_store.sheet_of(path.read_bytes(), f"pages/{path.name}", "html", {})
        labels = [label for _, _, label in lines_of(name)]
        codes = {block.index: label_store.CODE_OF[label] for block, label in zip(sheet.blocks, labels, strict=True)}
        kept = folder / ("mine" if number < TAUGHT else "mine-test")
        label_store.change_marks(kept, sheet, "author", "none", codes, "2026-11-28")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
