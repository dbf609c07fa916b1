# probabilities of a stage -> what the next one sees of each block, and its probabilities: mirrors
# predict/features/groups.py, main_text.py and later.py, and score_later_stage of predict/scoring/stages.py.

from ..features.groups import CONTAINERS
from ..features.later import CONFIDENT
from ..features.main_text import THRESHOLDS

cdef vector[int] CONTAINER_SIZES = list(CONTAINERS)
cdef vector[double] MAIN_THRESHOLDS = list(THRESHOLDS)
cdef double CONFIDENT_FROM = CONFIDENT
cdef enum:
    GROUP_COLUMNS = 10


cdef int number_groups(Page* page, ShapeTables tables) except -1 nogil:
    """Numbers that blocks share that belong together, group by group."""
    cdef size_t count = page.blocks.size()
    page.groups.resize(3 + (CONTAINER_SIZES.size() + 2 if page.html else 0))
    for i in range(page.groups.size()):
        page.groups[i].resize(count)
    number_by_text(page)
    number_by_shape(page, tables)
    if page.html:
        number_by_markup(page)
    return 0


cdef int number_by_text(Page* page) except -1 nogil:
    """The same text with numbers made equal, the same two first words and about the same length."""
    cdef Words same, begins
    cdef vector[Char] text, begin
    cdef size_t block
    cdef const Char *at
    cdef const Char *end
    cdef bint digits
    for block in range(page.blocks.size()):
        text.clear()
        digits = False
        at, end = page.lower.begin(block), page.lower.end(block)
        while at < end:
            if flags_of(at[0]) & DECIMAL:
                if not digits:
                    text.push_back(48)
                digits = True
            else:
                text.push_back(at[0])
                digits = False
            at += 1
        page.groups[0][block] = same.add(text.data(), text.size())
        begin_of(&text, &begin)
        begin.push_back(32)
        begin.push_back(48 + min(3, page.blocks[block].length // 40))
        page.groups[1][block] = begins.add(begin.data(), begin.size())
    return 0


cdef int begin_of(vector[Char]* text, vector[Char]* begin) except -1 nogil:
    """The first two words of a text, with a space between."""
    cdef const Char* at = text.data()
    cdef const Char* end = at + text.size()
    cdef const Char *start
    cdef int i
    begin.clear()
    for i in range(2):
        if not next_word(text.data(), &at, end, &start):
            break
        if i:
            begin.push_back(32)
        begin.insert(begin.end(), start, at)
    return 0


cdef int number_by_shape(Page* page, ShapeTables tables) except -1 nogil:
    cdef Words shapes
    cdef Char key[5]
    cdef Shape* shape
    cdef size_t block
    for block in range(page.blocks.size()):
        shape = &page.blocks[block].shape
        key[0] = level(&tables.levels[L_WORDS], shape.words)
        key[1] = (
            0xfffffff0 if shape.cut else 0xfffffff1 if shape.last_flags & LETTER
            else 0xfffffff2 if shape.last_flags & DIGIT else shape.last
        )
        key[2] = (
            0xfffffff0 if shape.first_flags & UPPER else 0xfffffff1 if shape.first_flags & LOWER
            else 0xfffffff2 if shape.first_flags & DIGIT else shape.first
        )
        key[3] = level(&tables.levels[L_SENTENCES], shape.sentences)
        key[4] = level(&tables.levels[L_CASE], capitalised(shape))
        page.groups[2][block] = shapes.add(key, 5)
    return 0


cdef int number_by_markup(Page* page) except -1 nogil:
    """The containers of growing size around each block, its place without positions, and the names around it."""
    cdef size_t block, i
    cdef int32_t element
    cdef Pairs places
    for block in range(page.blocks.size()):
        element = page.blocks[block].element
        for i in range(CONTAINER_SIZES.size()):
            while element > 0 and page.elements[element].size < CONTAINER_SIZES[i]:
                element = page.elements[element].parent
            page.groups[3 + i][block] = element
        i = 3 + CONTAINER_SIZES.size()
        element = page.blocks[block].element
        page.groups[i][block] = places.add(page.elements[element].place, page.blocks[block].step)
        page.groups[i + 1][block] = page.blocks[block].names
    return 0


cdef int last_of(Page* page, float* features, size_t width, const double* values, size_t stride, int count, const vector[uint8_t]* chosen, bint backwards) except -1 nogil:
    """For each block the values of the last chosen block before it (behind it), 0 where there is none."""
    cdef int64_t blocks = page.blocks.size(), place, block, last = -1
    cdef int i
    for place in range(blocks):
        block = blocks - 1 - place if backwards else place
        for i in range(count):
            features[block * width + i] = values[last * stride + i] if last >= 0 else 0
        if chosen[0][block]:
            last = block
    return count


cdef int running_mean(Page* page, float* features, size_t width, double decay, bint backwards) except -1 nogil:
    """The mean score of the blocks before each (behind each), near and long blocks counting more."""
    cdef int64_t blocks = page.blocks.size(), place, block
    cdef double sums[4]
    cdef double weight = 0, gain
    cdef int label
    memset(sums, 0, sizeof(sums))
    for place in range(blocks):
        block = blocks - 1 - place if backwards else place
        for label in range(N_LABELS):
            features[block * width + label] = sums[label] / weight if place else 0
        gain = sqrt(page.blocks[block].shape.words + 1.0)
        weight = decay * weight + gain
        for label in range(N_LABELS):
            sums[label] = decay * sums[label] + page.scores[block * N_LABELS + label] * gain
    return N_LABELS


cdef int add_scores(Page* page, float* features, size_t width) except -1 nogil:
    """The scores of each block, how many words it has, and the scores of its neighbours one by one."""
    cdef int64_t blocks = page.blocks.size(), block, other
    cdef int label, offset, at
    cdef double score
    cdef float* row
    for block in range(blocks):
        row = features + block * width
        for label in range(N_LABELS):
            score = page.scores[block * N_LABELS + label]
            row[label] = log(min(1.0, max(1e-3, score)))
            row[N_LABELS + label] = score
        row[2 * N_LABELS] = log1p(page.blocks[block].shape.words)
        at = 2 * N_LABELS + 1
        for offset in range(-3, 4):
            if offset == 0:
                continue
            other = block + offset
            for label in range(N_LABELS):
                row[at + label] = page.scores[other * N_LABELS + label] if 0 <= other < blocks else 0
            at += N_LABELS
    return 2 * N_LABELS + 1 + 6 * N_LABELS


cdef int add_neighbour_scores(Page* page, float* features, size_t width) except -1 nogil:
    """Running means before and behind each block, and the scores of the nearest confident and short ones."""
    cdef size_t blocks = page.blocks.size(), block
    cdef vector[uint8_t] confident, short_
    cdef double* scores = page.scores.data()
    cdef int at = 0, label
    confident.assign(blocks, 0)
    short_.assign(blocks, 0)
    for block in range(blocks):
        for label in range(N_LABELS):
            confident[block] |= scores[block * N_LABELS + label] > CONFIDENT_FROM
        short_[block] = page.blocks[block].shape.words <= SHORT
    for decay in (0.6, 0.9):
        at += running_mean(page, features + at, width, decay, False)
        at += running_mean(page, features + at, width, decay, True)
    at += last_of(page, features + at, width, scores, N_LABELS, N_LABELS, &confident, False)
    at += last_of(page, features + at, width, scores, N_LABELS, N_LABELS, &confident, True)
    at += last_of(page, features + at, width, scores, N_LABELS, N_LABELS, &short_, False)
    return at


cdef inline double signed_log(double value) noexcept nogil:
    return log1p(value) if value >= 0 else -log1p(-value)


cdef int add_position(Page* page, float* features, size_t width, const double* mass) except -1 nogil:
    """How much of each label comes before and behind each block, how far the article's ends are, and the whole page."""
    cdef int64_t blocks = page.blocks.size(), block, first = -1, last = blocks - 1
    cdef double total[4]
    cdef double before[4]
    cdef double means[4]
    cdef double all_labels = 0, words = 0
    cdef float* row
    cdef int label
    memset(before, 0, sizeof(before))
    memset(total, 0, sizeof(total))
    memset(means, 0, sizeof(means))
    for block in range(blocks):
        words += page.blocks[block].shape.words
        for label in range(N_LABELS):
            total[label] += mass[block * N_LABELS + label]
            means[label] += page.scores[block * N_LABELS + label]
        if page.scores[block * N_LABELS] > 0.5 and page.blocks[block].shape.words >= 8:
            first, last = block if first < 0 else first, block
    first = max(0, first)
    for label in range(N_LABELS):
        total[label] += 1e-9
        all_labels += total[label]
    for block in range(blocks):
        row = features + block * width
        for label in range(N_LABELS):
            row[label] = before[label] / total[label]
            row[4 + label] = log1p(before[label])
            row[8 + label] = log1p(total[label] - before[label] - mass[block * N_LABELS + label])
            row[17 + label] = total[label] / all_labels
            row[21 + label] = means[label] / blocks
            before[label] += mass[block * N_LABELS + label]
        row[12], row[13] = signed_log(block - first), signed_log(last - block)
        row[14] = first <= block <= last
        row[15], row[16] = log1p(block), log1p(blocks - block)
        row[25], row[26] = log1p(blocks), log1p(words)
    return 27


cdef int add_groups(Page* page, float* features, size_t width, const double* mass) except -1 nogil:
    """For each block, of all blocks of its group: mean score, mean by words, share of the page's content, how many."""
    cdef size_t group, block, blocks = page.blocks.size()
    cdef vector[double] sums
    cdef vector[int32_t]* numbers
    cdef int32_t most
    cdef double whole = 0, all_labels
    cdef double* of
    cdef float* row
    cdef int label
    for block in range(blocks):
        whole += mass[block * N_LABELS]
    for group in range(page.groups.size()):
        numbers = &page.groups[group]
        most = 0
        for block in range(blocks):
            most = max(most, numbers[0][block])
        sums.assign((most + 1) * 10, 0)
        for block in range(blocks):
            of = &sums[numbers[0][block] * 10]
            for label in range(N_LABELS):
                of[label] += page.scores[block * N_LABELS + label]
                of[4 + label] += mass[block * N_LABELS + label]
            of[8] += 1
        for block in range(blocks):
            of = &sums[numbers[0][block] * 10]
            row = features + block * width + group * GROUP_COLUMNS
            all_labels = of[4] + of[5] + of[6] + of[7] + 1e-9
            for label in range(N_LABELS):
                row[label] = of[label] / of[8]
                row[4 + label] = of[4 + label] / all_labels
            row[8], row[9] = of[4] / (whole + 1e-9), log(of[8])
    return page.groups.size() * GROUP_COLUMNS


cdef int add_placed(Page* page, float* features, size_t width, const double* mass, int64_t start, int64_t end) except -1 nogil:
    """For each block whether it is in [start, end), how far off it is, and what share of the mass is in there."""
    cdef int64_t block, blocks = page.blocks.size()
    cdef double inside = 0, all_blocks = 0, share
    cdef float* row
    cdef bint within
    for block in range(blocks):
        all_blocks += mass[block]
        if start <= block < end:
            inside += mass[block]
    share = inside / (all_blocks + 1e-9)
    for block in range(blocks):
        row = features + block * width
        within = start <= block < end
        row[0], row[1], row[2] = within, share if within else 0, 0 if within else share
        row[3], row[4] = log1p(max(0, start - block)), log1p(max(0, block - end + 1))
    return 5


cdef int add_main_text(Page* page, float* features, size_t width) except -1 nogil:
    """The run of blocks, and for HTML the element, with the largest gain for each threshold."""
    cdef int64_t block, blocks = page.blocks.size(), start, end
    cdef vector[double] mass, sums
    cdef double threshold, lowest, most
    cdef size_t i
    cdef int at = 0
    for block in range(blocks):
        mass.push_back(page.scores[block * N_LABELS] * page.blocks[block].shape.words)
    for i in range(2 * MAIN_THRESHOLDS.size() if page.html else MAIN_THRESHOLDS.size()):
        threshold = MAIN_THRESHOLDS[i % MAIN_THRESHOLDS.size()]
        sums.assign(1, 0)
        for block in range(blocks):
            sums.push_back(sums[block] + (page.scores[block * N_LABELS] - threshold) * page.blocks[block].shape.words)
        if i >= MAIN_THRESHOLDS.size():
            at += add_main_element(page, features + at, width, mass.data(), &sums)
            continue
        lowest, most, end = sums[0], sums[0] - sums[0], 0
        for block in range(1, blocks + 1):
            lowest = min(lowest, sums[block])
            if sums[block] - lowest > most:
                most, end = sums[block] - lowest, block
        start = 0
        for block in range(end + 1):
            if sums[block] < sums[start]:
                start = block
        at += add_placed(page, features + at, width, mass.data(), start, end)
    return at


cdef int add_main_element(Page* page, float* features, size_t width, const double* mass, vector[double]* sums) except -1 nogil:
    cdef int64_t block, start, end
    cdef size_t element, best = 0
    cdef double gain, most, second = 0
    cdef int at
    most = gain_of(page, 0, sums)
    for element in range(1, page.elements.size()):
        gain = gain_of(page, element, sums)
        if gain >= most:  # the innermost of equal ones
            most, best = gain, element
    start, end = page.elements[best].first, page.elements[best].last + 1
    at = add_placed(page, features, width, mass, start, end)
    for element in range(page.elements.size()):
        if page.elements[element].last + 1 <= start or page.elements[element].first >= end:
            second = max(second, gain_of(page, element, sums))
    for block in range(<int64_t>page.blocks.size()):
        features[block * width + at] = min(1.0, second / (most + 1e-9))
    return at + 1


cdef inline double gain_of(Page* page, size_t element, vector[double]* sums) noexcept nogil:
    return sums[0][page.elements[element].last + 1] - sums[0][page.elements[element].first]


cdef size_t add_features(Page* page, FirstTables tables, size_t width, bint first) except 0 nogil:
    """What a later stage sees of the one before, of the first one its logits too; returns how many features it is."""
    cdef size_t at = 0, block, blocks = page.blocks.size(), of_logits = tables.n_columns * N_LABELS, i
    cdef vector[double] mass
    cdef vector[uint8_t] heads
    cdef float* features = page.features.data()
    cdef int label
    for block in range(blocks):
        heads.push_back(page.blocks[block].head)
        for label in range(N_LABELS):
            mass.push_back(min(page.blocks[block].shape.words, 100) * page.scores[block * N_LABELS + label])
    at += add_scores(page, features + at, width)
    at += add_neighbour_scores(page, features + at, width)
    at += add_position(page, features + at, width, mass.data())
    at += add_groups(page, features + at, width, mass.data())
    at += add_main_text(page, features + at, width)
    if first:
        for block in range(blocks):
            for i in range(of_logits):
                features[block * width + at + i] = page.logits[block * of_logits + i]
        at += of_logits
    if page.html:
        at += last_of(page, features + at, width, page.scores.data(), N_LABELS, N_LABELS, &heads, False)
        if first:
            at += last_of(page, features + at, width, page.logits.data(), of_logits, of_logits, &heads, False)
    return at


cdef int weigh_features(Page* page, LaterTables tables, size_t start, size_t end, double* decisions) except -1 nogil:
    """Add what the features from ``start`` to ``end`` of a stage weigh, clipped to what it learned from."""
    cdef size_t block, feature, width = page.features.size() // page.blocks.size()
    cdef float value
    cdef const float* row
    cdef const float* low = tables.low.data() + start
    cdef const float* high = tables.high.data() + start
    cdef const double* weights
    cdef double a, b, c, d
    for block in range(page.blocks.size()):
        row = page.features.data() + block * width
        weights = tables.weights.data() + start * N_LABELS
        a = b = c = d = 0
        for feature in range(end - start):
            value = min(max(row[feature], low[feature]), high[feature])
            a += value * weights[0]
            b += value * weights[1]
            c += value * weights[2]
            d += value * weights[3]
            weights += N_LABELS
        decisions[0] += a
        decisions[1] += b
        decisions[2] += c
        decisions[3] += d
        decisions += N_LABELS
    return 0


cdef int score_second_stage(Page* page, LaterTables tables) except -1 nogil:
    cdef vector[double] decisions
    decisions.assign(page.blocks.size() * N_LABELS, 0)
    weigh_features(page, tables, 0, tables.low.size(), decisions.data())
    decisions.swap(page.decisions)
    finish_stage(page, tables)
    decisions.swap(page.decisions)
    return 0


cdef int finish_stage(Page* page, LaterTables tables) except -1 nogil:
    """The probabilities by the decisions of a stage."""
    cdef size_t block
    cdef double decision[4]
    cdef int label
    for block in range(page.blocks.size()):
        for label in range(N_LABELS):
            decision[label] = page.decisions[block * N_LABELS + label] + tables.intercept[label]
        softmax(decision, &page.scores[block * N_LABELS])
    return 0


cdef void softmax(const double* decision, double* scores) noexcept nogil:
    cdef double most = max(max(decision[0], decision[1]), max(decision[2], decision[3])), total = 0
    cdef int label
    for label in range(N_LABELS):
        scores[label] = exp(decision[label] - most)
        total += scores[label]
    for label in range(N_LABELS):
        scores[label] /= total
