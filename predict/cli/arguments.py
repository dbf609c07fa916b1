"""Parts shared by the arguments of several commands: types, and the options for model and kind of page."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ..errors import Failure
from ..model import Model, load
from ..scoring.decision import Prefer

DIGITS = 9  # maximum digits of a number on the command line


class Command(NamedTuple):
    """A command: a function that runs it and returns the exit status, a line of help, and one that
    adds its arguments.
    """

    run: Callable[[argparse.Namespace], int]
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]


def add_model(command: argparse.ArgumentParser) -> None:
    """Add the option for the model, which all commands share."""
    command.add_argument(
        "--model",
        type=Path,
        metavar="PATH",
        help="another model than the one that comes with pagesieve: a folder with blocks.npz in it, or such a file",
    )


def add_page(command: argparse.ArgumentParser) -> None:
    """Add the options of the commands that read single pages."""
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


def load_model(args: argparse.Namespace, prefer: Prefer = "balanced") -> Model:
    """Load the model of the command line; raises Failure if it lacks the operating point."""
    model = load(args.model)
    for name in model.card["kinds"]:
        model.thresholds(name, prefer)
    return model


def need_fcntl(command: str) -> None:
    """Raise Failure if Python lacks fcntl, which locks a folder against other processes, as on Windows."""
    try:
        import fcntl  # noqa: F401
    except ImportError:
        raise Failure(f"{command} needs Linux or macOS; predict and explain work without them") from None
