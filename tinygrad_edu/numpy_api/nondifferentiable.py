"""NumPy's functions without a derivative: rounding, comparisons, searches. Their results are constants.

Those of one operand and one result are rows, so that a replayed program computes them again; the others are NumPy's
own, called on the numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.dispatch import REFUSED, implements
from ..core.node import Node, data_of
from ..core.tensor import Tensor
from ..errors import DTypeError
from ..errors.where import users_line
from ..ops import arithmetic, shapes
from .arguments import cast, dtype_of, given, refuse_out

__all__ = ["empty_like", "fix", "ones_like", "round", "zeros_like"]


def by_numbers(*functions: Any) -> None:
    """Let NumPy itself answer from the numbers of a tensor."""

    def answering(function: Any) -> Callable[..., Any]:
        def answer(*args: Any, **keywords: Any) -> Any:
            if getattr(keywords.get("weights"), "requires_grad", False):
                raise DTypeError(
                    f"np.{function.__name__}: weights= would be cut out of their graph; use np.bincount of the places "
                    f"that np.digitize finds (at {users_line()})"
                )
            return function(*map(plain_numbers, args), **{k: plain_numbers(v) for k, v in keywords.items()})

        return answer

    for function in functions:
        implements(function)(answering(function))


def by_shape(*functions: Any) -> None:
    """Answer functions that look at shapes and dtypes only, also of nodes whose numbers differ from call to call."""

    def answering(function: Any) -> Any:
        return lambda *args, **keywords: function(*map(outline, args), **keywords)

    for function in functions:
        implements(function)(answering(function))


def outline(x: Any) -> Any:
    """Return an array of a node's shape and dtype, which takes no memory; anything else as it is."""
    if not isinstance(x, Node):
        return x
    return np.broadcast_to(np.zeros((), getattr(x._data, "dtype", float)), np.shape(x._data))


def plain_numbers(x: Any) -> Any:
    """Return a node's numbers, in lists too."""
    return type(x)(map(plain_numbers, x)) if type(x) in (list, tuple) else data_of(x)


by_shape(np.shape, np.ndim, np.size, np.result_type, np.iscomplexobj, np.isrealobj, np.common_type)
by_numbers(np.can_cast, np.min_scalar_type)
by_numbers(np.allclose, np.array_equal, np.array_equiv, np.may_share_memory, np.shares_memory)
by_numbers(np.nonzero, np.flatnonzero, np.argwhere, np.lexsort, np.isin, np.histogram, np.histogram2d)
by_numbers(np.histogramdd, np.histogram_bin_edges, np.array2string, np.array_repr, np.array_str, np.isclose)
by_numbers(np.iscomplex, np.isreal, np.unravel_index, np.ravel_multi_index)
by_numbers(np.gcd, np.lcm, np.isnat, np.spacing, np.bitwise_count)
by_numbers(np.isposinf, np.isneginf, np.einsum_path, np.ix_, np.diag_indices_from, np.tril_indices_from)
by_numbers(np.triu_indices_from)


@implements(np.round, np.around)
def round(a: Any, decimals: int = 0, out: Any = None) -> Any:
    """Round to so many decimals, halves to even; its gradient is 0."""
    refuse_out("round", out)
    a = given(a)
    whole = dtype_of(a).kind in "iu"
    if decimals == 0 or (whole and decimals > 0):
        return arithmetic.positive(a) if whole else arithmetic.rint(a)
    if decimals > 0:
        return arithmetic.rint(a * 10.0**decimals) / 10.0**decimals
    z = arithmetic.rint(a / 10.0**-decimals) * 10.0**-decimals
    return cast(z, dtype_of(a)) if whole else z


@implements(np.fix)
def fix(x: Any, out: Any = None) -> Any:
    """Round towards zero; its gradient is 0."""
    refuse_out("fix", out)
    return arithmetic.trunc(x)


def constants(make: Callable[..., np.ndarray[Any, Any]]) -> Callable[..., Any]:
    """Return a function that makes a constant tensor of the shape of another, which may then be filled bit by bit."""

    def function(
        a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device: Any = None
    ) -> Any:
        numbers = make(shapes.shape(given(a)) if shape is None else shape, dtype_of(a) if dtype is None else dtype)
        return Tensor(numbers, requires_grad=False) if isinstance(a, Tensor) else numbers

    function.__doc__ = f"Return the {make.__name__} of the shape of `a`; a tensor of constants where `a` is a tensor."
    return function


zeros_like = implements(np.zeros_like)(constants(np.zeros))
ones_like = implements(np.ones_like)(constants(np.ones))
empty_like = implements(np.empty_like)(constants(np.zeros))


SETS = [np.unique, np.unique_all, np.unique_counts, np.unique_inverse, np.unique_values]
SETS += [np.intersect1d, np.setdiff1d, np.setxor1d, np.union1d]
IN_PLACE = "it writes into its operand; use t[index] = y, or tinygrad_edu.where"
CALLS_BACK = "it calls a function on bare arrays, so the graph would be lost; call the function on the tensor itself"
REFUSED.update(
    {
        np.copyto: "it writes into an array, or repeats a tensor in np.full; use tinygrad_edu.full",
        np.put: IN_PLACE,
        np.putmask: IN_PLACE,
        np.place: IN_PLACE,
        np.put_along_axis: IN_PLACE,
        np.fill_diagonal: IN_PLACE,
        np.resize: "use np.tile and slicing",
        np.apply_along_axis: CALLS_BACK,
        np.apply_over_axes: CALLS_BACK,
        np.piecewise: "use tinygrad_edu.where or np.select, whose branches are tensors",
        np.save: "use tinygrad_edu.save, or .data",
        np.savez: "use tinygrad_edu.save, or .data",
        np.savez_compressed: "use tinygrad_edu.save, or .data",
        np.trim_zeros: "use a slice, so that the length does not depend on the numbers",
        np.poly: "multiply the factors with np.polymul",
        np.polydiv: "how long the remainder is depends on the numbers; solve for the coefficients",
        np.savetxt: "use .data",
        **dict.fromkeys(
            SETS, "which of several equal elements stays is open; use np.sort, or .data for the numbers alone"
        ),
        np.polyfit: "use np.linalg.lstsq(np.vander(x, degree + 1), y)",
        np.roots: "use np.linalg.eigvals of the companion matrix",
        np.sort_complex: "sort the real part or the absolute value",
    }
)
