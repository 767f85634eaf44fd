"""Comparing replays with the function itself: at first, now and then, and when `check()` is asked for.

Both begin with the same state; afterwards everything is as the replay left it, or as it was before.
"""

from __future__ import annotations

from contextlib import nullcontext
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.commit import commit
from ..core.context import ModeContext
from ..errors import CompileError
from ..transforms.trees import leaves, rebuilt
from .sharing import SharesState, claim, merge_groups
from .signature import Signature, objects_in
from .specialization import Specialization
from .verify import (
    Agreement,
    CallNumbers,
    MutableState,
    StateSnapshot,
    largest_difference,
    nodes_in,
    other,
    refuse_difference,
    result_numbers,
    variations,
    varied_argument,
)

if TYPE_CHECKING:
    from .compiled import Compiled

SHARE = 0.05  # of the time of replays, to be spent on comparing them with the function itself
REPLAY_TOLERANCE = 1e-9  # relative to the largest number of its kind: a difference that rounding may make in float64
HAIR = 1e-12  # by how much numbers are moved to see whether a tie is broken otherwise
NEVER = 2**62  # calls until the next comparison


def verified(compiled: Compiled[..., Any], program: Specialization, call: Signature, args: Any, kwargs: Any) -> Any:
    """Replay a program, and compare it with the function itself. Raises CompileError where they differ."""
    start = perf_counter()
    state = MutableState(program.reach.renewed(), nodes_in(args, kwargs), program.generators)
    before = state.snapshot()
    eager = compiled.undone(state, before, args, kwargs)
    theirs = state.numbers()
    state.restore(before)
    program.refuse_moved_state(state.reach)
    middle = perf_counter()
    result = compiled.replayed(program, call, args, kwargs)
    end = perf_counter()
    commit(state.stepped(theirs.stepped))  # which a program does not note
    changes = state.changes(before, [state.numbers(), theirs])
    difference, what = largest_difference(result_numbers(result) + changes[0], result_numbers(eager) + changes[1])
    if not difference <= REPLAY_TOLERANCE and not is_at_a_kink(compiled, state, (before, theirs), eager, args, kwargs):
        state.restore(before)
        refuse_difference(program.name, what, difference, program.since)
    spent = middle - start + (perf_counter() - end)
    program.since = program.left = NEVER if program.is_heard else int(spent / (SHARE * max(end - middle, 1e-9)))
    return result


def is_at_a_kink(
    compiled: Compiled[..., Any],
    state: MutableState,
    states: tuple[StateSnapshot, StateSnapshot],
    eager: Any,
    args: Any,
    kwargs: Any,
) -> bool:
    """Return whether rounding alone explains a difference: a tie that numbers moved by a hair break otherwise."""
    (before, theirs), ours = states, state.snapshot()
    apart = []
    for scale in (0.0, HAIR):
        state.restore(before)
        rng = np.random.default_rng(0)
        state.nudge(rng, scale)
        moved = [other(x, rng, scale) if scale else x for x in leaves([args, kwargs])]  # nodes: by `nudge`
        given = rebuilt([args, kwargs], iter(moved))
        result = compiled.undone(state, before, given[0], given[1])
        changes = state.changes(before, [state.snapshot(), theirs])
        apart.append(largest_difference(result_numbers(result) + changes[0], result_numbers(eager) + changes[1])[0])
    state.restore(ours)
    return apart[0] <= REPLAY_TOLERANCE < apart[1]


def checked_replays(compiled: Compiled[..., Any], args: Any, kwargs: Any, tolerance: float) -> Agreement:
    """Return by how much replays and the function itself differ at most; see `Compiled.check`."""
    reach = compiled.reachable(objects_in(args, kwargs))
    try:
        claim(compiled, reach.nodes.values())
    except SharesState as found:
        merge_groups(compiled, found.nodes)
    with compiled.group.lock:
        state = MutableState(reach, nodes_in(args, kwargs), ())
        before, modes = state.snapshot(), [module.training for module in state.modules]
        rng = np.random.default_rng(0)
        tried: list[str] = []
        worst = compared(compiled, state, args, kwargs, tolerance, "as things are")
        try:
            changed = rebuilt([args, kwargs], iter([varied_argument(x, rng) for x in leaves([args, kwargs])]))
            worst = max(worst, compared(compiled, state, changed[0], changed[1], tolerance, "other arguments"))
            tried += ["as things are", "other arguments"]
            for name, change in variations(state, rng).items():
                change()
                worst = max(worst, compared(compiled, state, args, kwargs, tolerance, name))
                tried.append(name)
                state.restore(before)
        finally:
            state.restore(before)
            for module, mode in zip(state.modules, modes, strict=True):
                module.training = mode
    return Agreement(worst, tried)


def compared(
    compiled: Compiled[..., Any], state: MutableState, args: Any, kwargs: Any, tolerance: float, case: str
) -> float:
    """Return by how much a replay and the function itself differ in one case. Raises CompileError."""
    before = state.snapshot()
    found, states = [], []
    for f in (compiled.function, compiled.replay):
        try:
            with np.errstate(all="ignore"), ModeContext() if f is compiled.function else nullcontext():
                result = f(*args, **kwargs)
            found.append(result_numbers(result))
        except CompileError:
            raise
        except Exception as error:
            found.append([CallNumbers("error", repr(error), f"{error!r:.100}", None)])
        states.append(state.snapshot())
        state.restore(before)
    changes = state.changes(before, states)
    difference, what = largest_difference(found[1] + changes[1], found[0] + changes[0])
    if not difference <= tolerance:
        refuse_difference(getattr(compiled, "__name__", "function"), f"{what} ({case})", difference, 0)
    return difference
