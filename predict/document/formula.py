"""<math> -> its text, as one piece; and whether an element next to it only draws the same formula."""

from selectolax.lexbor import LexborNode

from .element_names import BLOCK_LEVEL
from .limits import NOT_DRAWN, NOT_TEXT

HOLDS_HTML = frozenset({"foreignObject", "mi", "mo", "mn", "ms", "mtext"})  # elements of <svg> and <math>
TEX = frozenset({"application/x-tex", "latex", "tex"})  # encodings of an annotation of MathML
TIMES, SPARE = 2, 20  # a drawing has at most this many times the formula's characters, plus SPARE
NODES = 20  # maximum number of nodes in a drawing for each of its characters
LEVELS, FIRST = 4, 3  # nesting of elements around a formula, and nodes searched in each


def draws_formula(node: LexborNode, holding: set[int]) -> bool:
    """Return whether the element only draws the formula of a ``<math>`` next to it, as KaTeX and MathJax write it.

    ``holding`` are the elements, by ``mem_id``, that contain a formula. An element with more text than the formula is
    not a drawing.
    """
    if not holding or node.tag in BLOCK_LEVEL:
        return False
    if node.attributes.get("aria-hidden") != "true" or node.mem_id in holding:
        return False
    formulas = (formula_in(side, holding) for side in (node.prev, node.next))
    return any(formula is not None and says_no_more(node, formula) for formula in formulas)


def formula_in(node: LexborNode | None, holding: set[int]) -> LexborNode | None:
    """Return the ``<math>`` that the node is or begins with, None if there is none."""
    for _ in range(LEVELS):
        if node is None or node.tag == "math":
            return node
        inner = node.first_child if node.mem_id in holding else None
        for _ in range(FIRST):
            if inner is not None and inner.tag != "math" and inner.mem_id not in holding:
                inner = inner.next
        node = inner
    return None


def says_no_more(drawing: LexborNode, formula: LexborNode) -> bool:
    """Return whether a drawing has no more characters than its formula explains; linear in the formula's size."""
    shown = sum(len((node.text_content or "").strip()) for node in formula.traverse(include_text=True) if is_text(node))
    most, count = TIMES * shown + SPARE, 0
    for visited, node in enumerate(drawing.traverse(include_text=True)):
        count += len((node.text_content or "").strip()) if is_text(node) else 0
        if count > most or visited > NODES * most:
            return False
    return shown > 0


def is_text(node: LexborNode) -> bool:
    return node.tag == "-text"


def formula_text(math: LexborNode) -> str:
    """Return a formula as TeX if the author gave it, else, or if that is far shorter, the text of its signs."""
    signs: list[str] = []
    waiting = [(math.first_child, True)]
    while waiting:
        node, drawn = waiting.pop()
        if node is not None:
            signs += [node.text_content or ""] if is_text(node) else []
            below = None if node.tag in (NOT_DRAWN if drawn else NOT_TEXT) else node.first_child
            waiting += [(node.next, drawn), (below, drawn and node.tag not in HOLDS_HTML)]
    text = "".join(signs)
    for note in math.css("annotation"):
        if (note.attributes.get("encoding") or "").lower() in TEX:
            tex = note.text()
            return tex if len("".join(text.split())) <= TIMES * len(tex) + SPARE else text
    return text
