"""The command line: each entry of COMMANDS is a file of ``cli/``."""

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    del sys.path[0]  # the current folder, where anything may be named like a module

import argparse
import io
from collections.abc import Sequence
from typing import NoReturn

from .processes import signals

if __name__ == "__main__":  # before the libraries are imported, which takes a second
    sys.exit(signals.main())

from . import __version__, core
from .cli import bulk, compile, explain, predict, review
from .cli.arguments import Command
from .errors import Failure
from .output.terminal import note, silence

COMMANDS = {
    "predict": Command(predict.run, "label the blocks of pages", predict.add_arguments),
    "explain": Command(explain.run, "print why a block got its label", explain.add_arguments),
    "bulk": Command(bulk.run, "label the pages of whole archives", bulk.add_arguments),
    "review": Command(review.run, "label pages by hand in the browser", review.add_arguments),
    "compile": Command(compile.run, "make a model file of scikit-learn pipelines", compile.add_arguments),
}


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        note(f"{message} (try: {self.prog} --help)")
        sys.exit(2)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """End after the help or the version; raises OSError if it cannot be written."""
        if sys.stdout is not None:
            sys.stdout.flush()
        super().exit(status, message)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status, with one line on stderr for each thing that went wrong."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="")
    try:
        args = parser().parse_args(argv)
        with signals.signals_first():
            return COMMANDS[args.command].run(args)
    except KeyboardInterrupt as stopped:
        return signals.report(stopped)
    except BrokenPipeError:
        silence(sys.stdout)
        return 0
    except Failure as error:
        note(str(error))
    except OSError as error:
        note(f"{error.filename or 'output'}: {error.strerror or error}")
        silence(sys.stdout)
    except MemoryError:
        note("not enough memory; label fewer or smaller pages at once")
    return 2


def parser() -> argparse.ArgumentParser:
    top = Parser(prog="pagesieve", description="Labels the blocks of scraped pages.", allow_abbrev=False)
    top.add_argument("--version", action="version", version=f"pagesieve {__version__} ({core.name()})")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        added = commands.add_parser(
            name,
            help=f"{command.help} (see: pagesieve {name} --help)",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.add_arguments(added)
    return top
