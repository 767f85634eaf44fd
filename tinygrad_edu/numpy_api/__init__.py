"""The functions users call: NumPy's own names and meanings, and those of neural nets, on arrays and on nodes.

Each is a row of the table or a short composite of rows, so every derivative is right to any order. Importing this
package also makes them the answers to NumPy's functions of those names when they are handed a tensor. A module's
`__all__` says which of its functions are public; a row is public by itself unless a function gives it its parameters.
"""

from __future__ import annotations

from ..core.op import BUILT_IN, TABLE
from ..errors.hints import told
from ..ops import INNER_ROWS
from . import (
    activations,
    aliases,
    complexes,
    cumulative,
    fft,
    joining,
    linalg,
    nan_functions,
    nondifferentiable,
    ordering,
    padding,
    polynomials,
    products,
    ranges,
    reductions,
    selecting,
    shaping,
    statistics,
    ufuncs,
)

MODULES = (
    *(activations, aliases, complexes, cumulative, joining, nan_functions, nondifferentiable, ordering, padding),
    *(polynomials, products, ranges, reductions, selecting, shaping, statistics, ufuncs),
)
_functions = {"fft": fft, "linalg": linalg}
for module in MODULES:
    _functions |= {name: getattr(module, name) for name in module.__all__}
_rows = {name: TABLE[name] for name in BUILT_IN - INNER_ROWS - _functions.keys()}
globals().update(told(_functions) | _rows)

__all__ = sorted(_functions.keys() | _rows)  # of the table and the modules: no name stands twice
