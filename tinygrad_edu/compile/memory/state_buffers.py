"""State buffers: the arrays that hold weights, gradients and optimiser state between calls, two of each.

A call reads the old ones and writes the new ones, which nobody else can see; then the owners are pointed at the new
ones, all at once, and the two change places. A spot is (id(owner), place), a place is written as in a `CapturedInput`.
Buffers of several owners that are computed alike lie end to end.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...core.types import Array
from ..codegen.primitives import END_TO_END, PART, lowering
from ..ir import Program, Var
from ..outside import CapturedInput

Spot = tuple[int, str]


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
        self.old: set[Var] = set()  # of those, the ones that a call reads
        self.pairs: list[BufferPair] = []  # of memory, each once
        self.spots: dict[Spot, BufferPair] = {}
        self.whole: dict[tuple[Spot, ...], BufferPair] = {}  # buffers that lie end to end
        self.cells: dict[Spot, Var] = {}
        self.results: dict[Spot, Var] = {}
        self.find(program)
        rows = self.rows(program)
        for row, spots in rows.items():
            self.lay(row, spots)
        for spot, z in self.results.items():
            if spot not in self.spots:
                self.spots[spot] = self.pair(z.data)
        for spot, x in self.cells.items():
            if spot in self.spots:
                self.at[x] = self.spots[spot].old
                self.old.add(x)
        for row, spots in rows.items():
            self.place(row, spots)
        for spot, z in self.results.items():
            if z not in self.at and self.may_write(z):
                self.at[z] = self.spots[spot].new

    def find(self, program: Program) -> None:
        """Find the arrays that the program reads from outside and writes there."""
        read = [x for z in program.steps for x in z.args] + program.sinks
        for x in (x for x in read if isinstance(x.source, CapturedInput)):
            self.cells[id(x.source.owner), x.source.place] = x
        for effect, results in program.effects:
            for place, z in zip(effect.places, results, strict=False):
                old = self.cells.get((id(effect.owner), place))
                if isinstance(z.data, np.ndarray) and (old is None or is_alike(old.data, z.data)):
                    self.results[id(effect.owner), place] = z

    def rows(self, program: Program) -> dict[Var, tuple[Spot, ...]]:
        """Return the steps on arrays end to end, and the spots where their parts have their buffers."""
        parts: dict[Var, list[Var]] = {}
        for z in program.steps:
            if z.op is END_TO_END:
                parts[z] = list(z.args)
            elif z.op is PART:
                parts.setdefault(z.args[0], []).append(z)
        spot_of = {z: spot for spot, z in reversed(self.results.items())}
        spot_of |= {x: spot for spot, x in self.cells.items() if spot in self.results}
        return {
            z: tuple(spot_of[x] for x in xs)
            for z, xs in parts.items()
            if all(x in spot_of and x.data.flags.c_contiguous for x in xs)
            and sum(x.data.size for x in xs) == z.data.size
        }

    def pair(self, like: Array) -> BufferPair:
        """Return two new arrays of the shape, dtype and layout of another."""
        self.pairs.append(BufferPair(*(laid_out(aligned(like.nbytes).view(like.dtype), like) for _ in "12")))
        return self.pairs[-1]

    def lay(self, row: Var, spots: tuple[Spot, ...]) -> None:
        """Lay buffers end to end, unless one of them is somewhere else."""
        if spots in self.whole or len(set(spots)) < len(spots) or any(spot in self.spots for spot in spots):
            return
        whole = self.whole[spots] = self.pair(row.data)
        start = 0
        for spot in spots:
            self.spots[spot] = whole.part(start, self.results[spot].data.shape)
            start += self.spots[spot].new.size

    def place(self, row: Var, spots: tuple[Spot, ...]) -> None:
        """Let a row lie where the buffers of its parts are."""
        if spots not in self.whole:
            return
        if row.op is END_TO_END and all(self.cells.get(spot) is x for spot, x in zip(spots, row.args, strict=True)):
            self.at[row] = self.whole[spots].old
            self.old.add(row)
        elif self.may_write(row) and (
            row.op is not END_TO_END or all(self.results[spot] is x for spot, x in zip(spots, row.args, strict=True))
        ):
            self.at[row] = self.whole[spots].new
            for spot in spots:
                z = self.results[spot]
                if row.op is not END_TO_END or self.may_write(z):
                    self.at[z] = self.spots[spot].new

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
