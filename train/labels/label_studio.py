"""labels of a review <-> files of other tools: tasks of Label Studio (.json), or rows (.csv).

A page is a task, its text the blocks separated by an empty line, each label a region. Imported labels replace those of
the same readers on the same pages; an error in any record leaves all labels unchanged.
"""

import csv
import io
import json
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any

from pagesieve.predict import files
from pagesieve.predict.document.page import MAX_BYTES
from pagesieve.predict.errors import Failure
from pagesieve.predict.labels import CODES, LABELS
from pagesieve.predict.output.csv_table import safe

from .alignment import CELLS
from .label_store import CODE_OF, Mark, Marks, Sheet, locked, marks_of, readers_of, replace_marks

COLUMNS = ("page", "name", "site", "index", "text", "label", "code", "reader", "date")
BETWEEN = "\n\n"
MAX_READER = 254  # maximum characters of a user's name or address
MAX_USER = 10**12  # limit of a user's number
MAX_COVERED = 2_000_000  # maximum of blocks covered by the regions of a task, counted once per region
FAR = re.compile("[\U00010000-\U0010ffff]")

Found = dict[tuple[str, str], Marks]  # by id of the page and reader


class Bad(ValueError):
    """An invalid record; the message tells what is wrong."""


def export_labels(path: Path, folder: Path, sheets: Sequence[Sheet]) -> str:
    """Write the labels of all readers; pages without labels are included, for others to label."""
    check_format(path)
    every = [
        (sheet, {name: marks_of(folder, sheet, name)[1] for name in readers_of(folder, sheet)}) for sheet in sheets
    ]
    if path.suffix == ".json":
        content = json.dumps([task_of(sheet, by_reader) for sheet, by_reader in every], indent=1) + "\n"
    else:
        out = io.StringIO(newline="")
        writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
        writer.writerows([COLUMNS, *(row for sheet, by_reader in every for row in rows_of(sheet, by_reader))])
        content = out.getvalue()
    files.write_file(path, [content])
    count = sum(len(marks) for _, by_reader in every for marks in by_reader.values())
    return f"wrote {path}: {len(sheets)} pages, {count} labels"


def import_labels(path: Path, folder: Path, sheets: Sequence[Sheet], reader: str, date: str) -> str:
    """Save the labels of a file; ``reader`` and ``date`` are used for labels without them."""
    check_format(path)
    by_id = {sheet.id: sheet for sheet in sheets}
    try:
        text = path.read_text(encoding="utf-8-sig")
        found: Found = {}
        marks_in = marks_of_task if path.suffix == ".json" else marks_of_row
        for name, record in records(text, path):
            try:
                of_record = marks_in(record, by_id, reader, date)
            except Bad as error:
                raise Failure(f"{path}, {name}: {error}") from error
            except RecursionError as error:
                raise Failure(f"{path}, {name}: nested too deep") from error
            for key, marks in of_record.items():
                found.setdefault(key, {}).update(marks)
    except (UnicodeDecodeError, csv.Error) as error:
        raise Failure(f"{path}: cannot be read as UTF-8 {path.suffix[1:]}: {error}") from error
    with locked(folder):
        for (id, name), marks in found.items():
            replace_marks(folder, by_id[id], name, marks)
    return f"took {sum(map(len, found.values()))} labels of {len({id for id, _ in found})} pages from {path}"


def check_format(path: Path) -> None:
    if path.suffix not in (".json", ".csv"):
        raise Failure(f"{path}: expected a name that ends in .json or .csv")


def records(text: str, path: Path) -> Iterator[tuple[str, Any]]:
    """Yield each record with its name for error messages."""
    if path.suffix == ".csv":
        before = csv.field_size_limit(2 * MAX_BYTES)  # a block may be as large as its page, with added apostrophes
        try:
            reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
            yield from ((f"line {reader.line_num}", row) for row in reader)
        finally:
            csv.field_size_limit(before)
        return
    try:
        tasks = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Failure(f"{path}: no JSON ({error}); export from Label Studio as JSON") from error
    if not isinstance(tasks, list):
        raise Failure(f"{path}: expected a list of tasks; export from Label Studio as JSON")
    for number, task in enumerate(tasks):
        known = isinstance(task, dict) and isinstance(task.get("id"), int | str)
        id = f" (id {task['id']!r:.60})" if known else ""
        yield f"task {number}{id}", task


def places(sheet: Sheet) -> Iterator[tuple[int, int, int]]:
    """Yield the index of each block, and its start and end in the text of its task."""
    start = 0
    for block in sheet.blocks:
        yield block.index, start, start + len(block.text)
        start += len(block.text) + len(BETWEEN)


def text_of(sheet: Sheet) -> str:
    return BETWEEN.join(block.text for block in sheet.blocks)


def task_of(sheet: Sheet, by_reader: dict[str, Marks]) -> dict[str, Any]:
    text = text_of(sheet)
    annotations = [
        {"result": [
            {"id": f"{reader}-{index}", "from_name": "label", "to_name": "text", "type": "labels",
             "value": {"start": start, "end": end, "text": text[start:end], "labels": [CODES[marks[index].code]]},
             "meta": {"reader": reader, **marks[index]._asdict()}}
            for index, start, end in places(sheet) if index in marks
        ]}
        for reader, marks in by_reader.items()
    ]  # fmt: skip
    data = {"page": sheet.id, "name": sheet.name, "site": sheet.site, "text": text}
    return {"data": data, "annotations": annotations}


def marks_of_task(task: Any, by_id: dict[str, Sheet], reader: str, date: str) -> Found:
    """Return the labels of a task: a block has the label of the regions that cover most of it, and at least half."""
    data = expect(task, dict, "a task with data").get("data")
    sheet = sheet_at(expect(data, dict, "data").get("page"), by_id)
    text = text_of(sheet)
    if data.get("text") != text:
        raise Bad("data.text is not the text of this page")
    blocks, far = list(places(sheet)), wide_positions(text)
    covered: dict[str, dict[int, Counter[Mark]]] = {}
    left = MAX_COVERED
    for number, annotation in enumerate(expect(task.get("annotations"), list, "a list of annotations")):
        other = reader_of(expect(annotation, dict, "an annotation").get("completed_by"), reader)
        for place, region in enumerate(expect(annotation.get("result"), list, "a result with regions")):
            try:
                who, mark, start, end = read_region(region, text, far, other, date)
            except Bad as error:
                raise Bad(f"annotation {number}, region {place}: {error}") from error
            first = bisect_right(blocks, start, key=itemgetter(2))
            for index, low, high in blocks[first : bisect_left(blocks, end, key=itemgetter(1))]:
                covered.setdefault(who, {}).setdefault(index, Counter())[mark] += min(end, high) - max(start, low)
                left -= 1
            if left < 0:
                raise Bad(f"regions of more than {MAX_COVERED:,} blocks in all")
    sizes = {index: high - low for index, low, high in blocks}
    return {
        (sheet.id, who): {
            index: most.most_common(1)[0][0] for index, most in of.items() if 2 * most.total() >= sizes[index]
        }
        for who, of in covered.items()
    }


def read_region(region: Any, text: str, far: list[int], reader: str, date: str) -> tuple[str, Mark, int, int]:
    """Return reader, label, start and end of a region."""
    value = expect(expect(region, dict, "a region").get("value"), dict, "a region with a value")
    start, end = (expect(value.get(name), int, f"{name} as a number") for name in ("start", "end"))
    labels = expect(value.get("labels"), list, "labels")
    if len(labels) != 1:
        raise Bad(f"expected one label, got {labels!r:.60}")
    if not 0 <= start < end:
        raise Bad(f"start {start!r:.30} and end {end!r:.30} are no stretch of text")
    start, end = stretch(text, far, start, end, value.get("text"))
    meta = region.get("meta") if isinstance(region.get("meta"), dict) else {}
    return (
        reader_of(meta.get("reader"), reader),
        mark_of(labels[0], meta.get("code"), meta.get("date"), date),
        start,
        end,
    )


def wide_positions(text: str) -> list[int]:
    """Return the offsets, in UTF-16 units, of characters that take two such units."""
    return [found.start() + number for number, found in enumerate(FAR.finditer(text))]


def stretch(text: str, far: list[int], start: int, end: int, wanted: Any) -> tuple[int, int]:
    """Return start and end of a region's text, whose offsets may count characters, or UTF-16 units as in JavaScript.

    ``far`` is the result of ``wide_positions``. Only the part of the text as long as the region is compared.
    """
    if end <= len(text) and (wanted is None or is_at(text, start, end, wanted)):
        return start, end
    low, high = (place - bisect_left(far, place) for place in (start, end))
    if high > len(text) or not is_at(text, low, high, wanted):
        raise Bad(f"start {start!r:.30} and end {end!r:.30} do not hold the region's text {wanted!r:.60}")
    return low, high


def is_at(text: str, start: int, end: int, wanted: Any) -> bool:
    return isinstance(wanted, str) and len(wanted) == end - start and text.startswith(wanted, start)


def reader_of(given: Any, reader: str) -> str:
    """Return a valid reader name for a user of Label Studio: a number, an address, or an object with one of them."""
    if isinstance(given, dict):
        given = given.get("email") or given.get("id")
    if given in (None, ""):
        return reader
    if type(given) is int and 0 <= given < MAX_USER:
        return f"user-{given}"
    if not isinstance(given, str) or len(given) > MAX_READER or safe(given) != given:
        raise Bad(f"reader {given!r:.60} is no name, address or number of a user")
    return re.sub("[^A-Za-z0-9_-]+", "-", given.partition("@")[0]).lstrip("-_")[:32] or reader


def mark_of(label: Any, code: Any, given: Any, date: str) -> Mark:
    if label not in LABELS:
        raise Bad(f"label {label!r:.60} is none of {', '.join(LABELS)}")
    if code not in (None, "", *CODES):
        raise Bad(f"code {code!r:.60} is none of {', '.join(CODES)}")
    if given not in (None, "") and not (isinstance(given, str) and CELLS["date"].fullmatch(given)):
        raise Bad(f"date {given!r:.60} is none, as {date} is")
    return Mark(code if code and CODES[code] == label else CODE_OF[label], given or date)


def rows_of(sheet: Sheet, by_reader: dict[str, Marks]) -> Iterator[tuple[object, ...]]:
    """Yield a row for each label of a block, or one without a label."""
    for block in sheet.blocks:
        head = (sheet.id, safe(sheet.name), safe(sheet.site), block.index, safe(block.text))
        marked = [(reader, marks[block.index]) for reader, marks in by_reader.items() if block.index in marks]
        yield from ((*head, CODES[mark.code], mark.code, reader, mark.date) for reader, mark in marked)
        if not marked:
            yield (*head, "", "", "", "")


def marks_of_row(row: Any, by_id: dict[str, Sheet], reader: str, date: str) -> Found:
    if missing := {"page", "index", "text", "label"} - set(row):
        raise Bad(f"no column {', '.join(sorted(missing))}")
    if None in row or None in row.values():
        raise Bad("not as many cells as in line 1")
    sheet = sheet_at(row["page"], by_id)
    index = int(row["index"]) if re.fullmatch("[0-9]{1,9}", row["index"]) else -1
    place = bisect_left(sheet.blocks, index, key=attrgetter("index"))
    block = sheet.blocks[place] if place < len(sheet.blocks) else None
    if not block or str(block.index) != row["index"] or safe(block.text) != row["text"]:
        raise Bad(f"index {row['index']!r:.60} and text are no block of this page")
    if not row["label"]:
        return {}
    mark = mark_of(row["label"], row.get("code"), row.get("date"), date)
    return {(sheet.id, reader_of(row.get("reader"), reader)): {index: mark}}


def sheet_at(id: Any, by_id: dict[str, Sheet]) -> Sheet:
    if not isinstance(id, str) or id not in by_id:
        raise Bad(f"page {id!r:.60} is none of the pages given")
    return by_id[id]


def expect(value: Any, kind: type, what: str) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Bad(f"expected {what}, got {value!r:.60}")
    return value
