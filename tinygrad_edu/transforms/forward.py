"""Forward mode: derivatives carried from the arguments to the result, by the same rules that carry them back.

A rule carries a gradient back. Where each element of a result depends on one element of the operand, the rule is a
diagonal matrix, which is its own transpose, so the tangent goes through it unchanged. A linear operation is its own
derivative. Any other rule is linear in `g`, and differentiating it by `g` transposes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.backprop import gradients, history, pull
from ..core.node import Grads, Node, data_of
from ..core.op import VariadicRule
from ..core.value import Value
from ..ops.complex import is_complex, real_part
from ..ops.shapes import broadcast_to, shape
from .record import Function, Record, as_arguments, recording, silenced
from .reverse import seed_like
from .trees import matching_leaves, rebuilt


def jvp(f: Function, x: Any, tangent: Any) -> tuple[Any, Any]:
    """Return `f(x)`, and how fast it changes as `x` moves along `tangent`: the Jacobian times the tangent.

    x, tangent: arrays, numbers, Tensors, Values or nested lists, tuples and dicts of them, built alike; a tuple
    stands for all arguments of `f` where `f` requires that many. Raises ShapeError where a tangent does not fit.
    """
    record = Record(f, (args := as_arguments(f, x)), {}, range(len(args)))
    given = matching_leaves(record.tree, list(as_arguments(f, tangent)), "arguments and tangent")
    nested = record.nested or any(isinstance(t, Node) and t.requires_grad for t in given)
    tangents = [seed_like(node, t, nested) for node, t in zip(record.inputs, given, strict=True)]
    return record.value(), tangents_like_result(record, pushforward(record, tangents, nested), nested)


def tangents_like_result(record: Record, tangents: Sequence[Any], nested: bool) -> Any:
    """Return the tangents of the outputs, built like the result and in its kind."""
    outputs = zip(record.outputs, tangents, strict=True)
    return rebuilt(record.result, iter([record.moved(y, t, nested) for y, t in outputs]))


def pushforward(record: Record, tangents: Sequence[Any], nested: bool) -> list[Any]:
    """Return the tangent of each output, given that of each input; None where it is zero."""
    found: Grads = {x: t for x, t in zip(record.inputs, tangents, strict=True) if t is not None}
    read, inputs = record.reader(nested), set(record.inputs)
    with recording(), silenced(record.of_floats):
        for z in record.order:
            if z.op is None or z in inputs:
                continue
            for i, (x, rule) in enumerate(zip(z.inputs, z.op.rules, strict=False)):
                if isinstance(x, Node) and x in found and rule is not None:
                    dz = push_through(z, i, rule, found[x], read, nested)
                    if dz is not None:
                        found[z] = found[z] + dz if z in found else dz
    return [found.get(y) if isinstance(y, Node) else None for y in record.outputs]


def push_through(z: Node, i: int, rule: Any, t: Any, read: Any, nested: bool) -> Any:
    """Return the part of the tangent of `z` that comes from tangent `t` of its i-th operand."""
    assert z.op is not None
    operands = [read(x) for x in z.inputs]
    if isinstance(z, Value) or (z.op.elementwise and not is_complex(z)):  # a complex number is two, and may turn
        if shape(t) != shape(z):
            t = broadcast_to(t, shape=shape(z))
        dz = rule(t, read(z), *operands, **z.params)
        return z.unbroadcast(real_part(dz), z, i)  # a rule may lead from complex numbers to real ones
    if z.op.linear and not isinstance(z.op.rules, VariadicRule):  # that would be linear in all operands together
        operands[i] = t
        return z.unbroadcast(z.op(*operands, **z.params), z, i)
    return transposed_rule(z, i, rule, t, operands, read(z), nested)


def transposed_rule(z: Node, i: int, rule: Any, t: Any, operands: list[Any], result: Any, nested: bool) -> Any:
    """Return the transpose of a rule applied to `t`: the derivative, by its `g`, of the rule weighed with `t`."""
    g = z.zero()
    g._requires_grad = True  # of complex numbers too, which no user may ask for
    x = z.inputs[i]
    with np.errstate(all="ignore"):  # the value at g = 0 is of no interest
        weighed = x.unbroadcast(rule(g, result, *operands, **z.params), z, i)
    if not isinstance(weighed, Node) or not weighed.requires_grad:
        return None
    if nested:
        return gradients(weighed, [g], seed=t)[0]
    return pull([node for node in history(weighed) if node.requires_grad], {weighed: t}, [g], data_of)[g]
