"""The same run on Dask workers, and the same function in Spark and Ray: what comes out equals the local run."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from made import PAGE, by_line, crawl, slowly

from pagesieve.predict.bulk.frames import BLOCKS, frame_of_blocks
from pagesieve.predict.bulk.labelling import RUNNING, Job, Report
from pagesieve.predict.bulk.run import Engine, label_shards
from pagesieve.predict.bulk.shards import find_shards

ROOT = Path(__file__).parents[1]
FEW, MANY = (3, 60), (8, 700)  # shards, records in each
SIZES = [FEW, pytest.param(MANY, marks=pytest.mark.slow)]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two worker processes, which a nanny replaces when they are killed."""
    distributed = pytest.importorskip("distributed", reason="needs distributed: make setup")
    pytest.importorskip("fastwarc", reason="needs fastwarc: make setup")
    pytest.importorskip("pyarrow", reason="needs pyarrow: make setup")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as started:
        yield started


def bulk(
    folder: Path, out: str, engine: Engine, work: Callable[[pd.DataFrame], pd.DataFrame] = by_line
) -> list[Report]:
    job = Job(folder / out, work)
    return label_shards(find_shards([str(folder / "in")], job.out), job, {"model": "none"}, engine)


def rows(folder: Path, out: str) -> pd.DataFrame:
    files = sorted((folder / out / "blocks").rglob("*.parquet"))
    return pd.concat(map(pd.read_parquet, files), ignore_index=True)


def when_begun(folder: Path, do: Callable[[], object]) -> None:
    """Does something as soon as a shard is finished and another one is being labelled."""

    def wait() -> None:
        out = folder / "dask"
        while not (list((out / "blocks").rglob("*.parquet")) and list((out / RUNNING).glob("*/pages"))):
            time.sleep(0.005)
        do()

    threading.Thread(target=wait, daemon=True).start()


def check(folder: Path, reports: list[Report], shards: int, records: int) -> None:
    """The Dask run has the rows, reports and errors of the local one, and these are all that there should be."""
    assert reports == bulk(folder, "local", Engine())
    found = rows(folder, "dask")
    pd.testing.assert_frame_equal(found, rows(folder, "local"))
    assert (folder / "dask/errors.jsonl").read_text() == (folder / "local/errors.jsonl").read_text()
    torn = 1
    broken, other = (sum(number % 50 in places for number in range(records)) for places in ({11}, {7, 13}))
    assert found["page"].is_unique and len(found) == shards * (records - broken - other) - torn
    assert sum(report.skipped for report in reports) == shards * other
    assert sum(report.failed for report in reports) == shards * broken + torn


@pytest.mark.parametrize("size", SIZES)
def test_a_worker_killed_in_mid_run_costs_no_row_and_doubles_none(size: Any, cluster: Any, tmp_path: Path) -> None:
    crawl(tmp_path / "in", *size)
    pid = cluster.workers[0].pid
    when_begun(tmp_path, lambda: os.kill(pid, signal.SIGKILL))
    reports = bulk(tmp_path, "dask", Engine("dask", scheduler=cluster.scheduler_address), slowly)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    check(tmp_path, reports, *size)


@pytest.mark.parametrize("size", SIZES)
def test_a_run_interrupted_and_repeated_costs_no_row_and_doubles_none(size: Any, cluster: Any, tmp_path: Path) -> None:
    crawl(tmp_path / "in", *size)
    engine = Engine("dask", scheduler=cluster.scheduler_address)
    when_begun(tmp_path, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        bulk(tmp_path, "dask", engine, slowly)
    assert len(list((tmp_path / "dask").rglob("*.parquet"))) < size[0]
    check(tmp_path, bulk(tmp_path, "dask", engine, slowly), *size)


@pytest.mark.slow
def test_a_second_run_on_a_cluster_after_a_minute_and_a_half_has_all_rows(cluster: Any, tmp_path: Path) -> None:
    crawl(tmp_path / "in", *FEW)
    engine = Engine("dask", scheduler=cluster.scheduler_address)
    first = bulk(tmp_path, "first", engine)
    time.sleep(90)
    assert bulk(tmp_path, "dask", engine) == first
    check(tmp_path, first, *FEW)


@pytest.mark.slow  # kills processes by their place in the tree, and on a busy machine once the one that tests
def test_a_shard_that_dask_gives_up_is_tried_again(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="needs distributed: make setup")
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        text = f"it kills its worker once: {tmp_path / name}"
        (tmp_path / f"in/{name}.jsonl").write_text(json.dumps({"page": name, "text": text}), encoding="utf-8")
    with (
        pytest.importorskip("dask").config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as started,
    ):
        reports = bulk(tmp_path, "dask", Engine("dask", scheduler=started.scheduler_address))
    assert [(report.pages, report.failed) for report in reports] == [(1, 0), (1, 0)]
    assert (tmp_path / "a").exists() and (tmp_path / "b").exists()


@pytest.mark.filterwarnings("default")  # those of PySpark, which does not know this pandas yet
def test_the_same_function_in_spark(monkeypatch: pytest.MonkeyPatch) -> None:
    sql = pytest.importorskip("pyspark.sql", reason="needs pyspark: pip install pyspark, and Java")
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    spark = sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", False).getOrCreate()
    try:
        pages = pages_of_three()
        found = example("spark")["blocks_of"](spark.createDataFrame(pages)).toPandas()
    finally:
        spark.stop()
    same(found, frame_of_blocks(pages).drop(columns="row"))


@pytest.mark.filterwarnings("default")  # those of Ray
def test_the_same_function_in_ray() -> None:
    ray = pytest.importorskip("ray", reason="needs ray: pip install 'ray[data]'")
    pages = pages_of_three()
    found = example("ray")["blocks_of"](ray.data.from_pandas(pages)).to_pandas()
    same(found, frame_of_blocks(pages).drop(columns="row"))


def example(name: str) -> dict[str, Any]:
    """What the example of this name in predict/README.md defines."""
    text = (ROOT / "predict/README.md").read_text("utf-8").split(f"<!-- {name} -->")[1]
    names: dict[str, Any] = {}
    exec(text.split("```python\n")[1].split("```")[0], names)
    return names


def pages_of_three() -> pd.DataFrame:
    return pd.DataFrame({"page": ["a", "b", "c"], "content": [PAGE.format(number).encode() for number in range(3)]})


def same(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    assert list(found) == list(BLOCKS)
    found = found.sort_values(["page", "index"], ignore_index=True).astype(BLOCKS)
    pd.testing.assert_frame_equal(found, wanted)
