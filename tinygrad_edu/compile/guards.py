"""Guards: the conditions on leaves and optimisers under which a program is valid, checked before every call."""

from __future__ import annotations

import numpy as np

from ..core.node import Node
from .codegen.names import Names
from .ir import Var
from .trace import Cell, Effect
from .vectorize.bulk_io import Leaves

MANY = 4  # so many owners are checked together


class Guards(Names):
    """The conditions under which one program is valid, and the statements that fill its state buffers."""

    def cells(self) -> list[Var]:
        """Return what is read from outside, oldest first."""
        read = [x for z in self.program.steps for x in z.args] + self.program.sinks
        cells = dict.fromkeys([*(x for x in read if isinstance(x.source, Cell)), *self.program.drawn])
        return sorted(cells, key=lambda x: 0 if x.node is None else x.node.born)

    def is_settled(self, effect: Effect) -> bool:
        """Return whether what an effect is about is at home from the beginning of a call."""
        spots = [(id(effect.owner), place) for place in effect.places]
        return bool(spots) and all(spot in self.homes.home and spot in self.homes.cells for spot in spots)

    def at_home(self) -> list[str]:
        """Return the conditions that everything is at home, and that what has no home is as it was."""
        homed = [
            f"{self.place(x.source)} is {self.names[x]}"
            for spot, x in self.homes.cells.items()
            if spot in self.homes.home
        ]
        return homed + self.alike(homeless=True)

    def alike(self, homeless: bool = False) -> list[str]:
        """Return the conditions that what is read has the shape and type that it had; of what has no home, if so."""
        checks = []
        for x in self.cells():
            place = self.place(x.source)
            if (
                isinstance(x.data, np.ndarray)
                and x.source.place.startswith("{}._")
                and not (homeless and x in self.homes.at)
            ):
                dtype = self.bound("dtype", x.data.dtype)
                checks.append(
                    f"{place}.shape == {x.data.shape} and {place}.dtype == {dtype} and "
                    f"{place}.strides == {x.data.strides}"
                )
        return checks

    def settings(self) -> list[str]:
        """Return the conditions that everything else on which the program depends is as it was."""
        owners = [x.source.owner for x in self.cells()]
        single = dict.fromkeys(leaf for leaf in owners if isinstance(leaf, Node))
        many = dict.fromkeys(leaves for leaves in owners if isinstance(leaves, Leaves))
        checks = [f"{self.owner(leaf)}._requires_grad is {leaf._requires_grad}" for leaf in single]
        checks += [f"all_require({self.owner(leaves)}, {leaves[0]._requires_grad})" for leaves in many]
        return self.gradients_set() + checks

    def gradients_set(self) -> list[str]:
        """Return the conditions on which leaves have a gradient."""
        checks = []
        for unset in (True, False):
            leaves = [leaf for leaf, was in self.program.trace.unset.items() if was is unset]
            if len(leaves) > MANY:
                checks.append(f"{'ungraded' if unset else 'graded'}({self.bound('leaves', Leaves(leaves))})")
            else:
                checks += [f"({self.owner(leaf)}._slope is None) is {unset}" for leaf in leaves]
        return checks

    def moves(self) -> list[str]:
        """Return the statements that put at home what the program reads there."""
        lines = []
        for effect, _ in self.program.effects:
            if self.is_settled(effect):
                owner = self.owner(effect.owner)
                homes = [self.home_names[id(effect.owner), place] for place in effect.places]
                places = [place.format(owner) for place in effect.places]
                lines.append(f"if {' or '.join(f'{p} is not {h}' for p, h in zip(places, homes, strict=True))}:")
                lines += [f"    np.copyto({home}, {place})" for place, home in zip(places, homes, strict=True)]
                lines.append("    " + effect.text.format(owner, *homes))
        return lines
