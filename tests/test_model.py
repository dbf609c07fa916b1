"""The shipped model: it loads only as its card says, and labels pages it has never seen."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from pagesieve.predict import LABELS, Model, ModelError, load
from pagesieve.predict.labels import CODES
from pagesieve.predict.model import COLUMNS
from pagesieve.predict.scoring.decision import PREFERENCES
from pagesieve.train.labels.alignment import find_spans, running_words
from pagesieve.train.labels.views import read_annotations

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "data" / "pages"


@pytest.fixture(scope="module")
def model() -> Model:
    return load()


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for name in ("blocks.npz", "blocks.json"):
        shutil.copy(ROOT / "models" / name, tmp_path / name)
    return tmp_path / "blocks.npz"


def change_card(path: Path, **changes: object) -> None:
    card = path.with_suffix(".json")
    card.write_text(json.dumps(json.loads(card.read_text()) | changes))


def test_columns_scores_and_order(model: Model):
    found = model.label(PAGES.joinpath("harbour-news.html").read_bytes(), page="harbour")
    assert list(found.columns) == ["page", "index", "text", "label", "scores", "confidence", "path"]
    assert found["confidence"].nunique() == 1 and 0 <= found["confidence"][0] <= 1
    assert list(found["index"]) == list(range(len(found))) and set(found["page"]) == {"harbour"}
    for label, scores in zip(found["label"], found["scores"], strict=True):
        assert list(scores) == list(LABELS) and sum(scores.values()) == pytest.approx(1)
        assert label == max(scores, key=scores.get)
    assert found["path"].str.startswith("/html").all()


@pytest.mark.parametrize(("name", "columns"), [("harbour-news.html", COLUMNS), ("seed-ferry-clock.txt", COLUMNS[:-1])])
def test_records_are_the_rows_in_plain_types(model: Model, name: str, columns: list[str]):
    content = PAGES.joinpath(name).read_bytes()
    rows, records = model.label(content, page=name), model.records(content, page=name)
    assert all(list(record) == columns for record in records)
    assert {column: list(rows[column]) for column in columns} == {
        column: [record[column] for record in records] for column in columns
    }
    assert type(records[0]["index"]) is int and type(records[0]["scores"]["comment_form"]) is float
    assert type(records[0]["confidence"]) is float


def test_bytes_and_str_agree_and_twice_is_the_same(model: Model):
    content = PAGES.joinpath("ja-sento-note.html").read_bytes()
    assert model.label(content).equals(model.label(content.decode()))


def test_a_model_is_a_file_or_the_folder_that_it_is_in(copied: Path):
    assert repr(load(copied)) == repr(load(copied.parent)) == repr(load(str(copied))) == repr(load())


def test_a_model_that_is_missing_is_said_to_be_so(tmp_path: Path):
    for path in (tmp_path, tmp_path / "blocks.npz"):
        with pytest.raises(ModelError, match=r"blocks\.npz: no such model file; name one that `make train` wrote"):
            load(path)
    with pytest.raises(ModelError, match=r"m\.joblib: .* if you trust it: pagesieve compile .*/m\.joblib"):
        load(tmp_path / "m.joblib")


def test_text_keeps_the_article_only(model: Model):
    kept = model.text(PAGES.joinpath("harbour-news.html").read_bytes())
    labelled = model.label(PAGES.joinpath("harbour-news.html").read_bytes())
    assert kept.split("\n\n") == list(labelled.loc[labelled["label"] == "article_content", "text"])


@pytest.mark.parametrize("content", ["", b"", "\n \n", "<html><body></body></html>", "<script>x</script>"])
def test_a_page_without_text_has_no_blocks(model: Model, content: str | bytes):
    assert model.label(content).empty and list(model.label(content).columns)[0] == "page"
    assert model.text(content) == ""


def test_content_is_never_a_path(model: Model):
    with pytest.raises(TypeError, match="content must be the page itself"):
        model.label(Path("page.html"))  # type: ignore[arg-type]


def right(model: Model, name: str) -> list[bool]:
    content = PAGES.joinpath(name).read_bytes()
    blocks = model.label(content, kind="html" if name.endswith(".html") else "text")
    running, owners = running_words(blocks["text"])
    truth = dict.fromkeys(range(len(blocks)), "")
    for start, span in find_spans(read_annotations([ROOT / "data/annotations/pages.csv"])[name].spans, running):
        truth[owners[start]] = CODES[span.code]
    return [label == truth[index] for index, label in enumerate(blocks["label"])]


def test_preferring_recall_keeps_more_and_precision_less(model: Model):
    for path in sorted(PAGES.glob("*.*")):
        kept = {}
        for prefer in PREFERENCES:
            found = model.label(path.read_bytes(), prefer=prefer)
            kept[prefer] = set(found.index[found["label"] == "article_content"])
        assert kept["precision"] <= kept["balanced"] <= kept["recall"]


def test_an_operating_point_that_the_card_lacks_is_an_error(model: Model):
    bare = Model(model.stages, model.card | {"decision": {}})
    assert bare.text("<p>A boat came in.</p>", prefer="balanced") is not None
    with pytest.raises(ModelError, match="no operating point that prefers recall on html pages.*make train"):
        bare.label("<p>A boat came in.</p>", prefer="recall")
    with pytest.raises(ValueError, match="one of precision, balanced, recall, not 'most'"):
        model.label("<p>A boat came in.</p>", prefer="most")


def test_left_over_pages(model: Model):
    found = [right(model, path.name) for path in sorted(PAGES.glob("seed-*.txt"))]
    assert len(found) == 4 and np.mean(np.concatenate(found)) >= 0.95


def test_the_real_left_over_page(model: Model, corpora: Path):
    examples = corpora.parent / "examples"
    if not examples.is_dir():
        pytest.skip("no examples folder beside the corpora")
    expected = []
    for line in examples.joinpath("escape.labels").read_text().splitlines():
        if not line.startswith("#"):
            places, label = line.split()
            first, last = places.split("-")
            expected += [label] * (int(last) - int(first) + 1)
    found = model.label(examples.joinpath("escape.txt").read_bytes(), kind="text")["label"]
    assert len(expected) == 20 and found.tolist() == expected


def test_a_changed_file_is_not_read(copied: Path, monkeypatch: pytest.MonkeyPatch):
    copied.write_bytes(copied.read_bytes() + b"x")
    monkeypatch.setattr("pagesieve.predict.model.unpack_arrays", lambda *_: pytest.fail("it was read"))
    with pytest.raises(ModelError, match=r"blocks\.npz: sha256 .* not loaded.*make train"):
        load(copied)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"digests": 1}, "not a model card"),
        ({"digests": {"npz": 1}}, "not a model card"),
        ({"digests": {"joblib": "0"}}, "not a model card"),
        ({"kinds": ["pdf"]}, "not a model card"),
        ({"kinds": []}, "not a model card"),
        ({"kinds": [["text"]]}, "not a model card"),
        ({"kinds": ["text"]}, "has an unknown array .html"),
        ({"columns": ["words"]}, "other features or labels"),
        ({"smoke_test": None}, "smoke-test pages are none"),
        ({"more": "x" * 2_000_000}, "larger than 2,000,000 bytes"),
        ({"more": [[]] * 100_001}, "more than 100,000 lists and objects"),
        ({"more": float("nan")}, "not a model card .NaN in it"),
        ({"decision": {"html": {"recall": 3}}}, "operating points are none"),
        ({"decision": {"text": {"recall": dict.fromkeys(LABELS, 0.0)}}}, "operating points are none"),
    ],
)
def test_a_card_that_does_not_fit(copied: Path, changes: dict[str, object], message: str):
    change_card(copied, **changes)
    with pytest.raises(ModelError, match=message):
        load(copied)


@pytest.mark.parametrize("kind", ["html", "text"])
def test_other_probabilities_are_refused(copied: Path, kind: str):
    smoke_test = json.loads(copied.with_suffix(".json").read_text())["smoke_test"]
    smoke_test["pages"][kind]["probabilities"][0][0] += 1e-4
    change_card(copied, smoke_test=smoke_test)
    with pytest.raises(ModelError, match=f"probabilities of the smoke-test page of {kind} are off by 0.0001"):
        load(copied)


@pytest.mark.parametrize("ending", [".npz", ".json"])
def test_a_pipe_in_place_of_a_model_or_its_card_is_not_waited_for(copied: Path, ending: str):
    copied.with_suffix(ending).unlink()
    os.mkfifo(copied.with_suffix(ending))
    with pytest.raises(ModelError, match=rf"blocks\{ending}: .*\(a pipe, socket or device, not a file\)"):
        load(copied)


def test_a_file_larger_than_any_model_is_not_read_to_its_end(copied: Path):
    with copied.open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(ModelError, match=r"blocks\.npz is larger than 50,000,000 bytes; it was not loaded"):
        load(copied)


def test_missing_files_are_named(tmp_path: Path, copied: Path):
    (tmp_path / "other.npz").touch()
    with pytest.raises(ModelError, match="no model card"):
        load(tmp_path / "other.npz")
    copied.with_suffix(".json").write_text("[" * 100_000)
    with pytest.raises(ModelError, match="not a model card"):
        load(copied)
    copied.with_suffix(".json").write_text("{")
    with pytest.raises(ModelError, match="not a model card"):
        load(copied)
