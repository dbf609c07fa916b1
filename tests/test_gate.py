"""The gate: floors rise alone, fall only with a reason, and a worse model or training does not pass."""

import copy
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import joblib
import numpy as np
import pytest
from test_baseline import shuffled

from pagesieve.predict.errors import Failure
from pagesieve.predict.model import Model, load
from pagesieve.train import __main__ as commands
from pagesieve.train.evaluation import gate
from pagesieve.train.evaluation.gate import Measured, missed_floors, update_floors
from pagesieve.train.fit.stages import EVERYTHING, Learned, fit_all
from pagesieve.train.labels.paragraphs import read_paragraphs
from pagesieve.train.labels.views import OWN, View

ROOT = Path(__file__).parents[1]
GATE, METRICS = ROOT / "reports" / "gate.json", ROOT / "reports" / "metrics.json"
NAME = "made up: macro-F1"


def made_up(found: float, data: str = "abc") -> Measured:
    return Measured("made up", {"pages": data}, {NAME: (found, 0.02), "made up: word F1": (0.9, 0.01)})


def floors(found: float = 0.8) -> dict[str, Any]:
    return update_floors(made_up(found), {}, "", lower=False)


def test_a_floor_is_what_was_found_less_the_margin() -> None:
    assert floors()["made up"]["floors"][NAME] == {"found": 0.8, "margin": 0.02, "floor": 0.78}
    assert list(missed_floors(made_up(0.8), floors())) == list(missed_floors(made_up(0.78), floors())) == []


def test_each_figure_below_its_floor_is_a_line() -> None:
    assert list(missed_floors(made_up(0.7799), floors())) == [f"{NAME}: found 0.7799, floor 0.7800"]
    assert list(missed_floors(made_up(np.nan), floors())) == [f"{NAME}: found nan, floor 0.7800"]
    fewer = replace(made_up(0.8), found={NAME: (0.8, 0.02)})
    assert list(missed_floors(fewer, floors())) == ["made up: word F1: found nan, floor 0.8900"]


def test_other_data_and_data_without_floors_do_not_pass() -> None:
    assert list(missed_floors(made_up(0.9, "xyz"), floors())) == [
        "made up: pages: the floors are for abc, here is xyz; RAISE=1 takes them over"
    ]
    assert list(missed_floors(made_up(0.9), {})) == ["made up: there are no floors; RAISE=1 writes them"]


def test_floors_rise_and_never_fall_by_themselves() -> None:
    risen = update_floors(made_up(0.85, "xyz"), floors(), "", lower=False)
    assert risen["made up"]["floors"][NAME]["floor"] == 0.83 and risen["made up"]["data"] == {"pages": "xyz"}
    assert update_floors(made_up(0.79), floors(), "", lower=False) == floors()
    with pytest.raises(Failure, match=r"RAISE=1 lowers no floor, but missed is made up: macro-F1 0\.7000"):
        update_floors(made_up(0.7), floors(), f"- {NAME} 0.7000", lower=False)


def test_a_floor_falls_with_a_line_of_the_changelog_alone() -> None:
    for changelog in ("", f"- {NAME} 0.7100 was better", f"{NAME}\n0.7000"):
        with pytest.raises(Failure, match=r"in CHANGELOG\.md that has: made up: macro-F1 0\.7000"):
            update_floors(made_up(0.7), floors(), changelog, lower=True)
    fallen = update_floors(made_up(0.7), floors(), f"# Log\n- Floor: {NAME} 0.7000, as pages were added.\n", lower=True)
    assert fallen["made up"]["floors"][NAME]["floor"] == 0.68
    assert fallen["made up"]["floors"]["made up: word F1"] == floors()["made up"]["floors"]["made up: word F1"]
    assert update_floors(made_up(0.79), floors(), "", lower=True) == floors()  # not missed, so it stays
    with pytest.raises(Failure, match="made up: macro-F1 gone"):
        update_floors(replace(made_up(0.8), found={"made up: word F1": (0.9, 0.01)}), floors(), "", lower=True)


def test_no_floor_fell_in_the_history_without_a_line() -> None:
    def git(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)

    log = git("log", "--format=%H", "--", "reports/gate.json")
    if log.returncode:
        pytest.skip("needs a git checkout")
    now, changelog = gate.read(GATE), (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for commit in log.stdout.split():
        for part, before in json.loads(git("show", f"{commit}:reports/gate.json").stdout or "{}").items():
            fell = gate.lowered_floors(before["floors"], now[part]["floors"])
            assert [words for words in fell if not gate.explained(words, changelog)] == []


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    assert gate.read(tmp_path / "gate.json") == {}
    for content in ("{", "[]", '{"embedded": {"data": {}, "floors": {"a": {"floor": null}}}}'):
        (tmp_path / "gate.json").write_text(content)
        with pytest.raises(Failure, match=r"gate\.json: no floors"):
            gate.read(tmp_path / "gate.json")


def test_the_figures_of_the_shipped_model_pass() -> None:
    card = json.loads((ROOT / "models" / "blocks.json").read_text(encoding="utf-8"))
    scores = json.loads(METRICS.read_text(encoding="utf-8"))
    assert list(missed_floors(gate.measure_corpora(scores, card["data"], ROOT / "data"), gate.read(GATE))) == []
    assert len(gate.read(GATE)["corpora"]["floors"]) == 21


def test_a_training_on_wrong_labels_does_not_pass() -> None:
    views = [view for view in read_paragraphs(ROOT / "data" / "paragraphs.csv") if view.kind == "text"][:60]

    def measured(learned_from: list[View]) -> Measured:
        sets = {"paragraphs": gate.by_mode(gate.paragraph_rows(views, fit_all(learned_from, 1).scores))}
        return Measured("part", {}, gate.figures_of("part", NOTHING | {"other_sets": sets}))

    parts = update_floors(measured(views), {}, "", lower=False)
    assert list(missed_floors(measured(views), parts)) == []
    (line,) = missed_floors(measured(shuffled(views, 0.3)), parts)
    assert line.startswith("part: macro-F1, paragraphs, text: found 0.")


NOTHING = {"word_f1": {}, "labels": {}, "languages": {"all": {}, "en": {"a": 1.0}, "de": {"a": 1.0}}}


def worse(model: Model) -> Model:
    """The model with its last passes all but switched off."""
    stages = {
        kind: replace(of_kind, third=replace(of_kind.third, weights=of_kind.third.weights * 0.02))
        for kind, of_kind in model.stages.items()
    }
    return Model(stages, copy.deepcopy(model.card))


@pytest.fixture
def gated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The command, with a model and with paragraphs that are all right, so that only the model is judged."""

    def perfect(views: list[View], jobs: int) -> Learned:
        return Learned({}, [np.eye(4)[np.maximum(view.labels, 0)] for view in views])

    def run(model: Model) -> list[str]:
        monkeypatch.setattr(commands, "load", lambda _: model)
        return commands.gate_failures(
            SimpleNamespace(model=ROOT / "models", reports=tmp_path, corpora=False, write=None)
        )

    shutil.copy(GATE, tmp_path)
    shutil.copy(METRICS, tmp_path)
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(commands, "read_paragraphs", lambda path: read_paragraphs(path)[::8])
    monkeypatch.setattr(commands, "fit_all", perfect)
    return run


def test_a_worse_model_does_not_pass_whatever_its_figures_say(gated: Any, tmp_path: Path) -> None:
    model = load()
    assert gated(model) == []
    bad = worse(model)
    change(bad.card["scores"], 1.0)
    (tmp_path / "metrics.json").write_text(json.dumps(bad.card["scores"]))
    lines = gated(bad)
    assert [line.split(":")[1] for line in lines if "sample pages" in line] == [
        " macro-F1, sample pages, html",
        " macro-F1, sample pages, text",
    ]
    change(model.card["scores"], 0.0)
    (tmp_path / "metrics.json").write_text(json.dumps(model.card["scores"]))
    assert gated(model) == []


def change(scores: Any, value: float) -> None:
    """Every figure of this tree, by hand."""
    for name, part in scores.items() if isinstance(scores, dict) else []:
        if name in ("f1", "macro_f1", "precision", "recall") and isinstance(part, float):
            scores[name] = value
        change(part, value)


def test_a_model_of_other_data_does_not_pass(gated: Any) -> None:
    model = load()
    model.card["data"]["paragraphs"] = "0" * 64
    del model.card["data"]["annotations/wcxb.first"]
    lines = gated(model)
    assert len(lines) == 2 and "did not learn from paragraphs as it is here" in "".join(lines)


def test_a_model_that_learned_from_more_than_is_here_does_not_pass() -> None:
    data = {"paragraphs": "a", "mine": "b"}
    (line,) = gate.differing_data({"data": data}, {"paragraphs": "a"}, Path("models"), whole=True)
    assert line == "models/blocks.json: the model learned from mine, which is not here; run `make train`"
    assert list(gate.differing_data({"data": data}, data, Path("models"), whole=True)) == []
    assert list(gate.differing_data({"data": data}, {"paragraphs": "a"}, Path("models"))) == []


def test_what_was_learned_is_the_shipped_model_or_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the smoke-test vectors, and by the scores of the sample pages where these know nothing."""
    monkeypatch.chdir(ROOT)
    shipped, pipelines = load(), joblib.load(ROOT / "models" / "blocks.joblib")
    learned = Learned({EVERYTHING: pipelines}, [])
    assert list(gate.differing_model(ROOT / "models", shipped, learned)) == []
    pipelines["text third"]["linear"].intercept_[0] += 1e-4
    vectors, *pages = gate.differing_model(ROOT / "models", shipped, learned)
    assert "smoke-test probabilities of the text third pipeline are off" in vectors
    assert [Path(line.split(" are off")[0]).name for line in pages] == [
        path.name for path in sorted(Path("data/pages").glob("*.txt"))
    ]


def test_floors_of_the_corpora_are_not_believed_but_computed(
    gated: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With the corpora, what counts is what was computed; the card's figures only become floors."""
    pages = [view for view in read_paragraphs(ROOT / "data" / "paragraphs.csv") if view.page_set == OWN][:5]
    computed = json.loads(METRICS.read_text(encoding="utf-8"))
    model = load()
    digests = {name: digest for name, digest in model.card["data"].items() if not name.startswith("annotations/")}
    monkeypatch.setattr(commands.corpora, "available", lambda *_: ([], []))
    monkeypatch.setattr(commands, "digests_of", lambda *_: digests)
    monkeypatch.setattr(commands, "gather_training_data", lambda *_: (pages, digests))
    monkeypatch.setattr(gate, "corpora_scores", lambda *_: computed)
    monkeypatch.setattr(gate, "differing_model", lambda *_: [])
    monkeypatch.setattr(commands, "load", lambda _: model)
    asked = SimpleNamespace(model=ROOT / "models", reports=tmp_path, corpora=True, write=None)
    assert commands.gate_failures(asked) == []
    computed["labels"]["html"]["macro_f1"] = 0.88
    (line,) = commands.gate_failures(asked)
    assert line.startswith("corpora: macro-F1, first, html: found 0.8800, floor 0.8")


WRONG = ["[" * 100_000, "5", '{"a": {"data": [], "floors": {}}}']
WRONG += [json.dumps({"a": {"data": {}, "floors": {"b": {"floor": one, "found": one}}}}) for one in ("x", [], None)]


@pytest.mark.parametrize("content", WRONG)
def test_a_file_of_floors_that_are_none_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "gate.json").write_text(content, encoding="utf-8")
    with pytest.raises(Failure, match=r"gate.json: no floors .*get the file from the repository"):
        gate.read(tmp_path / "gate.json")
