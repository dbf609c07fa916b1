"""features -> scores: the saved pipelines, loaded with care, applied to a page in three passes."""

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sklearn
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from . import estimators
from .card import ModelError as ModelError
from .card import read_card
from .document.blocks import Block, segment
from .document.charset import encodable
from .document.content import Content, check_content, check_kind
from .document.page import Kind, PageWarning, read_page
from .estimators import OLDEST
from .features.later import page_features, page_names
from .features.registry import BLOCK_COLUMNS, block_features
from .files import latest, read_file
from .labels import LABELS
from .scoring.decision import EVEN, PREFERENCES, Prefer, confidence, decide, once
from .scoring.stages import Passes, check_passes, compacted, linear_of, of_linear, rows_of_block, scores
from .unpickle import BYTES, Refused

KINDS = ("html", "text")  # of pages: each has pipelines of its own
PASSES = ("block", "page", "again")  # the block alone; its page by their scores; the same once more, by both scores
MAX_BLOCKS = 100_000  # that are judged together, in about 1 GB
MAX_VERSION = 40  # characters of a version that are read
MAX_GOLDEN = 100  # golden rows of a pipeline
SMOKE: dict[Kind, str] = {  # a page of each kind, which the code that labels must take
    "html": "<title>Tide</title><main><h1>Tide</h1><p>The heron waits for the tide.<p>Read more</main>",
    "text": "Tide\nThe heron waits for the tide.\nRead more",
}
TOLERANCE = 1e-6  # of golden probabilities, absolute
COLUMNS = ["page", "index", "text", "label", "scores", "confidence", "path"]


@dataclass(frozen=True)
class Model:
    """Pipelines by kind of page and pass, and the card that describes them."""

    pipelines: dict[str, Pipeline]
    card: dict[str, Any]
    passes: dict[str, Passes] = field(default_factory=dict, repr=False, compare=False)  # by kind, made when needed

    def __repr__(self) -> str:
        return f"<pagesieve Model of {' and '.join(self.card['kinds'])} pages, sha256 {self.card['sha256'][:12]}>"

    def label(
        self,
        content: Content,
        *,
        page: str = "-",
        kind: Kind = "auto",
        charset: str | None = None,
        prefer: Prefer = "balanced",
    ) -> pd.DataFrame:
        """The blocks of a page with their labels, in reading order, a row each; a page without text gives no rows.

        ``content`` is the page itself, bytes or str, never a path: a PageWarning says so of a str that looks like one.
        ``kind`` is html, text, or auto, which takes a look. ``prefer`` leans towards a clean article (precision) or a
        whole one (recall); another ``kind`` or ``prefer`` is a ValueError with the choices. Columns: page, index, text,
        label; ``scores``, which maps each label to its probability (sum 1); ``confidence``, the F1 to be expected of
        the page's article, the same in each row; ``path``, the XPath of the block, None for plain text. Raises
        ModelError if the model has no such operating point.
        """
        blocks, said, found = self.labelled(content, kind=kind, charset=charset, prefer=prefer)
        return pd.DataFrame(columns_of(page, blocks, said, found), dtype=None if blocks else object)

    def records(
        self,
        content: Content,
        *,
        page: str = "-",
        kind: Kind = "auto",
        charset: str | None = None,
        prefer: Prefer = "balanced",
    ) -> list[dict[str, Any]]:
        """What ``label`` gives, a dict a block, without path where that is None."""
        blocks, said, found = self.labelled(content, kind=kind, charset=charset, prefer=prefer)
        columns = columns_of(page, blocks, said, found)
        if kind_of(blocks) == "text":
            del columns["path"]
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def text(
        self, content: Content, *, kind: Kind = "auto", charset: str | None = None, prefer: Prefer = "balanced"
    ) -> str:
        """The article of a page: its article_content blocks, separated by an empty line, each passage once."""
        blocks, said, _ = self.labelled(content, kind=kind, charset=charset, prefer=prefer)
        article = [block.text for block, label in zip(blocks, said, strict=True) if label == LABELS[0]]
        return "\n\n".join(once(article))

    def labelled(
        self, content: Content, *, kind: Kind, charset: str | None, prefer: Prefer
    ) -> tuple[Sequence[Block], list[str], np.ndarray]:
        """The blocks of a page, their labels, and their scores (blocks, labels)."""
        blocks, known, title = self.read(content, kind=kind, charset=charset)
        scores = self.score(known, title)
        return blocks, decide(scores, self.thresholds(kind_of(known), prefer)), scores

    def score(self, blocks: Sequence[Block], title: str) -> np.ndarray:
        """What ``score`` gives by the pipelines, to 1e-6, in a tenth of the time."""
        if not blocks:
            return np.zeros((0, len(LABELS)))
        passes = self.compact(kind_of(blocks))
        return np.concatenate([scores(passes, portion, title) for portion in portions(blocks)])

    def rows(self, blocks: Sequence[Block], title: str, place: int) -> list[np.ndarray]:
        """What the pipeline of each pass sees of one block of a page, rows (1, columns), in the order of the passes."""
        return rows_of_block(self.compact(kind_of(blocks)), blocks, title, place)

    def compact(self, kind: str) -> Passes:
        """The passes of a kind of page, made when they are first needed."""
        if kind not in self.passes:
            self.passes[kind] = passes_of(self.pipelines, kind)
        return self.passes[kind]

    def read(
        self, content: Content, *, kind: Kind, charset: str | None
    ) -> tuple[Sequence[Block], Sequence[Block], str]:
        """The blocks of a page, the same as far as this model knows their kind, and the page's title."""
        page = read_page(check_content(content), kind=check_kind(kind), charset=charset)
        blocks = segment(page)
        if len(blocks) > MAX_BLOCKS:
            message = f"{len(blocks):,} blocks: judged in portions of {MAX_BLOCKS:,}, as a page each"
            warnings.warn(message, PageWarning, stacklevel=2)
        return blocks, blocks if page.kind in self.card["kinds"] else bare(blocks), page.title

    def thresholds(self, kind: str, prefer: Prefer) -> dict[str, float]:
        """The operating point of a kind of page (html, text), as ``decide`` takes it."""
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


def columns_of(page: str, blocks: Sequence[Block], said: list[str], scores: np.ndarray) -> dict[str, list[Any]]:
    """The COLUMNS of ``Model.label``."""
    texts = [block.text for block in blocks]
    columns = (
        [encodable(page)] * len(blocks),  # a file may have any bytes as its name
        [block.index for block in blocks],
        texts,
        said,
        [dict(zip(LABELS, row, strict=True)) for row in scores.tolist()],
        [confidence(scores, said, texts)] * len(blocks),
        [block.path or None for block in blocks],
    )
    return dict(zip(COLUMNS, columns, strict=True))


def passes_of(pipelines: dict[str, Pipeline], kind: str) -> Passes:
    """The pipelines of a kind of page as the code that labels takes them."""
    first, page, again = (pipelines[name_of(kind, name)] for name in PASSES)
    return Passes(compacted(first), linear_of(page), linear_of(again))


def portions(blocks: Sequence[Block]) -> list[Sequence[Block]]:
    """The blocks, MAX_BLOCKS at a time; what a page's scores take in memory is bounded so."""
    return [blocks[start : start + MAX_BLOCKS] for start in range(0, len(blocks), MAX_BLOCKS)]


def score(pipelines: dict[str, Pipeline], blocks: Sequence[Block], title: str) -> np.ndarray:
    """Probabilities (blocks, labels) of one page's blocks, which must be all there and in order."""
    if not blocks:
        return np.zeros((0, len(LABELS)))
    name, rows = seen(pipelines, blocks, title).popitem()
    return np.asarray(pipelines[name].predict_proba(rows))


def seen(pipelines: dict[str, Pipeline], blocks: Sequence[Block], title: str) -> dict[str, np.ndarray]:
    """What the pipeline of each pass sees of a page's blocks, by its name, in the order of the passes."""
    block, page, again = (name_of(kind_of(blocks), name) for name in PASSES)
    rows = {block: block_features(blocks, title)}
    first = pipelines[block]
    rows[page] = page_features(blocks, first.predict_proba(rows[block]), evidence(first, rows[block]))
    rows[again] = np.hstack([rows[page], page_features(blocks, pipelines[page].predict_proba(rows[page]))])
    return rows


def feature_names(name: str) -> list[str]:
    """The names of the columns that the pipeline of this name takes, for the passes behind the first."""
    kind, one = name.split()
    first = page_names(kind, evidence=True)
    if one == "page":
        return first
    return [f"1st pass: {column}" for column in first] + [
        f"2nd pass: {column}" for column in page_names(kind, evidence=False)
    ]


def evidence(pipeline: Pipeline, rows: np.ndarray) -> np.ndarray:
    """What each column of a first pass says for each label: an array (blocks, BLOCK_COLUMNS, labels) of float32.

    It is the column's part of the decision value, less its mean over the labels; 0 for a column that has no terms.
    """
    union, linear = pipeline["terms"], pipeline["linear"]
    places = {name: union.output_indices_[name] for name, *_ in union.transformers}
    return by_column(places, union.transform(rows), linear)


def by_column(places: Mapping[str, slice], terms: csr_matrix, linear: LogisticRegression) -> np.ndarray:
    parts = np.zeros((terms.shape[0], len(BLOCK_COLUMNS), len(LABELS)), dtype=np.float32)
    for name, place in places.items():
        part = terms[:, place] @ linear.coef_[:, place].T
        parts[:, BLOCK_COLUMNS.index(name)] = part - part.mean(axis=1, keepdims=True)
    return parts


def kind_of(blocks: Sequence[Block]) -> str:
    """The kind of page that the blocks are read as: html where they have markup, else text."""
    return "html" if blocks and blocks[0].path else "text"


def name_of(kind: str, name: str) -> str:
    """The name that the pipeline of a kind of page and a pass has in the file: "html block"."""
    return f"{kind} {name}"


def bare(blocks: Sequence[Block]) -> list[Block]:
    """The blocks without their markup, for a model that learned from text pages only."""
    return [Block(block.index, block.text) for block in blocks]


def load(path: Path | None = None, *, trust: bool = False) -> Model:
    """The model of a joblib file, or the one that is shipped; its card lies beside it with the ending .json.

    The file's sha256 is compared with the card's before anything is unpickled, then the versions, then the
    probabilities of the card's golden inputs. Only what ``make train`` writes is unpickled, by ``estimators.py``;
    ``trust`` unpickles whatever the file holds, and so runs any program that its maker put there. Raises ModelError.
    """
    path = Path(str(files("pagesieve.models") / "blocks.joblib")) if path is None else Path(path)
    if path.is_dir():
        raise ModelError(f"{path}: a folder; name the model file, as {path / 'blocks.joblib'}")
    if not latest(path).exists():
        raise ModelError(f"{path}: no such model file; name one that `make train` wrote, with its card beside it")
    card = read_card(latest(path.with_suffix(".json")))
    try:
        content = read_file(latest(path), None if trust else BYTES)
    except ValueError as error:
        raise ModelError(f"{path}: {error}; it was not loaded, name a model that `make train` wrote") from error
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); name a model that `make train` wrote") from error
    if (found := hashlib.sha256(content).hexdigest()) != card["sha256"]:
        raise ModelError(
            f"{path}: sha256 is {found[:12]}…, its card says {card['sha256'][:12]}…; the file was not loaded, "
            "get model and card from one place or run `make train`"
        )
    check_versions(path, card["versions"])
    try:
        pipelines = estimators.pipelines(content, trust=trust)
    except Refused as error:
        raise ModelError(
            f"{path}: {error}, which `make train` writes into no model; it was not loaded, for a pickle can run any "
            "program. If you trust whoever made it: --trust, or load(path, trust=True)"
        ) from error
    except Exception as error:  # unpickling raises whatever the pickle makes it raise
        raise ModelError(f"{path}: cannot be unpickled ({error}); run `make train`") from error
    check_steps(path, pipelines, card["kinds"])
    check_golden(path, pipelines, card)
    passes = checked_passes(path, in_double(pipelines), card)
    return Model(pipelines, card, passes)


def check_steps(path: Path, pipelines: Any, kinds: Sequence[str]) -> None:
    """``scoring.stages`` takes steps and columns by name and place: others, which it would pass over, are refused."""
    names = {name_of(kind, one) for kind in kinds for one in PASSES}
    if not isinstance(pipelines, dict) or set(pipelines) != names:
        raise ModelError(f"{path}: holds other pipelines than its card names; run `make train`")
    for name, pipeline in pipelines.items():
        first = name.endswith("block")
        try:
            steps = [step for step, _ in pipeline.steps]
            fits = first or pipeline["range"].data_min_.shape == (len(feature_names(name)),)
        except Exception as error:  # a foreign object may fail in any way
            raise ModelError(f"{path}: its {name} pipeline is none ({error}); run `make train`") from error
        if steps != (["terms", "linear"] if first else ["range", "scale", "linear"]) or not fits:
            raise ModelError(f"{path}: made for other features than this version's; run `make train`")


def in_double(pipelines: dict[str, Pipeline]) -> dict[str, Pipeline]:
    """The pipelines with coefficients of float64, so that decision values are sums in it; stored are float32."""
    for pipeline in pipelines.values():
        pipeline["linear"].coef_ = pipeline["linear"].coef_.astype(np.float64)
    return pipelines


def check_versions(path: Path, versions: Any) -> None:
    """scikit-learn reads files of its own and earlier versions; one from a later version may load as something else."""
    here = sklearn.__version__
    try:
        written = str(versions["scikit-learn"])[:MAX_VERSION]
        order = release(OLDEST), release(written), release(here)
    except (KeyError, TypeError, ValueError):
        raise ModelError(f"{path}: its card names no version of scikit-learn that wrote it; run `make train`") from None
    if order[1] > order[2]:
        raise ModelError(
            f"{path}: written by scikit-learn {written}, here is {here}; "
            f"run `pip install 'scikit-learn>={written}'` or `make train`"
        )
    if order[1] < order[0]:
        raise ModelError(
            f"{path}: written by scikit-learn {written}, before {OLDEST}, the oldest that is read; run `make train`"
        )


def release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


def check_golden(path: Path, pipelines: dict[str, Pipeline], card: dict[str, Any]) -> None:
    for name in (name_of(kind, one) for kind in card["kinds"] for one in PASSES):
        try:
            golden = card["golden"][name]
            if not 0 < len(golden["rows"]) <= MAX_GOLDEN:
                raise ValueError(f"{len(golden['rows']):,} rows, at most {MAX_GOLDEN} are read")
            rows = np.array(golden["rows"], dtype=object if name.endswith("block") else np.float32)
            found = pipelines[name].predict_proba(rows)
            off = np.abs(found - np.array(golden["probabilities"])).max()
        except Exception as error:  # a foreign object may fail in any way
            raise ModelError(
                f"{path}: its {name} pipeline fails on the card's golden rows ({error}); run `make train`"
            ) from error
        if not off <= TOLERANCE:
            raise ModelError(
                f"{path}: golden probabilities of the {name} pipeline are off by {off:.2g}, expected at most "
                f"{TOLERANCE:g}; run `make train` with the libraries installed here"
            )


def checked_passes(path: Path, pipelines: dict[str, Pipeline], card: dict[str, Any]) -> dict[str, Passes]:
    """What labels, by kind of page: it must take a page, give the golden probabilities, and hold finite numbers."""
    passes: dict[str, Passes] = {}
    for kind, content in SMOKE.items():
        if kind not in card["kinds"]:
            continue
        page = read_page(content, kind=kind)
        try:
            passes[kind] = passes_of(pipelines, kind)
            check_passes(passes[kind])
            found = scores(passes[kind], segment(page), page.title)
            off = np.abs(found.sum(axis=1) - 1).max() if found.shape[1:] == (len(LABELS),) else 1
            for linear, name in ((passes[kind].page, "page"), (passes[kind].again, "again")):
                golden = card["golden"][name_of(kind, name)]
                found = of_linear(linear, np.array(golden["rows"], dtype=np.float32))
                off = max(off, np.abs(found - np.array(golden["probabilities"])).max())
        except Exception as error:  # a foreign object may fail in any way
            raise ModelError(f"{path}: its {kind} pipelines cannot label a page ({error}); run `make train`") from error
        if not off <= TOLERANCE:
            raise ModelError(f"{path}: its {kind} pipelines label otherwise than they score; run `make train`")
    return passes
