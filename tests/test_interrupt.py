"""Each command that writes, killed before each of its changes on disk, at random moments, or with a full disk."""

import contextlib
import copy
import json
import shutil
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import patch

import killed
import numpy as np
import pandas as pd
import pytest
import tiny
from matplotlib.figure import Figure
from tqdm import tqdm  # type: ignore[import-untyped]  # tqdm ships no types

from pagesieve.predict import __main__ as predict
from pagesieve.predict import files
from pagesieve.predict.bulk.shards import find_shards
from pagesieve.predict.inputs import search
from pagesieve.predict.model import load
from pagesieve.train import __main__ as commands
from pagesieve.train import corpora as sources
from pagesieve.train.evaluation import evaluate, shown_pages
from pagesieve.train.fit import stages
from pagesieve.train.plots import draw

STAMP = "data/raw/wcxb/stamp.json"
MODEL = " --model models"
WORDS = {  # in an order in which each finds what it needs
    "data": "data --corpora corpora",
    "train": "train",
    "evaluate": "evaluate",
    "report": "report",
    "predict": "predict data/pages -o out/blocks.jsonl" + MODEL,
    "folder": "predict data/pages --format html -o out/pages" + MODEL,
}
PARTS = {  # what is old or new as one: files side by side (/), a folder, or a file
    "data": ["data/raw/wcxb"],
    "train": ["models/"],
    "evaluate": ["reports/", "data/raw/"],
    "report": ["reports/", "reports/gallery"],
    "predict": ["out/blocks.jsonl"],
    "folder": ["out/pages/data/pages/harbour-news.html", "out/pages/data/pages/seed-ferry-clock.txt.html"],
}
Contents = dict[str, str]  # digests by name


def contents(path: Path) -> Contents:
    inside = [path] if path.is_file() else [file for file in sorted(path.rglob("*")) if file.is_file()]
    return {str(file.relative_to(path)): sha256(file.read_bytes()).hexdigest() for file in inside}


def state(folder: Path, command: str) -> list[Contents]:
    """Each part of what a command writes, as the next reader finds it."""
    found = []
    for part in PARTS[command]:
        path = folder / part
        if part.endswith("/"):
            names = {file.name for place in (path, path / files.COMPLETE) for file in place.glob("*") if file.is_file()}
            found.append({name: contents(files.latest_path(path / name))["."] for name in sorted(names)})
        else:
            found.append(contents(path if path.exists() else files.backup_path(path)))
    return found


class Project:
    """A small project where each command was run once, and what each writes when it is run again.

    What its commands compute is known, so a run takes no time; a ``real`` one computes all anew when it is run again.
    """

    def __init__(self, folder: Path, *, real: bool) -> None:
        self.folder, self.kept, self.real = tiny.make(folder / "here"), folder / "kept", real
        self.computed: dict[str, Any] = {}
        self.new: dict[str, list[Contents]] = {}

    def compute(self) -> None:
        sources.fetch(commands.SOURCES, commands.RAW, Path("corpora"))
        views, digests = commands.gather_training_data(1)
        learned = stages.fit_all(views, 1)
        scored = evaluate.all_scores(views, learned, commands.DATA, 1)
        samples = shown_pages.sample_pages(lambda blocks, _: np.eye(4)[[block.index % 4 for block in blocks]])
        self.computed = {"views": (views, digests), "learned": learned, "scored": scored, "samples": samples}

    def act(self, command: str, *, again: bool = True) -> Callable[[], object]:
        """The command; run ``again`` it writes something else than the first time."""

        def act() -> object:
            words, commands.JOBS = WORDS[command].split(), 1
            tqdm.set_lock(threading.RLock())  # its own is shared by all forks, and a killed one may hold it
            if not (self.real and again):
                self.know(again != self.real)
            if words[0] == "predict":
                return predict.main([*words, *([] if again else ["--keep", "promo_teaser"])])
            sys.argv = ["pagesieve.train", *words]
            return commands.main()

        return act

    def know(self, again: bool) -> None:
        views, learned, (figures, pages, blocks) = (self.computed[name] for name in ("views", "learned", "scored"))
        if again:
            for pipeline in learned.pipelines[stages.EVERYTHING].values():
                pipeline["linear"].coef_ *= 1.1
            pages = pages.assign(f1=pages["f1"] / 2)
            figures = copy.deepcopy(figures)
            figures["labels"]["html"]["macro_f1"] /= 2
        commands.gather_training_data = lambda *_: views
        commands.fit_all = lambda *_: learned
        evaluate.all_scores = lambda *_: (figures, pages, blocks)
        evaluate.extract_texts = lambda *_: {"again": again}
        shown_pages.worst_pages = shown_pages.sample_pages = lambda *_: self.computed["samples"][: 1 + again]
        shown_pages.read = lambda *_: self.computed["samples"][::-1][: 1 + again]
        draw.PLOTS = [draw.Plot(name, name, f"again: {again}", picture) for name in ("one", f"two{again}")]

    def begin(self) -> None:
        """The first run of each command; and what the second would write."""
        (self.folder / "out").mkdir()
        for command in WORDS:
            assert killed.run(self.act(command, again=False), self.folder) == 0, command
        shutil.copytree(self.folder, self.kept)
        self.stamp = json.loads((self.kept / STAMP).read_text())
        earlier = self.stamp | {"sha256": tiny.EMPTY}  # as if it had been fetched by an earlier list of sources
        (self.kept / STAMP).write_text(json.dumps(earlier))
        for command in WORDS:
            self.restore(command)
            assert killed.run(self.act(command), self.folder) == 0, command
            self.new[command] = state(self.folder, command)
            pairs = zip(state(self.kept, command), self.new[command], strict=True)
            assert all(old != new for old, new in pairs), command

    def restore(self, command: str) -> None:
        shutil.rmtree(self.folder)
        shutil.copytree(self.kept, self.folder)
        if command != "data":
            (self.folder / STAMP).write_text(json.dumps(self.stamp))

    def is_whole(self, command: str) -> None:
        """Each part of what the command writes is as it was, or new; a model loads."""
        was = state(self.kept, command)
        for old, new, found in zip(was, self.new[command], state(self.folder, command), strict=True):
            assert found in (old, new)
        load(self.folder / "models")

    def finishes(self, command: str) -> None:
        """The next run writes what it would have written, and takes away what the killed one left."""
        assert killed.run(self.act(command), self.folder) == 0
        assert state(self.folder, command) == self.new[command]
        if command not in ("predict", "folder"):
            assert hidden(self.folder) == []


def picture(_: object) -> tuple[Figure, pd.DataFrame]:
    return Figure(figsize=(1, 1)), pd.DataFrame({"f1": [0.5]})


def hidden(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".*") if not path.name.startswith(".git")]


def begun(folder: Path, *, real: bool) -> Project:
    made = Project(folder, real=real)
    one = patch.object(commands, "JOBS", 1)  # other processes would stay, in a folder that is taken away
    with contextlib.chdir(made.folder), one, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # figures of so few pages
        made.compute()
    made.begin()
    return made


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return begun(tmp_path_factory.mktemp("project"), real=False)


@pytest.mark.parametrize("command", WORDS)
@pytest.mark.parametrize("fail", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["killed", "full disk"])
def test_stopped_before_each_change(project: Project, command: str, fail: bool) -> None:
    codes = []
    while killed.OVER not in codes:
        project.restore(command)
        codes.append(killed.run(project.act(command), project.folder, change=len(codes) + 1, fail=fail))
        project.is_whole(command)
        if fail:  # what was begun is taken away; what was complete is for the next run to finish
            assert {path.name for path in hidden(project.folder)} <= {files.COMPLETE}
        if len(codes) % 5 == 0:
            project.finishes(command)
    print(f"{command}: {len(codes) - 1} changes, {'each failed' if fail else 'killed before each'}")
    assert len(codes) > 3 and set(codes[:-1]) <= ({2, 0} if fail else {killed.KILLED})


def at_random(project: Project, command: str, kills: int) -> None:
    rng = np.random.default_rng(7)
    project.restore(command)
    start, codes = time.monotonic(), [killed.run(project.act(command), project.folder)]
    whole = time.monotonic() - start
    while codes.count(killed.KILLED) < kills and len(codes) < 5 * kills:
        project.restore(command)
        codes.append(killed.run(project.act(command), project.folder, after=rng.uniform(0, whole)))
        project.is_whole(command)
    project.finishes(command)
    print(f"{command}: {codes.count(killed.KILLED)} of {len(codes)} runs of {whole:.1f} s killed, nothing lost")
    assert set(codes) <= {0, killed.KILLED} and (kills < 50 or codes.count(killed.KILLED) == kills)


@pytest.mark.parametrize("command", WORDS)
def test_killed_at_random(project: Project, command: str) -> None:
    at_random(project, command, 3)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return begun(tmp_path_factory.mktemp("real"), real=True)


@pytest.mark.slow
@pytest.mark.parametrize("command", WORDS)
def test_killed_at_50_random_moments(real: Project, command: str) -> None:
    at_random(real, command, 50)


@pytest.mark.parametrize("command", ["train", "evaluate", "predict"])
def test_no_space_left(project: Project, command: str) -> None:
    """On a file system that has room for the old files, but not for the new ones beside them."""
    project.restore(command)
    place = project.folder / PARTS[command][0].split("/")[0]
    kept = project.kept / place.name
    size = sum(file.stat().st_size for file in kept.rglob("*")) + 12_000
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        shutil.copytree(kept, place, dirs_exist_ok=True)
        assert killed.run(project.act(command), project.folder) == 2
        assert contents(place) == contents(kept)
        subprocess.run(["mount", "-o", "remount,size=50m", str(place)], check=True)
        project.finishes(command)
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_what_a_killed_run_left_is_no_page(tmp_path: Path) -> None:
    for name in ("a.txt", f"{files.STAGE}x1/half.txt", "b/c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("A line.\n")
    assert [Path(path).name for path in search(str(tmp_path))] == ["a.txt", "c.txt"]
    (shard,) = find_shards([str(tmp_path)], tmp_path.parent / "out")[:1]
    assert [Path(path).name for path in shard.files] == ["a.txt"]
    assert len(find_shards([str(tmp_path)], tmp_path.parent / "out")) == 2
