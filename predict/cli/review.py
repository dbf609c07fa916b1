"""``pagesieve review``: lets you label pages by hand in the browser."""

import argparse
from pathlib import Path

from ..errors import Failure
from .arguments import add_page, count, load_model, need_fcntl
from .stdout import need_stdout

HELP = """\
Prints an address to open in a browser of this machine. Each label is saved at once, and the page's text beside it, in
the format that `make train` reads. FILE of --export and --import is .json in the format of Label Studio, or .csv.

exit status: 0 done, or ended by Ctrl-C once it serves, 2 error, 130 interrupted before, 143 terminated
"""
MINE, TEST = Path("data/raw/mine"), Path("data/raw/mine-test")  # for `make train`: to learn from, and to score only


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.description = "Opens a page on this machine alone, where the blocks of pages are labelled by hand."
    command.epilog = HELP
    add = command.add_argument
    add("inputs", nargs="+", metavar="INPUT", help="page, or folder of pages")
    add("--blind", action="store_true", help="without predictions, for labels that no model had a say in")
    add("--reader", default="me", metavar="NAME", help="who labels (default: me)")
    add("--out", type=Path, metavar="DIR", help=f"where pages and labels are kept (default: {MINE}, blind {TEST})")
    add("--port", type=port, default=0, metavar="N", help="port of the web page (default: one that is free)")
    files_of = command.add_mutually_exclusive_group()
    files_of.add_argument("--export", type=Path, metavar="FILE", help="write all labels of the pages, and end")
    files_of.add_argument("--import", type=Path, dest="imported", metavar="FILE", help="take labels, and end")
    add_page(command)


def port(value: str) -> int:
    if (number := count(value)) >= 1 << 16:
        raise argparse.ArgumentTypeError(f"expected a number below {1 << 16}, not {value!r}")
    return number


def run(args: argparse.Namespace) -> int:
    """Start the web page for labels by hand; returns the exit status."""
    need_stdout()
    if not args.export:
        need_fcntl("review")
    try:
        from pagesieve.train.review.server import review
    except ModuleNotFoundError as error:
        raise Failure(f"review needs {error.name}: pip install 'pagesieve[review]'") from error
    args.out = args.out or (TEST if args.blind else MINE)
    needless = args.blind or args.export or args.imported
    return review(args, None if needless else load_model(args))
