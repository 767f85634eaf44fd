"""The texts of cards: operation, place in the user's program, shape and dtype, in few characters."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Any

import numpy as np

from ...core.node import Node
from .picture import MAX_SHOWN, Card, data_summary, short_text

FIELD_NAMES = {"affine_conv2d": "conv2d", "mT": "transpose"}  # rows whose name says less than the field's word
SIGNS = {"*": "×", "-": "−", "/": "÷", "**": "^"}


def constant_card(x: Any) -> Card:
    """Return the card of a constant operand."""
    text = data_summary(x) if isinstance(x, (bool, int, float, np.generic, np.ndarray)) else short_text(repr(x))
    rows = [("", type_label(x, {"shape", "dtype"}))] if isinstance(x, np.ndarray) and x.size > MAX_SHOWN else []
    return Card("constant", "", "", [("", text), *rows], tip="a constant")


def sign_of(z: Node) -> str:
    """Return the symbol of a node's operation; none of a leaf's."""
    return "" if z.op is None else symbol(z.op.text, z.op.name)


@lru_cache(maxsize=1000)  # a large graph has thousands of nodes, of a handful of operations
def symbol(text: str, name: str) -> str:
    """Return the symbol of an operation: of `{} * {}` the ×, and else its name."""
    infix = re.fullmatch(r"\{\} ?(\W+?) ?\{\}", text)
    if infix:
        return SIGNS.get(infix[1], infix[1])
    return "−" if text == "-{}" else short_text(FIELD_NAMES.get(name, name), 22)


def made_at(z: Node) -> str:
    """Return which operation made a node, and where in the user's program."""
    where = z.where.replace("\\", "/").rpartition("/")[2]
    return short_text(f"{z.op.name}, made at {where}" if z.op else f"made at {where}", 200)


def type_label(data: Any, show: Collection[str]) -> str:
    """Return shape and dtype of an array, as far as they are asked for."""
    shape = str(data.shape) if "shape" in show else ""
    return f"{data.dtype} {shape}".strip() if "dtype" in show else shape


def plural(n: int, one: str, many: str = "") -> str:
    """Return "1 leaf" or "3 leaves"."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"
