"""Unique names of the nodes of a graph, in plain text, in LaTeX and as identifiers of Python.

A label is the name; a leaf without one is `x1`, `x2`, …, a result `v1`, `v2`, …, in the order they were made.
"""

from __future__ import annotations

import builtins
import keyword
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..core.node import Node
from ..errors.printable import printable

GREEK = frozenset(
    (
        *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"),
        *("nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
        *("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"),
    )
)
TEX = {c: f"\\{c}" for c in "_%#$&{} "} | {"\\": r"\backslash{}", "^": r"\wedge{}", "~": r"\sim{}"}
PARTS = re.compile(
    r"^(?P<base>[^\W\d_]+)(?:_?(?P<low>\d+|(?<=_)[^\W_]+))?(?:\^(?P<high>\w+|\([\w+\- ]+\)))?(?P<primes>'*)$"
)


class NodeNames:
    """The names of some nodes, some of them known beforehand; no two nodes share one."""

    def __init__(self, nodes: Iterable[Node], known: Mapping[Node, str] | None = None) -> None:
        self.of: dict[Node, str] = dict(known or {})
        taken: set[str] = set(self.of.values())
        nodes = list(nodes)
        for node in nodes:
            if node.label and node not in self.of:
                name, n = printed_label(node), 1
                while name in taken:
                    n += 1
                    name = f"{printed_label(node)}'{n}" if n > 2 else f"{printed_label(node)}'"
                taken.add(name)
                self.of[node] = name
        counts = {"x": 0, "v": 0}
        for node in nodes:
            if node not in self.of:
                letter = "v" if node.op else "x"
                name = ""
                while not name or name in taken:
                    counts[letter] += 1
                    name = f"{letter}{counts[letter]}"
                self.of[node] = name
        self._identifiers: dict[Node, str] = {}

    def __getitem__(self, node: Node) -> str:
        return self.of[node]

    def tex(self, node: Node) -> str:
        """Return the name in LaTeX."""
        return tex_name(self.of[node])

    def identifier(self, node: Node) -> str:
        """Return the name as Python can spell it: `W^(2)` is `W2`."""
        if not self._identifiers:
            taken: set[str] = {"np", "math", "operator", *dir(builtins)}
            for other, name in self.of.items():
                plain = re.sub(r"\W+", "_", name.replace("^(", "").replace(")", "").replace("'", "_prime")).strip("_")
                if not plain.isidentifier() or keyword.iskeyword(plain):
                    plain = f"v_{plain}" if plain else "v"
                unique, n = plain, 1
                while unique in taken:
                    n += 1
                    unique = f"{plain}_{n}"
                taken.add(unique)
                self._identifiers[other] = unique
        return self._identifiers[node]


def printed_label(node: Node) -> str:
    """Return the label of a node as it may be printed, on one line."""
    return printable(node.label)


def tex_name(name: str) -> str:
    """Return a label in LaTeX: `w_jk^(L)` with its indices below and above, anything odd as upright text."""
    if name.startswith("∂") and "/∂" in name:
        of, by = name[1:].split("/∂", 1)
        return rf"\frac{{\partial {tex_name(of)}}}{{\partial {tex_name(by)}}}"
    match = PARTS.match(name.replace("δ", "delta"))
    if not match:
        return r"\mathrm{" + tex_text(name) + "}"
    base, low, high = match["base"], match["low"], match["high"]
    if base in GREEK:
        base = "\\" + base
    elif len(base) > 1:
        base = r"\mathrm{" + tex_text(base) + "}"
    return base + (f"_{{{low}}}" if low else "") + (f"^{{{high}}}" if high else "") + match["primes"]


def tex_text(text: str) -> str:
    """Return any text so that LaTeX prints it as it is within mathematics, and no page takes it for HTML or a link."""
    return re.sub(r"<(?=\S)|(?<=\])\(", r"{\g<0>}", "".join(TEX.get(c, c) for c in text))


def number_text(x: Any, digits: int = 0) -> str:
    """Return a number as text: exact, or to so many significant digits. 3.0 is 3. Any other constant by its repr."""
    if isinstance(x, (np.generic, np.ndarray)) and np.ndim(x) == 0:
        x = x.item()
    if not isinstance(x, (bool, int, float)):
        return f"({x:.{digits}g})" if digits and isinstance(x, complex) else repr(x)
    x = float(x)
    if x.is_integer() and abs(x) < 1e16:
        return str(int(x))
    return f"{x:.{digits}g}" if digits else repr(x)


def tex_number(x: Any, digits: int = 6) -> str:
    """Return a number in LaTeX, to so many significant digits. Any other constant upright, by its repr."""
    if isinstance(x, np.generic):
        x = x.item()
    if not isinstance(x, (bool, int, float)):
        return r"\mathrm{" + tex_text(number_text(x, digits)) + "}"
    x = float(x)
    if math.isnan(x):
        return r"\mathrm{NaN}"
    if math.isinf(x):
        return r"\infty" if x > 0 else r"-\infty"
    mantissa, _, power = f"{x:.{digits}g}".partition("e")
    return rf"{mantissa} \cdot 10^{{{int(power)}}}" if power else mantissa


def amount(data: Any, digits: int = 4) -> str:
    """Return data in a few words: a number, a small array in full, a large one by its shape."""
    array = np.asarray(data)
    if array.ndim == 0:
        return number_text(array[()], digits)
    if array.size <= 6:
        return nested_numbers(array.tolist(), digits)
    return f"array{array.shape}".replace(",)", ")")


def nested_numbers(data: Any, digits: int) -> str:
    """Return numbers in lists as text."""
    if isinstance(data, list):
        return "[" + ", ".join(nested_numbers(x, digits) for x in data) + "]"
    return number_text(data, digits)


def expect_node(node: object, reader: str) -> None:
    """Raise TypeError where a reader of graphs was handed something else."""
    if not isinstance(node, Node):
        raise TypeError(f"{reader}() reads the graph of a Value or a Tensor, not {type(node).__name__}")
