"""Guards: the conditions on leaves and optimisers under which a program is valid, checked before every call."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.node import Node, requirement_changes
from .codegen.names import PlannedNames
from .ir import Var
from .outside import CapturedInput
from .vectorize.bulk_io import requires
from .vectorize.parked_leaves import LeafGroup

CHECKED_TOGETHER = 4  # so many owners are checked together


class Requirements:
    """Which leaves require a gradient. Looked at again only when that of any leaf has been set since.

    count: how often it had been set when they were last as they are here.
    """

    def __init__(self, leaves: list[Node]) -> None:
        self.leaves, self.wanted = leaves, [*map(requires, leaves)]
        self.count = requirement_changes[0]

    def hold(self) -> bool:
        """Return whether leaves require gradients as they did."""
        now = requirement_changes[0]
        if [*map(requires, self.leaves)] != self.wanted:
            return False
        self.count = now
        return True


class Guards(PlannedNames):
    """The conditions under which one program is valid, and the statements that fill its state buffers."""

    def captured(self) -> list[Var]:
        """Return the variables that are read from outside, oldest first."""
        read = [x for z in self.program.steps for x in z.args] + self.program.sinks
        captured = dict.fromkeys([*(x for x in read if isinstance(x.source, CapturedInput)), *self.program.drawn])
        return sorted(captured, key=lambda x: 0 if x.node is None else x.node.born)

    def buffers_in_place(self) -> list[str]:
        """Return the conditions that owners hold the buffers that a call begins with, and the rest is as it was."""
        kept = [f"{self.place(x.source)} is {self.old_names[key]}" for key, x in self.captured_state()]
        return kept + self.alike(outside=True)

    def captured_state(self) -> list[tuple[Any, Var]]:
        """Return the variables that are read from state buffers, by key."""
        return [(key, x) for key, x in self.state.captured.items() if key in self.old_names]

    def alike(self, outside: bool = False) -> list[str]:
        """Return the conditions that arrays from outside keep their layout; `outside`: those in no buffer only."""
        checks = []
        for x in self.captured():
            place = self.place(x.source)
            if (
                isinstance(x.data, np.ndarray)
                and x.source.place.startswith("{}._")
                and not (outside and x in self.state.at)
            ):
                dtype = self.bound("dtype", x.data.dtype)
                checks.append(
                    f"{place}.shape == {x.data.shape} and {place}.dtype == {dtype} and "
                    f"{place}.strides == {x.data.strides}"
                )
        return checks

    def settings(self) -> list[str]:
        """Return the conditions that everything else on which the program depends is as it was."""
        owners = [x.source.owner for x in self.captured()]
        single = dict.fromkeys(leaf for leaf in owners if isinstance(leaf, Node))
        many = dict.fromkeys(leaves for leaves in owners if isinstance(leaves, LeafGroup))
        leaves = [*single, *(leaf for group in many for leaf in group)]
        if not leaves:
            return self.gradients_set()
        known = Requirements(leaves)
        test = f"{self.bound('changes', requirement_changes)}[0] == {self.bound('known', known)}.count"
        return [*self.gradients_set(), f"({test} or {self.bound('required', known.hold)}())"]

    def gradients_set(self) -> list[str]:
        """Return the conditions on which leaves have a gradient."""
        checks = []
        for unset in (True, False):
            leaves = [leaf for leaf, was in self.program.trace.unset.items() if was is unset]
            if len(leaves) > CHECKED_TOGETHER:
                checks.append(f"{'ungraded' if unset else 'graded'}({self.bound('leaves', LeafGroup(leaves))})")
            else:
                checks += [f"({self.owner(leaf)}._slope is None) is {unset}" for leaf in leaves]
        return checks

    def moves(self) -> list[str]:
        """Return the statements that copy present state into the buffers that a call reads."""
        lines = []
        read = dict(self.captured_state())
        for effect, _ in self.program.effects:
            keys = [(id(effect.owner), place) for place in effect.places]
            if not any(key in read for key in keys):
                continue
            owner = self.owner(effect.owner)
            places = [place.format(owner) for place in effect.places]
            names = [self.old_names.get(key) for key in keys]
            moved = [(p, name) for p, name in zip(places, names, strict=True) if name]
            lines.append(f"if {' or '.join(f'{p} is not {name}' for p, name in moved)}:")
            lines += [f"    np.copyto({name}, {p})" for p, name in moved]
            values = ", ".join(name or p for p, name in zip(places, names, strict=True))
            target = places[0] if effect.entry is None else f"{owner}.memory[{effect.entry}]"
            lines.append(f"    {target} = {values if effect.entry is None else f'({values},)'}")
        return lines
