"""Decompositions of gathers and scatters at places that are known: vectorised scalars are picked from long arrays.

NumPy's general index looks at every place again at each call, and `np.add.at` takes ten times as long as a count.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops.indexing import HERE
from ..codegen.primitives import COUNT, PICK


def take_elements(emit: Any, x: Any, *indices: Any, key: tuple[Any, ...]) -> Any:
    """Pick elements of a flat array by `take`, which can be told where to write."""
    return emit(PICK, x, *indices) if key == (HERE,) and is_within(indices[0], x.data.shape) else None


def count_elements(emit: Any, x: Any, *indices: Any, key: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """Add elements up at their places in a flat array of zeros by a weighted count."""
    if key != (HERE,) or x.data.dtype != np.float64 or x.data.ndim != 1 or not is_within(indices[0], shape):
        return None
    return emit(COUNT, x, *indices, size=shape[0])


def is_within(index: Any, shape: tuple[int, ...]) -> bool:
    """Return whether an index is one list of places in a flat array, the same at every call."""
    places = index.data
    if not index.constant or len(shape) != 1 or not isinstance(places, np.ndarray) or places.dtype != np.intp:
        return False
    return bool(places.ndim == 1 and places.size and places.min() >= 0 and places.max() < shape[0])
