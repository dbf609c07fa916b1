"""tags -> the open elements of the parser, in one linear pass; an overestimate where it is uncertain.

An element that only certain tags end (``close``) counts as open until it is certainly closed. Elements in an <svg> or
<math> are followed exactly, as they decide how the tokenizer continues (``tokens.py``).
"""

import sys
from collections import Counter
from dataclasses import dataclass, field

from .attributes import attributes_of
from .element_names import (
    BARRIERS,
    BLOCKS,
    CELLS,
    DETACHED,
    ENDING,
    ENDS_FOREIGN,
    ENDS_FOREIGN_WITH,
    FORMATTING,
    HEADINGS,
    HOLDS_HTML,
    HOLDS_TEXT,
    HTML_ENCODINGS,
    IMPLIED,
    IMPLYING,
    INLINE,
    ITEMS,
    LISTS,
    MARKERS,
    OF_TABLES,
    REMADE,
    ROWS,
    RUBY,
    SPECIAL,
    TELLING,
    UNNAMED,
    UNNESTED,
    VOID,
)

MAX_REACH = 300  # open elements that are searched for the one of an end tag
MAX_DOUBTS = 20  # end tags of HTML that may have closed an <svg> or <math>
MAX_MOVED = 4  # elements that the end tag of a formatting element can cross


@dataclass(slots=True)
class OpenElements:
    """The open elements: ``names`` from the outermost inwards, those in an <svg> as "svg/path".

    ``regions`` divide the names: one ends before each of BARRIERS, and between HTML and an <svg> or <math>; each has
    its start and the names whose end tags have no effect in it. ``foreign`` tells whether the innermost element is in
    an <svg> or <math>; ``foreigners`` counts those by name. From index ``unsure`` on, elements may be of HTML instead,
    after ``doubts`` uncertain end tags; ``lost`` tells that this may have changed how the tokenizer continues.
    ``left_open`` counts REMADE among the names, ``remade`` the elements that were opened again for them, ``extra`` the
    open elements without an entry in ``names``. ``columns`` is the index of a <template> that may begin with a <col>,
    in which the parser ignores other tags. Only the last ``most_kept`` formatting elements are followed beyond their
    block.
    """

    names: list[str] = field(default_factory=list)
    regions: list[tuple[int, set[str]]] = field(default_factory=lambda: [(-1, set())])
    foreign: bool = False
    foreigners: Counter[str] = field(default_factory=Counter)
    unsure: int | None = None
    doubts: int = 0
    extra: int = 0
    lost: bool = False
    form_ended: bool = True
    left_open: int = 0
    remade: int = 0
    columns: int = -1
    most_kept: int = sys.maxsize

    def open(self, name: str, values: str, slashes: str) -> bool:
        """Process a start tag with the attributes ``values`` and the text before its end; returns
        whether it is HTML.
        """
        if self.foreigners and self.open_foreign(name, values, slashes):
            return False
        if self.columns >= 0 and (name in TELLING or name == "svg"):
            self.lost = True
            return False
        if self.left_open and name not in INLINE:
            self.remade += self.left_open
        if name == "svg" or name == "math":
            if slashes[-1:] != "/":
                self.push(f"{name}/{name}", True)
            return False
        goes_in = name not in ENDING or self.end_before(name)
        if goes_in and name not in VOID and self.nests(name):
            self.push(name, False)
            if name in REMADE:
                self.left_open += 1
        if name == "form":
            self.form_ended = False
        return True

    def nests(self, name: str) -> bool:
        """Return whether what follows this start tag may stand inside the element; a <p> of a <div> only adds a
        sibling.
        """
        if name not in UNNESTED or self.foreigners:
            return True
        outer = self.names[-1] if self.names else ""
        return outer != "" and outer != name and outer not in BLOCKS

    def end_before(self, name: str) -> bool:
        """Close what a start tag of ENDING closes; returns whether it opens an element then."""
        start = self.regions[-1][0]
        barrier, inner = self.names[start] if start >= 0 else "", self.names[-1] if self.names else ""
        if name in HEADINGS:
            if inner in HEADINGS:
                self.cut(len(self.names) - 1)
        elif name in ITEMS:
            self.end_item(ITEMS[name])
        elif name == "select" or name == "input":
            if barrier == "select":
                self.cut_blocks(start)
                return False
        elif name in CELLS or name in ROWS:
            if (place := self.table()) >= 0:
                self.cut_blocks(place + 1)
            elif name == "col" and barrier == "template" and self.columns < 0:
                self.columns = start
            return place >= 0 or inner == "template" or bool(self.foreigners)
        elif name == "option":
            if inner == "option":
                self.cut(len(self.names) - 1)
        elif name in IMPLYING:
            if IMPLYING[name] in self.names[max(0, start, len(self.names) - MAX_REACH) :]:
                while self.names[-1] in IMPLIED:
                    self.cut(len(self.names) - 1)
        elif name != "table":
            self.close_html(name)
        elif barrier == "table" and CELLS.isdisjoint(self.names[start : start + MAX_REACH]):
            self.cut_blocks(start)
        return True

    def table(self) -> int:
        """Return the place of the innermost table, -1 if there is none or a <template> is in it."""
        closing_nothing = self.regions[-1][1]
        if "table" not in closing_nothing:
            for place, _ in self.regions[: -MAX_REACH - 1 : -1]:
                if place >= 0 and self.names[place] == "table":
                    return place
                if place >= 0 and self.names[place] == "template":
                    break
            closing_nothing.add("table")
        return -1

    def end_item(self, names: set[str]) -> None:
        """Close the item of a list before one that begins."""
        for place in range(len(self.names) - 1, max(self.regions[-1][0], len(self.names) - MAX_REACH), -1):
            outer = self.names[place]
            if outer in names:
                self.cut_blocks(place)
                return
            if outer in SPECIAL and outer not in ("address", "div", "p"):
                return

    def cut_blocks(self, place: int) -> None:
        """Close all elements from this place on; formatting goes on behind them, but not behind MARKERS."""
        if place == len(self.names):
            return
        kept = []
        for name in self.names[place:]:
            if name in MARKERS:
                break
            if name in FORMATTING:
                kept.append(name)
        kept = kept[-self.most_kept :]
        self.left_open += sum(map(REMADE.__contains__, kept)) - sum(map(REMADE.__contains__, self.names[place:]))
        self.cut(place)
        self.names += kept
        self.regions[-1][1].difference_update(kept)

    def open_foreign(self, name: str, values: str, slashes: str) -> bool:
        """Take a start tag somewhere inside an <svg> or <math>; returns whether it is no HTML."""
        if self.unsure is not None and name in TELLING:
            self.lost = True
        attributes = attributes_of(values) if name == "font" or name == "annotation-xml" else {}
        if self.foreign and self.stays_foreign(name, attributes):
            if slashes[-1:] != "/" or self.unsure is not None:
                space = self.names[-1].partition("/")[0]
                encoding = attributes.get("encoding", "").lower()
                of_html = space == "math" and name == "annotation-xml" and encoding in HTML_ENCODINGS
                self.push(f"{'html' if of_html else space}/{name}", True)
            return True
        if name in OF_TABLES and self.foreigners:
            self.lost = True
        return False

    def push(self, name: str, foreign: bool) -> None:
        self.names.append(name)
        if foreign != self.foreign or name in BARRIERS:
            self.regions.append((len(self.names) - 1, set()))
            self.foreign = foreign
        elif self.regions[-1][1]:
            self.regions[-1][1].difference_update(HEADINGS if name in HEADINGS else (name.rpartition("/")[2],))
        if foreign:
            self.foreigners[name.partition("/")[2]] += 1

    def cut(self, place: int) -> None:
        """Close all elements from this place on."""
        if self.foreign:
            for name in self.names[place:]:
                within = name.partition("/")[2]
                self.foreigners[within] -= 1
                if self.foreigners[within] <= 0:
                    del self.foreigners[within]
        del self.names[place:]
        while self.regions[-1][0] >= place:
            self.regions.pop()
            self.foreign = bool(self.names) and "/" in self.names[-1]

    def stays_foreign(self, name: str, attributes: dict[str, str]) -> bool:
        """Return whether a start tag in an <svg> or <math> is one of these too; if it ends them, closes them."""
        inner = self.names[-1]
        if inner in HOLDS_HTML:
            return inner in HOLDS_TEXT and name in ("mglyph", "malignmark")
        if inner == "math/annotation-xml" and name == "svg":
            return False
        if name in ENDS_FOREIGN or not ENDS_FOREIGN_WITH.get(name, set()).isdisjoint(attributes):
            self.leave_foreign()
            return False
        return True

    def leave_foreign(self) -> None:
        """Close what is open of an <svg> or <math>, up to HTML or what holds it."""
        place = len(self.names)
        while place > self.regions[-1][0] and self.names[place - 1] not in HOLDS_HTML:
            place -= 1
        kept = [name.partition("/")[2] for name in self.names[place if self.unsure is None else self.unsure :]]
        self.cut(place)
        if self.unsure is not None:
            self.unsure = None
            for name in kept:
                self.push(name, False)

    def close(self, name: str) -> None:
        """Take an end tag: closes what it closes for certain."""
        if self.left_open and name not in UNNESTED and self.names[-1].rpartition("/")[2] != name:
            self.remade += self.left_open  # it may end formatting, that goes on in the text behind it
        if name == "form" and not self.foreign:
            if self.form_ended:
                return
            self.form_ended = True
        if self.names and self.names[-1] == name:
            self.names.pop()
            if self.regions[-1][0] == len(self.names):
                self.cut(len(self.names))
            if name in REMADE:
                self.left_open -= 1
        elif self.foreign and name in ("p", "br"):
            self.leave_foreign()
        elif name not in self.regions[-1][1]:
            if self.foreigners and not self.foreign and (name in OF_TABLES or name in self.foreigners):
                self.lost = True
            if not (self.close_foreign(name) if self.foreign else self.close_html(name)):
                self.regions[-1][1].add(name)
        if self.columns >= len(self.names):
            self.columns = -1

    def close_foreign(self, name: str) -> bool:
        start, last = self.regions[-1][0], len(self.names) - 1
        for place in range(last, max(start - 1, last - MAX_REACH) if self.unsure is None else last - 1, -1):
            if self.names[place].partition("/")[2] == name:
                self.cut(place)
                if self.unsure is not None:
                    self.unsure = min(self.unsure, place) if self.foreign else None
                return True
        near = self.names[max(0, start - MAX_REACH) : start]
        if self.unsure is None and (name in UNNAMED or name in near or len(near) == MAX_REACH):
            self.unsure = len(self.names)
            self.doubts += 1
            self.lost |= self.doubts > MAX_DOUBTS or not TELLING.isdisjoint(self.foreigners)
        self.lost |= last - start >= MAX_REACH
        return self.unsure is not None

    def close_html(self, name: str) -> bool:
        start = max(0, self.regions[-1][0], len(self.names) - MAX_REACH)
        region = self.names[start:]
        if name in HEADINGS:
            name = next((outer for outer in reversed(region) if outer in HEADINGS), name)
        if name not in region:
            if name == "template" and self.columns < 0:
                self.lost |= len(self.regions) > MAX_REACH
                self.columns = next((at for at, _ in self.regions[1:MAX_REACH] if self.names[at] == name), -1)
            return False
        place = len(region) - 1 - region[::-1].index(name)
        inner = region[place + 1 :]
        if name in FORMATTING:
            self.end_formatting(start + place, inner)
        elif name == "form":
            del self.names[start + place]
        elif (name in BLOCKS and LISTS.get(name, set()).isdisjoint(inner)) or (
            name == "ruby" and RUBY.issuperset(inner)
        ):
            self.cut_blocks(start + place)
        else:
            return False
        return True

    def end_formatting(self, place: int, inner: list[str]) -> None:
        """Close a formatting element around ``inner``, which stays open, but DETACHED ones in it perhaps."""
        self.left_open -= self.names[place] in REMADE
        blocks = [at for at, name in enumerate(inner) if name in SPECIAL]
        first = blocks[0] if blocks else len(inner)
        self.names[place : place + first + 1] = kept = [name for name in inner[:first] if name not in DETACHED]
        self.extra += first - len(kept) + (len(inner) - first > MAX_MOVED)
