"""Exhibit 6. Saves memory by taking the step in place, and changes what an older graph remembers."""

import whole


class Array(whole.Array):
    """Does with `-=` what takes a copy otherwise."""

    def update(self, rate):
        self.data -= rate * self.grad
