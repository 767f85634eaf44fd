"""One gradient judged, before any mistake is sought: its shape, its precision, whether it is right."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.node import Node
from ...core.types import Array
from ...errors import ShapeError
from ..mistakes.catalogue import CATALOGUE, OTHER, fix_for
from ..replay.rounding import DOUBLE_EPS, SAFETY
from .digits import Digits, eps_of, typed_digits
from .report import Mistake

EXACT, SINGLE_ROUNDING = (
    1e-9,
    1e-6,
)  # relative to the largest number: two ways of rounding in double, and in single precision
VAGUE = 1e-3  # of a gradient: where rounding moves it by more, little can be told


@dataclass(eq=False)
class GradientPair:
    """One gradient to compare: its name, what was derived, what is right, and the node that both belong to.

    digits: to which all gradients of one comparison were typed; by default this one's own.
    spread: how far rounding, or the error of measuring, moves the right one: the most, or each of its numbers.
    eps: the rounding of the least precise number involved.
    conventions: what is as right at a kink, where a derivative is a matter of convention.
    """

    name: str
    given: Array
    auto: Array
    node: Node | None = None
    digits: Digits | None = None
    spread: float | Array = 0.0
    eps: float = DOUBLE_EPS
    conventions: list[Array] = field(default_factory=list)
    hand: Array = field(init=False)  # `given` in the shape of `auto`, as far as that can be had
    fits: bool = True  # whether `given` has such a shape
    odd_shape: str = ""  # a shape that is not the parameter's, and does no harm
    tolerance: Array = field(init=False)  # how far each number may be off
    verdict: str = ""
    ok: bool = False
    mistakes: list[Mistake] = field(default_factory=list)

    def __post_init__(self) -> None:
        fitted = self.fitted()
        self.fits = fitted is not None
        self.hand = np.full(self.auto.shape, np.nan) if fitted is None else fitted.astype(float)
        self.eps = max(self.eps, eps_of(self.given), eps_of(self.auto))
        self.auto = self.auto.astype(float)
        self.size = float(np.max(np.abs(self.auto), initial=0.0))
        relative = EXACT if self.eps <= DOUBLE_EPS else 10 * SINGLE_ROUNDING * self.eps / 2.0**-23
        limit = np.maximum(max(relative * self.size, 1e-300), SAFETY * np.asarray(self.spread))
        self.tolerance = np.broadcast_to(limit, self.auto.shape)
        self.judge()

    @property
    def rounding(self) -> float:
        """The most by which rounding may move a right number."""
        return SAFETY * float(np.max(self.spread, initial=0.0))

    @property
    def error(self) -> float:
        """The largest difference, as far as shapes allow to tell."""
        if not self.fits:
            return float("inf")
        difference = np.abs(self.hand - self.auto)
        return float(np.max(difference, initial=0.0)) if not np.isnan(difference).any() else float("nan")

    @property
    def relative_error(self) -> float | None:
        """The largest difference, relative to the largest number; None where the right gradient is zero."""
        return None if self.size <= self.rounding or self.size == 0.0 else self.error / self.size

    def judge(self) -> None:
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
        error = self.error
        close = bool(np.all(np.abs(self.hand - self.auto) <= self.tolerance))
        if self.mistakes and not self.odd_shape:
            self.verdict = "right numbers in the wrong shape" if close else "wrong, and in the wrong shape"
        elif close or bool(np.array_equal(self.hand, self.auto, equal_nan=True)):
            self.ok, self.verdict = True, self.precision(error)
        elif self.judge_typed():
            pass
        elif error <= SINGLE_ROUNDING * self.size:
            self.ok, self.verdict = True, "correct to single precision (float32)"
        elif any(np.all(np.abs(self.hand - other) <= self.tolerance) for other in self.conventions):
            self.ok, self.verdict = True, "correct, by another convention at a kink"
        else:
            self.verdict = "wrong"
        if self.ok and self.odd_shape:
            self.verdict += f"; {self.odd_shape}"

    def precision(self, error: float) -> str:
        """Say how exactly a gradient is right that is as near as its own precision lets it be."""
        if self.size <= self.rounding:
            return "correct: zero, but for rounding" if error or self.size else "correct"
        if self.rounding > VAGUE * self.size:
            return f"correct as far as can be told: rounding alone moves it by {self.rounding / SAFETY:.1g}"
        return (
            "correct"
            if self.eps <= DOUBLE_EPS or error <= EXACT * self.size
            else "correct to single precision (float32)"
        )

    def judge_typed(self) -> bool:
        """Decide whether the gradient is right to the digits that were typed, and allow for those from now on."""
        digits = self.digits if self.digits is not None else typed_digits(self.given)
        near = []
        for said, halves in digits.tolerances(self.hand):
            if np.all(np.abs(self.hand - self.auto) <= halves + self.tolerance):
                self.ok, self.verdict = True, f"correct to the {said} given"
                evidence = f"no number is off by more than half of the last of {said}"
                self.mistakes.append(Mistake(34, CATALOGUE[34].name, self.name, evidence, CATALOGUE[34].fix))
                return True
            near.append(halves)
        if near:
            self.tolerance = np.maximum(self.tolerance, np.maximum.reduce(near))
        return False

    def fitted(self) -> Array | None:
        """Return the gradient in the shape it should have, noting what is wrong with the one it has."""
        given, shape, name = self.given, self.auto.shape, self.name
        if given.shape == shape:
            return given
        if given.size == self.auto.size == 1:
            return given.reshape(shape)
        had = f"shape {given.shape}, and {name} has shape {shape}"
        squeezed, right = ([n for n in x if n > 1] for x in (given.shape, shape))
        if squeezed == right and given.ndim < len(shape) and shape[len(shape) - given.ndim :] == given.shape:
            self.odd_shape = f"{had}: NumPy makes it fit"
            return given.reshape(shape)
        if squeezed == right and given.ndim > len(shape) and given.shape[given.ndim - len(shape) :] == shape:
            self.odd_shape = f"{had}: an axis of length 1 too many, as keepdims leaves it"
            return self.noted(29, self.odd_shape, given.reshape(shape))
        if len(shape) == 2 and given.shape == shape[::-1]:
            return self.noted(6, had, given.T)
        if given.ndim == len(shape) + 1 and given.shape[1:] == shape and given.shape[0] > 1:
            return self.noted(7, f"{had}: the axis of the {given.shape[0]} examples is still there", given.sum(axis=0))
        if given.ndim == len(shape) + 1 and given.shape[:-1] == shape and given.shape[-1] > 1:
            return self.noted(
                7, f"{had}: the axis of the {given.shape[-1]} examples is still there", given.sum(axis=-1)
            )
        if given.size == self.auto.size and squeezed == right:
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
            self.mistakes.append(Mistake(number, row.name, self.name, evidence, fix_for(number)))
        return hand


def array_of_numbers(x: Any, name: str) -> Array:
    """Return what was given for one gradient as an array. Raises ShapeError where it is not numbers."""
    if hasattr(x, "detach") and not isinstance(x, Node):
        x = x.detach().cpu()  # of PyTorch, which hands no array out while it requires a gradient
    try:
        array = np.asarray(x._data if isinstance(x, Node) else x)
    except ValueError:
        raise ShapeError(f"the gradient of {name} is {x!r:.60}, whose rows are not equally long") from None
    if array.dtype.kind not in "biuf":
        raise ShapeError(f"the gradient of {name} is {x!r:.60}, which is not an array of numbers")
    return array if array.dtype.kind == "f" else array.astype(float)
