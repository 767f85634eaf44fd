"""Recurrent layers, with PyTorch's names and meanings.

Sequences are (length, n, width), with `batch_first` (n, length, width), and one alone (length, width).
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..core.tensor import Tensor
from ..core.types import Rng
from ..errors import ShapeError
from ..errors.where import users_line
from ..numpy_api.joining import concatenate, stack
from ..ops import activations, trigonometry
from . import functional, init
from .arguments import as_sequence, fraction, size
from .module import Module

HiddenState = tuple[Any, ...]  # what is handed on from step to step: h, or h and c


class Recurrent(Module):
    """A recurrent layer, or several on top of each other: PyTorch's parameters by PyTorch's names.

    weight_ih_l0: (gates·hidden_size, input_size), from the inputs; weight_hh_l0: (gates·hidden_size, hidden_size),
    from the state; and a bias for each. The next layers are l1, l2 …; those that go backwards end in `_reverse`.
    dropout: of what each layer but the last gives to the next. rng: a generator or a seed.
    """

    gates: ClassVar[int]  # how many weighted sums a step makes for each number of the state
    states: ClassVar[int] = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        rng: Rng = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        kind, self.rng = type(self).__name__, init.generator(rng)
        self.input_size, h = size(kind, "input_size", input_size), size(kind, "hidden_size", hidden_size)
        self.hidden_size, self.num_layers = h, size(kind, "num_layers", num_layers)
        self.bias, self.batch_first, self.bidirectional = bool(bias), bool(batch_first), bool(bidirectional)
        self.dropout = fraction(kind, "dropout", dropout)
        ways = 2 if bidirectional else 1
        for layer in range(self.num_layers):
            width = self.input_size if layer == 0 else ways * h
            for way in ("", "_reverse")[:ways]:
                names = ("weight_ih", "weight_hh", *("bias_ih", "bias_hh") * self.bias)
                shapes = ((self.gates * h, width), (self.gates * h, h), (self.gates * h,), (self.gates * h,))
                for name, shape in zip(names, shapes[: len(names)], strict=True):
                    start = init.fan_in_uniform(shape, h, rng=self.rng)
                    label = f"{'W' if name[0] == 'w' else 'b'}_{name[-2:]}"
                    parameter = Tensor(start, requires_grad=True, label=label, dtype=dtype)
                    setattr(self, f"{name}_l{layer}{way}", parameter)

    def next(self, from_input: Any, from_state: Any, state: HiddenState) -> HiddenState:
        """Return the next state from the weighted sums of input and state."""
        raise NotImplementedError(f"{type(self).__name__} has to define next()")

    def forward(self, x: Any, hx: Any = None) -> Any:
        """Return the state h after every step, (length, n, hidden_size), and the last state of every layer.

        hx: the first states, (layers, n, hidden_size), of an LSTM a pair of these; zeros if there are none.
        """
        x = as_sequence(type(self).__name__, x, self.input_size, self.batch_first)
        batched = len(x.shape) == 3
        across = batched and self.batch_first
        steps = [x[:, t] if across else x[t] if batched else x[t][None] for t in range(x.shape[1 if across else 0])]
        first, last = self.first_states(hx, steps[0], batched), []
        for layer in range(self.num_layers):
            ways = []
            for k, way in enumerate(("", "_reverse") if self.bidirectional else ("",)):
                state = first[layer * (1 + self.bidirectional) + k]
                outputs, state = self.along(steps[:: -1 if way else 1], state, f"_l{layer}{way}")
                ways.append(outputs[:: -1 if way else 1])
                last.append(state)
            steps = ways[0] if len(ways) == 1 else [concatenate(pair, axis=-1) for pair in zip(*ways, strict=True)]
            if layer < self.num_layers - 1:
                steps = [functional.dropout(h, self.dropout, self.training, rng=self.rng) for h in steps]
        output = stack(steps, axis=1 if across else 0)
        ends = tuple(stack([state[i] for state in last], axis=0) for i in range(self.states))
        if not batched:
            output, ends = output[:, 0], tuple(end[:, 0] for end in ends)
        return output, ends if self.states > 1 else ends[0]

    def first_states(self, hx: Any, step: Any, batched: bool) -> list[HiddenState]:
        """Return the state in which each layer begins. Raises ShapeError."""
        count, n = self.num_layers * (1 + self.bidirectional), step.shape[0]
        if hx is None:
            zero = np.zeros((n, self.hidden_size), getattr(self, "weight_hh_l0").dtype)  # noqa: B009  # set by name
            return [(zero,) * self.states] * count
        given = tuple(hx) if self.states > 1 else (hx,)
        expected = (count, n, self.hidden_size) if batched else (count, self.hidden_size)
        for part in given:
            if len(given) != self.states or np.shape(getattr(part, "_data", part)) != expected:
                raise ShapeError(
                    f"{type(self).__name__}: the first states are {' and '.join(['h', 'c'][: self.states])}, each of "
                    f"shape {expected}, not {np.shape(getattr(part, '_data', part))} (at {users_line()})"
                )
        return [tuple(part[i] if batched else part[i][None] for part in given) for i in range(count)]

    def along(self, steps: list[Any], state: HiddenState, name: str) -> tuple[list[Any], HiddenState]:
        """Return the state h after each step, and the whole state after the last one."""
        w, u, b, c = (getattr(self, f"{x}{name}", None) for x in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
        outputs = []
        for x in steps:
            state = self.next(functional.linear(x, w, b), functional.linear(state[0], u, c), state)
            outputs.append(state[0])
        return outputs, state

    def part(self, sums: Any, i: int) -> Any:
        """Return the weighted sums of the i-th gate."""
        return sums[:, i * self.hidden_size : (i + 1) * self.hidden_size]

    def extra_repr(self) -> str:
        more = {"num_layers": 1, "batch_first": False, "bidirectional": False}
        said = [f"{name}={getattr(self, name)}" for name in more if getattr(self, name) != more[name]]
        return ", ".join([f"{self.input_size}, {self.hidden_size}", *said])


class RNN(Recurrent):
    """The simplest: h becomes tanh(W x + U h), or relu of it (Elman 1990). See `Recurrent`."""

    gates = 1

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, nonlinearity: str = "tanh", **more: Any
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"RNN: nonlinearity is 'tanh' or 'relu', not {nonlinearity!r:.60} (at {users_line()})")
        super().__init__(input_size, hidden_size, num_layers, **more)
        self.nonlinearity = nonlinearity

    def next(self, from_input: Any, from_state: Any, state: HiddenState) -> HiddenState:  # noqa: ARG002  # as Recurrent
        activation = trigonometry.tanh if self.nonlinearity == "tanh" else activations.relu
        return (activation(from_input + from_state),)


class LSTM(Recurrent):
    """Long short-term memory: gates decide what enters, stays in and leaves a cell c (Hochreiter, Schmidhuber 1997).

    The gates' rows are in the order input, forget, cell, output. See `Recurrent`.
    """

    gates, states = 4, 2

    def next(self, from_input: Any, from_state: Any, state: HiddenState) -> HiddenState:
        sums = from_input + from_state
        enter, stay, leave = (activations.sigmoid(self.part(sums, i)) for i in (0, 1, 3))
        cell = stay * state[1] + enter * trigonometry.tanh(self.part(sums, 2))
        return leave * trigonometry.tanh(cell), cell


class GRU(Recurrent):
    """Gated recurrent units: one gate resets the state, one renews it (Cho and others 2014).

    The gates' rows are in the order reset, update, new. See `Recurrent`.
    """

    gates = 3

    def next(self, from_input: Any, from_state: Any, state: HiddenState) -> HiddenState:
        reset, keep = (activations.sigmoid(self.part(from_input, i) + self.part(from_state, i)) for i in (0, 1))
        new = trigonometry.tanh(self.part(from_input, 2) + reset * self.part(from_state, 2))
        return ((1 - keep) * new + keep * state[0],)
