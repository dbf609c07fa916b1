"""-o of the command line -> a file or a folder, checked before the work."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import Failure
from ..files import STAGE, nearest_existing
from ..inputs import Source
from ..output.formats import FORMATS


def fills_folder(args: argparse.Namespace, sources: list[Source]) -> bool:
    """Return whether -o is a folder for one file per page; raises Failure if it cannot be what the format needs."""
    file_each = FORMATS[args.format].file_each
    if args.output in (None, "-"):
        if file_each and len(sources) > 1:
            raise Failure(f"--format {args.format} of {len(sources)} pages needs -o DIR, for a file each")
        return False
    exists, is_dir = os.path.exists(args.output), os.path.isdir(args.output)
    folder = file_each and (is_dir or args.output.endswith("/") or any(map(os.path.isdir, args.inputs)))
    if folder or (file_each and len(sources) > 1):
        if exists and not is_dir:
            raise Failure(f"-o {args.output} is a file: {args.format} of several pages needs a folder")
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


def refuse_read_only(output: str, targets: list[Path]) -> None:
    """Raise Failure if a file to replace is read-only, or if a folder takes no new file."""
    for target in targets:
        path = Path(os.path.realpath(target))
        if path.exists() and not path.is_file():  # a device, or a pipe
            continue
        if path.exists() and not (path.stat().st_mode & 0o222 and os.access(path, os.W_OK)):
            raise Failure(f"-o {target}: this file is read-only, and is not replaced")
        folder = nearest_existing(path.parent)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise Failure(f"-o {output}: the folder {folder} cannot be written")


@contextmanager
def naming_output(path: str) -> Iterator[None]:
    """Raise Failure that names -o, and not a hidden file in its folder, when writing in the code inside fails."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        where = "" if error.filename is None or STAGE in str(error.filename) else f"{error.filename}: "
        raise Failure(f"-o {path}: cannot be written ({where}{error.strerror or error})") from error
