"""An engine of sixty lines that works: what the broken ones beside it should be.

Each exhibit takes this class and gets one thing wrong. `tinygrad-edu laws no_sum.py` says which law it breaks.
"""

import numpy as np


class Array:
    """An array that remembers what it was made from."""

    def __init__(self, data, inputs=(), pull=None):
        self.data = np.array(data, dtype=float)
        self.grad = None
        self.inputs = inputs
        self.pull = pull  # from the gradient of the result to those of the inputs

    def __add__(self, other):
        return type(self)(self.data + other.data, (self, other), lambda g: (g, g))

    def __mul__(self, other):
        x, y = self.data, other.data
        return type(self)(x * y, (self, other), lambda g: (g * y, g * x))

    def tanh(self):
        z = np.tanh(self.data)
        return type(self)(z, (self,), lambda g: (g * (1 - z * z),))

    def sum(self):
        return type(self)(self.data.sum(), (self,), lambda g: (np.broadcast_to(g, self.data.shape),))

    def fit(self, g):
        """Return a gradient added up over the axes along which this array was repeated."""
        while np.ndim(g) > self.data.ndim:
            g = g.sum(axis=0)
        for axis, length in enumerate(self.data.shape):
            if length == 1:
                g = g.sum(axis=axis, keepdims=True)
        return g

    def receive(self, g):
        """Add what comes back along one path."""
        g = self.fit(g)
        self.grad = g if self.grad is None else self.grad + g

    def order(self):
        """Return this node and everything it was made from, each after its inputs."""
        done, seen, stack = [], set(), [(self, False)]
        while stack:
            z, inputs_done = stack.pop()
            if inputs_done:
                done.append(z)
            elif z not in seen:
                seen.add(z)
                stack.append((z, True))
                stack += [(x, False) for x in z.inputs]
        return done

    def backward(self):
        """Add the derivative of this number by every leaf to the leaf's gradient."""
        order = self.order()
        for z in order:
            if z.inputs:
                z.grad = None
        self.receive(np.ones_like(self.data))
        for z in reversed(order):
            for x, g in zip(z.inputs, z.pull(z.grad) if z.inputs else (), strict=True):
                x.receive(g)

    def zero_grad(self):
        """Forget the gradient."""
        self.grad = None

    def update(self, rate):
        """Take one step downhill."""
        self.data = self.data - rate * self.grad
