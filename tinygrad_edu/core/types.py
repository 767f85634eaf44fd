"""Type aliases that several rooms use: one name for each type, and no code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
Rng = np.random.Generator | int | None  # a generator, a seed for one, or None for one that differs each time
Rule = Callable[..., Any]  # a derivative rule of an operation: (g, z, *operands, **params) -> gradient
