"""models/blocks.json -> models/README.md: the model card for people, with all figures from blocks.json."""

from collections.abc import Iterable, Sequence
from typing import Any

from pagesieve.predict.labels import LABELS

from ..corpora.registry import ADAPTERS
from ..style import MODES

MEANINGS = {
    "article_content": "the page's own content: title, text, tables; the posts of a thread, the items of a list",
    "comment_form": "the comment section: readers' comments or reviews, and all its controls and notices",
    "promo_teaser": "promotion of something else: teasers, newsletters, adverts, calls to action",
    "site_chrome": "what runs the site, and facts about the content: menus, footer, notices, byline, date, tags",
}
SOURCES = {
    **{name: adapter.about for name, adapter in ADAPTERS.items()},
    "paragraphs": "`data/paragraphs.csv`, made-up pages in 33 languages, written for pagesieve, MIT",
    "written": "`data/written`, made-up HTML pages, written for pagesieve, MIT",
}
WEAK = 5  # number of weakest parts to name
TEXT = """# Model card: blocks

Generated from `blocks.json` by `make train`; sha256 of `blocks.npz` `{npz}`, of `blocks.joblib`
`{joblib}`, written by scikit-learn {sklearn}.

Labels every block of a web page by TF-IDF and logistic regression in three stages, for {kinds} pages. It reads no text
that scripts fetch, and no pictures.

**For:** cleaning scraped pages and web corpora, keeping the article and telling what the rest was; plain text whose
HTML is lost. **Not for:** judging what a text says, its truth or its worth; finding personal data; blocking adverts in
a browser; single lines without their page; deciding anything about people.

## Labels

{labels}

## Data

{data}

Labels were given by readers, block by block, who judged text and place; the texts of the corpora are not in this
repository, and the pages belong to their publishers. Most pages are English or German, the others of some forty
languages. The model holds words and names of classes that stand on at least three sites, no sentences.

## Scores

{scored}

{scores}

{parts}
## Known failures

{failures}

## Retrain

```sh
make data       # fetches the corpora
make train      # writes model and card; MODEL=DIR writes elsewhere, DATA=mine.csv adds paragraphs of yours
make evaluate
make report     # reports/index.html says whether it is better than the one before
```

## Load it safely

```python
from pagesieve.predict import load

model = load()  # or load("mine"), a folder with blocks.npz and blocks.json in it
```

`load()` reads `blocks.npz`, plain arrays in which nothing can run: it compares the file's sha256 with the card's,
checks names, types, shapes, index ranges and values, and compares the probabilities of the card's smoke-test pages to
1e-6.
`blocks.joblib` holds the same model as scikit-learn Pipelines, which `joblib.load` opens without pagesieve. It is a
pickle, and so a program: load it only if you trust whoever made it. `pagesieve compile blocks.joblib` makes the npz.
"""
UNSCORED = """\
Trained without evaluation pages, so nothing is known about its scores: run `make data`, then `make train`."""
SCORED = """\
Out of fold by site: no page was scored by a model that saw a page of its site. Macro-F1 is the mean F1 of the four
labels on the blocks of the first hand-labelled pages, word F1 compares the article's words with the reference text of
each page. In brackets the 95 % interval, by bootstrap over sites. ECE is the largest expected calibration error of the
four labels."""
METHOD = (
    "A run of blocks is carried away as a whole: a thread read as comments, an own list as teasers, or the reverse.",
    "Promotion in the article's own paragraphs (a sponsor's words, an advert inside a newsletter) is read as article.",
    "A line alone, without its page, is judged worse than within it.",
)


def describe(card: dict[str, Any]) -> str:
    """Return the model card as Markdown, from a card as written by ``write_model``."""
    scores = card["scores"]
    known = bool(scores.get("labels"))
    return TEXT.format(
        **card["digests"],
        sklearn=card["versions"]["scikit-learn"],
        kinds=" and ".join({"html": "HTML", "text": "plain text"}[kind] for kind in card["kinds"]),
        labels=table(
            ["label", "what it is", "hand-labelled blocks"],
            [[label, MEANINGS[label], f"{card['hand_labelled_blocks'][label]:,}"] for label in LABELS],
        ),
        data=table(
            ["data", "pages"], [[SOURCES.get(name, f"`{name}`"), f"{pages:,}"] for name, pages in card["pages"].items()]
        ),
        scored=SCORED if known else UNSCORED,
        scores=table(["input", "macro-F1", *LABELS, "word F1", "ECE"], score_rows(scores)) if known else "",
        parts="".join(part_tables(scores)),
        failures="\n".join(f"- {one}" for one in failures(scores)),
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def with_interval(value: float, ends: Sequence[float] | None) -> str:
    return f"{value:.3f} ({ends[0]:.3f} to {ends[1]:.3f})" if ends else f"{value:.3f}"


def score_rows(scores: dict[str, Any]) -> list[list[str]]:
    rows = []
    for mode, of in scores["labels"].items():
        words = scores["word_f1"].get(mode, {}).get("all")
        error = max(part["error"] for part in scores["calibration"][mode].values())
        each = [f"{of['per_label'][label]['f1']:.3f}" for label in LABELS]
        word_f1 = with_interval(words["f1"], words["interval"]) if words else ""
        rows.append([MODES[mode], with_interval(of["macro_f1"], of["interval"]), *each, word_f1, f"{error:.3f}"])
    return rows


def part_tables(scores: dict[str, Any]) -> Iterable[str]:
    """Yield a table for each breakdown: the share of blocks with the right label, by part and kind of input."""
    for name, by_mode in scores.get("breakdowns", {}).items():
        parts = list(dict.fromkeys(part for of_mode in by_mode.values() for part in of_mode))
        rows = [[part, *(part_of(of_mode.get(part)) for of_mode in by_mode.values())] for part in parts]
        yield f"Share of all hand-labelled blocks with the right label, by {name}:\n\n"
        yield table([name, *(MODES[mode] for mode in by_mode)], rows) + "\n\n"


def part_of(of: dict[str, Any] | None) -> str:
    return with_interval(of["right"], of["interval"]) if of else ""


def failures(scores: dict[str, Any]) -> Iterable[str]:
    """Yield the weakest labels, parts of each breakdown and languages by their figures, and limits of the method."""
    for mode, of in scores.get("labels", {}).items():
        label = min(LABELS, key=lambda one: of["per_label"][one]["f1"])
        yield f"{MODES[mode]}: the weakest label is {label} (F1 {of['per_label'][label]['f1']:.2f})."
    for name, by_mode in scores.get("breakdowns", {}).items():
        named = "; ".join(f"{MODES[mode]} {weakest(by_mode[mode])}" for mode in MODES if mode in by_mode)
        yield f"By {name}, the weakest first: {named}."
    found = {name: (of["promo_teaser"] + of["comment_form"]) / 2 for name, of in scores["languages"].items()}
    found.pop("all", None)
    if least := sorted(found, key=lambda name: (found[name], name))[:WEAK]:
        named = ", ".join(f"{name} ({found[name]:.0%} found)" for name in least)
        yield f"Comment and promotion lines are found least in these languages: {named}."
    yield from METHOD


def weakest(parts: dict[str, dict[str, Any]]) -> str:
    """Return the parts with the smallest share of right blocks, however few their pages: ``ja (54% right, 1 page)``."""
    least = sorted(parts, key=lambda part: (parts[part]["right"], part))[:WEAK]
    return ", ".join(f"{part} ({parts[part]['right']:.0%} right{pages_of(parts[part])})" for part in least)


def pages_of(of: dict[str, Any]) -> str:
    """Return the number of pages of a part; the cards of earlier trainings have none."""
    return f", {of['pages']:,} page{'s'[: of['pages'] != 1]}" if "pages" in of else ""
