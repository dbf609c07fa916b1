"""Chinese pages with old markup and charsets: the Chinese Web Content Extraction Dataset."""

from .protocol import html_files

ADAPTER = html_files(
    "[Chinese Web Content Extraction Dataset]"
    "(https://github.com/immortal-autumn/Chinese-Web-Content-Extraction-Dataset), MIT",
    r"original/([^/]+\.html)",
)
