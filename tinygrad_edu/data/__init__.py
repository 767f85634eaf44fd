"""Data to learn from: real handwritten digits, toy sets that can be drawn, and batches. NumPy only, no graph."""

from .batches import batches, split
from .digits import load_digits
from .mnist import load_mnist
from .toys import make_circles, make_moons, make_regression, make_spiral

__all__ = [
    "batches",
    "load_digits",
    "load_mnist",
    "make_circles",
    "make_moons",
    "make_regression",
    "make_spiral",
    "split",
]
