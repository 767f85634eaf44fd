"""Gradients in every form in which they are given, by hand or automatic, as arrays with names.

Names are forgiving: `W^(2)`, `W2`, `dW2`, `"1.weight"` are one parameter, `delta2` and `dz2` are ∂C/∂z^(2).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ...core.node import Node
from ...core.types import Array
from ...errors import GradientError, ShapeError
from ...symbolic.layers import LayerMap
from ...symbolic.parser import parse
from ..gradient_names import plain, variable_of
from ..replay.run import Run
from .precheck import array_of_numbers
from .sympy_opinion import import_sympy

INTERMEDIATE = re.compile(r"^(?:d|∂C/∂)?_?(?P<letter>delta|δ|[zZ]|[aA])[_^]*\(?(?P<layer>\d+)\)?$")
Pairs = dict[str, tuple[Any, Any]]  # what was derived, and the node or array that it is held against, by name


def targets_of(auto: Any) -> dict[str, Any]:
    """Return nodes or arrays by name: those of a module, of a dict, of a list, or the one that was given."""
    if hasattr(auto, "named_parameters"):
        return dict(auto.named_parameters())
    if isinstance(auto, Mapping):
        return dict(leaves_of_tree(auto))
    if isinstance(auto, (list, tuple)) and any(isinstance(x, Node) or np.ndim(x) for x in auto):
        return {label_of(x) or f"gradient {i}": x for i, x in enumerate(auto, 1)}
    return {label_of(auto) or "gradient": auto}


def label_of(x: Any) -> str:
    """Return the label of a node; "" of anything else."""
    return x.label if isinstance(x, Node) else ""


def leaves_of_tree(tree: Mapping[Any, Any], stem: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of dicts and lists within a dict, under names like layer1.W."""
    for key, x in tree.items():
        name = f"{stem}{key}"
        if isinstance(x, Mapping):
            yield from leaves_of_tree(x, f"{name}.")
        elif isinstance(x, (list, tuple)) and x and all(isinstance(part, (Node, np.ndarray, Mapping)) for part in x):
            yield from leaves_of_tree(dict(enumerate(x, 1)), f"{name}.")
        else:
            yield name, x


def pair_by_name(hand: Any, targets: dict[str, Any], notation: LayerMap | None) -> Pairs:
    """Return what was derived beside what it should be, by name. Raises GradientError where names do not meet."""
    if isinstance(hand, Mapping):
        return by_name(dict(leaves_of_tree(hand)), targets, notation)
    if len(targets) == 1:
        (name, target), *_ = targets.items()
        given = hand[0] if isinstance(hand, (list, tuple)) and len(hand) == 1 and np.ndim(hand[0]) else hand
        return {name: (given, target)}
    if isinstance(hand, (list, tuple)) and len(hand) == len(targets):
        return {name: (given, target) for given, (name, target) in zip(hand, targets.items(), strict=True)}
    if (parts := parts_of(hand, targets)) is not None:
        return {name: (parts[name], target) for name, target in targets.items()}
    count = len(hand) if isinstance(hand, (list, tuple)) else 1
    raise GradientError(
        f"{'one gradient was' if count == 1 else f'{count} gradients were'} given for {len(targets)} parameters: "
        f"give a dict by name, or a list in their order, of {', '.join(targets)}"
    )


def parts_of(hand: Any, targets: dict[str, Any]) -> dict[str, Array] | None:
    """Return the gradients that lie end to end in one flat array, in the order of the parameters; None if none do."""
    try:
        flat = array_of_numbers(hand, "all parameters")
    except ShapeError:
        return None
    shapes = {name: np.shape(getattr(x, "_data", x)) for name, x in targets.items()}
    sizes = [int(np.prod(shape)) for shape in shapes.values()]
    if 1 not in (flat.ndim, *flat.shape) or flat.size != sum(sizes):
        return None
    pieces = np.split(flat.ravel(), np.cumsum(sizes)[:-1])
    return {name: piece.reshape(shape) for piece, (name, shape) in zip(pieces, shapes.items(), strict=True)}


def by_name(hand: dict[str, Any], targets: dict[str, Any], notation: LayerMap | None) -> Pairs:
    """Return gradients beside what they should be, paired by their names."""
    if not hand:
        raise GradientError(f"no gradient was given to compare: give a dict by name, with some of {', '.join(targets)}")
    if len(hand) == 1 and targets.keys() == {"gradient"}:  # of the only parameter, which has no name
        return {next(iter(hand)): (next(iter(hand.values())), targets["gradient"])}
    spelled: dict[str, tuple[str, Any]] = {}
    for name, target in targets.items():
        shown = label_of(target) or name
        letter = notation.names.get(target, name) if notation and isinstance(target, Node) else name
        for spelling in (name, shown, letter):
            spelled.setdefault(plain(spelling), (shown, target))
    found: Pairs = {}
    for key, given in hand.items():
        parameter = variable_of(key, spelled)
        match = spelled[parameter] if parameter is not None else intermediate(key, notation)
        if match is None:
            known = ", ".join(dict.fromkeys(name for name, _ in spelled.values()))
            raise GradientError(f"there is no parameter {key!r} to compare with; there are: {known}")
        if match[0] in found:
            raise GradientError(f"two gradients were given for {match[0]}, the second as {key!r}")
        found[match[0]] = (given, match[1])
    return found


def intermediate(key: str, notation: LayerMap | None) -> tuple[str, Node] | None:
    """Return the node that `delta2` or `da1` is the gradient of, with a name for that gradient."""
    match = INTERMEDIATE.match(key.replace(" ", ""))
    if not match or notation is None:
        return None
    number = int(match["layer"])
    layer = next((layer for layer in notation.layers if layer.number == number), None)
    if layer is None:
        return None
    return (f"∂C/∂a^({number})", layer.a) if match["letter"] in "aA" else (f"δ^({number})", layer.z)


def is_symbolic(x: Any) -> bool:
    """Tell whether a gradient was given as a SymPy expression."""
    return type(x).__module__.startswith("sympy.") and hasattr(x, "free_symbols")


def can_resample(given: Any) -> bool:
    """Tell whether a gradient was given as a formula or a function, which can be tried at other points."""
    return isinstance(given, str) or is_symbolic(given) or (callable(given) and not isinstance(given, Node))


def formula_text(given: Any) -> str:
    """Return the text of a formula that may be a SymPy expression."""
    if isinstance(given, str):
        return given
    return str(import_sympy().pycode(given, fully_qualified_modules=True))


def value_at(run: Run | None, given: Any, name: str, names: Mapping[Node, str]) -> Array:
    """Return a gradient derived by hand at one point; a formula or a function is computed there.

    Raises GradientError where it needs the graph and there is none.
    """
    if isinstance(given, str) or is_symbolic(given):
        values = values_of(run, names) if run else {}
        expression = parse(formula_text(given), values)
        if expression.variables and run is None:
            raise GradientError(f"the formula {expression.text!r} needs the graph it belongs to: give loss=")
        return array_of_numbers(expression(**values), name)
    if callable(given) and not isinstance(given, Node):
        if run is None:
            raise GradientError(f"the function given for {name} needs the graph it belongs to: give loss=")
        return array_of_numbers(called(given, run, names), name)
    return array_of_numbers(given, name)


def called(function: Callable[..., Any], run: Run, names: Mapping[Node, str]) -> Any:
    """Call a function of the values of nodes: its parameters are their names, or else the leaves in order."""
    values = values_of(run, names)
    parameters = list(inspect.signature(function).parameters)
    if all(name in values for name in parameters):
        return function(**{name: np.copy(values[name])[()] for name in parameters})
    leaves = [np.copy(run.data[z])[()] for z in run.recording.order if z.op is None]
    return function(*leaves[: len(parameters)])


def values_of(run: Run, names: Mapping[Node, str]) -> dict[str, Any]:
    """Return the data of nodes by name: the article's, and labels of the user's own where they mean nothing else."""
    values = {formula_name(name): run.data[node] for node, name in names.items()}
    for node in run.recording.order:
        if node.label:
            values.setdefault(formula_name(node.label), run.data[node])
    return values


def formula_name(label: str) -> str:
    """Return a label as a formula can spell it: `W^(2)` is `W2`."""
    return re.sub(r"\W", "", label.replace("^", "").replace("'", "_prime"))


def kept_gradient(target: Any, name: str) -> Array:
    """Return the gradient that a node keeps, or an array as it is."""
    if not isinstance(target, Node):
        return array_of_numbers(target, name)
    if target._grad is None:
        raise GradientError(f"{name} has no gradient yet: call backward() first, or give loss=")
    return array_of_numbers(target._grad, name)
