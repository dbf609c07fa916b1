"""What the arguments of several commands share: their types, the model, what a page is."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ..errors import Failure
from ..model import Model, load
from ..scoring.decision import Prefer

DIGITS = 9  # of a number on the command line, at most


class Command(NamedTuple):
    """A command: what runs it and gives the exit status, a line of help, and what adds its arguments to a parser."""

    run: Callable[[argparse.Namespace], int]
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]


def add_model(command: argparse.ArgumentParser) -> None:
    """The option that says which model, which all commands share."""
    command.add_argument(
        "--model",
        type=Path,
        metavar="PATH",
        help="another model than the one that comes with pagesieve: a folder with blocks.npz in it, or such a file",
    )


def add_page(command: argparse.ArgumentParser) -> None:
    """The options of the commands that read single pages."""
    add = command.add_argument
    add("--input", choices=("auto", "html", "text"), default="auto", help="what a page is (default: by name or look)")
    add_model(command)


def count(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= DIGITS):
        raise argparse.ArgumentTypeError(f"expected a number from 0, not {value[:DIGITS]!r}")
    return int(value)


def number(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= DIGITS and int(value)):
        raise argparse.ArgumentTypeError(f"expected a number from 1, not {value[:DIGITS]!r}")
    return int(value)


def loaded(args: argparse.Namespace, prefer: Prefer = "balanced") -> Model:
    """Return the model of the command line, which has this operating point; else a Failure."""
    model = load(args.model)
    for name in model.card["kinds"]:
        model.thresholds(name, prefer)
    return model


def need_fcntl(command: str) -> None:
    """Raise a Failure where Python has no fcntl, which holds a folder against other processes, as on Windows."""
    try:
        import fcntl  # noqa: F401
    except ImportError:
        raise Failure(f"{command} needs Linux or macOS; predict and explain work without them") from None
