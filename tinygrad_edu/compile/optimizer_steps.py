"""Steps of optimisers while a function is traced: their rates, counts and memory are state of the program.

Scalar weights are stepped as one array where their gradients are elements of arrays, which spares a graph for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.context import no_grad
from ..core.node import Node
from ..core.value import Value
from ..errors import CompileError
from ..errors.where import users_line
from ..ops import shapes
from .outside import Effect
from .users_code import OWN_PACKAGE, top
from .vectorize.bulk_io import ELEMENT, element
from .vectorize.parameter_packing import memory_column, packed, read_together
from .vectorize.parked_leaves import LeafGroup

COLUMNS = "columns"  # what an optimiser remembers of all its scalar weights, as arrays


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
        with no_grad():
            if places := self.places_of_gradients(optimizer):
                self.step_as_arrays(optimizer, places)
            else:
                self.step_each(optimizer)

    def step_each(self, optimizer: Any) -> None:
        """Take the step of each weight by itself."""
        kind = type(optimizer.params[0])
        steps = self.count_step(optimizer)
        self.spread(optimizer)
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

    def count_step(self, optimizer: Any) -> Any:
        """Count a step; return how many were taken before."""
        steps = self.steps_of(optimizer)
        self.keep(optimizer, "steps", "_steps", (steps + 1,))
        return steps

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

    # Scalar weights as arrays ----------------------------------------------------------------------------------

    def places_of_gradients(self, optimizer: Any) -> dict[int, tuple[int, int]]:
        """Return where the gradient of each weight lies that has one; nothing where some lie in no array.

        The rule must be this package's own, which does with arrays what it does with numbers.
        """
        alike = type(optimizer.params[0]) is Value and len({*map(len, optimizer.memory)}) == 1
        if (
            not alike
            or not self.trace.vectorizer.arrays
            or any(isinstance(what, int) for key, what in self.state if key == id(optimizer))
        ):
            return {}
        if top(type(optimizer).__module__) != OWN_PACKAGE:
            return {}
        found = {}
        for i, w in enumerate(optimizer.params):
            if w._slope is not None:
                place, now = self.place(w._slope), self.trace.latest(w)
                if place is None or (now is not w and self.place(now) is None):
                    return {}
                found[i] = place
        return found

    def place(self, z: Any) -> tuple[int, int] | None:
        """Return where a scalar lies, if it is an element of one of the arrays that scalars have become."""
        while z.op is shapes.identity:
            z = z.x
        return (self.trace.vectorizer.numbered(z.inputs[0]), z.inputs[1]) if z.op is ELEMENT else None

    def step_as_arrays(self, optimizer: Any, places: dict[int, tuple[int, int]]) -> None:
        """Take the step of all scalar weights at once, for each group of parameters."""
        vectorizer = self.trace.vectorizer
        steps = self.count_step(optimizer)
        columns = self.columns(optimizer)
        before = [vectorizer.numbered(x) for x in columns]
        after: list[dict[int, tuple[int, int]]] = [{} for _ in columns]
        weights = self.places_of_weights(optimizer, [*places])
        groups: dict[Any, list[int]] = {}
        for i, group in enumerate(optimizer.groups_of()):
            if i in places:
                groups.setdefault(group, []).append(i)
        for group, members in groups.items():
            w, g = vectorizer.gathered([weights[i] for i in members]), vectorizer.gathered([places[i] for i in members])
            memory = [vectorizer.gathered([(number, i) for i in members]) for number in before]
            rate, taken = packed((self.rate_of(group),)), packed((steps + (1 - group.since),))
            new, *memory = optimizer.moved(group, w, g, rate, taken, *memory)
            for k, i in enumerate(members):
                self.trace.assign(optimizer.params[i], element(new, k))
            for known, x in zip(after, memory, strict=True):
                known.update(zip(members, ((vectorizer.numbered(x), k) for k in range(len(members))), strict=True))
        if columns:
            every = range(len(optimizer.params))
            results = [
                vectorizer.gathered([known.get(i, (number, i)) for i in every])
                for number, known in zip(before, after, strict=True)
            ]
            self.keep(optimizer, COLUMNS, "memory", tuple(results))

    def places_of_weights(self, optimizer: Any, members: Sequence[int]) -> dict[int, Any]:
        """Return where weights lie; those that lie in no array yet are read into one."""
        vectorizer = self.trace.vectorizer
        known = {id(x): (array, i) for array, leaves in vectorizer.leaves.items() for i, x in enumerate(leaves)}
        latest = {i: self.trace.latest(optimizer.params[i]) for i in members}
        found = {i: known.get(id(x)) if x is optimizer.params[i] else self.place(x) for i, x in latest.items()}
        alone = [i for i, place in found.items() if place is None]
        if alone:
            array = vectorizer.numbered(read_together(self.trace, LeafGroup(optimizer.params[i] for i in alone)))
            found |= {i: (array, k) for k, i in enumerate(alone)}
        return found

    def columns(self, optimizer: Any) -> tuple[Any, ...]:
        """Return what an optimiser remembers of its scalar weights, as arrays: as it is by now."""
        if (id(optimizer), COLUMNS) in self.state:
            return self.state[id(optimizer), COLUMNS].results
        return tuple(memory_column(self.trace, optimizer, j) for j in range(len(optimizer.memory[0])))

    def spread(self, optimizer: Any) -> None:
        """Hold what is remembered of each weight by itself, if it is held as arrays."""
        found = [*self.state.pop((id(optimizer), COLUMNS)).results] if (id(optimizer), COLUMNS) in self.state else []
        for i in range(len(optimizer.params)) if found else ():
            places = [f"{{}}.memory[{i}][{j}]" for j in range(len(optimizer.memory[i]))]
            self.keep(optimizer, i, "memory", tuple(element(x, i) for x in found), places)
