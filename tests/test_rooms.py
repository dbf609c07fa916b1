"""The rooms of the code: which may import which, and that each one's README names its files."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pagesieve.train.corpora.registry import ADAPTERS

ROOT = Path(__file__).parents[1]
ORDER = {  # each may import those before it
    "predict": "errors labels files document features modelfile scoring core model inputs output explain compile "
    "processes bulk cli __main__",
    "train": "style corpora labels augment fit evaluation benchmark plots review arguments __main__",
}
ROOMS = sorted(path.parent for top in ORDER for path in (ROOT / top).glob("*/__init__.py"))


def imports_of(path: Path) -> Iterator[tuple[str, ...]]:
    """The modules and packages below pagesieve that a file imports, as the parts of their names."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            named = tuple((node.module or "").split(".")) if node.module else ()
            if node.level:
                base = (*package[: len(package) - node.level + 1], *named)
            elif named[:1] == ("pagesieve",):
                base = named[1:]
            else:
                continue
            yield from ((*base, alias.name) for alias in node.names)


@pytest.mark.parametrize("top", ORDER)
def test_no_room_imports_a_later_one(top: str) -> None:
    order = ORDER[top].split()
    found = {
        path.stem if path.parent == ROOT / top else path.relative_to(ROOT).parts[1]
        for path in (ROOT / top).rglob("*.py")
    }
    assert found - {"__init__"} == set(order)
    for path in (ROOT / top).rglob("*.py"):
        room = path.relative_to(ROOT / top).parts[0].removesuffix(".py")
        for module in imports_of(path):
            if module[0] == top and room in order and len(module) > 1 and module[1] in order:
                assert order.index(module[1]) <= order.index(room), f"{path} imports {'.'.join(module)}"


def test_predict_imports_nothing_of_train_but_the_review() -> None:
    found = {
        (path.name, module[1])
        for path in (ROOT / "predict").rglob("*.py")
        for module in imports_of(path)
        if module[0] == "train"
    }
    assert found == {("review.py", "review")}


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: "/".join(room.parts[-2:]))
def test_the_readme_of_a_room_names_its_files(room: Path) -> None:
    named = re.findall(r"^- `(\w+\.py)`: ", (room / "README.md").read_text("utf-8"), re.M)
    adapters = {f"{name.replace('-', '_')}.py" for name in ADAPTERS}  # named as one
    there = {path.name for path in room.glob("*.py")} - {"__init__.py"} - adapters
    assert set(named) == there and len(named) == len(set(named))
