"""Chinese pages with old markup and charsets: the Chinese Web Content Extraction Dataset."""

from .protocol import html_files

ADAPTER = html_files(r"original/([^/]+\.html)")
