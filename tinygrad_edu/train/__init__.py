"""Training: `fit` runs the loop, records its history, and resumes from checkpoints."""

from .history import History
from .loop import fit

__all__ = ["History", "fit"]
