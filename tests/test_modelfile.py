"""The model's files: damaged or hostile ones are one line and exit status 2, before anything of them is used."""

import hashlib
import io
import json
import shutil
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import small_model

from pagesieve.predict import ModelError, __main__, load
from pagesieve.predict.compile import compile_model, parameters_of, split_terms
from pagesieve.predict.modelfile import arrays as module
from pagesieve.predict.modelfile.arrays import pack_arrays, unpack_arrays

ROOT = Path(__file__).parent.parent
NEAR, WORDS = "html.first.near", "html.first.words"
Arrays = dict[str, Any]
Change = Callable[[Arrays, dict[str, Any]], bytes | None]  # changes arrays and card, or gives the file's content


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model of ten lines on ten sites."""
    return small_model.write(tmp_path_factory.mktemp("small")).parent


def zipped(arrays: Arrays) -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    return content.getvalue()


def with_member(arrays: Arrays, name: str, data: bytes) -> bytes:
    """The file with one more member, which may have the name of another."""
    content = io.BytesIO(zipped(arrays))
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}.npy", data)
    return content.getvalue()


def member(header: str, data: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def in_place_of(name: str, data: bytes) -> Change:
    return lambda arrays, _: with_member({key: arrays[key] for key in arrays if key != name}, name, data)


def put(name: str, change: Callable[[np.ndarray], Any]) -> Change:
    return lambda arrays, _: arrays.update({name: change(arrays[name].copy())})


def without(name: str) -> Change:
    return lambda arrays, _: arrays.__delitem__(name)


def first_is(value: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(array: np.ndarray) -> np.ndarray:
        array.flat[0] = value
        return array

    return change


def in_card(**changes: Any) -> Change:
    return lambda _, card: card.update(changes)


def a_bomb(arrays: Arrays, _: dict[str, Any]) -> bytes:
    return with_member({key: arrays[key] for key in arrays if key != f"{WORDS}.words"}, f"{WORDS}.words", bytes(10**8))


def of_terabytes(arrays: Arrays, _: dict[str, Any]) -> bytes:
    """The directory says that the last member has 2 TB, by a zip64 field of its own."""
    content = bytearray(zipped(arrays))
    place = content.rfind(b"PK\x01\x02")
    struct.pack_into("<I", content, place + 24, 0xFFFFFFFE)
    return bytes(content)


def many_members(*_: object) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number in range(2000):
            archive.writestr(str(number), b"")
    return content.getvalue()


def many_strings(array: np.ndarray) -> np.ndarray:
    return np.concatenate([array, np.full(2_000_000, ord("\n"), np.uint8)])


HEADER = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n"
HOSTILE: dict[str, tuple[Change, str]] = {
    "index out of range": (put(f"{NEAR}.word", first_is(10**6)), r"near\.word: a number is not below"),
    "negative index": (put(f"{WORDS}.prefix", first_is(-1)), r"words\.prefix: a number .*negative"),
    "array of objects": (
        in_place_of("html.first.idf", member(HEADER % ("|O", "False", "(1,)"), b"x" * 8)),
        r"html\.first\.idf: expected float32 in C order, got object",
    ),
    "zip bomb": (a_bomb, "unpacks to more than 50,000,000 bytes"),
    "member of terabytes": (of_terabytes, "unpacks to more than"),
    "header of terabytes": (
        in_place_of("html.first.idf", member(HEADER % ("<f4", "False", "(1000000000000,)"))),
        r"0 bytes do not fill the shape \(1000000000000,\)",
    ),
    "huge header": (in_place_of("html.first.idf", member("{" + " " * 60_000 + "}")), "damaged|too large|large"),
    "header that is no dict": (in_place_of("html.first.idf", member("(" * 9000)), "[Cc]annot parse header|damaged"),
    "negative shape": (
        in_place_of("html.first.idf", member(HEADER % ("<f4", "False", "(-2, -2)"), bytes(16))),
        "reshape|dimension|negative|unknown",
    ),
    "column-major": (
        in_place_of("html.first.weights", member(HEADER % ("<f4", "True", "(4, 1)"), bytes(16))),
        "got float32 in Fortran order",
    ),
    "another type": (put("html.first.intercept", lambda array: array.astype(np.float32)), "expected float64"),
    "another shape": (put("text.first.weights", lambda array: array.T.copy()), r"expected the shape \(4, \d+\)"),
    "no dimension": (put(f"{NEAR}.word", lambda array: np.array(0, np.int32)), "a number is not below"),
    "a feature less": (put("html.second.mean", lambda array: array[:-1]), r"html\.second\.mean: expected the shape"),
    "a term less": (put("html.first.idf", lambda array: array[:-1]), r"html\.first\.idf: expected the shape"),
    "more prefixes than words": (put(f"{NEAR}.prefix", lambda array: array[:-1]), "terms have words"),
    "not a number": (put("html.third.weights", first_is(np.nan)), r"html\.third\.weights: a value is not finite"),
    "infinite": (put("html.first.weights", first_is(np.inf)), r"html\.first\.weights: a value is not finite"),
    "deviation of nothing": (put("text.second.deviation", first_is(0)), r"text\.second\.deviation: a value"),
    "terms not UTF-8": (put(f"{NEAR}.words", first_is(255)), r"near\.words: not UTF-8"),
    "a term twice": (put(f"{NEAR}.words", lambda array: np.tile(array, 2)), "not a list of different strings"),
    "terms without an end": (put(f"{NEAR}.words", lambda array: array[:-1]), "not a list of different strings"),
    "terms in a table": (put(f"{NEAR}.words", lambda array: array[None]), "not a list of different strings"),
    "millions of terms": (put(f"{NEAR}.words", many_strings), "more than 1,000,000 strings"),
    "many prefixes": (
        put(f"{NEAR}.prefixes", lambda _: module.pack_strings([f"{number}:" for number in range(100)])),
        "near.prefixes: more than 64",
    ),
    "truncated": (lambda arrays, _: zipped(arrays)[:-1000], "damaged|lacks"),
    "a byte changed": (
        lambda arrays, _: (content := zipped(arrays))[:5000] + bytes([content[5000] ^ 1]) + content[5001:],
        "damaged",
    ),
    "no zip file": (lambda *_: b"\x80\x04" + bytes(100), "damaged .BadZipFile"),
    "array twice": (lambda arrays, _: with_member(arrays, "html.first.idf", b"x"), "has an array twice"),
    "array missing": (without("text.third.mean"), "lacks array 'text.third.mean'"),
    "unknown array": (lambda arrays, _: arrays.update(more=np.zeros(1)), "has an unknown array 'more'"),
    "thousands of members": (many_members, "more than 1,000 members"),
    "other weights": (put("html.third.intercept", lambda array: array + [1, 0, 0, 0]), "of html are off by 0"),
    "card of another model": (in_card(digests={"npz": "0" * 64}), "sha256 is .* its card says 000000000000"),
    "digests are a list": (in_card(digests=["npz"]), "its digests or kinds are none"),
    "card of one kind": (in_card(kinds=["text"]), "has an unknown array 'html"),
    "no smoke-test page": (in_card(smoke_test={"pages": {}}), "its smoke-test pages are none"),
    "long smoke-test page": (
        in_card(smoke_test={"pages": dict.fromkeys(["html", "text"], {"content": "x" * 30_000, "probabilities": []})}),
        "its smoke-test pages are none",
    ),
    "probabilities of another page": (
        in_card(smoke_test={"pages": dict.fromkeys(["html", "text"], {"content": "x", "probabilities": [[0.25] * 4]})}),
        "smoke-test page of (html|text) are off by",
    ),
}


def make_hostile(small: Path, folder: Path, name: str) -> None:
    """Write the hostile model of this name, with the digest of its file in its card unless that is what is wrong."""
    with np.load(small / "blocks.npz") as archive:
        arrays = dict(archive)
    card = json.loads((small / "blocks.json").read_text(encoding="utf-8"))
    digests = card["digests"]
    content = HOSTILE[name][0](arrays, card) or zipped(arrays)
    digests["npz"] = hashlib.sha256(content).hexdigest()
    (folder / "blocks.npz").write_bytes(content)
    (folder / "blocks.json").write_text(json.dumps(card), encoding="utf-8")


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_damaged_or_hostile_model_is_one_line(
    name: str, small: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    make_hostile(small, tmp_path, name)
    capfd.readouterr()
    start = time.process_time()
    status = __main__.main(["predict", "--model", str(tmp_path), str(ROOT / "data/pages/seed-ferry-clock.txt")])
    spent = time.process_time() - start
    out, err = capfd.readouterr()
    assert (status, out, err.count("\n")) == (2, "", 1) and err.startswith(f"pagesieve: {tmp_path / 'blocks'}.")
    assert spent < 1
    with pytest.raises(ModelError, match=HOSTILE[name][1]):
        load(tmp_path)


LIMITED = r"""
import re, sys
from pagesieve.predict import ModelError, load
for folder in sys.argv[1:]:
    try:
        load(folder)
    except ModelError:
        continue
    sys.exit(f"{folder} was loaded")
print(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1])  # not that of the process before exec
"""


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_hostile_models_take_little_memory(small: Path, tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(len(HOSTILE))]
    for name, folder in zip(HOSTILE, folders, strict=True):
        folder.mkdir()
        make_hostile(small, folder, name)
    command = [sys.executable, "-c", LIMITED, *map(str, folders)]
    done = subprocess.run(command, capture_output=True, text=True)
    unit = 1 if sys.platform == "darwin" else 1024
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) * unit < 500_000_000


@pytest.mark.parametrize("content", ["[]", "[" * 100_000, "{", "5", '{"digests": {}}'])
def test_what_is_no_card_is_one_line(small: Path, tmp_path: Path, content: str) -> None:
    shutil.copy(small / "blocks.npz", tmp_path)
    (tmp_path / "blocks.json").write_text(content)
    with pytest.raises(ModelError, match=r"blocks\.json: not a model card.*make train"):
        load(tmp_path)


def test_the_shipped_arrays_are_those_of_the_shipped_pipelines() -> None:
    pipelines = joblib.load(ROOT / "models" / "blocks.joblib")
    parameters = {kind: parameters_of(pipelines, kind) for kind in ("html", "text")}
    with (
        np.load(ROOT / "models" / "blocks.npz") as shipped,
        np.load(io.BytesIO(pack_arrays(parameters))) as made,
    ):
        assert set(shipped) == set(made)
        assert [name for name in shipped if not np.array_equal(shipped[name], made[name])] == []
    for kind in parameters:
        terms = parameters[kind].first.columns
        union = pipelines[f"{kind} first"]["terms"]
        for name, *_ in union.transformers:
            assert terms[name].names() == union.named_transformers_[name].vocabulary


def test_arrays_are_packed_and_unpacked_without_a_change(small: Path) -> None:
    content = (small / "blocks.npz").read_bytes()
    assert pack_arrays(unpack_arrays(content, ["html", "text"])) == content


def test_terms_are_prefixes_and_words() -> None:
    found = split_terms("near", ["+1:a", "-8:a", "a:b"])
    assert (found.prefixes, found.words) == (["+1:", "-8:", ""], ["a", "a:b"])
    assert found.names() == ["+1:a", "-8:a", "a:b"]
    found = split_terms("words", ["the", "the heron"])
    assert (found.prefixes, found.words) == (["", "the "], ["the", "heron"])
    with pytest.raises(ModelError, match="not of one word or two"):
        split_terms("words", ["three little words"])


def test_a_compiled_model_is_the_trained_one(small: Path, tmp_path: Path) -> None:
    shutil.copytree(small, tmp_path, dirs_exist_ok=True)
    (tmp_path / "blocks.npz").unlink()
    assert compile_model(tmp_path / "blocks.joblib") == tmp_path / "blocks.npz"
    for name in ("blocks.npz", "blocks.json"):
        assert (tmp_path / name).read_bytes() == (small / name).read_bytes()


def test_the_command_says_that_it_runs_the_file(small: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(small, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "blocks.joblib"
    assert __main__.main(["compile", str(file)]) == 0
    said = f"pagesieve: {file}: runs this file; whoever made it can run any program here\n"
    assert capfd.readouterr() == (f"wrote {tmp_path / 'blocks.npz'} and its digest into blocks.json\n", said)
    assert __main__.main(["predict", "--model", str(file), str(ROOT / "data/pages/seed-ferry-clock.txt")]) == 2
    assert f"if you trust it: pagesieve compile {file}\n" in capfd.readouterr().err


def changed_card(folder: Path) -> None:
    card = json.loads((folder / "blocks.json").read_text(encoding="utf-8"))
    card["smoke_test"]["pipelines"]["html second"]["probabilities"][0][0] += 1e-4
    (folder / "blocks.json").write_text(json.dumps(card), encoding="utf-8")


def other_pipelines(folder: Path, pipelines: object) -> None:
    joblib.dump(pipelines, folder / "blocks.joblib")
    card = json.loads((folder / "blocks.json").read_text(encoding="utf-8"))
    card["digests"]["joblib"] = hashlib.sha256((folder / "blocks.joblib").read_bytes()).hexdigest()
    (folder / "blocks.json").write_text(json.dumps(card), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda folder: (folder / "blocks.joblib").write_bytes(b"x"), "sha256 is .* not loaded"),
        (lambda folder: (folder / "blocks.joblib").unlink(), "cannot be read"),
        (lambda folder: (folder / "blocks.json").unlink(), "no model card"),
        (lambda folder: other_pipelines(folder, {}), "holds other pipelines than its card names"),
        (lambda folder: other_pipelines(folder, [1]), "holds other pipelines than its card names"),
        (changed_card, "smoke-test probabilities of the html second pipeline are off by 0.0001"),
    ],
)
def test_nothing_is_written_of_what_cannot_be_compiled(
    small: Path, tmp_path: Path, change: Callable[[Path], None], says: str
) -> None:
    shutil.copytree(small, tmp_path, dirs_exist_ok=True)
    change(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ModelError, match=says):
        compile_model(tmp_path / "blocks.joblib")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


ALONE = """
import json, sys
import joblib, numpy

pipelines = joblib.load(sys.argv[1])
vectors = json.load(open(sys.argv[2], encoding="utf-8"))["smoke_test"]["pipelines"]
assert sorted(pipelines) == sorted(vectors)
for name, wanted in vectors.items():
    rows = numpy.array(wanted["rows"], dtype=object if name.endswith("first") else numpy.float32)
    found = pipelines[name].predict_proba(rows)
    assert rows.ndim == 2 and len(rows) and abs(found - numpy.array(wanted["probabilities"])).max() <= 1e-6, name
assert not any(name.startswith("pagesieve") for name in sys.modules)
"""


def test_scikit_learn_alone_reproduces_the_smoke_test_vectors_from_the_joblib_file() -> None:
    command = [sys.executable, "-c", ALONE, "models/blocks.joblib", "models/blocks.json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


IMPORTS = """
import sys
from pagesieve.predict.__main__ import main
assert main(sys.argv[1].split()) == 0
there = {name.partition(".")[0] for name in sys.modules}
print(*sorted(there & {"sklearn", "joblib", "pandas"}))
"""


@pytest.mark.parametrize(
    "command", ["predict data/pages/harbour-news.html", "explain data/pages/seed-ferry-clock.txt --block 1"]
)
def test_neither_predict_nor_explain_imports_scikit_learn_joblib_or_pandas(command: str) -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTS, command], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, ""), done.stderr


def test_no_part_of_bulk_and_frames_imports_scikit_learn() -> None:
    program = """import sys
import pagesieve.predict.bulk.run, pagesieve.predict.bulk.frames as frames
import pandas
assert len(frames.frame_of_blocks(pandas.DataFrame({"page": ["a"], "content": ["The heron waits."]}))) == 1
print("sklearn" in sys.modules)"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr
