"""A function of nodes, called again and again on fresh leaves: what it returns, its gradients, its measured slopes.

Knows the chain rule only through `graph.pull`; judges nothing. Infinities and NaN are met here on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.backprop import between, gradients, pull
from ...core.node import Node, data_of
from ...core.tensor import Tensor
from ...core.types import Array
from ...core.value import Value
from .numerical import Slope, complex_step, richardson_slope

SAME = 1e-12  # how closely f must agree with itself in another precision to be measured there


def is_differentiable(x: Any) -> bool:
    """Whether an input is something to differentiate by; anything else is handed to f as it is."""
    if isinstance(x, Node):
        return x.requires_grad
    return isinstance(x, (float, np.floating)) or (isinstance(x, np.ndarray) and x.dtype.kind == "f")


def result_nodes(result: Any) -> list[Node]:
    """Return what f returned as a list of nodes. Raises TypeError where some of it is not a node."""
    results = list(result) if isinstance(result, (list, tuple)) else [result]
    for x in results:
        if not isinstance(x, Node):
            raise TypeError(f"f returned {type(x).__name__}, not a Tensor or a Value: no gradient can flow through it")
    return results


class FunctionCall:
    """One call of f: the leaves it was given, the nodes it returned, and the way back."""

    def __init__(self, leaves: list[Node], args: Sequence[Any], f: Callable[..., Any]) -> None:
        self.leaves = leaves
        self.before = [np.array(leaf._data) for leaf in leaves]
        self.outputs = result_nodes(f(*args))
        self.order = [node for node in between(leaves, *self.outputs) if node.requires_grad]
        self.path = {*leaves, *self.order}

    def vjp(self, seeds: Sequence[Array]) -> list[Array]:
        """Return the gradient of sum(seed * output) by each leaf, from the same rules as `backward()`."""
        grads: dict[Node, Any] = {}
        for out, seed in zip(self.outputs, seeds, strict=True):
            if out in self.path:
                g = np.float64(seed) if isinstance(out, Value) else out.seed(seed)
                grads[out] = grads[out] + g if out in grads else g
        pull(self.order, grads, self.leaves, rule_arguments)
        return [np.asarray(grads[x]) if x in grads else np.zeros_like(x._data) for x in self.leaves]

    def kept_inputs(self) -> bool:
        """Whether the leaves still hold, bit for bit, what f was given."""
        return all(same_bits(leaf._data, old) for leaf, old in zip(self.leaves, self.before, strict=True))


class Probe:
    """f and its inputs; every call makes new leaves, in the precision asked for."""

    def __init__(self, f: Callable[..., Any], inputs: Sequence[Any]) -> None:
        self.f = f
        self.inputs = inputs
        self.moving = [i for i, x in enumerate(inputs) if is_differentiable(x)]
        self.given = [np.array(data_of(inputs[i])) for i in self.moving]
        self.data = [x.astype(float) for x in self.given]

    def run(self, data: Sequence[Array] | None = None, *, values: bool = True) -> FunctionCall:
        """Call f on leaves that hold `data`, by default the inputs in double precision.

        values: whether an input that is a Value becomes one again, rather than a tensor that holds any precision.
        """
        args, leaves = list(self.inputs), []
        for i, x in zip(self.moving, self.data if data is None else data, strict=True):
            args[i] = self._leaf(self.inputs[i], x, values)
            leaves.append(args[i])
        return FunctionCall(leaves, args, self.f)

    def _leaf(self, given: Any, data: Array, values: bool) -> Node:
        label = given.label if isinstance(given, Node) else ""
        if values and isinstance(given, Value):
            return Value(float(data), label)
        leaf = Tensor(data.real, True, label)
        leaf._data = data  # which may be complex, as no leaf of a user's is
        return leaf

    def kept_inputs(self) -> bool:
        """Whether the caller's own inputs still hold, bit for bit, what they held."""
        now = [np.asarray(data_of(self.inputs[i])) for i in self.moving]
        return all(same_bits(x, old) for x, old in zip(now, self.given, strict=True))

    def gradient(self, seeds: Sequence[Array]) -> Callable[..., list[Any]]:
        """Return the gradient of sum(seed * f) as a function of its own, to be checked in its turn."""

        def derivative(*args: Any) -> list[Any]:
            leaves = [args[i] for i in self.moving]
            totals = [x.zero() for x in leaves]
            for out, seed in zip(result_nodes(self.f(*args)), seeds, strict=True):
                if out.requires_grad:
                    found = gradients(out, leaves, out.leaf(seed))
                    totals = [total + g for total, g in zip(totals, found, strict=True)]
            return totals

        return derivative


class Witness:
    """Measures the derivatives of f at the inputs of a probe, in the most exact arithmetic that f works in.

    run: f at these inputs, which f in any other arithmetic must reproduce to be trusted.
    """

    def __init__(self, probe: Probe, run: FunctionCall) -> None:
        self.probe = probe
        self.run = run
        self.analytic = self._agrees(complex)
        self.kind: Any
        self.kind, self.values = (np.longdouble, False) if self._agrees(np.longdouble) else (float, True)
        self.outputs = probe.run(self._data(self.kind), values=self.values).outputs

    def size(self, seeds: Sequence[Array]) -> float:
        """Return sum(|seed * f|), of which rounding takes its part."""
        return float(sum(np.sum(np.abs(w * x._data)) for w, x in zip(seeds, self.outputs, strict=True)))

    def slope(self, seeds: Sequence[Array], j: int, at: tuple[int, ...]) -> Slope:
        """Measure d sum(seed * f) / d x for x the element `at` of the j-th input that is differentiated by."""

        def moved(step: Any, kind: Any, values: bool) -> Any:
            data = self._data(kind)
            data[j][at] += step
            return sum(
                np.sum(w * out._data) for w, out in zip(seeds, self.probe.run(data, values=values).outputs, strict=True)
            )

        rounding = max((eps_of_result(x._data) for x in self.outputs), default=0.0) * self.size(seeds)
        here = float(self.probe.data[j][at])
        found = richardson_slope(
            lambda step: np.longdouble(moved(self.kind(step), self.kind, self.values)), here, rounding
        )
        if not self.analytic or found.kink or not np.isfinite(found.value):
            return found
        exact = complex_step(lambda step: moved(step, complex, False))
        if abs(exact - found.value) <= 10 * found.error + 1e-9 * abs(exact):
            return Slope(exact, 0.0, found.left, found.right, False, "complex step")
        return found

    def _data(self, kind: Any) -> list[Array]:
        return [x.astype(kind) for x in self.probe.data]

    def _agrees(self, kind: Any) -> bool:
        """Whether f works on numbers of another kind, and gives the same results there."""
        try:
            outputs = self.probe.run(self._data(kind), values=False).outputs
        except Exception:  # whatever f does not do with such numbers, it does with plain ones
            return False
        if len(outputs) != len(self.run.outputs):
            return False
        pairs = [(np.asarray(x._data), np.asarray(y._data)) for x, y in zip(self.run.outputs, outputs, strict=True)]
        return all(
            x.shape == y.shape and bool(np.all(np.abs(x - y) <= SAME * np.max(np.abs(x), initial=0.0)))
            for x, y in pairs
        )


def rule_arguments(x: Any) -> Any:
    """Return what a rule is handed: arrays, and of Values NumPy's floats, which divide by zero as IEEE says."""
    return np.float64(x._data) if isinstance(x, Value) else data_of(x)


def eps_of_result(x: Any) -> float:
    """Return how exactly a floating-point result is known, relative to itself."""
    dtype = np.asarray(x).dtype
    return float(np.finfo(dtype).eps) if dtype.kind in "fc" else 0.0


def same_bits(x: Any, y: Any) -> bool:
    """Whether two arrays are equal bit for bit, NaN included."""
    x, y = np.asarray(x), np.asarray(y)
    return bool(x.shape == y.shape and x.dtype == y.dtype and x.tobytes() == y.tobytes())
