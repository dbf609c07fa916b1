"""blocks.joblib -> blocks.npz: trusted scikit-learn pipelines converted to plain arrays.

``joblib.load`` runs whatever the file asks for, so nothing on the way from a page to its labels imports this file.
"""

import re
import warnings
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .features.ragged import number_keys, numbers_of
from .features.registry import BLOCK_COLUMNS, COLUMNS
from .files import latest_path, read_file, write_together
from .model import TOLERANCE, check_digest, checked_model
from .modelfile.arrays import FirstParameters, LaterParameters, Parameters, Terms, pack_arrays
from .modelfile.card import ModelError, read_card, write_card
from .scoring.stages import KINDS, STAGE_NAMES, feature_names, name_of
from .scoring.tables import Stages, build_stages

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

PAIR = re.compile(r"((?:\S+ )?)(\S+)")  # the first word of a pair, and the last word


def compile_model(path: Path) -> Path:
    """Write the npz of a joblib file next to it, and its digest into their card, both or none; returns the npz's path.

    Runs the file. Raises ModelError if its digest is not the card's, or its pipelines are not as `make train` writes
    them.
    """
    import joblib
    import sklearn  # noqa: F401  # the file needs it: an ImportError names it if it is missing

    of_card = path.with_suffix(".json")
    card = read_card(latest_path(of_card), needs="joblib")
    try:
        content = read_file(latest_path(path))
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); name a model that `make train` wrote") from error
    check_digest(path, content, card["digests"]["joblib"])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about other versions of scikit-learn: the smoke test decides
            pipelines = joblib.load(latest_path(path))
    except Exception as error:  # unpickling raises whatever the pickle makes it raise
        raise ModelError(f"{path}: cannot be loaded ({error}); run `make train`") from error
    check_pipelines(path, pipelines, card)
    packed = pack_arrays({kind: parameters_of(pipelines, kind) for kind in card["kinds"]})
    card["digests"]["npz"] = sha256(packed).hexdigest()
    target = path.with_suffix(".npz")
    checked_model(target, packed, card)
    write_together(path.parent, {target.name: packed, of_card.name: write_card(card)})
    return target


def check_pipelines(path: Path, pipelines: Any, card: Mapping[str, Any]) -> None:
    """Raise ModelError if pipelines have unsupported steps, or do not reproduce the card's smoke-test vectors."""
    names = {name_of(kind, one) for kind in card["kinds"] for one in STAGE_NAMES}
    if not isinstance(pipelines, dict) or set(pipelines) != names:
        raise ModelError(f"{path}: holds other pipelines than its card names; run `make train`")
    for name, pipeline in pipelines.items():
        first = name.endswith("first")
        try:
            steps = [step for step, _ in pipeline.steps]
            fits = first or pipeline["range"].data_min_.shape == (len(feature_names(name)),)
            vectors = card["smoke_test"]["pipelines"][name]
            rows = np.array(vectors["rows"], dtype=object if first else np.float32)
            off = np.abs(pipeline.predict_proba(rows) - np.array(vectors["probabilities"])).max()
        except Exception as error:  # a foreign object may fail in any way
            raise ModelError(f"{path}: its {name} pipeline fails the smoke test ({error}); run `make train`") from error
        if steps != (["terms", "linear"] if first else ["range", "scale", "linear"]) or not fits:
            raise ModelError(f"{path}: made for other features than this version's; run `make train`")
        if not off <= TOLERANCE:
            raise ModelError(
                f"{path}: smoke-test probabilities of the {name} pipeline are off by {off:.2g}, expected at most "
                f"{TOLERANCE:g}; run `make train` with the libraries installed here"
            )


def all_stages(pipelines: Mapping[str, "Pipeline"]) -> dict[str, Stages]:
    """Return the stages of fitted pipelines by kind of page, as ``scoring.score`` takes them."""
    return {kind: stages_of(pipelines, kind) for kind in kinds_of(pipelines)}


def kinds_of(pipelines: Mapping[str, "Pipeline"]) -> list[str]:
    """Return the kinds of page that pipelines exist for, in the order of KINDS."""
    return [kind for kind in KINDS if name_of(kind, STAGE_NAMES[0]) in pipelines]


def stages_of(pipelines: Mapping[str, "Pipeline"], kind: str) -> Stages:
    return build_stages(parameters_of(pipelines, kind))


def parameters_of(pipelines: Mapping[str, "Pipeline"], kind: str) -> Parameters:
    """Return the parameters of the fitted pipelines of a kind of page, as stored in the npz file."""
    first, second, third = (pipelines[name_of(kind, name)] for name in STAGE_NAMES)
    return Parameters(first_parameters(first), later_parameters(second), later_parameters(third))


def first_parameters(pipeline: "Pipeline") -> FirstParameters:
    union, linear = pipeline["terms"], pipeline["linear"]
    there = [name for name in BLOCK_COLUMNS if name in {column for column, *_ in union.transformers}]
    vectorizers = {name: union.named_transformers_[name] for name in there}
    order = np.concatenate([np.r_[union.output_indices_[name]] for name in there])
    return FirstParameters(
        {name: split_terms(name, vectorizers[name].vocabulary if name in there else ()) for name in BLOCK_COLUMNS},
        np.array([union.transformer_weights[name] if name in there else 0.0 for name in BLOCK_COLUMNS]),
        np.concatenate([vectorizers[name].idf_ for name in there]).astype(np.float32),
        linear.coef_[:, order].astype(np.float32),
        linear.intercept_.astype(float),
    )


def later_parameters(pipeline: "Pipeline") -> LaterParameters:
    reach, scale, linear = pipeline["range"], pipeline["scale"], pipeline["linear"]
    return LaterParameters(
        minimum=reach.data_min_.astype(float),
        maximum=reach.data_max_.astype(float),
        factor=reach.scale_.astype(float),
        offset=reach.min_.astype(float),
        mean=scale.mean_.astype(float),
        deviation=scale.scale_.astype(float),
        weights=linear.coef_.astype(np.float32),
        intercept=linear.intercept_.astype(float),
    )


def split_terms(column: str, terms: Sequence[str]) -> Terms:
    """Split terms, in their order, into prefixes and words: ["+1:a", "a"] -> prefixes ["+1:", ""], words ["a"]."""
    prefixed = {one.name: "|".join(map(re.escape, one.prefixes)) for one in COLUMNS}[column]
    pattern = PAIR if column == "words" else re.compile(rf"((?:{prefixed})?)(.*)")
    parts = [match.groups() for match in map(pattern.fullmatch, terms) if match]
    if len(parts) < len(terms):
        raise ModelError(f"column {column} has terms that are not of one word or two; run `make train`")
    prefixes, words = ([part[place] for part in parts] for place in (0, 1))
    known_prefixes, known_words = number_keys(prefixes), number_keys(words)
    return Terms(
        list(known_words), list(known_prefixes), numbers_of(words, known_words), numbers_of(prefixes, known_prefixes)
    )
