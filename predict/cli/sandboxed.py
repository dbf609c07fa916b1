"""pages of the command line -> results of a worker for each; a page that cannot be read is skipped or ends the run."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from ..document.limits import MAX_SECONDS
from ..document.page import PageWarning
from ..inputs import BadPage, Source, naming_page, read_source
from ..output.terminal import note
from ..processes.sandbox import Fault, in_sandbox

Result = TypeVar("Result")
Visit = Callable[[str, bytes], Result]  # returns a result for the name and content of a page


class FailedPage(BadPage):
    """A page that exceeded time or memory, or ended its worker: other pages are still read, even if
    the user named it.
    """


@contextmanager
def in_worker(visit: Visit[Result]) -> Iterator[Visit[Result]]:
    """Yield ``visit``, run in a worker that is forked from this process after the model is loaded.

    It prints PageWarnings as notes, and raises BadPage for content that is not a page, FailedPage if it failed.
    """
    with in_sandbox(partial(collect_warnings, visit), MAX_SECONDS) as ask:

        def asked(page: str, content: bytes) -> Result:
            try:
                result, warned = ask((page, content))
            except Fault as fault:
                raise FailedPage(f"{page}: {fault}") from fault
            for message in warned:
                note(f"{page}: {message}")
            return result  # type: ignore[no-any-return]

        yield asked


def collect_warnings(visit: Visit[Result], request: tuple[str, bytes]) -> tuple[Result, list[str]]:
    """Return the result of ``visit`` for a page, and its distinct PageWarnings; raises BadPage if it is not a page."""
    page, content = request
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", PageWarning)
        with naming_page(page):
            result = visit(page, content)
    return result, list(dict.fromkeys(str(warning.message) for warning in caught))


def visit_each(
    sources: Sequence[Source], visit: Visit[Result], skipped: list[Source]
) -> Iterator[tuple[int, Source, Result]]:
    """Yield the number of each page, its source, and the result of ``visit``.

    Pages of a folder that cannot be read are noted and added to ``skipped``, as are failed ones of several.
    """
    for number, source in enumerate(sources):
        try:
            result = visit(source.page, read_source(source))
        except BadPage as error:
            if source.named and not (isinstance(error, FailedPage) and len(sources) > 1):
                raise
            note(f"{error} (skipped)")
            skipped.append(source)
            continue
        yield number, source, result


def status_of(skipped: Sequence[Source]) -> int:
    """Return the exit status: 0 if no page was skipped, 2 if the user named one of them, else 1."""
    return 2 if any(source.named for source in skipped) else 1 if skipped else 0
