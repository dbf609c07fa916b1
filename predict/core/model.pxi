# The parameters of a model as tables in C. Mirrors predict/scoring/tables.py; what the columns are comes from
# predict/features/registry.py, what is seen of neighbours and containers from predict/features/context.py.

from ..features import context, later
from ..features.registry import BLOCK_COLUMNS, COLUMNS
from ..labels import LABELS

cdef enum:
    N_LABELS = 4
    MAX_COLUMNS = 8
    MAX_PREFIXES = 16
    UNKNOWN = -1

PREFIXES = {column.name: ["", *column.prefixes] if column.name in ("shape", "links") else list(column.prefixes) or [""] for column in COLUMNS}

cdef struct Weight:
    double square  # of the inverse document frequency
    double weights[N_LABELS]

cdef struct Edges:  # between which values lie, as in ragged.levels
    int count
    double values[16]

cdef cppclass Column:
    Words words
    vector[int32_t] terms  # by word and prefix: the term, UNKNOWN where there is none
    int n_prefixes
    double weight
    bint known

    int32_t term(int32_t word, int prefix) nogil:
        return this.terms[word * this.n_prefixes + prefix] if word >= 0 else UNKNOWN


cdef int add_word(Words* words, str word) except -1:
    cdef vector[Char] code
    for one in word:
        code.push_back(ord(one))
    words.add(code.data(), code.size())
    return 0


cdef class FirstTables:
    """The terms of a first stage by number, and what each weighs."""

    cdef Words words  # of the column of words and pairs of words
    cdef vector[int32_t] alone
    cdef Pairs pairs
    cdef Column columns[MAX_COLUMNS]
    cdef vector[Weight] weights
    cdef double intercept[N_LABELS]
    cdef int n_columns
