"""Ask whether the derivative that the rules give is the derivative of the function.

Seven questions in a fixed order, each with its own answer; the last compares with measured slopes. It judges what
`probe` and `numerical` bring, and knows no rule by name.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.types import Array
from ...errors import GradcheckError
from ..replay.rounding import DOUBLE_EPS, SAFETY, SAMPLES
from .element import FLOOR, Element, ratio_name
from .parts import in_real_parts
from .probe import FunctionCall, Probe, Witness, same_bits

SCALES = (1.0, 2.0**40, 2.0**-40)  # powers of two change no digit: a linear rule gives the same digits at each
LINEAR = 1e-10
MOST_ROUNDING = 1e-10  # of the size of f over that of an input


@dataclass(frozen=True)
class GradcheckReport:
    """The result of `gradcheck`; true where nothing is wrong.

    check: the name of the check that failed, or "". order: of the derivatives it failed at, or was right up to.
    worst: the element that is farthest off, measured in tolerances. kinks: elements where the left and the right
    slope differ, so that there is a convention and no derivative to compare with.
    """

    ok: bool
    message: str
    check: str = ""
    order: int = 1
    worst: Element | None = None
    kinks: tuple[Element, ...] = field(default=(), repr=False)

    @property
    def kink(self) -> bool:
        """Whether some element lies on a kink."""
        return bool(self.kinks)

    def __bool__(self) -> bool:
        return self.ok

    def assert_ok(self) -> None:
        """Raise GradcheckError where something is wrong."""
        if not self.ok:
            raise GradcheckError(self.message)

    def __repr__(self) -> str:
        return f"<gradcheck {'ok' if self.ok else 'FAILED'}: {self.message}>"


def gradcheck(f: Callable[..., Any], *inputs: Any, order: int = 1) -> GradcheckReport:
    """Compare the derivatives of `f` at `inputs` with measured ones, up to the given order. Raises nothing.

    f: takes and returns Tensors or Values (it may return a list of them). inputs: Tensors, Values, arrays or floats,
    which are differentiated by, and anything else, which is handed to f as it is. A float or an array reaches f as a
    Tensor. Complex numbers are checked part by part, and narrow floats widened to double precision first.
    The checks, in this order: the gradient has the shape and the dtype of its input; f gives the same bits twice; f
    leaves its inputs alone; a zero gradient arriving gives zero; the gradient is linear in the one arriving; the
    derivative is the measured one, to 1e-8 of itself.
    """
    rng = np.random.default_rng(0)
    f, inputs = in_real_parts(f, inputs)
    kinks: list[Element] = []
    report = GradcheckReport(False, f"there is no order {order} to check", "order", order)
    for level in range(1, order + 1):
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
                probe = Probe(f, inputs)
                report = check_order(probe, level, rng)
                kinks += report.kinks
                if not report:
                    break
                f = probe.gradient([signed_weights(rng, out._data) for out in probe.run().outputs])
        except Exception as error:  # whatever a user's f or rule does wrong is a finding
            notes = "; ".join(getattr(error, "__notes__", ()))
            said = f"{type(error).__name__}: {error}{f' ({notes})' if notes else ''}"
            return failed("shape" if "of shape" in said else "run", level, said)
    return GradcheckReport(
        report.ok, with_kinks(report.message, kinks), report.check, report.order, report.worst, tuple(kinks)
    )


@dataclass(frozen=True)
class Trial:
    """One call of f, two lots of random weights for its outputs, and the gradients for the first."""

    probe: Probe
    run: FunctionCall
    seeds: list[Array]
    other: list[Array]
    grads: list[Array]
    rounding: list[float]  # how far rounding may have moved each gradient


def check_order(probe: Probe, order: int, rng: np.random.Generator) -> GradcheckReport:
    """Ask the seven questions of one order of derivative, in their order."""
    if not probe.moving:
        return failed("input", order, "no input is a floating-point number: write 1.0 instead of 1")
    run = probe.run()
    if not all(np.all(np.isfinite(out._data)) for out in run.outputs):
        return failed("finite", order, "f is not finite at these inputs: choose a point inside its domain")
    seeds, other = ([signed_weights(rng, out._data) for out in run.outputs] for _ in range(2))
    try:
        grads = run.vjp(seeds)
        trial = Trial(probe, run, seeds, other, grads, roundings(probe, run, seeds, grads, rng))
    except Exception:
        if run.kept_inputs():
            raise
        return failed("inputs", order, "f changed its input")
    for check, find_fault in QUESTIONS.items():
        if fault := find_fault(trial):
            return failed(check, order, fault)
    return compare_derivatives(trial, order)


def roundings(
    probe: Probe, run: FunctionCall, seeds: list[Array], grads: list[Array], rng: np.random.Generator
) -> list[float]:
    """Return how far rounding may have moved each gradient: what one unit in the last place of the inputs does to it.

    It is no more than a small part of the slope that f may have at all, so that a kink is not taken for rounding.
    """
    size = sum(float(np.sum(np.abs(w * out._data))) for w, out in zip(seeds, run.outputs, strict=True))
    moved = [0.0] * len(grads)
    for _ in range(SAMPLES):
        data = [x * (1 + DOUBLE_EPS * rng.integers(-1, 2, x.shape)) for x in probe.data]
        for j, g in enumerate(probe.run(data).vjp(seeds)):
            moved[j] = max(moved[j], float(np.max(np.abs(g - grads[j]), initial=0.0)))
    widths = [float(np.max(np.abs(x), initial=0.0)) or 1.0 for x in probe.data]
    most = [MOST_ROUNDING * size / width for width in widths]
    return [
        min(SAFETY * found, limit) if math.isfinite(found) else 0.0 for found, limit in zip(moved, most, strict=True)
    ]


def shape_fault(trial: Trial) -> str:
    """Say where a gradient has another shape than its input."""
    for i, x, g in zip(trial.probe.moving, trial.probe.data, trial.grads, strict=True):
        if g.shape != x.shape:
            return f"the gradient of input {i} has shape {g.shape}, not {x.shape}"
    return ""


def dtype_fault(trial: Trial) -> str:
    """Say where a gradient has another dtype than its input, in the precision that was given."""
    narrow = trial.probe.run(trial.probe.given)
    for i, x, g in zip(trial.probe.moving, trial.probe.given, narrow.vjp(trial.seeds), strict=True):
        if g.dtype != x.dtype:
            return f"the gradient of input {i} has dtype {g.dtype}, not {x.dtype}"
    return ""


def determinism_fault(trial: Trial) -> str:
    """Say whether f or its gradient gave other bits the second time."""
    again = trial.probe.run()
    results, others = ([out._data for out in run.outputs] for run in (trial.run, again))
    same = len(results) == len(others) and all(map(same_bits, results, others))
    for run in (trial.run, again):
        same = same and all(map(same_bits, trial.grads, run.vjp(trial.seeds)))
    return "" if same else "f is not deterministic: fix the seed"


def input_fault(trial: Trial) -> str:
    """Say whether f wrote into what it was given."""
    kept = trial.run.kept_inputs() and trial.probe.kept_inputs()
    return "" if kept else "f changed its input"


def zero_fault(trial: Trial) -> str:
    """Say where a gradient of zero arriving gives anything but zero; an infinite slope times zero is NaN, and may."""
    nothing = trial.run.vjp([0 * seed for seed in trial.seeds])
    for i, g, zero in zip(trial.probe.moving, trial.grads, nothing, strict=True):
        wrong = (zero != 0) & np.isfinite(g)
        if wrong.any():
            return f"a gradient of zero arriving at the output gives {zero[wrong].flat[0]:g} at input {i}"
    return ""


def linear_fault(trial: Trial) -> str:
    """Say where the gradient is not linear in the one arriving, whatever the size of that."""
    vjp, seeds, other = trial.run.vjp, trial.seeds, trial.other
    others = vjp(other)
    for scale in SCALES:
        mixed = vjp([scale * (x - 3 * y) for x, y in zip(seeds, other, strict=True)])
        found = zip(trial.probe.moving, trial.grads, others, mixed, trial.rounding, strict=True)
        for i, x, y, both, rounding in found:
            finite = np.isfinite(x) & np.isfinite(y)
            size = np.max(np.abs(x) + 3 * np.abs(y), initial=0.0, where=finite)
            if not np.all((np.abs(both / scale - (x - 3 * y)) <= LINEAR * size + rounding)[finite]):
                return f"the gradient of input {i} is not linear in the gradient arriving at the output"
    return ""


QUESTIONS: dict[str, Callable[[Trial], str]] = {
    "shape": shape_fault,
    "dtype": dtype_fault,
    "determinism": determinism_fault,
    "inputs": input_fault,
    "zero": zero_fault,
    "linear": linear_fault,
}


def compare_derivatives(trial: Trial, order: int) -> GradcheckReport:
    """Compare every derivative with the measured one."""
    probe, grads = trial.probe, trial.grads
    witness = Witness(probe, trial.run)
    smooth: list[Element] = []
    kinks: list[Element] = []
    plain = [np.ones_like(seed) for seed in trial.seeds]
    unweighted = trial.run.vjp(plain)
    for j, (i, g) in enumerate(zip(probe.moving, grads, strict=True)):
        label = getattr(probe.inputs[i], "label", "")
        found = {at: witness.slope(trial.seeds, j, at) for at in np.ndindex(g.shape)}
        scale = max((abs(s.value) for s in found.values() if math.isfinite(s.value)), default=0.0)
        for at, measured in found.items():
            if measured.kink:  # said of the plain sum, where readers can recognise the slopes
                kinks.append(
                    Element.of(i, label, at, float(unweighted[j][at]), witness.slope(plain, j, at), scale, 0.0)
                )
            else:
                smooth.append(Element.of(i, label, at, float(g[at]), measured, scale, trial.rounding[j]))
    worst = max(smooth, key=lambda e: e.off, default=None)
    ok, check, message = True, "", f"{len(smooth)} derivative{'s' * (len(smooth) != 1)} of order {order} right"
    if worst is not None and worst.off > 1:
        ok, check = False, "derivative"
        ratio = ratio_name(worst, (n for x in grads for n in (x.size, *x.shape)))
        message = f"a derivative of order {order} is wrong at {worst.said}{ratio}"
    elif vague := [e for e in smooth if not e.error * 10 <= FLOOR * max(e.scale, witness.size(trial.seeds))]:
        ok, check, worst = False, "vague", vague[0]
        message = f"the slope cannot be measured at {worst.said}: choose another point, or a smoother f"
    elif worst is not None:
        message += f"; the farthest off is {worst.said}"
    return GradcheckReport(ok, message, check, order, worst, tuple(kinks))


def signed_weights(rng: np.random.Generator, like: Any) -> Array:
    """Return random weights of either sign: ones would hide whatever sums to nothing, as in a softmax."""
    shape = np.shape(like)
    return np.asarray(rng.uniform(0.5, 1.5, shape) * rng.choice((-1.0, 1.0), shape))


def failed(check: str, order: int, message: str) -> GradcheckReport:
    """Return the report of a check that failed before anything was measured."""
    return GradcheckReport(False, message, check, order)


def with_kinks(message: str, kinks: Sequence[Element]) -> str:
    """Add what was found at kinks."""
    if not kinks:
        return message
    e, more = kinks[0], f", and {len(kinks) - 1} more" * (len(kinks) > 1)
    return (
        f"{message}; kink at {e.name}{more}: the slope is {e.left:g} on the left and {e.right:g} on the right, "
        f"and {e.automatic:g} by our convention"
    )
