"""Exhibit 5. The first step of training goes downhill. The tenth goes where all ten point together."""

import whole


class Array(whole.Array):
    """Has a zero_grad, as everybody has."""

    def zero_grad(self):
        self.grad *= 1
