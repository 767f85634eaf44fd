"""Write numpy_api/__init__.pyi from the table of operations: `python docs/stubs.py`.

A row becomes a public function when it is made, which a type checker cannot see; the stub says it. The suite compares
the stub with what this program would write.
"""

from __future__ import annotations

from pathlib import Path

from tinygrad_edu import numpy_api
from tinygrad_edu.core.op import TABLE

STUB = Path(numpy_api.__file__).with_suffix(".pyi")
HEAD = """\
# Written by `python docs/stubs.py` from the table of operations; do not edit.
from typing import Any, overload

from numpy.typing import ArrayLike, NDArray

from ..core.op import Op
from ..core.tensor import Tensor
from ..core.value import Value
from . import fft as fft
from . import linalg as linalg
"""
UNARY = """
class _Unary(Op):
    @overload
    def __call__(self, x: Value, /, **params: Any) -> Value: ...
    @overload
    def __call__(self, x: Tensor, /, **params: Any) -> Tensor: ...
    @overload
    def __call__(self, x: float, /, **params: Any) -> float: ...
    @overload
    def __call__(self, x: ArrayLike, /, **params: Any) -> NDArray[Any]: ...
"""
BINARY = """
class _Binary(Op):
    @overload
    def __call__(self, x: Value, y: Value | float, /, **params: Any) -> Value: ...
    @overload
    def __call__(self, x: float, y: Value, /, **params: Any) -> Value: ...
    @overload
    def __call__(self, x: Tensor, y: Tensor | ArrayLike, /, **params: Any) -> Tensor: ...
    @overload
    def __call__(self, x: ArrayLike, y: Tensor, /, **params: Any) -> Tensor: ...
    @overload
    def __call__(self, x: float, y: float, /, **params: Any) -> float: ...
    @overload
    def __call__(self, x: ArrayLike, y: ArrayLike, /, **params: Any) -> NDArray[Any]: ...
"""


def stub() -> str:
    """Return the text of the stub."""
    modules = sorted(module.__name__.rpartition(".")[2] for module in numpy_api.MODULES)
    rows = sorted(name for name in numpy_api.__all__ if getattr(numpy_api, name) is TABLE.get(name))
    kinds = {0: "Op", 1: "_Unary", 2: "_Binary"}
    return "".join(
        [
            HEAD,
            *(f"from .{module} import *\n" for module in modules),
            UNARY,
            BINARY,
            "\n",
            *(f"{name}: {kinds[operands(name)]}\n" for name in rows),
        ]
    )


def operands(name: str) -> int:
    """Return how many operands a row's formula shows, or 0 for another number than one or two."""
    n = TABLE[name].text.count("{}")
    return n if n in (1, 2) else 0


if __name__ == "__main__":
    STUB.write_text(stub())
