"""Writing a program down as straight-line Python, which is what runs.

The text is made of the table's own spellings and of names given here, never of text that a user supplied; so it is
safe to execute, and a person can read what their function became: `print(fast.source)`.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..errors import line_of
from ..graph import Node, tick
from ..op import NUMBERS, TABLE, Op
from .blocks import Run, is_sliced, runs
from .buffers import planned
from .cells import IN_BULK, Leaves
from .homes import Homes, Spot
from .kernels import END_TO_END, spelling
from .program import Program, identity_of
from .trace import Cell, Effect
from .variable import Var

NEVER_RAISE = {"add", "subtract", "multiply", "negative"}  # of floats: Python's own arithmetic does
MANY = 4  # so many owners are checked together
READ_AT_ONCE = ("write_", "remember(")  # effects that keep nothing of the array they are given
PLAIN = (bool, int, float, str, type(None), slice, type(Ellipsis))
STEMS = {"{}._data": "w", "{}._grad": "grad"}  # names for what lies at home


class Written(NamedTuple):
    """A program as text, and as functions."""

    source: str
    run: Callable[..., Any]  # the program, of the arguments' numbers
    ready: Callable[[], bool]  # is the world as it was traced, and everything at home?
    fits: Callable[[], bool]  # would it be, once all has moved in?
    move_in: Callable[[], None]  # put everything at home


class Writer:
    """Writes one program. `space` holds the objects to which its names refer."""

    def __init__(self, program: Program, homes: Homes) -> None:
        self.program = program
        self.plan = planned(program, homes)
        self.homes = self.plan.homes
        self.space: dict[str, Any] = {"np": np, "tick": tick, **IN_BULK}
        self.counts: dict[str, int] = {}
        self.owners: dict[int, str] = {}
        self.names: dict[Var, str] = {}
        self.home_names: dict[Spot, str] = {}
        self.views: dict[Any, str] = {}  # names by what they show
        self.constants: dict[Any, str] = {}  # names by value
        self.lines: list[str] = []

    def compiled(self) -> Written:
        """Return the text, and from it the program and the questions whether the world is still as it was traced."""
        body = self.body()
        arguments = ", ".join(f"x{i}" for i in range(len(self.program.arguments)))
        settings, ready, fits = self.settings(), self.at_home(), self.alike()
        text = "\n\n\n".join(
            [
                function(f"program({arguments})", body),
                function("ready()", [f"return {conditions([*ready, *settings])}"]),
                function("fits()", [f"return {conditions([*fits, *settings])}"]),
                function("move_in()", self.moves() or ["pass"]),
            ]
        )
        # Generated Python is the program: text that people can read, run by the interpreter they know.
        exec(compile(text, f"{__file__} (a program)", "exec"), self.space)  # see above
        return Written(text + "\n", *(self.space[name] for name in ("program", "ready", "fits", "move_in")))

    # The program -----------------------------------------------------------------------------------------------

    def body(self) -> list[str]:
        """Return the lines of the program itself."""
        self.name_homes()
        for x in self.cells():
            if x not in self.names:
                self.names[x] = self.fresh(x.source.name if x.source.name.isidentifier() else "w")
                self.lines.append(f"{self.names[x]} = {self.place(x.source)}")
        shown, together, done = "", runs(self.program, self.plan), set[Var]()
        for z in self.program.steps:
            if z in done:
                continue
            where = line_of(z.node.code, z.node.instruction) if z.node is not None else shown
            if where != shown:
                name, _, number = where.rpartition(":")
                text = linecache.getline(name, int(number)).strip() if number.isdigit() else ""
                self.lines.append(f"# line {number}: {text}" if text else f"# {where}")
                shown = where
            if z in together:
                self.write_run(together[z])
                done.update(together[z].steps)
            else:
                self.write_step(z)
        results = [self.lasting(x) for x in self.program.results]
        self.write_effects()
        self.lines.append(f"return ({', '.join(results)}{',' if results else ''})")
        return self.lines

    def cells(self) -> list[Var]:
        """Return what is read from outside, oldest first."""
        read = [x for z in self.program.steps for x in z.args] + self.program.sinks
        cells = dict.fromkeys([*(x for x in read if isinstance(x.source, Cell)), *self.program.drawn])
        return sorted(cells, key=lambda x: 0 if x.node is None else x.node.born)

    def write_step(self, z: Var) -> None:
        """Write one step."""
        assert z.op is not None
        how, memory = spelling(z.op), self.plan.at.get(z)
        if memory is not None and (z.views is not None or z.op is END_TO_END):
            self.write_placed(z, memory)
            return
        args = [self.operand(x, z) for x in z.args]
        name = self.names[z] = self.memory_name(z) or self.fresh("t")
        if how.fills:
            if memory is None:
                self.lines.append(f"{name} = {args[0]}.copy()")
            elif z not in self.plan.over:
                self.lines.append(f"np.copyto({name}, {args[0]})")
            self.lines.append(how.text(z, args, name))
        elif memory is not None:
            self.lines.append(how.text(z, args, name))
        else:
            text = "" if type(z.data) in NUMBERS else how.text(z, args, "")
            self.lines.append(f"{name} = {self.of_numbers(z, args) or text or self.call(z, args)}")

    def write_run(self, run: Run) -> None:
        """Write steps that are taken block by block."""
        parts: dict[str, Var] = {}
        lines = []
        for z in run.steps:
            if self.plan.owner(z) not in run.scratch:
                self.names[z] = self.memory_name(z) if z.views is None else self.view_name(z, self.plan.at[z])
            if z.views is None:
                args = [self.part(run, x, parts) if is_sliced(x, z, self.plan) else self.operand(x, z) for x in z.args]
                lines.append("    " + spelling(z.op).text(z, args, self.part(run, z, parts)))
        blocks = self.bound("blocks", run.blocks(self.plan, list(parts.values())))
        self.lines += [f"for {', '.join(parts)} in {blocks}:", *lines]

    def part(self, run: Run, x: Var, parts: dict[str, Var]) -> str:
        """Return the name of a part of an array, and list it."""
        owner = self.plan.owner(x)
        if owner in run.scratch and owner not in self.names:
            self.names[owner] = self.fresh("m")
        kind = "" if owner not in run.scratch or x.data.dtype == owner.data.dtype else f"_{x.data.dtype}"
        name = f"{self.names[owner] if owner in run.scratch else self.name(x)}{kind}_"
        parts.setdefault(name, x)
        return name

    def write_placed(self, z: Var, memory: Any) -> None:
        """Name what needs no step at a call: a view of what stays in its place, or arrays that lie end to end."""
        assert z.op is not None
        if z.op is not END_TO_END:
            self.names.setdefault(z, self.view_name(z, memory))
        else:
            if z not in self.names:
                self.names[z] = self.bound("all", memory)
            parts = np.split(memory, np.cumsum([x.data.size for x in z.args])[:-1])
            for x, place in zip(z.args, parts, strict=True):
                if x not in self.plan.at or not np.may_share_memory(self.plan.at[x], place):
                    self.lines.append(f"np.copyto({self.bound('part', place.reshape(x.data.shape))}, {self.name(x)})")

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

    def named(self, name: str, thing: Any) -> str:
        """Return this name for an object, if it is not taken, or one like it."""
        if name in self.space:
            return self.bound(name + "_", thing)
        self.space[name] = thing
        return name

    def memory_name(self, z: Var) -> str:
        """Return the name of the memory that a step writes to, if it has some."""
        if z in self.names or z not in self.plan.at:
            return self.names.get(z, "")
        over = self.plan.over.get(z)
        return self.bound("all" if z in self.homes.at else "m", self.plan.at[z]) if over is None else self.names[over]

    def of_numbers(self, z: Var, args: list[str]) -> str:
        """Return Python's own arithmetic for a step on single numbers, where it gives what NumPy gives."""
        op = z.op
        assert op is not None
        if not isinstance(op, Op) or not all(np.ndim(x.data) == 0 for x in (z, *z.args)):
            return ""
        numbers = all(type(x.data) in NUMBERS or x.constant for x in z.args)
        if op.name in NEVER_RAISE or (op.name == "divide" and not numbers):
            return op.text.format(*(f"({x})" if x.startswith("-") else x for x in args))
        return ""

    def call(self, z: Var, args: list[str]) -> str:
        """Return a call of a row's own function: of plain numbers, that for numbers."""
        op = z.op
        assert op is not None
        row, function = op.name, op.forward
        if isinstance(op, Op) and op.scalar and all(type(x.data) in NUMBERS for x in (z, *z.args)):
            row, function = f"{op.name}_of_numbers", op.on_numbers
        self.space[row] = function
        params = [f"{key}={self.literal(value)}" for key, value in (z.params or {}).items()]
        return f"{row}({', '.join([*args, *params])})"

    def lasting(self, x: Var) -> str:
        """Return an expression for a result that no later call will change."""
        name = self.name(x)
        if isinstance(x.data, float):
            return name
        if x.base.op is not None and x.base not in self.plan.at and np.ndim(x.data):
            return name
        if x.base in self.homes.old:  # before it is written over
            self.lines.append(f"{self.fresh('r')} = np.array({name})")
            return self.lines[-1].split(" ")[0]
        return f"np.array({name})"

    def write_effects(self) -> None:
        """Write what leaves behind what the function changed."""
        moved: list[tuple[str, str]] = []
        stored: list[str] = []
        for effect, results in self.program.effects:
            values = []
            for place, x in zip(effect.places or [""] * len(results), results, strict=True):
                spot = id(effect.owner), place
                if spot in self.home_names:
                    values.append(self.home_names[spot])
                    if self.plan.at.get(x) is not self.homes.home[spot]:
                        moved.append((values[-1], self.name(x) if x.base not in self.homes.old else self.copied(x)))
                elif (
                    isinstance(x.data, float) or effect.text.startswith(READ_AT_ONCE) or effect.text.endswith("int({})")
                ):
                    values.append(self.name(x))
                else:
                    values.append(f"np.array({self.name(x)})")
            if not self.is_settled(effect):
                stored.append(effect.text.format(self.owner(effect.owner), *values))
            if effect.places == ("{}._data",):
                stored.append(f"{self.owner(effect.owner)}.born = tick()")
        self.lines += [f"np.copyto({home}, {value})" for home, value in moved] + stored

    def copied(self, x: Var) -> str:
        """Return a name for a copy of what lies where something else is about to move in."""
        name = self.fresh("r")
        self.lines.append(f"{name} = np.array({self.name(x)})")
        return name

    def is_settled(self, effect: Effect) -> bool:
        """Return whether what an effect is about is at home from the beginning of a call."""
        spots = [(id(effect.owner), place) for place in effect.places]
        return bool(spots) and all(spot in self.homes.home and spot in self.homes.cells for spot in spots)

    # The world -------------------------------------------------------------------------------------------------

    def at_home(self) -> list[str]:
        """Return the conditions that everything is at home, and that what has no home is as it was."""
        homed = [
            f"{self.place(x.source)} is {self.names[x]}"
            for spot, x in self.homes.cells.items()
            if spot in self.homes.home
        ]
        return homed + self.alike(homeless=True)

    def alike(self, homeless: bool = False) -> list[str]:
        """Return the conditions that what is read has the shape and type that it had; of what has no home, if so."""
        checks = []
        for x in self.cells():
            place = self.place(x.source)
            if (
                isinstance(x.data, np.ndarray)
                and x.source.place.startswith("{}._")
                and not (homeless and x in self.homes.at)
            ):
                dtype = self.bound("dtype", x.data.dtype)
                checks.append(f"{place}.shape == {x.data.shape} and {place}.dtype == {dtype}")
        return checks

    def settings(self) -> list[str]:
        """Return the conditions that everything else on which the program depends is as it was."""
        owners = [x.source.owner for x in self.cells()]
        single = dict.fromkeys(leaf for leaf in owners if isinstance(leaf, Node))
        many = dict.fromkeys(leaves for leaves in owners if isinstance(leaves, Leaves))
        checks = [f"{self.owner(leaf)}._requires_grad is {leaf._requires_grad}" for leaf in single]
        checks += [f"all_require({self.owner(leaves)}, {leaves[0]._requires_grad})" for leaves in many]
        return self.attributes() + self.gradients_set() + checks

    def attributes(self) -> list[str]:
        """Return the conditions on attributes; those of many owners that are alike together."""
        alike: dict[tuple[str, str], list[Any]] = {}
        for (owner, name), value in self.program.trace.settings.items():
            alike.setdefault((name, repr(value)), []).append(owner)
        checks = []
        for (name, value), owners in alike.items():
            if len(owners) > MANY:
                checks.append(f"all(x.{name} == {value} for x in {self.bound('owners', owners)})")
            else:
                checks += [f"{self.owner(owner)}.{name} == {value}" for owner in owners]
        return checks

    def gradients_set(self) -> list[str]:
        """Return the conditions on which leaves have a gradient."""
        checks = []
        for unset in (True, False):
            leaves = [leaf for leaf, was in self.program.trace.unset.items() if was is unset]
            if len(leaves) > MANY:
                checks.append(f"{'ungraded' if unset else 'graded'}({self.bound('leaves', Leaves(leaves))})")
            else:
                checks += [f"({self.owner(leaf)}._grad is None) is {unset}" for leaf in leaves]
        return checks

    def moves(self) -> list[str]:
        """Return the statements that put at home what the program reads there."""
        lines = []
        for effect, _ in self.program.effects:
            if self.is_settled(effect):
                owner = self.owner(effect.owner)
                homes = [self.home_names[id(effect.owner), place] for place in effect.places]
                places = [place.format(owner) for place in effect.places]
                lines.append(f"if {' or '.join(f'{p} is not {h}' for p, h in zip(places, homes, strict=True))}:")
                lines += [f"    np.copyto({home}, {place})" for place, home in zip(places, homes, strict=True)]
                lines.append("    " + effect.text.format(owner, *homes))
        return lines

    # Names -----------------------------------------------------------------------------------------------------

    def name_homes(self) -> None:
        """Name what lies at home."""
        for spot, array in self.homes.home.items():
            name = self.home_names[spot] = self.bound(STEMS.get(spot[1], "memory"), array)
            for x in (self.homes.cells.get(spot), self.homes.results.get(spot)):
                if x is not None and self.plan.at.get(x) is array:
                    self.names[x] = name
        for spots, array in self.homes.whole.items():
            name = self.bound({"w": "weights", "grad": "grads"}.get(STEMS.get(spots[0][1], ""), "memories"), array)
            self.names |= {z: name for z, there in self.plan.at.items() if there is array}

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

    def owner(self, thing: Any) -> str:
        """Return the name of an object that the program reads from or writes to."""
        if id(thing) not in self.owners:
            stem = "leaf_" if isinstance(thing, Node) else type(thing).__name__.lower()
            self.owners[id(thing)] = self.bound(stem, thing)
        return self.owners[id(thing)]

    def place(self, cell: Cell) -> str:
        """Return how a place outside is written."""
        return cell.place.format(self.owner(cell.owner))

    def name(self, x: Var) -> str:
        """Return how a variable is written."""
        if x not in self.names:
            if isinstance(x.source, int):
                self.names[x] = f"x{x.source}"
            elif isinstance(x.data, PLAIN) and not (isinstance(x.data, float) and not np.isfinite(x.data)):
                self.names[x] = repr(x.data)
            else:
                value = identity_of(x)
                if value not in self.constants:
                    self.constants[value] = self.bound(stem_of(x.data), x.data)
                self.names[x] = self.constants[value]
        return self.names[x]

    def operand(self, x: Var, z: Var) -> str:
        """Return how a variable is written as an operand of a step: a number as such, where that has the same type."""
        double = np.ndim(x.data) == 0 and getattr(x.data, "dtype", None) == np.float64 == getattr(z.data, "dtype", None)
        return repr(x.data.item()) if x.constant and double and np.isfinite(x.data) else self.name(x)

    def literal(self, value: Any) -> str:
        """Return how a keyword parameter is written."""
        if isinstance(value, tuple):
            return f"({''.join(self.literal(part) + ', ' for part in value)})"
        return repr(value) if isinstance(value, PLAIN) else self.bound("k", value)


def stem_of(constant: Any) -> str:
    """Return what to call a constant."""
    if isinstance(constant, np.ndarray) and constant.size and constant.dtype.kind == "f":
        for name, number in (("ones", 1), ("zeros", 0)):
            if (constant == number).all():
                return name
    return "c"


def looks(array: Any) -> Any:
    """Return what is equal for arrays that show the same memory in the same way."""
    return array.__array_interface__["data"], array.shape, array.strides, array.dtype


def function(head: str, lines: list[str]) -> str:
    """Return the text of a function."""
    return "\n    ".join([f"def {head}:", *lines])


def conditions(every: list[str]) -> str:
    """Return conditions as one, each once."""
    return " and ".join(dict.fromkeys(every)) or "True"
