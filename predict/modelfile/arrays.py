"""blocks.npz: the parameters of a model as plain arrays, all of which are checked before use.

Arrays are named by kind of page, stage and content: ``html.first.near.words``, ``text.third.weights``. Lists of strings
are arrays of bytes in UTF-8, each string ended by a line feed. Nothing in such a file can run.
"""

import io
import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import numpy as np

from ..features.later import page_names
from ..features.registry import BLOCK_COLUMNS
from ..labels import LABELS

MAX_FILE = 50_000_000  # bytes of a file; the shipped one has 7 MB
MAX_UNPACKED = 50_000_000  # bytes of its arrays; the shipped one has 13 MB
MAX_MEMBERS = 1000
MAX_STRINGS = 1_000_000  # in all lists; the shipped file has 195,480
MAX_PREFIXES = 64  # of a column other than words; tables have a row for each
MAX_VALUE = 1e9  # absolute value of a parameter; sums of products stay finite, also as float32
MEMBER = b"PK\x01\x02"  # begins the entry of each member in a zip file's directory
LATER = ("second", "third")
DTYPES = {"words": "u1", "prefixes": "u1", "word": "<i4", "prefix": "<i4", "idf": "<f4", "weights": "<f4"}
OTHERS = "<f8"


@dataclass(frozen=True)
class Terms:
    """The terms of a column: term i is ``prefixes[prefix[i]] + words[word[i]]``.

    In the column ``words`` a prefix is the first word of a pair and a space; in the others it tells which block's word
    it is.
    """

    words: list[str]
    prefixes: list[str]
    word: np.ndarray
    prefix: np.ndarray

    def __len__(self) -> int:
        return len(self.word)

    def names(self, numbers: np.ndarray | slice = slice(None)) -> list[str]:
        """Return the terms with these numbers, all by default."""
        pairs = zip(self.prefix[numbers].tolist(), self.word[numbers].tolist(), strict=True)
        return [self.prefixes[prefix] + self.words[word] for prefix, word in pairs]


@dataclass(frozen=True)
class FirstParameters:
    """TF-IDF of each of BLOCK_COLUMNS, and a linear model of all terms, in the order of the columns.

    ``column_weights`` (n_columns,), ``idf`` (n_terms,), ``weights`` (n_labels, n_terms), ``intercept`` (n_labels,).
    """

    columns: dict[str, Terms]
    column_weights: np.ndarray
    idf: np.ndarray
    weights: np.ndarray
    intercept: np.ndarray

    def slices(self) -> dict[str, slice]:
        """Return the slice of term numbers of each column that has terms."""
        ends = np.cumsum([len(terms) for terms in self.columns.values()]).tolist()
        slices = dict(zip(self.columns, map(slice, [0, *ends[:-1]], ends), strict=True))
        return {column: place for column, place in slices.items() if place.stop > place.start}


@dataclass(frozen=True)
class LaterParameters:
    """A linear model of scaled features: ``((clip(x, minimum, maximum) * factor + offset) - mean) / deviation``.

    All are (n_features,), but ``weights`` (n_labels, n_features) and ``intercept`` (n_labels,).
    """

    minimum: np.ndarray
    maximum: np.ndarray
    factor: np.ndarray
    offset: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    weights: np.ndarray
    intercept: np.ndarray


@dataclass(frozen=True)
class Parameters:
    """The three stages of one kind of page."""

    first: FirstParameters
    second: LaterParameters
    third: LaterParameters


def pack_arrays(models: Mapping[str, Parameters]) -> bytes:
    """Return the content of the file for parameters by kind of page; the same parameters give the same bytes."""
    arrays: dict[str, np.ndarray] = {}
    for kind, parameters in models.items():
        for column, terms in parameters.first.columns.items():
            prefix = f"{kind}.first.{column}"
            arrays |= {f"{prefix}.words": pack_strings(terms.words), f"{prefix}.prefixes": pack_strings(terms.prefixes)}
            arrays |= {f"{prefix}.word": terms.word, f"{prefix}.prefix": terms.prefix}
        for stage in ("first", *LATER):
            values = vars(getattr(parameters, stage))
            arrays |= {f"{kind}.{stage}.{name}": value for name, value in values.items() if name != "columns"}
    content = io.BytesIO()
    typed: dict[str, Any] = {name: np.ascontiguousarray(value, dtype_of(name)) for name, value in arrays.items()}
    np.savez_compressed(content, allow_pickle=False, **typed)
    return content.getvalue()


def unpack_arrays(content: bytes, kinds: Sequence[str]) -> dict[str, Parameters]:
    """Return the parameters for these kinds of page; raises ValueError if the file's content is invalid."""
    try:
        arrays = read_members(content, [name for kind in kinds for name in array_names(kind)])
    except ValueError:
        raise
    except Exception as error:  # zipfile and numpy raise errors of many classes for damaged files
        raise ValueError(f"damaged ({type(error).__name__}: {error})") from error
    if sum(np.count_nonzero(array == ord("\n")) for array in arrays.values() if array.dtype == "u1") > MAX_STRINGS:
        raise ValueError(f"more than {MAX_STRINGS:,} strings")
    return {kind: check_parameters(arrays, kind) for kind in kinds}


def dtype_of(name: str) -> np.dtype:
    return np.dtype(DTYPES.get(name.rpartition(".")[2], OTHERS))


def array_names(kind: str) -> list[str]:
    texts = [f"first.{column}.{field.name}" for column in BLOCK_COLUMNS for field in fields(Terms)]
    first = [f"first.{field.name}" for field in fields(FirstParameters) if field.name != "columns"]
    later = [f"{stage}.{field.name}" for stage in LATER for field in fields(LaterParameters)]
    return [f"{kind}.{name}" for name in (*texts, *first, *later)]


def read_members(content: bytes, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the arrays of a zip file with exactly these names; sizes are checked before anything is unpacked."""
    if content.count(MEMBER) > MAX_MEMBERS:
        raise ValueError(f"more than {MAX_MEMBERS:,} members")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        infos = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        if wrong := sorted(set(names) ^ set(infos)):
            raise ValueError(f"{'lacks' if wrong[0] in names else 'has an unknown'} array {wrong[0][:100]!r}")
        if len(infos) < len(archive.infolist()):
            raise ValueError("has an array twice")
        if sum(info.file_size for info in infos.values()) > MAX_UNPACKED:
            raise ValueError(f"unpacks to more than {MAX_UNPACKED:,} bytes")
        if any(info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for info in infos.values()):
            raise ValueError("compressed by something else than deflate")
        return {name: array_of(archive.read(infos[name]), name) for name in names}


def array_of(data: bytes, name: str) -> np.ndarray:
    """Return the array of a member in numpy's format; its header must describe exactly the bytes that follow."""
    stream = io.BytesIO(data)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError(f"{name}: not in version 1.0 of numpy's format")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype != dtype_of(name) or fortran:
        order = "Fortran" if fortran else "C"
        raise ValueError(f"{name}: expected {dtype_of(name)} in C order, got {str(dtype)[:100]} in {order} order")
    rest = data[stream.tell() :]
    if math.prod(shape) * dtype.itemsize != len(rest):
        raise ValueError(f"{name}: {len(rest):,} bytes do not fill the shape {str(shape)[:100]}")
    return np.frombuffer(rest, dtype).reshape(shape) if rest else np.empty(shape, dtype)


def check_parameters(arrays: Mapping[str, np.ndarray], kind: str) -> Parameters:
    """Return the parameters of a kind of page; raises ValueError if shapes, index ranges or values are not valid."""
    columns = {column: check_terms(arrays, f"{kind}.first.{column}") for column in BLOCK_COLUMNS}
    labels, terms = len(LABELS), sum(map(len, columns.values()))
    first = {
        "column_weights": check_values(arrays, f"{kind}.first.column_weights", (len(BLOCK_COLUMNS),)),
        "idf": check_values(arrays, f"{kind}.first.idf", (terms,), least=1 / MAX_VALUE),
        "weights": check_values(arrays, f"{kind}.first.weights", (labels, terms)),
        "intercept": check_values(arrays, f"{kind}.first.intercept", (labels,)),
    }
    second, third = (check_later(arrays, f"{kind}.{stage}", count) for stage, count in feature_counts(kind).items())
    return Parameters(FirstParameters(columns, **first), second, third)


@cache
def feature_counts(kind: str) -> dict[str, int]:
    """Return the number of features of the later stages; the third has those of the second and its own."""
    second = len(page_names(kind, contributions=True))
    return {"second": second, "third": second + len(page_names(kind, contributions=False))}


def check_later(arrays: Mapping[str, np.ndarray], stage: str, count: int) -> LaterParameters:
    shapes = {"weights": (len(LABELS), count), "intercept": (len(LABELS),)}
    values = {}
    for field in fields(LaterParameters):
        least = 1 / MAX_VALUE if field.name == "deviation" else -MAX_VALUE
        values[field.name] = check_values(
            arrays, f"{stage}.{field.name}", shapes.get(field.name, (count,)), least=least
        )
    return LaterParameters(**values)


def check_values(
    arrays: Mapping[str, np.ndarray], name: str, shape: tuple[int, ...], *, least: float = -MAX_VALUE
) -> np.ndarray:
    array = arrays[name]
    if array.shape != shape:
        raise ValueError(f"{name}: expected the shape {shape}, got {array.shape}")
    if not ((array >= least) & (array <= MAX_VALUE)).all():
        raise ValueError(f"{name}: a value is not finite, or not between {least:g} and {MAX_VALUE:g}")
    return array


def check_terms(arrays: Mapping[str, np.ndarray], column: str) -> Terms:
    words, prefixes = (unpack_strings(arrays[f"{column}.{name}"], f"{column}.{name}") for name in ("words", "prefixes"))
    if not column.endswith(".words") and len(prefixes) > MAX_PREFIXES:
        raise ValueError(f"{column}.prefixes: more than {MAX_PREFIXES}")
    numbers = []
    for name, strings_of in (("word", words), ("prefix", prefixes)):
        array = arrays[f"{column}.{name}"]
        if array.ndim != 1 or (len(array) and not 0 <= array.min() <= array.max() < len(strings_of)):
            raise ValueError(f"{column}.{name}: a number is not below {len(strings_of):,}, or negative")
        numbers.append(array)
    if len(numbers[0]) != len(numbers[1]):
        raise ValueError(f"{column}: {len(numbers[0]):,} terms have words, {len(numbers[1]):,} have prefixes")
    return Terms(words, prefixes, *numbers)


def pack_strings(strings: Sequence[str]) -> np.ndarray:
    return np.frombuffer("".join(f"{string}\n" for string in strings).encode(), np.uint8)


def unpack_strings(array: np.ndarray, name: str) -> list[str]:
    """Return the strings in an array of bytes: b"a\\nbc\\n" -> ["a", "bc"]; raises ValueError if one occurs twice."""
    try:
        found = array.tobytes().decode().split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"{name}: not UTF-8 ({error.reason} at byte {error.start:,})") from error
    if array.ndim != 1 or found.pop() or len(set(found)) < len(found):
        raise ValueError(f"{name}: not a list of different strings, each ended by a line feed")
    return found
