"""Canonical forms: two expressions with the same form compute the same function, however they were written.

A form is `coefficient * core`, its axes laid out by a `view`. Sums and products are flattened and sorted, quotients
and roots are powers, exp(a + b) is exp(a) * exp(b), and a sum hands out factors that are constant along its axes: so a
softmax has one form with and without a shift, and a mean has the form of a sum divided by n. Every rewriting is an
identity of real numbers, except that >= counts as > (forms say nothing of the points where two sides are equal).
Knows shapes and constants, and no other data.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...core.node import Node

MOST_TERMS = 8  # longer sums are neither flattened nor split by exp
View = tuple[int | None, ...]  # for each axis the core's axis that lies there; None where the length is 1
Term = tuple[int, View, float]  # of a sum: core, view, coefficient; of a product: core, view, exponent


class Form:
    """A number times a core, seen through a view. Arithmetic on forms gives forms."""

    __slots__ = ("algebra", "coefficient", "core", "view")

    def __init__(self, algebra: Algebra, coefficient: float, core: int, view: View) -> None:
        self.algebra = algebra
        self.coefficient = coefficient
        self.core = core
        self.view = view

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array that it stands for."""
        lengths = self.algebra.shapes[self.core]
        return tuple(1 if axis is None else lengths[axis] for axis in self.view)

    @property
    def key(self) -> tuple[Any, ...]:
        """The kind of its core and the parts of it."""
        return self.algebra.keys[self.core]

    def times(self, number: float) -> Form:
        """Return it multiplied by a number."""
        return Form(self.algebra, self.coefficient * number, self.core, self.view)

    def __add__(self, other: Any) -> Form:
        return self.algebra.sum([self, self.algebra.form(other)])

    def __sub__(self, other: Any) -> Form:
        return self.algebra.sum([self, self.algebra.form(other).times(-1)])

    def __rsub__(self, other: Any) -> Form:
        return self.algebra.form(other) - self

    def __mul__(self, other: Any) -> Form:
        return self.algebra.product([self, self.algebra.form(other)])

    def __truediv__(self, other: Any) -> Form:
        return self * self.algebra.form(other) ** -1

    def __rtruediv__(self, other: Any) -> Form:
        return self.algebra.form(other) * self**-1

    def __neg__(self) -> Form:
        return self.times(-1)

    def __pow__(self, exponent: float) -> Form:
        return self.algebra.power(self, exponent)

    def __gt__(self, other: Any) -> Form:
        return greater(self, self.algebra.form(other))

    __radd__, __rmul__ = __add__, __mul__


class Algebra:
    """The forms of one graph. Each core is a number: equal cores are the same number."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[Any, ...], int] = {}
        self.keys: list[tuple[Any, ...]] = []
        self.shapes: list[tuple[int, ...]] = []
        self.nodes: dict[Node, Form] = {}
        self.one = self.core(("one",), ())

    def core(self, key: tuple[Any, ...], shape: tuple[int, ...], coefficient: float = 1.0) -> Form:
        """Return the form of a core, which is made where it is new."""
        number = self.numbers.setdefault(key, len(self.keys))
        if number == len(self.keys):
            self.keys.append(key)
            self.shapes.append(shape)
        return Form(self, coefficient, number, tuple(None if n == 1 else k for k, n in enumerate(shape)))

    def form(self, x: Any) -> Form:
        """Return the form of an operand: a form, a node whose form is known, a number or an array."""
        if isinstance(x, Form):
            return x
        if isinstance(x, Node):
            return self.nodes[x]
        data = np.asarray(x)
        if data.dtype.kind in "biuf" and data.size and (data == data.flat[0]).all():  # a number, however often
            return Form(self, float(data.flat[0]), self.one.core, (None,) * data.ndim)
        sign = 1.0
        if data.dtype.kind in "biuf":
            data = data.astype(float)
            sign = -1.0 if np.any(data) and data.flat[np.flatnonzero(data)[0]] < 0 else 1.0
        return self.core(("constant", data.shape, data.dtype.str, (sign * data).tobytes()), data.shape, sign)

    def constant(self, form: Form) -> np.ndarray | None:
        """Return the array that a form stands for where it is a constant; None where it is not."""
        if form.core == self.one.core:
            return np.full(form.shape, form.coefficient)
        if form.key[0] != "constant" or form.view != self.core(form.key, form.key[1]).view:
            return None
        found: np.ndarray = form.coefficient * np.frombuffer(form.key[3], form.key[2]).reshape(form.key[1])
        return found

    def row(
        self, name: str, operands: Sequence[Form], params: Any, shape: tuple[int, ...], elementwise: bool = True
    ) -> Form:
        """Return the form of a row applied to forms."""
        if elementwise and len(operands) == 1:  # an element at a time: the axes lie as they did
            (x,) = operands
            lengths = self.shapes[x.core]
            inside = tuple(None if n == 1 else k for k, n in enumerate(lengths))
            found = self.core(("row", name, repr(params), ((to_12_digits(x.coefficient), x.core, inside),)), lengths)
            return Form(self, 1.0, found.core, x.view)
        parts = tuple((to_12_digits(x.coefficient), x.core, x.view) for x in operands)
        return self.core(("row", name, repr(params), parts), shape)

    # Sums and products -----------------------------------------------------------------------------------------

    def parts(self, form: Form, kind: str, ndim: int) -> list[Term]:
        """Return the terms of a sum or the factors of a product, in a frame of `ndim` axes; itself if it is neither."""
        view = (None,) * (ndim - len(form.view)) + form.view
        if form.core == self.one.core:
            return []
        if form.key[0] != kind or len(form.key[1]) > MOST_TERMS:
            return [(form.core, view, 1.0)]
        return [
            (core, tuple(None if axis is None else inner[axis] for axis in view), number)
            for core, inner, number in form.key[1]
        ]

    def collected(self, parts: Iterable[Term], ndim: int) -> tuple[list[Term], View]:
        """Return parts, equal ones in one and sorted, and the order of axes in which they are to be seen."""
        total: dict[tuple[int, View], float] = {}
        for core, view, number in parts:
            total[core, view] = total.get((core, view), 0.0) + number
        found = [(core, view, number) for (core, view), number in total.items() if abs(number) > 1e-12]
        order: View = tuple(range(ndim))
        turned = [(core, view) for core, view, _ in found if set(view) == set(order)]
        if turned and min(turned)[1] != order:  # all transposed alike: so is the result
            order = min(turned)[1]
            back = tuple(order.index(k) for k in range(ndim))
            found = [(core, tuple(view[k] for k in back), number) for core, view, number in found]
        return sorted(found, key=str), order

    def sum(self, forms: Sequence[Form]) -> Form:
        """Return a sum of forms."""
        constants = [self.constant(x) for x in forms]
        if all(x is not None for x in constants):
            return self.form(sum(constants))
        ndim = max(len(x.view) for x in forms)
        parts = [
            (core, view, number * x.coefficient)
            for x in forms
            for core, view, number in self.parts(x, "sum", ndim) or [(self.one.core, (None,) * ndim, 1.0)]
        ]
        found, order = self.collected(parts, ndim)
        if not found:
            return Form(self, 0.0, self.one.core, (None,) * ndim)
        if len(found) == 1:
            core, view, number = found[0]
            return Form(self, number, core, tuple(None if k is None else view[k] for k in order))
        lead = found[0][2]
        return self.combined(
            "sum", [(core, view, to_12_digits(number / lead)) for core, view, number in found], lead, order
        )

    def product(self, forms: Sequence[Form]) -> Form:
        """Return a product of forms."""
        constants = [self.constant(x) for x in forms]
        if all(x is not None for x in constants):
            return self.form(math.prod(constants))
        ndim = max(len(x.view) for x in forms)
        parts = [part for x in forms for part in self.parts(x, "product", ndim)]
        return self.from_factors(parts, math.prod(x.coefficient for x in forms), ndim)

    def from_factors(self, parts: Iterable[Term], coefficient: float, ndim: int) -> Form:
        """Return the product of powers of cores."""
        found, order = self.collected(parts, ndim)
        if not found:
            return Form(self, coefficient, self.one.core, (None,) * ndim)
        if len(found) == 1:
            core, view, exponent = found[0]
            view = tuple(None if k is None else view[k] for k in order)
            if exponent == 1:
                return Form(self, coefficient, core, view)
            lengths = self.shapes[core]
            inside = tuple(None if n == 1 else k for k, n in enumerate(lengths))
            return Form(self, coefficient, self.core(("product", ((core, inside, exponent),)), lengths).core, view)
        return self.combined("product", [(c, v, to_12_digits(e)) for c, v, e in found], coefficient, order)

    def combined(self, kind: str, parts: list[Term], coefficient: float, order: View) -> Form:
        """Return the form of several parts; axes along which all of them have the length 1 are the view's alone."""
        used = [k for k in range(len(order)) if any(view[k] is not None for _, view, _ in parts)]
        framed = tuple((core, tuple(view[k] for k in used), number) for core, view, number in parts)
        lengths = tuple(
            max(1 if (k := view[j]) is None else self.shapes[core][k] for core, view, _ in framed)
            for j in range(len(used))
        )
        made = self.core((kind, framed), lengths)
        view = tuple(used.index(k) if k in used else None for k in order)
        return Form(self, coefficient, made.core, view)

    def power(self, x: Form, exponent: float) -> Form:
        """Return a power: of each factor, where that is the same for negative numbers too."""
        factors = self.parts(x, "product", len(x.view))
        whole = float(exponent).is_integer()
        if x.coefficient <= 0 and not (whole and exponent > 0) and not (whole and x.coefficient):
            return self.row("power", [x, self.form(exponent)], {}, x.shape)
        single = len(factors) == 1 and abs(factors[0][2]) == 1  # (1 / t) ** 0.5 is t ** -0.5
        if not (whole or single or all(self.is_exp(core) for core, _, _ in factors)):
            factors = [(x.core, x.view, 1.0)]
        parts = [(core, view, e * exponent) for core, view, e in factors]
        return self.from_factors(parts, x.coefficient**exponent, len(x.view))

    def is_exp(self, core: int) -> bool:
        """Tell whether a core is an exponential, which is positive everywhere."""
        return bool(self.keys[core][0] == "exp")


def to_12_digits(number: float) -> float:
    """Return a number to 12 significant digits, so that 1/3 * 3 is 1."""
    return float(f"{number:.12g}")


def greater(x: Form, y: Form) -> Form:
    """Return [x > y], as [d > 0] or [-d > 0] of a core d."""
    d = x - y
    lengths = d.algebra.shapes[d.core]
    made = d.algebra.core(("positive" if d.coefficient > 0 else "negative", d.core), lengths)
    return Form(d.algebra, 1.0, made.core, d.view)
