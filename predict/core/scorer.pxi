# texts or markup -> probabilities: mirrors score_stages of predict/scoring/stages.py.

cdef class Context:
    """What one call works with, kept for the next one."""

    cdef Row row
    cdef vector[int32_t] slots


cdef class Scorer:
    """The stages of one kind of page."""

    cdef FirstTables first
    cdef LaterTables second, third
    cdef ShapeTables shapes
    cdef bint html
    cdef list contexts

    def __init__(self, stages, str kind):
        self.first = FirstTables(stages.first.parameters)
        self.second, self.third = LaterTables(stages.second), LaterTables(stages.third)
        self.shapes = ShapeTables(self.first)
        self.html = kind == "html"
        self.contexts = []

    cdef Context context(self):
        cdef Context found
        if self.contexts:
            return self.contexts.pop()
        found = Context()
        found.row.stamps.assign(self.first.weights.size(), 0)
        found.slots.assign(self.first.weights.size(), 0)
        return found

    def score_texts(self, list texts, str title):
        """Return probabilities (n_texts, n_labels) of the lines of a page."""
        cdef Page page
        page.html = False
        read_texts(&page, texts)
        return self.score(&page, title)

    cdef score(self, Page* page, str title):
        cdef Context context = self.context()
        cdef vector[uint8_t] titles
        cdef double[:, ::1] scores
        cdef size_t block
        cdef int label
        if title:
            compare_title(page, title, &titles)
        with nogil:
            self.score_stages(page, context, &titles)
        self.contexts.append(context)
        global DEBUG
        DEBUG = [page.features[block] for block in range(page.features.size())]
        found = np.empty((page.blocks.size(), N_LABELS))
        scores = found
        for block in range(page.blocks.size()):
            for label in range(N_LABELS):
                scores[block, label] = page.scores[block * N_LABELS + label]
        return found

    cdef int score_stages(self, Page* page, Context context, vector[uint8_t]* titles) except -1 nogil:
        cdef size_t blocks = page.blocks.size(), width = self.third.low.size(), end
        zero_digits(&page.cut)
        zero_digits(&page.openings)
        read_shapes(page)
        number_texts(page)
        score_first_stage(page, self.first, self.shapes, context, titles)
        number_groups(page, self.shapes)
        page.features.assign(blocks * width, 0)
        end = add_features(page, self.first, 0, width, True)
        check_width(end, self.second.low.size())
        score_later_stage(page, self.second, width)
        end = add_features(page, self.first, end, width, False)
        check_width(end, width)
        score_later_stage(page, self.third, width)
        return 0


cdef int C_WORDS = BLOCK_COLUMNS.index("words")
cdef int C_STEMS = BLOCK_COLUMNS.index("stems")
cdef int C_SHAPE = BLOCK_COLUMNS.index("shape")
cdef int C_NEAR = BLOCK_COLUMNS.index("near")


cdef int check_width(size_t found, size_t wanted) except -1 nogil:
    if found != wanted:
        with gil:
            raise ValueError(f"{found} features, not {wanted}")
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


cdef int score_first_stage(
    Page* page, FirstTables tables, ShapeTables shapes, Context context, vector[uint8_t]* titles
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
    page.scores.resize(blocks * N_LABELS)
    for block in range(blocks):
        finish_first_stage(tables, &page.logits[block * tables.n_columns * N_LABELS], &page.scores[block * N_LABELS])
    return 0
