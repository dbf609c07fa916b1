"""Chinese portals: the test pages of GeneralNewsExtractor."""

from .protocol import html_files

ADAPTER = html_files(
    "[GeneralNewsExtractor](https://github.com/kingname/GeneralNewsExtractor)'s test pages, MIT",
    r"((?:tests|test_list_page)/[^/]+/[^/]+\.html)",
)
