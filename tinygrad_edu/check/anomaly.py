"""Finding the operation that made the first NaN or infinity, and giving 0 · ∞ another meaning.

Both are switches that watch nodes being made and gradients being handed back; neither costs anything outside its
`with` block. `stable_forms` knows the formula to write instead of the guilty one.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Any
from weakref import ReferenceType, ref

import numpy as np

from ..core.context import Mode, ModeContext, mode
from ..core.node import Node, data_of, itself
from ..errors import AnomalyError
from ..errors.printable import printable
from ..ops.compare import where
from .stable_forms import as_written, domain_advice, double_where, rewrite_advice

LOOK_AHEAD = 200  # nodes remembered after an infinity, to recognise the formula that it is part of


class detect_anomaly(ModeContext):  # noqa: N801  # PyTorch's name for it, and used like a keyword
    """Raise AnomalyError naming the operation that made the first NaN or infinity, forward or backward.

    The message tells the operation, its operands and their ranges, the line of the program, and what to write
    instead. A NaN raises at once; an infinity, which may yet become a plain 0, when it makes a NaN, else at the end.
    """

    def change(self, parent: Mode) -> Mode:
        watch = Watch(parent.forward_hook, parent.backward_hook)
        return parent._replace(forward_hook=watch.made, backward_hook=watch.pulled)

    def leave(self, kind: type[BaseException] | None = None, *_: Any) -> None:
        watch = getattr(mode().forward_hook, "__self__", None)
        super().leave()
        if kind is None and isinstance(watch, Watch) and watch.infinite is not None:
            raise watch.forward("infinity", watch.infinite)


class strong_zero(ModeContext):  # noqa: N801  # reads like a keyword
    """Let a gradient of exactly 0 stay 0, however steep the operation it passes through: 0 · ∞ = 0.

    So the branch that `where` did not take, or a mask left out, cannot turn the other's gradient into NaN.
    """

    def change(self, parent: Mode) -> Mode:
        before = parent.backward_hook

        def zero_stays(z: Node, i: int, g: Any, dx: Any) -> Any:
            dx = without_zeros(z, i, g, dx)
            return before(z, i, g, dx) if before else dx

        return parent._replace(backward_hook=zero_stays)


def without_zeros(z: Node, i: int, g: Any, dx: Any) -> Any:
    """Return the share `dx` of `g` that goes to the i-th operand of `z`, counting no element where `g` is 0.

    Where elements of the result hang on several of the operand's, only a `g` of nothing but zeros can be told apart.
    """
    assert z.op is not None
    nodes = isinstance(g, Node)
    if dx is None or (not nodes and np.all(np.isfinite(dx))):
        return dx
    x = z.inputs[i]
    if not z.op.elementwise and np.ndim(data_of(z)) > 0:
        return dx if np.any(data_of(g)) else x.unbroadcast(dx * 0.0 if nodes else np.zeros_like(dx), z, i)
    read: Callable[[Any], Any] = itself if nodes else type(z).operand
    with np.errstate(all="ignore"):
        slope = z.op.rules[i](g, read(z), *map(read, z.inputs), **z.params)
    return x.unbroadcast(where(g == 0, 0.0, slope), z, i)


class Watch:
    """The record of one `detect_anomaly`: which node used which, and an infinity that may be harmless."""

    def __init__(self, made: Any, pulled: Any) -> None:
        self.made_before, self.pulled_before = made, pulled
        self.infinite: Node | None = None  # the first node with an infinity that none of its operands had
        self.since: deque[Node] = deque(maxlen=LOOK_AHEAD)  # the nodes made after it
        self.users: dict[int, ReferenceType[Node]] = {}  # by the age of a node: one that handed it a gradient
        self.silencers: dict[int, ReferenceType[Node]] = {}  # and the one that made some of that gradient 0

    def made(self, z: Node) -> None:
        """Look at a node that was just made."""
        if self.made_before:
            self.made_before(z)
        if self.infinite is not None:
            self.since.append(z)
        if is_finite(z):
            return
        if not has_nan(z):
            if self.infinite is None and all(map(is_finite, z.inputs)):
                self.infinite = z
            return
        source = next((x for x in z.inputs if has_nan(x)), None)
        if source is None or not isinstance(source, Node) or source.op is None:
            raise self.forward("NaN", z, source)

    def pulled(self, z: Node, i: int, g: Any, dx: Any) -> Any:
        """Look at the share `dx` of gradient `g` that `z` hands to its i-th operand."""
        if self.pulled_before:
            dx = self.pulled_before(z, i, g, dx)
        if dx is None:
            return dx
        x, arriving, share = z.inputs[i], np.asarray(data_of(g)), np.asarray(data_of(dx))
        self.users[x.born] = ref(z)
        if np.any(share == 0):
            self.silencers[x.born] = ref(z) if np.all(arriving) else self.silencers.get(z.born, ref(z))
        if np.all(np.isfinite(share)) or not np.all(np.isfinite(arriving)):
            return dx
        raise self.backward(z, i, arriving, share)

    def forward(self, what: str, z: Node, source: Any = None) -> AnomalyError:
        """Return the error for a NaN or an infinity in the data of `z`; `source`: the operand it came in with."""
        first = z
        while (
            bad := next((x for x in first.inputs if isinstance(x, Node) and x.op and not is_finite(x)), None)
        ) is not None:
            first = bad
        lines = [f"{what} in the forward pass: {origin_of(first)}"]
        if source is not None:
            lines[0] = f"NaN came into the forward pass with {as_written(source)}: {origin_of(z)}"
        elif first is not z:
            lines[0] = f"NaN in the forward pass, from the infinity of {origin_of(first)}, handed to {origin_of(z)}"
        lines += ranges(first.inputs)
        lines.append(f"  result: {span(first._data)}")
        advice = "replace it in the data, as with np.nan_to_num, or leave those examples out"
        if source is None:
            advice = rewrite_advice([first, z, *self.since], first)
            if not advice and z is not first and z.op is not None and z.op.name == "multiply":  # by a mask
                advice = double_where(first, len(first.inputs) - 1, None)
            advice = advice or domain_advice(first)
        return AnomalyError("\n".join([*lines, f"  fix: {advice}"]))

    def backward(self, z: Node, i: int, g: np.ndarray[Any, Any], dx: np.ndarray[Any, Any]) -> AnomalyError:
        """Return the error for a NaN or an infinity in the gradient that `z` hands to its i-th operand."""
        what = "NaN" if np.any(np.isnan(dx)) else "infinity"
        silencer = self.silencers[z.born]() if z.born in self.silencers and np.any(g == 0) else None
        left_out = silencer is not None and silencer.op is not None and silencer.op.name in ("where", "multiply")
        if left_out:
            advice = f"{double_where(z, i, silencer)}; or call backward() inside strong_zero()"
        else:
            advice = rewrite_advice(self.used_by(z), z) or domain_advice(z)
        by = f" by {as_written(z.inputs[i])}" if len(z.inputs) > 1 else ""
        lines = [f"{what} in the backward pass, in the derivative{by} of {origin_of(z)}", *ranges(z.inputs)]
        lines.append(f"  gradient that arrived: {span(g)}")
        if left_out and silencer is not None:
            lines[-1] += f"; it is 0 because of `{silencer.op.name}` at {silencer.where}"  # type: ignore[union-attr]  # left_out
        lines.append(f"  gradient handed on: {span(dx)}")
        return AnomalyError("\n".join([*lines, f"  fix: {advice}"]))

    def used_by(self, z: Node) -> list[Node]:
        """Return `z` and the nodes that it is part of, as far as a formula reaches."""
        found = [z]
        while len(found) < 8 and (user := self.users.get(found[-1].born)) and (node := user()) is not None:
            found.append(node)
        return found


def is_finite(x: Any) -> bool:
    """Say whether a node or a constant holds no NaN and no infinity."""
    data = data_of(x)
    if type(data) is float:
        return math.isfinite(data)  # NumPy would take thirty times as long, for each operand of each node
    data = np.asarray(data)
    return data.dtype.kind not in "fc" or bool(np.all(np.isfinite(data)))


def has_nan(x: Any) -> bool:
    """Say whether a node or a constant holds a NaN."""
    data = np.asarray(data_of(x))
    return data.dtype.kind in "fc" and bool(np.any(np.isnan(data)))


def origin_of(z: Node) -> str:
    """Say which operation made a node, of what, and where."""
    assert z.op is not None
    label = f"`{printable(z.label):.80}` = " if z.label else ""
    return f"{label}`{z.op.name}` of {' and '.join(map(as_written, z.inputs))}, at {z.where}"


def ranges(operands: tuple[Any, ...]) -> list[str]:
    """Return a line for each operand: what it is and between which numbers it lies."""
    return [f"  {as_written(x)}: {span(data_of(x))}" for x in operands]


def span(data: Any) -> str:
    """Say the shape of an array, between which numbers it lies, and where the odd ones are."""
    array = np.asarray(data)
    plain = array[np.isfinite(array)]
    if array.ndim == 0:
        return f"{array[()]:g}"
    text = f"shape {array.shape}, " + (f"from {plain.min():g} to {plain.max():g}" if plain.size else "no finite number")
    for name, odd in (("NaN", np.isnan(array)), ("infinite", np.isinf(array)), ("0", array == 0)):
        if np.any(odd):
            where_first = ", ".join(map(str, np.argwhere(odd)[0]))
            text += f"; {np.sum(odd)} of {array.size} {name}, the first at [{where_first}]"
    return text
