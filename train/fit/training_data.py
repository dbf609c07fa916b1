"""all available training data -> labelled pages, and the digest of each source."""

from collections.abc import Sequence
from pathlib import Path

from pagesieve.predict.errors import Failure

from .. import corpora
from ..augment.composed import compose_pages
from ..augment.skeletons import wrap_paragraphs
from ..augment.without_names import pages_without_names
from ..labels.paragraphs import read_paragraphs
from ..labels.views import View, annotation_files, read_annotations, read_corpus, read_facts, sha256_of, sha256_of_all
from ..labels.written_pages import pages_in, read_written

DATA, SOURCES, RAW = Path("data"), Path("data/sources.toml"), Path("data/raw")
PARAGRAPHS = DATA / "paragraphs.csv"
WRITTEN = DATA / "written"  # whole pages, written for pagesieve
ANNOTATIONS = DATA / "annotations"
FOUND_AGAIN = 0.98  # minimum share of the annotated words that are found on their pages


def gather_training_data(jobs: int, own: Path | None = None) -> tuple[list[View], dict[str, str]]:
    """Return the views of all available training data, and its digests by name.

    ``own`` is a CSV of additional paragraphs, ``jobs`` a number of processes. Prints which sources are used and which
    are missing; raises Failure for training data that cannot be used.
    """
    paragraphs = {PARAGRAPHS: read_paragraphs(PARAGRAPHS)}
    if own and own != PARAGRAPHS:  # its name keeps its ending, unlike those of other sources
        paragraphs[own] = read_paragraphs(own, own.name)
    there, missing = corpora.available(SOURCES, RAW)
    facts = read_facts(DATA / "read.csv") if there else {}
    views: list[View] = []
    for corpus in there:
        files = annotation_files(ANNOTATIONS, corpus.name)
        part, wanted, found = read_corpus(corpus.folder, read_annotations(files), facts, jobs)
        labels = f"; {found} of {wanted} hand-labelled words found again ({found / wanted:.1%})" if wanted else ""
        print(f"uses {corpus.name}: {corpus.pages} pages{labels}")
        if found < FOUND_AGAIN * wanted:
            raise Failure(
                f"{', '.join(map(str, files))}: under {FOUND_AGAIN:.0%} of the labelled words were found again; "
                "label them anew"
            )
        views += without_twins(part, views)
    for source in missing:
        print(f"lacks {source.name}: run `make data`, or `make data CORPORA=DIR` with {source.archive} in DIR")
    for path, part in paragraphs.items():
        print(f"uses {path}: {sum(len(view.blocks) for view in part if view.kind == 'text')} paragraphs")
        views += part
    if there:  # not alone: they are too few to learn HTML from
        written = read_written(WRITTEN)
        print(f"uses {WRITTEN}: {len({view.page for view in written})} pages")
        views += written
    return views + compose_pages(views) + augment_pages(views), digests_of(there, own)


def augment_pages(views: Sequence[View]) -> list[View]:
    """Return HTML pages made from others, if there are labelled ones; alone they are too few to learn HTML from."""
    pages = pages_without_names(views)
    return pages + wrap_paragraphs(views) if pages else []


def without_twins(views: Sequence[View], others: Sequence[View]) -> list[View]:
    """Return the views of pages that are in no other corpus, by file name."""
    known = {view.page for view in others}
    return [view for view in views if view.page not in known]


def digests_of(there: Sequence[corpora.Corpus], own: Path | None = None) -> dict[str, str]:
    """Return the digests of all training data by name: these corpora, their annotations, and the paragraphs."""
    digests = {}
    for corpus in there:
        digests[corpus.name] = corpus.digest
        for path in annotation_files(ANNOTATIONS, corpus.name):
            digests[f"annotations/{path.stem}"] = sha256_of(path)
    if there:
        digests[WRITTEN.name] = sha256_of_all(pages_in(WRITTEN))
    digests[PARAGRAPHS.stem] = sha256_of(PARAGRAPHS)
    return digests | ({own.name: sha256_of(own)} if own else {})


def all_corpora() -> list[corpora.Corpus]:
    """Return all corpora; raises Failure with the names of those that are missing."""
    there, missing = corpora.available(SOURCES, RAW)
    if missing:
        raise Failure(f"{RAW}: lacks {', '.join(source.name for source in missing)}; run `make data`")
    return there
