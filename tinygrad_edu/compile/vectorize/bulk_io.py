"""Between scalars and arrays: numbers of many leaves read and written at once, one element of an array as a scalar."""

from __future__ import annotations

from cmath import isfinite
from collections.abc import Callable, Iterable
from itertools import repeat
from operator import attrgetter, is_not
from typing import Any

import numpy as np

from ...core.commit import commit
from ...core.node import Node, tick
from ...core.value import Value
from ...errors import AnomalyError
from ..codegen.primitives import Primitive
from .columns import MemoryColumns, state_column
from .parked_leaves import LeafGroup, all_unparked, parking_of

ELEMENT: Any = Primitive("element", lambda array, i: np.asarray(array).item(i))  # by its place in row-major order
STAND_IN: Any = Primitive("stand_in", lambda x: x)  # for a leaf that was assigned: its number, without a way back
PACK: Any = Primitive("pack", lambda *floats: np.array(floats, float))


def largest_of_rows(x: Any) -> Any:
    """Return the largest number of each row as Python's `max` finds it, which keeps a NaN only in the first place."""
    largest: Any = x.max(-1)
    if not np.isnan(largest).any():
        return largest
    first = x[:, 0]
    return np.where(np.isnan(first), first, np.max(np.where(np.isnan(x), -np.inf, x), axis=-1))


def smallest_of_rows(x: Any) -> Any:
    """Return the smallest number of each row as Python's `min` finds it."""
    smallest: Any = x.min(-1)
    if not np.isnan(smallest).any():
        return smallest
    first = x[:, 0]
    return np.where(np.isnan(first), first, np.min(np.where(np.isnan(x), np.inf, x), axis=-1))


def of_scalars(extreme: Callable[..., float]) -> Callable[..., float]:
    """Return Python's own `max` or `min` of one number or several, whatever these names stand for while one traces."""
    return lambda *numbers: extreme(numbers)


LARGEST_NUMBER: Any = Primitive("largest", of_scalars(max))
SMALLEST_NUMBER: Any = Primitive("smallest", of_scalars(min))
EXTREMES = {  # of many scalars, and of the rows of an array of them
    LARGEST_NUMBER: Primitive("largest_of_rows", largest_of_rows),
    SMALLEST_NUMBER: Primitive("smallest_of_rows", smallest_of_rows),
}

grad_of, requires = attrgetter("_slope"), attrgetter("_requires_grad")
slots: Any = Node  # a slot is a descriptor, which the types do not say
set_data, set_grad, set_born = slots._raw.__set__, slots._slope.__set__, slots.born.__set__


def element(array: Any, i: int) -> Any:
    """Return an element of an array as a node, through which no gradient passes."""
    z: Any = object.__new__(Value)
    z._raw = float(ELEMENT.forward(array._raw, i))
    z.remember(ELEMENT, (array, i), {}, False)
    return z


def read_data(leaves: LeafGroup) -> Any:
    """Return the numbers of leaves as an array."""
    if (parking := parking_of(leaves[0])) is not None and (found := parking.read(0, leaves)) is not None:
        return found
    return np.fromiter([x._raw for x in leaves], float, len(leaves))  # quicker than any loop of C


def read_grad(leaves: LeafGroup) -> Any:
    """Return the gradients of leaves as an array."""
    if (parking := parking_of(leaves[0])) is not None and (found := parking.read(1, leaves)) is not None:
        return found
    return np.fromiter([x._slope for x in leaves], float, len(leaves))


def added_gradients(leaves: Iterable[Any], gradients: Iterable[Any]) -> list[Any]:
    """Return the gradients of leaves with others added to them."""
    return [g if x._slope is None else x._slope + g for x, g in zip(leaves, gradients, strict=True)]


def ungraded(leaves: LeafGroup) -> bool:
    """Return whether no leaf has a gradient."""
    if (parking := parking_of(leaves[0])) is not None and (found := parking.have_gradients(leaves)) is not None:
        return not found
    return not any(map(is_not, map(grad_of, leaves), repeat(None)))


def graded(leaves: LeafGroup) -> bool:
    """Return whether every leaf has a gradient."""
    if (parking := parking_of(leaves[0])) is not None and (found := parking.have_gradients(leaves)) is not None:
        return found
    return all(map(is_not, map(grad_of, leaves), repeat(None)))


class OtherOutcome(Exception):  # noqa: N818  # no fault: another program fits
    """A test of the function's goes another way than when it was traced."""


def check_finite(*numbers: Any) -> None:
    """Raise AnomalyError where a step would lead to a NaN or an infinity; the optimiser itself says which."""
    for x in numbers:
        if isfinite(x.dot(x) if type(x) is np.ndarray and x.ndim == 1 else x if type(x) is float else np.sum(x)):
            continue  # the sum of squares is the quickest to have, and finite only where all numbers are
        if not np.isfinite(x).all():
            raise AnomalyError("a step leads to a number that is not finite")


IN_BULK = {
    function.__name__: function for function in (read_data, read_grad, state_column, added_gradients, graded, ungraded)
}
WRITES = {  # how a program changes state, see `core.commit`
    "MemoryColumns": MemoryColumns,
    "OtherOutcome": OtherOutcome,
    "all_unparked": all_unparked,
    "check_finite": check_finite,
    "commit": commit,
    "set_raw": set_data,
    "set_slope": set_grad,
    "set_born": set_born,
    "set_attribute": object.__setattr__,
    "always": repeat,
    "tick": tick,
}
