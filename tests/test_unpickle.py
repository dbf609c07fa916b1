"""Model files that would run a program or change what runs later: refused before, with a card that fits them.

Each exploit makes a file. That plain ``joblib.load`` lets it do so is shown with the same bytes.
"""

import copyreg
import hashlib
import io
import json
import os
import pickle
import random
import re
import shutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import small_model
from exploits import EXPLOITS, EXTENSION, Call, called, dumped, named, program, text
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegressionCV
from sklearn.pipeline import Pipeline

from pagesieve.predict import ModelError, __main__, load, unpickle
from pagesieve.predict.estimators import pipelines
from pagesieve.predict.features.registry import BLOCK_COLUMNS
from pagesieve.predict.unpickle import BYTES, Refused, unpacked

ROOT = Path(__file__).parent.parent
SHIPPED = ROOT / "models" / "blocks.joblib"
PAGE = ROOT / "data" / "pages" / "harbour-news.html"


@pytest.fixture
def fired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that an exploit makes."""
    monkeypatch.setenv("FIRED", str(tmp_path / "fired"))
    return tmp_path / "fired"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model with its card."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return small_model.write(tmp_path_factory.mktemp("made"))


@pytest.fixture
def with_card(made: Path, tmp_path: Path) -> Callable[[bytes], Path]:
    """Writes a model file, and beside it the card of the small model with the sha256 of this file."""

    def write(content: bytes) -> Path:
        path = tmp_path / "evil.joblib"
        path.write_bytes(content)
        card = json.loads(made.with_suffix(".json").read_text("utf-8"))
        card["sha256"] = hashlib.sha256(content).hexdigest()
        path.with_suffix(".json").write_text(json.dumps(card), "utf-8")
        return path

    return write


def refused(path: Path, fired: Path) -> str:
    """The message with which the model is refused: one line; nothing was run."""
    with pytest.raises(ModelError) as raised:
        load(path)
    assert not fired.exists()
    message = str(raised.value)
    assert message.startswith(f"{path}: ") and message.count("\n") == 0 and "--trust" in message
    return message


@pytest.fixture
def extension() -> Iterator[None]:
    """A function that a pickle may name by a number; it was unpickled once, so it is not looked up again."""
    copyreg.add_extension("os", "mkdir", EXTENSION)
    pickle.loads(program(pickle.EXT1 + bytes([EXTENSION])))
    yield
    copyreg.remove_extension("os", "mkdir", EXTENSION)


def fires(content: bytes) -> None:
    """What joblib does with the file, whatever comes of it."""
    with suppress(Exception):
        joblib.load(io.BytesIO(content))


@pytest.mark.parametrize("name", EXPLOITS)
@pytest.mark.usefixtures("extension")
def test_an_exploit_is_refused_before_it_runs(name: str, with_card: Callable[[bytes], Path], fired: Path):
    said, content = EXPLOITS[name][0], EXPLOITS[name][1](str(fired))
    assert re.search(said, refused(with_card(content), fired))
    fires(content)
    assert fired.exists()


@pytest.mark.parametrize("name", EXPLOITS)
def test_an_exploit_of_another_file_has_no_way_in_by_its_old_card(name: str, made: Path, tmp_path: Path, fired: Path):
    path = shutil.copy(made, tmp_path / "blocks.joblib")
    shutil.copy(made.with_suffix(".json"), tmp_path / "blocks.json")
    path.write_bytes(EXPLOITS[name][1](str(fired)))
    for trust in (False, True):
        with pytest.raises(ModelError, match=r"sha256 .* not loaded"):
            load(path, trust=trust)
    assert not fired.exists()


def fire(*_: object) -> list[str]:
    """A function that a model may hold, as its tokenizer for one; makes the file that FIRED names."""
    Path(os.environ["FIRED"]).mkdir()
    return ["fired"]


def change(held: dict[str, Any], where: str, attribute: str, value: object) -> None:
    first, later = held["text block"], held["text page"]
    target = {
        "pipeline": first,
        "union": first["terms"],
        "vectorizer": first["terms"].named_transformers_["words"],
        "linear": first["linear"],
        "range": later["range"],
    }[where]
    vars(target)[attribute] = value


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_a_number_that_no_golden_row_needs_is_finite_too(value: float, made: Path, with_card: Callable[[bytes], Path]):
    rows = np.array(json.loads(made.with_suffix(".json").read_text("utf-8"))["golden"]["text block"]["rows"], object)
    unseen = joblib.load(made)["text block"]["terms"].transform(rows).sum(axis=0).A1 == 0
    for change_in in ("coef_", "idf_"):
        held = joblib.load(made)
        first = held["text block"]
        if change_in == "coef_":
            first["linear"].coef_[:, unseen] = value
        else:
            words = first["terms"].named_transformers_["words"]
            words._tfidf.idf_[unseen[first["terms"].output_indices_["words"]]] = value
        stream = io.BytesIO()
        joblib.dump(held, stream, compress=("zlib", 1))
        with pytest.raises(ModelError, match="text pipelines cannot label a page .* are not all finite"):
            load(with_card(stream.getvalue()))


@pytest.mark.parametrize(
    ("where", "attribute"),
    [
        ("vectorizer", "tokenizer"),
        ("vectorizer", "preprocessor"),
        ("vectorizer", "analyzer"),
        ("vectorizer", "build_analyzer"),
        ("union", "transform"),
        ("pipeline", "predict_proba"),
        ("linear", "predict_proba"),
    ],
)
def test_a_function_that_would_run_with_the_first_page(
    where: str, attribute: str, made: Path, with_card: Callable[[bytes], Path], fired: Path
):
    held = joblib.load(made)
    change(held, where, attribute, fire)
    content = dumped(held, compress=3)
    assert f"it names '{fire.__module__}.fire'" in refused(with_card(content), fired)
    with suppress(Exception):
        joblib.load(io.BytesIO(content))["text block"].predict_proba([["the heron", *[""] * (len(BLOCK_COLUMNS) - 1)]])
    assert fired.exists()


@pytest.mark.parametrize(
    ("where", "attribute", "value", "said"),
    [
        ("vectorizer", "input", "filename", "TfidfVectorizer.input is not 'content'"),
        ("vectorizer", "tokenizer", np.float32, "TfidfVectorizer.tokenizer is not None"),
        ("vectorizer", "token_pattern", "(a+)+$", "TfidfVectorizer.token_pattern is not"),
        ("vectorizer", "ngram_range", (1, 1000), "TfidfVectorizer.ngram_range is not"),
        ("vectorizer", "lowercase", 0, "TfidfVectorizer.lowercase is not False"),
        ("vectorizer", "vocabulary", ["a", 1], "TfidfVectorizer.vocabulary is not a list of texts"),
        ("vectorizer", "transform", "x", "a TfidfVectorizer has the attribute 'transform'"),
        ("vectorizer", "dtype", np.ndarray, "TfidfVectorizer.dtype is not numpy.float32"),
        ("vectorizer", "_tfidf", None, "TfidfVectorizer._tfidf is not a TfidfTransformer"),
        ("pipeline", "memory", "folder", "Pipeline.memory is not None"),
        ("pipeline", "verbose", True, "Pipeline.verbose is not False"),
        ("pipeline", "steps", [("a", "passthrough")], "Pipeline.steps is not a ColumnTransformer or"),
        ("union", "n_jobs", 99, "ColumnTransformer.n_jobs is not None"),
        ("union", "remainder", "passthrough", "ColumnTransformer.remainder is not 'drop'"),
        ("union", "_sklearn_output_config", {"transform": "pandas"}, "has the attribute '_sklearn_output_config'"),
        ("union", "output_indices_", {"words": slice("a", 1)}, "ColumnTransformer.output_indices_ is not a slice"),
        ("linear", "coef_", [1.0], "LogisticRegression.coef_ is not an array of numbers"),
        ("linear", "coef_", np.array(["a"]), "an array of objects, or of other things than numbers"),
        ("range", "scale_", np.ma.array([1.0]), "it names 'numpy.ma"),
        ("range", "n_samples_seen_", np.datetime64(1, "s"), "an array of objects, or of other things than numbers"),
    ],
)
def test_a_listed_estimator_is_vetted_to_the_letter(
    where: str, attribute: str, value: object, said: str, made: Path, with_card: Callable[[bytes], Path], fired: Path
):
    held = joblib.load(made)
    change(held, where, attribute, value)
    assert said in refused(with_card(dumped(held, compress=3)), fired)


NUMBER = called(named("numpy", "dtype"), text("V2000000000"), pickle.NEWFALSE, pickle.NEWTRUE)
FLOAT = called(named("numpy", "dtype"), text("f4"), pickle.NEWFALSE, pickle.NEWTRUE)
STATE = pickle.MARK + b"K\x03" + text("<") + b"NNN" + 2 * b"J\xff\xff\xff\xff" + b"K\x00" + pickle.TUPLE + pickle.BUILD


def wrapper(dtype: bytes, shape: bytes, subclass: bytes | None = None, order: str = "C") -> bytes:
    """An array that is announced, without its bytes."""
    items = text("subclass") + (subclass or named("numpy", "ndarray")) + text("shape") + shape + text("order")
    items += text(order) + text("dtype") + dtype + text("numpy_array_alignment_bytes") + b"K\x10"
    state = pickle.EMPTY_DICT + pickle.MARK + items + pickle.SETITEMS
    return named("joblib.numpy_pickle", "NumpyArrayWrapper") + pickle.EMPTY_TUPLE + pickle.NEWOBJ + state + pickle.BUILD


HUGE = pickle.LONG1 + b"\x08" + (2**62).to_bytes(8, "little") + pickle.TUPLE1
NEGATIVE = b"J\xff\xff\xff\xff" + pickle.TUPLE1
ONE = b"K\x01" + pickle.TUPLE1
ZEROS = zlib.compress(bytes(BYTES + 1), 1)
MADE = named("sklearn.pipeline", "Pipeline") + pickle.EMPTY_TUPLE + pickle.NEWOBJ


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (program(wrapper(FLOAT + STATE, HUGE)), "no pickle as joblib writes it"),
        (program(wrapper(FLOAT + STATE, NEGATIVE)), "array of another class, shape or order"),
        (program(wrapper(FLOAT + STATE, ONE, named("sklearn.pipeline", "Pipeline"))), "array of another class"),
        (program(wrapper(FLOAT + STATE, ONE, order="A")), "array of another class, shape or order"),
        (program(wrapper(FLOAT, ONE)), "other things than numbers"),
        (program(wrapper(NUMBER + STATE, ONE)), "other things than numbers"),
        (program(wrapper(FLOAT + STATE, ONE) + b"\x00abc"), "what it holds is not a dict|no pickle"),
        (program(called(named("numpy._core.multiarray", "scalar"), NUMBER)), "what it holds is not a dict"),
        (
            program(named("sklearn.pipeline", "Pipeline"), b"N", pickle.EMPTY_DICT, pickle.TUPLE2, b"b"),
            "it changes a Name",
        ),
        (program(called(named("sklearn.pipeline", "Pipeline"))), "it calls sklearn.pipeline.Pipeline"),
        (program(called(text("print"))), "it calls a str"),
        (program(MADE, pickle.EMPTY_DICT, b"b", pickle.EMPTY_DICT, b"b"), "it changes sklearn.pipeline.Pipeline"),
        (program(MADE, pickle.NONE, pickle.APPEND), "no pickle as joblib writes it"),
        (program(pickle.EMPTY_DICT, MADE, MADE, pickle.SETITEM), "no pickle as joblib writes it"),
        (program(text("1"), pickle.BINPERSID), "opcode BINPERSID"),
        (program(pickle.NONE, b"r\xff\xff\xff\xff"), "opcode LONG_BINPUT"),
        (program(b"\x96" + 8 * b"\xff"), "opcode BYTEARRAY8"),
        (program(pickle.BINUNICODE + 4 * b"\xff"), "no pickle as joblib writes it"),
        (program(pickle.NONE), "what it holds is not a dict"),
        (program(pickle.EMPTY_DICT)[:-1], "no pickle as joblib writes it"),
        (b"\x80\x02}.", "another protocol"),
        (b"", "begins with b''"),
        (b"ZF0x10               ", "begins with b'ZF0x'"),
        (b"\x04\x22\x4d\x18" + bytes(20), "something else than zlib"),
        (zlib.compress(program(pickle.EMPTY_DICT)) + b"x", "something lies behind"),
        (b"\x78\xda" + bytes(20), "compression is damaged"),
        (ZEROS, "it unpacks to more than 100 MB"),
    ],
)
def test_what_no_model_is_made_of(content: bytes, said: str, with_card: Callable[[bytes], Path], fired: Path):
    assert re.search(said, refused(with_card(content), fired))


@pytest.mark.parametrize(
    ("where", "attribute", "value", "said"),
    [
        ("pipeline", "steps", [], "made for other features"),
        ("range", "data_min_", None, "its text page pipeline is none"),
        ("range", "data_min_", np.zeros(3), "made for other features"),
        ("linear", "coef_", np.zeros(1), "its text block pipeline fails on the card's golden rows"),
        ("vectorizer", "vocabulary", ["a"], "golden"),
    ],
)
def test_plain_values_that_do_not_fit_are_refused_too(
    where: str, attribute: str, value: object, said: str, made: Path, with_card: Callable[[bytes], Path]
):
    held = joblib.load(made)
    change(held, where, attribute, value)
    if value is None:
        del held["text page"]["range"].data_min_
    with pytest.raises(ModelError, match=f"{said}.*make train"):
        load(with_card(dumped(held, compress=3)))
    with pytest.raises(ModelError, match="holds other pipelines than its card names.*make train"):
        load(with_card(dumped({}, compress=3)))


def test_a_program_of_too_many_opcodes_ends(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(unpickle, "OPCODES", 1000)
    assert unpickle.records(program(998 * pickle.NONE)) is None
    with pytest.raises(Refused, match="it has more than 1,000 opcodes"):
        unpickle.records(program(1000 * pickle.NONE))


def same(one: Any, other: Any, where: str = "") -> None:
    """Asserts that these are the same to the bit."""
    assert type(one) is type(other), where
    if isinstance(one, BaseEstimator):
        one, other = vars(one), vars(other)
    if isinstance(one, dict):
        assert list(one) == list(other), where
        for name in one:
            same(one[name], other[name], f"{where}.{name}")
    elif isinstance(one, (list, tuple)) and set(map(type, one)) != {str}:
        for place, pair in enumerate(zip(one, other, strict=True)):
            same(*pair, f"{where}[{place}]")
    elif isinstance(one, np.ndarray):
        assert (one.dtype, one.shape, one.strides, one.tobytes()) == (
            other.dtype,
            other.shape,
            other.strides,
            other.tobytes(),
        )
        assert one.flags.writeable and one.flags.aligned
    else:
        assert one == other, where


def test_the_shipped_model_is_what_joblib_makes_of_it():
    same(pipelines(SHIPPED.read_bytes(), trust=False), joblib.load(SHIPPED))


def test_a_damaged_model_is_refused_or_a_model(made: Path):
    whole, chance = unpacked(made.read_bytes()), random.Random(3)
    ends = {"made": 0, "refused": 0}
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 3, 30))):
            damaged[chance.randrange(2, len(whole))] = chance.randrange(256)
        try:
            found = pipelines(bytes(damaged), trust=False)
            assert {type(one) for one in found.values()} == {Pipeline}
            ends["made"] += 1
        except Refused:
            ends["refused"] += 1
    assert min(ends.values()) > 10, ends


@pytest.fixture
def foreign(made: Path, with_card: Callable[[bytes], Path]) -> Path:
    """A model with an estimator that `make train` writes into none, which says the same."""
    held = joblib.load(made)
    other = LogisticRegressionCV()
    vars(other).update(vars(held["text page"]["linear"]))
    held["text page"].steps[-1] = ("linear", other)
    return with_card(dumped(held, compress=3))


def test_another_model_is_loaded_if_it_is_trusted(foreign: Path, made: Path):
    with pytest.raises(ModelError) as raised:
        load(foreign)
    assert str(raised.value) == (
        f"{foreign}: it names 'sklearn.linear_model._logistic.LogisticRegressionCV', which `make train` "
        "writes into no model; it was not loaded, for a pickle can run any program. If you trust whoever made it: "
        "--trust, or load(path, trust=True)"
    )
    assert load(foreign, trust=True).text(PAGE.read_bytes()) == load(made).text(PAGE.read_bytes())


COMMANDS = [["predict", str(PAGE)], ["explain", str(PAGE), "--block", "1"], ["bulk", str(PAGE.parent), "--jobs", "1"]]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_the_command_line_refuses_an_exploit_in_one_line(
    command: list[str], with_card: Callable[[bytes], Path], fired: Path, capfd: pytest.CaptureFixture[str]
):
    path = with_card(dumped(Call(os.mkdir, str(fired))))
    out = ["--out", str(path.parent / "out")] if command[0] == "bulk" else []
    assert __main__.main([*command, *out, "--model", str(path)]) == 2
    printed, said = capfd.readouterr()
    assert printed == "" and len(said.splitlines()) == 1 and said.startswith(f"pagesieve: {path}: it names ")
    assert "--trust" in said and not fired.exists()
    assert __main__.main([*command, *out, "--model", str(path), "--trust"]) == 2  # it is no model, but it was run
    assert fired.exists()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_the_command_line_takes_a_trusted_model(command: list[str], foreign: Path, tmp_path: Path):
    out = ["--out", str(tmp_path / "out")] if command[0] == "bulk" else []
    assert __main__.main([*command, *out, "--model", str(foreign), "--trust"]) == 0
