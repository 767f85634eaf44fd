"""Write the stubs of what is made from the table of operations, for type checkers: `python docs/stubs.py`.

A row becomes a public function and a method when it is made, which a type checker cannot see; the stubs say it. The
suite compares them with what this program would write.
"""

from __future__ import annotations

from pathlib import Path

from tinygrad_edu import numpy_api
from tinygrad_edu.core import operators
from tinygrad_edu.core.op import TABLE

FIRST = "# Written by `python docs/stubs.py` from the table of operations; do not edit.\n"
HEAD = """\
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


OPERATORS = """\
from collections.abc import Callable
from typing import Any, Self

from numpy.typing import ArrayLike

from .node import Node
from .op import Op

UNARY: dict[str, Op]
COMPARISONS: dict[str, Op]
BINARY: dict[str, Op]
REFLECTED: dict[str, Op]
OPERATORS: dict[str, Op]
METHODS: dict[str, Op]

def unary(name: str, op: Op) -> Callable[[Any], Any]: ...
def binary(name: str, op: Op) -> Callable[[Any, Any], Any]: ...
def reflected(name: str, op: Op) -> Callable[[Any, Any], Any]: ...
def documented(method: Callable[..., Any], name: str, op: Op) -> Callable[..., Any]: ...

class Operators(Node):
    def __divmod__(self, other: Self | ArrayLike) -> tuple[Self, Self]: ...
"""


def stubs() -> dict[Path, str]:
    """Return the text of each stub."""
    return {
        Path(numpy_api.__file__).with_suffix(".pyi"): FIRST + functions(),
        Path(operators.__file__).with_suffix(".pyi"): FIRST + methods(),
    }


def methods() -> str:
    """Return the stub of the operators and methods of nodes."""
    lines = [OPERATORS]
    for name in operators.OPERATORS:
        operand = "" if name in operators.UNARY else ", other: Self | ArrayLike"
        if name in ("__eq__", "__ne__"):  # `object` promises a bool
            lines.append(f"    def {name}(self, other: object) -> Any: ...\n")
        else:
            lines.append(f"    def {name}(self{operand}) -> Self: ...\n")
    lines += [f"    def {name}(self) -> Self: ...\n" for name in operators.METHODS]
    return "".join(lines)


def functions() -> str:
    """Return the stub of the public functions."""
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
    for path, text in stubs().items():
        path.write_text(text)
