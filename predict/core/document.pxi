# markup -> blocks and the elements around them: mirrors predict/document/blocks.py, on the page as the parser writes it
# again. What this does not tell for certain is left to the reference: NotCertain.

from ..document.blocks import BUTTON_TYPES, CONTROLS, DRAWINGS, FREE, MARKS as MARKED, MAX_AROUND, PLAIN_NAME, UNSHOWN_TYPES
from ..document.element_names import BLOCK_LEVEL, INLINE
from ..document.formula import HOLDS_HTML
from ..document.limits import NOT_DRAWN, NOT_TEXT

cdef enum:  # what a tag's name says
    T_BLOCK = 1
    T_UNKNOWN = 2
    T_NOT_TEXT = 4
    T_NOT_DRAWN = 8
    T_CONTROL = 16
    T_VOID = 32
    T_RAW = 64
    T_REFUSED = 128
    T_DRAWING = 256
    T_HOLDS_HTML = 512
    T_PLAIN = 1024
    T_BREAK = 2048
    T_LINK = 4096
    T_IMAGE = 8192
    T_PRE = 16384
    T_TEMPLATE = 32768
    T_SCRIPT = 65536

cdef enum:  # of events
    E_START, E_END, E_TEXT, E_OTHER, E_SKIPPED

# Without an end tag, and with text that is no markup, as the parser writes them (WHATWG HTML, "Serializing").
VOID = frozenset(
    "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr".split()
)
RAW = frozenset("style script xmp iframe noembed noframes plaintext".split())
REFUSED = frozenset("xmp plaintext math".split())
FLAGS = {
    T_BLOCK: BLOCK_LEVEL, T_NOT_TEXT: NOT_TEXT, T_NOT_DRAWN: NOT_DRAWN, T_CONTROL: CONTROLS, T_VOID: VOID, T_RAW: RAW,
    T_REFUSED: REFUSED, T_DRAWING: DRAWINGS, T_HOLDS_HTML: HOLDS_HTML, T_BREAK: {"br"}, T_LINK: {"a"}, T_IMAGE: {"img"},
    T_PRE: {"pre", "textarea"}, T_TEMPLATE: {"template"}, T_SCRIPT: {"script"},
}
ATTRIBUTES = ["id", "class", *MARKED, "style", "hidden", "aria-hidden", "href", "value", "placeholder", "label"]
cdef enum:  # in the order of ATTRIBUTES; MARKED has A_ROLE to A_TESTID
    A_ID, A_CLASS, A_ROLE, A_ITEMPROP, A_REL, A_NAME, A_TYPE, A_ARIA_LABEL, A_TESTID, A_STYLE, A_HIDDEN, A_ARIA_HIDDEN
    A_HREF, A_VALUE, A_PLACEHOLDER, A_LABEL, N_ATTRIBUTES
assert len(ATTRIBUTES) == N_ATTRIBUTES
STEPS_OF = {-1: "/@value", -2: "/@placeholder", -3: "/@label"}
cdef enum:
    STEP_VALUE = -1
    STEP_PLACEHOLDER = -2
    STEP_LABEL = -3
    MARK_LENGTH = 40
cdef int64_t MOST_AROUND = MAX_AROUND
cdef int64_t FREE_AROUND = FREE


class NotCertain(Exception):
    """The reference has to read this page."""


cdef uint32_t flags_of_tag(str name) except? 0xffffffff:
    cdef uint32_t flags = 0
    for flag, names in FLAGS.items():
        if name in names:
            flags |= <uint32_t>flag
    if name not in BLOCK_LEVEL and name not in INLINE:
        flags |= T_UNKNOWN
    if PLAIN_NAME.fullmatch(name):
        flags |= T_PLAIN
    return flags


cdef Words KNOWN_TAGS
cdef vector[uint32_t] KNOWN_FLAGS
for _name in sorted(BLOCK_LEVEL | INLINE | NOT_DRAWN | VOID | RAW | REFUSED | CONTROLS | DRAWINGS | HOLDS_HTML):
    add_word(&KNOWN_TAGS, _name)
    KNOWN_FLAGS.push_back(flags_of_tag(_name))
cdef Words KNOWN_ATTRIBUTES
for _name in ATTRIBUTES:
    add_word(&KNOWN_ATTRIBUTES, _name)
cdef vector[Char] COMMENT_START = chars_of("!--")
cdef vector[Char] COMMENT_END = chars_of("-->")
cdef vector[Char] SCRIPT = chars_of("script")
cdef vector[Char] DISPLAY_NONE = chars_of("display:none")


cdef int32_t add_word(Words* words, str word) except -1:
    cdef vector[Char] chars = chars_of(word)
    return words.add(chars.data(), chars.size())


cdef str text_of(const Char* begin, size_t size):
    return PyUnicode_FromKindAndData(4, begin, size)


cdef int32_t tag_of(Document* page, const Char* begin, size_t size) except -1 nogil:
    cdef int32_t tag = page.tags.find(begin, size)
    if tag < 0:
        tag = page.tags.add(begin, size)
        with gil:
            page.tag_flags.push_back(flags_of_tag(text_of(begin, size)))
    return tag


cdef int not_certain(int why) except -1 nogil:
    with gil:
        raise NotCertain(why)


cdef const Char* find(const Char* at, const Char* end, const vector[Char]* what) noexcept nogil:
    cdef size_t size = what.size()
    while <size_t>(end - at) >= size:
        if at[0] == what[0][0] and memcmp(at, what.data(), size * sizeof(Char)) == 0:
            return at
        at += 1
    return NULL


cdef const Char* find_one(const Char* at, const Char* end, Char what) noexcept nogil:
    return find_char(at, end, what) if at < end else at


cdef bint begins(const Char* at, const Char* end, const vector[Char]* what) noexcept nogil:
    return <size_t>(end - at) >= what.size() and memcmp(at, what.data(), what.size() * sizeof(Char)) == 0


# ---- markup -> events

cdef int add_event(Document* page, int kind, int32_t tag, const Char* begin, const Char* end) except -1 nogil:
    cdef Event event
    event.kind, event.tag, event.holds_block, event.drawn, event.foreign = kind, tag, False, False, False
    event.begin, event.end = begin - page.html.data(), end - page.html.data()
    page.events.push_back(event)
    return 0


cdef const Char* end_of_tag(const Char* at, const Char* end) noexcept nogil:
    """Where the ``>`` of a start tag is, whose attributes begin here."""
    while at < end and at[0] != 62:
        at += 2  # the space, and the first character of a name, which may be =
        while at < end and at[0] != 61 and at[0] != 32 and at[0] != 62:
            at += 1
        if at < end and at[0] == 61:
            at = find_one(at + 2, end, 34) + 1
    return at


cdef int read_events(Document* page) except -1 nogil:
    """Take the markup apart: tags in their order, texts between them, and elements that are not shown as one event."""
    cdef const Char* at = page.html.data()
    cdef const Char* end = at + page.html.size()
    cdef const Char *start
    cdef vector[int32_t] open_, unknown
    cdef int32_t tag, skipped = NONE
    cdef int skip = 0
    while at < end:
        if at[0] != 60:
            start = at
            at = find_one(at, end, 60)
            if not skip:
                add_event(page, E_TEXT, NONE, start, at)
            continue
        at += 1
        if at < end and (at[0] == 33 or at[0] == 63):
            at = end_of_comment(at, end)
            if not skip:
                add_event(page, E_OTHER, NONE, at, at)
        elif at < end and at[0] == 47:
            start = at + 1
            at = find_one(start, end, 62)
            if at >= end:
                not_certain(1)
            tag = tag_of(page, start, at - start)
            at += 1
            if skip:
                skip -= tag == skipped
                if not skip:
                    skipped = NONE
                continue
            close_event(page, &open_, &unknown, tag, at)
        else:
            at = open_event(page, at, end, &open_, &unknown, &skip, &skipped)
    if skip or open_.size():
        not_certain(2)
    return 0


cdef const Char* end_of_comment(const Char* at, const Char* end) except NULL nogil:
    """The end of a comment, a declaration or an instruction, behind its ``<``."""
    if begins(at, end, &COMMENT_START):
        at = find(at + COMMENT_START.size(), end, &COMMENT_END)
        if at == NULL:
            not_certain(3)
        return at + COMMENT_END.size()
    at = find_one(at, end, 62)
    if at >= end:
        not_certain(4)
    return at + 1


cdef int close_event(
    Document* page, vector[int32_t]* open_, vector[int32_t]* unknown, int32_t tag, const Char* at
) except -1 nogil:
    if not open_.size() or page.events[open_.back()].tag != tag:
        not_certain(5)
    if unknown.size() and unknown.back() == open_.back():
        unknown.pop_back()
    open_.pop_back()
    return add_event(page, E_END, tag, at, at)


cdef int mark_blocks(Document* page, vector[int32_t]* unknown) noexcept nogil:
    """Say of the open elements of unknown names that a block-level one is in them."""
    cdef size_t i = unknown.size()
    while i and not page.events[unknown[0][i - 1]].holds_block:
        i -= 1
        page.events[unknown[0][i]].holds_block = True
    return 0


cdef const Char* open_event(
    Document* page, const Char* at, const Char* end, vector[int32_t]* open_, vector[int32_t]* unknown, int* skip,
    int32_t* skipped
) except NULL nogil:
    """Take a start tag; returns where its element goes on, or ends where it is not gone into."""
    cdef const Char* start = at
    cdef const Char *attributes
    cdef int32_t tag
    cdef uint32_t flags, outer_flags
    cdef Event* outer
    while at < end and at[0] != 62 and at[0] != 32:
        at += 1
    attributes = at
    tag = tag_of(page, start, at - start)
    flags = page.tag_flags[tag]
    at = end_of_tag(at, end)
    if at >= end:
        not_certain(6)
    if flags & T_BLOCK and not (skip[0] and page.tag_flags[skipped[0]] & T_TEMPLATE):
        mark_blocks(page, unknown)
    if flags & T_REFUSED and not skip[0]:
        not_certain(7)
    if flags & T_RAW:
        start = at + 1
        at = end_of_script(start, end) if flags & T_SCRIPT else end_of_raw(page, tag, start, end)
        if open_.size() and page.events[open_.back()].foreign and find_one(start, at, 60) < at - page.tags.length(tag) - 3:
            not_certain(16)  # there, elements may stand in it
        if not skip[0]:
            add_event(page, E_SKIPPED, tag, at, at)
        return at
    at += 1
    if skip[0]:
        skip[0] += tag == skipped[0] and not flags & T_VOID
        return at
    if open_.size() and flags & (T_NOT_DRAWN if page.events[open_.back()].drawn else T_NOT_TEXT):
        skip[0], skipped[0] = 1, tag
        add_event(page, E_SKIPPED, tag, at, at)
        return at
    add_event(page, E_START, tag, attributes, at - 1)
    if open_.size():
        outer = &page.events[open_.back()]
        outer_flags = page.tag_flags[outer.tag]
        page.events.back().drawn = flags & T_DRAWING or (outer.drawn and not flags & T_HOLDS_HTML)
        page.events.back().foreign = flags & T_DRAWING or (outer.foreign and not outer_flags & T_HOLDS_HTML)
    if flags & T_VOID and not page.events.back().foreign:
        add_event(page, E_END, tag, at, at)
        return at
    open_.push_back(page.events.size() - 1)
    if flags & T_UNKNOWN:
        unknown.push_back(open_.back())
    return at


cdef const Char* end_of_raw(Document* page, int32_t tag, const Char* at, const Char* end) except NULL nogil:
    """Behind the end tag of an element whose text is no markup."""
    cdef vector[Char] tag_end
    tag_end.push_back(60)
    tag_end.push_back(47)
    tag_end.insert(tag_end.end(), page.tags.begin(tag), page.tags.begin(tag) + page.tags.length(tag))
    tag_end.push_back(62)
    at = find(at, end, &tag_end)
    if at == NULL:
        not_certain(10)
    return at + tag_end.size()


cdef const Char* end_of_script(const Char* at, const Char* end) except NULL nogil:
    """Behind the end tag of a <script>, which does not end it in a comment behind another <script>."""
    cdef bint in_comment = False, in_script = False
    while at < end:
        if at[0] == 60:
            if begins(at + 1, end, &COMMENT_START) and not in_comment:
                in_comment = True
                at += 2  # its hyphens may be those that end it
                continue
            if is_script(at + 1, end):
                in_script = in_comment
            elif at + 1 < end and at[1] == 47 and is_script(at + 2, end):
                if not in_script:
                    at = find_one(at, end, 62)
                    if at >= end:
                        not_certain(14)
                    return at + 1
                in_script = False
        elif in_comment and begins(at, end, &COMMENT_END):
            in_comment = in_script = False
        at += 1
    not_certain(15)
    return NULL


cdef bint is_script(const Char* at, const Char* end) noexcept nogil:
    """Whether the name of a tag is script, in any case, as far as it can be told from what ends it."""
    cdef size_t i
    if <size_t>(end - at) <= SCRIPT.size():
        return False
    for i in range(SCRIPT.size()):
        if (at[i] | 32) != SCRIPT[i]:
            return False
    at += SCRIPT.size()
    return at[0] == 62 or at[0] == 47 or is_space(at[0])


# ---- attributes

cdef struct Value:
    bint there
    size_t begin, size


cdef struct Attributes:
    Value values[N_ATTRIBUTES]


cdef int read_attributes(Document* page, Node* node, vector[Char]* text, Attributes* found) except -1 nogil:
    """The values of those attributes that are read, in ``text``."""
    cdef const Char* at = page.html.data() + node.attributes
    cdef const Char* end = page.html.data() + node.attributes_end
    cdef const Char *name
    cdef const Char *value
    cdef const Char *stop
    cdef int32_t number
    memset(found, 0, sizeof(Attributes))
    text.clear()
    while at + 1 < end:
        name = at + 1
        at = name + 1
        while at < end and at[0] != 61 and at[0] != 32:
            at += 1
        number = KNOWN_ATTRIBUTES.find(name, at - name)
        value = stop = at
        if at < end and at[0] == 61:
            value = at + 2
            stop = find_one(value, end, 34)
            at = stop + 1
        if number >= 0 and not found.values[number].there:
            found.values[number].there = True
            found.values[number].begin = text.size()
            add_unescaped(text, value, stop)
            found.values[number].size = text.size() - found.values[number].begin
    return 0


cdef int add_unescaped(vector[Char]* text, const Char* at, const Char* end) except -1 nogil:
    """The text with the five references replaced that the parser writes."""
    cdef const Char *start
    cdef size_t i
    while at < end:
        start = at
        at = find_one(at, end, 38)
        text.insert(text.end(), start, at)
        if at >= end:
            return 0
        for i in range(N_REFERENCES):
            if begins(at, end, &REFERENCES[i]):
                text.push_back(REFERRED[i])
                at += REFERENCES[i].size()
                break
        else:
            text.push_back(38)
            at += 1
    return 0


cdef enum:
    N_REFERENCES = 5
cdef vector[Char] REFERENCES[N_REFERENCES]
cdef Char REFERRED[N_REFERENCES]
for _i, (_name, _char) in enumerate({"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&nbsp;": "\xa0"}.items()):
    REFERENCES[<size_t>_i] = chars_of(_name)
    REFERRED[<size_t>_i] = ord(_char)


# ---- events -> blocks

cdef int walk(Document* page) except -1 nogil:
    """Find the blocks: pieces of text, cut at block-level boundaries, at <br><br>, and between links that touch."""
    cdef size_t i
    cdef Event* event
    cdef int32_t inside = NONE, node
    cdef bint after_link = False
    for i in range(page.events.size()):
        event = &page.events[i]
        if event.kind == E_END:
            node = inside
            if node == NONE:
                not_certain(11)
            inside = page.nodes[node].parent
            if page.nodes[node].entered or node == 0:
                after_link = page.tag_flags[page.nodes[node].tag] & T_LINK
                if page.nodes[node].block:
                    end_run(page)
            else:
                after_link = False
        elif inside == NONE and (event.kind != E_START or page.nodes.size()):
            if event.kind == E_START:
                not_certain(12)  # a second root
        elif event.kind == E_TEXT:
            page.nodes[inside].entered = True
            page.nodes[inside].texts += 1
            add_text(page, page.html.data() + event.begin, page.html.data() + event.end, inside)
            after_link = False
        elif event.kind == E_START:
            inside = enter(page, event, inside)
            begin_element(page, inside, after_link)
            after_link = False
        else:
            page.nodes[inside].entered = True
            page.nodes[inside].elements += event.kind == E_SKIPPED
            after_link = False
    return end_run(page)


cdef int32_t enter(Document* page, Event* event, int32_t inside) except -1 nogil:
    """Make a node of an element, in the one that the walk is inside of; gives its number."""
    cdef Node node
    cdef Node* parent
    cdef uint32_t flags = page.tag_flags[event.tag]
    cdef int32_t child
    node.parent, node.tag, node.attributes, node.attributes_end = inside, event.tag, event.begin, event.end
    if inside >= 0:
        parent = &page.nodes[inside]
        parent.entered = True
        parent.elements += 1
        child = page.children.find(inside, event.tag)
        node.nth = 1 if child < 0 else child + 1
        page.children.set(inside, event.tag, node.nth)
        node.nth_of_all = parent.elements
        node.block = flags & T_BLOCK or (flags & T_UNKNOWN and event.holds_block)
        node.pre = parent.pre or flags & T_PRE
        node.link = parent.link
        if flags & T_LINK:
            node.link = number_link(page, &node)
    page.nodes.push_back(node)
    return page.nodes.size() - 1


cdef int32_t number_link(Document* page, Node* node) except -1 nogil:
    cdef Attributes found
    cdef vector[Char] text
    read_attributes(page, node, &text, &found)
    return page.links.add(text.data() + found.values[A_HREF].begin, found.values[A_HREF].size)


cdef int begin_element(Document* page, int32_t node, bint after_link) except -1 nogil:
    """End the run before an element, or take the break, the image or the attribute that it shows."""
    cdef uint32_t flags = page.tag_flags[page.nodes[node].tag]
    cdef bint cut = page.nodes[node].block or (flags & T_LINK and after_link)
    cdef Char line_feed = 10
    if flags & T_BREAK:
        cut = page.run.after_break
        page.run.text.push_back(line_feed)
        page.run.pieces += 1
        page.run.after_break = True
    if cut:
        end_run(page)
    if flags & T_IMAGE:
        page.run.pieces += 1
        page.images += 1
    elif flags & T_CONTROL:
        add_control(page, node, flags)
    return 0


cdef int add_control(Document* page, int32_t node, uint32_t flags) except -1 nogil:
    """The text that one of CONTROLS shows although it is no text node, as a block."""
    cdef Attributes found
    cdef vector[Char] text
    cdef int shown, step
    cdef bint is_shown = True, is_button = False
    read_attributes(page, &page.nodes[node], &text, &found)
    if page.nodes[node].tag == TAG_INPUT:
        with gil:
            kind = text_of(text.data() + found.values[A_TYPE].begin, found.values[A_TYPE].size).lower() or "text"
            is_shown, is_button = kind not in UNSHOWN_TYPES, kind in BUTTON_TYPES
        if not is_shown:
            return 0
        shown = A_VALUE if found.values[A_VALUE].size or is_button else A_PLACEHOLDER
    else:
        shown = A_PLACEHOLDER if page.nodes[node].tag == TAG_TEXTAREA else A_LABEL
    step = STEP_VALUE if shown == A_VALUE else STEP_PLACEHOLDER if shown == A_PLACEHOLDER else STEP_LABEL
    if found.values[shown].size:
        page.run.pieces = 1
        add_piece(page, text.data() + found.values[shown].begin, found.values[shown].size, node, step)
        end_run(page)
    return 0


cdef int32_t TAG_INPUT = find_word(&KNOWN_TAGS, "input")
cdef int32_t TAG_TEXTAREA = find_word(&KNOWN_TAGS, "textarea")


cdef int add_text(Document* page, const Char* begin, const Char* end, int32_t node) except -1 nogil:
    """A text node; white space counts only within a run, or in <pre>."""
    cdef size_t start = page.run.text.size()
    cdef const Char* at
    add_unescaped(&page.run.text, begin, end)
    if not page.run.pieces and not page.nodes[node].pre:
        at = page.run.text.data() + start
        while at < page.run.text.data() + page.run.text.size() and flags_of(at[0]) & SPACE:
            at += 1
        if at == page.run.text.data() + page.run.text.size():
            page.run.text.resize(start)
            return 0
    page.run.pieces += 1
    return count_piece(page, start, node, page.nodes[node].texts)


cdef int add_piece(Document* page, const Char* begin, size_t size, int32_t node, int step) except -1 nogil:
    cdef size_t start = page.run.text.size()
    page.run.text.insert(page.run.text.end(), begin, begin + size)
    return count_piece(page, start, node, step)


cdef int count_piece(Document* page, size_t start, int32_t node, int step) except -1 nogil:
    """Take note of where a run begins to be visible, and of how much of it stands in links."""
    cdef const Char* begin = page.run.text.data() + start
    cdef const Char* end = page.run.text.data() + page.run.text.size()
    while begin < end and flags_of(begin[0]) & SPACE:
        begin += 1
    if begin == end:
        return 0
    while flags_of((end - 1)[0]) & SPACE:
        end -= 1
    page.run.after_break = False
    if page.run.node == NONE:
        page.run.node, page.run.step = node, step
    if page.nodes[node].link != NONE:
        page.run.linked += end - begin
        if page.run.link == NONE or not page.links.length(page.run.link):
            page.run.link = page.nodes[node].link
    return 0


cdef int end_run(Document* page) except -1 nogil:
    """Make a block of the run, if anything of it is visible."""
    cdef int64_t taken
    if page.run.node != NONE:
        taken = locate(page, page.run.node)
        page.block_nodes.push_back(page.run.node)
        page.block_steps.push_back(page.run.step)
        page.block_links.push_back(page.run.link)
        page.block_images.push_back(page.images)
        page.block_owners.push_back(owner_of(page, page.run.node))
        taken += page.nodes[page.run.node].around + (page.links.length(page.run.link) if page.run.link != NONE else 0)
        page.around += max(0, taken - FREE_AROUND)
        if page.around > MOST_AROUND:
            not_certain(13)
        page.images = 0
        add_block_text(page)
    page.run.clear()
    return 0


cdef int32_t owner_of(Document* page, int32_t node) noexcept nogil:
    """The tag of the innermost element around a block that begins and ends one."""
    while not page.nodes[node].block and page.nodes[node].parent != NONE:
        node = page.nodes[node].parent
    return page.nodes[node].tag


cdef int64_t locate(Document* page, int32_t node) except -1 nogil:
    """Name a node and those around it that have no name yet, the outer ones first; returns what they take."""
    cdef vector[int32_t] waiting
    cdef int64_t taken = 0, step
    cdef Node* at
    cdef Node* outer
    while node != NONE and page.nodes[node].name == NONE:
        waiting.push_back(node)
        node = page.nodes[node].parent
    while waiting.size():
        node = waiting.back()
        waiting.pop_back()
        at = &page.nodes[node]
        at.name = name_of(page, at)
        at.chain = page.chains.add(page.nodes[at.parent].chain + 1 if at.parent != NONE else 0, at.name)
        page.n_chains = max(page.n_chains, at.chain + 1)
        step = page.tags.length(at.tag)
        if at.parent != NONE:
            outer = &page.nodes[at.parent]
            step = 2 + (step + digits_of(at.nth) if page.tag_flags[at.tag] & T_PLAIN else 1 + digits_of(at.nth_of_all))
            at.path, at.depth = outer.path + 1 + step, outer.depth + 1
            at.around = outer.around + page.names.length(at.name) + step
        else:
            at.path, at.depth, at.around = 1 + step, 1, page.names.length(at.name) + 1 + step
        taken += at.path + 8 * at.depth
    return taken


cdef inline int digits_of(int32_t number) noexcept nogil:
    cdef int count = 1
    while number >= 10:
        number //= 10
        count += 1
    return count


cdef int32_t name_of(Document* page, Node* node) except -1 nogil:
    """The number of an element's name, as ``Block.ancestors`` has it."""
    cdef Attributes found
    cdef vector[Char] text, name
    cdef int attribute
    name.insert(name.end(), page.tags.begin(node.tag), page.tags.begin(node.tag) + page.tags.length(node.tag))
    if node.attributes_end > node.attributes:
        read_attributes(page, node, &text, &found)
        if found.values[A_ID].size:
            name.push_back(35)
            add_words_of(&name, &text, &found.values[A_ID], 0, 0, 0)
        if found.values[A_CLASS].size:
            add_words_of(&name, &text, &found.values[A_CLASS], 46, 46, 0)
        for attribute in range(A_ROLE, A_TESTID + 1):
            if found.values[attribute].size:
                name.push_back(46)
                name.insert(name.end(), KNOWN_ATTRIBUTES.begin(attribute), KNOWN_ATTRIBUTES.begin(attribute) + KNOWN_ATTRIBUTES.length(attribute))
                name.push_back(61)
                add_words_of(&name, &text, &found.values[attribute], 0, 45, MARK_LENGTH)
        if is_hidden(&text, &found):
            name.insert(name.end(), HIDDEN_MARK.begin(), HIDDEN_MARK.end())
    return page.names.add(name.data(), name.size())


cdef vector[Char] HIDDEN_MARK = chars_of(".hidden")


cdef int add_words_of(vector[Char]* name, vector[Char]* text, Value* value, Char first, Char between, size_t most) except -1 nogil:
    """Add a value: as it is where ``between`` is 0, else its words with this before each but the first, which has ``first``."""
    cdef const Char* at = text.data() + value.begin
    cdef const Char* end = at + value.size
    cdef size_t start
    cdef bint gap = True, begun = False
    if not between:
        name.insert(name.end(), at, end)
        return 0
    start = name.size()
    while at < end:
        if flags_of(at[0]) & SPACE:
            gap = True
        else:
            if gap and (begun or first):
                name.push_back(between)
            gap, begun = False, True
            name.push_back(at[0])
        at += 1
    if most and name.size() > start + most:
        name.resize(start + most)
    return 0


cdef bint is_hidden(vector[Char]* text, Attributes* found) except? -1 nogil:
    cdef vector[Char] style
    cdef size_t i
    cdef Value* value = &found.values[A_STYLE]
    if found.values[A_HIDDEN].there:
        return True
    if found.values[A_ARIA_HIDDEN].size == 4 and memcmp(text.data() + found.values[A_ARIA_HIDDEN].begin, TRUE.data(), 4 * sizeof(Char)) == 0:
        return True
    for i in range(value.begin, value.begin + value.size):
        if text[0][i] != 32:
            style.push_back(text[0][i])
    return style.size() and find(style.data(), style.data() + style.size(), &DISPLAY_NONE) != NULL


cdef vector[Char] TRUE = chars_of("true")


cdef int add_block_text(Document* page) except -1 nogil:
    """The text of the run with its white space collapsed, or in <pre> with lines and indents kept."""
    cdef const Char* at = page.run.text.data()
    cdef const Char* end = at + page.run.text.size()
    cdef const Char *start
    cdef bint gap = False
    while flags_of(at[0]) & SPACE:
        at += 1
    while flags_of((end - 1)[0]) & SPACE:
        end -= 1
    page.block_shares.push_back(min(1.0, page.run.linked / <double>(end - at)))
    if not page.texts.starts.size():
        page.texts.starts.push_back(0)
    if page.nodes[page.run.node].pre:
        add_pre_text(page)
    else:
        while at < end:
            if flags_of(at[0]) & SPACE:
                gap = True
            else:
                if gap:
                    page.texts.chars.push_back(32)
                gap = False
                page.texts.chars.push_back(at[0])
            at += 1
    page.texts.chars.push_back(SEPARATOR_CHAR)
    page.texts.starts.push_back(page.texts.chars.size())
    return 0


cdef int add_pre_text(Document* page) except -1 with gil:
    cdef vector[Char] chars
    lines = text_of(page.run.text.data(), page.run.text.size()).splitlines()
    chars = chars_of("\n".join([line.rstrip() for line in lines]).strip("\n"))
    page.texts.chars.insert(page.texts.chars.end(), chars.begin(), chars.end())
    return 0


# ---- blocks for the reference's eyes

cdef str path_of(Document* page, int32_t node, dict known):
    if node not in known:
        tag = text_of(page.tags.begin(page.nodes[node].tag), page.tags.length(page.nodes[node].tag))
        if page.nodes[node].parent == NONE:
            known[node] = f"/{tag}"
        else:
            step = f"{tag}[{page.nodes[node].nth}]" if page.tag_flags[page.nodes[node].tag] & T_PLAIN else f"*[{page.nodes[node].nth_of_all}]"
            known[node] = f"{path_of(page, page.nodes[node].parent, known)}/{step}"
    return known[node]


cdef list paths_of(Document* page):
    """The XPath of each block."""
    cdef size_t i
    cdef list found = []
    known = {}
    for i in range(page.block_nodes.size()):
        step = page.block_steps[i]
        found.append(path_of(page, page.block_nodes[i], known) + (STEPS_OF[step] if step < 0 else f"/text()[{step}]"))
    return found


cdef list texts_of(Texts* texts):
    cdef size_t i
    return [text_of(texts.begin(i), texts.end(i) - texts.begin(i)) for i in range(texts.starts.size() - 1)] if texts.starts.size() else []


cdef int read_document(Document* page, str html) except -1:
    """Read the markup that the parser writes of a page; raises NotCertain where the reference has to."""
    page.html = chars_of(html)
    page.tags, page.tag_flags = KNOWN_TAGS, KNOWN_FLAGS
    with nogil:
        read_events(page)
        walk(page)
    return 0


def read_blocks(str html):
    """Return the blocks of a page from its markup as the parser writes it; raises NotCertain."""
    from ..document.blocks import Block

    cdef Document page
    cdef size_t i
    cdef int32_t node
    read_document(&page, html)
    names = [text_of(page.names.begin(i), page.names.length(i)) for i in range(page.names.count())]
    texts, paths, blocks = texts_of(&page.texts), paths_of(&page), []
    for i in range(page.block_nodes.size()):
        around, node = [], page.block_nodes[i]
        while node != NONE:
            around.append(names[page.nodes[node].name])
            node = page.nodes[node].parent
        tag = text_of(page.tags.begin(page.block_owners[i]), page.tags.length(page.block_owners[i]))
        href = text_of(page.links.begin(page.block_links[i]), page.links.length(page.block_links[i])) if page.block_links[i] != NONE else ""
        blocks.append(Block(i, texts[i], tag, tuple(around[::-1]), page.block_shares[i], href, page.block_images[i], paths[i]))
    return blocks
