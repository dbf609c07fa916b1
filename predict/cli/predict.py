"""``pagesieve predict``: labels pages one by one, and writes the blocks of each as soon as it is done."""

import argparse
import textwrap
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from .. import files
from ..inputs import Source, find, kind
from ..labels import LABELS
from ..model import Model
from ..output.formats import DEFAULT, FORMATS
from ..output.terminal import note, plural
from ..processes import signals
from ..scoring.decision import PREFERENCES
from .arguments import add_page, load_model
from .sandboxed import Visit, in_worker, status_of, visit_each
from .stdout import show
from .targets import fills_folder, naming_output, refuse_overwriting, refuse_read_only

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


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.description = f"Labels each block of a page: {', '.join(LABELS)}."
    command.epilog = HELP.format(formats="\n".join(describe_format(name, one.help) for name, one in FORMATS.items()))
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
    add_page(command)


def describe_format(name: str, what: str) -> str:
    """Return the help of a format, wrapped and indented after its name."""
    what += " (default)" * (name == DEFAULT)
    return textwrap.fill(what, 119, initial_indent=f"  {name:8}", subsequent_indent=" " * 10)


def labels(value: str) -> list[str]:
    names = [name.strip() for name in value.split(",")]
    for name in names:
        if name not in LABELS:
            raise argparse.ArgumentTypeError(f"unknown label {name!r}, the labels are {', '.join(LABELS)}")
    return names


def run(args: argparse.Namespace) -> int:
    """Label all pages of the command line; returns the exit status."""
    sources = list(find(args.inputs))
    folder = fills_folder(args, sources)
    names = files.output_names([source.page for source in sources]) if folder else []
    target = None if args.output in (None, "-") else Path(args.output)
    if target:
        refuse_overwriting([target / name for name in names] or [target], sources)
        refuse_read_only(args.output, [target / name for name in names] or [target])
    model = load_model(args, args.prefer)
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
        note(f"{len(empty)} of {plural(len(sources) - len(skipped), 'page')} without an article")
    if skipped:
        some = f"{len(skipped)} of {plural(len(sources), 'page')}"
        note(f"skipped {some}, which could not be read; the others are labelled")
    return status_of(skipped)


def label(model: Model, args: argparse.Namespace, several: bool, page: str, content: bytes) -> tuple[str, bool, bool]:
    """Return the output for a page, whether it has blocks, and whether it has an article."""
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
    """Yield the number of each page and its output; ``visit`` is ``label``.

    Adds pages that cannot be read to ``skipped``, and those without an article to ``empty``.
    """
    if header := FORMATS[args.format].header:
        yield 0, header
    for number, source, (shown, has_blocks, has_article) in visit_each(sources, visit, skipped):
        if not has_article:
            empty.append(source)
        if not has_blocks:
            note(f"{source.page}: an empty page, no blocks")
        yield number, shown
    signals.settle()  # from here on the complete output is moved into place
