"""The state of an optimiser by PyTorch's names: copied, and loaded wholly or not at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.commit import calls, commit
from ...core.node import data_of
from ...errors import CheckpointError
from ...errors.where import users_line
from .groups import refuse_inside_a_program, zero_like

if TYPE_CHECKING:
    from .optimizer import Optimizer

# Settings of PyTorch's that are not offered here, with the values that ask for nothing.
NEUTRAL = {
    "dampening": (0,),
    "maximize": (False,),
    "foreach": (None, False, True),
    "capturable": (False,),
    "differentiable": (False,),
    "fused": (None, False, True),
    "initial_lr": None,  # what a schedule began with, which its own state says too
}


def optimizer_state(optimizer: Optimizer) -> dict[str, Any]:
    """Return the state: {"state": {i: {name: array, "step": n}}, "param_groups": [{setting: …, "params": [i]}]}."""
    refuse_inside_a_program("the state of an optimiser is read")
    kept: dict[int, dict[str, Any]] = {}
    for i, (s, memory) in enumerate(zip(optimizer.groups_of(), optimizer.memory, strict=True)):
        if optimizer.steps:
            arrays = {name: np.array(x) for name, x in zip(s.remembers, memory, strict=True)}
            kept[i] = {"step": optimizer.steps - s.since, **arrays}
    ends = np.cumsum([len(s.params) for s in optimizer.param_groups]).tolist()
    return {
        "state": kept,
        "param_groups": [
            {**s.settings(), "params": list(range(end - len(s.params), end))}
            for s, end in zip(optimizer.param_groups, ends, strict=True)
        ],
    }


def load_optimizer(optimizer: Optimizer, saved: Any) -> None:
    """Put a state back. Raises CheckpointError with all that does not fit; then nothing has changed."""
    commit(calls(optimizer_writes(optimizer, saved)))


def optimizer_writes(optimizer: Optimizer, saved: Any) -> list[Callable[[], Any]]:
    """Return the writes, for `commit`, that put a state back. Raises as `load` does."""
    refuse_inside_a_program("the state of an optimiser is loaded")
    problems: list[str] = []
    groups, state = parts(saved, problems)
    settings = new_settings(optimizer, groups, problems)
    counts, memory = new_memory(optimizer, state, problems)
    if problems:
        raise CheckpointError(
            f"the state does not fit this {type(optimizer).__name__}, which stays as it was (at {users_line()}):\n  "
            + "\n  ".join(problems)
        )
    steps = max(counts, default=0)
    groups_taken = zip(optimizer.param_groups, settings, counts, strict=True)
    writes = [partial(vars(group).update, new, since=steps - count) for group, new, count in groups_taken]
    return [*writes, partial(vars(optimizer).update, memory=memory, _steps=steps)]


def parts(saved: Any, problems: list[str]) -> tuple[list[Any], dict[Any, Any]]:
    """Return the groups of a state, and its entries for each parameter."""
    groups, state = (saved.get(name) if isinstance(saved, dict) else None for name in ("param_groups", "state"))
    if not isinstance(groups, list) or not isinstance(state, dict) or not all(isinstance(g, dict) for g in groups):
        problems.append('it is no dict with a list "param_groups" of dicts and a dict "state"')
        return [], {}
    return groups, state


def new_settings(optimizer: Optimizer, groups: list[Any], problems: list[str]) -> list[dict[str, Any]]:
    """Return the settings of each group as the state has them."""
    ours = [len(group.params) for group in optimizer.param_groups]
    theirs = [len(group["params"]) if isinstance(group.get("params"), list) else 0 for group in groups]
    if ours != theirs:
        problems.append(f"groups of {ours} parameters here, of {theirs} in the state")
        return []
    made = []
    for k, (group, saved) in enumerate(zip(optimizer.param_groups, groups, strict=True)):
        known = group.settings()
        missing = known.keys() - saved.keys()
        problems += [f"group {k}: {name!r} is missing" for name in sorted(missing)]
        for name, given in saved.items():
            if name not in known and name != "params" and not neutral(optimizer, name, given):
                problems.append(f"group {k}: {name}={given!r:.60} is not offered by this {type(optimizer).__name__}")
        try:
            made.append(group.check({**known, **{name: saved[name] for name in known if name in saved}}))
        except (TypeError, ValueError) as error:
            problems.append(f"group {k}: {error}")
    return made


def neutral(optimizer: Optimizer, name: str, given: Any) -> bool:
    """Whether a setting that only PyTorch has asks for nothing."""
    if name == "decoupled_weight_decay":
        return bool(given) == (type(optimizer).__name__ == "AdamW")
    return name in NEUTRAL and (NEUTRAL[name] is None or given in NEUTRAL[name])  # type: ignore[operator]  # not None


def new_memory(optimizer: Optimizer, state: dict[Any, Any], problems: list[str]) -> tuple[list[int], list[Any]]:
    """Return how many steps each group has taken, and the state of each parameter."""
    counts, memory, i = [], [], 0
    for s in optimizer.param_groups:
        steps = set()
        for w in s.params:
            saved = state.get(i, state.get(str(i)))
            start = optimizer.start(s, zero_like(w))
            if isinstance(saved, dict):
                if "step" in saved:
                    steps.add(step_count(data_of(saved["step"]), f"parameter {i}: step", problems))
                start = tuple(
                    copy_like(saved.get(name), x, f"parameter {i}, {w.title}: {name}", problems)
                    for name, x in zip(s.remembers, start, strict=True)
                )
            elif saved is not None:
                problems.append(f"parameter {i}: {saved!r:.60} is no dict")
            memory.append(start)
            i += 1
        if len(steps) > 1:
            problems.append(f"parameters of one group have taken {sorted(steps)} steps: here they step together")
        counts.append(max(steps, default=0))
    if unknown := [key for key in state if not str(key).isdigit() or int(key) >= i]:
        problems.append(f"unexpected: the state of parameter {unknown[0]!r:.60}")
    return counts, memory


def step_count(given: Any, name: str, problems: list[str]) -> int:
    """Return a count of steps."""
    number = np.asarray(given)
    if (
        number.size != 1
        or number.dtype.kind not in "iuf"
        or not (count := float(number.item())).is_integer()
        or count < 0
    ):
        problems.append(f"{name} must be a whole number, not {given!r:.60}")
        return 0
    return int(count)


def copy_like(given: Any, like: Any, name: str, problems: list[str]) -> Any:
    """Return a copy of optimiser state, in the form of `like`."""
    given = None if given is None else np.asarray(data_of(given))
    shape = np.shape(like)
    if given is None or given.shape != shape or given.dtype.kind != "f":
        found = "is missing" if given is None else f"is {given.dtype} {given.shape} in the state"
        problems.append(f"{name} {found}, and must be floats of shape {shape}")
        return like
    return np.array(given, like.dtype) if isinstance(like, np.ndarray) else float(given)
