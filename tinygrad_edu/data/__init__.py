"""Data sets, real and made up; splits, scaling, augmentation and batches.

NumPy only, no graph.
"""

from typing import TYPE_CHECKING

from ..errors import foreign_names, hints
from .augment import add_noise, rotate, shift
from .batches import batches, split
from .digits import load_digits
from .mnist import load_mnist
from .scaler import Scaler
from .toys import make_circles, make_moons, make_regression, make_spiral

__all__ = [
    "Scaler",
    "add_noise",
    "batches",
    "load_digits",
    "load_mnist",
    "make_circles",
    "make_moons",
    "make_regression",
    "make_spiral",
    "rotate",
    "shift",
    "split",
]

if not TYPE_CHECKING:  # a type checker would take any name to exist
    __getattr__ = hints.missing_names("tinygrad_edu.data", foreign_names.DATA, __all__)
