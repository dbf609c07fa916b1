"""Big English and Japanese sites: the fixtures of Postlight Parser."""

from .protocol import html_files

ADAPTER = html_files(r"fixtures/([^/]+\.html)")
