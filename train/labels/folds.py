"""pages -> folds, by site, so that pages of one template are on one side of each split."""

import hashlib

import tldextract

FOLDS = 5

# The public suffix list of the package: without network, and with the same folds everywhere.
_extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def site_of(url: str) -> str:
    """Return the registrable domain of an address; without one the host, or the text itself."""
    parts = _extract(url)
    return parts.top_domain_under_public_suffix or parts.fqdn or parts.domain or url


def fold_of(site: str) -> int:
    """Return the fold of a site, 0 to FOLDS - 1, which depends on its name alone."""
    return int(hashlib.sha256(site.encode()).hexdigest(), 16) % FOLDS
