"""Scalar leaves parked between calls: their numbers stay in a program's arrays until somebody looks at one of them.

Thousands of numbers written into as many objects take longer than a step of a small net. So a program writes two
arrays; and whatever is asked of a parked leaf first gives all leaves parked with it their own numbers back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain, repeat
from typing import Any
from weakref import ref

import numpy as np

from ...core.commit import ChangedMeanwhile, attributes, commit, unchanged
from ...core.node import Node, tick
from ...core.parking import parked
from ...core.types import Array
from ...core.value import Value

slot: Any = vars(Node)["_raw"].__get__
set_class: Any = vars(object)["__class__"].__set__
LONGEST_PAUSE = 64  # calls


class LeafGroup(tuple[Any, ...]):
    """Scalar leaves that a program reads or writes together."""

    __slots__ = ()


class ParkedValue(Value, stand_in=True):
    """A leaf whose numbers are in an array; its first slot holds the `ParkedLeaves` that knows where.

    It is a plain Value again before anything is read from it or written to it.
    """

    __slots__ = ()

    def __new__(cls, *args: Any, **keywords: Any) -> Any:
        """Make a Value, as `type(leaf)(2.0)` means."""
        return Value(*args, **keywords)

    def __getattribute__(self, name: str) -> Any:
        return getattr(unparked(self), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(unparked(self), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(unparked(self), name)


ParkedValue.__name__ = ParkedValue.__qualname__ = "Value"  # which messages show
ParkedValue.__module__ = Value.__module__


def parking_of(leaf: Any) -> ParkedLeaves | None:
    """Return with which others a leaf is parked; None where it holds its own numbers."""
    found = slot(leaf) if type(leaf) is ParkedValue else None
    return found if type(found) is ParkedLeaves else None


def unparked(leaf: Any) -> Any:
    """Return a leaf, with its own numbers."""
    if (parking := parking_of(leaf)) is not None:
        parking.restore()
    return leaf


def all_unparked(leaves: Sequence[Any]) -> Sequence[Any]:
    """Return leaves, each with its own numbers."""
    for leaf in leaves if parked else ():
        unparked(leaf)
    return leaves


class ParkedLeaves:
    """The leaves that one program assigns in bulk, and their numbers while they are parked.

    raw, slopes: the groups whose numbers and gradients it writes, in order. dropped: those whose gradient it forgets.
    state: numbers, gradients, and the tick of the assignment; None while leaves hold their own.
    They are parked only where the next call is likely to come before anybody looks: after each time that somebody
    did, a pause of calls follows in which they are not, twice as long as the last.
    """

    def __init__(self, raw: list[LeafGroup], slopes: list[LeafGroup], dropped: list[LeafGroup]) -> None:
        self.leaves, self.graded, self.dropped = (LeafGroup(chain(*groups)) for groups in (raw, slopes, dropped))
        self.state: tuple[Array, Array, int] | None = None
        self.places = [{id(leaf): i for i, leaf in enumerate(leaves)} for leaves in (self.leaves, self.graded)]
        self.known: dict[tuple[int, int], tuple[LeafGroup, Any]] = {}
        self.left, self.pause = 1, 1

    # Reading ---------------------------------------------------------------------------------------------------

    def read(self, which: int, leaves: LeafGroup) -> Array | None:
        """Return the numbers (0) or gradients (1) of leaves that are parked; None where they are not all here."""
        state, index = self.state, self.index(which, leaves)
        return None if state is None or index is None else state[:2][which][index]

    def index(self, which: int, leaves: LeafGroup) -> Any:
        """Return where the numbers of leaves lie: a slice, if they lie in order; None where some do not."""
        key = which, id(leaves)
        if key not in self.known:
            numbered = self.places[which]
            places = [numbered[id(leaf)] for leaf in leaves if id(leaf) in numbered]
            index: Any = None
            if len(places) == len(leaves):
                run = slice(places[0], places[0] + len(places))
                index = run if places == [*range(run.start, run.stop)] else np.array(places)
            self.known[key] = leaves, index  # the leaves too, so that no id is used again
        return self.known[key][1]

    def have_gradients(self, leaves: LeafGroup) -> bool | None:
        """Return whether all leaves have a gradient (True) or none has (False); None where that is not known here."""
        if self.state is None:
            return None
        if self.index(1, leaves) is not None:
            return True
        key = 2, id(leaves)
        if key not in self.known:
            self.known[key] = leaves, {*map(id, self.dropped)}.issuperset(map(id, leaves))
        return False if self.known[key][1] else None

    # Writing ---------------------------------------------------------------------------------------------------

    def commit(self, raw: list[Array], slopes: list[Array], *others: Iterable[Any]) -> None:
        """Write new numbers and gradients, an array for each group, and whatever else a call changes."""
        new = np.concatenate(raw, axis=None), np.concatenate(slopes or [np.empty(0)], axis=None), tick()
        if self.state is not None:
            self.left, self.pause = 0, 1
            with suppress(ChangedMeanwhile):  # another thread has looked at a leaf: they hold their own numbers again
                commit(unchanged((self,), "state", (self.state,)), *others, self.becomes(new))
                return
        all_unparked(self.leaves)  # another program may have parked some
        if self.left > 0:
            self.left -= 1
            commit(*others, *self.given_back(new))
            return
        self.left, self.pause = self.pause, min(2 * self.pause, LONGEST_PAUSE)
        parked[id(self)] = ref(self, partial(no_longer_parked, id(self)))
        commit(
            *others,
            self.becomes(new),
            attributes(self.leaves, "_raw", repeat(self)),
            map(set_class, self.leaves, repeat(ParkedValue)),
        )

    def becomes(self, state: Any) -> Iterable[Any]:
        """Return the write of the state."""
        return attributes((self,), "state", (state,))

    def given_back(self, state: tuple[Array, Array, int]) -> list[Iterable[Any]]:
        """Return the writes that give each leaf its own numbers."""
        raw, slopes, age = state
        return [
            attributes(self.leaves, "_raw", raw.tolist()),
            attributes(self.graded, "_slope", slopes.tolist()),
            attributes(self.dropped, "_slope", repeat(None)),
            attributes(self.leaves, "born", repeat(age)),
        ]

    def restore(self) -> None:
        """Give each leaf its own numbers, if they are parked, all at once."""
        while (state := self.state) is not None:
            with suppress(ChangedMeanwhile):
                commit(
                    unchanged((self,), "state", (state,)),
                    map(set_class, self.leaves, repeat(Value)),
                    *self.given_back(state),
                    self.becomes(None),
                )
        no_longer_parked(id(self))


def no_longer_parked(key: int, _: object = None) -> None:
    """Take leaves that hold their own numbers off the list of those that are parked."""
    parked.pop(key, None)
