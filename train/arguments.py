"""Arguments of the commands behind make, checked before the work."""

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from pagesieve.predict.cli.arguments import number
from pagesieve.predict.errors import Failure
from pagesieve.predict.files import nearest_existing

from .fit.training_data import RAW
from .review.corrections import read_corrections

Option = tuple[str, dict[str, Any]]  # its name, and its arguments for argparse
MINE = RAW / "mine"  # where `pagesieve review` stores pages and labels


class Parser(argparse.ArgumentParser):
    """A parser that raises Failure for invalid arguments."""

    def error(self, message: str) -> NoReturn:
        raise Failure(f"{message}; --help shows what there is")


def path_of(value: str) -> Path:
    if not value:
        raise argparse.ArgumentTypeError("empty, name a path or leave it out")
    return Path(value)


def option(name: str, **how: Any) -> Option:
    return name, how


CORPORA = option("--corpora", type=path_of, metavar="DIR", help="take the archives from this folder")
MODEL = option("--model", type=path_of, default=Path("models"), metavar="DIR", help="folder of model and card")
DATA_CSV = option("--data", type=path_of, metavar="CSV", help="labelled paragraphs of your own")
MINE_DIR = option("--mine", type=path_of, metavar="DIR", help="pages labelled in `pagesieve review`")
FORCE = option("--force", action="store_true", help="replace a model that was trained on more data")
REPORTS = option("--reports", type=path_of, default=Path("reports"), metavar="DIR", help="folder of the figures")
WITH_CORPORA = option("--corpora", action="store_true", help="also those on the corpora")
WRITE = option("--write", choices=("raise", "lower"), help="write floors, those of the corpora by the card")
PAGES = option("--pages", type=number, default=200, metavar="N", help="of WCXB, where it is (default: 200)")


@dataclass(frozen=True)
class Command:
    """A command: its function, which returns the exit status or None for 0, its line of help, and its options."""

    run: Callable[[argparse.Namespace], int | None]
    help: str
    options: Sequence[Option] = ()


def arguments(commands: Mapping[str, Command]) -> argparse.Namespace:
    """Parse the command line for one of these commands by name; raises Failure for invalid arguments."""
    parser = Parser(prog="python -m pagesieve.train", description="The commands behind make.")
    subparsers = parser.add_subparsers(dest="command", required=True)
    for name, command in commands.items():
        subparser = subparsers.add_parser(name, help=command.help)
        for flag, how in command.options:
            subparser.add_argument(flag, **how)
    return parser.parse_args()


def check_folder(folder: Path, *, written: bool) -> None:
    """Raise Failure unless the folder exists or can be made, and, if ``written``, is writable."""
    there = nearest_existing(folder)
    if not there.is_dir():
        raise Failure(f"{there}: is a file; name a folder")
    if written and not os.access(there, os.W_OK):
        raise Failure(f"{there}: cannot be written to; name another folder")


def check_mine(folder: Path | None) -> None:
    """Raise Failure if the given folder of labelled pages has no labels."""
    if folder and not folder.is_dir():
        raise Failure(f"{folder}: no such folder; name one where `pagesieve review --out` keeps labels")
    if folder and not read_corrections(folder, []):
        raise Failure(f"{folder}: no labels to learn from; label pages with `pagesieve review --out {folder}`")
