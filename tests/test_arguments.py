"""What is wrong with the arguments of the commands behind make is told in a line, before any work is done."""

import shutil
import sys
from pathlib import Path
from typing import NoReturn

import pytest
from test_train import ROOT, make

from pagesieve.predict.errors import Failure
from pagesieve.train import __main__ as commands
from pagesieve.train.fit import training_data
from pagesieve.train.labels.views import View


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a few paragraphs to train on, and two files of rows of one's own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    shutil.copy(ROOT / "data" / "sources.toml", "data")
    for ids in (ROOT / "data").glob("*.ids"):
        shutil.copy(ids, "data")
    Path("data/paragraphs.csv").write_text("text,label\nThe heron waits.,article_content\n")
    Path("bad.csv").write_text("text,label\nHello,nonsense\n")
    Path("two.csv").write_text("text,label\nHome,site_chrome\nHome,promo_teaser\n")
    return tmp_path


@pytest.mark.parametrize("name", ["DATA", "MODEL", "MINE", "CORPORA"])
def test_a_variable_of_make_that_is_given_but_empty_is_an_error(name: str) -> None:
    done = make(ROOT, "train", "MODEL=/dev/null/none", f"{name}=")
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert done.returncode == 2 and done.stdout == ""
    assert said == [
        f"pagesieve.train: argument --{name.lower()}: empty, name a path or leave it out; --help shows what there is"
    ]


@pytest.mark.parametrize("words", ["predict PAGE", "review PAGES", "train DATA", "train MINE"])
def test_what_a_file_is_named_is_never_run_by_make(words: str, tmp_path: Path) -> None:
    target, variable = words.split()
    name = f"$(shell touch {tmp_path / 'mark'})`touch {tmp_path / 'mark'}`/none"
    done = make(ROOT, target, f"MODEL={tmp_path / 'new'}", "DATA=none.csv", f"{variable}={name}")
    assert done.returncode == 2 and ("$(shell touch" in done.stderr or variable == "MODEL")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", ["predict PAGE", "review PAGES", "train DATA", "train MINE"])
def test_a_name_that_begins_like_an_option_is_a_name(words: str, tmp_path: Path) -> None:
    target, variable = words.split()
    done = make(ROOT, target, f"MODEL={tmp_path / 'new'}", f"{variable}=--help")
    assert done.returncode == 2 and "--help" in done.stderr
    assert not any(word in done.stdout + done.stderr for word in ("usage:", "expected one argument", "are required"))


@pytest.mark.parametrize("words", ["train FORCE", "gate RAISE", "gate LOWER"])
def test_a_switch_is_never_run_by_make(words: str, tmp_path: Path) -> None:
    target, variable = words.split()
    make(ROOT, target, "MODEL=/dev/null/none", f"{variable}=$(shell touch {tmp_path / 'mark'})")
    assert list(tmp_path.iterdir()) == []


def test_no_message_steers_the_terminal(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("steer.csv").write_text("text,label,\x1b]0;title\x07\x9b2J\u202e\nHello,site_chrome,x\n", encoding="utf-8")
    for words in ("train --data steer.csv", "train --data a\x1b[2J.csv", "train --model bad.csv/\x1b[2J"):
        monkeypatch.setattr(sys, "argv", ["pagesieve.train", *words.split()])
        assert commands.main() == 2
        said = capsys.readouterr().err
        assert said.startswith("pagesieve.train: ") and said.rstrip("\n").isprintable()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("bench --pages -5", "argument --pages: expected a number from 1, not '-5'; --help shows what there is"),
        ("train --data bad.csv", "bad.csv, line 2: label 'nonsense' is none of"),
        ("train --data typo.csv", "typo.csv: no such file; name a CSV file with the columns text and label"),
        ("train --mine typo", "typo: no such folder; name one where `pagesieve review --out` keeps labels"),
        ("train --mine data", "data: no labels to learn from; label pages with `pagesieve review --out data`"),
        ("train --model bad.csv", "bad.csv: is a file; name a folder"),
        ("train --model bad.csv/model", "bad.csv: is a file; name a folder"),
        ("evaluate --reports bad.csv", "bad.csv: is a file; name a folder"),
        ("gate --model bad.csv", "bad.csv: is a file; name a folder"),
        ("train --modle x", "unrecognized arguments: --modle x; --help shows what there is"),
    ],
)
def test_a_wrong_argument_is_one_line_before_any_work(
    here: Path, words: str, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["pagesieve.train", *words.split()])
    before = sorted(here.rglob("*"))
    assert commands.main() == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"pagesieve.train: {message}") and said.err.count("\n") == 1
    assert sorted(here.rglob("*")) == before


def test_the_same_text_with_two_labels_is_told_on_stderr_and_learned_from(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def gathered(jobs: int, own: Path) -> NoReturn:
        views.extend(training_data.gather_training_data(jobs, own)[0])
        raise Failure("this will do")

    views: list[View] = []
    monkeypatch.setattr(commands, "gather_training_data", gathered)
    monkeypatch.setattr(sys, "argv", ["pagesieve.train", "train", "--data", "two.csv", "--model", "new"])
    assert commands.main() == 2
    said = capsys.readouterr()
    told = "two.csv, lines 2 and 3: the same text is labelled site_chrome and promo_teaser"
    assert said.err == f"pagesieve.train: warning: {told}\npagesieve.train: this will do\n"
    assert "uses two.csv: 2 paragraphs" in said.out
    assert [view.labels.tolist() for view in views if view.source == "two.csv" and view.kind == "text"] == [[3], [2]]
