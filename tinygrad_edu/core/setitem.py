"""What `t[i] = y` does to a tensor: it becomes the result of a row, made from a hidden copy of its old self.

So gradients flow to what was written and to what was not, and a graph that was built before is found stale. Knows how
a node is linked, and the rows of indexing; asks the tensor itself to compute.
"""

from __future__ import annotations

from typing import Any

from ..errors import DTypeError, InplaceError
from ..errors.where import users_line
from ..ops import indexing
from .context import mode
from .node import LISTED, Node


def write(t: Any, index: Any, value: Any) -> None:
    """Make tensor `t` the copy of its old self that has `value` in the places of an index.

    Raises InplaceError where that would falsify a gradient: for a leaf that needs one, and for a computed tensor
    inside no_grad. DTypeError for integers that would have to carry a gradient.
    """
    recording = mode().recording
    if t._requires_grad and recording == (t.op is None):
        raise InplaceError(
            f"{t.title}[…] = … would change {'a leaf' if recording else 'a computed tensor'} that needs a gradient: "
            f"{'assign to its .data inside no_grad(), or ' if recording else ''}"
            f"change a copy, as in u = +t; u[…] = … (at {users_line()})"
        )
    if t._data.dtype.kind not in "fc" and isinstance(value, Node) and value._requires_grad:
        raise DTypeError(
            f"{t.title}, of dtype {t._data.dtype}, cannot take numbers that carry a gradient: convert it with "
            f".astype(float) first (at {users_line()})"
        )
    key, arrays = indexing.split(index)
    new = t.make(indexing.setitem, (t, value, *arrays), {"key": key})
    if new.op is not None:  # else inside no_grad: only the numbers change
        old = former_self(t, value)
        t.op, t.x, t.y, t.params = new.op, (old, *new.inputs[1:]), new.y, new.params
        t._requires_grad = new._requires_grad
    t._data = new._data
    t.reborn()


def former_self(t: Any, value: Any) -> Any:
    """Return a copy of node `t` to take its place in the graph of `value`, as in t[0] = 2 * t[1]."""
    old = object.__new__(type(t))
    for slot in Node.__slots__:
        if slot != "__weakref__" and hasattr(t, slot):
            setattr(old, slot, getattr(t, slot))
    found = [value] if isinstance(value, Node) else []
    seen = set(found)
    for node in found:  # grows while it is read; only what is younger can have been made from `t`
        if node.op is not None and node.born > t.born:
            new = [x for x in node.inputs if isinstance(x, Node) and x not in seen]
            seen.update(new)
            found += new
            if node.y is LISTED:
                node.x = tuple(old if x is t else x for x in node.x)
            else:
                node.x, node.y = (old if x is t else x for x in (node.x, node.y))
    return old
