"""The same input gives the same result: whatever the threads, processes, locale, hash seed, and order of files."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import tiny

from pagesieve.train.fit.training_data import gather_training_data
from pagesieve.train.labels.paragraphs import read_paragraphs
from pagesieve.train.labels.views import View

LOCALES = ("tr_TR.utf8", "tr_TR.UTF-8", "de_DE.utf8", "C.utf8", "C.UTF-8")  # the first that is there, beside C
PAGES = ["data/pages/harbour-news.html", "data/pages/seed-ferry-clock.txt"]
LEARN = """
import sys, joblib
from pagesieve.train.fit import stages, training_data
jobs = int(sys.argv[1])
learned = stages.fit_all(training_data.gather_training_data(jobs)[0], jobs)
joblib.dump((learned.pipelines[stages.EVERYTHING], learned.scores), sys.argv[2])
"""


def here(one: bool) -> dict[str, str]:
    """An environment that differs from the other one in all that must not matter."""
    known = subprocess.run(["locale", "-a"], capture_output=True, text=True).stdout.split()
    spoken = next((name for name in LOCALES if name in known), "C")
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1" if one else "2")
    return tiny.environment(PYTHONHASHSEED="1" if one else "20", LC_ALL="C" if one else spoken, **threads)


def python(folder: Path, env: dict[str, str], *words: str) -> str:
    done = subprocess.run([sys.executable, *words], cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tiny.make(tmp_path_factory.mktemp("project") / "here")
    python(folder, here(True), "-m", "pagesieve.train", "data", "--corpora", "corpora")
    return folder


@pytest.mark.parametrize("jobs", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_two_trainings_agree(project: Path, jobs: str) -> None:
    """One with a process and a thread, the other with two threads, or two of each, and all else different too."""
    python(project, here(True), "-c", LEARN, "1", "one")
    python(project, here(False), "-c", LEARN, jobs, "two")
    (one, scores), (two, others) = (joblib.load(project / name) for name in ("one", "two"))
    assert list(one) == list(two) and len(one) == 6
    for name in one:
        for part in ("coef_", "intercept_"):
            assert np.abs(getattr(one[name]["linear"], part) - getattr(two[name]["linear"], part)).max() <= 1e-6, name
    assert all(np.abs(score - other).max() <= 1e-6 for score, other in zip(scores, others, strict=True))


def labelled(project: Path, one: bool, *pages: str) -> list[dict[str, Any]]:
    said = python(project, here(one), "-m", "pagesieve.predict", "predict", *pages)
    return [json.loads(line) for line in said.splitlines()]


def test_labels_depend_neither_on_the_machine_s_settings_nor_on_the_order_of_pages(project: Path) -> None:
    one, two = labelled(project, True, *PAGES), labelled(project, False, *reversed(PAGES))
    two.sort(key=lambda row: (PAGES.index(row["page"]), row["index"]))
    for row, other in zip(one, two, strict=True):
        for name in ("scores", "confidence"):
            assert row.pop(name) == pytest.approx(other.pop(name), abs=1e-6)
        assert row == other


def known(views: list[View]) -> list[Any]:
    return [
        (view.page, view.kind, view.maker, view.site, [block.text for block in view.blocks], view.labels.tolist())
        for view in views
    ]


def test_training_data_do_not_depend_on_the_order_in_which_files_are_listed(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def turned(listed: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
        return lambda *args, **words: iter(sorted(listed(*args, **words), reverse=True))

    monkeypatch.chdir(project)
    shutil.copy("data/annotations/wcxb.first.csv", "data/annotations/wcxb.second.csv")
    views, digests = gather_training_data(1)
    for name in ("glob", "rglob", "iterdir"):
        monkeypatch.setattr(Path, name, turned(getattr(Path, name)))
    monkeypatch.setattr(os, "listdir", lambda *args: sorted(LISTDIR(*args), reverse=True))
    again, others = gather_training_data(1)
    assert list(others.items()) == list(digests.items()) and known(again) == known(views)


LISTDIR = os.listdir


def test_pages_of_paragraphs_do_not_depend_on_the_order_of_their_rows(project: Path, tmp_path: Path) -> None:
    head, *rows = (project / "data" / "paragraphs.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    random.Random(3).shuffle(rows)
    (tmp_path / "paragraphs.csv").write_text(head + "".join(rows), encoding="utf-8")
    one, two = (read_paragraphs(folder / "paragraphs.csv") for folder in (project / "data", tmp_path))
    assert sorted(known(one)) == sorted(known(two))
