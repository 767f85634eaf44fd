"""The Array API standard's names for tensors, which `t.__array_namespace__()` returns to programs of any array library.

Functions that have derivatives are those of `numpy_api`. Functions that make arrays or have no derivative are NumPy's,
on the tensors' numbers; their results are tensors that need no gradient. Constants, dtypes and questions about dtypes
are NumPy's own. Written here: functions whose signature in the standard is another than NumPy's.
docs/oracles.md says how the standard's own tests run on it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from types import SimpleNamespace
from typing import Any

import numpy as np

from .. import numpy_api
from ..core.tensor import Tensor

__array_api_version__ = "2024.12"
WITHOUT_DERIVATIVE = {
    *("arange", "broadcast_shapes", "empty", "eye", "from_dlpack", "ones", "zeros"),
    *("isin", "nonzero", "unique_all", "unique_counts", "unique_inverse", "unique_values"),
}
DIFFERENTIABLE = frozenset(vars(numpy_api)["__all__"])
OTHER_NAMES = {
    "bitwise_invert": "invert",
    "bitwise_left_shift": "left_shift",
    "bitwise_right_shift": "right_shift",
}
ABOUT_DTYPES = {
    *(
        "__array_namespace_info__",
        "can_cast",
        "finfo",
        "iinfo",
        "isdtype",
        "result_type",
        "e",
        "inf",
        "nan",
        "newaxis",
        "pi",
        "bool",
    ),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float32", "float64", "complex64", "complex128"),
}


def __getattr__(name: str) -> Any:
    if name in ABOUT_DTYPES:
        found = getattr(np, name)
        return on_dtypes(found) if name in ("can_cast", "finfo", "iinfo", "result_type") else found
    if name in WITHOUT_DERIVATIVE:
        return on_numbers(getattr(np, name))
    if name in ("fft", "linalg"):
        return extension(name)
    if name in DIFFERENTIABLE or name in OTHER_NAMES:
        found = getattr(numpy_api, OTHER_NAMES.get(name, name))
        return as_tensors(found) if callable(found) else found
    raise AttributeError(f"the namespace of the Array API has no {name!r}")


def __dir__() -> list[str]:
    return sorted({*DIFFERENTIABLE, *OTHER_NAMES, *WITHOUT_DERIVATIVE, *ABOUT_DTYPES, *SIGNED_BY_THE_STANDARD})


@cache
def extension(name: str) -> SimpleNamespace:
    """Return the namespace `fft` or `linalg`."""
    module = getattr(numpy_api, name)
    ours = {each: as_tensors(getattr(module, each)) for each in module.__all__}
    if name == "linalg":
        return SimpleNamespace(**ours | {"matrix_rank": rank_of_matrices})
    return SimpleNamespace(**ours | {f.__name__: frequencies(f) for f in (np.fft.fftfreq, np.fft.rfftfreq)})


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Tensor:
    """Return an array, a number, nested lists or a tensor as a tensor. A copy is made unless it is a tensor already.

    Raises ValueError for another device than "cpu", and where `copy=False` would need a copy.
    """
    on_cpu(device)
    if isinstance(obj, Tensor) and not copy and (dtype is None or dtype == obj.dtype):
        return obj
    if copy is False:
        raise ValueError("asarray: a tensor keeps a copy of its numbers; leave out copy=False")
    return Tensor(obj, None if isinstance(obj, Tensor) and obj.requires_grad else False, dtype=dtype)


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    """Limit numbers to an interval."""
    return made_tensors(numpy_api.clip(x, min, max))


def where(condition: Any, x1: Any, x2: Any, /) -> Any:
    """Choose x1 where the condition holds and x2 elsewhere."""
    return made_tensors(numpy_api.where(condition, x1, x2))


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Return a tensor of a shape, filled with one number."""
    on_cpu(device)
    return made_tensors(numpy_api.full(shape, fill_value, dtype))


def meshgrid(*arrays: Any, indexing: str = "xy") -> list[Any]:
    """Return the coordinates of all points of a grid, given those along each axis."""
    return list(made_tensors(numpy_api.meshgrid(*arrays, indexing=indexing)))


def broadcast_arrays(*arrays: Any) -> list[Any]:
    """Repeat arrays up to the shape that they have in common."""
    return list(made_tensors(numpy_api.broadcast_arrays(*arrays)))


def rank_of_matrices(x: Any, /, *, rtol: Any = None) -> Any:
    """Return how many rows of matrices are independent: a constant."""
    return made_tensors(np.linalg.matrix_rank(x.detach(), rtol=numbers(rtol)))


def frequencies(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return NumPy's fftfreq or rfftfreq with the signature of the standard."""

    def function(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Any:
        on_cpu(device)
        return made_tensors(f(n, d).astype(float if dtype is None else dtype))

    function.__name__, function.__doc__ = f.__name__, f"Return the frequencies that belong to {f.__name__[:-4]}."
    return function


SIGNED_BY_THE_STANDARD = ("asarray", "broadcast_arrays", "clip", "full", "meshgrid", "where")


def on_cpu(device: Any) -> None:
    """Raise ValueError for a device that there is not."""
    if device not in (None, "cpu"):
        raise ValueError(f"there is one device, 'cpu', and not {device!r:.60}")


def as_tensors(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function whose results are tensors, also those of plain numbers, and that takes the one device."""

    @wraps(f)
    def function(*args: Any, **keywords: Any) -> Any:
        on_cpu(keywords.pop("device", None))
        return made_tensors(f(*args, **keywords))

    return function


def on_numbers(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of NumPy's, of the numbers of tensors, which may need no gradient; its results are tensors."""

    @wraps(f)
    def function(*args: Any, **keywords: Any) -> Any:
        on_cpu(keywords.pop("device", None))
        return made_tensors(f(*map(numbers, args), **{name: numbers(x) for name, x in keywords.items()}))

    return function


def on_dtypes(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a question about dtypes that takes tensors too."""

    @wraps(f)
    def question(*args: Any, **keywords: Any) -> Any:
        return f(*(x.dtype if isinstance(x, Tensor) else x for x in args), **keywords)

    return question


def numbers(x: Any) -> Any:
    """Return the numbers of a tensor. Raises DTypeError where a gradient would be lost."""
    if not isinstance(x, Tensor):
        return x
    return np.asarray(x.detach() if x.dtype.kind not in "fc" else x)


def made_tensors(z: Any) -> Any:
    """Return arrays and numbers of NumPy's as tensors, in tuples too."""
    if isinstance(z, (np.ndarray, np.generic)):
        return Tensor(z, requires_grad=False)
    if isinstance(z, (list, tuple)):
        parts = [made_tensors(x) for x in z]
        return type(z)(*parts) if hasattr(z, "_fields") else type(z)(parts)
    return z
