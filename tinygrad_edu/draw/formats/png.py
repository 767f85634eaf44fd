"""Small images written into a page as PNG, with the standard library alone."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode

import numpy as np

from ...core.types import Array

BLUE, ORANGE = (0, 114, 178), (213, 94, 0)  # of Okabe and Ito: positive, negative


def png(pixels: Array) -> bytes:
    """Return a PNG file of (height, width, 3) bytes."""
    high, wide, _ = pixels.shape
    rows = np.concatenate([np.zeros((high, 1), np.uint8), pixels.reshape(high, -1)], axis=1)  # 0: no filter

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", wide, high, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows.tobytes(), 9))
        + chunk(b"IEND", b"")
    )


def uri(pixels: Array) -> str:
    """Return an image as the address of itself."""
    return "data:image/png;base64," + b64encode(png(pixels)).decode()


def signed(values: Array, largest: float) -> Array:
    """Return the pixels of signed numbers: white is zero, blue positive, orange negative."""
    part = np.clip(np.nan_to_num(np.abs(values) / (largest or 1.0)), 0, 1)[..., None]
    colour = np.where((values >= 0)[..., None], BLUE, ORANGE)
    return np.rint(255 + (colour - 255) * part).astype(np.uint8)


def grey(values: Array) -> Array:
    """Return the pixels of an image of brightness, darkest 0, as its own range gives it."""
    low, high = float(np.min(values)), float(np.max(values))
    level = np.rint(255 * (values - low) / ((high - low) or 1.0)).astype(np.uint8)
    return np.repeat(level[..., None], 3, axis=-1)


def tint(value: float, largest: float) -> str:
    """Return the colour of one signed number, as `signed` has it."""
    r, g, b = signed(np.array([value]), largest)[0]
    return f"#{r:02x}{g:02x}{b:02x}"
