"""A task: one function, method or script of a program whose gradients are to be judged.

An adapter says how it is called and where parameters come from; the gradients are found in its result here, by name,
by order and by shape, once and for all runs.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from ...core.types import Array
from ..gradient_names import variable_of
from .containers import keys_of
from .program import HomeworkError, Namespace
from .recorder import ProgramRecorder
from .shadow import Shadow

Values = dict[str, Any]  # parameters by name
Path = tuple[Any, ...]  # of keys and positions, into a result
Wrap = Callable[[Any], Any]  # makes of other numbers that go in what the run needs


class Outcome(NamedTuple):
    """The result of one run: the loss, and the gradient of each parameter as the program computed it."""

    loss: Any
    gradients: dict[str, Any]


class Task:
    """A function to be judged.

    values: the numbers that may be parameters, as the program has them. call: runs it with other values and returns
    its result. names: those in its return statement, where it has them. loss, paths: where they lie in the result.
    """

    def __init__(
        self,
        name: str,
        values: Values,
        call: Callable[[Namespace, Values, Wrap], Any],
        names: Any = "",
        expected: Iterable[str] = (),
    ) -> None:
        self.name, self.values, self.call, self.names = name, values, call, names
        self.expected = list(expected)  # the parameters, where the program says which they are
        self.loss: Path = ()
        self.paths: dict[str, Path] = {}
        self.generators: list[tuple[str, Any]] = []

    def find_results(self, module: Namespace) -> None:
        """Find loss and gradients in the result of a first run. Raises HomeworkError where it holds none."""
        self.generators = [
            (name, x.bit_generator.state) for name, x in module.items() if isinstance(x, np.random.Generator)
        ]
        self.find(self.raw(module, self.values, float_copy))

    def raw(self, module: Namespace, values: Values, wrap: Wrap) -> Any:
        """Run it, with the same random numbers every time."""
        random.seed(1)
        np.random.seed(1)
        for name, state in self.generators:
            if isinstance(module.get(name), np.random.Generator):
                module[name].bit_generator.state = state
        return self.call(module, values, wrap)

    def plain(self, module: Namespace, values: Values) -> Outcome:
        """Run it on plain arrays."""
        return self.outcome(self.raw(module, {name: float_copy(x) for name, x in values.items()}, float_copy))

    def recorded(self, module: Namespace, values: Values, recorder: ProgramRecorder) -> Outcome:
        """Run it on arrays that remember; `recorder.parameters` has the parameters then."""
        recorder.parameters = {}
        shadows = {name: recorder.parameter(name, x) for name, x in values.items()}
        return self.outcome(self.raw(module, shadows, recorder.leaf))

    def outcome(self, result: Any) -> Outcome:
        """Return loss and gradients of a result."""
        return Outcome(leaf_at(result, self.loss), {name: leaf_at(result, path) for name, path in self.paths.items()})

    def find(self, result: Any) -> None:
        """Note where in a result the loss and the gradients lie."""
        several = isinstance(result, (tuple, list)) and len(result) > 1
        places = [i for i in (0, 1) if is_scalar(result[i]) and is_gradients(result[1 - i])] if several else []
        if not places:
            raise HomeworkError(f"{self.name} returned {in_few_words(result)}, and should return (loss, gradients)")
        first = places[0]
        self.loss = (first,)
        names = self.names if isinstance(self.names, list) and len(self.names) == len(result) else [""] * len(result)
        rest = [i for i in range(len(result)) if i != first]
        known = {keys_of(name): name for name in self.values}
        if isinstance(result[rest[0]], dict):
            self.by_name(result[rest[0]], (rest[0],), known)
        elif isinstance(result[rest[0]], (tuple, list)) and any(isinstance(x, dict) for x in result[rest[0]]):
            layers = {parts[1:]: name for parts, name in known.items() if len(parts) > 2 and parts[1].isdigit()}
            self.by_name(dict(enumerate(result[rest[0]])), (rest[0],), layers or known)
        elif isinstance(result[rest[0]], (tuple, list)):
            inner = names[rest[0]] if isinstance(names[rest[0]], list) else [""] * len(result[rest[0]])
            self.in_order([((rest[0], i), x, n) for (i, x), n in zip(enumerate(result[rest[0]]), inner, strict=True)])
        else:
            self.in_order([((i,), result[i], names[i]) for i in rest if is_numeric(result[i])])
        if not self.paths:
            raise HomeworkError(
                f"{self.name} returned {in_few_words(result)}, and none of it could be told to be the gradient of "
                f"{', '.join(self.values) or 'a parameter'}: return a dict of gradients by name"
            )

    def by_name(self, gradients: dict[Any, Any], path: Path, known: dict[tuple[str, ...], str]) -> None:
        """Note the gradients of a dict, which may have dicts and lists in it, as the parameters may.

        known: the parameters that these can be by, each with the keys and places on the way to it from here.
        """
        here = {parts[0] if len(parts) == 1 else name: name for parts, name in known.items()}
        for key, x in gradients.items():
            if isinstance(x, (dict, list, tuple)):
                holder = variable_of(str(key), [parts[0] for parts in known if len(parts) > 1])
                within = {parts[1:]: name for parts, name in known.items() if parts[0] == holder and len(parts) > 1}
                self.by_name(x if isinstance(x, dict) else dict(enumerate(x)), (*path, key), within or known)
                continue
            name = variable_of(str(key), here) if is_numeric(x) else None
            if name is not None and (here[name] not in self.paths or str(key) == name):
                self.paths[here[name]] = (*path, key)

    def in_order(self, gradients: list[tuple[Path, Any, Any]]) -> None:
        """Note the gradients of a sequence: by their names where these say it, else in the order of the parameters."""
        flat: list[tuple[Path, Any, Any]] = []
        for path, x, name in gradients:
            if isinstance(x, (list, tuple)):
                flat += [((*path, i), part, "") for i, part in enumerate(x)]
            else:
                flat.append((path, x, name))
        named = [variable_of(name, self.values) if isinstance(name, str) and name else None for _, _, name in flat]
        if any(named) and len({n for n in named if n}) == sum(n is not None for n in named):
            self.paths = {n: path for n, (path, _, _) in zip(named, flat, strict=True) if n is not None}
            return
        order = self.expected or list(self.values)
        shapes = [np.shape(x) for _, x, _ in flat]
        chosen = subsequence(shapes, [np.shape(self.values[name]) for name in order])
        if chosen is None:
            chosen = list(range(min(len(flat), len(order))))
        self.paths = {order[k]: path for k, (path, _, _) in zip(chosen, flat, strict=False)}


def float_copy(x: Any) -> Any:
    """Return plain numbers for a run: a copy, in float64."""
    return np.array(x, dtype=np.float64) if isinstance(x, np.ndarray) else float(x)


def leaf_at(tree: Any, path: Path) -> Any:
    """Return what lies at a path."""
    for key in path:
        tree = tree[key]
    return tree


def is_scalar(x: Any) -> bool:
    """Tell whether something is one number, as a loss is."""
    return isinstance(x, (float, np.floating, int, Shadow)) or (isinstance(x, np.ndarray) and x.size == 1)


def is_numeric(x: Any) -> bool:
    """Tell whether something may be a gradient: a number or an array of numbers."""
    return isinstance(x, (float, int, np.floating, np.ndarray)) and not isinstance(x, bool)


def is_gradients(x: Any) -> bool:
    """Tell whether something may hold gradients."""
    return is_numeric(x) or (isinstance(x, (dict, list, tuple)) and len(x) > 0)


def subsequence(wanted: list[Any], among: list[Any]) -> list[int] | None:
    """Return positions, in order, at which the wanted shapes occur one after the other; None if they do not."""
    found, start = [], 0
    for shape in wanted:
        while start < len(among) and among[start] != shape:
            start += 1
        if start == len(among):
            return None
        found.append(start)
        start += 1
    return found


def in_few_words(x: Any) -> str:
    """Return in a few words what something is."""
    if isinstance(x, np.ndarray):
        return f"an array of shape {x.shape}"
    if isinstance(x, (tuple, list)) and len(x) < 8:
        return f"({', '.join(in_few_words(part) for part in x)})"
    if isinstance(x, dict):
        return f"a dict with {', '.join(map(repr, list(x)[:6]))}"
    return "nothing" if x is None else f"a {type(x).__name__}"


def gradient_array(x: Any) -> Array:
    """Return a gradient or a loss as a plain array of floats."""
    return np.asarray(np.asarray(x), dtype=np.float64)
