"""page -> page whose declarative shadow roots are elements: browsers show their content, the parser hides it."""

from .attributes import attributes_of
from .elements import OpenElements
from .tokens import tags

NAME = "div"  # its end tag closes elements left open in it, as that of a template does
MODES = frozenset({"open", "closed"})


def with_shadow_roots(text: str) -> str:
    """Return the page with each ``<template shadowrootmode=...>`` made a <div>; other templates stay hidden.

    >>> with_shadow_roots("<x-card><template shadowrootmode=open><p>Shown</template></x-card>")
    '<x-card><div shadowrootmode=open><p>Shown</div></x-card>'
    """
    if "shadowrootmode" not in text.lower():
        return text
    parts: list[str] = []
    declared: list[bool] = []  # of the open templates
    end = 0
    for match, name, values, of_html in tags(text, OpenElements()):
        if name != "template":
            continue
        if of_html:
            declared.append(attributes_of(values).get("shadowrootmode", "").lower() in MODES)
        if declared and (of_html or match[1]) and (declared[-1] if of_html else declared.pop()):
            start, behind = match.span(2)
            parts += [text[end:start], NAME]
            end = behind
    return "".join([*parts, text[end:]])
