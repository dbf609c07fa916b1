"""``pagesieve explain``: prints why a block of a page got its label."""

import argparse
from functools import partial

from ..errors import Failure
from ..explain import explain, render
from ..inputs import kind, read
from ..model import Model
from .arguments import add_page, count, load_model
from .sandboxed import in_worker
from .stdout import show

HELP = """\
For each of the three stages it prints what adds up to the decision value of each label: the terms of the block and
its surroundings in the first stage, features of the page's scores in the 2nd and 3rd. The scores are the softmax of the
decision values, so only differences between labels count. The label is the one where nothing is preferred.

exit status: 0 done, 2 error
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.description, command.epilog = "Prints why a block of a page got its label.", HELP
    add = command.add_argument
    add("page", metavar="INPUT", help="page, or - for standard input")
    add("--block", type=count, required=True, metavar="N", help="index of the block, from 0, as predict writes it")
    add("--top", type=count, default=10, metavar="N", help="terms or features to print of each stage (default: 10)")
    add_page(command)


def run(args: argparse.Namespace) -> int:
    """Print why a block of a page got its label; returns 0, raises Failure for a page without this block."""
    content = read(args.page)
    with in_worker(partial(explanation, load_model(args), args)) as visit:
        show([visit(args.page, content)])
    return 0


def explanation(model: Model, args: argparse.Namespace, page: str, content: bytes) -> str:
    try:
        found = explain(model, content, args.block, kind=kind(page, args.input))
    except IndexError as error:
        raise Failure(f"{page}: {error}") from error
    return render(found, page=page, top=args.top)
