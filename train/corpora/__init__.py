"""Public corpora: an adapter for each, and code that fetches and verifies them."""

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
