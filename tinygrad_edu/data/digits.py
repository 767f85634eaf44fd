"""The handwritten digits that are shipped with the package: 1,797 images of 8×8 pixels.

They are the test set of "Optical Recognition of Handwritten Digits" by E. Alpaydin and C. Kaynak, UCI Machine
Learning Repository, 1998, https://doi.org/10.24432/C50P49, under the Creative Commons licence CC BY 4.0
(https://creativecommons.org/licenses/by/4.0/). 13 people wrote them; each pixel counts the dark ones among 4×4
of the scanned form. The numbers are unchanged, only packed into one file, which names its source too.
"""

from __future__ import annotations

from importlib import resources
from typing import Any

import numpy as np

FILE = "digits.npz"
DARKEST = 16  # a pixel counts dark ones among 4×4


def load_digits() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return the images as (1797, 64) numbers from 0, white, to 1, black, row by row, and the (1797,) digits."""
    with (
        resources.files(__package__).joinpath(FILE).open("rb") as file,
        np.load(file, allow_pickle=False) as packed,
    ):
        return packed["pixels"] / DARKEST, packed["digits"].astype(np.int64)
