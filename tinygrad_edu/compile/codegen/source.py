"""Writing a program down as straight-line Python, which is what runs.

The text is made of the table's own spellings and of names given here, never of text that a user supplied; so it is
safe to execute, and a person can read what their function became: `print(fast.source)`.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...core.op import NUMBERS, Op
from ...errors.where import line_of
from ..guards import Guards
from ..ir import Var
from ..passes.tiling import Run, is_sliced, runs
from .names import identifier
from .primitives import END_TO_END, spelling

NEVER_RAISE = {"add", "subtract", "multiply", "negative"}  # of floats: Python's own arithmetic does
READ_AT_ONCE = ("write_", "remember(")  # effects that keep nothing of the array they are given


class Written(NamedTuple):
    """A program as text, and as functions."""

    source: str
    run: Callable[..., Any]  # the program, of the arguments' numbers
    ready: Callable[[], bool]  # is the world as it was traced, and everything at home?
    fits: Callable[[], bool]  # would it be, once all has moved in?
    move_in: Callable[[], None]  # put everything at home


class Writer(Guards):
    """Writes one program."""

    def compiled(self) -> Written:
        """Return the text, and from it the program and the questions whether the world is still as it was traced."""
        self.lines: list[str] = []
        body = self.body()
        arguments = ", ".join(f"x{i}" for i in range(self.program.trace.numbered))
        settings, ready, fits = self.settings(), self.at_home(), self.alike()
        text = "\n\n\n".join(
            [
                function(f"program({arguments})", body),
                function("ready()", [f"return {conditions([*settings, *ready])}"]),
                function("fits()", [f"return {conditions([*settings, *fits])}"]),
                function("move_in()", self.moves() or ["pass"]),
            ]
        )
        # Generated Python is the program: text that people can read, run by the interpreter they know.
        exec(compile(text, f"{__file__} (a program)", "exec"), self.space)  # see above
        return Written(text + "\n", *(self.space[name] for name in ("program", "ready", "fits", "move_in")))

    def body(self) -> list[str]:
        """Return the lines of the program itself."""
        self.name_homes()
        for x in self.cells():
            if x not in self.names:
                self.names[x] = self.fresh(identifier(x.source.name, "w"))
                self.lines.append(f"{self.names[x]} = {self.place(x.source)}")
        shown, together, done = "", runs(self.program, self.plan), set[Var]()
        for z in self.program.steps:
            if z in done:
                continue
            where = line_of(z.node.code, z.node.instruction) if z.node is not None else shown
            if where != shown:
                name, _, number = where.rpartition(":")
                text = linecache.getline(name, int(number)).strip() if number.isdigit() else ""
                self.lines.append(comment(f"line {number}: {text}" if text else where))
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
        function: Any = op.forward
        if isinstance(op, Op) and op.scalar and all(type(x.data) in NUMBERS for x in (z, *z.args)):
            function = op.on_numbers
        row = self.function_name(op, function)
        params = [f"{key}={self.literal(value)}" for key, value in (z.params or {}).items() if identifier(key)]
        odd = {key: value for key, value in (z.params or {}).items() if not identifier(key)}
        params += [f"**{self.bound('k', odd)}"] if odd else []
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
            if effect.places == ("{}._raw",):
                stored.append(f"{self.owner(effect.owner)}.born = tick()")
        self.lines += [f"np.copyto({home}, {value})" for home, value in moved] + stored

    def copied(self, x: Var) -> str:
        """Return a name for a copy of what lies where something else is about to move in."""
        name = self.fresh("r")
        self.lines.append(f"{name} = np.array({self.name(x)})")
        return name


def comment(text: str) -> str:
    """Return text of the user's as a comment: on one line, whatever it holds."""
    return "# " + "".join(c if c.isprintable() else " " for c in text)


def function(head: str, lines: list[str]) -> str:
    """Return the text of a function."""
    return "\n    ".join([f"def {head}:", *lines])


def conditions(every: list[str]) -> str:
    """Return conditions as one, each once."""
    return " and ".join(dict.fromkeys(every)) or "True"
