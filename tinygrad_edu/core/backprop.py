"""Backpropagation: the chain rule walked back over the operations that nodes remember.

`history` sorts the nodes of a graph by age; `pull` walks them from the newest to the oldest; `pull_through` is the
chain rule at one node; `backward` writes gradients onto nodes, `gradients` returns them as a graph of their own.
Knows nothing of arrays, of floats, or of any operation by name.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Container, Iterable, Sequence
from functools import partial
from typing import Any, Never, TypeVar

from ..errors import DTypeError, GradientError, StaleGraphError, hints
from ..errors.gradients import no_gradient, not_a_node, one_node, stale_graph, used_gradient
from ..errors.where import warn
from .commit import ChangedMeanwhile, attributes, calls, commit, unchanged
from .context import ModeContext, mode
from .leaf_set import stepped_since_zero_grad
from .node import NO_RULES, Grads, Node, born, itself, raw_of

N = TypeVar("N", bound=Node)


def backward(self: Node, seed: Any = None, *, retain_grad: bool = False, **foreign: Never) -> None:
    """Add d(self)/d(leaf) to the gradient of every leaf, and set that of the nodes between.

    seed: the gradient to start from, of this node's shape; may be left out where that is one number.
    retain_grad: keep the gradients of interior tensors too (a `Value` always keeps them).
    Raises NonScalarError, GradientError, StaleGraphError; then no gradient anywhere has changed.
    """
    if foreign:
        hints.refuse_keywords("backward", foreign, ("seed", "retain_grad"))
    if not self._requires_grad:
        raise GradientError(no_gradient(self, history(self)))
    if (tracer := mode().tracer) is not None:
        tracer.backward(self, seed)
        return
    order = [node for node in history(self) if node._requires_grad]
    keep = order if retain_grad or self.keeps_interior_gradients else ()
    with type(self).numeric_context():
        grads = pull(order, {self: self.seed(seed)}, keep, type(self).operand)
    interior = [z for z in order if z.op is not None]
    leaves = {z: grads[z] for z in order if z.op is None and z in grads}
    accumulate(self, interior, [grads.get(z) for z in interior], leaves)


def history(*roots: Node, since: int = 0) -> list[Node]:
    """Return `roots` and every node they were made from, oldest first.

    since: a tick; the operands of older nodes are left out.
    Raises StaleGraphError where a computed node is not older than a node made from it: it was written to meanwhile.
    """
    seen, found = set(roots), list(dict.fromkeys(roots))
    for node in found:  # grows while it is read, so nothing recurses
        for x in node.inputs if node.born > since else ():
            if isinstance(x, Node):
                if x.born >= node.born and x.op is not None:
                    raise StaleGraphError(stale_graph(node, x))
                if x not in seen:
                    seen.add(x)
                    found.append(x)
    return sorted(found, key=born)  # the order of making is a topological order


def between(inputs: Iterable[Node], *outputs: Node) -> list[Node]:
    """Return the nodes on the paths from `inputs` to `outputs`, with their ends, oldest first.

    Raises StaleGraphError as `history` does.
    """
    path, order = set(inputs), history(*outputs)
    for node in order:
        if any(x in path for x in node.inputs if isinstance(x, Node)):
            path.add(node)
    return [node for node in order if node in path]


class GraphNeeded(Exception):  # noqa: N818  # no error: `pull` goes the same way on nodes
    """A rule needs to know how the gradient that arrives was made, not its numbers alone."""


def pull(order: Sequence[Node], grads: Grads, keep: Collection[Node], read: Callable[[Any], Any]) -> Grads:
    """Carry gradients from the newest node to the oldest: this is backpropagation.

    order: the nodes that pass gradients on, oldest first. grads: the gradients to start from, by node.
    keep: interior nodes whose gradient is wanted; that of any other is dropped as soon as it has been used.
    read: turns an operand into an argument of the rules: `data_of` for numbers, `itself` to make gradients a graph.
    Returns `grads`, completed: the leaves' gradients, and those of `keep`.
    """
    path, keep, hook, start = set(order), set(keep), mode().backward_hook, dict(grads)
    try:
        for z in reversed(order):
            if z.op is not None and z in grads:
                pull_through(z, grads[z] if z in keep else grads.pop(z), grads, path, read, hook)
    except GraphNeeded:
        with ModeContext(recording=True):
            found = pull(order, {z: z.leaf(g) for z, g in start.items()}, keep, itself)
        return {z: raw_of(g) for z, g in found.items()}
    return grads


def pull_through(
    z: Node,
    g: Any,
    grads: Grads,
    path: Container[Node],
    read: Callable[[Any], Any],
    hook: Callable[[Node, int, Any, Any], Any] | None,
) -> None:
    """Add to the gradient of each operand of `z` its share of `g`, the gradient of `z`: this is the chain rule."""
    inputs, op = z.inputs, z.op
    assert op is not None
    result, operands, params = read(z), [read(x) for x in inputs], z.params
    for i, (x, rule) in enumerate(zip(inputs, itertools.chain(op.rules, NO_RULES), strict=False)):
        if not isinstance(x, Node):
            continue
        if x.born >= z.born:
            raise StaleGraphError(stale_graph(z, x))
        if rule is None or x not in path:
            continue
        try:
            dx = rule(g, result, *operands, **params)
        except Exception as error:
            error.add_note(f"in the derivative of {op.describe(inputs)} by operand {i}, made at {z.where}")
            raise
        dx = x.unbroadcast(dx, z, i)
        if hook is not None:
            dx = hook(z, i, g, dx)
        if dx is not None:
            grads[x] = grads[x] + dx if x in grads else dx


def accumulate(root: Node, interior: Collection[Any], grads: Collection[Any], leaves: Grads) -> None:
    """Set the gradients of interior nodes and add to those of leaves, all or none.

    root: any node of their kind. Where another thread or a signal handler changes a leaf's gradient meanwhile, the
    sums are computed again.
    """
    for leaf in stepped_since_zero_grad.common(leaves):
        if leaf._slope is not None:
            warn(used_gradient(leaf.title), UserWarning)
    while True:
        before = [leaf._slope for leaf in leaves]
        totals = [g if old is None else old + g for old, g in zip(before, leaves.values(), strict=True)]
        new = root.without_aliases(itertools.chain(grads, totals))
        try:
            commit(unchanged(leaves, "_slope", before), attributes(itertools.chain(interior, leaves), "_slope", new))
        except ChangedMeanwhile:
            continue
        return


def set_gradients(leaves: Collection[Node], grads: Iterable[Any]) -> None:
    """Set the gradients of leaves, all or none; no optimiser has used these."""
    stepped = stepped_since_zero_grad
    forget = partial(stepped.members.difference_update, stepped.known(leaves))
    commit(attributes(leaves, "_slope", grads), calls([forget]))


def gradients(output: Node, inputs: Iterable[N], seed: Any = None) -> list[N]:
    """Return d(output)/d(x) for each x of `inputs`, as nodes: to read, draw, compile or differentiate again.

    The same rules as in `backward()`, handed nodes instead of numbers. No `.grad` changes.
    seed: the gradient to start from, of the output's shape; may be left out where that is one number.
    An input that the output does not depend on gets zero. Raises as `backward()` does.
    """
    if isinstance(inputs, Node):
        raise DTypeError(one_node(inputs.title))
    wanted = list(inputs)
    for x in (output, *wanted):
        if not isinstance(x, Node):
            raise DTypeError(not_a_node(x))
    for x in wanted:
        if not x._requires_grad:
            raise GradientError(no_gradient(x, history(x)))
    start = output.seed(raw_of(seed))
    start = seed if isinstance(seed, Node) else output.leaf(start)
    grads = pull(between(wanted, output), {output: start}, wanted, itself)
    return [grads[x] if x in grads else x.zero() for x in wanted]
