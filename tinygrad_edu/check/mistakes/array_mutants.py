"""Mistakes of arrays: the wrong axis, slice or transpose, repeated indices, the geometry of a convolution.

Each is another rule for one operand of one node.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...core.node import Node
from ...core.types import Rule
from ...ops.indexing import numpy_index
from ...symbolic.layers import MATRIX_PRODUCTS, leaf_of
from ..replay.run import Edge, Instead, Recording
from .mutant import Mutant, changed_rule, kept_in, rolled, swapped

CONVOLUTIONS = frozenset(("conv2d", "affine_conv2d"))
POOLS = frozenset(("max_pool2d", "sum_pool2d"))
FEW_WINDOWS = 64  # of an image: with more of them, those that overlap are not put back one by one
STAND_INS = 12  # other quantities that are tried in place of the right one


def mutants_of_arrays(recording: Recording, z: Node) -> Iterator[Mutant]:
    """Yield the mistakes of arrays that an operation leaves room for."""
    assert z.op is not None
    for edge in recording.edges[z]:
        if z.op.name in ("softmax", "log_softmax"):
            yield from of_axes(z, edge)
        elif z.op.name == "getitem":
            yield from of_indices(z, edge)
        elif z.op.name in MATRIX_PRODUCTS and edge[1] < 2:
            yield from of_transposes(z, edge)
        elif z.op.name in CONVOLUTIONS and edge[1] < 2:
            yield from of_convolution(z, edge)
        elif z.op.name == "multiply" and np.ndim(z._data):
            yield from of_factors(recording, z, edge)
        if z.op.name in CONVOLUTIONS | POOLS and edge[1] < 2 and np.prod(z._data.shape[-2:]) <= FEW_WINDOWS:
            yield from of_windows(z, edge)
        if z.op.elementwise and np.ndim(z._data) > 1:
            yield from of_counts(z, edge)


def of_axes(z: Node, edge: Edge) -> Iterator[Mutant]:
    """Yield the sum in the rule of a softmax taken along another axis."""
    assert z.op is not None
    right = z.op.rules[0]
    axis = z.params.get("axis", -1) % np.ndim(z._data)
    for other in range(np.ndim(z._data)):
        if other != axis:
            yield Mutant(38, f"the sum along axis {other} in place of {axis}", z, {edge: rule_with_axis(right, other)})


def rule_with_axis(right: Rule, axis: int) -> Rule:
    """Return a rule that is told another axis."""
    return lambda g, z, x, **params: right(g, z, x, **params | {"axis": axis})


def of_indices(z: Node, edge: Edge) -> Iterator[Mutant]:
    """Yield what goes wrong where numbers are put back where they were picked: overwritten, or a place beside it."""
    assert z.op is not None
    right = z.op.rules[0]
    if len(z.inputs) > 1:
        yield Mutant(37, "what meets in one place overwritten (=) and not added up", z, {edge: overwriting})
    shape = np.shape(z.inputs[0]._data)
    for axis, length in enumerate(shape[:2]):
        for shift in (1, -1) if length > 2 else ():
            said = f"put back one place {'later' if shift > 0 else 'earlier'} along axis {axis}"
            yield Mutant(40, said, z, {edge: changed_rule(right, result=rolled(shift, axis))})


def overwriting(g: Any, _: Any, x: Any, *indices: Any, key: Any) -> Any:
    """Put numbers back where they were picked; of two for one place the last stays."""
    whole = np.zeros(np.shape(x))
    whole[numpy_index(key, indices)] = g
    return whole


def of_transposes(z: Node, edge: Edge) -> Iterator[Mutant]:
    """Yield square matrices transposed inside a product: the gradient arriving, or the other factor."""
    assert z.op is not None
    i = edge[1]
    right, other = z.op.rules[i], z.inputs[1 - i]
    if np.ndim(z._data) > 1 and z._data.shape[-1] == z._data.shape[-2] > 1:
        yield Mutant(39, "the gradient arriving transposed", z, {edge: changed_rule(right, g=swapped)})
    of_weights = any(leaf_of(x) is not None for x in z.inputs[:2])  # is row 20
    shape = np.shape(getattr(other, "_data", other))
    if not of_weights and len(shape) > 1 and shape[-1] == shape[-2] > 1:
        yield Mutant(
            39, "the other factor transposed once too often", z, {edge: changed_rule(right, operand=(1 - i, swapped))}
        )


def of_convolution(z: Node, edge: Edge) -> Iterator[Mutant]:
    """Yield a kernel turned round where it should not be, or not where it should, and a crop that is off by one."""
    assert z.op is not None
    i = edge[1]
    right = z.op.rules[i]
    if i == 1:
        yield Mutant(41, "the kernel's gradient turned by 180°", z, {edge: changed_rule(right, result=flipped)})
    else:
        yield Mutant(
            41, "the kernel not turned by 180° on the way back", z, {edge: changed_rule(right, operand=(1, flipped))}
        )
    for axis in (-2, -1):
        for shift in (1, -1):
            yield Mutant(
                41, "cropped or padded one pixel off", z, {edge: changed_rule(right, result=rolled(shift, axis))}
            )


def of_windows(z: Node, edge: Edge) -> Iterator[Mutant]:
    """Yield = for += in the loop over the windows of an image: where they overlap, or in the gradient of the kernel."""
    assert z.op is not None
    right = z.op.rules[edge[1]]
    if edge[1] == 0:
        said = "what overlapping windows give overwritten (=) and not added up"
        yield Mutant(37, said, z, {edge: window_by_window(right)})
        return
    for examples, said in ((slice(None), "the last window"), (slice(-1, None), "the last window of the last image")):
        yield Mutant(
            37,
            f"{said} alone: overwritten (=) and not added up",
            z,
            {edge: changed_rule(right, g=kept_in((examples, ..., -1, -1)))},
        )


def window_by_window(right: Rule) -> Rule:
    """Return a rule that puts back what each window gives, row by row, where the last one stays."""

    def rule(g: Any, *args: Any, **params: Any) -> Any:
        whole = None
        for place in np.ndindex(g.shape[-2:]):
            part = np.asarray(right(kept_in((..., *place))(g), *args, **params))
            whole = part if whole is None else np.where(part != 0, part, whole)
        return whole

    return rule


def flipped(x: Any) -> Any:
    """Turn images round in both directions."""
    return np.flip(x, (-2, -1))


def of_factors(recording: Recording, z: Node, edge: Edge) -> Iterator[Mutant]:
    """Yield another quantity of the same shape in place of the one that a parameter is multiplied with: x for x̂."""
    assert z.op is not None
    i = edge[1]
    other = z.inputs[1 - i]
    if z.inputs[i].op is not None or np.shape(getattr(other, "_data", other)) != np.shape(z._data):
        return
    alike = [
        x for x in recording.order if np.shape(x._data) == np.shape(z._data) and x.born < z.born and x is not other
    ]
    for x in alike[-STAND_INS:]:
        yield Mutant(43, f"{x.title} in its place", z, {edge: Instead(z.op.rules[i], 1 - i, x)})


def of_counts(z: Node, edge: Edge) -> Iterator[Mutant]:
    """Yield what was repeated along an axis counted once there, and not as often as it was used."""
    assert z.op is not None
    shape = np.shape(z.inputs[edge[1]]._data)
    if len(shape) != np.ndim(z._data):
        return
    for axis, (mine, whole) in enumerate(zip(shape, z._data.shape, strict=True)):
        if mine == 1 < whole:
            yield Mutant(44, "counted once, and not for every use", z, {edge: once(z.op.rules[edge[1]], axis)})


def once(right: Rule, axis: int) -> Rule:
    """Return a rule that keeps, of the numbers along an axis, the largest instead of their sum."""

    def rule(*args: Any, **params: Any) -> Any:
        share = np.asarray(right(*args, **params))
        place = np.argmax(np.abs(share), axis=axis, keepdims=True)
        return np.take_along_axis(share, place, axis)

    return rule
