"""Big English and Japanese sites: the fixtures of Postlight Parser."""

from .protocol import html_files

ADAPTER = html_files(
    "[Postlight Parser](https://github.com/postlight/parser)'s fixtures, MIT or Apache-2.0",
    r"fixtures/([^/]+\.html)",
)
