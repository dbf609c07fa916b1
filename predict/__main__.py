"""The command line: ``pagesieve predict`` reads pages one by one and writes their labelled blocks as they come."""

import argparse
import gzip
import io
import os
import sys
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePath
from typing import NoReturn

from . import output
from .decide import PREFERENCES
from .labels import LABELS
from .model import Model, ModelError, load
from .page import Kind, PageWarning

KINDS: dict[str, Kind] = {".html": "html", ".htm": "html", ".xhtml": "html", ".txt": "text"}
PAGES = (*KINDS, *(f"{suffix}.gz" for suffix in KINDS))
HELP = """\
INPUT is a page (HTML or plain text, also as .gz), a folder that is searched for pages (.html .htm .xhtml .txt and
their .gz), or - for standard input. Pages named .html .htm .xhtml are HTML, .txt is text; others are HTML if they
look like it, and --input overrules both.

formats:
  jsonl   one JSON object a block: page, index, text, label, scores, confidence (the F1 to be expected of the page's
          article as a whole), and for HTML the XPath where it begins (default)
  csv     the same as a table for spreadsheets, a column for each score; control characters are left out, and cells
          that would be taken for a formula (= + - @ first) begin with an apostrophe
  text    the blocks, separated by an empty line; each of several pages begins with a line of its own:
          a form feed and the page's name
  html    the page's blocks, coloured by label; several pages need -o DIR, which gets a file for each

exit status: 0 done, 1 pages of a folder could not be read, the others are done, 2 error
"""


class Failure(Exception):
    """What ends the run; the message says why, for the user."""


class BadPage(Failure):
    """A page that cannot be read: ends the run if the user named it, else it is skipped."""


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        note(f"{message} (try: {self.prog} --help)")
        sys.exit(2)


@dataclass(frozen=True)
class Source:
    """A page to read: its path, or ``-``; and whether the user named it, rather than a folder that it is in."""

    page: str
    named: bool


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status, with one line on stderr for each thing that went wrong."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="")
    args = parser().parse_args(argv)
    try:
        return predict(args)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        silence()
        return 0
    except Failure as error:
        note(str(error))
    except OSError as error:
        note(f"{error.filename or 'output'}: {error.strerror or error}")
        silence()
    return 2


def parser() -> argparse.ArgumentParser:
    try:
        number = version("pagesieve")
    except PackageNotFoundError:
        number = "(not installed)"
    top = Parser(prog="pagesieve", description="Labels the blocks of scraped pages.", allow_abbrev=False)
    top.add_argument("--version", action="version", version=f"pagesieve {number}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    command = commands.add_parser(
        "predict",
        help="label the blocks of pages (see: pagesieve predict --help)",
        description=f"Labels each block of a page: {', '.join(LABELS)}.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = command.add_argument
    add("inputs", nargs="+", metavar="INPUT", help="page, folder of pages, or - for standard input")
    add("--format", choices=("jsonl", "csv", "text", "html"), default="jsonl", help="what to write (default: jsonl)")
    add("--input", choices=("auto", "html", "text"), default="auto", help="what the pages are (default: see below)")
    add("--keep", type=labels, metavar="LABEL,…", help="labels to write (default: article_content in text, else all)")
    add(
        "--prefer",
        choices=PREFERENCES,
        default="balanced",
        help="lean towards a clean article (precision) or a whole one (recall; default: balanced)",
    )
    add("--model", type=Path, metavar="FILE", help="another model than the one that comes with pagesieve")
    add("-o", "--output", metavar="PATH", help="file to write, or folder for html of several pages (default: stdout)")
    return top


def labels(value: str) -> list[str]:
    names = [name.strip() for name in value.split(",")]
    for name in names:
        if name not in LABELS:
            raise argparse.ArgumentTypeError(f"unknown label {name!r}, the labels are {', '.join(LABELS)}")
    return names


def predict(args: argparse.Namespace) -> int:
    """Label all pages of the command line; returns 1 if some were skipped, else 0."""
    sources = list(find(args.inputs))
    folder = fills_folder(args, sources)
    names = output.mirrored([source.page for source in sources]) if folder else []
    target = None if args.output in (None, "-") else Path(args.output)
    if target:
        refuse_overwriting([target / name for name in names] or [target], sources)
    try:
        model = load(args.model)
        for name in model.card["kinds"]:
            model.thresholds(name, args.prefer)  # before any page is read
    except ModelError as error:
        raise Failure(str(error)) from error
    skipped: list[Source] = []
    pages = labelled(model, sources, args, skipped)
    if target is None:
        if sys.stdout is None:
            raise Failure("standard output is closed")
        output.write_stream(sys.stdout, pages)
    elif folder:
        output.write_folder(target, ((names[number], page) for number, page in pages))
    else:
        output.write_file(target, pages)
    if skipped:
        note(f"{len(skipped)} of {len(sources)} pages could not be read and were skipped, the others are labelled")
    return 1 if skipped else 0


def find(inputs: list[str]) -> Iterator[Source]:
    """The pages that the inputs stand for; a named one that cannot be read, or a folder without pages, is a Failure."""
    if inputs.count("-") > 1:
        raise Failure("standard input (-) can be read only once")
    for given in inputs:
        if given != "-" and os.path.isdir(given):
            pages = search(given)
            if not pages:
                raise Failure(f"{given}: no page in this folder (searched for {' '.join(KINDS)} and their .gz)")
            yield from (Source(page, named=False) for page in pages)
        else:
            if given != "-" and (os.path.isfile(given) or not os.path.exists(given)):
                read(given)
            yield Source(given, named=True)


def search(folder: str) -> list[str]:
    """The pages in a folder, sorted; subfolders that cannot be listed stand among them, to be reported as bad pages."""
    found: list[str] = []
    for inside, _, names in os.walk(folder, onerror=lambda error: found.append(error.filename)):
        paths = (os.path.join(inside, name) for name in names if name.lower().endswith(PAGES))
        found.extend(path for path in paths if os.path.isfile(path) or not os.path.exists(path))
    if found == [folder]:
        raise Failure(f"{folder}: this folder cannot be listed")
    return sorted(found, key=lambda path: PurePath(path).parts)


def read(page: str) -> bytes:
    """The content of a page, unpacked; raises BadPage with the reason if there is none."""
    try:
        if page == "-":
            if sys.stdin is None:
                raise OSError("standard input is closed")
            return sys.stdin.buffer.read()
        with open(page, "rb") as file:
            content = file.read()
        if not page.lower().endswith(".gz"):
            return content
        if not content:
            raise EOFError("the file is empty")
        return gzip.decompress(content)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BadPage(f"{page}: broken gzip: {error}") from error
    except OSError as error:
        raise BadPage(f"{page}: {error.strerror or error}") from error


def fills_folder(args: argparse.Namespace, sources: list[Source]) -> bool:
    """Whether -o is a folder to fill with a file for each page; a Failure if PATH cannot be what it has to be."""
    if args.output in (None, "-"):
        if args.format == "html" and len(sources) > 1:
            raise Failure(f"--format html of {len(sources)} pages needs -o DIR, for a file each")
        return False
    exists, is_dir = os.path.exists(args.output), os.path.isdir(args.output)
    folder = args.format == "html" and (is_dir or args.output.endswith("/") or any(map(os.path.isdir, args.inputs)))
    if folder or (args.format == "html" and len(sources) > 1):
        if exists and not is_dir:
            raise Failure(f"-o {args.output} is a file: html of several pages needs a folder")
        return True
    if is_dir:
        raise Failure(f"-o {args.output} is a folder: {args.format} goes to one file")
    if not os.path.isdir(os.path.dirname(args.output) or "."):
        raise Failure(f"-o {args.output}: there is no such folder")
    return False


def refuse_overwriting(targets: list[Path], sources: list[Source]) -> None:
    inputs = {os.path.realpath(source.page) for source in sources if source.page != "-"}
    for target in targets:
        if target.is_file() and os.path.realpath(target) in inputs:
            raise Failure(f"{target}: -o would overwrite this input")


def labelled(
    model: Model, sources: list[Source], args: argparse.Namespace, skipped: list[Source]
) -> Iterator[tuple[int, str]]:
    """The number of each page and what is to be written for it; adds the pages that it passes over to ``skipped``."""
    if args.format == "csv":
        yield 0, output.CSV_HEADER
    keep = args.keep or (["article_content"] if args.format == "text" else LABELS)
    for number, source in enumerate(sources):
        try:
            content = read(source.page)
        except BadPage as error:
            if source.named:
                raise
            note(f"{error} (skipped)")
            skipped.append(source)
            continue
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", PageWarning)
            given = kind(source.page) if args.input == "auto" else args.input
            frame = model.label(content, page=source.page, kind=given, prefer=args.prefer)
        for warning in caught:
            note(f"{source.page}: {warning.message}")
        if frame.empty:
            note(f"{source.page}: an empty page, no blocks")
        blocks = output.blocks(frame, keep)
        yield number, output.render(blocks, format=args.format, name=source.page, several=len(sources) > 1)


def kind(page: str) -> Kind:
    """What a page's name says that it is; auto if nothing."""
    name = page.lower().removesuffix(".gz")
    return next((kind for suffix, kind in KINDS.items() if name.endswith(suffix)), "auto")


def note(message: str) -> None:
    print(f"pagesieve: {output.one_line(message)}", file=sys.stderr)


def silence() -> None:
    """Let nothing more be written to a stdout that broke, not even what Python flushes as it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
