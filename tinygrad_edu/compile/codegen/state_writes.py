"""The end of a program: changes of state are computed first, all that may raise with them, and written in one call."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.value import Value
from ..guards import Guards
from ..ir import Var
from ..outside import Effect
from ..vectorize.parked_leaves import LeafGroup, ParkedLeaves
from .primitives import PART


class StateWrites(Guards):
    """The statements that leave a call's results in leaves and optimisers."""

    lines: list[str]
    committed: list[bool]

    def lasting(self, x: Var) -> str:
        """Return an expression for a result that no later call will change."""
        name = self.name(x)
        if isinstance(x.data, float):
            return name
        if x.base.op is not None and x.base not in self.plan.at and np.ndim(x.data):
            return name
        return f"np.array({name})"

    def write_commit(self, gradients: list[str]) -> None:
        """Write the changes of state, arguments' gradients too: what may raise first, then every change in one call."""
        self.sets: dict[str, list[tuple[Any, str, Any]]] = {"_raw": [], "_slope": []}  # owner, value, and the buffer
        self.puts: list[tuple[Any, str, str]] = []
        self.bulk: dict[str, list[tuple[LeafGroup, str]]] = {"_raw": [], "_slope": []}  # leaves, values or ""
        entries: dict[Any, dict[int, list[tuple[str, Any]]]] = {}
        for effect, results in self.program.effects:
            if effect.attribute in self.sets:
                self.change(effect, results)
            elif effect.attribute == "_steps":
                self.puts.append((effect.owner, "_steps", f"int({self.name(results[0])})"))
            elif effect.entry is None:
                parts = ", ".join(f"np.ravel({self.lasting(x)})" for x in results)
                self.puts.append((effect.owner, "memory", f"MemoryColumns({parts})"))
            else:
                values = [self.value(effect.owner, p, x) for p, x in zip(effect.places, results, strict=True)]
                entries.setdefault(effect.owner, {})[effect.entry] = values
        for owner, known in entries.items():
            self.puts.append((owner, "memory", self.memory_of(owner, known)))
        self.write_check()
        start, bulk = self.bulk_writes()
        writes = [*self.writes("_raw"), *self.writes("_slope"), *bulk]
        if gradients:
            writes.append(f"map(set_slope, graded, added_gradients(graded, ({', '.join(gradients)},)))")
        if self.puts:
            owners, names = (self.bound("k", [*part]) for part in list(zip(*self.puts, strict=True))[:2])
            writes.append(f"map(set_attribute, {owners}, {names}, ({', '.join(value for *_, value in self.puts)},))")
        if writes or start != "commit(":
            writes.insert(0, f"map({self.named('committed', self.committed)}.append, (True,))")
            self.lines.append(start)
            self.lines += [f"    {write}," for write in writes]
            self.lines.append(")")

    def write_check(self) -> None:
        """Write a check that a step leads to no NaN and no infinity, of all that lies in one array at once."""
        wanted = self.program.trace.finite
        names: dict[str, None] = {}
        for effect, results in self.program.effects:
            owners = effect.owner if isinstance(effect.owner, LeafGroup) else (effect.owner,)
            if effect.attribute in ("_raw", "memory") and any(id(owner) in wanted for owner in owners):
                for x in results:
                    names[self.name(x.views if x.op is PART and x.views in self.names else x)] = None
        if names:
            self.lines.append(f"check_finite({', '.join(names)})")

    def change(self, effect: Effect, results: list[Var]) -> None:
        """Take the change of a leaf, or of many."""
        if isinstance(effect.owner, LeafGroup):
            self.bulk[effect.attribute].append((effect.owner, self.name(results[0]) if results else ""))
        elif results:
            self.sets[effect.attribute].append((effect.owner, *self.value(effect.owner, effect.places[0], results[0])))
        else:
            self.sets[effect.attribute].append((effect.owner, "None", None))

    def bulk_writes(self) -> tuple[str, list[str]]:
        """Return how the commit begins, with the leaves that may be parked, and the writes to many others."""
        raw, slopes = self.bulk.values()
        assigned = {id(leaf) for leaves, _ in raw for leaf in leaves}
        along = [group for group in slopes if assigned.issuperset(map(id, group[0]))]
        others = [
            f"map(setattr, all_unparked({self.owner(leaves)}), always('_slope'), "
            + (f"np.ravel({values}).tolist())" if values else "always(None))")
            for leaves, values in slopes
            if (leaves, values) not in along
        ]
        if not raw:
            return "commit(", others
        graded, dropped = ([leaves for leaves, values in along if bool(values) is some] for some in (True, False))
        parking = self.bound("parking", ParkedLeaves([leaves for leaves, _ in raw], graded, dropped))
        numbers = ", ".join(values for _, values in raw)
        gradients = ", ".join(values for _, values in along if values)
        return f"{parking}.commit([{numbers}], [{gradients}],", others

    def value(self, owner: Any, place: str, x: Var) -> tuple[str, Any]:
        """Return how a new value is written, and the state buffer that it lies in, where it does."""
        key = id(owner), place
        pair = self.state.buffers.get(key)
        if pair is None:
            return (self.name(x) if isinstance(x.data, float) else f"np.array({self.name(x)})"), None
        if self.plan.at.get(x) is not pair.new:
            self.lines.append(f"np.copyto({self.new_names[key]}, {self.name(x)})")
        return self.new_names[key], pair.new

    def writes(self, attribute: str) -> list[str]:
        """Return the writes of one attribute of leaves."""
        changed = self.sets[attribute]
        if not changed:
            return []
        leaves = [owner for owner, *_ in changed]
        owners = self.bound("leaves", leaves)
        if any(isinstance(leaf, Value) for leaf in leaves):
            owners = f"all_unparked({owners})"
        arrays = [array for *_, array in changed]
        if all(array is not None for array in arrays):
            values = self.bound("new", arrays)
        else:
            values = f"({', '.join(value for _, value, _ in changed)},)"
        stale = [f"map(set_born, {owners}, always(tick()))"] if attribute == "_raw" else []
        return [f"map(set{attribute}, {owners}, {values})", *stale]

    def memory_of(self, owner: Any, known: dict[int, list[tuple[str, Any]]]) -> str:
        """Return an optimiser's new memory: a list, with the entries of weights that were not stepped as they are."""
        parts = []
        for i in range(len(owner.memory)):
            if i not in known:
                parts.append(f"{self.owner(owner)}.memory[{i}]")
            elif all(array is not None for _, array in known[i]):
                parts.append(self.bound("entry", tuple(array for _, array in known[i])))
            else:
                parts.append(f"({', '.join(value for value, _ in known[i])},)")
        return f"[{', '.join(parts)}]"
