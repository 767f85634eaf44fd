"""What other libraries ask of an array, answered by a node: NumPy's protocols, DLPack, and refusals that say why.

So `np.exp(t)`, `array * t` and `np.sum(t, axis=1)` work on tensors, and nothing cuts a graph unnoticed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DTypeError, hints
from ..errors import gradients as on_gradients
from .context import mode
from .dispatch import apply_ufunc, dispatch
from .node import NO_PARAMS, Node
from .op import TABLE


class ArrayProtocols(Node):
    """A node of an array, as NumPy and PyTorch meet it."""

    __slots__ = ()
    __array_priority__ = 1000

    @property
    def _mask(self) -> Any:
        """Refuse numpy.ma, which reads `_data` and `_mask` of whatever it computes with, and would cut the graph."""
        raise DTypeError(on_gradients.masked_cuts_graph(self.title))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **keywords: Any) -> Any:
        if method == "__call__" and not keywords and (op := TABLE.get(ufunc.__name__)) is not None:
            return self.make(op, operands, NO_PARAMS)
        return apply_ufunc(ufunc, method, operands, keywords)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return dispatch(function)(*args, **kwargs)

    @classmethod
    def __torch_function__(cls, function: Any, *_: Any) -> Any:
        """Refuse a function of PyTorch, which asks here what to do with an operand of another library."""
        raise TypeError(hints.foreign_function("torch", getattr(function, "__name__", str(function))))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[np.generic]:
        # `generic`, so that type checkers see the result of `array * tensor` as NumPy makes it: a tensor
        if self._requires_grad and mode().recording:
            raise DTypeError(on_gradients.array_cuts_graph(self.title))
        return np.array(self.numbers(), dtype=dtype)

    def __dlpack__(
        self, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: bool | None = None
    ) -> Any:
        numbers: Any = np.asarray(self)  # refused as `__array__` refuses
        how = {"stream": stream, "max_version": max_version, "dl_device": dl_device, "copy": copy}
        return numbers.__dlpack__(**{k: x for k, x in how.items() if x is not None})  # NumPy 2.0 knows the first alone

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0  # the memory of this computer
