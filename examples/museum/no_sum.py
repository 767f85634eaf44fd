"""Exhibit 1. Right for x * y, wrong for x * x."""

import whole


class Array(whole.Array):
    """Looks like everybody's first engine."""

    def receive(self, g):
        self.grad = self.fit(g)
