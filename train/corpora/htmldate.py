"""Blogs and news in 25 languages: the test pages of htmldate."""

from .protocol import html_files

ADAPTER = html_files(r"tests/(?:cache|eval|test_set)/([^/]+\.html)")
