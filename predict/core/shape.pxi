# How each block looks and where it stands, as tokens of the column shape: mirrors predict/features/shape.py.

from ..features.shape import LONG, LOOK, REACH as DENSITY_REACH
from ..features.words import spaced

cdef int LONG_CHARS = LONG
cdef int TOKENS_SEEN = LOOK  # by neighbours
cdef vector[int] DENSITIES = list(DENSITY_REACH)
cdef vector[int] NEIGHBOURS = list(OFFSETS)
cdef enum:
    HEAD_TOKENS = 8  # words of a heading that are carried on
    ECHO_NONE = 255
    TITLE_NONE = 255
    TITLE_SAME = 254
    TITLE_INSIDE = 253

FLAGGED = ("date", "cutoff", "contact", "quote", "bar", "copyright")
NAMED = (*FLAGGED, "none", "head=none", "echo=none", "title=same", "title=inside", "end=cutoff", "end=letter", "end=digit",
         "start=upper", "start=lower", "start=digit")
cdef enum:  # in the order of NAMED
    W_DATE, W_CUTOFF, W_CONTACT, W_QUOTE, W_BAR, W_COPYRIGHT, W_NONE, W_HEAD_NONE, W_ECHO_NONE, W_TITLE_SAME, W_TITLE_INSIDE
    W_END_CUT, W_END_LETTER, W_END_DIGIT, W_START_UPPER, W_START_LOWER, W_START_DIGIT, N_NAMED
cdef enum:  # in the order of KINDS_OF_SHAPE
    L_WORDS, L_SENTENCES, L_CASE, L_UPPER, L_CAPITALS, L_DIGITS, L_COMMAS, L_LINKS, L_FIRST, L_LAST, L_COUNT, L_BEHIND, L_BEFORE
    L_BELOW, L_ECHO, L_DENSITY, L_DENSITY2, L_PART, L_EARLIER, L_LATER, N_LEVELS
assert KINDS_OF_SHAPE == (
    "words sentences case upper capitals digits commas links first last count behind before below echo density3 density8 part "
    "earlier later".split()
)


cdef class ShapeTables:
    """The words of the column shape by what they stand for."""

    cdef Levels levels[MAX_KINDS]
    cdef int32_t named[N_NAMED]
    cdef int32_t titles[4]
    cdef Words* words
    cdef vector[Char] end_mark, start_mark, head_mark, tag_mark

    def __init__(self, FirstTables tables):
        cdef int place
        self.words = &tables.columns[<int>tables.place["shape"]].words
        for place, name in enumerate(KINDS_OF_SHAPE):
            tables.fill_levels(&self.levels[place], name)
        for place, name in enumerate(NAMED):
            self.named[place] = find_word(self.words, name)
        for place in range(4):
            self.titles[place] = find_word(self.words, f"title={place}")
        self.end_mark, self.start_mark = chars_of("end="), chars_of("start=")
        self.head_mark, self.tag_mark = chars_of("head:"), chars_of("tag=")

    cdef int32_t marked(self, vector[Char]* mark, const Char* at, size_t size) except? -2 nogil:
        """The number of a word that begins with a mark."""
        cdef vector[Char] word = mark[0]
        word.insert(word.end(), at, at + size)
        return self.words.find(word.data(), word.size())

    cdef int32_t level_word(self, int kind, double value) noexcept nogil:
        return self.levels[kind].words[level(&self.levels[kind], value)]


cdef int32_t start_word(ShapeTables tables, Shape* shape) except? -2 nogil:
    if shape.first_flags & UPPER:
        return tables.named[W_START_UPPER]
    if shape.first_flags & LOWER:
        return tables.named[W_START_LOWER]
    if shape.first_flags & DIGIT:
        return tables.named[W_START_DIGIT]
    return tables.marked(&tables.start_mark, &shape.first, 1)


cdef int32_t end_word(ShapeTables tables, Shape* shape) except? -2 nogil:
    if shape.cut:
        return tables.named[W_END_CUT]
    if shape.last_flags & LETTER:
        return tables.named[W_END_LETTER]
    if shape.last_flags & DIGIT:
        return tables.named[W_END_DIGIT]
    return tables.marked(&tables.end_mark, &shape.last, 1)


cdef inline double capitalised(Shape* shape) noexcept nogil:
    return shape.capitals / <double>max(1, shape.words)


cdef int add_shape(Page* page, ShapeTables tables, size_t place, vector[int32_t]* tokens) except -1 nogil:
    """The look of a block, those tokens first that its neighbours see."""
    cdef Block* block = &page.blocks[place]
    cdef Shape* shape = &block.shape
    cdef double chars = page.texts.end(place) - page.texts.begin(place)
    tokens.push_back(tables.level_word(L_WORDS, shape.words))
    tokens.push_back(end_word(tables, shape))
    tokens.push_back(start_word(tables, shape))
    tokens.push_back(tables.level_word(L_SENTENCES, shape.sentences))
    if page.html:
        tokens.push_back(tables.level_word(L_LINKS, block.link_share))
        tokens.push_back(block.tag)
    else:
        tokens.push_back(tables.level_word(L_CASE, capitalised(shape)))
    tokens.push_back(tables.level_word(L_UPPER, shape.upper / <double>max(1, shape.letters)))
    tokens.push_back(tables.level_word(L_CAPITALS, capitalised(shape)))
    tokens.push_back(tables.level_word(L_DIGITS, shape.digits / chars))
    tokens.push_back(tables.level_word(L_COMMAS, shape.commas))
    if shape.date:
        tokens.push_back(tables.named[W_DATE])
    if shape.cut:
        tokens.push_back(tables.named[W_CUTOFF])
    if shape.contact:
        tokens.push_back(tables.named[W_CONTACT])
    if shape.first_flags & QUOTE:
        tokens.push_back(tables.named[W_QUOTE])
    if shape.bar:
        tokens.push_back(tables.named[W_BAR])
    if shape.copyright:
        tokens.push_back(tables.named[W_COPYRIGHT])
    return 0


cdef int number_texts(Page* page) except -1 nogil:
    """Give equal texts of the page the same number."""
    cdef Words texts
    cdef size_t i
    for i in range(page.blocks.size()):
        page.blocks[i].text = texts.add(page.texts.begin(i), page.texts.end(i) - page.texts.begin(i))
    return 0


cdef int count_places(Page* page, Places* places) except -1 nogil:
    cdef size_t i
    places.behind.assign(1, 0)
    places.total.assign(1, 0)
    places.copies.assign(page.blocks.size(), 0)
    places.met.assign(page.blocks.size(), 0)
    for i in range(page.blocks.size()):
        places.behind.push_back(places.behind[i] + (page.blocks[i].length > LONG_CHARS))
        places.total.push_back(places.total[i] + min(page.blocks[i].length, 1000))
        places.copies[page.blocks[i].text] += 1
    return 0


cdef int add_place(Page* page, ShapeTables tables, Places* places, int64_t place, vector[int32_t]* tokens) except -1 nogil:
    """Where a block stands: from start and end, among how much text, behind and before how many paragraphs."""
    cdef int64_t count = page.blocks.size(), low, high
    cdef int32_t text = page.blocks[place].text, earlier = places.met[text]
    cdef size_t i
    cdef double around
    tokens.push_back(tables.level_word(L_FIRST, place))
    tokens.push_back(tables.level_word(L_LAST, count - 1 - place))
    tokens.push_back(tables.levels[L_PART].words[10 * place // count])
    tokens.push_back(tables.level_word(L_COUNT, count))
    tokens.push_back(tables.level_word(L_BEHIND, places.behind[place]))
    tokens.push_back(tables.level_word(L_BEFORE, places.behind[count] - places.behind[place + 1]))
    tokens.push_back(tables.levels[L_EARLIER].words[min(3, earlier)])
    tokens.push_back(tables.levels[L_LATER].words[min(3, places.copies[text] - 1 - earlier)])
    places.met[text] += 1
    for i in range(DENSITIES.size()):
        low, high = max(0, place - DENSITIES[i]), min(count, place + DENSITIES[i] + 1)
        around = places.total[high] - places.total[low] - min(1000, page.blocks[place].length)
        tokens.push_back(tables.level_word(L_DENSITY + i, around / max(1, high - low - 1)))
    return 0


cdef inline bint is_stripped(Char code) noexcept nogil:
    return code == 58 or code == 33 or code == 63 or code == 0x2026


cdef int read_heading(Page* page, ShapeTables tables, size_t place, vector[int32_t]* heading) except -1 nogil:
    """The first words of a heading as tokens, in lower case, without the signs at their ends."""
    cdef const Char* at = page.lower.begin(place)
    cdef const Char* end = page.lower.end(place)
    cdef const Char *start
    cdef const Char *stop
    heading.clear()
    while heading.size() < HEAD_TOKENS:
        while at < end and flags_of(at[0]) & SPACE:
            at += 1
        if at >= end:
            return 0
        start = at
        while at < end and not flags_of(at[0]) & SPACE:
            at += 1
        stop = at
        while start < stop and is_stripped(start[0]):
            start += 1
        while start < stop and is_stripped((stop - 1)[0]):
            stop -= 1
        heading.push_back(tables.marked(&tables.head_mark, start, stop - start))
    return 0


cdef int read_bags(Page* page, vector[int32_t]* bags, vector[size_t]* ends) except -1 nogil:
    """For each block the numbers of its distinct words that say what a text is about; returns how many words there are."""
    cdef Words words
    cdef vector[int32_t] last  # by word: the last block that had it
    cdef const Char *at
    cdef const Char *end
    cdef const Char *start
    cdef uint32_t flags
    cdef size_t block
    ends.assign(1, 0)
    for block in range(page.blocks.size()):
        at, end = page.lower.begin(block), page.lower.end(block)
        while at < end:
            start = at
            flags = flags_of(at[0])
            at += 1
            if flags & WORD and not flags & SIGN:
                while at < end:
                    flags = flags_of(at[0])
                    if not flags & WORD or flags & SIGN:
                        break
                    at += 1
                if at - start >= 4:
                    add_to_bag(&words, start, at - start, block, &last, bags)
                    continue
            while start < at:
                if flags_of(start[0]) & ECHO:
                    add_to_bag(&words, start, 1, block, &last, bags)
                start += 1
        ends.push_back(bags.size())
    return words.count()


cdef inline int add_to_bag(Words* words, const Char* at, size_t size, size_t block, vector[int32_t]* last, vector[int32_t]* bags) except -1 nogil:
    cdef int32_t word = words.add(at, size)
    if <size_t>word == last.size():
        last.push_back(NONE)
    if last[0][word] != <int32_t>block:
        last[0][word] = block
        bags.push_back(word)
    return 0


cdef int weigh_echoes(Page* page, ShapeTables tables, vector[uint8_t]* echoes) except -1 nogil:
    """For each block which share of its words the page's paragraphs have, as a level; ECHO_NONE without words."""
    cdef vector[int32_t] bags, counts
    cdef vector[size_t] ends
    cdef vector[uint8_t] taken
    cdef size_t block, i
    cdef int32_t common, own
    counts.assign(read_bags(page, &bags, &ends), 0)
    taken.assign(page.blocks.size(), 0)
    echoes.resize(page.blocks.size())
    for block in range(page.blocks.size()):
        if page.blocks[block].length > LONG_CHARS and not taken[page.blocks[block].text]:
            taken[page.blocks[block].text] = True
            for i in range(ends[block], ends[block + 1]):
                counts[bags[i]] += 1
    for block in range(page.blocks.size()):
        common, own = 0, page.blocks[block].length > LONG_CHARS  # a paragraph has its own words
        for i in range(ends[block], ends[block + 1]):
            common += counts[bags[i]] > own
        if ends[block + 1] == ends[block]:
            echoes[0][block] = ECHO_NONE
        else:
            echoes[0][block] = level(&tables.levels[L_ECHO], common / <double>(ends[block + 1] - ends[block]))
    return 0


cdef int compare_title(Page* page, str title, vector[uint8_t]* found) except -1:
    """How much of each block the page's title has: a level, TITLE_SAME or TITLE_INSIDE."""
    cdef Words of_title
    cdef vector[Char] chars = chars_of(title)
    cdef vector[int32_t] last
    cdef Levels edges
    cdef size_t i
    words = set(spaced(title.lower()).split())
    add_words(&of_title, list(words))
    last.assign(of_title.count(), <int32_t>NONE)
    edges.count = len(shape.EDGES["title"])
    for i in range(<size_t>edges.count):
        edges.edges[i] = shape.EDGES["title"][i]
    found.resize(page.blocks.size())
    with nogil:
        for i in range(page.blocks.size()):
            found[0][i] = overlap(page, i, &chars, &of_title, &last, &edges)
    return 0


cdef uint8_t overlap(Page* page, int32_t block, vector[Char]* title, Words* of_title, vector[int32_t]* last, Levels* edges) except? 255 nogil:
    cdef const Char* at = page.texts.begin(block)
    cdef const Char* end = page.texts.end(block)
    cdef const Char* start
    cdef size_t size = end - at
    cdef Words others
    cdef int32_t common = 0, word
    cdef uint32_t flags
    if size <= title.size() and holds(title.data(), title.size(), at, size):
        if size == title.size():
            return TITLE_SAME
        if size > 10:
            return TITLE_INSIDE
    at, end = page.lower.begin(block), page.lower.end(block)
    while at < end:
        flags = flags_of(at[0])
        start = at
        at += 1
        if flags & SPACE:
            continue
        while not flags & SIGN and at < end and not flags_of(at[0]) & (SPACE | SIGN):
            at += 1
        word = of_title.find(start, at - start)
        if word < 0:
            others.add(start, at - start)
        elif last[0][word] != block:
            last[0][word] = block
            common += 1
    if not common:
        return 0
    return level(edges, common / <double>(of_title.count() + others.count()))


cdef bint holds(const Char* text, size_t size, const Char* part, size_t length) noexcept nogil:
    cdef size_t i
    for i in range(size - length + 1):
        if text[i] == part[0] and memcmp(text + i, part, length * sizeof(Char)) == 0:
            return True
    return False


cdef int weigh_shape(Page* page, FirstTables tables, ShapeTables shapes, Row* row, vector[uint8_t]* titles, int column) except -1 nogil:
    """The look and the place of each block, and the looks of its neighbours."""
    cdef vector[int32_t] tokens, heading
    cdef vector[size_t] ends
    cdef vector[uint8_t] echoes
    cdef Places places
    cdef size_t block
    cdef int32_t distance = 0
    count_places(page, &places)
    weigh_echoes(page, shapes, &echoes)
    heading.push_back(shapes.named[W_HEAD_NONE])
    ends.push_back(0)
    for block in range(page.blocks.size()):
        add_shape(page, shapes, block, &tokens)
        add_place(page, shapes, &places, block, &tokens)
        tokens.insert(tokens.end(), heading.begin(), heading.end())
        tokens.push_back(shapes.level_word(L_BELOW, distance))
        distance += 1
        if page.blocks[block].head:
            distance = 0
            read_heading(page, shapes, block, &heading)
        tokens.push_back(shapes.named[W_ECHO_NONE] if echoes[block] == ECHO_NONE else shapes.levels[L_ECHO].words[echoes[block]])
        if titles.size():
            tokens.push_back(shapes.named[W_TITLE_SAME] if titles[0][block] == TITLE_SAME else
                             shapes.named[W_TITLE_INSIDE] if titles[0][block] == TITLE_INSIDE else shapes.titles[titles[0][block]])
        ends.push_back(tokens.size())
    weigh_beside(page, tables, row, &tokens, &ends, TOKENS_SEEN, shapes.named[W_NONE], column)
    return 0


cdef int weigh_beside(
    Page* page, FirstTables tables, Row* row, vector[int32_t]* tokens, vector[size_t]* ends, size_t seen, int32_t beyond, int column
) except -1 nogil:
    """Each block's own tokens, and the first ``seen`` ones of its neighbours; beyond the page's ends one stands."""
    cdef int64_t count = page.blocks.size(), block, other
    cdef size_t i, k
    cdef Column* terms = &tables.columns[column]
    for block in range(count):
        row.begin()
        for i in range(ends[0][block], ends[0][block + 1]):
            row.add(tables.weights, terms.term(tokens[0][i], 0))
        for k in range(NEIGHBOURS.size()):
            other = block + NEIGHBOURS[k]
            if other < 0 or other >= count:
                row.add(tables.weights, terms.term(beyond, k + 1))
                continue
            for i in range(ends[0][other], min(ends[0][other] + seen, ends[0][other + 1])):
                row.add(tables.weights, terms.term(tokens[0][i], k + 1))
        finish(page, tables, row, block, column)
    return 0
