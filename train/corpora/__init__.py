"""Public corpora: an adapter for each, and what fetches and proves them."""

from .fetch import Corpus, Source, available, digest_of, fetch, pages_of, read_sources
from .protocol import DAMAGE, CorpusPage

__all__ = [
    "DAMAGE",
    "Corpus",
    "CorpusPage",
    "Source",
    "available",
    "digest_of",
    "fetch",
    "pages_of",
    "read_sources",
]
