"""A function and the function that somebody wrote for its gradient, recorded and run at random points."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...core.node import Node
from ...core.tensor import Tensor
from ...core.value import Value
from ...errors import GradientError
from ...symbolic.parser import parse
from ..mistakes.replay import Recording, Run
from ..mistakes.resampling import random_runs
from .precheck import Item, array_of_numbers

SHAPES: tuple[tuple[int, ...], ...] = ((), (7,), (7, 5))  # of arguments that have no default to say: tried in turn


def recorded(
    hand: Any, function: Callable[..., Any], points: int, rng: np.random.Generator
) -> tuple[Recording, list[Run], list[list[Item]]]:
    """Return the recording of a function, runs of it at random points, and the gradients to compare at each.

    hand: a function of the same arguments that returns the gradient by the first of them, or by each in a tuple or a
    dict by name; or a formula of their names. Raises GradientError where no arguments were found that both accept.
    """
    refusals = []
    for shape in SHAPES:
        try:
            names, leaves, output = record(function, shape, rng)
            derived = derivatives(hand, names, [leaf._data for leaf in leaves])
            chosen = [leaves[names.index(name)] for name in derived]
            recording = Recording(output, chosen)
            runs = random_runs(recording, points, rng)
            items = []
            for run in runs:
                derived = derivatives(hand, names, [run.data[leaf] for leaf in leaves])
                items.append(
                    [
                        Item(name, array_of_numbers(derived[name], name), run.gradient(run.grads, leaf), leaf)
                        for name, leaf in zip(derived, chosen, strict=True)
                    ]
                )
        except Exception as error:  # a user's function may refuse an argument in any way it likes
            refusals.append(f"with {'numbers' if not shape else f'arrays of shape {shape}'}: {error}")
            continue
        return recording, runs, items
    raise GradientError(
        "no arguments were found that both the function and its gradient accept; "
        "give the parameters example values as defaults\n  " + "\n  ".join(refusals)
    )


def record(
    function: Callable[..., Any], shape: tuple[int, ...], rng: np.random.Generator
) -> tuple[list[str], list[Node], Node]:
    """Return a function's parameters, a leaf for each, and the node that it computes of them."""
    names, leaves = [], []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        example = parameter.default
        like = np.shape(example) if example is not parameter.empty and np.size(example) else shape
        numbers = rng.uniform(0.4, 1.8, like)
        if example is not parameter.empty:
            numbers = np.asarray(example, dtype=float) * rng.uniform(0.8, 1.2, like)
        names.append(name)
        leaves.append(Value(float(numbers), label=name) if not like else Tensor(numbers, label=name))
    if any(isinstance(leaf, Tensor) for leaf in leaves):
        leaves = [leaf if isinstance(leaf, Tensor) else Tensor(leaf._data, label=leaf.label) for leaf in leaves]
    output = function(*leaves)
    if not isinstance(output, Node) or np.size(output._data) != 1:
        raise GradientError(
            f"the function returned {output!r:.60}, and should return one number made from its arguments"
        )
    return names, list(leaves), output


def derivatives(hand: Any, names: list[str], values: list[Any]) -> dict[str, Any]:
    """Return the derived gradients by parameter name."""
    if isinstance(hand, str):
        return {names[0]: parse(hand)(**dict(zip(names, values, strict=True)))}
    if isinstance(hand, Mapping):
        return {str(name): derivatives(one, names, values)[names[0]] for name, one in hand.items()}
    got = hand(*(np.copy(value)[()] if np.ndim(value) else float(value) for value in values))
    if isinstance(got, Mapping):
        return {str(name): x for name, x in got.items()}
    if isinstance(got, (tuple, list)) and len(got) == len(names) > 1:
        return dict(zip(names, got, strict=True))
    return {names[0]: got[0] if isinstance(got, tuple) and len(got) == 1 else got}
