"""Hooks: how a recorded program's calls and assignments reach the recorder.

NumPy tells an array subclass of most functions, but not of those that make arrays of lists, nor of Python's own
`float`, `math.exp` and the like. Those are replaced here, by what they are.
"""

from __future__ import annotations

import builtins
import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from .recorder import Name, ProgramRecorder
from .rewrite import ASSIGNED, CALLED
from .shadow import Shadow, plain_tree

# Functions that would return plain numbers, and the NumPy function that computes the same.
_SAME = "exp log log2 log10 log1p expm1 sqrt sin cos tan sinh cosh tanh fabs hypot"
_OTHER = {"pow": "power", "atan": "arctan", "asin": "arcsin", "acos": "arccos", "atan2": "arctan2"}
ELEMENTWISE: dict[Any, Callable[..., Any]] = {
    **{getattr(math, name): getattr(np, name) for name in _SAME.split()},
    **{getattr(math, name): getattr(np, other) for name, other in _OTHER.items()},
    builtins.float: np.positive,
    np.float64: np.positive,
}
COPIES = {np.array, np.asarray, np.ascontiguousarray, np.asfortranarray, np.matrix}
LIKE = {np.zeros_like, np.ones_like, np.empty_like, np.full_like}


class Hooks:
    """The hooks of one recorded run. numbers: whether single numbers that are assigned are recorded too."""

    def __init__(self, recorder: ProgramRecorder, numbers: bool = True) -> None:
        self.recorder, self.numbers = recorder, numbers

    def namespace(self) -> dict[str, Any]:
        """Return the names under which the program calls them."""
        return {CALLED: self.called, ASSIGNED: self.assigned}

    def called(self, f: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a function for the program, and record what comes back."""
        recorder = self.recorder
        try:
            special = f in ELEMENTWISE or f in COPIES or f in LIKE or f in BUILTINS
        except TypeError:
            special = False
        if special and holds_shadow(args):
            if f in BUILTINS:
                return BUILTINS[f](*args, **kwargs)
            if f in ELEMENTWISE:
                return recorder.call(ELEMENTWISE[f], args, {})
            if f in COPIES:
                return self.array(f, *args, **kwargs)
            return recorder.leaf(f(*plain_tree(args), **kwargs))
        if isinstance(f, types.FunctionType) and f.__code__.co_filename == recorder.filename:
            self.entries(f.__code__, args)
        result = f(*args, **kwargs)
        return self.wrapped(result)

    def entries(self, code: types.CodeType, args: tuple[Any, ...]) -> None:
        """Note the names by which a function can reach what is in the dicts that it is called with."""
        for name, x in zip(code.co_varnames[: code.co_argcount], args, strict=False):
            for key, part in x.items() if type(x) is dict else ():
                if isinstance(part, Shadow) and isinstance(key, str):
                    self.recorder.read(part).names.append(Name(f'{name}["{key}"]', code.co_firstlineno))

    def wrapped(self, result: Any) -> Any:
        """Return a result with arrays of numbers in it that remember."""
        if type(result) is np.ndarray and result.dtype.kind in "fb":
            return self.recorder.leaf(result)
        if isinstance(result, np.floating):
            return self.recorder.leaf(result) if self.numbers else result
        if type(result) is tuple:
            return tuple(self.wrapped(x) for x in result)
        return result

    def array(self, f: Any, x: Any, dtype: Any = None, **kwargs: Any) -> Any:
        """Carry out `np.array` and its kin on what may hold recorded arrays."""
        if isinstance(x, Shadow) and f is not np.array and dtype is None:
            return x
        made = self.recorder.array(x)
        if dtype is not None and np.dtype(dtype).kind != made.dtype.kind:
            made = made.astype(dtype)
        least = kwargs.get("ndmin", 0) - made.ndim
        return made.reshape((1,) * least + made.shape) if least > 0 else made

    def assigned(self, value: Any, names: Any) -> Any:
        """Note the names that a value gets."""
        line = self.recorder.lines()[:1]
        for name in names:
            value = self.named(value, name, line[0] if line else 0)
        return value

    def named(self, value: Any, name: Any, line: int) -> Any:
        """Note one name, or the names within a tuple or a dict."""
        if isinstance(name, list):
            if type(value) in (tuple, list) and len(value) == len(name):
                return type(value)([self.named(x, n, line) for x, n in zip(value, name, strict=True)])
            return value
        if isinstance(name, dict):
            return {key: self.named(x, name.get(key) or str(key), line) for key, x in value.items()}
        number = type(value) in (float, np.float64) and self.numbers
        if line and (number or (type(value) is np.ndarray and value.dtype.kind in "fb")):
            value = self.recorder.leaf(value)
        if isinstance(value, Shadow):
            self.recorder.read(value).names.append(Name(name, line))
        return value


def holds_shadow(tree: Any) -> bool:
    """Tell whether recorded arrays are among arguments."""
    if isinstance(tree, Shadow):
        return True
    return isinstance(tree, (list, tuple)) and any(holds_shadow(x) for x in tree)


BUILTINS: dict[Any, Callable[..., Any]] = {math.fsum: sum}  # whose like is recorded by its additions
