"""State buffers: the arrays that hold weights, gradients and optimiser state between calls, two of each.

A call reads the old ones and writes the new ones, which nobody else can see; then the owners are pointed at the new
ones, all at once, and the two change places. A key is (id(owner), place), a place is written as in a `CapturedInput`.
Buffers of several owners that are computed alike lie end to end.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...core.types import Array
from ..codegen.primitives import END_TO_END, PART, lowering
from ..ir import Program, Var
from ..outside import CapturedInput

StateKey = tuple[int, str]  # (id(owner), place)


class BufferPair(NamedTuple):
    """Two arrays of one shape and dtype: a call reads the old one and writes the new one."""

    old: Array
    new: Array

    def part(self, start: int, shape: tuple[int, ...]) -> BufferPair:
        """Return a part of both."""
        return BufferPair(PART.forward(self.old, start, shape), PART.forward(self.new, start, shape))


class StateBuffers:
    """The buffers of one program, and which of its variables lie there."""

    def __init__(self, program: Program) -> None:
        self.order = {z: i for i, z in enumerate(program.steps)}
        self.at: dict[Var, Array] = {}  # variables that lie in a buffer
        self.pairs: list[BufferPair] = []  # of memory, each once
        self.buffers: dict[StateKey, BufferPair] = {}
        self.whole: dict[tuple[StateKey, ...], BufferPair] = {}  # buffers that lie end to end
        self.captured: dict[StateKey, Var] = {}
        self.results: dict[StateKey, Var] = {}
        self.find(program)
        rows = self.rows(program)
        for row, keys in rows.items():
            self.lay(row, keys)
        for key, z in self.results.items():
            if key not in self.buffers:
                self.buffers[key] = self.pair(z.data)
        for key, x in self.captured.items():
            if key in self.buffers:
                self.at[x] = self.buffers[key].old
        for row, keys in rows.items():
            self.place(row, keys)
        for key, z in self.results.items():
            if z not in self.at and self.may_write(z):
                self.at[z] = self.buffers[key].new

    def find(self, program: Program) -> None:
        """Find the arrays that the program reads from outside and writes there."""
        read = [x for z in program.steps for x in z.args] + program.sinks
        for x in (x for x in read if isinstance(x.source, CapturedInput)):
            self.captured[id(x.source.owner), x.source.place] = x
        for effect, results in program.effects:
            for place, z in zip(effect.places, results, strict=False):
                old = self.captured.get((id(effect.owner), place))
                if isinstance(z.data, np.ndarray) and (old is None or is_alike(old.data, z.data)):
                    self.results[id(effect.owner), place] = z

    def rows(self, program: Program) -> dict[Var, tuple[StateKey, ...]]:
        """Return the steps on arrays end to end, and the keys where their parts have their buffers."""
        parts: dict[Var, list[Var]] = {}
        for z in program.steps:
            if z.op is END_TO_END:
                parts[z] = list(z.args)
            elif z.op is PART:
                parts.setdefault(z.args[0], []).append(z)
        key_of = {z: key for key, z in reversed(self.results.items())}
        key_of |= {x: key for key, x in self.captured.items() if key in self.results}
        return {
            z: tuple(key_of[x] for x in xs)
            for z, xs in parts.items()
            if all(x in key_of and x.data.flags.c_contiguous for x in xs)
            and sum(x.data.size for x in xs) == z.data.size
        }

    def pair(self, like: Array) -> BufferPair:
        """Return two new arrays of the shape, dtype and layout of another."""
        self.pairs.append(BufferPair(*(laid_out(aligned(like.nbytes).view(like.dtype), like) for _ in "12")))
        return self.pairs[-1]

    def lay(self, row: Var, keys: tuple[StateKey, ...]) -> None:
        """Lay buffers end to end, unless one of them is somewhere else."""
        if keys in self.whole or len(set(keys)) < len(keys) or any(key in self.buffers for key in keys):
            return
        whole = self.whole[keys] = self.pair(row.data)
        start = 0
        for key in keys:
            self.buffers[key] = whole.part(start, self.results[key].data.shape)
            start += self.buffers[key].new.size

    def place(self, row: Var, keys: tuple[StateKey, ...]) -> None:
        """Let a row lie where the buffers of its parts are."""
        if keys not in self.whole:
            return
        if row.op is END_TO_END and all(self.captured.get(key) is x for key, x in zip(keys, row.args, strict=True)):
            self.at[row] = self.whole[keys].old
        elif self.may_write(row) and (
            row.op is not END_TO_END or all(self.results[key] is x for key, x in zip(keys, row.args, strict=True))
        ):
            self.at[row] = self.whole[keys].new
            for key in keys:
                z = self.results[key]
                if row.op is not END_TO_END or self.may_write(z):
                    self.at[z] = self.buffers[key].new

    def may_write(self, z: Var) -> bool:
        """Return whether a step can be told to write its result into a buffer."""
        return z in self.order and z.views is None and (z.op is END_TO_END or lowering(z.op).out)


def aligned(size: int) -> Array:
    """Return memory for so many bytes that begins where a line of the processor's cache begins."""
    memory = np.empty(size + 64, np.uint8)
    start = -memory.__array_interface__["data"][0] % 64
    return memory[start : start + size]


def laid_out(memory: Array, like: Array) -> Array:
    """Return a piece of memory as an array whose axes lie in it as those of another: elementwise steps want that."""
    if like.flags.c_contiguous:
        return memory.reshape(like.shape)  # the commonest case, and quicker
    order = sorted(range(like.ndim), key=lambda axis: -abs(like.strides[axis]))
    return memory.reshape([like.shape[axis] for axis in order]).transpose(np.argsort(order))


def is_alike(x: Any, z: Array) -> bool:
    """Return whether `x` is an array of the shape and type of another."""
    return isinstance(x, np.ndarray) and x.shape == z.shape and x.dtype == z.dtype
