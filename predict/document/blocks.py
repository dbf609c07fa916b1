"""page -> blocks: one walk over the tree, a block for each run of text between block-level boundaries."""

import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from selectolax.lexbor import LexborNode

from .element_names import BLOCK_LEVEL, INLINE
from .formula import HOLDS_HTML, draws_formula, formula_text
from .limits import NOT_DRAWN, NOT_TEXT
from .page import Page, PageWarning

CONTROLS = frozenset({"input", "textarea", "optgroup"})  # their attributes may be text that is shown
BUTTON_TYPES = frozenset({"submit", "button", "reset"})
UNSHOWN_TYPES = frozenset({"hidden", "checkbox", "radio", "file", "image", "range", "color", "password"})
MARKS = ("role", "itemprop", "rel", "name", "type", "aria-label", "data-testid")  # attributes that say what it is for
TELLING = frozenset({*MARKS, "style", "hidden", "aria-hidden"})
DRAWINGS = frozenset({"svg", "math"})
MAX_AROUND = 30_000_000  # bytes that the names, paths and links of the elements around all blocks may take,
FREE = 500  # of which so many count for no block
PLAIN_NAME = re.compile(r"[a-z][a-z0-9_-]*")
PLAIN_NAMES = frozenset(filter(PLAIN_NAME.fullmatch, BLOCK_LEVEL | INLINE))


@dataclass(slots=True)  # not frozen, which takes five times as long to make; nothing changes one
class Block:
    """A run of text between two block-level boundaries.

    ``text`` has its white space collapsed (lines and indents are kept inside ``<pre>``). ``ancestors`` are the elements
    around it from ``<html>`` to the innermost, each as ``tag#id.class.class`` with what MARKS say of it as further
    classes (``role=navigation``). ``link_share`` is the share of its characters that stand in links, 0 to 1. ``href``
    is the address of its first link as the page writes it. ``images`` is how many images stand between the block before
    and its end. ``path`` is the XPath of its first text node, attribute or formula. A line of a text page has index and
    text only.
    """

    index: int
    text: str
    tag: str = ""
    ancestors: tuple[str, ...] = ()
    link_share: float = 0.0
    href: str = ""
    images: int = 0
    path: str = ""


@dataclass(eq=False, slots=True)
class Element:
    """An element that the walk is inside of: the ``nth`` child of its tag, the ``nth_of_all``.

    It is a ``block`` if it begins and ends one, ``unknown`` if it, or one around it, is no element of HTML, and
    ``drawn`` if it is of an <svg> or <math>. It counts the ``texts``, ``elements`` and elements by tag (``named``) met
    in it so far. ``path`` and ``names`` (of itself and those around it) wait for ``locate``, and so does ``around``,
    how many characters both have.
    """

    node: LexborNode
    parent: "Element | None"
    tag: str
    nth: int
    nth_of_all: int
    block: bool
    unknown: bool
    drawn: bool
    href: str | None
    pre: bool
    texts: int = 0
    elements: int = 0
    named: dict[str, int] = field(default_factory=dict)
    path: str = ""
    names: tuple[str, ...] = ()
    around: int = 0


class Holders(NamedTuple):
    """The elements, by ``mem_id``, that hold a formula, and those of unknown names that hold a block-level element."""

    formula: set[int]
    block: set[int]


class Piece(NamedTuple):
    """A stretch of text: of a text node, an attribute, or a lone line break; ``step`` leads to it from its element."""

    text: str
    element: Element
    step: str


def kind_of(blocks: Sequence[Block]) -> str:
    """The kind of page that the blocks are read as: html where they have markup, else text."""
    return "html" if blocks and blocks[0].path else "text"


def segment(page: Page) -> list[Block]:
    """The blocks of a page in reading order; every visible character is in exactly one of them.

    If more than MAX_AROUND stands around them, they have index and text only, and a PageWarning says so.
    """
    if page.tree is None:
        return [Block(index, line) for index, line in enumerate(page.lines)]
    blocks: list[Block] = []
    known: dict[tuple[str, ...], tuple[str, ...]] = {}
    images = around = 0
    for run in runs_of_text(page.tree.root) if page.tree.root else ():
        first, linked, href = None, 0, ""
        for piece in run:
            images += piece.element.tag == "img"
            if visible := piece.text.strip():
                first = first or piece
                if piece.element.href is not None:
                    linked, href = linked + len(visible), href or piece.element.href
        text = "".join([piece.text for piece in run]) if first else ""
        if first and around <= MAX_AROUND:
            taken = locate(first.element, known) + first.element.around
            blocks.append(block(len(blocks), text, first, linked, href, images))
            around += max(0, taken + len(href) - FREE)
            images = 0
        elif first:
            blocks.append(Block(len(blocks), shown(text, first.element.pre)))
    if around <= MAX_AROUND:
        return blocks
    message = f"more than {MAX_AROUND:,} bytes of markup around its blocks: read without it"
    warnings.warn(message, PageWarning, stacklevel=2)
    return [Block(block.index, block.text) for block in blocks]


def shown(text: str, pre: bool) -> str:
    if pre:
        return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")
    return " ".join(text.split())


def block(index: int, text: str, first: Piece, linked: int, href: str, images: int) -> Block:
    """The block of a text that begins to be visible in its ``first`` piece, with ``linked`` characters in links."""
    owner = first.element
    while not owner.block and owner.parent:
        owner = owner.parent
    share = min(1.0, linked / max(1, len(text.strip()))) if linked else 0.0
    element = first.element
    path = element.path + first.step
    return Block(index, shown(text, element.pre), owner.tag, element.names, share, href, images, path)


def locate(element: Element, known: dict[tuple[str, ...], tuple[str, ...]]) -> int:
    """Sets path and names of the element and those around it; not on entering them, for most hold no text.

    Names that are the same are kept once, in ``known``. Returns how many bytes path and names take, of the elements for
    which they were not set yet.
    """
    taken = 0
    waiting: list[Element] = []
    at: Element | None = element
    while at and not at.path:
        waiting.append(at)
        at = at.parent
    for at in reversed(waiting):
        name = name_of(at.tag, at.node.attributes)
        plain = at.tag in PLAIN_NAMES or PLAIN_NAME.fullmatch(at.tag)
        step = f"{at.tag}[{at.nth}]" if plain else f"*[{at.nth_of_all}]"
        if outer := at.parent:
            at.path, names, around = f"{outer.path}/{step}", (*outer.names, name), outer.around
        else:
            at.path, names, around = f"/{at.tag}", (name,), 0
        at.names = known.setdefault(names, names)
        at.around = around + len(name) + len(step)
        taken += len(at.path) + 8 * len(names)
    return taken


def name_of(tag: str, attributes: dict[str, str | None]) -> str:
    """An element as ``Block.ancestors`` tells of it."""
    if not attributes:
        return tag
    name = "#".join(filter(None, [tag, attributes.get("id")]))
    marks = [] if TELLING.isdisjoint(attributes) else marks_of(attributes)
    return ".".join([name, *(attributes.get("class") or "").split(), *marks])


def marks_of(attributes: dict[str, str | None]) -> list[str]:
    """What the attributes of MARKS say, each as ``name=value``; and ``hidden`` for an element that is not shown."""
    marks = [f"{name}={'-'.join(value.split())[:40]}" for name in MARKS if (value := attributes.get(name))]
    unshown = "display:none" in (attributes.get("style") or "").replace(" ", "")
    if unshown or "hidden" in attributes or attributes.get("aria-hidden") == "true":
        marks.append("hidden")
    return marks


def runs_of_text(root: LexborNode) -> Iterator[list[Piece]]:
    """The pieces of each block, cut at block-level boundaries, at ``<br><br>``, and between links that touch."""
    run: list[Piece] = []
    holders = Holders(formula=ancestors_of(root.css("math")), block=set())
    inside, node, after_link = entered(root, "html", None, holders), root.first_child, False
    while True:
        if node is None:  # the end of the element
            after_link = inside.tag == "a"
            if inside.block and run:
                yield run
                run = []
            if inside.parent is None:
                return
            node, inside = inside.node.next, inside.parent
            continue
        tag = node.tag
        if tag == "-text":
            piece = piece_of_text(node, inside)
            if run or inside.pre or piece.text.strip():
                run.append(piece)
        elif tag in (NOT_DRAWN if inside.drawn else NOT_TEXT) or draws_formula(node, holders.formula):
            inside.elements += 1
        elif node.is_element_node:
            element = entered(node, tag or "", inside, holders)
            cut = element.block or (tag == "a" and after_link)
            if tag == "br":
                cut = ends_with_break(run)
                run.append(Piece("\n", element, ""))
            if cut and run:
                yield run
                run = []
            formula = tag == "math" and not element.block
            if formula or tag == "img":
                run.append(Piece(formula_text(node) if formula else "", element, ""))
            elif tag in CONTROLS and (shown := shown_attribute(element)):
                yield [shown]
            if not formula and node.first_child is not None:
                node, inside, after_link = node.first_child, element, False
                continue
        node, after_link = node.next, False


def piece_of_text(node: LexborNode, inside: Element) -> Piece:
    inside.texts += 1
    return Piece(node.text_content or "", inside, f"/text()[{inside.texts}]")


def entered(node: LexborNode, tag: str, parent: Element | None, holders: Holders) -> Element:
    if parent is None:
        return Element(node, None, tag, 1, 1, block=True, unknown=False, drawn=False, href=None, pre=False)
    parent.elements += 1
    parent.named[tag] = nth = parent.named.get(tag, 0) + 1
    nth_of_all = parent.elements
    block = tag in BLOCK_LEVEL
    unknown = not block and tag not in INLINE
    if unknown and not parent.unknown:  # what is inside is marked at once, so that each node is looked at once
        ancestors_of([inner for inner in node.traverse() if inner.tag in BLOCK_LEVEL], holders.block)
    block = block or (unknown and node.mem_id in holders.block)
    drawn = tag in DRAWINGS or (parent.drawn and tag not in HOLDS_HTML)
    href = (node.attributes.get("href") or "") if tag == "a" else parent.href
    pre = parent.pre or tag == "pre" or tag == "textarea"
    return Element(node, parent, tag, nth, nth_of_all, block, unknown or parent.unknown, drawn, href, pre)


def ancestors_of(nodes: Iterable[LexborNode], known: set[int] | None = None) -> set[int]:
    """The ``mem_id`` of every element around these nodes, added to those that are known; linear in what is new."""
    found = set() if known is None else known
    for node in nodes:
        around = node.parent
        while around is not None and around.mem_id not in found:
            found.add(around.mem_id)
            around = around.parent
    return found


def ends_with_break(run: list[Piece]) -> bool:
    """Whether nothing but white space stands behind the run's last ``<br>``."""
    for piece in reversed(run):
        if piece.element.tag == "br":
            return True
        if piece.text.strip():
            return False
    return False


def shown_attribute(element: Element) -> Piece | None:
    """The text that one of CONTROLS shows although it is no text node."""
    attributes = element.node.attributes
    if element.tag == "input":
        kind = (attributes.get("type") or "text").lower()
        if kind in UNSHOWN_TYPES:
            return None
        name = "value" if attributes.get("value") or kind in BUTTON_TYPES else "placeholder"
    elif element.tag == "textarea":
        name = "placeholder"
    else:
        name = "label"
    text = attributes.get(name)
    return Piece(text, element, f"/@{name}") if text else None
