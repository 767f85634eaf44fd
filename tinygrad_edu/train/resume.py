"""Checkpoints of a run: everything that decides the next step, saved and restored bit by bit.

These are the weights, the optimiser, the schedule, every generator that the model or the loop draws from, the place in
the order of the epoch, and what has been measured so far.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..core.commit import calls, commit
from ..errors import CheckpointError
from ..errors.where import users_line
from ..io import load, save
from ..nn.optim.state import optimizer_writes
from ..nn.state import module_writes

VERSION = 1


class RunPosition:
    """The position of a run: its epoch, the batches done in it, and the sums of their measures."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.epoch, self.batch = 0, 0
        self.rng = rng
        self.began = dict(rng.bit_generator.state)  # of the generator, when the epoch began
        self.sums: dict[str, float] = {}

    def order(self, n: int) -> np.ndarray[Any, Any]:
        """Return the order of `n` examples in this epoch, drawn anew; the generator goes on from where it is."""
        now = self.rng.bit_generator.state
        self.rng.bit_generator.state = self.began
        order = self.rng.permutation(n)
        if self.batch:
            self.rng.bit_generator.state = now
        return order


def generators(model: Any, optimizer: Any, rng: np.random.Generator) -> list[np.random.Generator]:
    """Return every generator that a step may draw from, each once."""
    owners = [*model.modules(), optimizer]
    found = [rng, *(x for owner in owners for x in vars(owner).values() if isinstance(x, np.random.Generator))]
    return list({id(x): x for x in found}.values())


def run_state(run: Any) -> dict[str, Any]:
    """Return the state of a run, between two steps."""
    place, history = run.place, run.history
    return {
        "version": VERSION,
        "model": run.model.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "schedule": None if run.schedule is None else run.schedule.state_dict(),
        "generators": [rng.bit_generator.state for rng in run.generators],
        "place": {"epoch": place.epoch, "batch": place.batch, "began": place.began, "sums": place.sums},
        "history": {"epochs": history.epochs, "losses": np.array(history.losses, float), "best": history.best},
        "best": run.best_state,
        "waited": run.waited,
        "settings": run.settings(),
    }


def save_run(run: Any, path: str | Path) -> None:
    """Write the state of a run to a file, wholly or not at all."""
    save(run_state(run), path)


def restore_run(run: Any, path: str | Path) -> None:
    """Put a run back to where a file says that it was.

    Raises CheckpointError where the file is of another run; nothing has changed then.
    """
    state = load(path)
    try:
        problems = differing_settings(run, state)
        if problems:
            raise CheckpointError(
                f"fit: {path} is of another run: {'; '.join(problems)}. Delete it to begin anew, or give another path "
                f"(at {users_line()})"
            )
        put(run, state)
    except CheckpointError:
        raise
    except (AttributeError, LookupError, TypeError, ValueError, OverflowError) as error:
        raise CheckpointError(f"fit: {path} holds no whole run: {error!r:.200} (at {users_line()})") from None


def differing_settings(run: Any, state: Any) -> list[str]:
    """Say in which settings a state differs from a run."""
    if not isinstance(state, dict) or state.get("version") != VERSION or state.keys() != run_state(run).keys():
        return ["it holds no run of this version of fit"]
    ours, theirs = run.settings(), state["settings"]
    found = [f"{name} was {theirs.get(name)}, and is {ours[name]}" for name in ours if theirs.get(name) != ours[name]]
    if len(state["generators"]) != len(run.generators):
        found.append(f"{len(state['generators'])} generators, and here are {len(run.generators)}")
    return found


def put(run: Any, state: dict[str, Any]) -> None:
    """Put everything back at once. Raises CheckpointError where a part does not fit; then nothing has changed."""
    place, history = run.place, run.history
    check_position(run, state)
    others = [] if run.schedule is None else run.schedule.writes_of(state["schedule"])
    others += [generator_write(rng, saved) for rng, saved in zip(run.generators, state["generators"], strict=True)]
    where = {name: state["place"][name] for name in ("epoch", "batch", "began", "sums")}
    past = {name: state["history"][name] for name in ("epochs", "best")}
    past["epochs"], past["losses"] = [*map(dict, past["epochs"])], [*map(float, state["history"]["losses"])]
    others += [
        partial(vars(place).update, where | {"sums": dict(where["sums"])}),
        partial(vars(history).update, past),
        partial(vars(run).update, best_state=state["best"], waited=state["waited"]),
    ]
    weights = module_writes(run.model, state["model"])
    commit(weights, calls([*optimizer_writes(run.optimizer, state["optimizer"]), *others]))


def check_position(run: Any, state: dict[str, Any]) -> None:
    """Raise ValueError where a part of a state that no other part checks is not of its type."""
    place, history = state["place"], state["history"]
    counts = [place["epoch"], place["batch"], history["best"], state["waited"]]
    measures = [place["sums"], *history["epochs"]]
    if not all(type(n) is int and n >= 0 for n in counts) or place["batch"] >= run.batches:
        raise ValueError("it does not say at which batch of which epoch it was")
    if not all(type(x) in (int, float) for part in measures for x in part.values()):
        raise ValueError("its measures are not all numbers")
    if np.ndim(history["losses"]) != 1 or np.asarray(history["losses"]).dtype.kind not in "fi":
        raise ValueError("its losses are no list of numbers")
    generator_write(run.rng, place["began"])
    if state["best"] is not None:
        module_writes(run.model, state["best"])


def generator_write(rng: np.random.Generator, saved: dict[str, Any]) -> Callable[[], Any]:
    """Return the write that puts a generator's state back. Raises CheckpointError where it is of another kind."""
    try:
        type(rng.bit_generator)().state = saved
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        raise CheckpointError(f"fit: the state of a generator does not fit: {error} (at {users_line()})") from None
    return partial(setattr, rng.bit_generator, "state", saved)
