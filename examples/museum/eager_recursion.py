"""Exhibit 2. Right for every chain and every tree; wrong as soon as a result is used twice further on."""

import numpy as np
import whole


class Array(whole.Array):
    """Goes back by calling itself: short, and it seems to visit everything."""

    def backward(self):
        self.receive(np.ones_like(self.data))
        self.go_back(set())

    def go_back(self, seen):
        if self in seen:
            return
        seen.add(self)
        for x, g in zip(self.inputs, self.pull(self.grad) if self.inputs else (), strict=True):
            x.receive(g)
            x.go_back(seen)
