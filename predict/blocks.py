"""page -> blocks: one walk over the tree, a block for each run of text between block-level boundaries."""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from selectolax.lexbor import LexborNode

from .page import INLINE, NOT_TEXT, Page, PageWarning

BUTTON_TYPES = frozenset({"submit", "button", "reset"})
UNSHOWN_TYPES = frozenset({"hidden", "checkbox", "radio", "file", "image", "range", "color", "password"})
MARKS = ("role", "itemprop", "rel", "name", "type", "aria-label", "data-testid")  # attributes that say what it is for
MAX_AROUND = 100_000_000  # bytes that the names, paths and links of the elements around all blocks may take,
FREE = 500  # of which so many count for no block
PLAIN_NAME = re.compile(r"[a-z][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Block:
    """A run of text between two block-level boundaries.

    ``text`` has its white space collapsed (lines and indents are kept inside ``<pre>``). ``ancestors`` are the elements
    around it from ``<html>`` to the innermost, each as ``tag#id.class.class`` with what MARKS say of it as further
    classes (``role=navigation``). ``link_share`` is the share of its characters that stand in links, 0 to 1. ``href``
    is the address of its first link as the page writes it. ``images`` is how many images stand between the block before
    and its end. ``path`` is the XPath of its first text node or attribute. A line of a text page has index and text
    only.
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

    It counts the ``texts``, ``elements`` and elements by tag (``named``) met in it so far. ``path`` and ``names`` (of
    itself and those around it) wait for ``locate``, and so does ``around``, how many characters both have.
    """

    node: LexborNode
    parent: "Element | None"
    tag: str
    nth: int
    nth_of_all: int
    block: bool
    href: str | None
    pre: bool
    texts: int = 0
    elements: int = 0
    named: dict[str, int] = field(default_factory=dict)
    path: str = ""
    names: tuple[str, ...] = ()
    around: int = 0


class Piece(NamedTuple):
    """A stretch of text: of a text node, an attribute, or a lone line break; ``step`` leads to it from its element."""

    text: str
    element: Element
    step: str


def segment(page: Page) -> list[Block]:
    """The blocks of a page in reading order; every visible character is in exactly one of them.

    If more than MAX_AROUND stands around them, they have index and text only, and a PageWarning says so.
    """
    if page.tree is None:
        return [Block(index, line) for index, line in enumerate(page.lines)]
    blocks: list[Block] = []
    images = around = 0
    for run in runs_of_text(page.tree.root) if page.tree.root else ():
        images += sum([piece.element.tag == "img" for piece in run])
        first = next((piece for piece in run if piece.text.strip()), None)
        if first and around <= MAX_AROUND:
            taken = locate(first.element) + first.element.around
            blocks.append(block(len(blocks), run, first, images))
            around += max(0, taken + len(blocks[-1].href) - FREE)
            images = 0
        elif first:
            blocks.append(Block(len(blocks), shown("".join([piece.text for piece in run]), first.element.pre)))
    if around <= MAX_AROUND:
        return blocks
    message = f"more than {MAX_AROUND:,} bytes of markup around its blocks: read without it"
    warnings.warn(message, PageWarning, stacklevel=2)
    return [Block(block.index, block.text) for block in blocks]


def shown(text: str, pre: bool) -> str:
    if pre:
        return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")
    return " ".join(text.split())


def block(index: int, run: list[Piece], first: Piece, images: int) -> Block:
    text = "".join([piece.text for piece in run])
    owner = first.element
    while owner.tag in INLINE and owner.parent:
        owner = owner.parent
    linked = sum([len(piece.text.strip()) for piece in run if piece.element.href is not None])
    hrefs = (piece.element.href for piece in run if piece.element.href and piece.text.strip())
    return Block(
        index=index,
        text=shown(text, first.element.pre),
        tag=owner.tag,
        ancestors=first.element.names,
        link_share=min(1.0, linked / max(1, len(text.strip()))),
        href=next(hrefs, ""),
        images=images,
        path=first.element.path + first.step,
    )


def locate(element: Element) -> int:
    """Sets path and names of the element and those around it; not on entering them, for most hold no text.

    Returns how many bytes they take, of the elements for which they were not set yet.
    """
    taken = 0
    waiting: list[Element] = []
    at: Element | None = element
    while at and not at.path:
        waiting.append(at)
        at = at.parent
    for at in reversed(waiting):
        attributes = at.node.attributes
        name = "#".join(filter(None, [at.tag, attributes.get("id")]))
        name = ".".join([name, *(attributes.get("class") or "").split(), *marks_of(attributes)])
        step = f"{at.tag}[{at.nth}]" if PLAIN_NAME.fullmatch(at.tag) else f"*[{at.nth_of_all}]"
        at.path = f"{at.parent.path}/{step}" if at.parent else f"/{at.tag}"
        at.names = (*at.parent.names, name) if at.parent else (name,)
        at.around = (at.parent.around if at.parent else 0) + len(name) + len(step)
        taken += len(at.path) + 8 * len(at.names)
    return taken


def marks_of(attributes: dict[str, str | None]) -> list[str]:
    """What the attributes of MARKS say, each as ``name=value``; and ``hidden`` for an element that is not shown."""
    marks = [f"{name}={'-'.join(value.split())[:40]}" for name in MARKS if (value := attributes.get(name))]
    unshown = "display:none" in (attributes.get("style") or "").replace(" ", "")
    if unshown or "hidden" in attributes or attributes.get("aria-hidden") == "true":
        marks.append("hidden")
    return marks


def runs_of_text(root: LexborNode) -> Iterator[list[Piece]]:
    """The pieces of each block, cut at block-level boundaries, at ``<br><br>``, and between links that touch.

    The stack holds what is still to be visited: nodes, and for each element that is open its own end.
    """
    run: list[Piece] = []
    inside = entered(root, None)
    stack: list[LexborNode | Element] = [inside, root.first_child] if root.first_child else []
    after_link = False
    while stack:
        node = stack.pop()
        if isinstance(node, Element):
            inside = node.parent or node
            after_link = node.tag == "a"
            if node.block and run:
                yield run
                run = []
            continue
        if node.next is not None:
            stack.append(node.next)
        if node.is_text_node:
            inside.texts += 1
            text = node.text_content or ""
            if run or inside.pre or text.strip():
                run.append(Piece(text, inside, f"/text()[{inside.texts}]"))
        elif not node.is_element_node:
            pass
        elif node.tag in NOT_TEXT:
            inside.elements += 1
        else:
            element = entered(node, inside)
            cut = element.block or (element.tag == "a" and after_link)
            if element.tag == "br":
                cut = ends_with_break(run)
                run.append(Piece("\n", element, ""))
            if cut and run:
                yield run
                run = []
            if element.tag == "img":
                run.append(Piece("", element, ""))
            if shown := shown_attribute(element):
                yield [shown]
            if node.first_child is not None:
                stack += [element, node.first_child]
                inside = element
        after_link = False


def entered(node: LexborNode, parent: Element | None) -> Element:
    tag = node.tag or ""
    if parent is None:
        return Element(node, None, tag, 1, 1, block=True, href=None, pre=False)
    parent.elements += 1
    parent.named[tag] = parent.named.get(tag, 0) + 1
    return Element(
        node=node,
        parent=parent,
        tag=tag,
        nth=parent.named[tag],
        nth_of_all=parent.elements,
        block=tag not in INLINE and tag != "br",
        href=(node.attributes.get("href") or "") if tag == "a" else parent.href,
        pre=parent.pre or tag in ("pre", "textarea"),
    )


def ends_with_break(run: list[Piece]) -> bool:
    """Whether nothing but white space stands behind the run's last ``<br>``."""
    for piece in reversed(run):
        if piece.element.tag == "br":
            return True
        if piece.text.strip():
            return False
    return False


def shown_attribute(element: Element) -> Piece | None:
    """The text that a form control shows although it is no text node."""
    if element.tag not in ("input", "textarea", "optgroup"):
        return None
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
