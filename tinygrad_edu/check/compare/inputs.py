"""Whatever was given as a gradient, by hand or automatic, as arrays with names.

Names are forgiving: `W^(2)`, `W2`, `"1.weight"` are one parameter, `delta2` and `dz2` are ∂C/∂z^(2).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...core.node import Node
from ...errors import GradientError
from ...symbolic.layers import LayerMap
from ...symbolic.parser import parse
from ..mistakes.replay import Run
from .precheck import Array, array_of_numbers

INTERMEDIATE = re.compile(r"^(?:d|∂C/∂)?_?(?P<letter>delta|δ|z|a)[_^]*\(?(?P<layer>\d+)\)?$")


def targets_of(auto: Any) -> dict[str, Any]:
    """Return nodes or arrays by name: those of a module, of a dict, or the one that was given."""
    if hasattr(auto, "named_parameters"):
        return dict(auto.named_parameters())
    if isinstance(auto, Mapping):
        return {str(name): x for name, x in auto.items()}
    return {(auto.label if isinstance(auto, Node) else "") or "gradient": auto}


def paired(hand: Any, targets: dict[str, Any], notation: LayerMap | None) -> dict[str, tuple[Any, Any]]:
    """Return what was derived beside what it should be, by name. Raises GradientError where names do not meet."""
    if isinstance(hand, Mapping) and not hand:
        raise GradientError(f"no gradient was given to compare: give a dict by name, with some of {', '.join(targets)}")
    if not isinstance(hand, Mapping):
        if len(targets) != 1:
            raise GradientError(
                f"one gradient was given for {len(targets)} parameters: "
                f"give a dict by name, with some of {', '.join(targets)}"
            )
        (name, target), *_ = targets.items()
        return {name: (hand, target)}
    if len(hand) == len(targets) == 1:
        (name, target), *_ = targets.items()
        return {str(next(iter(hand))) if name == "gradient" else name: (next(iter(hand.values())), target)}
    spelled: dict[str, tuple[str, Any]] = {}
    for name, target in targets.items():
        shown = target.label if isinstance(target, Node) and target.label else name
        for spelling in (
            name,
            shown,
            notation.names.get(target, name) if notation and isinstance(target, Node) else name,
        ):
            spelled.setdefault(plain(spelling), (shown, target))
    found: dict[str, tuple[Any, Any]] = {}
    for key, given in hand.items():
        short = plain(str(key))
        match = spelled.get(short) or spelled.get(short.removeprefix("d")) or intermediate(str(key), notation)
        if match is None:
            known = ", ".join(dict.fromkeys(name for name, _ in spelled.values()))
            raise GradientError(f"there is no parameter {key!r} to compare with; there are: {known}")
        found[match[0]] = (given, match[1])
    return found


def plain(name: str) -> str:
    """Return a name without what people spell differently: `W^(2)`, `W_2` and `W2` are one."""
    return re.sub(r"[\s_^().∂/]|^∂?C/∂", "", name)


def intermediate(key: str, notation: LayerMap | None) -> tuple[str, Node] | None:
    """Return the node that `delta2` or `da1` is the gradient of, with a name for that gradient."""
    match = INTERMEDIATE.match(key.replace(" ", ""))
    if not match or notation is None:
        return None
    number = int(match["layer"])
    layer = next((layer for layer in notation.layers if layer.number == number), None)
    if layer is None:
        return None
    return (f"∂C/∂a^({number})", layer.a) if match["letter"] == "a" else (f"δ^({number})", layer.z)


def at(run: Run | None, given: Any, name: str, names: Mapping[Node, str]) -> Array:
    """Return a gradient derived by hand at one point; a formula or a function is computed there.

    Raises GradientError where it needs the graph and there is none.
    """
    if isinstance(given, str):
        expression = parse(given)
        if expression.variables and run is None:
            raise GradientError(f"the formula {given!r} needs the graph it belongs to: give loss=")
        return array_of_numbers(expression(**(values_of(run, names) if run else {})), name)
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
    values = {identifier(name): run.data[node] for node, name in names.items()}
    for node in run.recording.order:
        if node.label:
            values.setdefault(identifier(node.label), run.data[node])
    return values


def identifier(label: str) -> str:
    """Return a label as a formula can spell it: `W^(2)` is `W2`."""
    return re.sub(r"\W", "", label.replace("^", "").replace("'", "_prime"))
