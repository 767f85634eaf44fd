"""Write the stubs of the public functions and of the methods of nodes, for type checkers: `python docs/stubs.py`.

A row becomes a function and a method when it is made, which a type checker cannot see, and a function made of rows
returns the kind that it was given, which its own annotations do not say. The suite compares the stubs with what this
program would write, and calls every function to see that its types are true.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

from tinygrad_edu import numpy_api
from tinygrad_edu.core import operators
from tinygrad_edu.core.op import Op
from tinygrad_edu.nn import functional

FIRST = "# Written by `python docs/stubs.py`; do not edit.\n"
FUNCTIONS = """\
from collections.abc import Sequence
from typing import Any, overload

from {up}core.tensor import Tensor
"""
PACKAGE = """\
from numpy.typing import ArrayLike, NDArray

from ..core.op import Op
from ..core.value import Value
from . import fft as fft
from . import linalg as linalg
from .ranges import c_ as c_
from .ranges import r_ as r_
"""
ALIASES = """\

Axis = int | tuple[int, ...] | None
Norm = str | None
"""
ROWS = """
class _Unary(Op):
    @overload
    def __call__(self, x: Value, /, **params: Any) -> Value: ...
    @overload
    def __call__(self, x: Tensor, /, **params: Any) -> Tensor: ...
    @overload
    def __call__(self, x: float, /, **params: Any) -> float: ...
    @overload
    def __call__(self, x: ArrayLike, /, **params: Any) -> NDArray[Any]: ...

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

import numpy as np
from numpy.typing import NDArray

from .node import Node
from .op import Op

Constant = complex | np.number[Any] | np.bool_ | NDArray[Any] | list[Any] | tuple[Any, ...]

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
    def __divmod__(self, other: Self | Constant) -> tuple[Self, Self]: ...
    def __rdivmod__(self, other: Self | Constant) -> tuple[Self, Self]: ...
"""
SEQUENCES = {"arrays", "tup"}  # what NumPy calls operands that are a list of arrays
SETTINGS = {  # parameters that must be given and are no operands
    *(
        "axes",
        "axis",
        "condition",
        "destination",
        "dtype",
        "indices",
        "indices_or_sections",
        "kernel_size",
        "kth",
        "labels",
    ),
    *(
        "args",
        "normalized_shape",
        "obj",
        "output_size",
        "pad",
        "pad_width",
        "repeats",
        "reps",
        "shape",
        "shift",
        "source",
    ),
}
BY_FLAG = {"average", "linspace", "qr", "svd"}  # the number of results depends on a flag: `Any`
BY_VALUE = {  # a tensor among the operands need not make the result one: whole numbers are arrays
    *("bincount", "choose", "digitize", "frexp", "full", "full_like", "gradient", "lstsq", "matrix_rank"),
}
ALONE = {"where": "def where(condition: Any, /) -> tuple[Any, ...]: ...\n"}  # what a call without the rest returns
ONE_OR_MORE = {"atleast_1d", "atleast_2d", "atleast_3d"}  # it depends on the number of operands


def stubs() -> dict[Path, str]:
    """Return the text of each stub."""
    linalg, fft = numpy_api.linalg, numpy_api.fft
    return {
        stub_of(operators): FIRST + methods(),
        stub_of(numpy_api): FIRST + FUNCTIONS.format(up="..") + PACKAGE + ALIASES + ROWS + functions(numpy_api),
        stub_of(linalg): FIRST + FUNCTIONS.format(up="...") + results(linalg) + functions(linalg),
        stub_of(fft): FIRST + FUNCTIONS.format(up="...") + ALIASES + functions(fft),
        stub_of(functional): FIRST + FUNCTIONS.format(up="..") + rows(functional) + functions(functional),
    }


def stub_of(module: ModuleType) -> Path:
    """Return where the stub of a module stands."""
    return Path(str(module.__file__)).with_suffix(".pyi")


def methods() -> str:
    """Return the stub of the operators and methods of nodes."""
    lines = [OPERATORS]
    for name in operators.OPERATORS:
        operand = "" if name in operators.UNARY else ", other: Self | Constant"
        if name in ("__eq__", "__ne__"):  # `object` promises a bool
            lines.append(f"    def {name}(self, other: object) -> Any: ...\n")
        else:
            lines.append(f"    def {name}(self{operand}) -> Self: ...\n")
    lines += [f"    def {name}(self) -> Self: ...\n" for name in operators.METHODS]
    return "".join(lines)


def functions(module: ModuleType) -> str:
    """Return the stubs of the public functions of a module, and of its rows where they belong to it."""
    lines = ["\n"]
    kinds = {0: "Op", 1: "_Unary", 2: "_Binary"}
    for name in sorted(module.__all__):
        f = getattr(module, name)
        if isinstance(f, Op) and module is numpy_api:
            lines.append(f"{name}: {kinds[operands(f)]}\n")
        elif inspect.isfunction(f):
            lines += overloads(name, f)
    return "".join(lines)


def operands(row: Op) -> int:
    """Return how many operands a row's formula shows, or 0 for another number than one or two."""
    return row.slots if row.slots in (1, 2) else 0


def results(module: ModuleType) -> str:
    """Return the imports of the named tuples that functions of a module return."""
    found = {}
    for name in module.__all__:
        f = getattr(module, name)
        kind = f.__globals__.get(inspect.signature(f).return_annotation)
        if isinstance(kind, type) and kind is not Any:
            found[kind.__name__] = kind.__module__.rpartition(".")[2]
    return "".join(f"from .{home} import {kind}\n" for kind, home in sorted(found.items(), key=lambda pair: pair[::-1]))


def rows(module: ModuleType) -> str:
    """Return the imports of the rows that a module passes on."""
    names = sorted(name for name in module.__all__ if isinstance(getattr(module, name), Op))
    return "".join(f"from ..numpy_api import {name} as {name}\n" for name in names)


def overloads(name: str, f: Any) -> list[str]:
    """Return the signatures of a function: with a tensor in place of each operand, and with none."""
    given = inspect.signature(f)
    parameters, returned = list(given.parameters.values()), given.return_annotation
    general = signature(name, parameters, returned)
    if "Any" not in returned or name in BY_FLAG | BY_VALUE:
        return [general]
    found = [ALONE[name]] if name in ALONE else []
    for p in parameters:
        if p.annotation == "Any" and p.default is p.empty and p.kind is not p.VAR_KEYWORD and p.name not in SETTINGS:
            kind = "Tensor"
            if p.name in SEQUENCES:
                kind = "Tensor | Sequence[Tensor]"
            elif p.kind is p.VAR_POSITIONAL and name not in ONE_OR_MORE:
                kind = "Tensor | complex | str"
            operand = p.replace(annotation=kind, kind=p.POSITIONAL_ONLY if name in ONE_OR_MORE else p.kind)
            tensor = [operand if q is p else q for q in parameters]
            found.append(signature(name, tensor, returned.replace("Any", "Tensor")))
    return [f"@overload\n{each}" for each in (*found, general)] if found else [general]


def signature(name: str, parameters: list[inspect.Parameter], returned: str) -> str:
    """Return a definition without a body."""
    shown = [p.replace(annotation=p.annotation.replace("Rng", "Any")) for p in parameters]
    whole = str(inspect.Signature([p if p.default is p.empty else p.replace(default=...) for p in shown]))
    return f"def {name}{whole.replace(chr(39), '').replace('Ellipsis', '...')} -> {returned}: ...\n"


if __name__ == "__main__":
    for path, text in stubs().items():
        path.write_text(text)
