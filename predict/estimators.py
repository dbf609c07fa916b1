"""records of a model file -> its pipelines, if they consist of what ``make train`` puts into one, to the letter.

Names are not enough: of a vectorizer that may be loaded, ``input="filename"`` reads the files that a page names, a
tokenizer can be any function, and the memory of a pipeline is a folder of pickles. So each attribute of each estimator
is listed here with the values that it may have, for all versions of scikit-learn from OLDEST on.
"""

import io
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

import joblib
import numpy as np
from sklearn.exceptions import InconsistentVersionWarning

from .unpickle import SCALARS, SLICE, Name, Record, Refused, dtype_of, records

OLDEST = "1.6"  # scikit-learn whose models predict the same here: `make check-install` trains one with it
MOST = 7  # pipelines, steps of each, and columns with the one that stands for the remainder

# What is a term: a word with its marks (Indic, Arabic, Hebrew and Thai vowel signs are not \w) or one sign of
# punctuation; or all up to the next white space.
WORD = r"(?:\w|[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff\u0e00-\u0eff])+|[^\w\s]"
MARKED = r"\S+"

Check = Callable[[Any, str], Any]  # of a value and where it is: gives what is made of it, raises Refused


def pipelines(content: bytes, *, trust: bool) -> Any:
    """The pipelines in a model file, by name; raises Refused if it holds anything else.

    With ``trust``, whatever its pickle makes when it is run, which may raise anything, and do anything.
    """
    if not trust:
        return named(estimator("Pipeline"))(records(content), "what it holds")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)  # the golden rows tell
        return joblib.load(io.BytesIO(content))


def only(*allowed: Any) -> Check:
    """One of these values, of the same type."""

    def check(value: Any, where: str) -> Any:
        if any(type(value) is type(one) and value == one for one in allowed):
            return value
        raise Refused(f"{where} is not {' or '.join(map(repr, allowed))}")

    return check


def number(value: Any, where: str) -> Any:
    """A number of Python or of numpy."""
    if type(value) in (int, float):
        return value
    if type(value) is Record and value.name in SCALARS and len(value.arguments) == 2:
        kind, content = dtype_of(value.arguments[0]), value.arguments[1]
        if type(content) is bytes and len(content) == kind.itemsize:
            return np.frombuffer(content, kind)[0]
    raise Refused(f"{where} is not a number")


def text(value: Any, where: str) -> str:
    if type(value) is str:
        return value
    raise Refused(f"{where} is not text")


def texts(value: Any, where: str) -> list[str]:
    if type(value) is list and set(map(type, value)) == {str}:
        return value
    raise Refused(f"{where} is not a list of texts")


def array(value: Any, where: str) -> np.ndarray:
    if type(value) is Record and value.array is not None:
        return value.array
    raise Refused(f"{where} is not an array of numbers")


def dtype(value: Any, where: str) -> type:
    if type(value) is Name and value.full == "numpy.float32":
        return np.float32
    raise Refused(f"{where} is not numpy.float32")


def place(value: Any, where: str) -> slice:
    """A slice of the columns, from one number to another."""
    if type(value) is Record and value.name == SLICE and list(map(type, value.arguments)) == [int, int, type(None)]:
        return slice(*value.arguments)
    raise Refused(f"{where} is not a slice")


def listed(check: Check) -> Check:
    def each(value: Any, where: str) -> list[Any]:
        if type(value) is not list or len(value) > MOST:
            raise Refused(f"{where} is not a list of at most {MOST}")
        return [check(one, where) for one in value]

    return each


def named(check: Check) -> Check:
    def each(value: Any, where: str) -> dict[str, Any]:
        if type(value) is not dict or len(value) > MOST:
            raise Refused(f"{where} is not a dict of at most {MOST}")
        return {name: check(one, where) for name, one in value.items()}

    return each


def row(*checks: Check) -> Check:
    def each(value: Any, where: str) -> tuple:
        if type(value) is not tuple or len(value) != len(checks):
            raise Refused(f"{where} is not a tuple of {len(checks)}")
        return tuple(check(one, where) for check, one in zip(checks, value, strict=True))

    return each


def either(first: Check, second: Check) -> Check:
    def check(value: Any, where: str) -> Any:
        try:
            return first(value, where)
        except Refused:
            return second(value, where)

    return check


def estimator(*names: str) -> Check:
    """An estimator of one of these classes, with no other attributes than those that are listed below."""

    def check(value: Any, where: str) -> Any:
        module, _, name = value.name.rpartition(".") if type(value) is Record else ("", "", "")
        if name not in names or value.arguments or type(value.state) is not dict:
            raise Refused(f"{where} is not a {' or '.join(names)}")
        if foreign := [repr(attribute[:50]) for attribute in value.state if attribute not in ATTRIBUTES[name]]:
            raise Refused(f"a {name} has the attribute {foreign[0]}")
        made = object.__new__(getattr(import_module(module), name))
        for attribute, one in value.state.items():
            made.__dict__[attribute] = ATTRIBUTES[name][attribute](one, f"{name}.{attribute}")
        made.__dict__.pop("_sklearn_version", None)
        return made

    return check


flag, nothing, count = only(False, True), only(None), only(*range(MOST))
drop = only("drop")
column = row(text, either(drop, estimator("TfidfVectorizer")), either(count, listed(count)))
weighing = {"norm": only("l2"), "use_idf": flag, "smooth_idf": flag, "sublinear_tf": flag}
common = {"_sklearn_version": text, "n_features_in_": number}
ATTRIBUTES: dict[str, dict[str, Check]] = {
    "Pipeline": common
    | {
        "steps": listed(
            row(text, estimator("ColumnTransformer", "MinMaxScaler", "StandardScaler", "LogisticRegression"))
        ),
        "memory": nothing,
        "verbose": only(False),
        "transform_input": nothing,
    },
    "ColumnTransformer": common
    | {
        "transformers": listed(column),
        "transformers_": listed(column),
        "transformer_weights": named(number),
        "remainder": drop,
        "sparse_threshold": number,
        "n_jobs": nothing,
        "verbose": only(False),
        "verbose_feature_names_out": flag,
        "force_int_remainder_cols": only(True, "deprecated"),  # to 1.8
        "sparse_output_": flag,
        "output_indices_": named(place),
        "_columns": listed(count),
        "_remainder": row(text, drop, listed(count)),
        "_transformer_to_input_indices": named(listed(count)),
    },
    "TfidfVectorizer": common
    | weighing
    | {
        "input": only("content"),
        "encoding": only("utf-8"),
        "decode_error": only("strict"),
        "analyzer": only("word"),
        "token_pattern": only(WORD, MARKED),
        "ngram_range": only((1, 1), (1, 2)),
        **dict.fromkeys(("strip_accents", "preprocessor", "tokenizer", "stop_words", "max_features"), nothing),
        "lowercase": only(False),
        "binary": flag,
        "max_df": number,
        "min_df": number,
        "dtype": dtype,
        "vocabulary": texts,
        "fixed_vocabulary_": only(True),
        "_stop_words_id": number,
        "_tfidf": estimator("TfidfTransformer"),
    },
    "TfidfTransformer": common | weighing | {"idf_": array},
    "MinMaxScaler": common
    | {"feature_range": only((0, 1)), "copy": flag, "clip": flag, "n_samples_seen_": number}
    | dict.fromkeys(("scale_", "min_", "data_min_", "data_max_", "data_range_"), array),
    "StandardScaler": common
    | {"with_mean": flag, "with_std": flag, "copy": flag, "n_samples_seen_": number}
    | dict.fromkeys(("mean_", "var_", "scale_"), array),
    "LogisticRegression": common
    | {
        "penalty": only("l2", "deprecated"),
        "solver": only("lbfgs"),
        "multi_class": only("deprecated"),  # to 1.7
        "l1_ratio": either(nothing, number),
        "class_weight": nothing,
        "random_state": nothing,
        "n_jobs": nothing,
        "dual": only(False),
        "fit_intercept": flag,
        "warm_start": flag,
        **dict.fromkeys(("C", "tol", "max_iter", "intercept_scaling", "verbose"), number),
        **dict.fromkeys(("classes_", "n_iter_", "coef_", "intercept_"), array),
    },
}
