# texts -> what the columns words, stems, near and within add to the logits: mirrors predict/scoring/stages.py
# (word_terms), predict/features/stems.py and context.py.

from ..features.context import (
    CONTAINER_BLOCKS, CONTAINER_WORDS, HEAD_WORDS, LARGE, LEVELS as CONTAINER_LEVELS, OFFSETS, OPENING, REACH
)

cdef enum:
    PILCROW = 182  # stands at both ends of a text
    MOST_OPENING = 16

# A prefix of "" is a block's own words; their order is that of the terms of a word.
PREFIXES = {column.name: list(column.prefixes) for column in COLUMNS if column.terms}
for _name in PREFIXES:
    if _name not in ("near", "within"):
        PREFIXES[_name] = ["", *PREFIXES[_name]]

cdef vector[int] NEAR_FARTHEST = [farthest for farthest, _ in REACH]
cdef vector[int] NEAR_WORDS = [words for _, words in REACH]
cdef int OPENING_WORDS = OPENING
cdef int BLOCKS_READ = CONTAINER_BLOCKS
cdef int WORDS_READ = CONTAINER_WORDS
cdef int WORDS_OF_HEAD = HEAD_WORDS
cdef int LARGEST = LARGE
cdef int N_CONTAINERS = CONTAINER_LEVELS


cdef int finish(Page* page, FirstTables tables, Row* row, size_t block, int column) except -1 nogil:
    """Store what a block's terms in a column add to its logits: of length 1, times the column's weight.

    The operations are in the order of the reference: stored weights have few digits, and their products are often halfway
    between two numbers of the float32 that the later stages see.
    """
    cdef double norm = sqrt(row.square) if row.square else 1
    cdef double* logits = &page.logits[(block * tables.n_columns + column) * N_LABELS]
    cdef int label
    for label in range(N_LABELS):
        logits[label] = row.label[label] / norm * tables.columns[column].weight
    return 0


cdef bint next_term(const Char** at, const Char* end, const Char** start) except? -1 nogil:
    """Whether there is a term from ``at`` on: where it starts, and in ``at`` where it ends."""
    cdef const Char* here = at[0]
    cdef uint32_t flags = SPACE
    while here < end:
        flags = flags_of(here[0])
        if not flags & SPACE:
            break
        here += 1
    start[0] = here
    if here >= end:
        at[0] = end
        return False
    here += 1
    if flags & IN_TERM and not flags & SIGN:
        while here < end:
            flags = flags_of(here[0])
            if not flags & IN_TERM or flags & SIGN:
                break
            here += 1
    at[0] = here
    return True


cdef int count_term(int32_t term, Row* row, vector[int32_t]* slots, vector[int32_t]* terms, vector[int32_t]* counts) except -1 nogil:
    if term < 0:
        return 0
    if row.stamps[term] == row.now:
        counts[0][slots[0][term]] += 1
        return 0
    row.stamps[term] = row.now
    slots[0][term] = terms.size()
    terms.push_back(term)
    counts.push_back(1)
    return 0


cdef int weigh_words(Page* page, FirstTables tables, Row* row, vector[int32_t]* slots, int column) except -1 nogil:
    cdef size_t block, i
    cdef vector[int32_t] terms, counts
    cdef const Char *at
    cdef const Char *end
    cdef const Char *start
    cdef Char pilcrow = PILCROW
    cdef int32_t edge = tables.words.find(&pilcrow, 1), word, before
    cdef bint more
    for block in range(page.blocks.size()):
        row.begin()
        terms.clear()
        counts.clear()
        at, end = page.cut.begin(block), page.cut.end(block)
        before, word, more = NONE, edge, True
        while True:
            if word >= 0:
                count_term(tables.alone[word], row, slots, &terms, &counts)
                if before >= 0:
                    count_term(tables.pairs.find(before, word), row, slots, &terms, &counts)
            if not more:
                break
            before = word
            more = next_term(&at, end, &start)
            word = tables.words.find(start, at - start) if more else edge
        for i in range(terms.size()):
            row.add(tables.weights[terms[i]], 1 + log(counts[i]))
        finish(page, tables, row, block, column)
    return 0


cdef int weigh_stems(Page* page, FirstTables tables, Row* row, int column) except -1 nogil:
    """Five letters of six or more, two syllables of three or more, at the beginning of a run of word characters."""
    cdef size_t block
    cdef const Char *at
    cdef const Char *end
    cdef const Char *start
    cdef uint32_t flags, letters, syllables
    cdef int32_t length
    for block in range(page.blocks.size()):
        row.begin()
        at, end = page.cut.begin(block), page.cut.end(block)
        while at < end:
            start, letters, syllables = at, 0, 0
            while at < end:
                flags = flags_of(at[0])
                if not flags & WORD or flags & SIGN:
                    break
                letters += at - start == letters and flags & STEM_LETTER != 0
                syllables += at - start == syllables and flags & SYLLABLE != 0
                at += 1
            length = 2 if syllables >= 3 else 5 if letters >= 6 else 0
            if length:
                row.add(tables.weights, tables.columns[column].term(tables.columns[column].words.find(start, length), 0))
            at += at == start or at < end
        finish(page, tables, row, block, column)
    return 0


cdef int read_opening(Words* words, const Char* at, const Char* end, int32_t* numbers) except -1 nogil:
    """The numbers of the first words of a text that white space ends, behind them the pilcrow; returns how many."""
    cdef int count = 0
    cdef const Char* start
    cdef Char pilcrow = PILCROW
    cdef uint32_t flags = 0
    while count < OPENING_WORDS:
        while at < end and flags_of(at[0]) & SPACE:
            at += 1
        if at >= end:
            numbers[count] = words.find(&pilcrow, 1)
            return count + 1
        start = at
        flags = flags_of(at[0])
        at += 1
        while not flags & SIGN and at < end and not flags_of(at[0]) & (SPACE | SIGN):
            at += 1
        numbers[count] = words.find(start, at - start)
        count += 1
    return count


cdef int read_openings(Page* page, Words* words, vector[int32_t]* numbers, vector[int]* counts) except -1 nogil:
    """For each block the numbers of its first words, MOST_OPENING places each, and how many it has."""
    cdef size_t block
    numbers.resize(page.blocks.size() * MOST_OPENING)
    counts.resize(page.blocks.size())
    for block in range(page.blocks.size()):
        counts[0][block] = read_opening(
            words, page.openings.begin(block), page.openings.end(block), &numbers[0][block * MOST_OPENING]
        )
    return 0


cdef inline int add_opening(FirstTables tables, Row* row, Column* column, int32_t* numbers, int count, int prefix) noexcept nogil:
    cdef int i
    for i in range(count):
        row.add(tables.weights, column.term(numbers[i], prefix))
    return 0


cdef int weigh_near(Page* page, FirstTables tables, Row* row, int column) except -1 nogil:
    """The first words of each block's neighbours: fewer of those that are farther off."""
    cdef int64_t count = page.blocks.size(), block, other, distance
    cdef size_t ring
    cdef vector[int32_t] numbers
    cdef vector[int] counts
    cdef Column* terms = &tables.columns[column]
    read_openings(page, &terms.words, &numbers, &counts)
    for block in range(count):
        row.begin()
        distance = 1
        for ring in range(NEAR_FARTHEST.size()):
            while distance <= NEAR_FARTHEST[ring]:
                other = block - distance
                if other >= 0:
                    add_opening(tables, row, terms, &numbers[other * MOST_OPENING], min(counts[other], NEAR_WORDS[ring]), 2 * ring)
                other = block + distance
                if other < count:
                    add_opening(tables, row, terms, &numbers[other * MOST_OPENING], min(counts[other], NEAR_WORDS[ring]), 2 * ring + 1)
                distance += 1
        finish(page, tables, row, block, column)
    return 0


cdef int weigh_within(Page* page, FirstTables tables, Row* row, int column) except -1 nogil:
    """The first words of the other blocks in the containers of each block, and of each container's first block."""
    cdef int32_t block, other, inside, span, begin, end
    cdef int level
    cdef vector[int32_t] numbers
    cdef vector[int] counts
    cdef Column* terms = &tables.columns[column]
    read_openings(page, &terms.words, &numbers, &counts)
    for block in range(<int32_t>page.blocks.size()):
        row.begin()
        inside, span = page.blocks[block].element, 1
        for level in range(N_CONTAINERS):
            while inside > 0 and span_of(page, inside) < 2 * span:
                inside = page.elements[inside].parent
            if inside <= 0:
                break
            span, begin = span_of(page, inside), page.elements[inside].first
            end = begin + min(BLOCKS_READ, span)
            for other in range(begin, end):
                if other != block:
                    add_opening(tables, row, terms, &numbers[other * MOST_OPENING], min(counts[other], WORDS_READ), 2 * level)
            if begin != block:
                add_opening(tables, row, terms, &numbers[begin * MOST_OPENING], min(counts[begin], WORDS_OF_HEAD), 2 * level + 1)
            if span > LARGEST:
                break
        finish(page, tables, row, block, column)
    return 0


cdef inline int32_t span_of(Page* page, int32_t element) noexcept nogil:
    return page.elements[element].last - page.elements[element].first + 1
