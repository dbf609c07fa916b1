# The parameters of a model as tables in C: mirrors predict/scoring/tables.py. What the columns are comes from
# predict/features/registry.py, which values lie between which edges from the features themselves.

from ..features import shape, text_shape
from ..features.registry import BLOCK_COLUMNS, COLUMNS

cdef enum:
    MAX_COLUMNS = 16
    MAX_LEVELS = 24
    MAX_KINDS = 32

# Kinds of tokens of the column shape that are a number between edges, or a number itself.
STEPS = {"part": 9, "earlier": 3, "later": 3}
EDGES = {**text_shape.EDGES, **{name: edges for name, edges in shape.EDGES.items() if name not in ("density", "title")}}
EDGES |= {f"density{reach}": shape.EDGES["density"] for reach in shape.REACH}
KINDS_OF_SHAPE = [*EDGES, *STEPS]

cdef struct Levels:  # a kind of token: its edges, and by level the word in the column
    int count
    double edges[MAX_LEVELS]
    int32_t words[MAX_LEVELS + 1]

cdef inline int level(Levels* levels, double value) noexcept nogil:
    """How many edges are not above a value."""
    cdef int found = 0
    while found < levels.count and levels.edges[found] <= value:
        found += 1
    return found


cdef vector[Char] chars_of(str text) except *:
    cdef vector[Char] found
    found.resize(len(text))
    if found.size():
        PyUnicode_AsUCS4(text, found.data(), found.size(), 0)
    return found


cdef int32_t find_word(Words* words, str word) except? -2:
    cdef vector[Char] chars = chars_of(word)
    return words.find(chars.data(), chars.size())


cdef int add_words(Words* words, list names) except -1:
    cdef vector[Char] chars
    words.reserve(len(names) + 1)
    for name in names:
        chars = chars_of(name)
        words.add(chars.data(), chars.size())
    return 0


cdef class FirstTables:
    """The terms of a first stage by number, and what each weighs."""

    cdef Words words  # of the column of words and pairs of words
    cdef vector[int32_t] alone  # the term of each word
    cdef Pairs pairs
    cdef Column columns[MAX_COLUMNS]
    cdef vector[Weight] weights
    cdef double intercept[4]
    cdef int n_columns
    cdef dict place  # of a column by its name

    def __init__(self, parameters):
        cdef int column, label
        self.n_columns = len(BLOCK_COLUMNS)
        self.place = {name: place for place, name in enumerate(BLOCK_COLUMNS)}
        self.add_weights(parameters)
        for name, place in parameters.slices().items():
            column = self.place[name]
            if name == "words":
                self.add_pairs(parameters.columns[name])
            else:
                self.add_column(&self.columns[column], parameters.columns[name], place.start, PREFIXES[name])
        for column in range(self.n_columns):
            self.columns[column].weight = parameters.column_weights[column]
        for label in range(N_LABELS):
            self.intercept[label] = parameters.intercept[label]

    cdef int add_weights(self, parameters) except -1:
        cdef const double[::1] idf = np.ascontiguousarray(parameters.idf, np.float64)
        cdef const double[:, ::1] weights = np.ascontiguousarray(parameters.weights, np.float64)
        cdef size_t term
        cdef int label
        self.weights.resize(idf.shape[0])
        for term in range(self.weights.size()):
            self.weights[term].square = idf[term] * idf[term]
            for label in range(N_LABELS):
                self.weights[term].label[label] = weights[label, term] * idf[term]
        return 0

    cdef int add_pairs(self, terms) except -1:
        cdef const int32_t[::1] word = np.ascontiguousarray(terms.word, np.int32), prefix = np.ascontiguousarray(terms.prefix, np.int32)
        cdef vector[int32_t] firsts
        cdef vector[Char] chars
        cdef int32_t term
        add_words(&self.words, terms.words)
        for name in terms.prefixes:
            chars = chars_of(name[: max(0, len(name) - 1)])
            firsts.push_back(self.words.add(chars.data(), chars.size()) if name else NONE)
        self.alone.assign(self.words.count(), <int32_t>NONE)
        for term in range(word.shape[0]):
            if firsts[prefix[term]] == NONE:
                self.alone[word[term]] = term
            else:
                self.pairs.set(firsts[prefix[term]], word[term], term)
        return 0

    cdef int add_column(self, Column* column, terms, int32_t start, list prefixes) except -1:
        cdef const int32_t[::1] word = np.ascontiguousarray(terms.word, np.int32), prefix = np.ascontiguousarray(terms.prefix, np.int32)
        cdef vector[int32_t] places
        cdef int32_t term
        add_words(&column.words, terms.words)
        column.prefixes = len(prefixes)
        column.terms.assign(column.words.count() * column.prefixes, <int32_t>NONE)
        for name in terms.prefixes:
            if name not in prefixes:
                raise ValueError(f"terms of an unknown prefix {name!r}")
            places.push_back(prefixes.index(name))
        for term in range(word.shape[0]):
            column.terms[word[term] * column.prefixes + places[prefix[term]]] = start + term
        return 0

    cdef int fill_levels(self, Levels* levels, str name) except -1:
        """The edges of a kind of token of the column shape, and the number of its word for each level."""
        cdef int found
        edges = EDGES.get(name, range(1, STEPS.get(name, 0) + 1))
        levels.count = len(edges)
        for found in range(levels.count):
            levels.edges[found] = edges[found]
        for found in range(levels.count + 1):
            levels.words[found] = find_word(&self.columns[<int>self.place["shape"]].words, f"{name}={found}")
        return 0


cdef class LaterTables:
    """A later stage: what its features are clipped to, and what they weigh there, with all scaling worked in."""

    cdef vector[float] low, high
    cdef vector[double] weights  # (features, labels)
    cdef double intercept[4]

    def __init__(self, stage):
        cdef size_t feature
        cdef int label
        cdef const double[:, ::1] weights = np.ascontiguousarray(stage.weights, np.float64)
        for feature in range(weights.shape[0]):
            self.low.push_back(stage.low[feature])
            self.high.push_back(stage.high[feature])
            for label in range(N_LABELS):
                self.weights.push_back(weights[feature, label])
        for label in range(N_LABELS):
            self.intercept[label] = stage.intercept[label]
