"""A function and the function that somebody wrote for its gradient, recorded and run at random points.

A function that cannot be recorded, because it calls what works on plain numbers only, is measured from its values.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...core.node import Node
from ...core.tensor import Tensor
from ...core.types import Array
from ...core.value import Value
from ...errors import GradientError
from ...symbolic.layers import LayerMap
from ...symbolic.parser import parse
from ..gradient_names import variable_of
from ..replay.points import is_distribution, other_sides, random_runs
from ..replay.rounding import SAFETY
from ..replay.run import Recording, Run
from .black_box import measured_gradient, value_of
from .inputs import formula_text, is_symbolic, leaves_of_tree, parts_of
from .items import items_at
from .precheck import GradientPair, array_of_numbers
from .report import ComparisonReport
from .verdicts import Comparison, comparison_report

SHAPES: tuple[tuple[int, ...], ...] = ((), (7,), (7, 5))  # of arguments that have no default to say: tried in turn


class Functions:
    """A function of named arguments, and what was derived for its gradient.

    hand: a function of the same arguments that returns the gradient by the first of them, or by as many as it returns,
    in a tuple, a list or a dict by name, alone or behind the loss: (loss, gradients); or a formula of their names.
    """

    def __init__(self, function: Callable[..., Any], hand: Any, rng: np.random.Generator) -> None:
        self.function = function
        self.hand = hand
        self.rng = rng

    def report(self, points: int) -> ComparisonReport:
        """Return the report of a comparison at so many points, and more where there are kinks.

        Raises GradientError where no arguments were found that both functions accept.
        """
        refusals = []
        for attempt in (self.recorded, self.black_box):
            for shape in SHAPES:
                try:
                    return attempt(shape, points)
                except Exception as error:  # a user's function may refuse an argument in any way it likes
                    said = f"with {'numbers' if not shape else f'arrays of shape {shape}'}: {error}"
                    refusals += [said] * (said not in refusals)
        raise GradientError(
            "no arguments were found that both the function and its gradient accept; "
            "give the parameters example values as defaults\n  " + "\n  ".join(refusals)
        )

    def recorded(self, shape: tuple[int, ...], points: int) -> ComparisonReport:
        """Compare by the function's graph."""
        names, args, output = record(self.function, shape, self.rng)
        leaves = {name: x for name, x in zip(names, args, strict=True) if isinstance(x, Node)}
        loss = float(np.ravel(output._data)[0])
        derived = self.derivatives(names, [getattr(x, "_data", x) for x in args], loss)
        targets = {name: leaves[name] for name in derived}
        recording = Recording(output, list(targets.values()))
        runs = random_runs(recording, points, self.rng)
        runs += other_sides(recording, runs, self.rng)

        def hands(run: Run) -> dict[str, Array]:
            values = [run.data[x] if isinstance(x, Node) else x for x in args]
            return self.derivatives(names, values, float(np.ravel(run.data[output])[0]))

        kept, rows, notes = items_at(runs, targets, hands)
        return comparison_report(Comparison(recording, LayerMap(output), kept, rows, notes))

    def black_box(self, shape: tuple[int, ...], points: int) -> ComparisonReport:
        """Compare by the function's values alone."""
        rows = []
        for point in range(points):
            names, args = arguments(self.function, shape, self.rng, sign=1.0 if point < points // 2 else -1.0)
            try:
                with np.errstate(all="ignore"):
                    derived = self.derivatives(names, args, float(np.real(value_of(self.function, args))))
                    row = []
                    for name, hand in derived.items():
                        grads, error = measured_gradient(self.function, args, names.index(name))
                        row.append(GradientPair(name, hand, grads, spread=error * 10 / SAFETY))
            except GradientError:
                if point < points // 2:
                    raise
                continue  # of the other sign, an argument may be outside the function's domain
            rows.append(row)
        note = "The function cannot be recorded, so its derivative was measured from its values: no mistake is sought."
        return comparison_report(Comparison(None, None, [], rows, [note]))

    def derivatives(self, names: list[str], values: list[Any], loss: float) -> dict[str, Array]:
        """Return the derived gradients at one point, by the parameters' names."""
        given = self.hand
        if isinstance(given, Mapping):
            parts = {key: Functions(self.function, one, self.rng) for key, one in given.items()}
            found = {known_name(str(key), names): part.derivatives(names, values, loss) for key, part in parts.items()}
            return {name: next(iter(one.values())) for name, one in found.items()}
        if isinstance(given, str) or is_symbolic(given):
            at = dict(zip(names, values, strict=True))
            return {names[0]: array_of_numbers(parse(formula_text(given), names)(**at), names[0])}
        got = given(*(np.copy(x)[()] if np.ndim(x) else x for x in values))
        differentiable = [i for i, x in enumerate(values) if np.asarray(x).dtype.kind == "f"]
        shapes = {names[i]: np.shape(values[i]) for i in differentiable}
        return by_parameter(without_loss(got, loss), names, shapes)


def without_loss(got: Any, loss: float) -> Any:
    """Return the gradients of (loss, gradients), where the first is the loss; anything else as it is."""
    if not isinstance(got, (tuple, list)) or len(got) < 2 or isinstance(got[0], (Mapping, tuple, list)):
        return got
    first = np.asarray(got[0], dtype=float)
    if first.size == 1 and np.isclose(first.ravel()[0], loss, rtol=1e-6, atol=1e-12):
        return got[1:] if len(got) > 2 else got[1]
    return got


def by_parameter(got: Any, names: list[str], shapes: dict[str, tuple[int, ...]]) -> dict[str, Array]:
    """Return the gradients that a function returned, by the names of its parameters.

    A tuple or a list holds those by the first parameters, or those that have the shapes; one array may hold them all.
    """
    if isinstance(got, Mapping):
        return {known_name(key, names): array_of_numbers(x, key) for key, x in leaves_of_tree(got)}
    listed = list(got) if isinstance(got, (tuple, list)) else [got]
    if isinstance(got, list) and all(np.ndim(x) == 0 for x in got) and np.shape(got) == shapes[next(iter(shapes))]:
        listed = [got]  # one gradient, as a list of numbers
    chosen = list(shapes)[: len(listed)]
    arrays = [array_of_numbers(x, name) for x, name in zip(listed, chosen, strict=False)]
    if len(listed) == 1 < len(shapes) and arrays[0].shape != shapes[chosen[0]]:
        parts = parts_of(arrays[0], {name: np.empty(shape) for name, shape in shapes.items()})
        if parts is not None:
            return parts
    if any(x.shape != shapes[name] for x, name in zip(arrays, chosen, strict=False)):
        fitting = [[name for name, shape in shapes.items() if shape == x.shape] for x in arrays]
        if all(len(found) == 1 for found in fitting) and len({found[0] for found in fitting}) == len(arrays):
            chosen = [found[0] for found in fitting]
    if len(listed) > len(chosen):
        raise GradientError(
            f"the gradient function returned {len(listed)} things, and the function has the parameters "
            f"{', '.join(shapes)}: return one gradient for each of the first, a dict by name, or (loss, gradients)"
        )
    return dict(zip(chosen, arrays, strict=True))


def known_name(key: str, names: list[str]) -> str:
    """Return the parameter that a gradient is by. Raises GradientError if there is none."""
    name = variable_of(key, names)
    if name is None:
        raise GradientError(f"the function has no parameter {key!r}; there are: {', '.join(names)}")
    return name


def arguments(
    function: Callable[..., Any], shape: tuple[int, ...], rng: np.random.Generator, sign: float = 1.0
) -> tuple[list[str], list[Any]]:
    """Return a function's parameters and a random argument for each; what is no floating-point number stays as it is.

    sign: of the numbers where a parameter has no default to say. Targets that are 0 and 1, as one-hot rows, stay too.
    """
    names, values = [], list[Any]()
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        example = parameter.default
        names.append(name)
        if example is parameter.empty or (np.size(example) == 0 and not isinstance(example, str)):
            values.append(sign * rng.uniform(0.4, 1.8, shape))
            continue
        array = np.asarray(getattr(example, "_data", example))
        fixed = array.dtype.kind not in "iuf" or (array.ndim and (array.dtype.kind != "f" or is_distribution(array)))
        values.append(example if fixed else array * rng.uniform(0.8, 1.2, array.shape))
    return names, [float(x) if isinstance(x, np.ndarray) and not x.ndim else x for x in values]


def record(
    function: Callable[..., Any], shape: tuple[int, ...], rng: np.random.Generator
) -> tuple[list[str], list[Any], Node]:
    """Return a function's parameters, a leaf or a constant for each, and the node that it computes of them."""
    names, values = arguments(function, shape, rng)
    kind: Any = Tensor if any(np.ndim(x) for x in values) else Value
    args = [
        kind(x, label=name) if np.asarray(x).dtype.kind == "f" else x for name, x in zip(names, values, strict=True)
    ]
    output = function(*args)
    output = output[0] if isinstance(output, (tuple, list)) and len(output) else output
    if not isinstance(output, Node) or np.size(output._data) != 1:
        raise GradientError(
            f"the function returned {output!r:.60}, and should return one number made from its arguments"
        )
    return names, args, output
