# links -> where they lead, as tokens of the column links: mirrors predict/features/links.py.

from ..features import links as reference_links

cdef size_t ADDRESS_CHARS = reference_links.MAX_ADDRESS
cdef size_t HOST_CHARS = reference_links.MAX_HOST
cdef int LINK_TOKENS_SEEN = reference_links.LEAD  # by neighbours
cdef enum:
    MOST_IMAGES = 3
    MOST_OFTEN = 3
    STEPS_TOLD = 3
    STEP_CHARS = 20
    FRAGMENT_CHARS = 30
    SCHEME_CHARS = 12
    ENDING_CHARS = 6
    DEEPEST = 4


cdef struct Part:
    const Char* begin
    const Char* end


cdef struct Address:
    Part scheme, host, path, query, fragment


cdef inline size_t size_of(Part part) noexcept nogil:
    return part.end - part.begin


cdef Levels edges_of(str name) except *:
    cdef Levels found
    cdef int i
    memset(&found, 0, sizeof(Levels))
    edges = reference_links.EDGES[name]
    found.count = len(edges)
    for i in range(found.count):
        found.edges[i] = edges[i]
    return found


cdef Levels SLUG = edges_of("slug")
cdef Levels SLUG_ELSEWHERE = edges_of("slug of another site")
cdef Levels NUMBER = edges_of("number")


cdef bint split_address(const Char* at, const Char* end, Address* found) except? -1 nogil:
    """Whether an address is plain, so that it is taken apart as urllib.parse does; then its parts."""
    cdef const Char *stop
    memset(found, 0, sizeof(Address))
    while at < end and flags_of(at[0]) & SPACE:
        at += 1
    while at < end and flags_of((end - 1)[0]) & SPACE:
        end -= 1
    if <size_t>(end - at) > ADDRESS_CHARS:
        return False
    stop = at
    while stop < end:
        if stop[0] < 32 or stop[0] > 126 or stop[0] == 91 or stop[0] == 93:  # [ and ] of a host
            return False
        stop += 1
    stop = at
    while stop < end and (is_letter(stop[0]) or 48 <= stop[0] <= 57 or stop[0] == 43 or stop[0] == 45 or stop[0] == 46):
        stop += 1
    if stop < end and stop > at and stop[0] == 58 and is_letter(at[0]):
        found.scheme.begin, found.scheme.end = at, stop
        at = stop + 1
    if end - at >= 2 and at[0] == 47 and at[1] == 47:
        at += 2
        stop = at
        while stop < end and stop[0] != 47 and stop[0] != 63 and stop[0] != 35:
            stop += 1
        found.host.begin, found.host.end = at, stop
        at = stop
        if size_of(found.host) > HOST_CHARS:
            return False
    stop = find_one(at, end, 35)
    if stop < end:
        found.fragment.begin, found.fragment.end, end = stop + 1, end, stop
    stop = find_one(at, end, 63)
    if stop < end:
        found.query.begin, found.query.end, end = stop + 1, end, stop
    found.path.begin, found.path.end = at, end
    return True


cdef inline bint is_letter(Char code) noexcept nogil:
    return 97 <= code | 32 <= 122


cdef inline Char lowered(Char code) noexcept nogil:
    return code | 32 if 65 <= code <= 90 else code


cdef Part site_part(const vector[Char]* host) noexcept nogil:
    """The last two labels of a host in lower case, without its port."""
    cdef Part found
    cdef int dots = 0
    found.begin = host.data()
    found.end = find_one(found.begin, found.begin + host.size(), 58)
    if size_of(found) >= 4 and memcmp(found.begin, WWW.data(), 4 * sizeof(Char)) == 0:
        found.begin += 4
    cdef const Char* at = found.end
    while at > found.begin:
        if (at - 1)[0] == 46:
            dots += 1
            if dots == 2:
                break
        at -= 1
    found.begin = at
    return found


cdef int add_ascii(vector[Char]* out, const char* text) except -1 nogil:
    while text[0]:
        out.push_back(text[0])
        text += 1
    return 0


cdef int add_lower(vector[Char]* out, const Char* at, const Char* end, size_t most) except -1 nogil:
    while at < end and most:
        out.push_back(lowered(at[0]))
        at += 1
        most -= 1
    return 0


cdef int add_as_is(vector[Char]* out, const Char* at, const Char* end, size_t most) except -1 nogil:
    out.insert(out.end(), at, min(end, at + most))
    return 0


cdef bint is_named(Part scheme, const char* name, size_t size) noexcept nogil:
    cdef size_t i
    if size_of(scheme) != size:
        return False
    for i in range(size):
        if lowered(scheme.begin[i]) != <Char>name[i]:
            return False
    return True


cdef int add_link_tokens(vector[Char]* out, Address* link, const vector[Char]* own) except -1 nogil:
    """The kind of address first, then its host if it is another site's, the words of its path, and their number."""
    cdef vector[Char] host
    cdef Part site, own_site
    cdef const Char *at
    cdef int dashes = 0
    if size_of(link.scheme) and not is_named(link.scheme, b"http", 4) and not is_named(link.scheme, b"https", 5):
        add_ascii(out, b"to=")
        return add_lower(out, link.scheme.begin, link.scheme.end, SCHEME_CHARS)
    if size_of(link.host):
        add_lower(&host, link.host.begin, link.host.end, size_of(link.host))
        site, own_site = site_part(&host), site_part(own)
        if size_of(site) != size_of(own_site) or memcmp(site.begin, own_site.begin, size_of(site) * sizeof(Char)) != 0:
            at = link.path.begin
            while at < link.path.end:
                dashes += at[0] == 45
                at += 1
            add_ascii(out, b"to=other host=")
            add_as_is(out, site.begin, site.end, size_of(site))
            add_ascii(out, b" slug=")
            out.push_back(48 + level(&SLUG_ELSEWHERE, dashes))
            return 0
    return add_path_tokens(out, link)


cdef int add_path_tokens(vector[Char]* out, Address* link) except -1 nogil:
    cdef vector[Part] steps
    cdef Part step
    cdef const Char* at = link.path.begin
    cdef const Char* ending = NULL
    cdef int dashes = 0, digits = 0
    cdef size_t i
    while at < link.path.end:
        step.begin = at
        at = find_one(at, link.path.end, 47)
        step.end = at
        if size_of(step):
            steps.push_back(step)
        at += 1
    if not steps.size():
        add_ascii(out, b"to=fragment #=" if size_of(link.fragment) else b"to=query #=" if size_of(link.query) else b"to=home #=")
        return add_as_is(out, link.fragment.begin, link.fragment.end, FRAGMENT_CHARS)
    at = steps.back().begin
    while at < steps.back().end:
        dashes += at[0] == 45 or at[0] == 95
        digits += 48 <= at[0] <= 57
        if at[0] == 46:
            ending = at + 1
        at += 1
    add_ascii(out, b"to=depth")
    out.push_back(48 + min(<size_t>DEEPEST, steps.size()))
    add_ascii(out, b" slug=")
    out.push_back(48 + level(&SLUG, dashes))
    add_ascii(out, b" number=")
    out.push_back(48 + level(&NUMBER, digits))
    add_ascii(out, b" ending=")
    if ending != NULL:
        add_lower(out, ending, steps.back().end, ENDING_CHARS)
    if is_dated(link.path.begin, link.path.end):
        add_ascii(out, b" dated")
    if size_of(link.query):
        add_ascii(out, b" query")
    for i in range(min(<size_t>STEPS_TOLD, steps.size())):
        add_ascii(out, b" step=")
        add_lower(out, steps[i].begin, steps[i].end, STEP_CHARS)
    if size_of(link.fragment):
        add_ascii(out, b" #=")
        add_as_is(out, link.fragment.begin, link.fragment.end, FRAGMENT_CHARS)
    return 0


cdef inline bint is_digit(Char code) noexcept nogil:
    return 48 <= code <= 57


cdef bint is_dated(const Char* at, const Char* end) noexcept nogil:
    """Whether a year of this or the last century is a step of a path, and a number begins the next one."""
    while end - at >= 7:
        if (
            at[0] == 47 and (at[1] == 49 and at[2] == 57 or at[1] == 50 and at[2] == 48) and is_digit(at[3])
            and is_digit(at[4]) and at[5] == 47 and is_digit(at[6])
        ):
            return True
        at += 1
    return False


cdef int add_tokens(vector[Char]* text, Words* words, vector[int32_t]* tokens) except -1 nogil:
    """The words of a text between spaces, by number."""
    cdef const Char* at = text.data()
    cdef const Char* end = at + text.size()
    cdef const Char *start
    while at < end:
        start = at
        at = find_one(at, end, 32)
        if at > start:
            tokens.push_back(words.find(start, at - start))
        at += 1
    return 0


cdef int split_by_python(
    Document* document, int32_t link, Words* words, vector[Char]* own, vector[int32_t]* tokens, vector[Char]* host
) except -1 with gil:
    """The tokens of an address that is not plain, 1 if it is one; or its host, if tokens are not asked for."""
    part = reference_links.urlsplit_or_none(text_of(document.links.begin(link), document.links.length(link)))
    if part is None:
        return 0
    if tokens == NULL:
        host[0] = chars_of(part.netloc)
        return 1
    for token in " ".join(reference_links.link_tokens(part, text_of(own.data(), own.size()))).split():
        tokens.push_back(find_word(words, token))
    return 1


cdef int find_own_host(Document* document, size_t count, vector[int32_t]* often, vector[Char]* own) except -1 nogil:
    """The host that most links of blocks lead to, in lower case: the first of several."""
    cdef Words hosts
    cdef vector[int32_t] counts, order
    cdef vector[Char] host
    cdef Address address
    cdef const Char *begin
    cdef int32_t number, best = NONE
    cdef size_t i
    for i in range(document.portion, document.portion + count):  # in the order in which blocks have them
        number = document.block_links[i]
        if number == NONE or often[0][number] == 0:
            continue
        if often[0][number] > 0:
            order.push_back(number)
            often[0][number] = -often[0][number]
    for i in range(order.size()):
        often[0][order[i]] = -often[0][order[i]]
        begin = document.links.begin(order[i])
        host.clear()
        if split_address(begin, begin + document.links.length(order[i]), &address):
            host.assign(address.host.begin, address.host.end)
        else:
            split_by_python(document, order[i], NULL, NULL, NULL, &host)
        if host.size():
            number = hosts.add(host.data(), host.size())
            if <size_t>number == counts.size():
                counts.push_back(0)
            counts[number] += often[0][order[i]]
    for i in range(counts.size()):
        if best == NONE or counts[i] > counts[best]:
            best = i
    own.clear()
    if best != NONE:
        add_lower(own, hosts.begin(best), hosts.begin(best) + hosts.length(best), hosts.length(best))
    return 0


cdef class LinkTables:
    """The words of the column links that are the same for all addresses."""

    cdef int32_t nowhere
    cdef int32_t images[MOST_IMAGES + 1]
    cdef int32_t often[MOST_OFTEN + 1]

    def __init__(self, FirstTables tables):
        cdef Words* words = &tables.columns[<int>tables.place["links"]].words
        cdef int i
        self.nowhere = find_word(words, "to=none")
        for i in range(MOST_IMAGES + 1):
            self.images[i] = find_word(words, f"images={i}")
            self.often[i] = find_word(words, f"same-link={i}")


cdef int weigh_links(Document* document, Page* page, FirstTables tables, LinkTables links, Row* row, int column) except -1 nogil:
    """Where the link of each block leads, and those of its neighbours."""
    cdef Words* words = &tables.columns[column].words
    cdef vector[int32_t] often, tokens, of_links
    cdef vector[size_t] starts, ends, token_ends
    cdef vector[Char] own, text
    cdef Address address
    cdef size_t block, i
    cdef int32_t link
    cdef const Char *begin
    often.assign(document.links.count(), 0)
    starts.assign(document.links.count(), 0)
    ends.assign(document.links.count(), 0)
    for block in range(page.blocks.size()):
        link = document.block_links[document.portion + block]
        if link != NONE and document.links.length(link):
            often[link] += 1
    find_own_host(document, page.blocks.size(), &often, &own)
    token_ends.push_back(0)
    for block in range(page.blocks.size()):
        link = document.block_links[document.portion + block]
        if link != NONE and often[link] and ends[link] == 0:
            starts[link] = of_links.size()
            begin = document.links.begin(link)
            text.clear()
            if split_address(begin, begin + document.links.length(link), &address):
                add_link_tokens(&text, &address, &own)
                add_tokens(&text, words, &of_links)
            elif not split_by_python(document, link, words, &own, &of_links, NULL):
                often[link] = 0
            ends[link] = of_links.size()
        if link == NONE or often[link] == 0:
            tokens.push_back(links.nowhere)
            tokens.push_back(links.images[min(<int32_t>MOST_IMAGES, document.block_images[document.portion + block])])
        else:
            tokens.insert(tokens.end(), of_links.begin() + starts[link], of_links.begin() + ends[link])
            tokens.push_back(links.images[min(<int32_t>MOST_IMAGES, document.block_images[document.portion + block])])
            tokens.push_back(links.often[min(<int32_t>MOST_OFTEN, often[link])])
        token_ends.push_back(tokens.size())
    weigh_beside(page, tables, row, &tokens, &token_ends, LINK_TOKENS_SEEN, NONE, column)
    return 0
