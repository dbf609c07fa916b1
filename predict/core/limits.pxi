# page -> whether it surely can be parsed in due time: a quick proof of what predict/document/limits.py (excess) and
# shadow.py look for, which follow the parser to the letter. Where it proves nothing, these are asked.
#
# OpenElements (predict/document/elements.py) holds all elements that may be open. The stack here holds at least those:
# every start tag is pushed, and an end tag takes away what it names where that is on top. Where it is not, the elements
# down to it are taken away too, but counted as if they stayed open for good (``owed``); so is, when it is closed, whatever
# was open then, for in OpenElements one of those may lie above it. So the depth there is never above the stack and ``owed``.

from ..document.element_names import DETACHED, ENDS_FOREIGN, REMADE, VOID as NEVER_OPEN
from ..document.limits import MAX_ATTRIBUTES, MAX_DEPTH, MAX_OPTIONS, MAX_REMADE, ROOTS
from ..document.tokens import RAW as RAW_TEXT

cdef enum:  # what a tag's name says
    L_NEVER_OPEN = 1
    L_RAW = 2
    L_FORMATTING = 4
    L_INLINE = 8
    L_ENDS_FOREIGN = 16
    L_TEXT_ONLY = 32  # in an <svg>: HTML may stand in it
    L_DETACHED = 64
    L_ROOT = 128

cdef int32_t DEEPEST_ALLOWED = MAX_DEPTH
cdef int64_t MOST_REMADE = MAX_REMADE
cdef int32_t MOST_OPTIONS = MAX_OPTIONS
cdef int32_t MOST_ATTRIBUTES = MAX_ATTRIBUTES
cdef enum:
    SEARCHED = 50  # open elements among which that of an end tag is searched

cdef Words TAG_NAMES
cdef vector[uint32_t] TAG_SAYS
for _name in sorted(NEVER_OPEN | set(RAW_TEXT) | REMADE | INLINE | ENDS_FOREIGN | {"foreignobject", "desc", "title", "svg", "math", "form", "template", "option", "frameset", "font", "body", "html"} | DETACHED):
    add_word(&TAG_NAMES, _name)
    TAG_SAYS.push_back(
        L_NEVER_OPEN * (_name in NEVER_OPEN) | L_RAW * (_name in RAW_TEXT) | L_FORMATTING * (_name in REMADE)
        | L_INLINE * (_name in INLINE) | L_ENDS_FOREIGN * (_name in ENDS_FOREIGN or _name == "font")
        | L_TEXT_ONLY * (_name in ("foreignobject", "desc", "title")) | L_DETACHED * (_name in DETACHED) | L_ROOT * (_name in ROOTS)
    )
cdef int32_t N_SVG = find_word(&TAG_NAMES, "svg")
cdef int32_t N_MATH = find_word(&TAG_NAMES, "math")
cdef int32_t N_FORM = find_word(&TAG_NAMES, "form")
cdef int32_t N_TEMPLATE = find_word(&TAG_NAMES, "template")
cdef int32_t N_OPTION = find_word(&TAG_NAMES, "option")
cdef int32_t N_SCRIPT = find_word(&TAG_NAMES, "script")
cdef int32_t N_PLAINTEXT = find_word(&TAG_NAMES, "plaintext")
cdef const char* SHADOW = b"shadowrootmode"
cdef const char* FRAMESET = b"<frameset"


def is_harmless(str text):
    """Return whether the markup surely has no excess, and declares no shadow roots."""
    cdef Py_ssize_t size
    cdef const Byte* begin = <const Byte*>PyUnicode_AsUTF8AndSize(text, &size)
    cdef Proof proof
    cdef bint found
    with nogil:
        proof.names = TAG_NAMES
        found = count_name(begin, begin + size, FRAMESET) <= DEEPEST_ALLOWED and prove(&proof, begin, begin + size)
    return found


cdef inline bint is_space(Char code) noexcept nogil:
    return code == 32 or code == 9 or code == 10 or code == 12 or code == 13


cdef inline const Byte* find_byte(const Byte* at, const Byte* end, Byte what) noexcept nogil:
    cdef const Byte* found = NULL
    if at < end:
        found = <const Byte*>memchr(at, what, end - at)
    return end if found == NULL else found


cdef bint starts_with(const Byte* at, const Byte* end, const char* name) noexcept nogil:
    """Whether a name of ASCII stands here, in any case."""
    while name[0]:
        if at >= end or lowered(at[0]) != <Byte>name[0]:
            return False
        at += 1
        name += 1
    return True


cdef int32_t count_name(const Byte* at, const Byte* end, const char* name) noexcept nogil:
    """How often a name of ASCII stands in a text, in any case; its first character has none."""
    cdef int32_t count = 0
    while True:
        at = find_byte(at, end, name[0])
        if at >= end:
            return count
        count += starts_with(at, end, name)
        at += 1


cdef bint prove(Proof* proof, const Byte* at, const Byte* end) except? -1 nogil:
    cdef bint is_end
    cdef const Byte *start
    while True:
        at = find_byte(at, end, 60)
        if end - at < 2:
            return True
        at += 1
        is_end = at[0] == 47 and end - at >= 2 and is_letter(at[1])
        if not is_end and not is_letter(at[0]):
            if at[0] == 33 or at[0] == 63 or at[0] == 47:
                if proof.foreign and end - at >= 2 and at[1] == 91:
                    return False  # CDATA
                at = end_of_declaration(at, end)
            continue
        start = at + is_end
        at = start
        while at < end and not is_space(at[0]) and at[0] != 47 and at[0] != 62:
            at += 1
        if not take_tag(proof, start, &at, end, is_end):
            return False
        if proof.stack.size() + proof.owed > DEEPEST_ALLOWED or proof.remade > MOST_REMADE:
            return False


cdef const Byte* end_of_declaration(const Byte* at, const Byte* end) noexcept nogil:
    """Behind a comment, or whatever else ends with >."""
    if starts_with(at, end, b"!--"):
        at += 3
        if at < end and at[0] == 62:
            return at + 1
        if end - at >= 2 and at[0] == 45 and at[1] == 62:
            return at + 2
        while at < end:
            at = find_byte(at, end, 45)
            if end - at >= 3 and at[1] == 45 and (at[2] == 62 or (at[2] == 33 and end - at >= 4 and at[3] == 62)):
                return at + (3 if at[2] == 62 else 4)
            at += 1
        return end
    return min(end, find_byte(at, end, 62) + 1)


cdef bint take_tag(Proof* proof, const Byte* start, const Byte** at, const Byte* end, bint is_end) except? -1 nogil:
    """Take a tag, whose name ends at ``at``, which is moved to where the text goes on; returns whether all is well."""
    cdef vector[Char] name
    cdef const Byte* attributes = at[0]
    cdef int32_t tag, count = 0
    cdef uint32_t says
    cdef bint closes_itself = False, ended = False
    name.assign(start, at[0])
    lower_ascii(&name)
    tag = proof.names.add(name.data(), name.size())
    says = TAG_SAYS[tag] if <size_t>tag < TAG_SAYS.size() else 0
    at[0] = end_of_attributes(at[0], end, &count, &closes_itself, &ended)
    if not ended:
        return True  # the end of the page, no tag
    if is_end:
        return close(proof, tag, says)
    if count > MOST_ATTRIBUTES or tag == N_MATH:
        return False
    if says & L_ROOT:
        proof.root_attributes += count
        if proof.root_attributes > MOST_ATTRIBUTES:
            return False
    if tag == N_TEMPLATE:
        while attributes < at[0]:
            if starts_with(attributes, at[0], SHADOW):
                return False
            attributes += 1
    if proof.foreign:
        if proof.text_only or says & L_ENDS_FOREIGN:
            return False
        if closes_itself:
            return True
        proof.text_only = says & L_TEXT_ONLY != 0
        proof.foreign += 1
        return push(proof, tag, 0)
    if tag == N_OPTION:
        proof.options += 1
        if proof.options > MOST_OPTIONS:
            return False
    if not says & L_INLINE:
        proof.remade += proof.formatting
    if tag == N_SVG:
        proof.foreign = not closes_itself
        return closes_itself or push(proof, tag, 0)
    if tag == N_FORM:
        proof.form_ended = False
    if says & L_DETACHED:
        proof.detached += 1
    if says & L_RAW:
        at[0] = end_of_raw_text(at[0], end, tag, &name)
    return says & L_NEVER_OPEN != 0 or push(proof, tag, says)


cdef int lower_ascii(vector[Char]* name) noexcept nogil:
    """Lower the case of a name, unless other characters are in it."""
    cdef size_t i
    for i in range(name.size()):
        if name[0][i] > 127:
            return 0
    for i in range(name.size()):
        name[0][i] = lowered(name[0][i])
    return 0


cdef const Byte* end_of_attributes(const Byte* at, const Byte* end, int32_t* count, bint* closes_itself, bint* ended) noexcept nogil:
    """Behind the > of a tag, from the end of its name on."""
    cdef bint slash
    while True:
        slash = False
        while at < end and (is_space(at[0]) or at[0] == 47):
            slash = at[0] == 47
            at += 1
        if at >= end:
            return end
        if at[0] == 62:
            closes_itself[0], ended[0] = slash, True
            return at + 1
        count[0] += 1
        at += 1
        while at < end and not is_space(at[0]) and at[0] != 47 and at[0] != 62 and at[0] != 61:
            at += 1
        at = end_of_value(at, end)


cdef const Byte* end_of_value(const Byte* at, const Byte* end) noexcept nogil:
    """Behind the value of an attribute, from the end of its name on; there may be none."""
    cdef const Byte* start = at
    while at < end and is_space(at[0]):
        at += 1
    if at >= end or at[0] != 61:
        return start
    at += 1
    while at < end and is_space(at[0]):
        at += 1
    if at < end and (at[0] == 34 or at[0] == 39):
        return min(end, find_byte(at + 1, end, at[0]) + 1)
    while at < end and not is_space(at[0]) and at[0] != 62:
        at += 1
    return at


cdef const Byte* end_of_raw_text(const Byte* at, const Byte* end, int32_t tag, vector[Char]* name) noexcept nogil:
    """Where the end tag of an element is in which nothing else is markup; ``end`` if there is none."""
    cdef bint in_comment = False, in_script = False
    if tag == N_PLAINTEXT:
        return end
    while at < end:
        if not in_comment:
            at = find_byte(at, end, 60)
        if end - at > 2 and at[0] == 60:
            if tag == N_SCRIPT and not in_comment and starts_with(at + 1, end, b"!--"):
                in_comment = True
                at += 2  # its hyphens may be those that end it
                continue
            if in_comment and starts_with(at + 1, end, b"script") and ends_name(at + 7, end):
                in_script = True
            elif at[1] == 47 and is_named_by(at + 2, end, name) and ends_name(at + 2 + name.size(), end):
                if not in_script:
                    return at
                in_script = False
        elif in_comment and starts_with(at, end, b"-->"):
            in_comment = in_script = False
        at += 1
    return end


cdef inline bint ends_name(const Byte* at, const Byte* end) noexcept nogil:
    return at < end and (is_space(at[0]) or at[0] == 47 or at[0] == 62)


cdef bint is_named_by(const Byte* at, const Byte* end, vector[Char]* name) noexcept nogil:
    cdef size_t i
    if <size_t>(end - at) < name.size():
        return False
    for i in range(name.size()):
        if lowered(at[i]) != name[0][i]:
            return False
    return True


cdef bint push(Proof* proof, int32_t tag, uint32_t says) except? -1 nogil:
    cdef Open element
    proof.clock += 1
    element.tag, element.since = tag, proof.clock
    proof.stack.push_back(element)
    proof.formatting += says & L_FORMATTING != 0
    return True


cdef bint close(Proof* proof, int32_t tag, uint32_t says) except? -1 nogil:
    """Take an end tag; returns whether all is well."""
    cdef size_t place = proof.stack.size(), i
    cdef bint on_top = place and proof.stack[place - 1].tag == tag
    cdef bint is_sure = on_top and proof.stack[place - 1].since > proof.doubted
    if proof.foreign:
        if not on_top:
            return False
        proof.stack.pop_back()
        proof.foreign -= 1
        proof.text_only = False
        return True
    proof.remade += proof.formatting
    if tag == N_TEMPLATE and not is_sure:
        return False
    if tag == N_FORM:
        if proof.form_ended:
            return True
        proof.form_ended = True
    if on_top:
        if not is_sure:
            proof.owed += 1 + proof.detached
        elif says & L_FORMATTING:
            proof.formatting -= 1
        proof.stack.pop_back()
        return True
    for i in range(min(place, <size_t>SEARCHED)):
        if proof.stack[place - 1 - i].tag == tag:
            proof.stack.resize(place - 1 - i)
            proof.owed += i + 1 + proof.detached
            proof.clock += 1
            proof.doubted = proof.clock
            return True
    return True
