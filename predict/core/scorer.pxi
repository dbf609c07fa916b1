# texts or markup -> probabilities: mirrors score_stages of predict/scoring/stages.py.

from ..scoring.stages import MAX_BLOCKS

cdef int C_WORDS = BLOCK_COLUMNS.index("words")
cdef int C_STEMS = BLOCK_COLUMNS.index("stems")
cdef int C_MARKUP = BLOCK_COLUMNS.index("markup")
cdef int C_SHAPE = BLOCK_COLUMNS.index("shape")
cdef int C_LINKS = BLOCK_COLUMNS.index("links")
cdef int C_NEAR = BLOCK_COLUMNS.index("near")
cdef int C_WITHIN = BLOCK_COLUMNS.index("within")


cdef class Context:
    """What one call works with, kept for the next one."""

    cdef Row row
    cdef vector[int32_t] slots


cdef class Scorer:
    """The stages of one kind of page (html, text)."""

    cdef FirstTables first
    cdef LaterTables second, third
    cdef ShapeTables shapes
    cdef LinkTables links
    cdef list contexts

    def __init__(self, stages):
        self.first = FirstTables(stages.first.parameters)
        self.second, self.third = LaterTables(stages.second), LaterTables(stages.third)
        self.shapes, self.links = ShapeTables(self.first), LinkTables(self.first)
        self.contexts = []

    cdef Context context(self):
        cdef Context found
        try:
            return self.contexts.pop()  # by another thread it may be taken first
        except IndexError:
            found = Context()
            found.row.stamps.assign(self.first.weights.size(), 0)
            found.slots.assign(self.first.weights.size(), 0)
            return found

    def score_lines(self, list texts, str title=""):
        """Return probabilities (n_texts, n_labels) of the lines of a page."""
        cdef Page page
        page.html = False
        page.blocks.resize(len(texts))
        fill(&page.texts, SEPARATOR.join(texts), len(texts))
        return self.score(&page, NULL, title)

    def score_html(self, str html, str title="", bint with_paths=True):
        """Return texts, XPaths if they are asked for, and probabilities (n_blocks, n_labels) of the blocks of a page.

        ``html`` is the page as the parser writes it again. Raises NotCertain where the reference has to read it.
        """
        cdef Document document
        cdef Page page
        cdef size_t count
        cdef list found = []
        read_document(&document, html)
        count = document.block_nodes.size()
        for document.portion in range(0, count, MOST_BLOCKS):
            take_texts(&document, &page, min(count, document.portion + MOST_BLOCKS))
            found.append(self.score(&page, &document, title))
        scores = np.concatenate(found) if found else np.zeros((0, N_LABELS))
        return texts_of(&document.texts), paths_of(&document) if with_paths else [], scores

    cdef score(self, Page* page, Document* document, str title):
        cdef Context context
        cdef vector[uint8_t] titles
        cdef double[:, ::1] scores
        cdef size_t block, blocks = page.blocks.size()
        cdef int label
        found = np.zeros((blocks, N_LABELS))
        if not blocks:
            return found
        context, scores = self.context(), found
        read_texts(page)
        if title:
            compare_title(page, title, &titles)
        with nogil:
            self.score_stages(page, document, context, &titles)
        self.contexts.append(context)
        for block in range(blocks):
            for label in range(N_LABELS):
                scores[block, label] = page.scores[block * N_LABELS + label]
        return found

    cdef int score_stages(self, Page* page, Document* document, Context context, vector[uint8_t]* titles) except -1 nogil:
        cdef size_t blocks = page.blocks.size(), width, end
        if document != NULL:
            take_markup(page, document, self.shapes)
        number_texts(page)
        score_first_stage(page, document, self.first, self.shapes, self.links, context, titles)
        number_groups(page, self.shapes)
        page.features.assign(blocks * self.second.low.size(), 0)
        page.decisions.assign(blocks * N_LABELS, 0)
        width = add_features(page, self.first, self.second.low.size(), True)
        check_width(width, self.second.low.size())
        weigh_features(page, self.third, 0, width, page.decisions.data())  # it sees these, and those of the second stage
        score_second_stage(page, self.second)
        end = width + add_features(page, self.first, width, False)
        check_width(end, self.third.low.size())
        weigh_features(page, self.third, width, end, page.decisions.data())
        finish_stage(page, self.third)
        return 0


cdef size_t MOST_BLOCKS = MAX_BLOCKS


cdef int take_texts(Document* document, Page* page, size_t end) except -1 nogil:
    """Begin a page of the blocks of a document from its portion on."""
    cdef size_t* starts = document.texts.starts.data()
    cdef size_t start = starts[document.portion], i
    page.html = True
    page.blocks.clear()
    page.blocks.resize(end - document.portion)
    page.texts.chars.assign(document.texts.chars.begin() + start, document.texts.chars.begin() + starts[end])
    page.texts.starts.clear()
    for i in range(document.portion, end + 1):
        page.texts.starts.push_back(starts[i] - start)
    page.elements.clear()
    return 0


cdef int check_width(size_t found, size_t wanted) except -1 nogil:
    if found != wanted:
        with gil:
            raise ValueError(f"{found} features, not {wanted}")
    return 0


cdef int take_markup(Page* page, Document* document, ShapeTables tables) except -1 nogil:
    """What the document knows of the blocks beside their texts."""
    cdef size_t i, place
    cdef int32_t tag
    cdef Block* block
    cdef Pairs couples, triples
    cdef vector[int32_t] words
    words.assign(document.tags.count(), <int32_t>-2)
    number_elements(document, page)
    for i in range(page.blocks.size()):
        block = &page.blocks[i]
        place = document.portion + i
        tag = document.block_owners[place]
        if words[tag] == -2:
            words[tag] = tables.marked(&tables.tag_mark, document.tags.begin(tag), document.tags.length(tag))
        block.tag = words[tag]
        block.head = is_heading(document.tags.begin(tag), document.tags.length(tag))
        block.link_share = document.block_shares[place]
        block.element = document.nodes[document.block_nodes[place]].number
        block.step = min(0, document.block_steps[place])
        block.names = names_around(document, document.block_nodes[place], &couples, &triples)
    return 0


cdef bint is_heading(const Char* tag, size_t size) noexcept nogil:
    return size == 2 and tag[0] == 104 and 49 <= tag[1] <= 54


cdef int score_first_stage(
    Page* page, Document* document, FirstTables tables, ShapeTables shapes, LinkTables links, Context context,
    vector[uint8_t]* titles
) except -1 nogil:
    """The probabilities of the first stage, and what each column adds to its logits."""
    cdef size_t blocks = page.blocks.size(), block
    cdef Row* row = &context.row
    page.logits.assign(blocks * tables.n_columns * N_LABELS, 0)
    weigh_words(page, tables, row, &context.slots, C_WORDS)
    if tables.columns[C_STEMS].prefixes:
        weigh_stems(page, tables, row, C_STEMS)
    if tables.columns[C_SHAPE].prefixes:
        weigh_shape(page, tables, shapes, row, titles, C_SHAPE)
    if tables.columns[C_NEAR].prefixes:
        weigh_near(page, tables, row, C_NEAR)
    if document != NULL:
        if tables.columns[C_MARKUP].prefixes:
            weigh_markup(document, page, tables, row, C_MARKUP)
        if tables.columns[C_LINKS].prefixes:
            weigh_links(document, page, tables, links, row, C_LINKS)
        if tables.columns[C_WITHIN].prefixes:
            weigh_within(page, tables, row, C_WITHIN)
    page.scores.resize(blocks * N_LABELS)
    for block in range(blocks):
        finish_first_stage(tables, &page.logits[block * tables.n_columns * N_LABELS], &page.scores[block * N_LABELS])
    return 0


cdef void finish_first_stage(FirstTables tables, double* logits, double* scores) noexcept nogil:
    """The probabilities of a block, and its logits less their mean over the labels."""
    cdef double decision[4]
    cdef double mean
    cdef int column, label
    for label in range(N_LABELS):
        decision[label] = 0
        for column in range(tables.n_columns):
            decision[label] += logits[column * N_LABELS + label]
        decision[label] += tables.intercept[label]
    softmax(decision, scores)
    for column in range(tables.n_columns):
        mean = (logits[0] + logits[1] + logits[2] + logits[3]) / N_LABELS
        for label in range(N_LABELS):
            logits[label] -= mean
        logits += N_LABELS
