"""What can be said of a gradient before any mistake is sought: its shape, its precision, whether it is right."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.node import Node
from ...errors import ShapeError
from ..mistakes.catalogue import CATALOGUE, OTHER, cure
from .report import Mistake

Array = np.ndarray[Any, Any]
EXACT, SINGLE = 1e-9, 1e-6  # relative to the largest number: two ways of rounding in double, and in single precision


@dataclass(eq=False)
class Item:
    """One gradient to compare: its name, what was derived, what is right, and the node that both belong to."""

    name: str
    given: Array
    auto: Array
    node: Node | None = None
    decimals: int | None = None  # to which all gradients of one comparison were typed; by default this one's own
    hand: Array = field(init=False)  # `given` in the shape of `auto`, as far as that can be had
    fits: bool = True  # whether it can
    tolerance: float = 0.0
    verdict: str = ""
    ok: bool = False
    mistakes: list[Mistake] = field(default_factory=list)

    def __post_init__(self) -> None:
        fitted = self.fitted()
        self.fits = fitted is not None
        self.hand = np.full(self.auto.shape, np.nan) if fitted is None else fitted.astype(float)
        size = float(np.max(np.abs(self.auto), initial=0.0))
        single = self.auto.dtype == np.float32 or self.given.dtype == np.float32
        self.given, self.auto = self.given.astype(float), self.auto.astype(float)
        self.tolerance = max((10 * SINGLE if single else EXACT) * size, 1e-300)
        self.judge(size)

    @property
    def error(self) -> float:
        """The largest difference, as far as shapes allow to tell."""
        if not self.fits:
            return float("inf")
        difference = np.abs(self.hand - self.auto)
        return float(np.max(difference, initial=0.0)) if not np.isnan(difference).any() else float("nan")

    def judge(self, size: float) -> None:
        """Decide whether the gradient is right, and to what precision."""
        if not self.fits:
            self.verdict = "the shape is wrong"
            return
        if not np.isfinite(self.hand).all() and np.isfinite(self.auto).all():
            at = tuple(map(int, np.argwhere(~np.isfinite(self.hand))[0]))
            self.verdict = "not finite"
            where = f"{self.name}{list(at) if at else ''}"
            text = f"{where} is {self.hand[at]} and should be {self.auto[at]:.6g}"
            self.mistakes.append(
                Mistake(OTHER, "not a finite number", where, text, "look for 0/0, log(0) or an overflow in the formula")
            )
            return
        decimals = self.decimals or typed_decimals(self.given)
        error = self.error
        if self.mistakes:
            close = error <= self.tolerance
            self.verdict = "right numbers in the wrong shape" if close else "wrong, and in the wrong shape"
        elif error <= self.tolerance or bool(np.array_equal(self.hand, self.auto, equal_nan=True)):
            self.ok, self.verdict = True, "correct"
        elif decimals is not None and error <= 0.5000001 * 10.0**-decimals:
            self.ok, self.verdict = True, f"correct to the {decimals} decimals given"
            row, half = CATALOGUE[34], 0.5 * 10.0**-decimals
            evidence = f"no number is off by more than half of the last digit, {half:g}"
            self.mistakes.append(Mistake(34, row.name, self.name, evidence, row.fix))
        elif error <= SINGLE * size:
            self.ok, self.verdict = True, "correct to single precision (float32)"
        else:
            self.verdict = "wrong"
        if decimals is not None:
            self.tolerance = max(self.tolerance, 0.5000001 * 10.0**-decimals)

    def fitted(self) -> Array | None:
        """Return the gradient in the shape it should have, noting what is wrong with the one it has."""
        given, shape, name = self.given, self.auto.shape, self.name
        if given.shape == shape:
            return given
        if given.size == self.auto.size == 1:
            return given.reshape(shape)
        had = f"shape {given.shape}, and {name} has shape {shape}"
        if len(shape) == 2 and given.shape == shape[::-1]:
            return self.noted(6, had, given.T)
        if given.ndim == len(shape) + 1 and given.shape[1:] == shape and given.shape[0] > 1:
            return self.noted(7, f"{had}: the axis of the {given.shape[0]} examples is still there", given.sum(axis=0))
        if given.ndim == len(shape) + 1 and given.shape[:-1] == shape and given.shape[-1] > 1:
            return self.noted(
                7, f"{had}: the axis of the {given.shape[-1]} examples is still there", given.sum(axis=-1)
            )
        if given.size == self.auto.size and tuple(n for n in given.shape if n > 1) == tuple(n for n in shape if n > 1):
            return self.noted(
                29, f"{had}: an axis of length 1 too many or too few, as keepdims leaves it", given.reshape(shape)
            )
        if given.size == 1:
            whole = np.isclose(given.sum(), self.auto.sum(), rtol=1e-6)
            said = f"the sum of all {self.auto.size} of {name}" if whole else f"where {name} has {self.auto.size}"
            return self.noted(9, f"one number, {float(given.sum()):.6g}, {said}", None)
        return self.noted(OTHER, had, None)

    def noted(self, number: int, evidence: str, hand: Array | None) -> Array | None:
        """Add a mistake and return `hand`."""
        if number == OTHER:
            fix = f"a gradient has the shape of what it is the gradient of: {self.auto.shape}"
            self.mistakes.append(Mistake(OTHER, "the shape is wrong", self.name, evidence, fix))
        else:
            row = CATALOGUE[number]
            self.mistakes.append(Mistake(number, row.name, self.name, evidence, cure(number)))
        return hand


def typed_decimals(given: Array) -> int | None:
    """Return to how many decimals numbers were typed; None if they look computed, or too short to say."""
    if given.size == 0 or given.size > 1000 or not np.isfinite(given).all():
        return None
    most, digits = 0, 0
    for x in given.ravel():
        mantissa, _, exponent = f"{float(x)!r}".partition("e")
        whole, _, fraction = mantissa.lstrip("-").partition(".")
        fraction = fraction.rstrip("0")
        most = max(most, len(fraction) - int(exponent or 0))
        digits = max(digits, len((whole + fraction).strip("0")))
    enough = 3 if given.size < 6 else 2  # of a few numbers, 0.5 and 0.25 may be exact
    return most if 2 <= most <= 6 and digits >= enough else None


def array_of_numbers(x: Any, name: str) -> Array:
    """Return what was given for one gradient as an array. Raises ShapeError where it is not numbers."""
    try:
        array = np.asarray(x._data if isinstance(x, Node) else x)
    except ValueError:
        raise ShapeError(f"the gradient of {name} is {x!r:.60}, whose rows are not equally long") from None
    if array.dtype.kind not in "biuf":
        raise ShapeError(f"the gradient of {name} is {x!r:.60}, which is not an array of numbers")
    return array if array.dtype.kind == "f" else array.astype(float)
