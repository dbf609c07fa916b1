"""Pages -> folds: always by site, so that no template stands on both sides of a split."""

import hashlib

import tldextract

FOLDS = 5

# The public suffix list that comes with the package: no network, the same folds everywhere.
_extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def site_of(url: str) -> str:
    """Return the registrable domain of an address; the host, or the text itself, where there is none."""
    parts = _extract(url)
    return parts.top_domain_under_public_suffix or parts.fqdn or parts.domain or url


def fold_of(site: str) -> int:
    """Return one of FOLDS numbers, fixed for ever by the site's name alone."""
    return int(hashlib.sha256(site.encode()).hexdigest(), 16) % FOLDS
