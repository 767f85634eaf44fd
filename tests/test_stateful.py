"""Any order of everything a user may do to a graph, against an engine so naive that it cannot be wrong.

The naive engine walks every path from a node to its leaves, one recursive call an edge. It knows no array, no order of
making and no accumulation, only the chain rule and what our documentation promises of `grad`.
"""

import math

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value
from tinygrad_edu.errors import GradientError, InplaceError, StaleGraphError
from tinygrad_edu.ops.arithmetic import maximum
from tinygrad_edu.ops.trigonometry import sin, tanh

# What a step is called: the function on our nodes, on floats, and its derivatives by each operand.
STEPS = {
    "add": (lambda x, y: x + y, lambda x, y: x + y, (lambda x, y: 1.0, lambda x, y: 1.0)),
    "subtract": (lambda x, y: x - y, lambda x, y: x - y, (lambda x, y: 1.0, lambda x, y: -1.0)),
    "multiply": (lambda x, y: x * y, lambda x, y: x * y, (lambda x, y: y, lambda x, y: x)),
    "maximum": (
        maximum,
        max,
        (lambda x, y: 0.5 if x == y else float(x > y), lambda x, y: 0.5 if x == y else float(y > x)),
    ),
    "tanh": (tanh, math.tanh, (lambda x: 1 - math.tanh(x) ** 2,)),
    "sin": (sin, math.sin, (math.cos,)),
    "plus one": (lambda x: x + 1.0, lambda x: x + 1.0, (lambda x: 1.0,)),
    "from two": (lambda x: 2.0 - x, lambda x: 2.0 - x, (lambda x: -1.0,)),
}
NUMBERS = st.sampled_from([-1.5, -0.3, 0.0, 0.7, 2.0])  # few, so that there are ties
DEPTH = 9  # the naive engine takes as many calls as there are paths


class Naive:
    def __init__(self, data, operands=(), slopes=(), needs=True):
        self.data, self.operands, self.slopes, self.needs = data, operands, slopes, needs
        self.versions = [x.version for x in operands]
        self.version = 0
        self.grad = None
        self.depth = 1 + max((x.depth for x in operands), default=0)

    def leaves(self):
        return [self] if not self.operands else [leaf for x in self.operands for leaf in x.leaves()]

    def stale(self):
        """Whether a node on a path that a gradient takes was made from a number that has changed."""
        return self.needs and any(
            x.version != version or x.stale() for x, version in zip(self.operands, self.versions, strict=True)
        )

    def by(self, x):
        """d(self)/d(x), summed over every path."""
        if self is x:
            return 1.0
        return sum(slope * y.by(x) for y, slope in zip(self.operands, self.slopes, strict=True) if y.needs)

    def reached(self):
        """Every node that gradients flow through, and this one."""
        return {self}.union(*(x.reached() for x in self.operands if x.needs))


class GraphMachine(RuleBasedStateMachine):
    kind = Value
    nodes = Bundle("nodes")
    everything: list

    def remember(self, ours, naive):
        self.everything.append((ours, naive))
        return ours, naive

    @initialize(target=nodes, data=NUMBERS)
    def start(self, data):
        self.everything = []
        return self.remember(self.kind(data), Naive(data))

    @rule(target=nodes, data=NUMBERS, needs=st.booleans())
    def create(self, data, needs):
        return self.remember(self.kind(data, requires_grad=needs), Naive(data, needs=needs))

    @rule(target=nodes, step=st.sampled_from(sorted(STEPS)), one=nodes, two=nodes, recording=st.integers(0, 4))
    def combine(self, step, one, two, recording):
        on_nodes, on_floats, derivatives = STEPS[step]
        (x, a), (y, b) = one, two
        operands = ((x, a), (y, b))[: len(derivatives)]
        numbers = [n.data for _, n in operands]
        if max(n.depth for _, n in operands) >= DEPTH or abs(on_floats(*numbers)) > 1e3:
            return one
        if recording:
            ours = on_nodes(*(v for v, _ in operands))
            slopes = [derivative(*numbers) for derivative in derivatives]
            needs = any(n.needs for _, n in operands)
            return self.remember(ours, Naive(on_floats(*numbers), [n for _, n in operands], slopes, needs))
        with tg.no_grad():
            ours = on_nodes(*(v for v, _ in operands))
        return self.remember(ours, Naive(on_floats(*numbers), needs=False))

    @rule(target=nodes, node=nodes)
    def detach(self, node):
        ours, naive = node
        return self.remember(ours.detach(), Naive(naive.data, needs=False))

    @rule(node=nodes, times=st.integers(1, 2), seed=st.sampled_from([None, 1.0, -0.5]))
    def backward(self, node, times, seed):
        ours, naive = node
        for _ in range(times):
            if not naive.needs:
                with pytest.raises(GradientError):
                    ours.backward(seed)
                return
            if naive.stale():
                with pytest.raises(StaleGraphError):
                    ours.backward(seed)
                return
            ours.backward(seed, retain_grad=True)
            for x in naive.reached():
                g = naive.by(x) * (1.0 if seed is None else seed)
                x.grad = g if x.operands else (x.grad or 0.0) + g

    @rule(target=nodes, step=st.sampled_from(sorted(STEPS)), one=nodes, two=nodes, seed=st.sampled_from([None, -0.5]))
    def take_a_loss(self, step, one, two, seed):
        loss = self.combine(step, one, two, recording=True)
        self.backward(loss, 2, seed)
        return loss

    @rule(one=nodes, two=nodes)
    def gradients(self, one, two):
        (z, a), (x, b) = one, two
        if not b.needs or a.stale():
            return
        (derivative,) = tg.gradients(z, [x])
        assert derivative.item() == pytest.approx(a.by(b) if a.needs else 0.0, rel=1e-9, abs=1e-9)

    @rule(node=nodes)
    def zero_grad(self, node):
        ours, naive = node
        ours.grad = naive.grad = None

    @rule(node=nodes, data=NUMBERS)
    def assign(self, node, data):
        ours, naive = node
        if naive.operands:
            with pytest.raises(InplaceError):
                ours.assign(data)
            return
        ours.data = data
        naive.data = data
        naive.version += 1

    @invariant()
    def everything_agrees(self):
        for ours, naive in getattr(self, "everything", ()):
            assert ours.item() == pytest.approx(naive.data, rel=1e-12, abs=1e-12)
            grad = ours._grad
            if naive.grad is None:
                assert grad is None
            else:
                assert np.asarray(grad).shape == np.shape(ours.data)
                assert float(grad) == pytest.approx(naive.grad, rel=1e-9, abs=1e-9)
            assert ours.requires_grad == naive.needs


class TensorMachine(GraphMachine):
    kind = Tensor


TestValues = GraphMachine.TestCase
TestTensors = TensorMachine.TestCase
TestValues.settings = TestTensors.settings = settings(max_examples=50, stateful_step_count=40)
