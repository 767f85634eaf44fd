"""Every catalogued mistake that a recorded graph leaves room for, each as a change of its backward pass.

One mutant is one mistake at one node; where several nodes leave room for the same one, there is also a mutant that
makes it everywhere, as somebody does who has the formula wrong. Their predictions are compared elsewhere.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...core.node import Grads, Node
from ...core.types import Rule
from ...symbolic.layers import MATRIX_PRODUCTS, LayerMap, leaf_of
from ..replay.run import Edge, Instead, Recording, RuleChange, Run
from .array_mutants import mutants_of_arrays
from .constant_factors import is_square
from .layer_mutants import of_examples, of_layer
from .loops import middle_of_loops, of_loops, place_of
from .mutant import Mutant, masked_rule, rolled, scaled_rule
from .wrong_rules import wrong_rules

MOST = 1000  # mutants at one node of a graph: a large one is searched from its newest node back
LARGEST = 20_000  # nodes that are looked at


def mutants(recording: Recording, notation: LayerMap) -> list[Mutant]:
    """Return the mutants of a graph, newest node first."""
    single: list[Mutant] = []
    for z in reversed(recording.path[-LARGEST:]):
        if z.op is not None:
            single += of_rules(recording, z)
            single += of_products(recording, z)
            single += of_reductions(recording, z)
            single += of_broadcasting(recording, z)
            single += mutants_of_arrays(recording, z)
        single += of_paths(recording, z)
    whole: list[Mutant] = []
    for layer in reversed(notation.layers):
        if layer.product in recording.uses and layer.z in recording.uses:
            whole += of_layer(recording, notation, layer)
    whole += of_examples(recording, notation)
    for leaf in recording.leaves:
        whole += of_leaf(leaf)
    depths = depths_of(recording.order)
    middle = middle_of_loops(recording, depths)
    alike = made_alike([*single, *whole], depths, middle)
    alone = [mutant for mutant in single if mutant.node not in middle][:MOST]
    return [*whole, *of_loops(recording), *alike, *alone]


def made_alike(found: list[Mutant], depths: dict[Node, int], middle: set[Node]) -> list[Mutant]:
    """Return, of mistakes possible at several nodes, each made at all of them, at all of one depth, of one place.

    Nodes of one depth are the neurons of a layer, or the same place in every example, where a net is made of single
    numbers or runs on one example after another; those of one place in the program are the turns of a loop: who errs
    there, errs in all of them. middle: of long loops, where a depth by itself is none that anybody errs at.
    """
    alike: dict[tuple[int, str, Any], list[Mutant]] = {}
    for mutant in found:
        if mutant.node is None or mutant.leaves or mutant.number in (10, 23):
            continue
        if mutant.node not in middle:
            alike.setdefault((mutant.number, mutant.said, depths[mutant.node]), []).append(mutant)
        if (place := place_of(mutant.node)) is not None:
            alike.setdefault((mutant.number, mutant.said, place), []).append(mutant)
        if mutant.number != 24:
            alike.setdefault((mutant.number, mutant.said, None), []).append(mutant)
    made: dict[frozenset[int], Mutant] = {}  # by the mistakes that it is made of: one depth may be all there is
    for (number, said, where), same in alike.items():
        if len(same) > 1:
            made.setdefault(
                frozenset(map(id, same)),
                Mutant(
                    number,
                    said if where is None else f"{said}, in all {len(same)} places alike",
                    None if where is None else same[-1].node,
                    {edge: rule for mutant in same for edge, rule in mutant.changes.items()},
                    {node: mask for mutant in same for node, mask in mutant.masks.items()},
                ),
            )
    return list(made.values())


def depths_of(order: list[Node]) -> dict[Node, int]:
    """Return how many operations lie between each node and the farthest leaf before it."""
    depths: dict[Node, int] = {}
    for z in order:
        depths[z] = 1 + max((depths[x] for x in z.inputs if isinstance(x, Node)), default=-1)
    return depths


def of_products(recording: Recording, z: Node) -> Iterator[Mutant]:
    """Yield, for a weight that is one number, its neuron's z put in place of the a that it is multiplied with."""
    assert z.op is not None
    for edge in recording.edges[z] if z.op.name == "multiply" else ():
        i = edge[1]
        weight, a = z.inputs[i], z.inputs[1 - i]
        if weight.op is None and isinstance(a, Node) and a.op is not None and a.op.elementwise and len(a.inputs) == 1:
            below = a.inputs[0]
            if isinstance(below, Node) and below.op is not None and np.shape(below._data) == np.shape(a._data):
                yield Mutant(
                    18, "z before the activation in place of a", z, {edge: Instead(z.op.rules[i], 1 - i, below)}
                )


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
        if len(z.inputs) == 1 and z.op.elementwise and x.op is not None and z.op.name != "relu":
            for u in x.inputs:
                if (
                    isinstance(u, Node)
                    and u._data.__class__ is x._data.__class__
                    and np.shape(u._data) == np.shape(x._data)
                ):
                    yield Mutant(31, "the outer derivative at the wrong point", z, {edge: at_point(z, u)})
        square = np.shape(x._data) == np.shape(z._data) and 1 < np.size(x._data) <= 64
        of_weights = z.op.name in MATRIX_PRODUCTS and any(leaf_of(y) is not None for y in z.inputs)  # is row 20, below
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
            yield Mutant(2 if of_all else 29, "the derivative of a sum", z, {edge: scaled_rule(right, count)})
            yield Mutant(3 if of_all else 29, "divided by the length twice", z, {edge: scaled_rule(right, 1 / count)})
        if z.op.name == "sum" and count > 1:
            yield Mutant(4 if of_all else 29, "the derivative of a mean", z, {edge: scaled_rule(right, 1 / count)})


def of_broadcasting(recording: Recording, z: Node) -> Iterator[Mutant]:
    """Yield what goes wrong where a bias was added to every example: a mean, or one example, for the sum."""
    assert z.op is not None
    for edge in recording.edges[z]:
        x = z.inputs[edge[1]]
        repeats = np.size(z._data) // max(1, np.size(x._data))
        if repeats > 1 and (z.op.elementwise or (z.op.name == "linear" and edge[1] == 2)):
            right = z.op.rules[edge[1]]
            yield Mutant(8, "the mean over the examples", z, {edge: scaled_rule(right, 1 / repeats)})
            for k, which in ((-1, "last"), (0, "first")):
                yield Mutant(10, f"the {which} example alone", z, {edge: masked_rule(right, k, 0)})


def of_paths(recording: Recording, x: Node) -> Iterator[Mutant]:
    """Yield the ways to forget what comes back to a node: along one of several paths, or along all."""
    uses = recording.uses[x]
    if len(uses) > 1:
        decay = [edge for edge in uses if is_penalty(edge, x)]
        number = 31 if meets_in_product(recording, uses) else 23
        for kept in dict.fromkeys((*uses[:3], *uses[-2:])):
            others: dict[Edge, RuleChange] = {edge: None for edge in uses if edge is not kept}
            if not decay or any(kept is edge for edge in decay):  # forgetting the decay is a row of its own
                yield Mutant(number, "only one path counted", x, others)
        if len(uses) > 2:
            for left_out in dict.fromkeys((*uses[:3], *uses[-2:])):
                yield Mutant(number, "one path left out", x, {left_out: None})
        for edge in decay:
            assert edge[0].op is not None
            yield Mutant(26, "weight decay forgotten", x, {edge: None})
            right = edge[0].op.rules[edge[1]]
            yield Mutant(26, "2λ for λ", x, {e: scaled_rule(right, 2.0) for e in decay})
            yield Mutant(26, "λ/2 for λ", x, {e: scaled_rule(right, 0.5) for e in decay})
            yield Mutant(26, "the penalty itself for its derivative", x, {e: penalty_itself(e, decay) for e in decay})
    if uses and x.op is not None:
        yield Mutant(24, "nothing passed back", x, dict.fromkeys(uses))


def meets_in_product(recording: Recording, uses: list[Edge]) -> bool:
    """Tell whether the paths from here meet again as the factors of one product or quotient."""
    reached: dict[Node, set[int]] = {}  # by which of the paths a node is reached
    for k, (z, _) in enumerate(uses):
        reached.setdefault(z, set()).add(k)
    waiting = [recording.place[z] for z in reached]
    heapq.heapify(waiting)
    while waiting:
        z = recording.path[heapq.heappop(waiting)]
        if len(reached[z]) == len(uses):
            return z.op is not None and z.op.name in ("multiply", "divide") and z.inputs[0] is not z.inputs[1]
        for user, _ in recording.uses[z]:
            if user not in reached:
                reached[user] = set()
                heapq.heappush(waiting, recording.place[user])
            reached[user] |= reached[z]
    return False


def is_penalty(edge: Edge, x: Node) -> bool:
    """Tell whether a parameter is used here for its own square, as weight decay does."""
    z = edge[0]
    if x.op is not None or np.size(x._data) < 2 or z.op is None:
        return False
    return is_square(z) or (len(z.inputs) == 2 and z.inputs[0] is x and z.inputs[1] is x)


def penalty_itself(edge: Edge, decay: list[Edge]) -> RuleChange:
    """Return the rule that hands back w² in place of its derivative, along the first edge of a penalty alone."""
    return (lambda g, z, *_, **__: g * z) if edge is decay[0] else None


def of_leaf(leaf: Node) -> Iterator[Mutant]:
    """Yield what can happen to one finished gradient: transposed, shifted, turned round."""
    shape = np.shape(leaf._data)
    yield Mutant(45, "the parameter itself kept as a factor", leaf, leaves=kept_factor(leaf))
    if len(shape) == 2 and shape[0] == shape[1] > 1:
        yield Mutant(6, "transposed", leaf, leaves=finished(leaf, np.transpose))
    for axis, length in enumerate(shape):
        if length > 2 and len(shape) <= 2:
            for shift in (1, -1):
                yield Mutant(28, f"shifted by one along axis {axis}", leaf, leaves=finished(leaf, rolled(shift, axis)))
        if length > 1:
            yield Mutant(
                28, f"in the opposite order along axis {axis}", leaf, leaves=finished(leaf, reversed_along(axis))
            )


def kept_factor(leaf: Node) -> Callable[[Run, Grads], Grads]:
    """Return what multiplies one leaf's gradient with the leaf."""
    return lambda run, grads: grads | {leaf: run.gradient(grads, leaf) * run.data[leaf]}


def finished(leaf: Node, change: Callable[[Any], Any]) -> Callable[[Run, Grads], Grads]:
    """Return a change of one leaf's gradient when all are done."""
    return lambda run, grads: grads | {leaf: change(run.gradient(grads, leaf))}


def reversed_along(axis: int) -> Callable[[Any], Any]:
    """Return a function that turns an array round along an axis."""
    return lambda g: np.flip(g, axis)
