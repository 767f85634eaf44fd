"""Where the steps of a program write: memory is found once, when the program is made, and used again and again.

A step's result lies in memory until its last use; then another step may have the place. What stays after a call
(a gradient, a weight) has a place of its own. What is returned is always new, as the caller may keep it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .kernels import spelling
from .program import Program, Var


@dataclass
class Plan:
    """What a program writes where."""

    out: dict[Var, np.ndarray[Any, Any]] = field(default_factory=dict)  # memory to write to, if not a new array
    over: dict[Var, Var] = field(default_factory=dict)  # the operand whose place a step takes over
    kept: set[Var] = field(default_factory=set)  # those in a place of their own


def planned(program: Program) -> Plan:
    """Find a place for each step of a program."""
    plan, end = Plan(), len(program.steps)
    last = last_uses(program)
    returned = {base(x) for x in program.results}
    staying = to_stay(program, returned, last)
    free: dict[tuple[int, Any], list[np.ndarray[Any, Any]]] = {}
    expiring: dict[int, list[Var]] = {}
    for x, i in last.items():
        expiring.setdefault(i, []).append(x)
    for i, z in enumerate(program.steps):
        how = spelling(z.op)
        if z in staying:
            plan.out[z] = np.empty_like(z.data)
            plan.kept.add(z)
        elif z not in returned and (how.out or how.fills) and isinstance(z.data, np.ndarray) and z.data.ndim:
            takeable = z.args[:1] if how.fills else z.args if how.inplace else ()
            for x in takeable:
                if x in plan.out and x not in plan.kept and last[base(x)] == i and alike(x, z) and base(x) is x:
                    plan.over[z], plan.out[z] = x, plan.out[x]
                    break
            else:
                memory = free.get((z.data.size, z.data.dtype), ())
                array = memory.pop() if memory else np.empty(z.data.size, z.data.dtype)
                plan.out[z] = laid_out(array, z.data)
        taken = set(plan.over.values())
        for x in expiring.get(i, ()):
            if i < end and x in plan.out and x not in plan.kept and x not in taken:
                free.setdefault((x.data.size, x.data.dtype), []).append(plan.out[x].ravel("K"))
    return plan


def laid_out(memory: np.ndarray[Any, Any], like: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return a piece of memory as an array whose axes lie in it as those of another: elementwise steps want that."""
    order = sorted(range(like.ndim), key=lambda axis: -abs(like.strides[axis]))
    return memory.reshape([like.shape[axis] for axis in order]).transpose(np.argsort(order))


def base(x: Var) -> Var:
    """Return the variable in whose memory `x` lies."""
    while x.views is not None:
        x = x.views
    return x


def alike(x: Var, z: Var) -> bool:
    """Return whether two variables have the same shape and type."""
    return bool(np.shape(x.data) == np.shape(z.data) and x.data.dtype == z.data.dtype)


def last_uses(program: Program) -> dict[Var, int]:
    """Return, for the owner of each memory, the number of the last step that reads it; past the end if it stays."""
    last: dict[Var, int] = {}
    for i, z in enumerate(program.steps):
        last.setdefault(base(z), i)
        for x in z.args:
            last[base(x)] = i
    for x in [*program.results, *(x for _, xs in program.effects for x in xs)]:
        last[base(x)] = len(program.steps)
    return last


def to_stay(program: Program, returned: set[Var], last: dict[Var, int]) -> set[Var]:
    """Return the steps that may write straight into the place where their result stays after the call.

    From the second call on that place is also what the program reads as the old value. So no later step may read
    it, and the step itself must be one that may write over its operand.
    """
    order = {z: i for i, z in enumerate(program.steps)}
    cells = {(x.source.owner, x.source.place): x for z in program.steps for x in z.args if hasattr(x.source, "owner")}
    staying: set[Var] = set()
    refused: set[Var] = set()
    for effect, results in program.effects:
        for place, z in zip(effect.places, results, strict=False):
            how, old = spelling(z.op), cells.get((effect.owner, place))
            elsewhere = z in staying or z in returned or not isinstance(z.data, np.ndarray)
            clash = False
            if old is not None and z.op is not None:
                clash = last.get(old, -1) > order[z] or (old in map(base, z.args) and not how.inplace)
            (staying if how.out and not elsewhere and not clash else refused).add(z)
    return staying - refused
