"""PyTorch's .pt and .pth files, read without PyTorch and without unpickling.

Such a file is a zip of a pickle and of the storages that its tensors are views of. A pickle is a program that may call
anything; here a small closed interpreter walks its opcodes. It knows the few that a state_dict needs and the few
functions that these call, builds plain dicts, lists and arrays, and refuses everything else by name.
"""

from __future__ import annotations

import pickletools
import zipfile
from collections.abc import Callable, Hashable
from reprlib import repr as shortened
from typing import Any, NamedTuple

import numpy as np

from .torch_storages import STORAGES, Storage, TorchArchive

LARGEST_PICKLE = 64 << 20  # bytes: names and shapes, no numbers
LARGEST_TREE = 1 << 24  # parts, each counted wherever it stands: a pickle of 100 bytes can hold itself 2**40 times
MARK: Any = object()


class Global(NamedTuple):
    """A class or function named in the pickle; `Reader.reduce` does what it would do."""

    name: str


class Reader:
    """One pass over the opcodes of `archive`'s pickle. Raises ValueError that names what is not known."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.files = TorchArchive(archive)
        self.pickle = self.files.content("data.pkl", LARGEST_PICKLE)
        self.stack: list[Any] = []
        self.memo: dict[Any, Any] = {}

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
        self.files.fill_all()
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
            raise ValueError(f"its pickle calls {shortened(function):.80}, which a state_dict does not need")
        self.stack.append(known(self, *arguments))

    def storage(self, given: Any) -> None:
        """Take a persistent id: the name of a storage."""
        given = self.stack.pop()
        if type(given) is not tuple or len(given) != 5 or given[0] != "storage" or not isinstance(given[1], Global):
            raise ValueError(f"its pickle refers to {shortened(given):.80}, which is no storage")
        kind = STORAGES.get(given[1].name)
        if kind is None or type(given[2]) is not str or type(given[4]) is not int or given[4] < 0:
            raise ValueError(f"it holds a storage of {given[1].name:.60}, of which NumPy has no numbers")
        self.stack.append(Storage(kind, given[2], given[4]))


def validated(whole: Any) -> Any:
    """Return what was built. Raises ValueError where it refers to itself, is nested deeply, or holds a mere name.

    Also where it is a small graph that unfolds into a huge tree, which nobody could print or walk.
    """
    sizes: dict[int, int] = {}  # by id: how many parts there are inside, and 0 while they are looked at
    waiting: list[tuple[Any, int]] = [(whole, 0)]
    while waiting:
        x, depth = waiting.pop()
        if isinstance(x, (Global, Storage)) or x is MARK:
            raise ValueError(f"it holds {x!r:.60} itself, which is no number")
        if not isinstance(x, (dict, list, tuple)):
            continue
        parts = x.values() if isinstance(x, dict) else x
        if depth < 0:
            sizes[id(x)] = 1 + sum(sizes.get(id(part), 1) for part in parts)
            if sizes[id(x)] > LARGEST_TREE:
                raise ValueError(f"it holds the same parts again and again, {sizes[id(x)]:,} in all")
        elif not sizes.get(id(x)):
            if id(x) in sizes or depth > 100:
                raise ValueError("it refers to itself, or is nested more than 100 deep")
            sizes[id(x)] = 0
            waiting.append((x, -1))
            waiting += [(part, depth + 1) for part in parts]
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
    """Whether something may be a key of a dict: a text or a number, or a tuple of such, but none of tuples."""
    return all(isinstance(part, (str, int, float)) or part is None for part in (key if type(key) is tuple else (key,)))


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
    "torch._utils _rebuild_tensor_v2": lambda reader, *given: reader.files.tensor(*given),
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
