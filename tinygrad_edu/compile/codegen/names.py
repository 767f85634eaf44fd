"""Names in a program's text, and the objects that they stand for.

A user's name of an operation, a label or a parameter is used only where it is a plain identifier that is free, and no
`repr` of a user's type is: the text of a program is safe to execute.
"""

from __future__ import annotations

from keyword import iskeyword
from typing import Any

import numpy as np

from ...core.node import Node
from ...core.op import TABLE
from ..ir import Program, Var, identity_of
from ..memory.buffers import planned
from ..memory.state_buffers import StateKey
from ..outside import CapturedInput
from ..vectorize.bulk_io import IN_BULK, WRITES

LITERAL_TYPES = (bool, int, float, str, type(None), type(Ellipsis))
STEMS = {"{}._raw": "w", "{}._slope": "grad"}  # names of state buffers


class Names:
    """The names of one program. `space` holds the objects to which they refer."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.space: dict[str, Any] = {"np": np, **IN_BULK, **WRITES}
        self.counts: dict[str, int] = {}
        self.owners: dict[int, str] = {}
        self.functions: dict[Any, str] = {}  # names of functions that are called, by operation
        self.names: dict[Var, str] = {}
        self.constants: dict[Any, str] = {}  # names by value

    def fresh(self, stem: str) -> str:
        """Return a name that starts with `stem` and is not taken."""
        while True:
            self.counts[stem] = i = self.counts.get(stem, 0) + 1
            if f"{stem}{i}" not in self.space:
                self.space[f"{stem}{i}"] = None
                return f"{stem}{i}"

    def bound(self, stem: str, thing: Any) -> str:
        """Return a new name for an object."""
        name = self.fresh(stem)
        self.space[name] = thing
        return name

    def named(self, name: str, thing: Any) -> str:
        """Return this name for an object, if it is not taken, or one like it."""
        if name in self.space:
            return self.bound(name + "_", thing)
        self.space[name] = thing
        return name

    def owner(self, thing: Any) -> str:
        """Return the name of an object that the program reads from or writes to."""
        if id(thing) not in self.owners:
            stem = "leaf_" if isinstance(thing, Node) else "rng" if hasattr(thing, "bit_generator") else "owner"
            self.owners[id(thing)] = self.bound(stem, thing)
        return self.owners[id(thing)]

    def place(self, captured: CapturedInput) -> str:
        """Return how a place outside is written."""
        return captured.place.format(self.owner(captured.owner))

    def name(self, x: Var) -> str:
        """Return how a variable is written."""
        if x not in self.names:
            if isinstance(x.source, int):
                self.names[x] = f"x{x.source}"
            elif is_literal(x.data):
                self.names[x] = repr(x.data)
            else:
                value = identity_of(x)
                if value not in self.constants:
                    self.constants[value] = self.bound(constant_stem(x.data), x.data)
                self.names[x] = self.constants[value]
        return self.names[x]

    def operand(self, x: Var, z: Var) -> str:
        """Return how a variable is written as an operand of a step: a number as such, where that has the same type."""
        if not x.constant or np.ndim(x.data) or getattr(x.data, "dtype", None) != np.float64 or not np.isfinite(x.data):
            return self.name(x)
        others = [y for y in z.args if y is not x and not (y.constant and np.ndim(y.data) == 0)]
        double = any(
            getattr(y.data, "dtype", None) == np.float64 for y in others
        )  # else a plain number would be single
        return repr(x.data.item()) if double else self.name(x)

    def literal(self, value: Any) -> str:
        """Return how a keyword parameter is written."""
        if type(value) is tuple:
            return f"({''.join(self.literal(part) + ', ' for part in value)})"
        return repr(value) if is_literal(value) else self.bound("k", value)

    def function_name(self, op: Any, function: Any) -> str:
        """Return the name by which an operation's function is called."""
        known = self.functions.get((op, function is op.forward))
        if known is None:
            stem = identifier(op.name, "op") + ("" if function is op.forward else "_of_numbers")
            known = self.functions[op, function is op.forward] = self.named(stem, function)
        return known


class PlannedNames(Names):
    """The names of a program whose arrays have their places: buffers, and views of them."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.plan = planned(program)
        self.state = self.plan.state
        self.old_names: dict[StateKey, str] = {}  # of state buffers, as a call begins
        self.new_names: dict[StateKey, str] = {}  # and as it ends
        self.views: dict[Any, str] = {}  # names by what they show

    def name_state(self) -> None:
        """Name the state buffers: a call reads `w1` and writes `new_w1`."""
        for key, pair in self.state.buffers.items():
            stem = STEMS.get(key[1], "memory")
            if key in self.state.captured:
                self.old_names[key] = self.bound(stem, pair.old)
                self.new_names[key] = self.named(f"new_{self.old_names[key]}", pair.new)
            else:
                self.new_names[key] = self.bound(stem, pair.new)
            for x, name in (
                (self.state.captured.get(key), self.old_names.get(key)),
                (self.state.results.get(key), self.new_names[key]),
            ):
                if x is not None and name and self.plan.at.get(x) is self.space[name]:
                    self.names[x] = name
        for keys, pair in self.state.whole.items():
            stem = {"w": "weights", "grad": "grads"}.get(STEMS.get(keys[0][1], ""), "memories")
            for array, prefix in ((pair.old, ""), (pair.new, "new_" if keys[0] in self.old_names else "")):
                rows = [z for z, there in self.plan.at.items() if there is array]
                if rows:
                    name = self.named(f"{prefix}{stem}", array)
                    self.names |= dict.fromkeys(rows, name)

    def view_name(self, z: Var, view: Any) -> str:
        """Return the name of a view of what stays in its place: one for all that are the same."""
        owner = self.plan.owner(z)
        stem, seen = self.names[owner], looks(view)
        if looks(self.plan.at[owner]) == seen:
            return stem
        if (stem, seen) not in self.views:
            shape = "as_" + "x".join(map(str, view.shape)) if view.size else "empty"
            how = "T" if z.op is TABLE["mT"] else str(view.dtype) if view.dtype != self.plan.at[owner].dtype else shape
            self.views[stem, seen] = self.named(f"{stem}_{how}", view)
        return self.views[stem, seen]

    def memory_name(self, z: Var) -> str:
        """Return the name of the memory that a step writes to, if it has some."""
        if z in self.names or z not in self.plan.at:
            return self.names.get(z, "")
        over = self.plan.over.get(z)
        return self.bound("all" if z in self.state.at else "m", self.plan.at[z]) if over is None else self.names[over]


def identifier(name: str, otherwise: str = "") -> str:
    """Return a name that may stand in a program: as it is, if it is a plain identifier."""
    plain = type(name) is str and name.isascii() and name.isidentifier() and not iskeyword(name)
    return name if plain and not name.startswith("__") else otherwise


def is_literal(x: Any) -> bool:
    """Return whether `repr` of a value is Python that gives the very same: of Python's own types only."""
    if type(x) is slice:
        return all(map(is_literal, (x.start, x.stop, x.step)))
    return type(x) in LITERAL_TYPES and not (type(x) is float and not np.isfinite(x))


def constant_stem(constant: Any) -> str:
    """Return what to call a constant."""
    if isinstance(constant, np.ndarray) and constant.size and constant.dtype.kind == "f":
        for name, number in (("ones", 1), ("zeros", 0)):
            if (constant == number).all():
                return name
    return "c"


def looks(array: Any) -> Any:
    """Return a key that is equal for views of the same memory with the same shape, strides and dtype."""
    return array.__array_interface__["data"], array.shape, array.strides, array.dtype
