"""frames of blocks or articles -> a file, as JSON lines or Parquet, frame by frame."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from ..output.json_lines import json_line
from .readers import import_extra

Write = Callable[[pd.DataFrame], None]


@contextmanager
def jsonl_rows(path: Path) -> Iterator[Write]:
    """Yield a function that writes each row of a frame as a JSON object, without missing values."""
    with path.open("w", encoding="utf-8", newline="") as stream:

        def write(frame: pd.DataFrame) -> None:
            for row in frame.astype(object).where(frame.notna(), None).to_dict("records"):
                there = {str(name): value for name, value in row.items() if value is not None}
                stream.write(json_line(there))

        yield write


@contextmanager
def parquet_rows(path: Path) -> Iterator[Write]:
    """Yield a function that writes a frame as a row group; the first frame defines the columns."""
    arrow, parquet = import_extra("pyarrow", "parquet"), import_extra("pyarrow.parquet", "parquet")
    writer: Any = None

    def write(frame: pd.DataFrame) -> None:
        nonlocal writer
        table = arrow.Table.from_pandas(frame, preserve_index=False)
        writer = writer or parquet.ParquetWriter(path, table.schema, compression="zstd")
        if len(frame):
            writer.write_table(table)

    try:
        yield write
    finally:
        if writer:
            writer.close()


FORMATS: dict[str, Callable[[Path], AbstractContextManager[Write]]] = {"parquet": parquet_rows, "jsonl": jsonl_rows}
