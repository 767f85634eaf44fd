"""Every catalogued mistake that a recorded graph leaves room for, each as a change of its backward pass.

One mutant is one mistake at one node; where several nodes leave room for the same one, there is also a mutant that
makes it everywhere, as somebody does who has the formula wrong. What a mutant predicts is compared elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..graph import Grads, Node
from ..notation import Layer, Notation, leaf_of
from .replay import Change, Edge, Instead, Recording, Rule, Run
from .wrong_rules import wrong_rules

MOST = 600  # mutants of one graph: a large one is searched from its newest node back


@dataclass(frozen=True, eq=False)
class Mutant:
    """One mistake: its row of the catalogue, what was done instead, at which node, and the change that does it."""

    number: int
    said: str
    node: Node | None
    changes: dict[Edge, Change] = field(default_factory=dict)
    masks: dict[Node, Callable[[Any], Any]] = field(default_factory=dict)
    leaves: Callable[[Run, Grads], Grads] | None = None  # what is done to the finished gradients

    def grads(self, run: Run) -> Grads:
        """Return the gradients of all nodes as this mistake makes them."""
        grads = run.changed(self.changes, self.masks) if self.changes or self.masks else run.grads
        return self.leaves(run, grads) if self.leaves else grads


def mutants(recording: Recording, notation: Notation) -> list[Mutant]:
    """Return the mutants of a graph, newest node first."""
    found: list[Mutant] = []
    for z in reversed(recording.path):
        if len(found) > MOST:
            break
        if z.op is not None:
            found += of_rules(recording, z)
            found += of_reductions(recording, z)
            found += of_broadcasting(recording, z)
        found += of_paths(recording, z)
    for layer in reversed(notation.layers):
        if layer.product in recording.uses and layer.z in recording.uses:
            found += of_layer(recording, notation, layer)
    found += of_examples(recording, notation)
    for leaf in recording.leaves:
        found += of_leaf(leaf)
    return [*found, *everywhere(found)]


def everywhere(found: list[Mutant]) -> list[Mutant]:
    """Return, of mistakes that are possible at several nodes, each made at all of them."""
    alike: dict[tuple[int, str], list[Mutant]] = {}
    for mutant in found:
        if not mutant.leaves and mutant.number not in (10, 23, 24):
            alike.setdefault((mutant.number, mutant.said), []).append(mutant)
    return [
        Mutant(
            number,
            said,
            None,
            {edge: rule for mutant in same for edge, rule in mutant.changes.items()},
            {node: mask for mutant in same for node, mask in mutant.masks.items()},
        )
        for (number, said), same in alike.items()
        if len(same) > 1
    ]


def of_rules(recording: Recording, z: Node) -> Iterator[Mutant]:
    """Yield the wrong rules of one operation, and its rule at the wrong point."""
    assert z.op is not None
    for edge in recording.edges[z]:
        i = edge[1]
        x = z.inputs[i]
        if len(recording.uses[x]) > len(recording.edges[z]) and is_penalty(edge, x):
            continue  # weight decay is a row of its own
        for wrong in wrong_rules(z.op, i, None if isinstance(z.inputs[-1], Node) else z.inputs[-1]):
            yield Mutant(wrong.number, wrong.said, z, {edge: wrong.rule})
        if len(z.inputs) == 1 and z.op.elementwise and x.op is not None:
            for u in x.inputs:
                if (
                    isinstance(u, Node)
                    and u._data.__class__ is x._data.__class__
                    and np.shape(u._data) == np.shape(x._data)
                ):
                    yield Mutant(31, "the outer derivative at the wrong point", z, {edge: at_point(z, u)})
        square = np.shape(x._data) == np.shape(z._data) and 1 < np.size(x._data) <= 64
        of_weights = z.op.name == "matmul" and any(leaf_of(y) is not None for y in z.inputs)  # is row 20, below
        if square and not z.op.elementwise and not of_weights:
            yield Mutant(30, "J g for Jᵀ g", z, {edge: jacobian_rule(z, i, lambda jac, g: jac @ g)})
            yield Mutant(
                30,
                "the Jacobian's diagonal alone",
                z,
                {edge: jacobian_rule(z, i, lambda jac, g: np.diag(jac) * g)},
            )


def at_point(z: Node, u: Node) -> Instead:
    """Return the rule of `z` with its derivative taken at the data of `u`."""
    row = z.op
    assert row is not None
    return Instead(lambda g, _, x, **params: row.rules[0](g, row(x, **params), x, **params), 0, u)


def jacobian_rule(z: Node, i: int, product: Callable[[Any, Any], Any]) -> Rule:
    """Return a rule that multiplies by the Jacobian of an operation in another way than from the left."""
    row = z.op
    assert row is not None

    def rule(g: Any, result: Any, *operands: Any, **params: Any) -> Any:
        units = np.eye(np.size(g)).reshape(-1, *np.shape(g))
        J = np.array([np.ravel(row.rules[i](unit, result, *operands, **params)) for unit in units])  # noqa: N806  # as in the text
        return product(J, np.ravel(g)).reshape(np.shape(g))

    return rule


def of_reductions(recording: Recording, z: Node) -> Iterator[Mutant]:
    """Yield a mean taken for a sum, a sum for a mean, and a mean over more or fewer numbers."""
    assert z.op is not None
    for edge in recording.edges[z]:
        right = z.op.rules[edge[1]]
        count = np.size(z.inputs[0]._data) // max(1, np.size(z._data)) if isinstance(z.inputs[0], Node) else 1
        of_all = np.size(z._data) == 1  # as the cost is: its factor is the 1/n of the article
        if z.op.name == "mean" and count > 1:
            yield Mutant(2 if of_all else 29, "the derivative of a sum", z, {edge: scaled(right, count)})
            yield Mutant(3 if of_all else 29, "divided by the length twice", z, {edge: scaled(right, 1 / count)})
        if z.op.name == "sum" and count > 1:
            yield Mutant(4 if of_all else 29, "the derivative of a mean", z, {edge: scaled(right, 1 / count)})


def scaled(rule: Rule, c: float) -> Rule:
    """Return a rule times a number."""
    return lambda *args, **params: c * rule(*args, **params)


def of_broadcasting(recording: Recording, z: Node) -> Iterator[Mutant]:
    """Yield what goes wrong where a bias was added to every example: a mean, or one example, for the sum."""
    assert z.op is not None
    for edge in recording.edges[z]:
        x = z.inputs[edge[1]]
        repeats = np.size(z._data) // max(1, np.size(x._data))
        if repeats > 1 and z.op.elementwise:
            right = z.op.rules[edge[1]]
            yield Mutant(8, "the mean over the examples", z, {edge: scaled(right, 1 / repeats)})
            for k, which in ((-1, "last"), (0, "first")):
                yield Mutant(10, f"the {which} example alone", z, {edge: masked_rule(right, k, 0)})


def of_paths(recording: Recording, x: Node) -> Iterator[Mutant]:
    """Yield the ways to forget what comes back to a node: along one of several paths, or along all."""
    uses = recording.uses[x]
    if len(uses) > 1:
        decay = [edge for edge in uses if is_penalty(edge, x)]
        number = 31 if meets_in_product(recording, uses) else 23
        for kept in uses[:4]:
            others: dict[Edge, Change] = {edge: None for edge in uses if edge is not kept}
            if not decay or any(kept is edge for edge in decay):  # forgetting the decay is a row of its own
                yield Mutant(number, "only one path counted", x, others)
        if len(uses) > 2:
            for left_out in uses[:4]:
                yield Mutant(number, "one path left out", x, {left_out: None})
        for edge in decay:
            assert edge[0].op is not None
            yield Mutant(26, "weight decay forgotten", x, {edge: None})
            right = edge[0].op.rules[edge[1]]
            yield Mutant(26, "2λ for λ", x, {e: scaled(right, 2.0) for e in decay})
            yield Mutant(26, "λ/2 for λ", x, {e: scaled(right, 0.5) for e in decay})
    if uses and x.op is not None:
        yield Mutant(24, "nothing passed back", x, dict.fromkeys(uses))


def meets_in_product(recording: Recording, uses: list[Edge]) -> bool:
    """Tell whether the paths from here meet again as the factors of one product or quotient."""
    reached = [{z} for z, _ in uses]
    for z in recording.path:
        for edge_set in reached:
            if any(x in edge_set for x in z.inputs if isinstance(x, Node)):
                edge_set.add(z)
        if all(z in edge_set for edge_set in reached):
            return z.op is not None and z.op.name in ("multiply", "divide") and z.inputs[0] is not z.inputs[1]
    return False


def is_penalty(edge: Edge, x: Node) -> bool:
    """Tell whether a parameter is used here for its own square, as weight decay does."""
    z = edge[0]
    if x.op is not None or np.size(x._data) < 2 or z.op is None:
        return False
    power = z.op.name == "power" and not isinstance(z.inputs[1], Node) and bool(np.all(z.inputs[1] == 2))
    return power or z.op.name == "square" or (len(z.inputs) == 2 and z.inputs[0] is x and z.inputs[1] is x)


def of_layer(recording: Recording, notation: Notation, layer: Layer) -> Iterator[Mutant]:
    """Yield the mistakes of one layer: the wrong operand in ∂C/∂W, the weights not transposed or skipped."""
    product = layer.product
    for edge in recording.edges[product]:
        i = edge[1]
        right = product.op.rules[i]  # type: ignore[union-attr]  # a product was made by a row
        mine, other = product.inputs[i], product.inputs[1 - i]
        if leaf_of(mine) is layer.W:
            for number, said, node in stand_ins(notation, layer):
                yield Mutant(number, said, product, {edge: Instead(right, 1 - i, node)})
            for k, which in ((-1, "last"), (0, "first")):
                if layer.axis is not None:
                    yield Mutant(10, f"the {which} example alone", product, {edge: masked_rule(right, k, layer.axis)})
            continue
        weights = np.asarray(getattr(other, "_data", other))
        if weights.ndim == 2 and weights.shape[0] == weights.shape[1]:
            yield Mutant(20, "W not transposed", product, {edge: turned(right, 1 - i)})
        if np.shape(mine._data) == np.shape(product._data):
            yield Mutant(21, "δ passed on without the weights", product, {edge: lambda g, *_, **__: g})


def stand_ins(notation: Notation, layer: Layer) -> Iterator[tuple[int, str, Node]]:
    """Yield what may have been put in place of a layer's input: the z before it, or another layer's activation."""
    shape = np.shape(getattr(layer.x, "_data", layer.x))
    before = [other for other in notation.layers if other.a is layer.x]
    for other in before:
        if other.z is not other.a:
            yield 18, "z before the activation in place of a", other.z
    seen = {id(layer.x), *(id(other.z) for other in before)}
    for other in notation.layers:
        for node, letter in ((other.a, "a"), (other.x, "a"), (other.z, "z")):
            if isinstance(node, Node) and id(node) not in seen and np.shape(node._data) == shape:
                seen.add(id(node))
                yield 19, f"{letter} of another layer: {notation.name(node)}", node


def turned(rule: Rule, i: int) -> Rule:
    """Return a rule that is handed operand `i` transposed."""

    def wrong(g: Any, z: Any, *operands: Any, **params: Any) -> Any:
        return rule(g, z, *(np.swapaxes(x, -1, -2) if j == i else x for j, x in enumerate(operands)), **params)

    return wrong


def of_examples(recording: Recording, notation: Notation) -> Iterator[Mutant]:
    """Yield the cost of one example alone, as a loop computes it that overwrites what it should add up."""
    last = notation.layers[-1] if notation.layers else None
    if last is not None and last.axis is not None and last.z in recording.uses:
        for k, which in ((-1, "last"), (0, "first")):
            yield Mutant(10, f"the {which} example alone", last.z, masks={last.z: masked(k, last.axis)})
    terms = summands(recording)
    if len(terms) > 2 and len({z.inputs[i].op for z, i in terms}) == 1:  # examples are alike
        for kept, which in ((terms[-1], "last"), (terms[0], "first")):
            others: dict[Edge, Change] = {edge: None for edge in terms if edge is not kept}
            yield Mutant(10, f"the {which} example alone", kept[0], others)


def summands(recording: Recording) -> list[Edge]:
    """Return the terms of the sum that the output is, as edges, oldest first."""
    found: list[Edge] = []
    top = recording.output
    while top.op is not None and top.op.name in ("multiply", "divide") and len(recording.edges[top]) == 1:
        top = top.inputs[recording.edges[top][0][1]]
    sums = [top]
    for z in sums:  # grows while it is read
        if z.op is None or z.op.name != "add" or (z is not top and len(recording.uses[z]) > 1):
            continue
        for edge in recording.edges[z]:
            x = z.inputs[edge[1]]
            if x.op is not None and x.op.name == "add" and len(recording.uses[x]) == 1:
                sums.append(x)
            else:
                found.append(edge)
    return sorted(found, key=lambda edge: edge[0].inputs[edge[1]].born)


def masked(k: int, axis: int) -> Callable[[Any], Any]:
    """Return a function that keeps example `k` of an array and zeroes the others."""

    def mask(g: Any) -> Any:
        kept = np.zeros_like(g)
        place = (slice(None),) * axis + (k,)
        kept[place] = g[place]
        return kept

    return mask


def masked_rule(rule: Rule, k: int, axis: int) -> Rule:
    """Return a rule that sees the gradient of one example only."""
    mask = masked(k, axis)
    return lambda g, *args, **params: rule(mask(g), *args, **params)


def of_leaf(leaf: Node) -> Iterator[Mutant]:
    """Yield what can happen to one finished gradient: transposed, shifted, turned round."""
    shape = np.shape(leaf._data)
    if len(shape) == 2 and shape[0] == shape[1] > 1:
        yield Mutant(6, "transposed", leaf, leaves=finished(leaf, np.transpose))
    for axis, length in enumerate(shape):
        if length > 2 and len(shape) <= 2:
            for shift in (1, -1):
                yield Mutant(28, f"shifted by one along axis {axis}", leaf, leaves=finished(leaf, rolled(shift, axis)))
        if length > 1:
            yield Mutant(28, f"in the opposite order along axis {axis}", leaf, leaves=finished(leaf, flipped(axis)))


def finished(leaf: Node, change: Callable[[Any], Any]) -> Callable[[Run, Grads], Grads]:
    """Return a change of one leaf's gradient when all are done."""
    return lambda run, grads: grads | {leaf: change(run.gradient(grads, leaf))}


def rolled(shift: int, axis: int) -> Callable[[Any], Any]:
    """Return a function that shifts an array along an axis."""
    return lambda g: np.roll(g, shift, axis)


def flipped(axis: int) -> Callable[[Any], Any]:
    """Return a function that turns an array round along an axis."""
    return lambda g: np.flip(g, axis)
