"""The tree of errors that this package raises on purpose.

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

from .printable import printable


class TinygradEduError(Exception):
    """The root of every error that this package raises on purpose.

    Its message may name what stood in a file or a label: that is shown, and cannot act on a terminal.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(printable(str(message), keep="\n\t"))


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
