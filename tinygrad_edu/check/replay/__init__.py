"""A recorded graph computed again: at other points, with other rules, with every rounding moved."""
