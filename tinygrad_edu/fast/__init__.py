"""Fast twins of plain methods: the same results in less time. The suite holds each equal to the method it replaces.

`install` is the only place that puts a twin over a plain method. `nn.neuron` is imported when it is first used, so
`nn` calls `install` again for the twin of its weighted sum.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from ..core.operators import BINARY, COMPARISONS, METHODS, REFLECTED, UNARY
from ..core.tensor import Tensor
from ..core.value import ROUNDING_METHODS, Value
from . import malloc, neuron_sum, tensor_backward, tensor_operators, value_backward, value_methods

NO_OPERATIONS = {"__pos__", "__eq__", "__ne__"}  # of a Value: +v is v itself, and v == w asks whether w is v
_plain: dict[tuple[Any, str], Any] = {}  # (owner, name) -> the plain method under a twin; None where it is inherited


def twins() -> Iterator[tuple[Any, str, Any]]:
    """Yield (owner, name, twin) for everything imported so far that has a twin."""
    for kind, table in (
        (value_methods.unary, UNARY | METHODS | ROUNDING_METHODS),
        (value_methods.binary, COMPARISONS | BINARY),
        (value_methods.reflected, REFLECTED),
    ):
        for name, op in table.items():
            if op.scalar is not None and name not in NO_OPERATIONS:
                yield Value, name, kind(name, op)
    for name, op in (COMPARISONS | BINARY).items():
        yield Tensor, name, tensor_operators.binary(name, op)
    yield Value, "backward", value_backward.backward
    yield Tensor, "backward", tensor_backward.backward
    neuron = sys.modules.get("tinygrad_edu.nn.neuron")
    if neuron is not None:
        yield neuron, "weighted_sum", neuron_sum.weighted_sum


def install() -> None:
    """Put every twin over its plain method, and keep the memory of freed arrays."""
    malloc.keep_freed_arrays()
    for owner, name, twin in twins():
        if (owner, name) not in _plain:
            _plain[owner, name] = vars(owner).get(name)
            setattr(owner, name, twin)


def uninstall() -> bool:
    """Take every twin away again, for tests that compare; return whether there were any."""
    installed = bool(_plain)
    for (owner, name), plain in _plain.items():
        if plain is None:
            delattr(owner, name)
        else:
            setattr(owner, name, plain)
    _plain.clear()
    return installed
