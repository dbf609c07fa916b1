"""bytes of a model file -> records of what it holds; nothing that the pickle asks for is called.

A pickle is a program: its opcodes import what they name, and call it. This machine knows the opcodes that joblib writes
a model with, and no others; where a pickle calls, it makes a Record, and only of the NAMES. ``estimators.py`` makes
pipelines of the records. The format is pickle's protocol 4, in which joblib puts the bytes of each array where the
opcodes have described it, behind a byte that counts the padding before them.
"""

import math
import pickle
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any, NoReturn

import numpy as np

BYTES = 100_000_000  # of an unpacked file: the shipped model has 13 MB
OPCODES = 5_000_000  # of a file: the shipped model has a million
ALIGNMENT = 16  # bytes, of an array in the file
NUMBERS = ("f4", "f8", "i1", "i4", "i8")  # that arrays consist of; "O8" would be Python objects, a pickle in the pickle

ESTIMATORS = (
    "sklearn.compose._column_transformer.ColumnTransformer",
    "sklearn.feature_extraction.text.TfidfTransformer",
    "sklearn.feature_extraction.text.TfidfVectorizer",
    "sklearn.linear_model._logistic.LogisticRegression",
    "sklearn.pipeline.Pipeline",
    "sklearn.preprocessing._data.MinMaxScaler",
    "sklearn.preprocessing._data.StandardScaler",
)
ARRAY, DTYPE, SLICE = "joblib.numpy_pickle.NumpyArrayWrapper", "numpy.dtype", "builtins.slice"
SCALARS = ("numpy._core.multiarray.scalar", "numpy.core.multiarray.scalar")  # numpy 2, numpy 1
NAMES = {*ESTIMATORS, ARRAY, DTYPE, SLICE, *SCALARS, "numpy.float32", "numpy.ndarray"}
NEW = {*ESTIMATORS, ARRAY}  # made without arguments, then given a state
CALLED = {DTYPE, SLICE, *SCALARS}  # made of arguments; a dtype is given a state, too


class Refused(ValueError):
    """What the file holds that no model of ``make train`` does."""


@dataclass(frozen=True, eq=False)
class Name:
    """One of the NAMES, where a pickle would have the class or function."""

    full: str


@dataclass(eq=False)
class Record:
    """What a pickle would make by calling ``name`` with ``arguments``, and the state that it would set."""

    name: str
    arguments: tuple = ()
    state: Any = None
    array: np.ndarray | None = None  # of a Record of ARRAY


def records(content: bytes) -> Any:
    """What a model file holds: plain values, and a Record where an object would be; raises Refused."""
    data = unpacked(content)
    try:
        return Machine(data).run()
    except (IndexError, KeyError, OverflowError, TypeError, UnicodeDecodeError, struct.error) as error:
        raise Refused(f"it is no pickle as joblib writes it ({type(error).__name__})") from error


def unpacked(content: bytes) -> bytes:
    """The pickle in a model file, which is compressed by zlib as ``make train`` does it, or not at all."""
    if content[:1] == pickle.PROTO:
        data, rest = content, b""
    elif content[:1] == b"\x78":
        packed = zlib.decompressobj()
        try:
            data = packed.decompress(content, BYTES + 1)
        except zlib.error as error:
            raise Refused(f"its compression is damaged ({error})") from error
        rest = packed.unused_data
    else:
        raise Refused(
            f"it is compressed by something else than zlib, or no pickle of protocol 4: it begins with {content[:4]!r}"
        )
    if len(data) > BYTES:
        raise Refused(f"it unpacks to more than {BYTES / 1e6:.0f} MB")
    if rest:
        raise Refused("something lies behind what is compressed")
    return data


class Machine:
    """A stack, marks in it, and the values to come back to, as the opcodes of a pickle ask for."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: list[Any] = []

    def run(self) -> Any:
        """The value that the pickle ends with. The opcodes that are told apart here are nearly all of a model."""
        data, memo, push, at = self.data, self.memo, self.stack.append, 0
        for _ in range(OPCODES):
            code = data[at]
            at += 1
            if code == SHORT_TEXT:
                start = at + 1
                at = start + data[at]
                push(str(data[start:at], "utf-8", "surrogatepass"))
            elif code == MEMOIZE:
                memo.append(self.stack[-1])
            elif code == GET:
                push(memo[PLACE.unpack_from(data, at)[0]])
                at += PLACE.size
            elif code == STOP:
                return self.stack.pop()
            else:
                self.at = at
                ACTIONS.get(code, unknown)(self)
                at = self.at
        raise Refused(f"it has more than {OPCODES:,} opcodes")

    def take(self, count: int) -> bytes:
        """The next bytes of the file."""
        start, self.at = self.at, self.at + count
        if self.at > len(self.data):
            raise IndexError
        return self.data[start : self.at]

    def number(self, format: str) -> Any:
        (found,) = struct.unpack(format, self.take(struct.calcsize(format)))
        return found

    def marked(self) -> list[Any]:
        """The values behind the last mark, which leave the stack with it."""
        mark = self.marks.pop()
        found = self.stack[mark:]
        del self.stack[mark:]
        return found

    def push_tuple(self, count: int) -> None:
        found = tuple(self.stack[-count:])
        del self.stack[-count:]
        self.stack.append(found)

    def push_text(self, length: int) -> None:
        self.stack.append(str(self.take(length), "utf-8", "surrogatepass"))

    def push_name(self, module: Any, name: Any) -> None:
        """One of the NAMES, to the letter: a name with a dot in it would lead on, to an attribute of an attribute."""
        full = f"{module}.{name}"
        if type(module) is not str or type(name) is not str or full not in NAMES or "." in name:
            raise Refused(f"it names {full[:100]!r}")
        self.stack.append(Name(full))

    def push_global(self) -> None:
        names = self.data[self.at :].split(b"\n", 2)[:2]
        self.push_name(*(name.decode("utf-8", "replace") for name in names))

    def push_stacked(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.push_name(module, name)

    def call(self, callables: set[str]) -> None:
        arguments, called = self.stack.pop(), self.stack.pop()
        if type(called) is not Name or called.full not in callables or type(arguments) is not tuple:
            raise Refused(f"it calls {called.full if type(called) is Name else f'a {type(called).__name__}'}")
        self.stack.append(Record(called.full, arguments))

    def build(self) -> None:
        state, built = self.stack.pop(), self.stack[-1]
        if type(built) is not Record or built.state is not None or built.name in (SLICE, *SCALARS):
            raise Refused(f"it changes {built.name if type(built) is Record else f'a {type(built).__name__}'}")
        built.state = state
        if built.name == ARRAY:
            built.array = self.array(state)

    def array(self, state: Any) -> np.ndarray:
        """The array that lies here in the file, of native byte order and a memory of its own."""
        kind, shape = dtype_of(state["dtype"]), state["shape"]
        whole = type(shape) is tuple and all(type(length) is int and length >= 0 for length in shape)
        plain = type(state["subclass"]) is Name and state["subclass"].full == "numpy.ndarray"
        if not whole or not plain or state["order"] not in ("C", "F"):
            raise Refused("it has an array of another class, shape or order than numpy writes")
        if state["numpy_array_alignment_bytes"] != ALIGNMENT:
            raise Refused("it has an array as joblib wrote them before 1.2")
        self.take(self.data[self.at] + 1)
        count, start = math.prod(shape), self.at
        self.take(count * kind.itemsize)
        flat = np.frombuffer(self.data, kind, count, start) if count else np.empty(0, kind)
        return flat.reshape(shape, order=state["order"]).astype(kind.newbyteorder("="))

    def append(self, values: list[Any]) -> None:
        if type(self.stack[-1]) is not list:
            raise TypeError
        self.stack[-1].extend(values)

    def set_items(self, values: list[Any]) -> None:
        keys = values[::2]
        if type(self.stack[-1]) is not dict or set(map(type, keys)) - {str}:
            raise TypeError
        self.stack[-1].update(zip(keys, values[1::2], strict=True))


def dtype_of(record: Any) -> np.dtype:
    """The dtype of numbers that a Record describes; raises Refused if it is another one."""
    if type(record) is Record and record.name == DTYPE:
        for name, order in product(NUMBERS, "<>|"):
            whole = (3, order, None, None, None, -1, -1, 0)  # a version, no fields, and no size of its own
            if record.arguments == (name, False, True) and record.state == whole:
                return np.dtype(f"{order}{name}")
    raise Refused("it has an array of objects, or of other things than numbers")


def unknown(machine: Machine) -> NoReturn:
    import pickletools  # here: it is needed for nothing else

    code = machine.data[machine.at - 1]
    name = next((one.name for one in pickletools.opcodes if one.code == chr(code)), f"{code:#x}")
    raise Refused(f"it has the opcode {name}")


def protocol(machine: Machine) -> None:
    if machine.number("B") not in (4, 5):
        raise Refused("it is a pickle of another protocol than 4")


def push(value: Any) -> Callable[[Machine], None]:
    return lambda machine: machine.stack.append(value)


SHORT_TEXT, MEMOIZE, GET, STOP = b"".join([pickle.SHORT_BINUNICODE, pickle.MEMOIZE, pickle.LONG_BINGET, pickle.STOP])
PLACE = struct.Struct("<I")
BY_OPCODE: dict[bytes, Callable[[Machine], Any]] = {
    pickle.PROTO: protocol,
    pickle.FRAME: lambda machine: machine.take(8),
    pickle.MARK: lambda machine: machine.marks.append(len(machine.stack)),
    pickle.NONE: push(None),
    pickle.NEWTRUE: push(True),
    pickle.NEWFALSE: push(False),
    pickle.BININT: lambda machine: machine.stack.append(machine.number("<i")),
    pickle.BININT1: lambda machine: machine.stack.append(machine.number("B")),
    pickle.BININT2: lambda machine: machine.stack.append(machine.number("<H")),
    pickle.LONG1: lambda machine: machine.stack.append(pickle.decode_long(machine.take(machine.number("B")))),
    pickle.BINFLOAT: lambda machine: machine.stack.append(machine.number(">d")),
    pickle.SHORT_BINBYTES: lambda machine: machine.stack.append(machine.take(machine.number("B"))),
    pickle.BINUNICODE: lambda machine: machine.push_text(machine.number("<I")),
    pickle.EMPTY_TUPLE: push(()),
    pickle.TUPLE1: lambda machine: machine.push_tuple(1),
    pickle.TUPLE2: lambda machine: machine.push_tuple(2),
    pickle.TUPLE3: lambda machine: machine.push_tuple(3),
    pickle.TUPLE: lambda machine: machine.stack.append(tuple(machine.marked())),
    pickle.EMPTY_LIST: lambda machine: machine.stack.append([]),
    pickle.APPEND: lambda machine: machine.append([machine.stack.pop()]),
    pickle.APPENDS: lambda machine: machine.append(machine.marked()),
    pickle.EMPTY_DICT: lambda machine: machine.stack.append({}),
    pickle.SETITEM: lambda machine: machine.set_items([machine.stack.pop(-2), machine.stack.pop()]),
    pickle.SETITEMS: lambda machine: machine.set_items(machine.marked()),
    pickle.BINGET: lambda machine: machine.stack.append(machine.memo[machine.number("B")]),
    pickle.GLOBAL: lambda machine: machine.push_global(),  # of older protocols: read for the name of what is refused
    pickle.STACK_GLOBAL: lambda machine: machine.push_stacked(),
    pickle.NEWOBJ: lambda machine: machine.call(NEW),
    pickle.REDUCE: lambda machine: machine.call(CALLED),
    pickle.BUILD: lambda machine: machine.build(),
}
ACTIONS = {code[0]: action for code, action in BY_OPCODE.items()}
