"""Training: `fit` runs the loop that everybody writes, keeps its history, and can be stopped and taken up again."""

from .history import History
from .loop import fit

__all__ = ["History", "fit"]
