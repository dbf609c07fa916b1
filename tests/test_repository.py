"""What is promised about the repository itself: its files, its help, its documents, its shipped model."""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from pagesieve.predict.output.formats import FORMATS
from pagesieve.train.benchmark.bench_tables import with_tables
from pagesieve.train.benchmark.compare import OURS, with_scoreboard
from pagesieve.train.plots.draw import PLOTS

ROOT = Path(__file__).parents[1]
TOP = """train predict data models reports tests Makefile README.md CHANGELOG.md CONTRIBUTING.md LICENSE
    pyproject.toml requirements.lock SECURITY.md .ci .gitignore""".split()
TARGETS = "setup lock demo test data train evaluate gate compare bench report predict review lint clean".split()
VARIABLES = "PAGE= PAGES= CORPORA= MODEL= DATA= MINE= FORCE=1 EXTRACTORS_PYTHON= UPGRADE=1 RAISE=1 LOWER=1".split()
READMES = ("README.md", "predict/README.md", "train/README.md", "reports/README.md")
DOCUMENTS = (*READMES, "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")
ELSEWHERE = re.compile(r"(?<![\w.~/:])/(?:work|root|home|Users|tmp|farm)/\w")


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def printed_by(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, encoding="utf-8").stdout


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("needs a git checkout")
    return printed_by("git", "ls-files", "-z").split("\0")[:-1]


@pytest.fixture(scope="module")
def card() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(read("models/blocks.json"))
    return found


def targets() -> list[str]:
    return re.findall(r"^([a-z][a-z-]*):.*## ", read("Makefile"), re.M)


def test_the_top_level_is_exact(tracked: list[str]) -> None:
    assert sorted({name.split("/")[0] for name in tracked}) == sorted(TOP)


def test_no_tracked_file_names_a_place_of_one_machine(tracked: list[str]) -> None:
    found = []
    for name in tracked:
        content = (ROOT / name).read_bytes()
        if b"\0" not in content:
            lines = content.decode("utf-8").splitlines()
            found += [f"{name}:{number}: {line}" for number, line in enumerate(lines, 1) if ELSEWHERE.search(line)]
    assert found == []


def test_make_alone_lists_every_target() -> None:
    printed = printed_by("make", "--no-print-directory")
    listed = re.findall(r"^  make ([a-z-]+) +\S", printed, re.M)
    assert listed == targets()
    assert set(TARGETS) <= set(listed)
    assert all(variable in printed for variable in VARIABLES)


def test_check_full_runs_every_slow_test_once_and_then_the_gate() -> None:
    commands = printed_by("make", "--no-print-directory", "-n", "check-full").splitlines()
    runs = [line.split("--durations=0 ")[1].split() for line in commands if "pytest" in line]
    rest = next(words for words in runs if any(word.startswith("--ignore=") for word in words))
    apart = [word for words in runs if words is not rest for word in words if word.startswith("tests/")]
    assert sorted(word.removeprefix("--ignore=") for word in rest[2:]) == sorted(apart)
    assert all((ROOT / name).is_file() for name in apart) and ["-m", "install"] in runs
    assert len(runs) == 4 and "pagesieve.train gate" in commands[-1]


def test_the_readmes_name_every_target_and_variable_of_make() -> None:
    readme = "".join(map(read, READMES))
    assert [name for name in TARGETS if not re.search(rf"\bmake {name}\b", readme)] == []
    assert [name for name in VARIABLES if name not in readme] == []


def test_the_readmes_name_every_option() -> None:
    commands = ("predict", "explain", "bulk", "review")
    shown = "".join(printed_by(sys.executable, "-m", "pagesieve.predict", name, "--help") for name in commands)
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", shown)) - {"--help"}
    assert options >= {"--format", "--input", "--keep", "--model", "--block", "--top", "--scheduler", "--blind"}
    assert sorted(option for option in options if option not in "".join(map(read, READMES))) == []


def test_the_readmes_name_the_formats_and_the_plots_in_their_order() -> None:
    table = read("predict/README.md").partition("| format | what is written |\n")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)`", table, re.M) == list(FORMATS)
    assert re.findall(r"^\| `(\w+)\.png`", read("reports/README.md"), re.M) == [plot.name for plot in PLOTS]


def test_the_readme_explains_a_block_as_the_shipped_model_does() -> None:
    said = re.search(r"```console\n\$ \.venv/bin/pagesieve (explain .*)\n([^`]*)```", read("predict/README.md"))
    assert said and printed_by(sys.executable, "-m", "pagesieve.predict", *said[1].split()) == said[2]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_names_only_what_is_there(name: str, tracked: list[str]) -> None:
    text = read(name)
    assert sorted(set(re.findall(r"(?:`|^\s*)make ([a-z][a-z-]*)", text, re.M)) - set(targets())) == []
    files = set(re.findall(r"(?<![\w./-])(?:train|predict|data|models|reports|tests)/[\w./-]*\w\.\w+", text))
    ignored = ("data/raw/", "reports/demo.html", "reports/local/")
    assert sorted(file for file in files if file not in tracked and not file.startswith(ignored)) == []


def test_the_readme_shows_the_comparison_of_this_evaluation() -> None:
    """The table in the README is that of compare.json, whose figures of ours are those of metrics.json."""
    if not (ROOT / "reports/compare.json").exists():
        pytest.skip("needs reports/compare.json, which make compare writes")
    report, metrics = json.loads(read("reports/compare.json")), json.loads(read("reports/metrics.json"))
    assert with_scoreboard(read("reports/README.md"), report) == read("reports/README.md")
    for part, mode in (("wcxb", "html"), ("lines", "text")):
        found, wanted = report[part][OURS]["by_type"], metrics["word_f1"][mode]
        assert {kind: found[kind]["f1"] for kind in found} == pytest.approx(
            {kind: wanted[kind]["f1"] for kind in wanted}
        )


def test_the_short_comparison_has_the_figures_of_the_long_ones() -> None:
    long = read("reports/README.md")
    short = re.search(r"<!-- short comparison -->(.*?)<!-- /short comparison -->", read("README.md"), re.S)
    assert short
    rows = [line.strip("| ").split(" | ") for line in short[1].strip().splitlines()[2:]]
    assert [row[0] for row in rows] == ["**pagesieve**", "rs-trafilatura", "trafilatura", "resiliparse", "justext"]
    for name, word_f1, segment_f1, leak, cost in rows:
        tool = re.escape(name.removesuffix("**"))
        scores, costs = (re.search(rf"^\| {tool} .*\|$", part, re.M) for part in long.split("\n## Speed\n"))
        assert scores and costs
        scored, measured = ([cell.split(" ")[0] for cell in found[0].split(" | ")] for found in (scores, costs))
        assert [word_f1, segment_f1, leak, cost] == [scored[1], scored[4], scored[7], measured[2]]


def test_the_readme_shows_the_last_bench() -> None:
    assert with_tables(read("reports/README.md"), json.loads(read("reports/bench.json"))) == read("reports/README.md")


def test_the_readme_shows_the_scores_of_this_evaluation() -> None:
    metrics, readme = json.loads(read("reports/metrics.json")), read("reports/README.md")
    tables = {name: re.search(rf"<!-- {name} -->(.*?)<!-- /{name} -->", readme, re.S)[1] for name in ("scores", "kept")}
    for name, part in (("", metrics), (", embedded data alone", metrics["embedded"])):
        for mode, figures in part["labels"].items():
            values = [figures["macro_f1"], *(of["f1"] for of in figures["per_label"].values())]
            assert f"| {mode}{name} | " + " | ".join(f"{value:.3f}" for value in values) + " |" in tables["scores"]
    for prefer in ("precision", "balanced", "recall"):
        values = [metrics["kept"][kind][prefer][what] for kind in ("html", "text") for what in ("precision", "recall")]
        assert f"| {prefer} | " + " | ".join(f"{value:.3f}" for value in values) + " |" in tables["kept"]


def test_contributing_lists_the_commands_of_ci() -> None:
    steps = re.findall(r"^step (make [a-z-]+)", read(".ci/run"), re.M)
    block = re.search(r"```sh\n(.*?)```", read("CONTRIBUTING.md"), re.S)
    assert block and len(steps) >= 5
    assert re.findall(r"^make [a-z-]+", block[1], re.M) == steps


def test_the_model_files_are_small_enough_for_git_and_those_of_their_card(card: dict[str, Any]) -> None:
    for ending, digest in card["digests"].items():
        model = (ROOT / "models" / f"blocks.{ending}").read_bytes()
        assert len(model) < 8_000_000 and digest == hashlib.sha256(model).hexdigest()
    assert set(card["digests"]) == {"joblib", "npz"}


def test_the_card_has_the_scores_of_this_evaluation(card: dict[str, Any]) -> None:
    assert card["scores"] == json.loads(read("reports/metrics.json"))
    assert set(card["scores"]["embedded"]["labels"]) == {"html", "text", "pre_extracted"}


def test_the_card_has_a_digest_of_everything_the_model_was_trained_on(card: dict[str, Any]) -> None:
    sources = tomllib.loads(read("data/sources.toml"))["source"]
    for name in ["paragraphs", *(source["name"] for source in sources)]:
        assert re.search(r"\b[0-9a-f]{64}\b", json.dumps(card["data"][name])), name


def test_every_source_has_its_ids() -> None:
    for source in tomllib.loads(read("data/sources.toml"))["source"]:
        ids = read(f"data/{source['ids']}").splitlines()
        assert ids and len(ids) == len(set(ids)), source["ids"]
