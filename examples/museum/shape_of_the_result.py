"""Exhibit 4. A bias is added to seven examples, and its gradient has seven rows."""

import whole


class Array(whole.Array):
    """Hands gradients back as they come."""

    def fit(self, g):
        return g
