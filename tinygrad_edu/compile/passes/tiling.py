"""Steps on large arrays, element by element, are taken block by block, so that what one leaves is still in the cache.

Such steps that follow each other go over the array together: a block that the processor's cache holds, then the next.
What only they use of each other never is a whole array.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.types import Array
from ..codegen.primitives import lowering
from ..ir import Program, Var
from ..memory.buffers import Plan, last_uses
from ..memory.state_buffers import aligned

BLOCK = 32768  # numbers; three such arrays of doubles are 768 KiB, and today's cores have 1 MiB of cache to themselves


@dataclass
class FusedLoop:
    """Steps taken together, with views among them, which need no step."""

    steps: list[Var]
    end: int  # the number of the last of them in the program
    scratch: dict[Var, Array] = field(default_factory=dict)  # memory for one block, by the first variable written there

    def blocks(self, plan: Plan, wanted: list[Var]) -> list[Any]:
        """Return for each block its part of every array that is wanted, or of the only one."""
        shape = self.steps[0].data.shape
        rows = max(1, BLOCK * shape[0] // int(np.prod(shape)))
        found: list[Any] = []
        for start in range(0, shape[0], rows):
            stop = min(start + rows, shape[0])
            parts = [self.part(plan, x, start, stop) for x in wanted]
            found.append(parts if len(parts) > 1 else parts[0])
        return found

    def part(self, plan: Plan, x: Var, start: int, stop: int) -> Array:
        """Return some rows of an array."""
        memory = self.scratch.get(plan.owner(x))
        if memory is None:
            whole: Array = array_at(plan, x)
            return whole[start:stop]
        size = (stop - start) * x.data.nbytes // x.data.shape[0]
        part: Array = memory[:size].view(x.data.dtype).reshape((stop - start, *x.data.shape[1:]))
        return part


def fused_loops(program: Program, plan: Plan) -> dict[Var, FusedLoop]:
    """Return the fused loops of a program by their first steps."""
    found: dict[Var, FusedLoop] = {}
    run: FusedLoop | None = None
    for i, z in enumerate(program.steps):
        if z.views is not None and z in plan.at:
            if run is not None:
                run.steps.append(z)
        elif not in_blocks(z, plan):
            run = None
        elif run is not None and z.data.shape == run.steps[0].data.shape:
            run.steps.append(z)
            run.end = i
        else:
            run = found[z] = FusedLoop([z], i)
    lasts = last_by_owner(program, plan)
    for first, run in list(found.items()):
        if sum(z.views is None for z in run.steps) < 2:
            del found[first]
        rows = max(1, BLOCK * first.data.shape[0] // first.data.size)
        for z in run.steps:
            mine = z.views is None and plan.owner(z) is z and z not in plan.state.at
            if mine and lasts[z] <= run.end:
                run.scratch[z] = aligned(min(rows, z.data.shape[0]) * z.data.nbytes // z.data.shape[0])
    return found


def in_blocks(z: Var, plan: Plan) -> bool:
    """Return whether a step can be taken row by row, and is worth it."""
    if not lowering(z.op).inplace or z not in plan.at or z.data.size <= 2 * BLOCK:
        return False
    return plan.at[z].flags.c_contiguous and all(is_sliced(x, z, plan) is not None for x in z.args)


def is_sliced(x: Var, z: Var, plan: Plan) -> bool | None:
    """Return whether an operand of `z` is taken block by block; None where that cannot be said."""
    shape = np.shape(x.data)
    if len(shape) < z.data.ndim or shape[0] == 1 != z.data.shape[0]:
        return False  # the same for every row
    array = array_at(plan, x)
    return True if array is not None and shape == z.data.shape and array.flags.c_contiguous else None


def array_at(plan: Plan, x: Var) -> Any:
    """Return the array that a variable always is; None if there is none."""
    return x.data if x.constant else plan.at.get(x)


def last_by_owner(program: Program, plan: Plan) -> dict[Var, int]:
    """Return the number of the last step that reads a memory, by what was first written there."""
    found: dict[Var, int] = {}
    for x, i in last_uses(program).items():
        owner = plan.owner(x)
        found[owner] = max(i, found.get(owner, 0))
    return found
