# Properties of characters: asked of Python's own functions and the reference's patterns, once for each 256 code points.

from ..features.shape import WORD as ECHOED
from ..features.stems import STEM
from ..features.text_shape import KINDS, QUOTES
from ..features.words import UNSPACED, WIDE
from ..scoring.stages import WORD as TERM

cdef enum:
    SPACE = 1  # str.isspace
    WORD = 2  # \w
    IN_TERM = 4  # of a term of several characters
    SIGN = 8  # of a script without spaces between words
    LETTER = 16
    UPPER = 32
    LOWER = 64
    DIGIT = 128  # str.isdigit
    DECIMAL = 256  # \d
    END = 512  # of a sentence, if a closing character is behind it
    CLOSING = 1024
    FULL_END = 2048
    QUOTE = 4096
    ECHO = 8192  # a word by itself in ``shape.echoed``
    DOUBLE = 16384  # counts twice in a text's length
    SYLLABLE = 32768  # of Hangul, of which two make a stem
    STEM_LETTER = 65536  # of which five do

PROPERTIES = {
    SPACE: str.isspace, LETTER: str.isalpha, UPPER: str.isupper, LOWER: str.islower, DIGIT: str.isdigit,
    WORD: re.compile(r"\w").match, DECIMAL: re.compile(r"\d").match,
    IN_TERM: lambda one: TERM.fullmatch(2 * one), SIGN: UNSPACED.match, DOUBLE: WIDE.match,
    END: KINDS["end"], CLOSING: KINDS["closing"], FULL_END: KINDS["full end"], QUOTE: QUOTES.__contains__,
    ECHO: ECHOED.match, SYLLABLE: lambda one: (STEM.match(3 * one) or [None, None])[1],
    STEM_LETTER: lambda one: (STEM.match("aaaaa" + one) or [None, None, None])[2],
}

cdef uint32_t* pages_of_flags[0x1100]
memset(pages_of_flags, 0, sizeof(pages_of_flags))


cdef int make_flags(uint32_t number) except -1 with gil:
    """Fill in the flags of 256 code points; they are kept for good."""
    cdef uint32_t* page = <uint32_t*>malloc(256 * sizeof(uint32_t))
    cdef uint32_t flags
    cdef int i
    if page == NULL:
        raise MemoryError
    for i in range(256):
        one, flags = chr((number << 8) + i), 0
        for flag, has in PROPERTIES.items():
            if has(one):
                flags |= <uint32_t>flag
        page[i] = flags
    pages_of_flags[number] = page
    return 0


cdef inline uint32_t flags_of(Char code) except? 0xffffffff nogil:
    if pages_of_flags[code >> 8] == NULL:
        make_flags(code >> 8)
    return pages_of_flags[code >> 8][code & 255]


cdef enum:
    NOT_ALONE = 0xffffffff  # of which the lower case is not one character, or depends on its neighbours

cdef uint32_t* pages_of_lower[0x1100]
memset(pages_of_lower, 0, sizeof(pages_of_lower))


cdef int make_lower(uint32_t number) except -1 with gil:
    """Fill in the lower case of 256 code points; it is kept for good."""
    cdef uint32_t* page = <uint32_t*>malloc(256 * sizeof(uint32_t))
    cdef int i
    if page == NULL:
        raise MemoryError
    for i in range(256):
        one = chr((number << 8) + i)
        page[i] = ord(one.lower()) if len(one.lower()) == 1 and one != "\u03a3" else NOT_ALONE
    pages_of_lower[number] = page
    return 0


cdef inline uint32_t lower_of(Char code) except? 0xfffffffe nogil:
    if pages_of_lower[code >> 8] == NULL:
        make_lower(code >> 8)
    return pages_of_lower[code >> 8][code & 255]
