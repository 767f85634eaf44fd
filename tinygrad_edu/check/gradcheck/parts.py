"""Complex inputs and results of a function taken apart into real ones, so that slopes can be measured of each part.

The gradient of L by a + ib is g = dL/da - i dL/db, so its two parts are the derivatives by the two parts of the input.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.node import Node, data_of
from ...core.tensor import Tensor
from ...ops.complex import imag, real


def is_complex_input(x: Any) -> bool:
    """Whether an input is complex and is to be differentiated by."""
    return np.iscomplexobj(data_of(x)) and (x.requires_grad if isinstance(x, Node) else True)


def in_real_parts(f: Callable[..., Any], inputs: Sequence[Any]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return a function of real inputs with real results that computes what `f` does, and its inputs."""
    split = [is_complex_input(x) for x in inputs]
    apart: list[Any] = []
    for i, (x, complex_input) in enumerate(zip(inputs, split, strict=True)):
        if not complex_input:
            apart.append(x)
            continue
        name = getattr(x, "label", "") or f"input {i}"
        data = np.asarray(data_of(x))
        apart += [Tensor(data.real, True, f"Re {name}"), Tensor(data.imag, True, f"Im {name}")]

    complex_results: list[bool] = []  # as the first call has them: later ones may take complex steps

    def parts_of_f(*parts: Any) -> Any:
        rest = iter(parts)
        result = f(*(next(rest) + 1j * next(rest) if complex_input else next(rest) for complex_input in split))
        results = list(result) if isinstance(result, (list, tuple)) else [result]
        if not complex_results:
            complex_results.extend(np.iscomplexobj(data_of(z)) for z in results)
        if not any(complex_results) or len(complex_results) != len(results):
            return result
        pairs = zip(results, complex_results, strict=True)
        return [part for z, two in pairs for part in ((real(z), imag(z)) if two else (z,))]

    return parts_of_f, tuple(apart)
