"""Label the blocks of scraped pages: article_content, comment_form, promo_teaser, site_chrome."""

from .labels import LABELS
from .model import Model, ModelError, load
from .page import NotAPage, PageWarning

__all__ = ["LABELS", "Model", "ModelError", "NotAPage", "PageWarning", "load"]
