"""Where lasts what a program leaves behind: weights, gradients, and what optimisers remember.

Each has a home, an array that stands in its place outside from call to call and is written over. A place is written as
in a `Cell`; a spot says which place, and of which owner. What is computed for several owners alike lies end to end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..codegen.primitives import END_TO_END, PART, spelling
from ..ir import Program, Var
from ..trace import Cell

Array = np.ndarray[Any, Any]
Spot = tuple[int, str]
Homes = dict[tuple[Spot, ...], Array]  # by a spot, or by several that lie end to end: all programs of a function share


class Settlement:
    """The homes of one program.

    What lies at home before a call is also what the program reads as the old value. So a step may write there only if
    no later step reads that, and if it is one that may write over its operand; else its result is moved in at the end.
    """

    def __init__(self, program: Program, homes: Homes, last: dict[Var, int], returned: set[Var]) -> None:
        self.homes = homes
        self.last = last
        self.returned = returned
        self.order = {z: i for i, z in enumerate(program.steps)}
        self.at: dict[Var, Array] = {}  # what lies at home as soon as it is computed, or from the beginning
        self.home: dict[Spot, Array] = {}
        self.old: set[Var] = set()  # of those, what a call begins with
        self.whole: dict[tuple[Spot, ...], Array] = {}  # homes that lie end to end
        self.olds: dict[Spot, list[Var]] = {}  # what reads the old value
        self.cells: dict[Spot, Var] = {}
        self.results: dict[Spot, Var] = {}
        self.find(program)
        rows = self.rows(program)
        for row, spots in rows.items():
            self.lay(row, spots)
        for spot, z in self.results.items():
            if spot not in self.home:
                self.home[spot] = self.array((spot,), z.data.shape, z.data.dtype)
        for spot, x in self.cells.items():
            if spot in self.home:
                self.at[x] = self.home[spot]
                self.old.add(x)
        for row, spots in rows.items():
            self.move_in(row, spots)
        for spot, z in self.results.items():
            if z not in self.at and self.may_write(z, [spot]):
                self.at[z] = self.home[spot]

    def find(self, program: Program) -> None:
        """Find what the program reads from outside and what it leaves there, as far as that is arrays."""
        read = [x for z in program.steps for x in z.args] + program.sinks
        for x in (x for x in read if isinstance(x.source, Cell)):
            self.cells[id(x.source.owner), x.source.place] = x
        for effect, results in program.effects:
            for place, z in zip(effect.places, results, strict=False):
                spot = id(effect.owner), place
                old = self.cells.get(spot)
                if isinstance(z.data, np.ndarray) and (old is None or is_alike(old.data, z.data)):
                    self.results[spot] = z
                    self.olds[spot] = [] if old is None else [old]

    def rows(self, program: Program) -> dict[Var, tuple[Spot, ...]]:
        """Return the steps on arrays end to end, and the spots where their parts have their homes."""
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
            if all(x in spot_of for x in xs) and sum(x.data.size for x in xs) == z.data.size
        }

    def array(self, spots: tuple[Spot, ...], shape: Any, dtype: Any) -> Array:
        """Return the array for spots, which another program may have found before."""
        array = self.homes.get(spots)
        if array is None or array.shape != shape or array.dtype != dtype:
            size = np.prod(shape, dtype=int) * dtype.itemsize
            array = self.homes[spots] = aligned(size).view(dtype).reshape(shape)
        return array

    def lay(self, row: Var, spots: tuple[Spot, ...]) -> None:
        """Lay homes end to end, unless one of them is somewhere else."""
        if spots in self.whole or len(set(spots)) < len(spots) or any(spot in self.home for spot in spots):
            return
        whole = self.whole[spots] = self.array(spots, row.data.shape, row.data.dtype)
        start = 0
        for spot in spots:
            shape = self.results[spot].data.shape
            self.home[spot] = PART.forward(whole, start, shape)
            start += self.home[spot].size

    def move_in(self, row: Var, spots: tuple[Spot, ...]) -> None:
        """Let a row lie where the homes of its parts are."""
        if spots not in self.whole:
            return
        if row.op is END_TO_END and all(x.source is not None for x in row.args):
            self.at[row] = self.whole[spots]
            self.old.add(row)
            for spot in spots:
                self.olds[spot].append(row)
        elif self.may_write(row, spots):
            self.at[row] = self.whole[spots]
            for spot in spots:
                z = self.results[spot]
                if row.op is not END_TO_END or self.may_write(z, [spot]):
                    self.at[z] = self.home[spot]

    def may_write(self, z: Var, spots: Any) -> bool:
        """Return whether a step may write its result straight to where it stays."""
        how, olds = spelling(z.op), [x for spot in spots for x in self.olds[spot]]
        if z not in self.order or z.base in self.returned or z.views is not None:
            return False
        if any(self.last.get(x, -1) >= self.order[z] + (z.op is not END_TO_END) for x in olds):
            return False
        return z.op is END_TO_END or (how.out and (how.inplace or not {x.base for x in z.args}.intersection(olds)))


def aligned(size: int) -> Array:
    """Return memory for so many bytes that begins where a line of the processor's cache begins."""
    memory = np.empty(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size]


def is_alike(x: Any, z: Array) -> bool:
    """Return whether `x` is an array of the shape and type of another."""
    return isinstance(x, np.ndarray) and x.shape == z.shape and x.dtype == z.dtype
