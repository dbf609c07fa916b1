"""The names of elements, grouped by the effect of their tags (WHATWG HTML, "Tree construction")."""

VOID = frozenset(
    "area base body br col embed frame frameset head hr html image img input link meta param source track wbr".split()
)
# Elements whose end tag may be left out: a row of twenty thousand are siblings, not nested.
UNNESTED = frozenset("p tr thead tbody tfoot colgroup".split())
# An end tag of these closes all elements inside, up to a BARRIER.
BLOCKS = frozenset(
    "address applet article aside blockquote button caption center dd details dialog dir div dl dt fieldset figcaption "
    "figure footer h1 h2 h3 h4 h5 h6 header hgroup li listing main marquee menu nav object ol pre search section "
    "select summary table td template th ul".split()
)
BARRIERS = frozenset("applet marquee object select table template".split())
HEADINGS = frozenset("h1 h2 h3 h4 h5 h6".split())  # the end tag of one closes another
CELLS = frozenset("caption td th".split())
DETACHED = frozenset({"dialog", "ruby"})  # may be closed by the end tag of formatting around it
MARKERS = CELLS | BARRIERS - {"select", "table"}  # formatting opened inside does not continue after the end
ITEMS = {"li": {"li"}, "dt": {"dt", "dd"}, "dd": {"dt", "dd"}}  # a start tag closes these items before it
LISTS = {"li": {"ul", "ol"}}  # which an end tag does not cross
ROWS = frozenset("col colgroup tbody tfoot thead tr".split())
# Start tags that close an open element first.
ENDING = HEADINGS.union(CELLS, ITEMS, ROWS, "a button input nobr optgroup option rb rp rt rtc select table".split())
IMPLIED = frozenset("dd dt li optgroup option p rb rp rt rtc".split())
RUBY = frozenset("rb rp rt rtc".split())
IMPLYING = {**dict.fromkeys(RUBY, "ruby"), "optgroup": "select"}  # end IMPLIED inside these
# If left open, it continues after the end of its block.
FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())
REMADE = FORMATTING - {"a"}  # at most one <a> is open
# Only end tags of BLOCKS and FORMATTING cross these.
SPECIAL = (BLOCKS - {"dialog"}).union(
    UNNESTED,
    "form iframe noembed noframes noscript plaintext script style textarea title xmp".split(),
)
INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd mark meter nobr output picture "
    "progress q rp rt ruby s samp small span strike strong sub sup svg time tspan tt u var wbr".split()
)
# Elements that begin and end a block; all others, of any name, are inline, as in browsers.
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
# Elements of <svg> and <math> that contain HTML; an <annotation-xml> of HTML is html/annotation-xml.
HOLDS_TEXT = frozenset({"math/mi", "math/mo", "math/mn", "math/ms", "math/mtext"})
HOLDS_HTML = HOLDS_TEXT | {"svg/foreignobject", "svg/desc", "svg/title", "html/annotation-xml"}
HTML_ENCODINGS = frozenset({"text/html", "application/xhtml+xml"})
# Tags that may close elements in a table or template around them, even an <svg>.
OF_TABLES = frozenset("caption col colgroup table tbody td template tfoot th thead tr".split())
# Elements that may be open without an entry in ``OpenElements.names``.
UNNAMED = UNNESTED.union(HEADINGS)
# Tags after which the tokenizer continues in another way, in HTML or in an <svg> or <math>.
TELLING = frozenset("iframe math noembed noframes plaintext script style textarea title xmp annotation-xml".split()) | {
    name.partition("/")[2] for name in HOLDS_HTML
}
