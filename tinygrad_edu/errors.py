"""What can go wrong, as a tree, and where in the user's program it went wrong.

Every error here is also the builtin that a caller would expect, so `except ValueError` keeps working:

    TinygradEduError
    ├── ShapeError (ValueError)              shapes that do not fit
    ├── DTypeError (TypeError)               data of a kind that cannot be used here
    ├── GradientError (RuntimeError)         a derivative that cannot be had as asked
    │   ├── StaleGraphError                  a leaf changed after a graph was built from it
    │   ├── NonScalarError                   backward() from more than one number
    │   ├── NotDifferentiableError           there is no derivative to give
    │   └── InplaceError                     an in-place change that would falsify a gradient
    ├── AnomalyError (FloatingPointError)    NaN or infinity, with the operation that made it
    ├── CompileError (RuntimeError)          a function that cannot be compiled as it is written
    ├── GradcheckError (AssertionError)      an automatic gradient differs from the numerical one
    ├── CheckpointError (ValueError)         a file that is not the model it should be
    └── FormulaError (ValueError)            text that cannot be read as a formula
"""

from __future__ import annotations

import os
import sys
import warnings
from types import CodeType, FrameType

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep


class Files(dict[str, bool]):
    """Whether a file is one of this package's, by name: asked for every tensor that is made."""

    def __missing__(self, name: str) -> bool:
        self[name] = name.startswith(_PACKAGE)
        return self[name]


ours = Files()


class TinygradEduError(Exception):
    """The root of every error that this package raises on purpose."""


class ShapeError(TinygradEduError, ValueError):
    """Shapes do not fit together."""


class DTypeError(TinygradEduError, TypeError):
    """Data is of a kind that cannot be used here."""


class GradientError(TinygradEduError, RuntimeError):
    """A derivative cannot be had as asked."""


class StaleGraphError(GradientError):
    """A leaf was assigned after a graph had been built from its old value."""


class NonScalarError(GradientError):
    """`backward()` was asked of more than one number without saying how to weigh them."""


class NotDifferentiableError(GradientError):
    """There is no derivative to give."""


class InplaceError(GradientError):
    """An in-place change would make a gradient wrong."""


class AnomalyError(TinygradEduError, FloatingPointError):
    """A NaN or an infinity appeared, and this is the operation that made it."""


class CompileError(TinygradEduError, RuntimeError):
    """A function cannot be compiled as it is written."""


class GradcheckError(TinygradEduError, AssertionError):
    """An automatic gradient differs from the numerical one."""


class CheckpointError(TinygradEduError, ValueError):
    """A file does not hold the model it should."""


class FormulaError(TinygradEduError, ValueError):
    """A text cannot be read as a formula; the message points at the column."""


class IndependentWarning(UserWarning):
    """A result does not depend on an input, so the derivative is zero."""


def users_frame(skip: int = 1) -> FrameType:
    """Return the innermost frame that runs the user's code, not this package's.

    skip: how many of the innermost frames are known to be this package's.
    """
    frame = sys._getframe(1 + skip)
    while ours[frame.f_code.co_filename] and (outer := frame.f_back) is not None:
        frame = outer
    return frame


def users_line() -> str:
    """Return `file:line` of the user's statement that is running now."""
    frame = users_frame()
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def line_of(code: CodeType | None, instruction: int) -> str:
    """Return `file:line` of an instruction, counted in bytes as in `frame.f_lasti`."""
    if code is None:
        return "an unknown line"
    line = code.co_firstlineno
    for start, stop, at in code.co_lines():
        if start <= instruction < stop and at is not None:
            line = at
    return f"{code.co_filename}:{line}"


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the user's line, where Python shows each warning once."""
    frame = users_frame()
    registry = frame.f_globals.setdefault("__warningregistry__", {})
    warnings.warn_explicit(message, category, frame.f_code.co_filename, frame.f_lineno, registry=registry)
