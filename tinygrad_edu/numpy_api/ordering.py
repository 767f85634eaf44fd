"""NumPy's sorting, order statistics, and searching in sorted arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dispatch import implements
from ..core.node import data_of
from ..ops import compare, ordering, shapes
from ..ops import reductions as rows
from .arguments import cast, dtype_of, flag, float_of, given, normalize_axes, refuse, refuse_out
from .selecting import take, take_along_axis
from .shaping import array_and_axis, expand_dims, moveaxis, reshape

__all__ = [
    "argpartition", "argsort", "digitize", "median", "nanmedian", "nanpercentile", "nanquantile", "partition",
    "percentile", "quantile", "searchsorted", "sort",
]  # fmt: skip

Axis = int | tuple[int, ...] | None


def sort_keywords(name: str, kind: Any, order: Any, stable: Any) -> None:
    """Accept any `kind` and `stable`, as the sort here is stable; refuse `order`, which is for records."""
    refuse(name, "records cannot be tensors", order=order)


@implements(np.sort)
def sort(
    a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None, descending: Any = None
) -> Any:
    """Put the elements along an axis in order; the gradient goes back to where each came from."""
    sort_keywords("sort", kind, order, stable)
    x, axis = array_and_axis(a, axis)
    return take_along_axis(x, argsort(x, axis, descending=descending), axis)


@implements(np.argsort)
def argsort(
    a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None, descending: Any = None
) -> Any:
    """Return the positions that put an axis in order, the smallest first or the largest; equals keep theirs."""
    sort_keywords("argsort", kind, order, stable)
    falling = {"descending": True} if flag(descending) else {}
    x, axis = array_and_axis(a, axis)
    return ordering.argsort(x, axis=axis, **falling)


@implements(np.partition)
def partition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None) -> Any:
    """Put the kth element where it belongs in order, the smaller before it and the larger behind."""
    sort_keywords("partition", kind, order, None)
    x, axis = array_and_axis(a, axis)
    return take_along_axis(x, ordering.argpartition(x, kth=kth, axis=axis, kind=kind), axis)


@implements(np.argpartition)
def argpartition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None) -> Any:
    """Return positions that put the kth element where it belongs in order."""
    sort_keywords("argpartition", kind, order, None)
    x, axis = array_and_axis(a, axis)
    return ordering.argpartition(x, kth=kth, axis=axis, kind=kind)


@implements(np.searchsorted)
def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    """Return where `v` would be inserted into the ordered `a`."""
    x = given(a) if sorter is None else take(a, sorter)
    return ordering.searchsorted(x, given(v), side=side)


@implements(np.digitize)
def digitize(x: Any, bins: Any, right: bool = False) -> Any:
    """Return between which of the bounds `bins` each element lies."""
    return np.digitize(data_of(given(x)), data_of(given(bins)), right)


# Order statistics ----------------------------------------------------------------------------------------------


def lined_up(a: Any, axis: Axis) -> Any:
    """Return an array with the axes to reduce as one, the last."""
    x = given(a)
    axes = normalize_axes(axis, len(shapes.shape(x)))
    x = moveaxis(x, axes, range(-len(axes), 0))
    keep = len(shapes.shape(x)) - len(axes)
    return reshape(x, (*shapes.shape(x)[:keep], int(np.prod(shapes.shape(x)[keep:], dtype=int))))


def order_statistic(x: Any, place: Any, kind: Any) -> Any:
    """Return the elements at places, which may lie between two, of the last axis put in order. Ties share.

    kind: the dtype in which to weigh two elements.
    """
    low = np.floor(place).astype(np.intp)
    high = np.ceil(place).astype(np.intp)
    z = ordering.kth_smallest(x, low, axis=-1)
    if np.any(high != low):
        weight = np.asarray(place - low, kind)
        above = ordering.kth_smallest(x, high, axis=-1)
        z = compare.where(weight == 0, z, z + (above - z) * weight)
    return z if kind is None else cast(z, kind)


DISCRETE = ("inverted_cdf", "closest_observation", "lower", "higher", "nearest")


def quantile_dtype(x: Any, q: Any, method: str) -> Any:
    """Return the dtype of quantiles: None if elements are only picked, else one wide enough for them and for q."""
    if method in DISCRETE:
        return None
    return float_of(x) if type(q) in (int, float) else np.result_type(float_of(x), np.asarray(q).dtype)


@implements(np.median)
def median(a: Any, axis: Axis = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
    """Return the middle element in order along axes, or the mean of the middle two."""
    refuse_out("median", out)
    return quantiles(a, 0.5, axis, "linear", keepdims)


@implements(np.quantile)
def quantile(
    a: Any,
    q: Any,
    axis: Axis = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: Any = "linear",
    keepdims: Any = False,
    *,
    weights: Any = None,
) -> Any:
    """Return the element that a share q of all precede in order along axes, by any of NumPy's methods."""
    refuse_out("quantile", out)
    refuse("quantile", "sort, and use the cumulated weights", weights=weights)
    return quantiles(real_only("quantile", a), q, axis, method, keepdims)


def quantiles(a: Any, q: Any, axis: Axis, method: Any, keepdims: Any) -> Any:
    """Compute `quantile`, also of truth values and of complex numbers, which NumPy has medians of."""
    x = lined_up(as_numbers(a), axis)
    # NumPy's own function, asked about the places 0, 1, 2 … instead of the elements there, says which are meant
    place: Any = np.quantile(np.arange(shapes.shape(x)[-1], dtype=float), data_of(q), method=method)
    parts = [
        order_statistic(x, np.full((*shapes.shape(x)[:-1], 1), p), quantile_dtype(x, q, method))
        for p in np.ravel(place)
    ]
    whole = quantiles_first(parts, np.shape(place))
    if dtype_of(x).kind in "fc":
        whole = compare.where(rows.any(compare.isnan(x), axis=-1), np.nan, whole)
    return with_axes(whole, a, axis, np.ndim(place)) if flag(keepdims) else whole


def real_only(name: str, a: Any) -> Any:
    """Return an array of real numbers. Raises TypeError, as NumPy does, for complex numbers and truth values."""
    x = given(a)
    if dtype_of(x).kind in "bc":
        kind = "truth values lie" if dtype_of(x).kind == "b" else "complex numbers lie"
        raise TypeError(f"{name}: no {kind} between two others; use numbers of x.astype(float), or absolute values")
    return x


def as_numbers(a: Any) -> Any:
    """Return an array, truth values as floating-point numbers."""
    x = given(a)
    return shapes.astype(x, dtype=float) if dtype_of(x).kind == "b" else x


def quantiles_first(parts: list[Any], shape: tuple[int, ...]) -> Any:
    """Return one result per q, which have lost their last axis, with the axes of q in front."""
    rest = shapes.shape(parts[0])[:-1]
    return reshape(shapes.concatenate(*(reshape(x, (1, *rest)) for x in parts), axis=0), (*shape, *rest))


def with_axes(z: Any, a: Any, axis: Axis, leading: int) -> Any:
    """Return a reduction with the axes that it lost, behind those of q."""
    return expand_dims(z, tuple(leading + k for k in normalize_axes(axis, len(shapes.shape(given(a))))))


def hundredth(a: Any, q: Any) -> Any:
    """Return q percent as a share, in the dtype that NumPy computes it in."""
    return np.true_divide(data_of(q), float_of(a).type(100))


@implements(np.percentile)
def percentile(a: Any, q: Any, *args: Any, **keywords: Any) -> Any:
    """Return the element that q percent of all precede in order along axes."""
    return quantile(a, hundredth(a, q), *args, **keywords)


@implements(np.nanquantile)
def nanquantile(
    a: Any,
    q: Any,
    axis: Axis = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: Any = "linear",
    keepdims: Any = False,
    *,
    weights: Any = None,
) -> Any:
    """Return the quantile of the elements that are not NaN."""
    refuse_out("nanquantile", out)
    refuse("nanquantile", "sort, and use the cumulated weights", weights=weights)
    return nanquantiles(real_only("nanquantile", a), q, axis, method, keepdims)


def nanquantiles(a: Any, q: Any, axis: Axis, method: Any, keepdims: Any) -> Any:
    """Compute `nanquantile`, also of truth values and of complex numbers."""
    x = lined_up(as_numbers(a), axis)
    counts = np.sum(~np.isnan(data_of(x)), axis=-1)
    share = np.asarray(data_of(q))
    parts = []
    for p in share.ravel():
        places = np.zeros(counts.shape)
        for n in np.unique(counts[counts > 0]):  # NaN is sorted behind all numbers, so the places count from the front
            places[counts == n] = np.quantile(np.arange(n, dtype=float), p, method=method)
        parts.append(order_statistic(x, places[..., None], quantile_dtype(x, q, method)))
    whole = quantiles_first(parts, share.shape)
    return with_axes(whole, a, axis, share.ndim) if flag(keepdims) else whole


@implements(np.nanpercentile)
def nanpercentile(a: Any, q: Any, *args: Any, **keywords: Any) -> Any:
    """Return the percentile of the elements that are not NaN."""
    return nanquantile(a, hundredth(a, q), *args, **keywords)


@implements(np.nanmedian)
def nanmedian(a: Any, axis: Axis = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
    """Return the median of the elements that are not NaN."""
    refuse_out("nanmedian", out)
    return nanquantiles(a, 0.5, axis, "linear", keepdims)
