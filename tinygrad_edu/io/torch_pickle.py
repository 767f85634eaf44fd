"""PyTorch's .pt and .pth files, read without PyTorch and without unpickling.

Such a file is a zip of a pickle and of the storages that its tensors are views of. A pickle is a program that may call
anything; here a small closed interpreter walks its opcodes. It knows the few that a state_dict needs and the few
functions that these call, builds plain dicts, lists and arrays, and refuses everything else by name.
"""

from __future__ import annotations

import math
import pickletools
import zipfile
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import numpy as np

from ..core.types import Array
from . import pieces, zips

LARGEST_PICKLE = 64 << 20  # bytes: names and shapes, no numbers
STRETCH = 16  # times the size of the file is as much as all tensors together may take
STORAGES = {
    "torch DoubleStorage": "f8", "torch FloatStorage": "f4", "torch HalfStorage": "f2",
    "torch BFloat16Storage": pieces.BFLOAT16, "torch LongStorage": "i8", "torch IntStorage": "i4",
    "torch ShortStorage": "i2", "torch CharStorage": "i1", "torch ByteStorage": "u1", "torch BoolStorage": "?",
    "torch ComplexFloatStorage": "c8", "torch ComplexDoubleStorage": "c16",
}  # fmt: skip
MARK: Any = object()


class Global(NamedTuple):
    """A class or function named in the pickle; `Reader.reduce` does what it would do."""

    name: str


class Storage(NamedTuple):
    """A storage in the archive: the type and count of its numbers, and its file."""

    kind: str
    key: str
    length: int


class Reader:
    """One pass over the opcodes of `archive`'s pickle. Raises ValueError that names what is not known."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive, self.left = archive, STRETCH * zips.file_length(archive)
        self.entries = torch_entries(archive)
        pickles = [name for name in self.entries if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise ValueError(f"it holds {len(pickles)} files data.pkl, and needs one")
        self.root = pickles[0].removesuffix("data.pkl")
        self.pickle = self.content("data.pkl", LARGEST_PICKLE)
        order = self.content("byteorder", 16) if f"{self.root}byteorder" in self.entries else b"little"
        if order not in (b"little", b"big"):
            raise ValueError(f"its byte order is {order!r:.20}")
        self.order: pieces.Order = "<" if order == b"little" else ">"
        self.kinds: dict[str, str] = {}  # of storages by key: the type of the numbers
        self.views: dict[Storage, list[StorageView]] = {}  # the tensors that are made of each storage
        self.stack: list[Any] = []
        self.memo: dict[Any, Any] = {}

    def entry(self, name: str, limit: int) -> zipfile.ZipInfo:
        """Return an entry of the archive. Raises ValueError where it is missing or too large."""
        entry = self.entries.get(f"{self.root}{name}")
        if entry is None or entry.file_size > limit:
            raise ValueError(f"{name:.60} is missing or too large")
        return entry

    def content(self, name: str, limit: int) -> bytes:
        """Return what an entry of the archive holds."""
        return self.archive.read(self.entry(name, limit))

    def read(self) -> Any:
        """Return the object that the pickle describes, and read its tensors once it is known to be whole."""
        for opcode, argument, _ in pickletools.genops(self.pickle):
            if opcode.name == "STOP":
                break
            step = STEPS.get(opcode.name)
            if step is None:
                raise ValueError(f"its pickle holds the opcode {opcode.name}, which a state_dict does not need")
            step(self, argument)
        if len(self.stack) != 1:
            raise ValueError("its pickle is not whole")
        found = validated(self.stack.pop())
        for storage, views in self.views.items():
            self.fill(storage, views)
        return found

    def pop_mark(self) -> list[Any]:
        """Pop everything above the last mark."""
        at = max(i for i, x in enumerate(self.stack) if x is MARK)
        found = self.stack[at + 1 :]
        del self.stack[at:]
        return found

    def reduce(self) -> None:
        """Apply the twin of a known function to plain data."""
        arguments, function = self.stack.pop(), self.stack.pop()
        known = CALLS.get(function.name) if isinstance(function, Global) else None
        if known is None or type(arguments) is not tuple:
            raise ValueError(f"its pickle calls {function!r:.80}, which a state_dict does not need")
        self.stack.append(known(self, *arguments))

    def storage(self, given: Any) -> None:
        """Take a persistent id: the name of a storage."""
        given = self.stack.pop()
        if type(given) is not tuple or len(given) != 5 or given[0] != "storage" or not isinstance(given[1], Global):
            raise ValueError(f"its pickle refers to {given!r:.80}, which is no storage")
        kind = STORAGES.get(given[1].name)
        if kind is None or type(given[2]) is not str or type(given[4]) is not int or given[4] < 0:
            raise ValueError(f"it holds a storage of {given[1].name:.60}, of which NumPy has no numbers")
        self.stack.append(Storage(kind, given[2], given[4]))

    def tensor(self, storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> Array:
        """Return a tensor that `fill` will give its numbers: a view of a storage, checked against its bounds."""
        if not isinstance(storage, Storage) or not all(type(x) is tuple for x in (size, stride)):
            raise ValueError("its pickle makes a tensor of something that is no storage")
        if len(size) != len(stride) or any(type(n) is not int or n < 0 for n in (offset, *size, *stride)):
            raise ValueError(f"a tensor has the shape {size!r:.60} and the strides {stride!r:.60}")
        last = offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
        count = math.prod(size)
        if count and last >= storage.length:
            raise ValueError(f"a tensor of shape {size} reaches beyond its storage of {storage.length} numbers")
        dtype = pieces.native_dtype(storage.kind)
        self.left -= count * dtype.itemsize
        if self.left < 0:
            raise ValueError(f"its tensors take more than {STRETCH} times as much memory as the file")
        views = self.views_of(storage)
        array: Array = np.empty(size, dtype)
        views.append(StorageView(array, offset, stride))
        return array

    def views_of(self, storage: Storage) -> list[StorageView]:
        """Return the tensors of a storage so far. Raises ValueError where it is not in the archive as it says."""
        if self.kinds.setdefault(storage.key, storage.kind) != storage.kind:
            raise ValueError(f"storage {storage.key!r:.20} is of two types")
        if storage not in self.views:
            size = storage.length * pieces.size_of(storage.kind)
            found = self.entry(f"data/{storage.key}", size).file_size
            if found != size:
                raise ValueError(f"storage {storage.key!r:.20} holds {found} bytes of {storage.length} numbers")
            self.views[storage] = []
        return self.views[storage]

    def fill(self, storage: Storage, views: list[StorageView]) -> None:
        """Read a storage into its tensors; where one has gaps or turned axes, it is kept until that is filled."""
        flats = [(view.offset, view.array.reshape(-1)) for view in views if view.is_contiguous()]
        others = [view for view in views if not view.is_contiguous()]
        whole: Array = np.empty(storage.length if others else 0, pieces.native_dtype(storage.kind))
        step = pieces.PIECE // pieces.size_of(storage.kind)  # numbers in a piece
        waiting: dict[int, list[tuple[int, Array]]] = {}  # by piece: what begins where, and has numbers of it
        for start, flat in (*flats, (0, whole)):
            for k in range(start // step, -(-(start + flat.size) // step)):
                waiting.setdefault(k, []).append((start, flat))
        with self.archive.open(self.entries[f"{self.root}data/{storage.key}"]) as file:
            for k, numbers in enumerate(pieces.read(file, storage.kind, self.order, storage.length, storage.key)):
                for start, flat in waiting.get(k, ()):
                    at = k * step - start  # of the piece's first number in this array
                    flat[max(at, 0) : at + step] = numbers[max(-at, 0) : flat.size - at]
            pieces.end(file, storage.key)
        for view in others:
            view.copy_from(whole)


class StorageView(NamedTuple):
    """A tensor that is to be filled, and where in its storage its numbers lie."""

    array: Array
    offset: int
    stride: tuple[int, ...]

    def is_contiguous(self) -> bool:
        """Whether its numbers lie in the storage one after the other."""
        expected = 1
        for n, step in zip(reversed(self.array.shape), reversed(self.stride), strict=True):
            if n != 1 and step != expected:
                return not self.array.size
            expected *= n
        return True

    def copy_from(self, storage: Array) -> None:
        """Take the numbers from a storage; that they lie within it was checked."""
        steps = [step * storage.itemsize for step in self.stride]
        self.array[...] = np.lib.stride_tricks.as_strided(
            storage[self.offset :], self.array.shape, steps, writeable=False
        )


def torch_entries(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return what the archive holds, by name. Raises ValueError for anything but a plain archive of PyTorch's."""
    found = zips.entries(archive)
    if any(info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1 for info in found.values()):
        raise ValueError("its files are packed or locked, and PyTorch's are not")
    if sum(info.file_size for info in found.values()) > zips.file_length(archive):
        raise ValueError("its files say that they are larger than the whole")
    return found


def validated(whole: Any) -> Any:
    """Return what was built. Raises ValueError where it refers to itself, is nested deeply, or holds a mere name."""
    state: dict[int, int] = {}  # by id: 1 while its parts are looked at, 2 after that
    waiting: list[tuple[Any, int]] = [(whole, 0)]
    while waiting:
        x, depth = waiting.pop()
        if depth < 0:
            state[id(x)] = 2
        elif isinstance(x, (Global, Storage)) or x is MARK:
            raise ValueError(f"it holds {x!r:.60} itself, which is no number")
        elif isinstance(x, (dict, list, tuple)) and state.get(id(x)) != 2:
            if state.get(id(x)) == 1 or depth > 100:
                raise ValueError("it refers to itself, or is nested more than 100 deep")
            state[id(x)] = 1
            waiting.append((x, -1))
            waiting += [(part, depth + 1) for part in (x.values() if isinstance(x, dict) else x)]
    return whole


# What each opcode does: the closed set ----------------------------------------------------------------------------


def pushing(make: Callable[[Any], Any]) -> Callable[[Reader, Any], None]:
    """Return a step that puts something on the stack."""
    return lambda reader, argument: reader.stack.append(make(argument))


def tupled(n: int) -> Callable[[Reader, Any], None]:
    """Return a step that makes a tuple of the last `n` things."""

    def step(reader: Reader, _: Any) -> None:
        if len(reader.stack) < n or any(x is MARK for x in reader.stack[len(reader.stack) - n :]):
            raise ValueError("its pickle takes more from the stack than there is")
        parts = tuple(reader.stack[len(reader.stack) - n :])
        del reader.stack[len(reader.stack) - n :]
        reader.stack.append(parts)

    return step


def remember(reader: Reader, place: Any) -> None:
    """Keep the top of the stack under a number."""
    reader.memo[len(reader.memo) if place is None else place] = reader.stack[-1]


def push_global(reader: Reader, argument: Any) -> None:
    """Put a name on the stack, if it is a known one."""
    if argument not in CALLS and argument not in STORAGES:
        raise ValueError(f"its pickle names {argument!r:.80}, which a state_dict does not need")
    reader.stack.append(Global(argument))


def set_items(reader: Reader, pairs: list[Any]) -> None:
    """Put pairs into the dict on top of the stack."""
    target = reader.stack[-1]
    if type(target) is not dict or len(pairs) % 2 or not all(is_key(key) for key in pairs[::2]):
        raise ValueError("its pickle puts something into what is no dict, or under what is no name")
    target.update(zip(pairs[::2], pairs[1::2], strict=True))


def add_items(reader: Reader, items: list[Any]) -> None:
    """Put things at the end of the list on top of the stack."""
    target = reader.stack[-1]
    if type(target) is not list:
        raise ValueError("its pickle appends to what is no list")
    target.extend(items)


def set_item(reader: Reader, _: Any) -> None:
    """Put one pair into a dict."""
    value, key = reader.stack.pop(), reader.stack.pop()
    set_items(reader, [key, value])


def build(reader: Reader, _: Any) -> None:
    """Drop the attributes of an OrderedDict: PyTorch's are the versions of its modules."""
    reader.stack.pop()
    if type(reader.stack[-1]) is not dict:
        raise ValueError("its pickle sets attributes of what has none")


def is_key(key: Any) -> bool:
    """Whether something may be a key of a dict: a text or a number, or a tuple of such."""
    return isinstance(key, (str, int, float)) or key is None or (type(key) is tuple and all(map(is_key, key)))


def ordered_dict(_: Reader, *pairs: Any) -> dict[Hashable, Any]:
    """Make a dict of a list of pairs, or an empty one, as collections.OrderedDict does."""
    if not pairs:
        return {}
    (items,) = pairs
    if type(items) is not list or not all(type(x) in (tuple, list) and len(x) == 2 and is_key(x[0]) for x in items):
        raise ValueError("its pickle makes a dict of what are no pairs")
    return dict(items)


def parameter(_: Reader, data: Any, *__: Any) -> Any:
    """Return the tensor itself, as torch._utils._rebuild_parameter does."""
    if not isinstance(data, np.ndarray):
        raise ValueError("its pickle makes a parameter of what is no tensor")
    return data


def torch_size(_: Reader, lengths: Any) -> tuple[Any, ...]:
    """Make a tuple, as torch.Size does."""
    if type(lengths) is not tuple:
        raise ValueError("its pickle makes a size of what is no tuple")
    return lengths


CALLS: dict[str, Callable[..., Any]] = {
    "collections OrderedDict": ordered_dict,
    "torch._utils _rebuild_tensor_v2": Reader.tensor,
    "torch._utils _rebuild_parameter": parameter,
    "torch Size": torch_size,
}
STEPS: dict[str, Callable[[Reader, Any], Any]] = {
    "PROTO": lambda reader, argument: None,
    "MARK": pushing(lambda _: MARK),
    "EMPTY_DICT": pushing(lambda _: {}),
    "EMPTY_LIST": pushing(lambda _: []),
    "EMPTY_TUPLE": pushing(lambda _: ()),
    "NONE": pushing(lambda _: None),
    "NEWTRUE": pushing(lambda _: True),
    "NEWFALSE": pushing(lambda _: False),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE"), pushing(lambda x: x)),
    "TUPLE": lambda reader, _: reader.stack.append(tuple(reader.pop_mark())),
    "TUPLE1": tupled(1),
    "TUPLE2": tupled(2),
    "TUPLE3": tupled(3),
    "BINPUT": remember,
    "LONG_BINPUT": remember,
    "BINGET": lambda reader, place: reader.stack.append(reader.memo[place]),
    "LONG_BINGET": lambda reader, place: reader.stack.append(reader.memo[place]),
    "GLOBAL": push_global,
    "BINPERSID": Reader.storage,
    "REDUCE": lambda reader, _: reader.reduce(),
    "BUILD": build,
    "SETITEM": set_item,
    "SETITEMS": lambda reader, _: set_items(reader, reader.pop_mark()),
    "APPEND": lambda reader, _: add_items(reader, [reader.stack.pop()]),
    "APPENDS": lambda reader, _: add_items(reader, reader.pop_mark()),
}
