"""Changes of a tensor in place: `t[i] = y`, `t += y`, `t *= y`.

`t[i] = y` turns `t` into the result of an operation on a hidden node that is its old version. So gradients flow to
what was written and to what was not, and a graph that was built before is found stale.
"""

from __future__ import annotations

import dis
import itertools
import sys
from collections.abc import Callable, Iterable
from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DTypeError, InplaceError
from ..errors import inplace as sentences
from ..ops import indexing, shapes
from .backprop import history
from .commit import attributes, commit
from .context import ModeContext, mode, tracing
from .node import LISTED, Node, new_version, raw_of, requirement_changes
from .op import Op

if TYPE_CHECKING:
    from .tensor import Tensor

LINKS = ("op", "x", "y", "params", "_requires_grad")  # how a node was made


def in_place(op: Op, symbol: str) -> Callable[[Any, Any], Tensor]:
    """Return the method for an operator like `t += other`: it makes a new node, or refuses to falsify a gradient."""

    def method(x: Any, y: Any) -> Tensor:
        recording = mode().recording
        if x.op is None and x._requires_grad and recording:
            raise InplaceError(sentences.leaf_operator(x.title, x.label, symbol))
        if x.op is None and not (recording and isinstance(y, Node) and y._requires_grad):
            if x._raw.base is not None and not stored_back(sys._getframe(1)):
                refuse_view(x, f"{symbol}=")
            x.assign(op(detached_numbers(x), detached_numbers(y)))
            return x  # type: ignore[no-any-return]  # `t += y` is a statement about a tensor, here and below
        if x.op is not None and x._requires_grad and derivative_reads_result(x):
            raise InplaceError(sentences.needed_result(x.title, x.where, x.op.name, symbol))
        if x._raw.base is not None and not stored_back(sys._getframe(1)):
            refuse_view(x, f"{symbol}=")
        return x.make(op, (x, y), {})  # type: ignore[no-any-return]

    return method


def detached_numbers(x: Any) -> Any:
    """Return a node's numbers to compute with outside a graph: while a function is traced, a node that is cut off."""
    tracer = tracing()
    return raw_of(x) if tracer is None or not isinstance(x, Node) else tracer.read(x)


def derivative_reads_result(z: Any) -> bool:
    """Return whether a derivative of `z` is computed from `z` itself, as that of exp is, so that it must stay as it is.

    The rules are run on stand-ins of the operands, recorded, and the stand-in of the result is looked for.
    """
    stand_in, g = z.leaf(z._raw), z.leaf(z._raw)
    operands = [x.leaf(x._raw) if isinstance(x, Node) else x for x in z.inputs]
    with ModeContext(recording=True, forward_hook=None, backward_hook=None):
        for rule, x in zip(z.op.rules, z.inputs, strict=False):
            if rule is None or not isinstance(x, Node) or not x._requires_grad:
                continue
            try:
                dx = rule(g, stand_in, *operands, **z.params)
            except Exception:  # a rule that cannot be run here may read anything
                return True
            if isinstance(dx, Node) and any(node is stand_in for node in history(dx)):
                return True
    return False


def setitem(t: Any, index: Any, value: Any) -> None:
    """Make tensor `t` the copy of its old version that has `value` in the places of an index.

    Raises InplaceError where that would falsify a gradient: for a leaf that needs one, and for a computed tensor
    inside no_grad. DTypeError for integers that would have to carry a gradient.
    """
    recording = mode().recording
    if t._requires_grad and t.op is None and recording:
        raise InplaceError(sentences.setitem_on_leaf(t.title))
    if t._requires_grad and t.op is not None and not recording:
        raise InplaceError(sentences.setitem_without_recording(t.title))
    if t._raw.dtype.kind not in "fc" and isinstance(value, Node) and value._requires_grad:
        raise DTypeError(sentences.setitem_into_integers(t.title, t._raw.dtype))
    refuse_view(t, "[…] =")
    key, arrays = indexing.split_index(index)
    tracer = tracing()
    if tracer is not None and tracer.setitem(t, key, arrays, value):
        return
    new = t.make(indexing.setitem, (t, value, *arrays), {"key": key})
    if new.op is None:  # inside no_grad: only the numbers change
        commit(new_version(t, new._raw))
        return
    old = version_before(t) if tracer is None else tracer.version_before(t)
    new.x = (old, *new.inputs[1:])
    relinked, operands = uses_of(t, old, (value, *arrays))
    requirement_changes[0] += 1
    commit(
        map(setattr, itertools.repeat(t), LINKS, [getattr(new, name) for name in LINKS]),
        attributes(relinked, "x", [x for x, _ in operands]),
        attributes(relinked, "y", [y for _, y in operands]),
        new_version(t, new._raw),
    )


def version_before(t: Any) -> Any:
    """Return a new node that is what `t` is now."""
    old = object.__new__(type(t))
    for slot in Node.__slots__:
        if slot != "__weakref__":
            setattr(old, slot, getattr(t, slot))
    return old


def stored_back(frame: FrameType) -> bool:
    """Return whether the operator at which a frame is belongs to `x[i] += y`, which writes the result into x itself."""
    rest = (step.opname for step in dis.get_instructions(frame.f_code) if step.offset > frame.f_lasti)
    return next((name in ("STORE_SUBSCR", "STORE_SLICE") for name in rest if name.startswith("STORE")), False)


def refuse_view(t: Any, symbol: str) -> None:
    """Raise InplaceError where NumPy would write into another tensor too: `t` is a view of one that is still in use.

    A tensor that only the graph holds is no longer in use: its numbers are kept for derivatives, and stay.
    """
    base = t._raw.base
    if base is None:
        return
    if t.op is None:
        # made inside no_grad, which keeps no operands; held by the view, this name and the argument of the call
        if "cut" in t.params and sys.getrefcount(base) > 3:
            raise InplaceError(sentences.view_of(t.title, "another tensor", symbol))
        return
    view = t
    while view.op is not None and view.op is not shapes.identity and len(view.inputs):
        x = view.inputs[0]
        if (
            not (isinstance(x, type(t)) or isinstance(t, type(x)))
            or not np.may_share_memory(view._raw, x._raw)
            or view._raw.base is None
        ):
            return
        whole, view = x.title, x
        del x
        if sys.getrefcount(view) > 3:  # this name, the slot of the node made from it, and the argument of the call
            raise InplaceError(sentences.view_of(t.title, whole, symbol))


def uses_of(t: Any, old: Any, given: Iterable[Any]) -> tuple[list[Node], list[tuple[Any, Any]]]:
    """Return the nodes in graphs of `given` that were made from `t`, as in t[0] = 2 * t[1], and their operands.

    In these operands, as nodes keep them, `old` stands in place of `t`.
    """
    found = [x for x in given if isinstance(x, Node)]
    seen = set(found)
    uses: list[Node] = []
    operands: list[tuple[Any, Any]] = []
    for node in found:  # grows while it is read; only what is younger can have been made from `t`
        if node.op is None or node.born <= t.born:
            continue
        new = [x for x in node.inputs if isinstance(x, Node) and x not in seen]
        seen.update(new)
        found += new
        if any(x is t for x in node.inputs):
            uses.append(node)
            if node.y is LISTED:
                operands.append((tuple(old if x is t else x for x in node.x), LISTED))
            else:
                operands.append((old if node.x is t else node.x, old if node.y is t else node.y))
    return uses, operands
