"""The search for idioms: each node teaches the forms that idioms near it would have, and is looked up among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.node import Node, data_of
from ...core.op import TABLE
from .canonical import Algebra, Form, to_12_digits
from .functions import dropped, exp, log, mean, total
from .identities import axes_of, node_form
from .idiom import Idiom, nodes_inside
from .ways import (
    BUILDS,
    UP_TO_A_FACTOR,
    WAYS_ALONG_AN_AXIS,
    WAYS_OF_A_SLOPE,
    WAYS_OF_CHOICE,
    WAYS_OF_EXP,
    WAYS_OF_MOMENTS,
    row,
)

MOST_NUMBERS = 4  # slopes and epsilons of one graph that are tried


@dataclass(frozen=True)
class Meaning:
    """A form that is known: `coefficient` times the row or formula `name` of these inputs."""

    name: str
    inputs: tuple[Any, ...]
    params: dict[str, Any]
    coefficient: float


UNSHIFTED = frozenset(("softmax", "log_softmax", "softmax_cross_entropy"))  # of scores up to a constant


def unshifted(x: Any, axis: int) -> Any:
    """Return s where x is s − t with a t that is the same along an axis, as the largest score is; else x."""
    if not isinstance(x, Node) or x.op is None or x.op.name != "subtract":
        return x
    s, t = x.inputs
    shape, sizes = np.shape(data_of(s)), np.shape(data_of(t))
    if not isinstance(s, Node) or shape != np.shape(x._data):
        return x
    sizes = (1,) * (len(shape) - len(sizes)) + sizes
    return s if sizes[axis] == 1 else x


class Finder:
    """Walks a graph from its oldest node on, and keeps the forms that idioms of the nodes seen so far would have."""

    def __init__(self) -> None:
        self.algebra = Algebra()
        self.known: dict[tuple[Any, ...], Meaning] = {}
        self.tried: set[tuple[str, Node]] = set()
        self.slopes: dict[float, None] = {}
        self.rows: dict[
            int, tuple[str, Node, int]
        ] = {}  # softmaxes and their logarithms: of which node, along which axis
        self.squares: dict[int, list[Node]] = {}  # the bases of squares
        self.logs: dict[int, Node] = {}
        self.first: dict[tuple[Any, ...], Node] = {}  # the oldest node of each form
        self.found: dict[Node, Idiom] = {}

    def visit(self, z: Node) -> None:
        """Look at a node whose operands have been visited."""
        form = node_form(self.algebra, z)
        if form.coefficient == 1:
            self.first.setdefault((form.core, form.view), z)
        if z.op is None:
            return
        for names, learn in LEARNING:
            if z.op.name in names:
                learn(self, z)
        if idiom := self.recognised(z, form):
            self.found[z] = idiom
            form = self.algebra.nodes[z] = self.row_of(idiom, form)
        if form.key[:2] in (("row", "softmax"), ("row", "log_softmax")) and form.coefficient == 1:
            x, axis = (self.found[z].inputs[0], self.found[z].params) if z in self.found else (z.inputs[0], z.params)
            if isinstance(x, Node):
                self.rows.setdefault(form.core, (form.key[1], x, axis.get("axis", -1) % np.ndim(x._data)))

    def recognised(self, z: Node, form: Form) -> Idiom | None:
        """Return the idiom that a node ends; None where it is none, or a row, or only a multiple of an operand."""
        meaning = self.known.get((form.core, squeezed_view(form)))
        if meaning is None or form.coefficient == 0 or z.op is None or z.op.name == meaning.name:
            return None
        factor = to_12_digits(form.coefficient / meaning.coefficient)
        if factor != 1 and meaning.name not in UP_TO_A_FACTOR:
            return None
        for x in z.inputs:
            if isinstance(x, Node) and self.algebra.nodes[x].core == form.core:
                already = self.found[x].factor if x in self.found else 1 if x.op is TABLE.get(meaning.name) else None
                if already is not None and (factor != 1 or already == 1):
                    return None
        build = BUILDS.get(meaning.name) or row(meaning.name)
        inputs = meaning.inputs
        if meaning.name in UNSHIFTED:
            inputs = (unshifted(inputs[0], meaning.params.get("axis", -1)), *inputs[1:])
        return Idiom(meaning.name, z, inputs, meaning.params, factor, nodes_inside(z, inputs), build)

    def row_of(self, idiom: Idiom, form: Form) -> Form:
        """Return the form of the row that an idiom is, by which later idioms mention it; reductions keep theirs."""
        if idiom.name in BUILDS and idiom.name not in UP_TO_A_FACTOR:
            return form
        operands = [self.algebra.form(x) for x in idiom.inputs]
        made = self.algebra.row(idiom.name, operands, idiom.params, form.shape, elementwise=not idiom.params)
        meaning = Meaning(idiom.name, idiom.inputs, idiom.params, 1.0)
        self.known.setdefault((made.core, squeezed_view(made)), meaning)
        return made.times(idiom.factor)

    def remember(self, name: str, form: Form, inputs: tuple[Any, ...], params: dict[str, Any] | None = None) -> None:
        """Keep the form that an idiom would have; what is nearest to its inputs is asked first and stays."""
        if form.coefficient and form.core != self.algebra.one.core:
            self.known.setdefault(
                (form.core, squeezed_view(form)), Meaning(name, inputs, params or {}, form.coefficient)
            )

    def fresh(self, family: str, x: Node) -> bool:
        """Tell whether the ways of a family are asked for the first time of this node."""
        first = (family, x) not in self.tried
        self.tried.add((family, x))
        return first

    def candidates(self, u: Any) -> Iterator[Node]:
        """Yield the nodes of which `u`, an operand, may be a shift or a multiple, and `u`."""
        if not isinstance(u, Node):
            return
        form = self.algebra.nodes[u]
        if form.coefficient != 1 and (form.core, form.view) in self.first:
            yield self.first[form.core, form.view]
        if u.op is TABLE["subtract"] and isinstance(u.inputs[0], Node):
            x, shift = u.inputs
            if not isinstance(shift, Node) or np.shape(shift._data) != np.shape(x._data):
                yield x
        yield u

    # What a node teaches: the forms of idioms that are near it ---------------------------------------------------

    def exponential(self, z: Node) -> None:
        """Remember the idioms that are made of exponentials of the operand."""
        for x in (x for u in z.inputs for x in self.candidates(u)):
            if not self.fresh("exponential", x):
                continue
            form = self.algebra.nodes[x]
            for name, way in WAYS_OF_EXP:
                self.remember(name, way(form), (x,))
            for axis in (k for k, n in enumerate(form.shape) if n > 1):
                for name, way in WAYS_ALONG_AN_AXIS:
                    params = {"axis": (axis,) if name in BUILDS else axis}
                    self.remember(name, way(form, axis), (x,), params)

    def choice(self, z: Node) -> None:
        """Remember the idioms that choose between two operands."""
        for x in (x for u in z.inputs for x in self.candidates(u)):
            form = self.algebra.nodes[x]
            if self.fresh("choice", x):
                for name, way in WAYS_OF_CHOICE:
                    self.remember(name, way(form), (x,))
            for slope in self.slopes:
                for name, way in WAYS_OF_A_SLOPE:
                    self.remember(name, way(form, slope), (x,), {"slope": slope})

    def product(self, z: Node) -> None:
        """Remember cross-entropies that multiply labels by log-probabilities, squares, and numbers that are slopes."""
        self.square(z)
        for x, y in (z.inputs, z.inputs[::-1]):
            if not isinstance(x, Node):
                continue
            if np.ndim(data_of(y)) == 0 and not isinstance(y, Node) and 0 < y < 1 and len(self.slopes) < MOST_NUMBERS:
                self.slopes.setdefault(float(y))
            if isinstance(y, Node) and y.requires_grad:
                continue
            log_p, known = self.algebra.nodes[x], self.rows.get(self.algebra.nodes[x].core)
            if known and known[0] == "log_softmax" and np.shape(data_of(y)) == log_p.shape:
                scores, axis = known[1:]
                if axis == len(log_p.shape) - 1:
                    labels = class_numbers(y)
                    each = -total(self.algebra.nodes[z], (axis,))
                    self.remember("cross_entropy", each, (scores, labels))
                    self.remember("cross_entropy", total(each), (scores, labels), {"reduction": "sum"})
            elif (p := self.logs.get(log_p.core)) is not None:
                of_p = self.algebra.nodes[p]
                for labels in (y,) if isinstance(y, Node) else (y, -y):
                    q = self.algebra.form(labels)
                    form = -(q * log(of_p) + (1 - q) * log(1 - of_p))
                    if form.shape == of_p.shape:
                        self.remember("binary_cross_entropy", form, (p, labels))

    def square(self, z: Node) -> None:
        """Record the operand of a square."""
        form = self.algebra.nodes[z]
        if form.key[0] == "product" and len(form.key[1]) == 1 and form.key[1][0][2] == 2:
            self.squares.setdefault(form.core, distances(z.inputs[0]))

    def reduction(self, z: Node) -> None:
        """Remember a mean by its sum, and a variance by its sum of squares."""
        x = z.inputs[0]
        if not isinstance(x, Node):
            return
        form, axes = self.algebra.nodes[x], tuple(axes_of(z, np.ndim(x._data)))
        squared = distances(x) if z.op is TABLE["norm"] else self.squares.get(form.core, [])
        for base in squared:
            if not axes or not self.fresh(f"variance {axes}", base):
                continue
            of_base = self.algebra.nodes[base]
            for name, way in WAYS_OF_MOMENTS:
                self.remember(name, way(of_base, axes), (base,), {"axis": axes})
            self.normalization(base, axes, 0.0)
        if z.op is TABLE["sum"] and axes:
            self.remember("mean", mean(form, axes), (x,), {"axis": axes})

    def epsilon(self, z: Node) -> None:
        """Remember the normalization by a variance to which a number was added."""
        for v, number in (z.inputs, z.inputs[::-1]):
            if isinstance(v, Node) and not isinstance(number, Node) and np.ndim(number) == 0:
                form = self.algebra.nodes[v]
                known = self.known.get((form.core, squeezed_view(form)))
                if known and known.name == "variance" and form.coefficient == known.coefficient:
                    self.normalization(known.inputs[0], known.params["axis"], float(number))

    def normalization(self, x: Node, axes: tuple[int, ...], eps: float) -> None:
        """Remember the form of x without its mean and divided by its standard deviation."""
        form = self.algebra.nodes[x]
        centred = form - mean(form, axes)
        name = "batch_norm" if 0 in axes and len(form.shape) > 1 else "layer_norm"
        scaled = centred * (mean(centred**2, axes) + eps) ** -0.5
        self.remember(name, scaled, (x,), {"axis": axes, "eps": eps})

    def picked(self, z: Node) -> None:
        """Remember the cross-entropy of probabilities, or of their logarithms, that were picked at the labels."""
        x, key, form = z.inputs[0], z.params["key"], self.algebra.nodes[z]
        ndim = np.ndim(data_of(x))
        if len(z.inputs) == 3 and ndim == 2 and np.array_equal(data_of(z.inputs[1]), np.arange(len(data_of(x)))):
            labels = z.inputs[2]
        elif len(key) == ndim == 1 and type(key[0]) is int:
            labels = np.asarray(key[0])
        else:
            return
        name, scores, axis = self.rows.get(self.algebra.form(x).core, ("", x, ndim - 1))
        if axis == ndim - 1:
            sums = log(total(exp(self.algebra.form(x)), (axis,)))
            losses = {"": dropped(sums, (axis,)) - form, "log_softmax": -form, "softmax": -log(form)}[name]
            self.remember("cross_entropy", losses, (scores, labels))

    def logarithm(self, z: Node) -> None:
        """Record the operand of a logarithm."""
        p = z.inputs[0]
        if isinstance(p, Node) and not (p.op is TABLE["subtract"] and not isinstance(p.inputs[0], Node)):
            self.logs.setdefault(self.algebra.nodes[z].core, p)


LEARNING: list[tuple[frozenset[str], Callable[[Finder, Node], None]]] = [
    (frozenset(("exp", "expm1", "logaddexp", "sigmoid", "softmax", "logsumexp")), Finder.exponential),
    (
        frozenset(("maximum", "fmax", "where", "greater", "greater_equal", "less", "less_equal", "absolute")),
        Finder.choice,
    ),
    (frozenset(("multiply",)), Finder.product),
    (frozenset(("square", "power")), Finder.square),
    (frozenset(("sum", "mean", "norm")), Finder.reduction),
    (frozenset(("add",)), Finder.epsilon),
    (frozenset(("getitem",)), Finder.picked),
    (frozenset(("log",)), Finder.logarithm),
]


def squeezed_view(form: Form) -> tuple[int, ...]:
    """Return the view of a form without axes of length 1, which a reshape adds and takes away."""
    return tuple(k for k in form.view if k is not None)


def distances(u: Any) -> list[Node]:
    """Return the nodes that `u` may be the distance of, from a mean, and `u`; only nodes of its own shape."""
    if not isinstance(u, Node):
        return []
    from_mean = u.op in (TABLE["subtract"], TABLE["add"])
    parts = [x for x in u.inputs if isinstance(x, Node) and np.shape(x._data) == np.shape(u._data)]
    return [*parts, u] if from_mean else [u]


def class_numbers(labels: Any) -> Any:
    """Return constant rows of zeros with a single one as the numbers of their classes, any other labels as they are."""
    if isinstance(labels, np.ndarray) and labels.size:
        one = labels == 1
        if ((labels == 0) | one).all() and (one.sum(axis=-1) == 1).all():
            return labels.argmax(axis=-1)
    return labels
