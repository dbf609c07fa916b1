"""blocks.npz -> Model: loaded with care, and applied to a page."""

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import core
from .core import Scored
from .document.blocks import Block, kind_of, segment
from .document.charset import encodable
from .document.content import Content, check_content, check_kind
from .document.page import Kind, Page, PageWarning, never, read_page
from .files import latest_path, read_file
from .labels import LABELS
from .modelfile.arrays import MAX_FILE, unpack_arrays
from .modelfile.card import ModelError as ModelError
from .modelfile.card import read_card
from .scoring.decision import EVEN, PREFERENCES, Prefer, confidence, decide, drop_repeated
from .scoring.stages import MAX_BLOCKS, drop_unknown_markup, score
from .scoring.tables import Stages, build_stages

if TYPE_CHECKING:
    import pandas as pd

NPZ = "blocks.npz"
TOLERANCE = 1e-6  # of the probabilities of smoke-test pages, absolute
COLUMNS = ["page", "index", "text", "label", "scores", "confidence", "path"]


@dataclass(frozen=True)
class Model:
    """The stages by kind of page, and the card that describes them."""

    stages: dict[str, Stages]
    card: dict[str, Any]
    scorers: Mapping[str, Any] = field(default_factory=dict)  # of the compiled core, by kind of page too

    def __repr__(self) -> str:
        kinds, digest = " and ".join(self.card["kinds"]), self.card["digests"]["npz"]
        return f"<pagesieve Model of {kinds} pages, sha256 {digest[:12]}>"

    def label(
        self,
        content: Content,
        *,
        page: str = "-",
        kind: Kind = "auto",
        charset: str | None = None,
        prefer: Prefer = "balanced",
    ) -> "pd.DataFrame":
        """Return the blocks of a page with their labels, in reading order, a row each; a page without text gives no
        rows.

        ``content`` is the page itself, bytes or str, never a path: a PageWarning says so of a str that looks like one.
        ``kind`` is html, text, or auto, which takes a look. ``prefer`` leans towards a clean article (precision) or a
        whole one (recall); another ``kind`` or ``prefer`` is a ValueError with the choices. Columns: page, index, text,
        label; ``scores``, which maps each label to its probability (sum 1); ``confidence``, the F1 to be expected of
        the page's article, the same in each row; ``path``, the XPath of the block, None for plain text. Raises
        ModelError if the model has no such operating point.
        """
        import pandas as pd  # here: the command line does without, and it takes half a second

        scored, labels = self.labelled(content, kind=kind, charset=charset, prefer=prefer)
        return pd.DataFrame(columns_of(page, scored, labels), dtype=None if labels else object)

    def records(
        self,
        content: Content,
        *,
        page: str = "-",
        kind: Kind = "auto",
        charset: str | None = None,
        prefer: Prefer = "balanced",
    ) -> list[dict[str, Any]]:
        """Return what ``label`` gives, a dict a block, without path where that is None."""
        scored, labels = self.labelled(content, kind=kind, charset=charset, prefer=prefer)
        columns = columns_of(page, scored, labels)
        if not scored.paths:
            del columns["path"]
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def text(
        self, content: Content, *, kind: Kind = "auto", charset: str | None = None, prefer: Prefer = "balanced"
    ) -> str:
        """Return the article of a page: its article_content blocks, separated by an empty line, each passage once."""
        scored, labels = self.labelled(content, kind=kind, charset=charset, prefer=prefer, with_paths=False)
        article = [text for text, label in zip(scored.texts, labels, strict=True) if label == LABELS[0]]
        return "\n\n".join(drop_repeated(article))

    def labelled(
        self, content: Content, *, kind: Kind, charset: str | None, prefer: Prefer, with_paths: bool = True
    ) -> tuple[Scored, list[str]]:
        """Return the blocks of a page with their scores, and their labels."""
        page = self.parse(content, kind=kind, charset=charset)
        scored = core.score(self.scorers, page, with_paths=with_paths) or self.score_by_reference(page)
        warn_of_portions(len(scored.texts))
        return scored, decide(scored.scores, self.thresholds(scored.kind, prefer))

    def score_by_reference(self, page: Page) -> Scored:
        blocks = segment(page)
        known = drop_unknown_markup(self.stages, blocks)
        paths = [block.path for block in blocks] if kind_of(blocks) == "html" else []
        return Scored(kind_of(known), [block.text for block in blocks], paths, self.score(known, page.title))

    def score(self, blocks: Sequence[Block], title: str) -> np.ndarray:
        """Return probabilities (n_blocks, n_labels) of one page's blocks, which must be all there and in order."""
        return score(self.stages, blocks, title)

    def parse(self, content: Content, *, kind: Kind, charset: str | None) -> Page:
        is_harmless = core.is_harmless if self.scorers else never
        return read_page(check_content(content), kind=check_kind(kind), charset=charset, is_harmless=is_harmless)

    def read(
        self, content: Content, *, kind: Kind, charset: str | None
    ) -> tuple[Sequence[Block], Sequence[Block], str]:
        """Return a page's blocks, the same as far as this model knows their kind, and its title."""
        page = self.parse(content, kind=kind, charset=charset)
        blocks = segment(page)
        warn_of_portions(len(blocks))
        return blocks, drop_unknown_markup(self.stages, blocks), page.title

    def thresholds(self, kind: str, prefer: Prefer) -> dict[str, float]:
        """Return the operating point of a kind of page (html, text), as ``decide`` takes it."""
        if prefer not in PREFERENCES:
            raise ValueError(f"prefer must be one of {', '.join(PREFERENCES)}, not {prefer!r}")
        if prefer == "balanced":
            return EVEN
        try:
            return dict(self.card["decision"][kind][prefer])
        except (KeyError, TypeError):
            raise ModelError(
                f"this model has no operating point that prefers {prefer} on {kind} pages; "
                "train on hand-labelled pages (`make data`, then `make train`), or leave --prefer out"
            ) from None


def warn_of_portions(blocks: int) -> None:
    if blocks > MAX_BLOCKS:
        message = f"{blocks:,} blocks: judged in portions of {MAX_BLOCKS:,}, as a page each"
        warnings.warn(message, PageWarning, stacklevel=3)


def columns_of(page: str, scored: Scored, labels: list[str]) -> dict[str, list[Any]]:
    """Return the COLUMNS of ``Model.label``."""
    count = len(labels)
    columns: tuple[list[Any], ...] = (
        [encodable(page)] * count,  # a file may have any bytes as its name
        list(range(count)),
        scored.texts,
        labels,
        [dict(zip(LABELS, row, strict=True)) for row in scored.scores.tolist()],
        [confidence(scored.scores, labels, scored.texts)] * count,
        scored.paths if scored.paths else [None] * count,
    )
    return dict(zip(COLUMNS, columns, strict=True))


def load(path: Path | str | None = None) -> Model:
    """Return the model of an npz file, or of a folder with blocks.npz in it, or the one that is shipped.

    Its card lies beside it with the ending .json. The file's sha256 is compared with the card's, then names, types,
    shapes, index ranges and values of its arrays are checked, then the probabilities of the card's smoke-test pages.
    Raises ModelError, with the file, what is wrong and what to do.
    """
    path = Path(str(files("pagesieve.models"))) if path is None else Path(path)
    path = path / NPZ if path.is_dir() else path
    if path.suffix == ".joblib":
        raise ModelError(f"{path}: a program that could do anything; if you trust it: pagesieve compile {path}")
    if not latest_path(path).exists():
        raise ModelError(f"{path}: no such model file; name one that `make train` wrote, with its card beside it")
    card = read_card(latest_path(path.with_suffix(".json")))
    try:
        content = read_file(latest_path(path), MAX_FILE)
    except ValueError as error:
        raise ModelError(f"{path}: {error}; it was not loaded, name a model that `make train` wrote") from error
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); name a model that `make train` wrote") from error
    check_digest(path, content, card["digests"]["npz"])
    return checked_model(path, content, card)


def checked_model(path: Path, content: bytes, card: dict[str, Any]) -> Model:
    """Return the model of an npz file with this content and a card that was read; ``path`` is named in a ModelError."""
    try:
        stages = {kind: build_stages(one) for kind, one in unpack_arrays(content, card["kinds"]).items()}
    except ValueError as error:
        raise ModelError(f"{path}: {error}; run `make train`, or get model and card from one place") from error
    scorers = core.scorers_of(stages)
    if scorers and agrees(scorers, card):
        return Model(stages, card, scorers)
    check_pages(path, stages, card)
    if scorers:
        warnings.warn("the compiled core does not know this model's features: runs without it", stacklevel=2)
    return Model(stages, card)


def check_digest(path: Path, content: bytes, digest: str) -> None:
    if (found := hashlib.sha256(content).hexdigest()) != digest:
        raise ModelError(
            f"{path}: sha256 is {found[:12]}…, its card says {digest[:12]}…; the file was not loaded, "
            "get model and card from one place or run `make train`"
        )


def check_pages(path: Path, stages: dict[str, Stages], card: dict[str, Any]) -> None:
    """Raise ModelError if the stages do not give the smoke-test pages of the card their probabilities."""
    for kind in card["kinds"]:
        smoke = card["smoke_test"]["pages"][kind]
        try:
            found, wanted = smoke_scores(stages, smoke["content"], kind), np.array(smoke["probabilities"])
            off = np.abs(found - wanted).max() if found.shape == wanted.shape else np.inf
        except Exception as error:  # parameters that are no model's may fail in any way
            raise ModelError(f"{path}: cannot label a page of {kind} ({error}); run `make train`") from error
        if not off <= TOLERANCE:
            raise ModelError(
                f"{path}: probabilities of the smoke-test page of {kind} are off by {off:.2g}, expected at most "
                f"{TOLERANCE:g}; run `make train` with the libraries installed here"
            )


def agrees(scorers: Mapping[str, Any], card: dict[str, Any]) -> bool:
    """Return whether the core gives the smoke-test pages of the card their probabilities."""
    for kind in card["kinds"]:
        smoke = card["smoke_test"]["pages"][kind]
        wanted = np.array(smoke["probabilities"])
        try:
            found = core.score(scorers, read_page(smoke["content"], kind=kind))
        except ValueError:  # it counts other features
            return False
        if found is None or found.scores.shape != wanted.shape or not np.abs(found.scores - wanted).max() <= TOLERANCE:
            return False
    return True


def smoke_scores(stages: dict[str, Stages], content: str, kind: Kind) -> np.ndarray:
    page = read_page(content, kind=kind)
    return score(stages, segment(page), page.title)
