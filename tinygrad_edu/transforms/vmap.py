"""`vmap`: a function of one example becomes a function of a batch, with the meaning of JAX's.

The function runs once, on the first example, and is recorded; then its graph is computed again with a batch in place
of each example. An elementwise row takes a batch as it is. For any other row a way to hand it one is found by trying,
as for a batch of gradients, and tried on the last example too; where there is none, the row runs once an example.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import wraps
from typing import Any, NoReturn

import numpy as np

from ..core.backprop import history
from ..core.context import ModeContext, no_grad, tracing
from ..core.inplace import version_before
from ..core.node import Node, data_of, raw_of, tick
from ..core.sealed import Sealed
from ..core.tensor import Tensor
from ..errors import DTypeError, ShapeError
from ..errors.hints import tells_keywords
from ..errors.where import users_line
from ..ops.shapes import broadcast_to, concatenate, identity, reshape, shape, transpose
from .batched import BatchingRule, batching_rule_of, moved, repeat_shaped
from .record import Function, argument_names, expect_function, function_name
from .trees import leaves, paths, rebuilt

Axes = int | None | Sequence[Any]


class OneForAll:
    """A tracer for a run on one example that stands for all: no number that depends on it may be looked at.

    What the function reads that depends on no example is as it would be without the tracer.
    """

    def __init__(self, f: Function, examples: Sequence[Node], start: int) -> None:
        self.f, self.examples, self.start, self.around = f, set(examples), start, tracing()

    def __getattr__(self, asked: str) -> Any:
        return self.stateful

    def stateful(self, *_: Any) -> NoReturn:
        """Refuse a change of state or a draw of random numbers, which would happen once for all examples."""
        raise DTypeError(
            f"vmap: {function_name(self.f)} changes state or draws random numbers at {users_line()}, and runs once for "
            "all examples: hand in what differs between them, and return what is to be kept"
        )

    def depends(self, node: Node) -> bool:
        """Return whether a node was computed from an example."""
        seen, waiting = {node}, [node]
        while waiting:
            x = waiting.pop()
            if x in self.examples:
                return True
            new = {y for y in x.inputs if isinstance(y, Node) and y.born > self.start} - seen
            seen |= new
            waiting += new
        return False

    def refuse(self, node: Node) -> None:
        """Raise DTypeError where the numbers of a node differ from example to example."""
        if self.depends(node):
            raise DTypeError(
                f"vmap: {node.title} (made at {node.where}) was turned into a plain number or used in a test at "
                f"{users_line()}, and differs from example to example: use tinygrad_edu.where(condition, a, b) instead "
                "of if, or loop over the examples"
            )
        if self.around is not None:
            self.around.refuse(node)

    def truth(self, node: Node) -> bool:
        """Return whether a node is true that depends on no example."""
        self.refuse(node)
        return bool(node._raw)

    def sealed(self, node: Node) -> Any:
        """Return the data of a node; if that depends on an example its shape and dtype only."""
        if self.depends(node):
            return Sealed(node, self.refuse)
        return node._raw if self.around is None else self.around.sealed(node)

    def read(self, node: Node) -> Any:
        """Return a node cut off from its graph."""
        with no_grad():
            return identity(node)

    def grad(self, leaf: Node) -> Any:
        """Return the gradient of a leaf."""
        return leaf._slope if self.around is None else self.around.grad(leaf)

    def setitem(self, leaf: Node, *_: Any) -> bool:
        """Refuse to write into a leaf from outside; say that any other tensor becomes the result of an operation."""
        if leaf.op is None and (leaf.born < self.start or leaf in self.examples):
            self.stateful()
        return False

    def version_before(self, node: Node) -> Any:
        """Return a node with the present state of `node`."""
        return version_before(node)


@tells_keywords
def vmap(f: Function, in_axes: Axes = 0, out_axes: Axes = 0) -> Function:
    """Return a function of batches that computes `f`, a function of one example, for every example at once.

    in_axes: the axis of each argument along which its examples lie, None for an argument that all share; one for all
    arguments, or a list with one for each. Keyword arguments are mapped along axis 0. out_axes: where the axis of the
    batch is in the results; one for all, or a list with one for each part of a result that is a list or tuple.
    Arguments may be nested lists, tuples and dicts of arrays. The results are nodes where an argument is one or a
    gradient is needed, else arrays; they may be differentiated.
    Raises ShapeError where lengths differ or there is no axis, DTypeError where `f` decides by the numbers of an
    example, changes state or draws random numbers.
    """
    expect_function(f)

    @wraps(f)
    def batched(*args: Any, **keywords: Any) -> Any:
        batches, count = examples_of(f, args, keywords, in_axes)
        start = tick()
        firsts = [None if x is None else one(x, 0) for x in batches]
        tree = [*args, keywords]
        shared = iter([given if x is None else x for x, given in zip(firsts, leaves(tree), strict=True)])
        *positional, keyworded = rebuilt(tree, shared)
        tracer = OneForAll(f, [x for x in firsts if x is not None], start)
        with ModeContext(recording=True, forward_hook=None, backward_hook=None, tracer=tracer):
            result = f(*positional, **keyworded)
        outputs = leaves(result)
        found: dict[Node, Any] = {x: batch for x, batch in zip(firsts, batches, strict=True) if x is not None}
        for z in history(*[y for y in outputs if isinstance(y, Node)], since=start):
            if z.born > start and z.op is not None and any(x in found for x in z.inputs if isinstance(x, Node)):
                found[z] = batch_of_node(z, found, count)
        places = positions_of(f, result, out_axes)
        whole = [along(y, found, count, axis) for y, axis in zip(outputs, places, strict=True)]
        nodes = tracing() is not None or any(isinstance(x, Node) for x in leaves(tree))
        nodes = nodes or any(isinstance(y, Node) and y.requires_grad for y in whole)
        return rebuilt(result, iter([y if nodes else np.array(data_of(y)) for y in whole]))

    return batched


def examples_of(f: Function, args: Sequence[Any], keywords: Any, in_axes: Axes) -> tuple[list[Tensor | None], int]:
    """Return each leaf of the arguments as a tensor with its examples along axis 0, None if shared, and their number.

    Raises ShapeError.
    """
    axes: list[Any] = list(in_axes) if isinstance(in_axes, (list, tuple)) else [in_axes] * len(args)
    if len(axes) != len(args):
        raise ShapeError(
            f"vmap: in_axes={in_axes} has {len(axes)} entries, and {function_name(f)} got {len(args)} arguments"
        )
    batches: list[Tensor | None] = []
    lengths: dict[str, int] = {}
    titles = argument_names(f, args)
    pairs = [*zip(titles, args, axes, strict=True), *((name, x, 0) for name, x in keywords.items())]
    for title, arg, axis in pairs:
        for path, x in paths(arg):
            if axis is None:
                batches.append(None)
                continue
            n = np.ndim(data_of(x))
            if not isinstance(x, (Tensor, np.ndarray)) or not -n <= axis < n:
                raise ShapeError(
                    f"vmap: `{title}{path}` has no axis {axis} of examples: give an array or a tensor, or in_axes=None "
                    f"for what all examples share (at {users_line()})"
                )
            tensor = x if isinstance(x, Tensor) else Tensor(x, requires_grad=False)
            order = [axis % n, *(k for k in range(n) if k != axis % n)]
            batches.append(tensor if axis % n == 0 else transpose(tensor, axes=tuple(order)))
            lengths[title + path] = shape(x)[axis]
    if len(set(lengths.values())) != 1 or 0 in lengths.values():
        raise ShapeError(f"vmap: every argument needs the same number of examples, one at least, not {lengths}")
    return batches, next(iter(lengths.values()))


def one(batch: Tensor, i: int) -> Tensor:
    """Return an example of a batch as a leaf of its own."""
    return Tensor(batch._raw[i])


def batch_of_node(z: Node, batches: dict[Any, Any], n: int) -> Any:
    """Return the batch of a node, given those of its operands."""
    if z._requires_grad or tracing() is not None:
        return in_one_call(z, batches, n)
    with no_grad():  # it was cut off from its graph
        return in_one_call(z, batches, n)


def in_one_call(z: Node, batches: dict[Any, Any], n: int) -> Any:
    """Return the batch of a node by one call of its row, or by a call an example where no single one is right."""
    assert z.op is not None
    operands = [batches.get(x, x) if isinstance(x, Node) else x for x in z.inputs]
    varied = [isinstance(x, Node) and x in batches for x in z.inputs]
    if z.op.elementwise:
        deepest = z._raw.ndim
        wide = [deepened(x, deepest) if v else x for x, v in zip(operands, varied, strict=True)]
        return z.op(*wide, **z.params)
    with np.errstate(all="ignore"):
        batching = batching_rule_of(z, batches)
        if batching is not None:
            found = handed(z, batching, operands, varied, n)
            if holds_for_the_last(z, found, operands, varied):
                return found
    each = [z.op(*(x[i] if v else x for x, v in zip(operands, varied, strict=True)), **z.params) for i in range(n)]
    if len({shape(x) for x in each}) > 1:
        raise ShapeError(f"vmap: {z.title} (made at {z.where}) has another shape for each example: loop over them")
    return concatenate(*(reshape(x, shape=(1, *shape(x))) for x in each), axis=0)


def deepened(x: Any, ndim: int) -> Any:
    """Return a batch of examples that have `ndim` axes each, the new ones in front."""
    first, *rest = shape(x)
    return x if len(rest) == ndim else reshape(x, shape=(first, *(1,) * (ndim - len(rest)), *rest))


def handed(z: Node, batching: BatchingRule, operands: Sequence[Any], varied: Sequence[bool], n: int) -> Any:
    """Return the batch of a node by one call of its row."""
    assert z.op is not None
    ready = []
    for x, v, each in zip(operands, varied, batching.operands, strict=True):
        if each is None:
            ready.append(x)
        else:
            ready.append(reshape(x, shape=(n, *each)) if v else repeat_shaped(x, n, each))
    return reshape(z.op(*ready, **moved(z, n)), shape=(n, *z._raw.shape))


def holds_for_the_last(z: Node, found: Any, operands: Sequence[Any], varied: Sequence[bool]) -> bool:
    """Return whether the last example of a batch equals the row's result for it alone, to rounding."""
    assert z.op is not None
    alone = z.op.forward(
        *(raw_of(x)[-1] if v else raw_of(x) for x, v in zip(operands, varied, strict=True)), **z.params
    )
    last = raw_of(found)[-1]
    scale = np.max(np.abs(alone), initial=0.0, where=np.isfinite(alone))
    precision = np.finfo(last.dtype).eps if last.dtype.kind in "fc" else 0.0
    return np.shape(alone) == last.shape and np.allclose(last, alone, 100 * precision, 100 * precision * scale, True)


def positions_of(f: Function, result: Any, out_axes: Axes) -> list[Any]:
    """Return for each leaf of a result where the axis of the batch belongs. Raises ShapeError."""
    if not isinstance(out_axes, (list, tuple)):
        return [out_axes] * len(leaves(result))
    if not isinstance(result, (list, tuple)) or len(result) != len(out_axes):
        raise ShapeError(
            f"vmap: out_axes={out_axes} does not fit the result of {function_name(f)}: give one for each part"
        )
    return [axis for part, axis in zip(result, out_axes, strict=True) for _ in leaves(part)]


def along(y: Any, batches: dict[Any, Any], n: int, axis: int | None) -> Any:
    """Return a result with the axis of the batch where it belongs: repeated if it does not depend on the examples."""
    is_batch = isinstance(y, Node) and y in batches
    y = batches[y] if is_batch else y
    if axis is None:
        if is_batch:
            raise ShapeError("vmap: out_axes=None is for results that are the same for all examples")
        return y
    if not is_batch:
        y = y if isinstance(y, (Node, np.ndarray)) else np.asarray(y)
        y = broadcast_to(y, shape=(n, *shape(y)))
    axis = axis % len(shape(y))
    if axis == 0:
        return y
    return transpose(y, axes=(*range(1, axis + 1), 0, *range(axis + 1, len(shape(y)))))
