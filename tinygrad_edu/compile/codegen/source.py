"""The writer: a program as straight-line Python, which is then executed.

The text is made of the table's own spellings and of names given here, never of text that a user supplied; so it is
safe to execute, and a person can read what their function became: `print(fast.source)`.
"""

from __future__ import annotations

import linecache
from typing import Any, NamedTuple

import numpy as np

from ...core.op import NUMBERS, Op
from ...errors.where import line_of
from ..ir import Var
from ..memory.state_buffers import BufferPair
from ..passes.tiling import FusedLoop, fused_loops, is_sliced
from .names import identifier
from .primitives import END_TO_END, lowering
from .state_writes import StateWrites

NEVER_RAISE = {"add", "subtract", "multiply", "negative"}  # of floats: Python's own arithmetic does


class GeneratedCode(NamedTuple):
    """A program as text and as code, with the namespace in which it runs."""

    source: str
    code: Any
    space: dict[str, Any]
    pairs: list[BufferPair]  # memory that is written in turns
    parts: list[BufferPair]


class ProgramWriter(StateWrites):
    """Writes one program, and its guards: `program`, `ready`, `still_valid` and `fill_buffers`."""

    def generated(self) -> GeneratedCode:
        """Return the text of the program and of its guards."""
        self.lines: list[str] = []
        self.committed: list[bool] = []  # holds something once a call has changed state
        body = self.body()
        arguments = ", ".join([*(f"x{i}" for i in range(self.program.trace.numbered)), "graded"])
        settings, ready, layouts = self.settings(), self.buffers_in_place(), self.alike()
        text = "\n\n\n".join(
            [
                function(f"program({arguments})", body),
                function("ready()", [f"return {conditions([*settings, *ready])}"]),
                function("still_valid()", [f"return {conditions([*settings, *layouts])}"]),
                function("fill_buffers()", self.moves() or ["pass"]),
            ]
        )
        code = compile(text, f"{__file__} (a program)", "exec")
        return GeneratedCode(text + "\n", code, self.space, self.state.pairs, [*self.state.buffers.values()])

    def body(self) -> list[str]:
        """Return the lines of the program itself."""
        self.name_state()
        for x in self.captured():
            if x not in self.names:
                self.names[x] = self.fresh(identifier(x.source.name, "w"))
                self.lines.append(f"{self.names[x]} = {self.place(x.source)}")
        shown, together, done = "", fused_loops(self.program, self.plan), set[Var]()
        for x in self.program.outcomes:
            if x.op is None and not x.constant:
                self.write_outcome(x)
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
                self.write_loop(together[z])
                done.update(together[z].steps)
            else:
                self.write_step(z)
                if z in self.program.outcomes:
                    self.write_outcome(z)
        results = [self.lasting(x) for x in self.program.results]
        gradients = results[len(results) - self.program.trace.returned :]
        del results[len(results) - len(gradients) :]
        self.write_commit(gradients)
        self.lines.append(f"return ({', '.join(results)}{',' if results else ''})")
        return self.lines

    def write_outcome(self, x: Var) -> None:
        """Write that another program is needed where a test has another outcome than when the function was traced."""
        self.lines.append(f"if bool({self.name(x)}) is not {self.program.outcomes[x]}: raise OtherOutcome")

    def write_step(self, z: Var) -> None:
        """Write one step."""
        assert z.op is not None
        how, memory = lowering(z.op), self.plan.at.get(z)
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
            plain = type(z.data) in NUMBERS or (how.view and type(z.args[0].data) in NUMBERS)  # a float has no methods
            text = "" if plain else how.text(z, args, "")
            self.lines.append(f"{name} = {self.of_numbers(z, args) or text or self.call(z, args)}")

    def write_loop(self, run: FusedLoop) -> None:
        """Write steps that are taken block by block."""
        parts: dict[str, Var] = {}
        lines = []
        for z in run.steps:
            if self.plan.owner(z) not in run.scratch:
                self.names[z] = self.memory_name(z) if z.views is None else self.view_name(z, self.plan.at[z])
            if z.views is None:
                args = [self.part(run, x, parts) if is_sliced(x, z, self.plan) else self.operand(x, z) for x in z.args]
                lines.append("    " + lowering(z.op).text(z, args, self.part(run, z, parts)))
        blocks = self.bound("blocks", run.blocks(self.plan, list(parts.values())))
        self.lines += [f"for {', '.join(parts)} in {blocks}:", *lines]

    def part(self, run: FusedLoop, x: Var, parts: dict[str, Var]) -> str:
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


def comment(text: str) -> str:
    """Return text of the user's as a comment: on one line, whatever it holds."""
    return "# " + "".join(c if c.isprintable() else " " for c in text)


def function(head: str, lines: list[str]) -> str:
    """Return the text of a function."""
    return "\n    ".join([f"def {head}:", *lines])


def conditions(every: list[str]) -> str:
    """Return conditions as one, each once."""
    return " and ".join(dict.fromkeys(every)) or "True"
