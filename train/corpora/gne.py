"""Chinese portals: the test pages of GeneralNewsExtractor."""

from .protocol import html_files

ADAPTER = html_files(r"((?:tests|test_list_page)/[^/]+/[^/]+\.html)")
