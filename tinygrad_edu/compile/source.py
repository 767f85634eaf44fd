"""Writing a program down as straight-line Python, which is what runs.

The text is made of the table's own spellings and of names given here, never of text that a user supplied; so it is
safe to execute, and a person can read what their function became: `print(fast.source)`.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import line_of
from ..graph import Node, tick
from ..op import NUMBERS, Op
from .buffers import base, planned
from .cells import IN_BULK, Leaves
from .kernels import spelling
from .program import Program, Var
from .trace import Cell

NEVER_RAISE = {"add", "subtract", "multiply", "negative"}  # of floats: Python's own arithmetic does
MANY = 4  # so many owners are checked together
PLAIN = (bool, int, float, str, type(None), slice, type(Ellipsis))


class Writer:
    """Writes one program. `space` holds the objects to which its names refer."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.plan = planned(program)
        self.space: dict[str, Any] = {"np": np, "tick": tick, **IN_BULK}
        self.counts: dict[str, int] = {}
        self.owners: dict[int, str] = {}
        self.names: dict[Var, str] = {}
        self.lines: list[str] = []
        self.checks: list[str] = []

    def written(self) -> str:
        """Return the text of the program as a function of the arguments' numbers."""
        read = [x for z in [*self.program.steps, *self.sinks()] for x in (*z.args, z) if isinstance(x.source, Cell)]
        cells = dict.fromkeys([*read, *self.program.drawn])
        for x in sorted(cells, key=lambda x: 0 if x.node is None else x.node.born):
            place = x.source.place.format(self.owner(x.source.owner, x.source.name))
            self.names[x] = self.fresh(x.source.name if x.source.name.isidentifier() else "w")
            self.lines.append(f"{self.names[x]} = {place}")
            if isinstance(x.data, np.ndarray) and x.source.place.startswith("{}._"):
                self.checks.append(f"{place}.shape == {x.data.shape} and {place}.dtype == '{x.data.dtype}'")
        shown = ""
        for z in self.program.steps:
            where = line_of(z.node.code, z.node.instruction) if z.node is not None else shown
            if where != shown:
                name, _, number = where.rpartition(":")
                text = linecache.getline(name, int(number)).strip() if number.isdigit() else ""
                self.lines.append(f"# line {number}: {text}" if text else f"# {where}")
                shown = where
            self.write_step(z)
        results = ", ".join(self.lasting(x) for x in self.program.results)
        self.lines += self.effects()
        self.settings()
        self.gradients_set()
        for leaf in [x.source.owner for x in cells if isinstance(x.source.owner, Node)]:
            self.checks.append(f"{self.owner(leaf, 'w')}._requires_grad is {leaf._requires_grad}")
        for leaves in [x.source.owner for x in cells if isinstance(x.source.owner, Leaves)]:
            self.checks.append(f"all_require({self.owner(leaves, 'w')}, {leaves[0]._requires_grad})")
        arguments = ", ".join(f"x{i}" for i in range(len(self.program.arguments)))
        body = "\n    ".join([*self.lines, f"return ({results}{',' if results else ''})"])
        fits = " and ".join(dict.fromkeys(self.checks)) or "True"
        return f"def fits():\n    return {fits}\n\n\ndef program({arguments}):\n    {body}\n"

    def compiled(self) -> tuple[str, Callable[..., Any], Callable[..., Any]]:
        """Return the text, and from it the program and the check that the world is still as it was traced."""
        text = self.written()
        # Generated Python is the program: text that people can read, run by the interpreter they know.
        exec(compile(text, "<compiled by tinygrad_edu>", "exec"), self.space)  # see above
        return text, self.space["program"], self.space["fits"]

    def sinks(self) -> list[Var]:
        """Return what the program gives back or leaves behind."""
        return [*self.program.results, *(x for _, xs in self.program.effects for x in xs)]

    # What must be as it was when the function was traced -------------------------------------------------------

    def settings(self) -> None:
        """Check attributes on which the program depends; those of many owners that are alike together."""
        alike: dict[tuple[str, str], list[Any]] = {}
        for (owner, name), value in self.program.trace.settings.items():
            alike.setdefault((name, repr(value)), []).append(owner)
        for (name, value), owners in alike.items():
            if len(owners) > MANY:
                self.checks.append(f"all(x.{name} == {value} for x in {self.bound('owners', owners)})")
            else:
                self.checks += [f"{self.owner(owner, name)}.{name} == {value}" for owner in owners]

    def gradients_set(self) -> None:
        """Check which leaves have a gradient."""
        for unset in (True, False):
            leaves = [leaf for leaf, was in self.program.trace.unset.items() if was is unset]
            if len(leaves) > MANY:
                self.checks.append(f"{'ungraded' if unset else 'graded'}({self.bound('leaves', Leaves(leaves))})")
            else:
                self.checks += [f"({self.owner(leaf, 'w')}._grad is None) is {unset}" for leaf in leaves]

    # Names -----------------------------------------------------------------------------------------------------

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

    def owner(self, thing: Any, stem: str) -> str:
        """Return the name of an object that the program reads from or writes to."""
        if id(thing) not in self.owners:
            stem = type(thing).__name__.lower() if not isinstance(thing, Node) else "leaf_"
            self.owners[id(thing)] = self.bound(stem, thing)
        return self.owners[id(thing)]

    def name(self, x: Var) -> str:
        """Return how a variable is written as an operand."""
        if x not in self.names:
            if isinstance(x.source, int):
                self.names[x] = f"x{x.source}"
            elif isinstance(x.data, PLAIN) and not (isinstance(x.data, float) and not np.isfinite(x.data)):
                self.names[x] = repr(x.data)
            elif np.ndim(x.data) == 0 and getattr(x.data, "dtype", None) == np.float64 and np.isfinite(x.data):
                self.names[x] = repr(x.data.item())
            else:
                self.names[x] = self.bound("c", x.data)
        return self.names[x]

    def literal(self, value: Any) -> str:
        """Return how a keyword parameter is written."""
        if isinstance(value, tuple):
            return f"({''.join(self.literal(part) + ', ' for part in value)})"
        return repr(value) if isinstance(value, PLAIN) else self.bound("k", value)

    # Statements ------------------------------------------------------------------------------------------------

    def write_step(self, z: Var) -> None:
        """Write one step."""
        assert z.op is not None
        how, args = spelling(z.op), [self.name(x) for x in z.args]
        memory = ""
        if z in self.plan.out:
            over = self.plan.over.get(z)
            stem = "kept" if z in self.plan.kept else "m"
            memory = self.bound(stem, self.plan.out[z]) if over is None else self.names[over]
        if how.fills:
            self.names[z] = memory or self.fresh("t")
            if not memory:
                self.lines.append(f"{self.names[z]} = {args[0]}.copy()")
            elif z not in self.plan.over:
                self.lines.append(f"np.copyto({memory}, {args[0]})")
            self.lines.append(how.text(z, args, self.names[z]))
            return
        text = "" if type(z.data) in NUMBERS else how.text(z, args, memory)
        self.names[z] = memory or self.fresh("t")
        self.lines.append(text if memory else f"{self.names[z]} = {text or self.call(z, args)}")

    def call(self, z: Var, args: list[str]) -> str:
        """Return a call of a row's own function: of plain numbers, that for numbers."""
        op = z.op
        assert op is not None
        row, function = op.name, op.forward
        if isinstance(op, Op) and op.scalar and all(type(x.data) in NUMBERS for x in (z, *z.args)):
            if op.name in NEVER_RAISE:
                return op.text.format(*args)
            row, function = f"{op.name}_of_numbers", op.on_numbers
        self.space[row] = function
        params = [f"{key}={self.literal(value)}" for key, value in (z.params or {}).items()]
        return f"{row}({', '.join([*args, *params])})"

    def lasting(self, x: Var) -> str:
        """Return an expression for a result that no later call will change."""
        owner, name = base(x), self.name(x)
        if isinstance(x.data, float):
            return name
        return name if owner.op is not None and owner not in self.plan.out and x.data.ndim else f"np.array({name})"

    def effects(self) -> list[str]:
        """Return the statements that leave behind what the function changed."""
        lines = []
        for effect, results in self.program.effects:
            values = [self.names[x] if x in self.plan.kept else f"np.array({self.name(x)})" for x in results]
            name = self.owner(effect.owner, "w")
            if isinstance(effect.owner, Leaves) or effect.text.startswith("remember("):
                values = [self.name(x) for x in results]  # are read at once
            elif effect.text.endswith("int({})") or all(isinstance(x.data, float) for x in results):
                values = [self.name(x) for x in results]  # numbers are not changed in place
            lines.append(effect.text.format(name, *values))
            if effect.places == ("{}._data",):
                lines.append(f"{name}.born = tick()")
        return lines
