"""Wheel and editable install label a page; model files and scikit-learn of other versions (`make check-install`)."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import small_model

from pagesieve.predict import load
from pagesieve.predict.document.page import Kind

pytestmark = pytest.mark.install

ROOT = Path(__file__).parents[1]
PINS = re.findall(r"^([\w.-]+==[^\\\n]+)", (ROOT / "requirements.lock").read_text(), re.M)  # without the hashes
PAGE = ROOT / "data" / "pages" / "harbour-news.html"
SOURCE = ("predict", "train", "models", "pyproject.toml", "README.md", "LICENSE")

OLDEST = "1.6"  # scikit-learn whose models label alike here
ALONE = """
import importlib.util, json, sys
import joblib, numpy

assert importlib.util.find_spec("pagesieve") is None, "pagesieve is installed here"
pipelines = joblib.load(sys.argv[1])
vectors = json.load(open(sys.argv[2], encoding="utf-8"))["smoke_test"]["pipelines"]
assert sorted(pipelines) == sorted(vectors)
for name in sorted(vectors):
    dtype = object if name.endswith("first") else numpy.float32
    rows = numpy.array(vectors[name]["rows"], dtype=dtype)
    assert rows.ndim == 2 and len(rows)
    numpy.testing.assert_allclose(
        pipelines[name].predict_proba(rows), vectors[name]["probabilities"], rtol=0, atol=1e-6, err_msg=name
    )
    print(name, len(rows))
"""


def run(*command: str | Path, folder: Path) -> str:
    """What the command prints; the test fails with its stderr."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture
def environment(tmp_path: Path) -> Callable[..., Path]:
    """Makes a new environment with these packages, at the pinned versions; returns its folder of programs."""

    def make(*packages: str | Path) -> Path:
        run(sys.executable, "-m", "venv", tmp_path / "env", folder=tmp_path)
        programs = tmp_path / "env" / "bin"
        (tmp_path / "pins").write_text("\n".join(PINS))
        pip: Sequence[str | Path] = (programs / "python", "-m", "pip", "install", "--quiet", "-c", tmp_path / "pins")
        run(*pip, *packages, folder=tmp_path)
        return programs

    return make


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of what an install is built from, so that no old build gets into it."""
    folder = tmp_path / "source"
    folder.mkdir()
    for name in SOURCE:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, folder / name)
    return folder


def kind_of(path: Path) -> Kind:
    return "html" if path.suffix == ".html" else "text"


def labels_a_page(programs: Path, folder: Path) -> None:
    shutil.copy(PAGE, folder / "page.html")
    printed = run(programs / "pagesieve", "predict", "page.html", folder=folder)
    rows = [json.loads(line) for line in printed.splitlines()]
    assert len(rows) > 10
    assert {row["page"] for row in rows} == {"page.html"}
    assert {row["label"] for row in rows} >= {"article_content", "site_chrome"}
    assert [path.name for path in folder.iterdir()] == ["page.html"]


def test_the_wheel_labels_a_page_in_an_empty_folder_without_scikit_learn(
    source: Path, environment: Callable[..., Path], tmp_path: Path
) -> None:
    run(
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        "--wheel",
        "--outdir",
        tmp_path / "dist",
        source,
        folder=tmp_path,
    )
    (wheel,) = (tmp_path / "dist").iterdir()
    with zipfile.ZipFile(wheel) as packed:
        assert set(packed.namelist()) >= {f"pagesieve/train/review/review.{kind}" for kind in ("html", "css", "js")}
    programs = environment(wheel)
    shutil.rmtree(source)
    (tmp_path / "empty").mkdir()
    labels_a_page(programs, tmp_path / "empty")
    run(programs / "python", "-c", "import importlib.util as u; assert not u.find_spec('sklearn')", folder=tmp_path)
    said = run(programs / "pagesieve", "bulk", "empty", "--out", "out", folder=tmp_path)  # needs no extra
    assert said.startswith("1 page labelled, 0 failed") and list((tmp_path / "out" / "blocks").rglob("*.jsonl"))
    where = run(programs / "python", "-c", "from pagesieve import models; print(*models.__path__)", folder=tmp_path)
    assert {path.name for path in Path(where.strip()).iterdir()} >= {"blocks.npz", "blocks.joblib", "blocks.json"}


def test_an_editable_install_labels_a_page_in_an_empty_folder(
    source: Path, environment: Callable[..., Path], tmp_path: Path
) -> None:
    programs = environment("-e", source)
    (tmp_path / "empty").mkdir()
    labels_a_page(programs, tmp_path / "empty")


def test_the_model_file_needs_scikit_learn_only(environment: Callable[..., Path], tmp_path: Path) -> None:
    programs = environment("scikit-learn")
    for name in ("blocks.joblib", "blocks.json"):
        shutil.copy(ROOT / "models" / name, tmp_path / name)
    printed = run(programs / "python", "-I", "-c", ALONE, "blocks.joblib", "blocks.json", folder=tmp_path)
    assert [" ".join(line.split()[:2]) for line in printed.splitlines()] == [
        f"{kind} {name}" for kind in ("html", "text") for name in ("first", "second", "third")
    ]


def test_a_model_of_the_oldest_scikit_learn_says_here_what_it_says_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is trained there by the code of this checkout, with all other packages as they are pinned."""
    python, package = tmp_path / "old" / "bin" / "python", tmp_path / "path" / "pagesieve"
    uv = (Path(sys.executable).with_name("uv"), "--quiet")
    run(*uv, "venv", "--python", sys.executable, tmp_path / "old", folder=tmp_path)
    (tmp_path / "pins").write_text("\n".join(pin for pin in PINS if not pin.startswith("scikit-learn==")))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["train"]]
    needed = [f"scikit-learn=={OLDEST}.*", *(one for one in needed if not one.startswith("scikit-learn"))]
    run(*uv, "pip", "install", "--python", python, "-c", tmp_path / "pins", *needed, folder=tmp_path)
    package.mkdir(parents=True)
    for name in ("predict", "train", "models"):
        (package / name).symlink_to(ROOT / name)
    script = (python, ROOT / "tests" / "small_model.py", tmp_path / "model")
    run("env", f"PYTHONPATH={package.parent}", *script, folder=ROOT)

    model = load(tmp_path / "model")
    assert model.card["versions"]["scikit-learn"].startswith(f"{OLDEST}.")
    there = json.loads((tmp_path / "model" / "scores.json").read_text())
    monkeypatch.chdir(ROOT)
    for path in small_model.SAMPLES:
        found = [list(scores.values()) for scores in model.label(path.read_bytes(), kind=kind_of(path))["scores"]]
        np.testing.assert_allclose(found, there[path.name], rtol=0, atol=1e-6, err_msg=path.name)
