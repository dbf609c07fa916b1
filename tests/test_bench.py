"""The bench: its pages, its turns, its ratios and tables on made-up figures, and a tool that fails; no time."""

import gzip
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from pagesieve.predict import load
from pagesieve.predict.errors import Failure
from pagesieve.train.benchmark import bench, bench_bulk, stopwatch
from pagesieve.train.benchmark.bench_tables import growth, power, ratios, with_tables
from pagesieve.train.benchmark.stage_times import stage_times
from pagesieve.train.benchmark.tool_outputs import write_pages

ROOT = Path(__file__).parents[1]
TEMPLATE = (ROOT / "data/pages" / bench.MODEL_PAGE).read_text("utf-8")


def made_report() -> dict[str, Any]:
    """Linear but for the memory of a page, ours twice as slow as the fast tool and half as slow as the other."""
    cpu = {"pagesieve": [2.0, 2.2, 4.0], "trafilatura": [4.0, 4.0, 8.8], "resiliparse": [1.0, 1.0, 2.0]}
    return {
        "machine": {"cores": 2, "processor": "abacus", "python": "3.11.0"},
        "versions": dict.fromkeys(cpu, "1.0"),
        "rounds": 3,
        "pages": {"from": "WCXB", "count": 20, "bytes": 400_000},
        "tools": {tool: {"errors": 0, "cpu": of, "peak": [one * 1e8 for one in of]} for tool, of in cpu.items()},
        "sizes": [{"bytes": size, "cpu": [size / 1e6] * 3, "memory": [size**2 / 1e6] * 3} for size in bench.SIZES],
        "numbers": [{"pages": step, "cpu": step / 100, "resident": 250_000_000} for step in stopwatch.STEPS],
        "stages": {"parse": 1.0, "walk": 2.0, "output": 1.0},
        "start": {"import": [1.0, 1.0, 1.2], "above": [0.5, 0.6, 0.7], "first_page": [0.1, 0.1, 0.1]},
        "lines": {"lines": 10, "characters": 500, "per_second": [1000.0, 3000.0, 2000.0]},
        "bulk": {"pages": 60, "seconds": {"1": [6.0, 4.0, 6.0], "2": [3.0, 2.5, 4.0]}, "blocks": 90, "repeated": 30},
    }


def test_a_ratio_is_the_median_of_paired_rounds():
    # the medians alone would say 2; the third round was slow for both
    assert ratios([2, 2.2, 9], [1, 2, 6]) == pytest.approx((1.5, 1.1, 2))


def test_growth_is_a_power():
    assert power([1, 10, 100], [3, 300, 30_000]) == pytest.approx(2)
    report = made_report()
    assert (growth(report["sizes"], "cpu"), growth(report["sizes"], "memory")) == pytest.approx((1, 2))
    report["sizes"][0]["cpu"] = [9.0] * 3  # what a page of 1 kB costs is no growth
    assert growth(report["sizes"], "cpu") == pytest.approx(1)


def test_the_figures_go_between_the_marks():
    readme = "# A\n\n<!-- bench -->\nold\n<!-- /bench -->\n"
    once = with_tables(readme, made_report())
    assert once == with_tables(once, made_report()) and "old" not in once
    assert re.findall(r"^\| (?:\*\*)?(\w+) 1.0.*", once, re.M) == ["resiliparse", "pagesieve", "trafilatura"]
    assert "| trafilatura 1.0 | 200.0 | 0.500 (0.455 to 0.550) | 400 | 0.500 (0.455 to 0.550) | 0 |" in once
    assert "| 10 MB | 10.000 | 1.00 | 100 |" in once and "| 20,000 | 200.0 | 10.0 | 250 |" in once
    assert "walk 50%" in once and "2,000 (1,000 to 3,000) distinct lines" in once
    assert "10.0 (10.0 to 15.0) pages a second in 1 process; 20.0 (15.0 to 24.0) pages a second in 2 processes" in once
    assert "2 processes, 1.60 (1.50 to 2.00) times as many. Of 90 blocks 33% repeat" in once


@pytest.mark.parametrize("size", bench.SIZES[:4])
def test_a_made_page_has_its_size_and_texts_of_its_own(size: int):
    one, other = (bench.made_page(TEMPLATE, size, number) for number in (1, 2))
    assert len(one.encode()) == len(other.encode()) == size and one.endswith("</body></html>")
    long = [{text for text in re.findall(r">([^<]{40,})</(?!body)", page)} for page in (one, other)]
    assert long[0] and not long[0] & long[1]
    assert len(long[0]) == len(re.findall(r">([^<]{40,})</(?!body)", one))


def test_the_tools_take_turns(tmp_path: Path):
    asked = []

    def measure(tool: str, content: Path) -> dict[str, Any]:
        asked.append(tool)
        return {"pages": 1, "cpu": float(len(asked)), "peak": 3, "before": 1, "errors": 0}

    tools = bench.time_tools([{"id": "1", "url": "", "html": "x"}], tmp_path, measure)
    assert asked == [bench.OURS, *bench.PACKAGES] * bench.REPEATS
    assert tools["pagesieve"]["cpu"] == [1, 7, 13] and tools["resiliparse"]["cpu"] == [6, 12, 18]


def test_a_sample_is_the_same_each_time(tmp_path: Path):
    wcxb = tmp_path / "wcxb"
    wcxb.mkdir()
    entries = {f"{page:04}": {"page_type": "article"} for page in range(30)}
    (wcxb / "metadata.json").write_text(json.dumps({"files": entries}))
    for folder in ("html", "truth"):
        (wcxb / folder).mkdir()
    for page in range(30):
        (wcxb / f"html/{page:04}.html.gz").write_bytes(gzip.compress(f"<p>Heron {page}".encode()))
        (wcxb / f"truth/{page:04}.json").write_text('{"url": "https://a.example/"}')
    pages = bench.sample(wcxb, 7)
    assert len({page["html"] for page in pages}) == 7 and pages == bench.sample(wcxb, 7)
    assert len(bench.own_pages(ROOT / "data/pages")) == 41


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    write_pages(tmp_path / "pages.jsonl.gz", bench.made_pages(TEMPLATE, 2000, 3))
    return tmp_path / "pages.jsonl.gz"


@pytest.mark.parametrize("tool", ["pagesieve", "resiliparse"])
def test_a_pass_is_measured_in_a_process_of_its_own(pages: Path, tool: str):
    costs = bench.measure_tool(tool, pages, folder=pages.parent, venv=Path(sys.prefix))
    assert costs["pages"] == 3 and costs["errors"] == 0 and costs["cpu"] > 0
    assert 0 < costs["before"] <= costs["peak"]


def test_starting_is_measured_beside_the_same_imports(tmp_path: Path):
    costs = bench.measure_tool("start", ROOT / "data/pages/plum-cake.html", folder=tmp_path, venv=tmp_path)
    assert costs["imported"] < costs["loaded"] < costs["first_page"]
    assert {"scipy.sparse", "selectolax.lexbor"} <= set(costs["modules"])
    assert not any(name.startswith("pagesieve") for name in costs["modules"])


@pytest.mark.slow
def test_bulk_is_timed_and_repeated_blocks_are_counted(tmp_path: Path):
    pages = [{"id": str(number), "url": "", "html": f"<p>Menu<p>Heron {number % 2}"} for number in range(3)]
    found = bench_bulk.bulk_speed(pages, tmp_path, 1, bench.REMEDY)
    assert list(found["seconds"]) == ["1", "2"] and min(map(len, found["seconds"].values())) == 1
    assert (found["pages"], found["blocks"], found["repeated"]) == (3, 6, 3)


def test_a_tool_that_fails_is_named(pages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(bench.PACKAGES, "boilerpy3", "boilerpy3")  # not installed here
    with pytest.raises(Failure, match="^boilerpy3: no answers .*raised on every page.*make bench"):
        bench.measure_tool("boilerpy3", pages, folder=tmp_path, venv=Path(sys.prefix))
    with pytest.raises(Failure, match="^start: no answers .*make bench"):
        bench.measure_tool("start", tmp_path / "no.html", folder=tmp_path, venv=tmp_path)


def test_every_stage_of_the_model_is_seen():
    spent = stage_times(load(), [TEMPLATE])
    assert list(spent) == ["parse", "walk", "features", "vectorise", "first stage", "later stages", "output"]
    assert min(spent.values()) > 0
