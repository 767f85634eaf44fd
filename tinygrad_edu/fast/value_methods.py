"""Operators and methods of Values with `Value.make` unrolled: a node takes a third of the time.

A scalar net is made of such calls, by the thousand. Each method computes with the same scalar function as
`Op.on_numbers`, stores what `Node.remember` stores, and leaves everything unusual to `make`. Slots are assigned one by
one: in one statement they would be packed into a tuple first (measured: 60 of 620 ns). Each method keeps the
code object that called it last, if it is the user's: to look up its file again takes 40 ns.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType
from typing import Any

from ..core.context import current, innermost
from ..core.node import ABSENT, NO_PARAMS, raw_of, record_origin, tick
from ..core.op import PLAIN_NUMBERS, Op
from ..core.operators import documented
from ..core.value import Value
from ..errors.operations import unsupported_operand
from ..errors.where import package_files

mode_here, new, caller = current.get, object.__new__, sys._getframe  # local names: no dot in the hot path


def unary(name: str, op: Op) -> Callable[[Any], Any]:
    """Return the method for an operation of one operand."""
    scalar, differentiable = op.scalar, bool(op.rules)
    assert scalar is not None
    users_code: CodeType | None = None

    def method(x: Value) -> Value:
        nonlocal users_code
        here = mode_here()
        if here is not None:
            here = innermost()
        if here is not None and not here.recording:
            return Value.make(op, (x,), NO_PARAMS)
        z: Value = new(Value)
        try:
            z._raw = scalar(x._raw)
        except (ArithmeticError, ValueError):
            z._raw = op.at_the_edge(x._raw)
        z._requires_grad = differentiable and x._requires_grad
        z._slope = None
        z.label = ""
        z.op = op
        z.params = NO_PARAMS
        z.x = x
        z.y = ABSENT
        z.born = tick()
        frame = caller(1)
        z.code = code = frame.f_code
        z.instruction = frame.f_lasti
        if code is not users_code:
            if package_files[code.co_filename]:
                record_origin(z, frame)
            else:
                users_code = code
        if here is not None and here.forward_hook is not None:
            here.forward_hook(z)
        return z

    return documented(method, name, op)


def binary(name: str, op: Op) -> Callable[[Any, Any], Any]:
    """Return the method for an operation of two operands."""
    scalar, differentiable = op.scalar, bool(op.rules)
    assert scalar is not None
    users_code: CodeType | None = None

    def method(x: Value, y: Any) -> Any:
        nonlocal users_code
        kind, here = type(y), mode_here()
        if here is not None:
            here = innermost()
        if (here is not None and not here.recording) or (kind is not Value and kind not in PLAIN_NUMBERS):
            return Value.make(op, (x, y), NO_PARAMS) if Value.accepts(y) else unsupported_operand(op, x, y)
        z: Value = new(Value)
        try:
            z._raw = scalar(x._raw, y._raw if kind is Value else y)
        except (ArithmeticError, ValueError):
            z._raw = op.at_the_edge(x._raw, raw_of(y))
        z._requires_grad = differentiable and (x._requires_grad or (kind is Value and y._requires_grad))
        z._slope = None
        z.label = ""
        z.op = op
        z.params = NO_PARAMS
        z.x = x
        z.y = y
        z.born = tick()
        frame = caller(1)
        z.code = code = frame.f_code
        z.instruction = frame.f_lasti
        if code is not users_code:
            if package_files[code.co_filename]:
                record_origin(z, frame)
            else:
                users_code = code
        if here is not None and here.forward_hook is not None:
            here.forward_hook(z)
        return z

    return documented(method, name, op)


def reflected(name: str, op: Op) -> Callable[[Any, Any], Any]:
    """Return the method for an operation whose left operand is a plain number."""
    scalar, differentiable = op.scalar, bool(op.rules)
    assert scalar is not None
    users_code: CodeType | None = None

    def method(y: Value, x: Any) -> Any:
        nonlocal users_code
        here = mode_here()
        if here is not None:
            here = innermost()
        if (here is not None and not here.recording) or type(x) not in PLAIN_NUMBERS:
            return Value.make(op, (x, y), NO_PARAMS) if Value.accepts(x) else unsupported_operand(op, x, y)
        z: Value = new(Value)
        try:
            z._raw = scalar(x, y._raw)
        except (ArithmeticError, ValueError):
            z._raw = op.at_the_edge(x, y._raw)
        z._requires_grad = differentiable and y._requires_grad
        z._slope = None
        z.label = ""
        z.op = op
        z.params = NO_PARAMS
        z.x = x
        z.y = y
        z.born = tick()
        frame = caller(1)
        z.code = code = frame.f_code
        z.instruction = frame.f_lasti
        if code is not users_code:
            if package_files[code.co_filename]:
                record_origin(z, frame)
            else:
                users_code = code
        if here is not None and here.forward_hook is not None:
            here.forward_hook(z)
        return z

    return documented(method, name, op)
