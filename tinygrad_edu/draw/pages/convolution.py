"""`tg.convolution_page`: a convolution to point at: what each number of the result and the gradients is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...core.node import data_of
from ...core.tensor import Tensor
from ...errors import ShapeError
from ...nn import functional
from .page import Page, asset, fill_template, json_data

MOST = 400  # pixels of the image


def convolution_page(
    image: Any,
    kernel: Any,
    *,
    stride: int = 1,
    padding: int = 0,
    gradient: Any = None,
    path: str | Path | None = None,
) -> Page:
    """Return a page of one convolution, forward and backward: point at a number to see what it is made of.

    image, kernel: two axes each; the kernel is not turned round, as in conv2d. gradient: ∂C/∂(result), of the
    result's shape; ones where it is not given, as for C = the sum of the result. path: where to save the page.
    Raises ShapeError where the arrays have not two axes, do not fit, or are too large to look at.
    """
    picture, weights = (np.asarray(data_of(each), dtype=float) for each in (image, kernel))
    if picture.ndim != 2 or weights.ndim != 2:
        raise ShapeError(
            f"convolution_page: an image and a kernel of two axes, not {picture.shape} and {weights.shape}"
        )
    if picture.size > MOST:
        raise ShapeError(f"convolution_page: {picture.size} pixels are too many to look at ({MOST} at most)")
    x, w = Tensor(picture[None, None]), Tensor(weights[None, None])
    result = functional.conv2d(x, w, stride=stride, padding=padding)
    arriving = np.ones(result.shape[2:]) if gradient is None else np.asarray(data_of(gradient), dtype=float)
    if arriving.shape != result.shape[2:]:
        raise ShapeError(f"convolution_page: a gradient of shape {result.shape[2:]}, not {arriving.shape}")
    result.backward(arriving[None, None])
    assert x.grad is not None
    assert w.grad is not None
    content = {
        "x": picture.tolist(),
        "w": weights.tolist(),
        "y": result.data[0, 0].tolist(),
        "g": arriving.tolist(),
        "dx": x.grad[0, 0].tolist(),
        "dw": w.grad[0, 0].tolist(),
        "stride": stride,
        "padding": padding,
    }
    body = fill_template(asset("convolution.html"), {"data": json_data(content)})
    script = asset("numbers.js") + asset("convolution.js")
    return Page("A convolution, seen", body, styles=asset("convolution.css"), script=script, height=760).saved(path)
