"""Letters for what a net of layers is told in: names with an index, W_jk^(1), and names of constant arrays."""

from __future__ import annotations

import re

import numpy as np

from ..core.node import Node
from ..symbolic.layers import LayerMap
from ..symbolic.names import tex_name

LETTER = re.compile(r"^(?P<base>[^\W\d_]+\d*)(?P<high>\^\(\w+\))?$")


def with_index(name: str, index: str) -> tuple[str, str] | None:
    """Return a name with an index, W^(1) as W_jk^(1), as text and as LaTeX; None where a name has no room for one."""
    match = LETTER.match(name)
    if match is None:
        return None
    text = f"{match['base']}_{index}{match['high'] or ''}"
    base = re.sub(r"(\d+)$", "", match["base"])
    number = match["base"][len(base) :]
    if number:  # W1_jk: the number stays with the letter
        return text, rf"{{{tex_name(match['base'])}}}_{{{index}}}"
    return text, tex_name(text)


def constant_arrays(order: list[Node], layers: LayerMap, taken: set[str]) -> dict[int, str]:
    """Return names for the arrays that a graph holds as constants: inputs of layers, y in the cost, then c1, c2."""
    found: dict[int, str] = {}
    for layer in layers.layers:
        name = "a^(0)" if layer.number == 1 else f"x^({layer.number})"
        if isinstance(layer.x, np.ndarray) and name not in taken and not layers.states:
            found.setdefault(id(layer.x), name)
    if layers.states:
        for states in layers.states.values():
            if isinstance(states[0], np.ndarray):
                found.setdefault(id(states[0]), "h_0")
        steps = [layer.x for layer in layers.layers if isinstance(layer.x, np.ndarray) and id(layer.x) not in found]
        found |= {id(x): f"x_{t}" for t, x in enumerate(steps, 1) if f"x_{t}" not in taken}
    last = layers.layers[-1].product.born if layers.layers else 0
    seen = [(x, found[id(x)]) for layer in layers.layers if id(x := layer.x) in found]
    k = 0
    for z in order:
        for x in z.inputs:
            if not isinstance(x, np.ndarray) or x.size < 2 or id(x) in found:
                continue
            if z.op is not None and z.op.elementwise and (x == x.flat[0]).all():
                continue  # written as the number that it is
            known = next((name for other, name in seen if np.array_equal(other, x)), "")
            name = known or "y"
            if not known and (z.born < last or name in taken | set(found.values())):
                k += 1
                while f"c{k}" in taken:
                    k += 1
                name = f"c{k}"
            found[id(x)] = name
            seen.append((x, name))
    return found
