"""``pagesieve compile``: converts scikit-learn pipelines to a model file."""

import argparse
from pathlib import Path

from ..errors import Failure
from ..output.terminal import note
from .stdout import show

HELP = """\
This runs FILE: a joblib file is a pickle, and a pickle is a program. Compile only what comes from somebody you trust.
Writes the npz beside FILE, and its digest into the card, both or none. `make train` has done so for its own models.

exit status: 0 done, 2 error
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.description = "Makes the file that --model takes, blocks.npz, of the blocks.joblib of a training."
    command.epilog = HELP
    command.add_argument("file", type=Path, metavar="FILE", help="blocks.joblib, with its card blocks.json beside it")


def run(args: argparse.Namespace) -> int:
    """Write the arrays of a joblib file next to it; returns 0."""
    note(f"{args.file}: runs this file; whoever made it can run any program here")
    try:
        from ..compile import compile_model

        written = compile_model(args.file)
    except ModuleNotFoundError as error:
        raise Failure(f"compile needs {error.name}: pip install 'pagesieve[train]'") from error
    show([f"wrote {written} and its digest into {written.with_suffix('.json').name}\n"])
    return 0
