# elements around blocks -> the column markup: mirrors predict/features/markup.py. And what else the elements tell:
# predict/features/context.py (number_elements).

from ..features.markup import MAX_NAMES

cdef size_t NAME_CHARS = MAX_NAMES
cdef enum:
    FAR = 3  # elements from which on the distance does not count
cdef vector[Char] DISTANCES[FAR + 1]
for _i, _name in enumerate(("own", "up1", "up2", "far")):
    DISTANCES[<size_t>_i] = chars_of(_name)


cdef int number_elements(Document* document, Page* page) except -1 nogil:
    """The elements around the blocks, by number from 1 on; 0 stands for none, and holds all blocks."""
    cdef size_t i, count = page.blocks.size()
    cdef Pairs places
    cdef Element* element
    cdef Element* outer
    cdef Node* node
    cdef int32_t around, parent
    number_nodes(document, page)
    page.elements.resize(document.numbered.size() + 1)
    page.elements[0].parent = page.elements[0].place = page.elements[0].names = 0
    for i in range(document.numbered.size()):
        node = &document.nodes[document.numbered[i]]
        element = &page.elements[i + 1]
        parent = document.nodes[node.parent].number if node.parent != NONE else 0
        element.parent = parent
        element.place = 1 + places.add(
            page.elements[parent].place, node.tag if document.tag_flags[node.tag] & T_PLAIN else <uint32_t>NONE
        )
    for i in range(page.elements.size()):
        page.elements[i].first = count
    for i in range(count):
        element = &page.elements[document.nodes[document.block_nodes[document.portion + i]].number]
        element.size += 1
        element.first, element.last = min(element.first, <int32_t>i), i
    for i in range(page.elements.size() - 1, 0, -1):  # those inside of it are done
        element = &page.elements[i]
        outer = &page.elements[element.parent]
        outer.size += element.size
        outer.first, outer.last = min(outer.first, element.first), max(outer.last, element.last)
    return 0


cdef int number_nodes(Document* document, Page* page) except -1 nogil:
    """Number the nodes around the blocks of a page, block by block, the outer ones first."""
    cdef vector[int32_t] waiting
    cdef size_t i
    cdef int32_t node
    for i in range(document.numbered.size()):  # of the portion before
        document.nodes[document.numbered[i]].number = NONE
    document.numbered.clear()
    for i in range(page.blocks.size()):
        node = document.block_nodes[document.portion + i]
        while node != NONE and document.nodes[node].number == NONE:
            waiting.push_back(node)
            node = document.nodes[node].parent
        while waiting.size():
            document.numbered.push_back(waiting.back())
            document.nodes[waiting.back()].number = document.numbered.size()
            waiting.pop_back()
    return 0


cdef int32_t names_around(Document* document, int32_t node, Pairs* couples, Pairs* triples) except -1 nogil:
    """A number for the names of a node and of the two elements around it."""
    cdef int32_t names[3]
    cdef int i
    for i in range(3):
        names[i] = document.nodes[node].name + 1 if node != NONE else 0
        node = document.nodes[node].parent if node != NONE else NONE
    return triples.add(names[0], couples.add(names[1], names[2]))


cdef int weigh_markup(Document* document, Page* page, FirstTables tables, Row* row, int column) except -1 nogil:
    """Tag, class and id words of each block's own element, of the two around it, and of all the others."""
    cdef size_t block, i
    cdef int32_t node, chain, distance, key
    cdef vector[int32_t] first_of, terms, starts, ends
    cdef int size = tables.n_columns * N_LABELS
    first_of.assign(document.n_chains, <int32_t>NONE)  # by chain of names: the first block in such a place
    starts.assign((FAR + 1) * document.names.count(), <int32_t>NONE)
    ends.assign(starts.size(), 0)
    for block in range(page.blocks.size()):
        node = document.block_nodes[document.portion + block]
        chain = document.nodes[node].chain
        if first_of[chain] != NONE:
            for i in range(N_LABELS):
                page.logits[block * size + column * N_LABELS + i] = page.logits[first_of[chain] * size + column * N_LABELS + i]
            continue
        first_of[chain] = block
        row.begin()
        distance = 0
        while node != NONE:
            key = (FAR + 1) * document.nodes[node].name + min(distance, <int32_t>FAR)
            if starts[key] == NONE:
                starts[key] = terms.size()
                add_name_terms(document, document.nodes[node].name, min(distance, <int32_t>FAR), &tables.columns[column], &terms)
                ends[key] = terms.size()
            for i in range(starts[key], ends[key]):
                row.add(tables.weights, terms[i])
            distance += 1
            node = document.nodes[node].parent
        finish(page, tables, row, block, column)
    return 0


cdef int add_name_terms(Document* document, int32_t name, int distance, Column* column, vector[int32_t]* terms) except -1 nogil:
    """The terms of an element's tag, classes, id and marks at this distance: whole names, and the words in them."""
    cdef const Char* at = document.names.begin(name)
    cdef const Char* end = at + min(document.names.length(name), NAME_CHARS)
    cdef const Char *start
    cdef bint is_tag = True
    while True:
        start = at
        while at < end and at[0] != 46 and at[0] != 35:
            at += 1
        if is_tag:
            add_term(column, distance, 61, start, at, False, terms)
            is_tag = False
        else:
            add_parts(column, distance, start, at, terms)
            if distance < FAR:
                add_whole(column, distance, start, at, terms)
        if at >= end:
            return 0
        at += 1


cdef int add_parts(Column* column, int distance, const Char* at, const Char* end, vector[int32_t]* terms) except -1 nogil:
    """The words that a name is made of, as in "relatedPosts", but single letters."""
    cdef const Char *start
    while at < end:
        start = at
        if is_lower(at[0]):
            while at < end and is_lower(at[0]):
                at += 1
        elif is_upper(at[0]):
            at += 1
            while at < end and is_lower(at[0]):
                at += 1
        else:
            at += 1
            continue
        if at - start > 1:
            add_term(column, distance, 58, start, at, True, terms)
    return 0


cdef inline bint is_lower(Char code) noexcept nogil:
    return 97 <= code <= 122


cdef inline bint is_upper(Char code) noexcept nogil:
    return 65 <= code <= 90


cdef int add_whole(Column* column, int distance, const Char* start, const Char* end, vector[int32_t]* terms) except -1 nogil:
    """The name in lower case; where white space or other alphabets make several terms of it, by Python."""
    cdef const Char* at = start
    cdef vector[Char] chars
    while at < end and at[0] < 128 and not flags_of(at[0]) & SPACE:
        at += 1
    if at == end:
        return add_term(column, distance, 46, start, end, True, terms)
    with gil:
        where = text_of(DISTANCES[distance].data(), DISTANCES[distance].size())
        for word in f"{where}.{text_of(start, end - start).lower()}".split():
            terms.push_back(column.term(find_word(&column.words, word), 0))
    return 0


cdef int add_term(
    Column* column, int distance, Char mark, const Char* start, const Char* end, bint lower, vector[int32_t]* terms
) except -1 nogil:
    cdef vector[Char] word = DISTANCES[distance]
    word.push_back(mark)
    while start < end:
        word.push_back(start[0] | 32 if lower and is_upper(start[0]) else start[0])
        start += 1
    terms.push_back(column.term(column.words.find(word.data(), word.size()), 0))
    return 0
