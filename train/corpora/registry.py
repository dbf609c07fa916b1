"""The adapters by the names that `data/sources.toml` calls their corpora."""

from . import fundus, gne, htmldate, postlight, trafilatura, wcxb, zh_content
from .protocol import Adapter

ADAPTERS: dict[str, Adapter] = {
    "wcxb": wcxb.ADAPTER,
    "trafilatura": trafilatura.ADAPTER,
    "fundus": fundus.ADAPTER,
    "postlight": postlight.ADAPTER,
    "gne": gne.ADAPTER,
    "zh-content": zh_content.ADAPTER,
    "htmldate": htmldate.ADAPTER,
}
