"""The commands behind make and their arguments; what is wrong with these is told before any work is done."""

import argparse
import os
from pathlib import Path
from typing import NoReturn

from pagesieve.predict.cli.bulk import number
from pagesieve.predict.errors import Failure
from pagesieve.predict.files import nearest

from .review.corrections import read_corrections

RAW = Path("data/raw")
MINE = RAW / "mine"  # where `pagesieve review` keeps pages and labels


class Parser(argparse.ArgumentParser):
    """Says what is wrong as a Failure, in a line."""

    def error(self, message: str) -> NoReturn:
        raise Failure(f"{message}; --help shows what there is")


def path_of(value: str) -> Path:
    if not value:
        raise argparse.ArgumentTypeError("empty, name a path or leave it out")
    return Path(value)


def arguments() -> argparse.Namespace:
    parser = Parser(prog="python -m pagesieve.train", description="The commands behind make.")
    commands = parser.add_subparsers(dest="command", required=True)
    data = commands.add_parser("data", help="fetch the corpora of data/sources.toml to data/raw")
    data.add_argument("--corpora", type=path_of, metavar="DIR", help="take the archives from this folder")
    train = commands.add_parser("train", help="train on all data that is there")
    train.add_argument("--model", type=path_of, default=Path("models"), metavar="DIR", help="folder for model and card")
    train.add_argument("--data", type=path_of, metavar="CSV", help="labelled paragraphs of your own")
    train.add_argument("--mine", type=path_of, metavar="DIR", help="pages labelled in `pagesieve review`")
    train.add_argument("--force", action="store_true", help="replace a model that was trained on more data")
    for name, what in (
        ("evaluate", "score out of fold by site"),
        ("curve", "score by the number of sites learned from"),
        ("report", "draw the plots of what was written"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument("--reports", type=path_of, default=Path("reports"), metavar="DIR")
    gating = commands.add_parser("gate", help="compute the scores anew; fails if one is below its floor")
    gating.add_argument("--model", type=path_of, default=Path("models"), metavar="DIR", help="folder of model and card")
    gating.add_argument("--reports", type=path_of, default=Path("reports"), metavar="DIR")
    gating.add_argument("--corpora", action="store_true", help="also those on the corpora")
    gating.add_argument("--write", choices=("raise", "lower"), help="write floors, those of the corpora by the card")
    commands.add_parser("compare", help="score other extractors beside what evaluate extracted")
    timing = commands.add_parser("bench", help="time pagesieve and other extractors on the same pages")
    timing.add_argument("--pages", type=number, default=200, metavar="N", help="of WCXB, where it is (default: 200)")
    commands.add_parser("agreement", help="how far two readers of the same pages agree")
    return parser.parse_args()


def check_folder(folder: Path, *, written: bool) -> None:
    """Failure unless the folder is there or can be made, and can be ``written`` to."""
    there = nearest(folder)
    if not there.is_dir():
        raise Failure(f"{there}: is a file; name a folder")
    if written and not os.access(there, os.W_OK):
        raise Failure(f"{there}: cannot be written to; name another folder")


def check_mine(folder: Path | None) -> None:
    """Failure if the folder of labelled pages that was asked for has none to learn from."""
    if folder and not folder.is_dir():
        raise Failure(f"{folder}: no such folder; name one where `pagesieve review --out` keeps labels")
    if folder and not read_corrections(folder, []):
        raise Failure(f"{folder}: no labels to learn from; label pages with `pagesieve review --out {folder}`")
