"""Blogs and news in 25 languages: the test pages of htmldate."""

from .protocol import html_files

ADAPTER = html_files(
    "[htmldate](https://github.com/adbar/htmldate)'s test pages, Apache-2.0",
    r"tests/(?:cache|eval|test_set)/([^/]+\.html)",
)
