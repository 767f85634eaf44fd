"""Buffers by liveness: memory is found once, when the program is made, and used at every call.

A step's result lies in memory until its last use; then another step may have the place. What stays after a call lies
in state buffers. What is returned is always new, as the caller may keep it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...core.types import Array
from ..codegen.primitives import lowering
from ..ir import Program, Var
from .state_buffers import StateBuffers, aligned, is_alike, laid_out


@dataclass
class Plan:
    """The buffers in which variables of a program lie. A variable that has none is a new array at each call."""

    state: StateBuffers
    at: dict[Var, Array] = field(default_factory=dict)  # memory, a state buffer, or a view of either
    over: dict[Var, Var] = field(default_factory=dict)  # the operand whose place a step takes over

    def owner(self, x: Var) -> Var:
        """Return the variable that was the first to be where `x` is."""
        x = x.base
        while x in self.over:
            x = self.over[x].base
        return x


def planned(program: Program) -> Plan:
    """Find a place for everything that a program computes or reads at a place outside."""
    last, returned = last_uses(program), {x.base for x in program.results}
    state = StateBuffers(program)
    plan = Plan(state, dict(state.at))
    free: dict[int, list[Array]] = {}
    expiring: dict[int, list[Var]] = {}
    lent: dict[Var, Array] = {}  # memory by its present owner
    for x, i in last.items():
        expiring.setdefault(i, []).append(x)
    for i, z in enumerate(program.steps):
        how = lowering(z.op)
        if z in plan.at:
            pass
        elif z.views is not None:
            if z.views in plan.at and (view := seen(z, plan.at[z.views])) is not None:
                plan.at[z] = view
        elif z.base not in returned and (how.out or how.fills) and isinstance(z.data, np.ndarray) and z.data.ndim:
            takeable = z.args[:1] if how.fills else z.args if how.inplace else ()
            for x in takeable:
                if x in plan.at and x.base in lent and last[x.base] == i and covers(plan.at[x], z.data):
                    plan.over[z], plan.at[z] = x, plan.at[x]
                    lent[z] = lent.pop(x.base)
                    break
            else:
                spare = free.get(z.data.nbytes)
                lent[z] = spare.pop() if spare else aligned(z.data.nbytes)
                plan.at[z] = laid_out(lent[z].view(z.data.dtype), z.data)
        for x in expiring.get(i, ()):
            if x in lent:
                memory = lent.pop(x)
                free.setdefault(memory.nbytes, []).append(memory)
    return plan


def seen(z: Var, array: Array) -> Array | None:
    """Return the view `z` of an array; None where it is one of data, or would be a copy."""
    if z.op is None or not all(x.constant for x in z.args if x is not z.views):
        return None
    if z.op.name == "broadcast_to":
        return np.broadcast_to(array, z.data.shape)  # of which the row itself makes a copy
    view = z.op.forward(*(array if x is z.views else x.data for x in z.args), **(z.params or {}))
    return view if np.may_share_memory(view, array) else None


def covers(x: Array, z: Array) -> bool:
    """Return whether an array has the shape and type of another, and all of its memory in some order."""
    return is_alike(x, z) and laid_out(x.ravel("K"), x).strides == x.strides


def last_uses(program: Program) -> dict[Var, int]:
    """Return, for the owner of each memory, the number of the last step that reads it; past the end if it stays."""
    last: dict[Var, int] = {}
    for i, z in enumerate(program.steps):
        last.setdefault(z.base, i)
        for x in z.args:
            last[x.base] = i
    for x in program.sinks:
        last[x.base] = len(program.steps)
    return last
