"""News of 2023 to 2026 from forty countries: the test pages of the news library Fundus."""

from .protocol import html_files

ADAPTER = html_files(
    "[Fundus](https://github.com/flairNLP/fundus), test pages of its parsers, MIT",
    r"tests/resources/parser/test_data/\w+/([^/]+\.html\.gz)",
)
