"""Rows of the Fourier transform. Its matrix is its own transpose, so each row is its own rule."""

from __future__ import annotations

import numpy as np

from ..core.op import op

fft = op(
    "fft",
    "fft({})",
    lambda x, axis, norm=None: np.fft.fft(x, axis=axis, norm=norm),
    lambda g, z, x, axis, norm=None: fft(g, axis=axis, norm=norm),
    tex=r"\mathcal{{F}}({})",
    linear=True,
    doc="Take a signal along an axis apart into its frequencies.",
)
ifft = op(
    "ifft",
    "ifft({})",
    lambda x, axis, norm=None: np.fft.ifft(x, axis=axis, norm=norm),
    lambda g, z, x, axis, norm=None: ifft(g, axis=axis, norm=norm),
    tex=r"\mathcal{{F}}^{{-1}}({})",
    linear=True,
    doc="Put a signal along an axis together from its frequencies.",
)
