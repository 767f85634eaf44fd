"""Steps of optimisers while a function is traced: their rates, counts and memory are state of the program."""

from __future__ import annotations

from typing import Any

from ..core.context import no_grad
from ..core.node import Node
from ..errors import CompileError
from ..errors.where import users_line
from .outside import Effect


class OptimizerSteps:
    """The state of optimisers by now, in one trace."""

    def __init__(self, trace: Any) -> None:
        self.trace = trace
        self.rates: dict[Any, Node] = {}  # by the group of parameters
        self.state: dict[tuple[int, Any], Effect] = {}  # by the optimiser and what of it

    def step(self, optimizer: Any, on_nonfinite: str) -> None:
        """Take the step of an optimiser, by its own rule. Its rate, count and memory are the program's state."""
        if on_nonfinite == "skip":
            raise CompileError(
                "step(on_nonfinite='skip') decides by the gradients, and a compiled step cannot: "
                f"call step() outside of the compiled function (at {users_line()})"
            )
        if on_nonfinite == "raise":
            self.trace.finite.update((id(optimizer), *map(id, optimizer.params)))
        kind = type(optimizer.params[0])
        with no_grad():
            steps = self.steps_of(optimizer)
            self.keep(optimizer, "steps", "_steps", (steps + 1,))
            for i, (w, group) in enumerate(zip(optimizer.params, optimizer.groups_of(), strict=True)):
                if w._slope is None:
                    continue
                places = [f"{{}}.memory[{i}][{j}]" for j in range(len(optimizer.memory[i]))]
                memory = self.recall(optimizer, i, kind, places, optimizer.memory[i])
                taken = steps + (1 - group.since)
                new, *memory = optimizer.moved(group, w, w._slope, self.rate_of(group), taken, *memory)
                self.trace.assign(w, new)
                if memory:
                    self.keep(optimizer, i, "memory", tuple(memory), places)

    def steps_of(self, optimizer: Any) -> Any:
        """Return how many steps an optimiser has taken, as a node."""
        kind = type(optimizer.params[0])
        return self.recall(optimizer, "steps", kind, ["{}._steps"], [vars(optimizer).get("_steps", 0)])[0]

    def rate_of(self, group: Any) -> Any:
        """Return the rate of a group of parameters as a node; none may be set inside a program."""
        if group not in self.rates:
            places, rate = ["{}.lr"], vars(group)["lr"]
            self.rates[group] = self.recall(group, "lr", type(group.params[0]), places, [rate])[0]
        return self.rates[group]

    def recall(self, optimizer: Any, what: Any, kind: Any, places: list[str], data: Any) -> tuple[Any, ...]:
        """Return nodes for a part of an optimiser's state: as the last step left it, or else as it is outside."""
        if (id(optimizer), what) in self.state:
            return self.state[id(optimizer), what].results
        return tuple(
            self.trace.capture(kind, place, optimizer, "memory", x, (what, j) if isinstance(what, int) else None)
            for j, (place, x) in enumerate(zip(places, data, strict=True))
        )

    def keep(self, optimizer: Any, what: Any, attribute: str, results: Any, places: Any = ()) -> None:
        """Note a part of an optimiser's state as a step leaves it."""
        entry = what if isinstance(what, int) else None
        self.state[id(optimizer), what] = Effect(attribute, optimizer, results, tuple(places), entry)
