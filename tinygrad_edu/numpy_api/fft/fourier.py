"""`numpy.fft` on nodes: everything is made of the two rows `fft` and `ifft`, of padding and of slices.

Results are complex, as NumPy's are. Take their real and imaginary parts, absolute value or angle to come back to real
numbers; what was real in the beginning gets a real gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.dispatch import implements
from ...errors import DTypeError
from ...errors.where import users_line
from ...ops import fft as rows
from ...ops import shapes
from ...ops.complex import conj, is_complex, real_part
from ..arguments import at, given, normalize_axes, normalize_axis, refuse_out
from ..joining import concatenate
from ..padding import pad
from ..shaping import flip, roll

Norm = str | None


def of_length(x: Any, n: int | None, axis: int) -> Any:
    """Return a signal cut off, or continued with zeros, to n elements along an axis."""
    have = shapes.shape(x)[axis]
    if n is None or n == have:
        return x
    if n < 1:
        raise ValueError(f"Invalid number of FFT data points ({n}) specified.")
    if n < have:
        return x[at(axis, slice(0, n))]
    return pad(x, [(0, n - have if k == axis else 0) for k in range(len(shapes.shape(x)))])


@implements(np.fft.fft)
def fft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None, out: Any = None) -> Any:
    """Take a signal along an axis apart into its frequencies."""
    refuse_out("fft", out)
    x = given(a)
    axis = normalize_axis(axis, len(shapes.shape(x)))
    return rows.fft(of_length(x, n, axis), axis=axis, norm=norm)


@implements(np.fft.ifft)
def ifft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None, out: Any = None) -> Any:
    """Put a signal along an axis together from its frequencies."""
    refuse_out("ifft", out)
    x = given(a)
    axis = normalize_axis(axis, len(shapes.shape(x)))
    return rows.ifft(of_length(x, n, axis), axis=axis, norm=norm)


@implements(np.fft.rfft)
def rfft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None, out: Any = None) -> Any:
    """Take a real signal apart; the negative frequencies, which mirror the others, are left out."""
    refuse_out("rfft", out)
    x = given(a)
    if is_complex(x):
        raise DTypeError("rfft takes a real signal: use fft, or the real part of this one")
    axis = normalize_axis(axis, len(shapes.shape(x)))
    z = fft(x, n, axis, norm)
    return z[at(axis, slice(0, shapes.shape(z)[axis] // 2 + 1))]


@implements(np.fft.irfft)
def irfft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None, out: Any = None) -> Any:
    """Put a real signal of n elements together from its frequencies, of which the negative are not given."""
    refuse_out("irfft", out)
    x = given(a)
    axis = normalize_axis(axis, len(shapes.shape(x)))
    n = 2 * (shapes.shape(x)[axis] - 1) if n is None else n
    if n < 1:
        raise ValueError(f"irfft: a signal of {n} elements has no frequencies (at {users_line()})")
    half = of_length(x, n // 2 + 1, axis)
    mirrored = conj(flip(half[at(axis, slice(1, (n + 1) // 2))], axis))
    return real_part(rows.ifft(concatenate([half, mirrored], axis), axis=axis, norm=norm))


SWAPPED = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


@implements(np.fft.hfft)
def hfft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None, out: Any = None) -> Any:
    """Take a signal apart whose spectrum is real, of which only the first half is given."""
    refuse_out("hfft", out)
    x = given(a)
    return irfft(conj(x), 2 * (shapes.shape(x)[axis] - 1) if n is None else n, axis, SWAPPED[norm])


@implements(np.fft.ihfft)
def ihfft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None, out: Any = None) -> Any:
    """Return the first half of the signal that has a real spectrum."""
    refuse_out("ihfft", out)
    return conj(rfft(a, n, axis, SWAPPED[norm]))


def transform_lengths(x: Any, s: Any, axes: Any) -> list[tuple[int, int | None]]:
    """Return the axes to transform, each with its length."""
    ndim = len(shapes.shape(x))
    if axes is None:
        axes = range(ndim) if s is None else range(ndim - len(s), ndim)
    s = [None] * len(axes) if s is None else [None if n == -1 else n for n in s]
    if len(s) != len(axes):
        raise ValueError("Shape and axes have different lengths.")
    return [(normalize_axis(axis, ndim), n) for axis, n in zip(axes, s, strict=True)]


@implements(np.fft.fftn)
def fftn(a: Any, s: Any = None, axes: Any = None, norm: Norm = None, out: Any = None) -> Any:
    """Take a signal along several axes apart into its frequencies."""
    refuse_out("fftn", out)
    x = given(a)
    for axis, n in reversed(transform_lengths(x, s, axes)):
        x = fft(x, n, axis, norm)
    return x


@implements(np.fft.ifftn)
def ifftn(a: Any, s: Any = None, axes: Any = None, norm: Norm = None, out: Any = None) -> Any:
    """Put a signal along several axes together from its frequencies."""
    refuse_out("ifftn", out)
    x = given(a)
    for axis, n in reversed(transform_lengths(x, s, axes)):
        x = ifft(x, n, axis, norm)
    return x


@implements(np.fft.rfftn)
def rfftn(a: Any, s: Any = None, axes: Any = None, norm: Norm = None, out: Any = None) -> Any:
    """Take a real signal along several axes apart; of the last, negative frequencies are left out."""
    refuse_out("rfftn", out)
    x = given(a)
    *rest, (last, n) = transform_lengths(x, s, axes)
    x = rfft(x, n, last, norm)
    for axis, length in reversed(rest):
        x = fft(x, length, axis, norm)
    return x


@implements(np.fft.irfftn)
def irfftn(a: Any, s: Any = None, axes: Any = None, norm: Norm = None, out: Any = None) -> Any:
    """Put a real signal along several axes together; of the last, negative frequencies are not given."""
    refuse_out("irfftn", out)
    x = given(a)
    *rest, (last, n) = transform_lengths(x, s, axes)
    for axis, length in rest:
        x = ifft(x, length, axis, norm)
    return irfft(x, n, last, norm)


@implements(np.fft.fft2)
def fft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Norm = None, out: Any = None) -> Any:
    """Take an image apart into its frequencies."""
    return fftn(a, s, axes, norm, out)


@implements(np.fft.ifft2)
def ifft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Norm = None, out: Any = None) -> Any:
    """Put an image together from its frequencies."""
    return ifftn(a, s, axes, norm, out)


@implements(np.fft.rfft2)
def rfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Norm = None, out: Any = None) -> Any:
    """Take a real image apart into its frequencies, without the negative ones along the last axis."""
    return rfftn(a, s, axes, norm, out)


@implements(np.fft.irfft2)
def irfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Norm = None, out: Any = None) -> Any:
    """Put a real image together from its frequencies without the negative ones along the last axis."""
    return irfftn(a, s, axes, norm, out)


@implements(np.fft.fftshift)
def fftshift(x: Any, axes: Any = None) -> Any:
    """Move the frequency 0 to the middle."""
    x = given(x)
    found = normalize_axes(axes, len(shapes.shape(x)))
    return roll(x, tuple(shapes.shape(x)[k] // 2 for k in found), found)


@implements(np.fft.ifftshift)
def ifftshift(x: Any, axes: Any = None) -> Any:
    """Move the frequency 0 back to the front."""
    x = given(x)
    found = normalize_axes(axes, len(shapes.shape(x)))
    return roll(x, tuple(-(shapes.shape(x)[k] // 2) for k in found), found)
