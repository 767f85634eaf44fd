"""How a function is sampled that PyTorch has too: how each library calls it, and on which numbers.

The tables of samples are in tests/torch_of_*.py, and what PyTorch answers in tests/golden/torch.npz.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Draw(NamedTuple):
    """Where an operand's numbers come from: a shape and an interval."""

    shape: tuple[int, ...]
    low: float
    high: float


class Sample(NamedTuple):
    """A function in our spelling, given the module `m` to take it from, and in PyTorch's, given torch as `t`."""

    name: str
    operands: tuple[Draw, ...]
    ours: Callable[..., Any]
    torch: Callable[..., Any]


def R(*shape):  # noqa: N802
    """Real numbers of either sign."""
    return Draw(shape, -2.3, 2.3)


def P(*shape):  # noqa: N802
    """Positive numbers."""
    return Draw(shape, 0.3, 2.8)


def U(*shape):  # noqa: N802
    """Probabilities: the unit interval."""
    return Draw(shape, 0.1, 0.9)


def S(*shape):  # noqa: N802
    """Sines: between -1 and 1."""
    return Draw(shape, -0.9, 0.9)


def same(operands, names):
    """Sample functions that bear the same name in NumPy and in PyTorch."""
    return [
        Sample(name, operands, lambda m, *xs, f=name: getattr(m, f)(*xs), lambda t, *xs, f=name: getattr(t, f)(*xs))
        for name in names.split()
    ]


def same_activation(names):
    """Sample functions that we have under the name that they bear in torch.nn.functional."""
    return [
        Sample(
            name,
            (R(2, 4),),
            lambda m, x, f=name: getattr(m, f)(x),
            lambda t, x, f=name: getattr(t.nn.functional, f)(x),
        )
        for name in names.split()
    ]


# What several tables put into their samples ----------------------------------------------------------------------

I = [2, 0, 2]  # noqa: E741  # an index that picks an element twice
YES = np.array([[True, False, True], [False, True, False]])
HOLES = np.where(YES, np.nan, 0.0)  # added to numbers, makes some of them missing
