"""Operators of tensors with `Tensor.make` unrolled, for two tensors or a tensor and a number.

Everything unusual (a mode, arrays, lists) is left to `make`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType
from typing import Any

import numpy as np

from ..core.arrays import as_array
from ..core.context import current
from ..core.node import NO_PARAMS, record_origin, tick
from ..core.op import PLAIN_NUMBERS, Op
from ..core.operators import documented
from ..core.tensor import Tensor
from ..errors.operations import unsupported_operand
from ..errors.where import package_files

mode_here, new, caller, ndarray = current.get, object.__new__, sys._getframe, np.ndarray  # no dot in the hot path


def binary(name: str, op: Op) -> Callable[[Any, Any], Any]:
    """Return the method for an operation of two operands."""
    forward, differentiable = op.forward, bool(op.rules)
    users_code: CodeType | None = None  # as in `value_methods`

    def method(x: Tensor, y: Any) -> Any:
        nonlocal users_code
        kind = type(y)
        if mode_here() is not None or (kind is not Tensor and kind not in PLAIN_NUMBERS):
            return Tensor.make(op, (x, y), NO_PARAMS) if Tensor.accepts(y) else unsupported_operand(op, x, y)
        try:
            data = forward(x._raw, y._raw if kind is Tensor else y)
        except Exception as error:
            raise op.explain(error, (x, y), NO_PARAMS) from None
        z: Tensor = new(Tensor)
        z._raw = data if type(data) is ndarray else as_array(data, op.name)
        z._requires_grad = differentiable and (x._requires_grad or (kind is Tensor and y._requires_grad))
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
        return z

    return documented(method, name, op)
