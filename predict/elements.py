"""tags -> the elements that the parser holds open, in one linear pass; rather too many than too few.

An element that only certain tags end (``close``) is taken for open for as long as that is not certain. Of what is in an
<svg> or <math> all is followed to the letter, for it decides how the tokenizer goes on (``tokens.py``).
"""

from collections import Counter
from dataclasses import dataclass, field

from .attributes import attributes_of

VOID = frozenset("area base br col embed hr image img input link meta param source track wbr".split())
# Elements whose end tag may be left out: twenty thousand of them in a row are siblings, not a tower.
UNNESTED = frozenset("p option tr td th thead tbody tfoot colgroup html head body".split())
UNNESTED_IN = {
    "li": {"ul", "ol", "menu", "dir", "li"},
    "dt": {"dl", "dt", "dd"},
    "dd": {"dl", "dt", "dd"},
    "rt": {"ruby"},
    "rp": {"ruby"},
    "optgroup": {"select"},
}
# The end tag of one ends all that is open inside, up to a BARRIER.
BLOCKS = frozenset(
    "address applet article aside blockquote button center details dialog dir div dl fieldset figcaption figure footer "
    "h1 h2 h3 h4 h5 h6 header hgroup main marquee menu nav object ol pre search section select summary table template "
    "ul".split()
)
BARRIERS = frozenset("applet button marquee object select table template".split())
# Left open, one goes on in what follows the block that it stands in.
FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())
REMADE = FORMATTING - {"a", "nobr"}  # of these two, one is open at most
MAX_REACH = 300  # open elements among which that of an end tag is searched
MAX_MOVED = 4  # elements over which the end tag of a formatting element reaches
# No end tag but those of BLOCKS and FORMATTING reaches over one.
SPECIAL = BLOCKS.union(
    UNNESTED,
    UNNESTED_IN,
    "caption form frame frameset iframe listing noembed noframes noscript plaintext script style textarea title "
    "xmp".split(),
) - {"rt", "rp", "option", "optgroup"}
INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd mark meter nobr output picture "
    "progress q rp rt ruby s samp small span strike strong sub sup svg time tspan tt u var wbr".split()
)
# Elements that begin and end a block; all others, of whatever name, stand in a line of text, as in browsers.
BLOCK_LEVEL = frozenset(
    "address applet article aside audio blockquote body button canvas caption center col colgroup dd details "
    "dialog dir div dl dt embed fieldset figcaption figure footer foreignObject form frame frameset h1 h2 h3 h4 "
    "h5 h6 header hgroup hr html input label legend li listing main map marquee menu nav noframes noscript object "
    "ol optgroup option p param plaintext pre search section select summary table tbody td text textarea tfoot th "
    "thead tr ul video xmp".split()
)

# An HTML element of this name ends an <svg> or <math> around it (WHATWG HTML, "parsing tokens in foreign content").
ENDS_FOREIGN = frozenset(
    "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu meta "
    "nobr ol p pre ruby s small span strong strike sub sup table tt u ul var".split()
)
ENDS_FOREIGN_WITH = {"font": {"color", "face", "size"}}  # one of these attributes
# Elements of <svg> and <math> that hold HTML again; an <annotation-xml> of HTML is html/annotation-xml.
HOLDS_TEXT = frozenset({"math/mi", "math/mo", "math/mn", "math/ms", "math/mtext"})
HOLDS_HTML = HOLDS_TEXT | {"svg/foreignobject", "svg/desc", "svg/title", "html/annotation-xml"}
HTML_ENCODINGS = frozenset({"text/html", "application/xhtml+xml"})
# Tags that may end what is in a table or template around them, even an <svg>.
OF_TABLES = frozenset("caption col colgroup table tbody td template tfoot th thead tr".split())
# Elements that may be open though they are not among the names.
UNNAMED = UNNESTED.union(UNNESTED_IN, BLOCKS & {"h1", "h2", "h3", "h4", "h5", "h6"}, ["caption"]) - {"html", "body"}
# Tags that make a difference to the tokenizer, in HTML or in an <svg> or <math>.
TELLING = frozenset("iframe math noembed noframes plaintext script style textarea title xmp annotation-xml".split()) | {
    name.partition("/")[2] for name in HOLDS_HTML
}


@dataclass(slots=True)
class OpenElements:
    """The elements that are open, by their ``names``, the outermost first; those of an <svg> as "svg/path".

    The names are in ``regions``: one ends before each of BARRIERS and between HTML and an <svg> or <math>; each with
    the names whose end tag does nothing in it. ``foreign`` says whether the innermost is of an <svg> or <math>,
    ``foreigners`` how many of these are open by name. From the place ``unsure`` on they may be of HTML instead;
    ``lost`` says that this may have changed how the tokenizer goes on. ``left_open`` counts REMADE among the names,
    ``remade`` how many elements were made of them anew.
    """

    names: list[str] = field(default_factory=list)
    regions: list[tuple[int, set[str]]] = field(default_factory=lambda: [(-1, set())])
    foreign: bool = False
    foreigners: Counter[str] = field(default_factory=Counter)
    unsure: int | None = None
    lost: bool = False
    form_ended: bool = True
    left_open: int = 0
    remade: int = 0

    def open(self, name: str, values: str, slashes: str) -> bool:
        """Takes a start tag with the attributes ``values``, and what is before its end. Returns whether it is HTML."""
        if self.foreigners and self.open_foreign(name, values, slashes):
            return False
        if self.left_open and name not in INLINE:
            self.remade += self.left_open
        if name == "svg" or name == "math":
            if slashes[-1:] != "/":
                self.push(f"{name}/{name}", True)
            return False
        if name not in VOID and self.nests(name):
            self.push(name, False)
            if name in REMADE:
                self.left_open += 1
        if name == "form":
            self.form_ended = False
        return True

    def nests(self, name: str) -> bool:
        """Whether what follows this start tag may stand inside the element; a <li> of a list only adds a sibling."""
        outer = self.names[-1] if self.names else ""
        if name in UNNESTED:
            return (outer != "" and outer != name and outer not in BLOCKS) or bool(self.foreigners)
        return name not in UNNESTED_IN or outer not in UNNESTED_IN[name] or bool(self.foreigners)

    def open_foreign(self, name: str, values: str, slashes: str) -> bool:
        """Takes a start tag somewhere inside an <svg> or <math>; returns whether it is no HTML."""
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
            self.regions[-1][1].discard(name.rpartition("/")[2])
        if foreign:
            self.foreigners[name.partition("/")[2]] += 1

    def cut(self, place: int) -> None:
        """Closes all elements from this place on."""
        if self.foreign:
            self.foreigners.subtract(name.partition("/")[2] for name in self.names[place:])
            self.foreigners = +self.foreigners
        del self.names[place:]
        while self.regions[-1][0] >= place:
            self.regions.pop()
            self.foreign = bool(self.names) and "/" in self.names[-1]

    def stays_foreign(self, name: str, attributes: dict[str, str]) -> bool:
        """Whether a start tag in an <svg> or <math> is one of these too; if it ends them, closes them."""
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
        """Closes what is open of an <svg> or <math>, up to HTML or what holds it."""
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
        """Takes an end tag: closes what it closes for certain."""
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
        elif name not in self.regions[-1][1] and not (self.close_foreign if self.foreign else self.close_html)(name):
            self.regions[-1][1].add(name)

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
            self.lost |= not TELLING.isdisjoint(self.foreigners)
        self.lost |= last - start >= MAX_REACH
        return self.unsure is not None

    def close_html(self, name: str) -> bool:
        start = max(0, self.regions[-1][0], len(self.names) - MAX_REACH)
        region = self.names[start:]
        if self.foreigners and (name in OF_TABLES or name in self.foreigners):
            self.lost = True
        if name not in region:
            return False
        place = len(region) - 1 - region[::-1].index(name)
        inner = region[place + 1 :]
        if name in FORMATTING or name == "form":
            if name != "form" and len(inner) > MAX_MOVED and not SPECIAL.isdisjoint(inner):
                return False
            del self.names[start + place]
            self.left_open -= name in REMADE
        elif name in BLOCKS or (name not in SPECIAL and SPECIAL.isdisjoint(inner)):
            self.cut(start + place)
            kept = [tag for tag in inner if tag in FORMATTING]
            self.names += kept
            self.regions[-1][1].difference_update(kept)
        else:
            return False
        return True
