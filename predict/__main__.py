"""The command line: ``pagesieve predict`` reads pages one by one and writes their labelled blocks as they come,
``pagesieve explain`` prints why a block of a page got its label, ``pagesieve bulk`` labels whole archives,
``pagesieve review`` lets you label pages by hand, ``pagesieve compile`` makes a model file of scikit-learn pipelines.
"""

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    del sys.path[0]  # the current folder, where anything may be named like a module

import argparse
import io
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn, TextIO

from .processes import signals

if __name__ == "__main__":  # before the libraries are imported, which takes a second
    sys.exit(signals.main())

from . import __version__, files
from .cli import bulk as archives
from .cli.sandboxed import Visit, in_worker, status_of, visit_each
from .cli.targets import fills_folder, naming_output, refuse_overwriting, refuse_read_only
from .errors import Failure
from .explain import explain, render
from .inputs import Source, find, kind, read
from .labels import LABELS
from .model import Model, load
from .output import formats
from .output.formats import DEFAULT, FORMATS, note
from .scoring.decision import PREFERENCES, Prefer

HELP = """\
INPUT is a page (HTML or plain text, also as .gz), a folder that is searched for pages (.html .htm .xhtml .mhtml
.mht .txt and their .gz), or - for standard input. Pages named .txt are text, those with the other names HTML, and
without such a name they are HTML if they look like it; --input overrules both. Of MHTML the HTML part is read. A page
of more than 10 MB, unpacked, is refused, and so is a file that is no page, as a PDF. HTML that is nested deeper than
1,000 elements, or has as much of something else that is not parsed in due time, is read as text, with a note.

formats:
{formats}

exit status: 0 done, 1 pages of a folder could not be read, the others are done, 2 error (of a named page that took too
much time or memory among several: the others are done), 130 interrupted, 143 terminated
"""
WHY_HELP = """\
For each of the three passes it prints what adds up to the decision value of each label: the terms of the block and
its surroundings in the 1st pass, features of the page's scores in the 2nd and 3rd. The scores are the softmax of the
decision values, so only differences between labels count. The label is the one where nothing is preferred.

exit status: 0 done, 2 error
"""


REVIEW_HELP = """\
Prints an address to open in a browser of this machine. Each label is saved at once, and the page's text beside it, in
the format that `make train` reads. FILE of --export and --import is .json in the format of Label Studio, or .csv.

exit status: 0 done, or ended by Ctrl-C once it serves, 2 error, 130 interrupted before, 143 terminated
"""
COMPILE_HELP = """\
This runs FILE: a joblib file is a pickle, and a pickle is a program. Compile only what comes from somebody you trust.
Writes the npz beside FILE, and its digest into the card, both or none. `make train` has done so for its own models.

exit status: 0 done, 2 error
"""
MINE, TEST = Path("data/raw/mine"), Path("data/raw/mine-test")  # which `make train` learns from, and scores alone


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
            return COMMANDS[args.command](args)
    except KeyboardInterrupt as stopped:
        return signals.report(stopped)
    except BrokenPipeError:
        formats.silence(sys.stdout)
        return 0
    except Failure as error:
        note(str(error))
    except OSError as error:
        note(f"{error.filename or 'output'}: {error.strerror or error}")
        formats.silence(sys.stdout)
    except MemoryError:
        note("not enough memory; label fewer or smaller pages at once")
    return 2


def parser() -> argparse.ArgumentParser:
    top = Parser(prog="pagesieve", description="Labels the blocks of scraped pages.", allow_abbrev=False)
    top.add_argument("--version", action="version", version=f"pagesieve {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    add = partial(commands.add_parser, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    add_predict(add("predict", help="label the blocks of pages (see: pagesieve predict --help)"))
    add_explain(add("explain", help="print why a block got its label (see: pagesieve explain --help)"))
    archives.add_bulk(add("bulk", help="label the pages of whole archives (see: pagesieve bulk --help)"))
    add_review(add("review", help="label pages by hand in the browser (see: pagesieve review --help)"))
    add_compile(add("compile", help="make a model file of scikit-learn pipelines (see: pagesieve compile --help)"))
    return top


def add_predict(command: argparse.ArgumentParser) -> None:
    command.description = f"Labels each block of a page: {', '.join(LABELS)}."
    command.epilog = HELP.format(formats="\n".join(told(name, one.help) for name, one in FORMATS.items()))
    add = command.add_argument
    add("inputs", nargs="+", metavar="INPUT", help="page, folder of pages, or - for standard input")
    add("--format", choices=tuple(FORMATS), default=DEFAULT, help=f"what to write (default: {DEFAULT})")
    add("--keep", type=labels, metavar="LABEL,…", help="labels to write (default: article_content in text, else all)")
    add(
        "--prefer",
        choices=PREFERENCES,
        default="balanced",
        help="lean towards a clean article (precision) or a whole one (recall; default: balanced)",
    )
    add("-o", "--output", metavar="PATH", help="file to write, or folder for html of several pages (default: stdout)")
    add_shared(command)


def told(name: str, what: str) -> str:
    """What the help says of a format, in lines that leave room for its name."""
    what += " (default)" * (name == DEFAULT)
    return textwrap.fill(what, 119, initial_indent=f"  {name:8}", subsequent_indent=" " * 10)


def add_explain(command: argparse.ArgumentParser) -> None:
    command.description, command.epilog = "Prints why a block of a page got its label.", WHY_HELP
    add = command.add_argument
    add("page", metavar="INPUT", help="page, or - for standard input")
    add("--block", type=count, required=True, metavar="N", help="index of the block, from 0, as predict writes it")
    add("--top", type=count, default=10, metavar="N", help="terms or features to print of each pass (default: 10)")
    add_shared(command)


def add_compile(command: argparse.ArgumentParser) -> None:
    command.description = "Makes the file that --model takes, blocks.npz, of the blocks.joblib of a training."
    command.epilog = COMPILE_HELP
    command.add_argument("file", type=Path, metavar="FILE", help="blocks.joblib, with its card blocks.json beside it")


def add_shared(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--input", choices=("auto", "html", "text"), default="auto", help="what a page is (default: by name or look)")
    archives.add_model(command)


def add_review(command: argparse.ArgumentParser) -> None:
    command.description = "Opens a page on this machine alone, where the blocks of pages are labelled by hand."
    command.epilog = REVIEW_HELP
    add = command.add_argument
    add("inputs", nargs="+", metavar="INPUT", help="page, or folder of pages")
    add("--blind", action="store_true", help="without predictions, for labels that no model had a say in")
    add("--reader", default="me", metavar="NAME", help="who labels (default: me)")
    add("--out", type=Path, metavar="DIR", help=f"where pages and labels are kept (default: {MINE}, blind {TEST})")
    add("--port", type=port, default=0, metavar="N", help="port of the web page (default: one that is free)")
    files_of = command.add_mutually_exclusive_group()
    files_of.add_argument("--export", type=Path, metavar="FILE", help="write all labels of the pages, and end")
    files_of.add_argument("--import", type=Path, dest="imported", metavar="FILE", help="take labels, and end")
    add_shared(command)


def labels(value: str) -> list[str]:
    names = [name.strip() for name in value.split(",")]
    for name in names:
        if name not in LABELS:
            raise argparse.ArgumentTypeError(f"unknown label {name!r}, the labels are {', '.join(LABELS)}")
    return names


def count(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= archives.DIGITS):
        raise argparse.ArgumentTypeError(f"expected a number from 0, not {value[: archives.DIGITS]!r}")
    return int(value)


def port(value: str) -> int:
    if (number := count(value)) >= 1 << 16:
        raise argparse.ArgumentTypeError(f"expected a number below {1 << 16}, not {value!r}")
    return number


def predict(args: argparse.Namespace) -> int:
    """Label all pages of the command line; returns the exit status."""
    sources = list(find(args.inputs))
    folder = fills_folder(args, sources)
    names = files.mirrored([source.page for source in sources]) if folder else []
    target = None if args.output in (None, "-") else Path(args.output)
    if target:
        refuse_overwriting([target / name for name in names] or [target], sources)
        refuse_read_only(args.output, [target / name for name in names] or [target])
    model = loaded(args, args.prefer)
    skipped: list[Source] = []
    empty: list[Source] = []
    with in_worker(partial(label, model, args, len(sources) > 1)) as visit:
        pages = labelled(visit, sources, args, skipped, empty)
        if target is None:
            show(page for _, page in pages)
        else:
            with naming_output(args.output):
                if folder:
                    files.write_folder(target, ((names[number], page) for number, page in pages))
                else:
                    files.write_file(target, (page for _, page in pages))
    if empty and len(sources) > 1:
        note(f"{len(empty)} of {formats.plural(len(sources) - len(skipped), 'page')} without an article")
    if skipped:
        lost = f"{len(skipped)} of {formats.plural(len(sources), 'page')}"
        note(f"skipped {lost}, which could not be read; the others are labelled")
    return status_of(skipped)


def loaded(args: argparse.Namespace, prefer: Prefer = "balanced") -> Model:
    """The model of the command line, which has this operating point; else a Failure."""
    model = load(args.model)
    for name in model.card["kinds"]:
        model.thresholds(name, prefer)
    return model


def bulk(args: argparse.Namespace) -> int:
    """Label whole archives; returns 1 if pages were lost, else 0."""
    need_stdout()  # before the work; and joblib starts no process without one
    reports, said = archives.label(args, loaded(args, args.prefer))
    show([said])
    return 1 if any(report.lost for report in reports) else 0


def explained(args: argparse.Namespace) -> int:
    """Print why a block of a page got its label; returns 0, a page without this block is a Failure."""
    content = read(args.page)
    with in_worker(partial(explanation, loaded(args), args)) as visit:
        show([visit(args.page, content)])
    return 0


def explanation(model: Model, args: argparse.Namespace, page: str, content: bytes) -> str:
    try:
        found = explain(model, content, args.block, kind=kind(page, args.input))
    except IndexError as error:
        raise Failure(f"{page}: {error}") from error
    return render(found, page=page, top=args.top)


def reviewed(args: argparse.Namespace) -> int:
    """Let the blocks of pages be labelled by hand; returns the exit status."""
    need_stdout()
    if not args.export:
        archives.need_fcntl("review")
    try:
        from pagesieve.train.review.server import review
    except ModuleNotFoundError as error:
        raise Failure(f"review needs {error.name}: pip install 'pagesieve[review]'") from error
    args.out = args.out or (TEST if args.blind else MINE)
    needless = args.blind or args.export or args.imported
    return review(args, None if needless else loaded(args))


def show(texts: Iterable[str]) -> None:
    files.write_stream(need_stdout(), texts)


def need_stdout() -> TextIO:
    """Standard output; a Failure if it is closed."""
    if sys.stdout is None:
        raise Failure("standard output is closed")
    return sys.stdout


def label(model: Model, args: argparse.Namespace, several: bool, page: str, content: bytes) -> tuple[str, bool, bool]:
    """What is to be written for a page, whether it has blocks, and whether it has an article."""
    blocks = model.records(content, page=page, kind=kind(page, args.input), prefer=args.prefer)
    form = FORMATS[args.format]
    kept = [block for block in blocks if block["label"] in (args.keep or form.keep)]
    shown = form.render(kept, page, several)
    return shown, bool(blocks), any(block["label"] == LABELS[0] for block in blocks)


def labelled(
    visit: Visit[tuple[str, bool, bool]],
    sources: list[Source],
    args: argparse.Namespace,
    skipped: list[Source],
    empty: list[Source],
) -> Iterator[tuple[int, str]]:
    """The number of each page and what is to be written for it; ``visit`` is ``label``.

    Adds the pages that it passes over to ``skipped``, those without an article to ``empty``.
    """
    if header := FORMATS[args.format].header:
        yield 0, header
    for number, source, (shown, has_blocks, has_article) in visit_each(sources, visit, skipped):
        if not has_article:
            empty.append(source)
        if not has_blocks:
            note(f"{source.page}: an empty page, no blocks")
        yield number, shown
    signals.settle()  # what is written from here on is the output as a whole


def compiled(args: argparse.Namespace) -> int:
    """Write the arrays of a joblib file beside it; returns 0."""
    note(f"{args.file}: runs this file; whoever made it can run any program here")
    try:
        from .compile import compile_model

        written = compile_model(args.file)
    except ModuleNotFoundError as error:
        raise Failure(f"compile needs {error.name}: pip install 'pagesieve[train]'") from error
    show([f"wrote {written} and its digest into {written.with_suffix('.json').name}\n"])
    return 0


COMMANDS = {"predict": predict, "explain": explained, "bulk": bulk, "review": reviewed, "compile": compiled}
