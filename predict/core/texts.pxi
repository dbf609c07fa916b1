# texts -> shapes, lengths, words to be: mirrors predict/features/text_shape.py, words.py and page_context.py.

from ..features.context import READ
from ..features.page_context import MAX_CHARS, SHORT_LINE
from ..features.text_shape import CONTACT, CUT_OFF
from ..features.words import SEPARATOR


cdef int fill(Texts* texts, str joined, size_t count) except -1:
    """Take texts that are joined by SEPARATOR."""
    cdef size_t i
    texts.chars.resize(len(joined) + 1)
    PyUnicode_AsUCS4(joined, texts.chars.data(), texts.chars.size(), 1)
    texts.chars[texts.chars.size() - 1] = SEPARATOR_CHAR
    texts.starts.clear()
    texts.starts.push_back(0)
    for i in range(texts.chars.size()):
        if texts.chars[i] == SEPARATOR_CHAR:
            texts.starts.push_back(i + 1)
    if texts.starts.size() != count + 1:
        raise ValueError("a text holds a separator")
    return 0


cdef Char SEPARATOR_CHAR = ord(SEPARATOR)
cdef vector[Char] DOTS = chars_of("...")
cdef vector[Char] SLASHES = chars_of("://")
cdef vector[Char] WWW = chars_of("www.")


cdef int read_texts(Page* page) except -1:
    """Read the texts of a page: in lower case, as the vectoriser and the neighbours read them, and their shapes."""
    cdef size_t i
    cdef bint plain
    cdef vector[size_t] doubtful
    with nogil:
        plain = lower_texts(&page.texts, &page.lower)
        if plain:
            cut_texts(&page.lower, &page.cut, CUT_CHARS, CUT_CHARS)
            cut_texts(&page.lower, &page.openings, READ_CHARS, 0)
    if not plain:
        lower_by_python(page)
    with nogil:
        zero_digits(&page.cut)
        zero_digits(&page.openings)
        read_shapes(page, &doubtful)
    for i in range(doubtful.size()):
        text = text_of(page.texts.begin(doubtful[i]), page.texts.end(doubtful[i]) - page.texts.begin(doubtful[i]))
        shape = &page.blocks[doubtful[i]].shape
        shape.cut = shape.cut and CUT_OFF.search(text) is not None
        shape.contact = shape.contact and CONTACT.search(text) is not None
    return 0


cdef int lower_by_python(Page* page) except -1:
    texts = texts_of(&page.texts)
    ends = [text if len(text) <= 2 * MAX_CHARS else f"{text[:MAX_CHARS]} {text[-MAX_CHARS:]}" for text in texts]
    fill(&page.lower, SEPARATOR.join(texts).lower(), len(texts))
    fill(&page.cut, SEPARATOR.join(ends).lower(), len(texts))
    fill(&page.openings, SEPARATOR.join([text[:READ] for text in texts]).lower(), len(texts))
    return 0


cdef size_t CUT_CHARS = MAX_CHARS
cdef size_t READ_CHARS = READ


cdef bint lower_texts(Texts* texts, Texts* lower) except? -1 nogil:
    """Whether each character has a lower case of its own; then these are the texts in lower case."""
    cdef size_t i
    cdef uint32_t code
    lower.starts = texts.starts
    lower.chars.resize(texts.chars.size())
    for i in range(texts.chars.size()):
        code = lower_of(texts.chars[i])
        if code == NOT_ALONE:
            return False
        lower.chars[i] = code
    return True


cdef int cut_texts(Texts* texts, Texts* cut, size_t head, size_t tail) except -1 nogil:
    """Of texts longer than ``head`` plus ``tail`` the ends, with a space between them where both are taken."""
    cdef size_t i, size
    cdef const Char* begin
    cut.chars.clear()
    cut.chars.reserve(texts.chars.size())
    cut.starts.clear()
    cut.starts.push_back(0)
    for i in range(texts.starts.size() - 1):
        begin, size = texts.begin(i), texts.end(i) - texts.begin(i)
        if size <= head + tail:
            cut.chars.insert(cut.chars.end(), begin, begin + size)
        else:
            cut.chars.insert(cut.chars.end(), begin, begin + head)
            if tail:
                cut.chars.push_back(32)
                cut.chars.insert(cut.chars.end(), begin + size - tail, begin + size)
        cut.chars.push_back(SEPARATOR_CHAR)
        cut.starts.push_back(cut.chars.size())
    return 0


cdef int zero_digits(Texts* texts) except -1 nogil:
    cdef size_t i
    for i in range(texts.chars.size()):
        if flags_of(texts.chars[i]) & DECIMAL:
            texts.chars[i] = 48
    return 0


cdef int read_shapes(Page* page, vector[size_t]* doubtful) except -1 nogil:
    """The shape and length of each text; ``doubtful`` are those that patterns are to be searched in."""
    cdef size_t i
    for i in range(page.blocks.size()):
        read_shape(&page.blocks[i], page.texts.begin(i), page.texts.end(i))
        if page.blocks[i].shape.cut or page.blocks[i].shape.contact:
            doubtful.push_back(i)
        if not page.html:
            page.blocks[i].head = page.blocks[i].shape.words <= SHORT
    return 0


cdef int SHORT = SHORT_LINE


cdef int read_shape(Block* block, const Char* begin, const Char* end) except -1 nogil:
    cdef Shape* shape = &block.shape
    cdef const Char* at = begin
    cdef uint32_t flags, before = SPACE
    cdef bint signs = False
    block.length = end - begin
    shape.first, shape.first_flags = begin[0], flags_of(begin[0])
    shape.last, shape.last_flags = (end - 1)[0], flags_of((end - 1)[0])
    while at < end:
        flags = flags_of(at[0])
        block.length += (flags & DOUBLE) != 0
        if flags & SPACE:
            before = flags
            at += 1
            continue
        if before & SPACE:
            shape.words += 1
            shape.capitals += (flags & UPPER) != 0
        signs |= (flags & SIGN) != 0
        shape.letters += (flags & LETTER) != 0
        shape.upper += (flags & UPPER) != 0
        shape.digits += (flags & DIGIT) != 0
        if flags & FULL_END:
            shape.sentences += 1
        elif flags & END:
            shape.sentences += at + 1 == end or (flags_of(at[1]) & CLOSING) != 0
            shape.cut |= at[0] == 46 and begins(at, end, &DOTS)
        elif at[0] == 44:
            shape.commas += 1
        elif at[0] == 124:
            shape.bar = True
        elif at[0] == 169:
            shape.copyright = True
        elif at[0] == 0x2026:
            shape.cut = True
        elif at[0] == 64 or (at[0] == 58 and begins(at, end, &SLASHES)) or (at[0] == 119 and begins(at, end, &WWW)):
            shape.contact = True
        before = flags
        at += 1
    if signs:
        shape.words = count_words(begin, end)
    if shape.digits:
        shape.date = holds_date(begin, end)
    return 0


cdef bint next_word(const Char* begin, const Char** at, const Char* end, const Char** start) except? -1 nogil:
    """Whether there is a word of ``words.WORDS`` from ``at`` on, of a text that begins at ``begin``: where it starts, and
    in ``at`` where it ends.
    """
    cdef uint32_t flags, before
    cdef const Char* here = at[0]
    while here < end:
        flags = flags_of(here[0])
        if flags & SIGN:
            start[0] = here
            at[0] = here + (2 if here + 1 < end and flags_of(here[1]) & SIGN else 1)
            return True
        if not flags & SPACE:
            before = <uint32_t>SPACE if here == begin else flags_of((here - 1)[0])
            if before & SPACE or (before & SIGN and flags & WORD):
                start[0] = here
                here += 1
                while here < end and not flags_of(here[0]) & (SPACE | SIGN):
                    here += 1
                at[0] = here
                return True
        here += 1
    at[0] = end
    return False


cdef int32_t count_words(const Char* begin, const Char* end) except -1 nogil:
    cdef int32_t count = 0
    cdef const Char* at = begin
    cdef const Char* start
    while next_word(begin, &at, end, &start):
        count += 1
    return count


cdef inline int digits_at(const Char* at, const Char* end) except -1 nogil:
    cdef int count = 0
    while at + count < end and flags_of(at[count]) & DECIMAL:
        count += 1
    return count


cdef inline bint word_ends(const Char* at, const Char* end) except? -1 nogil:
    return at >= end or not flags_of(at[0]) & WORD


cdef bint holds_date(const Char* begin, const Char* end) except? -1 nogil:
    """Whether ``text_shape.DATE`` is in a text. Each alternative begins where a word does, with a run of digits."""
    cdef const Char* at = begin
    cdef int first, second, third
    while at < end:
        first = digits_at(at, end)
        if first and (at == begin or not flags_of((at - 1)[0]) & WORD):
            if first == 4 and (at[0] == 49 and at[1] == 57 or at[0] == 50 and at[1] == 48) and word_ends(at + 4, end):
                return True
            if first <= 2 and at + first < end:
                if at[first] == 58:
                    if digits_at(at + first + 1, end) == 2 and word_ends(at + first + 3, end):
                        return True
                elif 45 <= at[first] <= 47:
                    second = digits_at(at + first + 1, end)
                    if 1 <= second <= 2 and at + first + 1 + second < end and 45 <= at[first + 1 + second] <= 47:
                        third = digits_at(at + first + second + 2, end)
                        if 2 <= third <= 4 and word_ends(at + first + second + 2 + third, end):
                            return True
        at += first or 1
    return False
