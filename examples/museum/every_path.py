"""Exhibit 3. Every number is right, and thirty additions in a row never end."""

import numpy as np
import whole


class Array(whole.Array):
    """Walks every path from the result to the leaves."""

    def backward(self):
        self.walk(np.ones_like(self.data))

    def walk(self, g):
        self.receive(g)
        for x, share in zip(self.inputs, self.pull(g) if self.inputs else (), strict=True):
            x.walk(share)
