"""Label the blocks of scraped pages: article_content, comment_form, promo_teaser, site_chrome."""

TYPE_CHECKING = False  # not that of typing: `python -m` would look for it in the current folder
if TYPE_CHECKING:
    from typing import Any

    from .document.page import NotAPage, PageWarning
    from .labels import LABELS
    from .model import Model, ModelError, load

    __version__: str

__all__ = ["LABELS", "Model", "ModelError", "NotAPage", "PageWarning", "__version__", "load"]


def __getattr__(name: str) -> "Any":
    """Import a name of the package when it is first used, so that signals are handled before libraries are loaded."""
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("pagesieve")
        except PackageNotFoundError:
            return "0+unknown"
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import labels, model
    from .document import page

    places = {"LABELS": labels, "NotAPage": page, "PageWarning": page}
    return getattr(places.get(name, model), name)
