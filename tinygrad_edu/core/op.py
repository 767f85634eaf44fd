"""An operation, a row of the table of operations: a function, one derivative rule per operand, and its spellings.

A rule is written over `g` (the gradient arriving), `z` (the result), the operands and the keyword parameters,
and over nothing else. So the same rule is arithmetic when it is handed numbers or arrays, and records itself
as a graph when it is handed nodes. Knows nothing of any particular operation or kind of node.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from string import Formatter
from typing import Any

import numpy as np

from ..errors import GradientError
from ..errors.failed_call import FailedNode, describe_call
from ..errors.operations import (
    edge_value,
    name_taken,
    name_unprintable,
    operand_count,
    operands_and_rules,
    operation_error,
)
from ..errors.where import warn
from .node import Node
from .types import Rule

Interval = tuple[float, float]

EVERYWHERE: Interval = (-math.inf, math.inf)
NUMBERS = frozenset((float, int, bool))
PLAIN_NUMBERS = frozenset((float, int))  # the types of a constant that is kept as it is: asked by `type(x) in`
TABLE: dict[str, Op] = {}  # every row by its name, in the order of making
BUILT_IN: set[str] = set()  # the names of this package's own rows; empty until they are all made


class VariadicRule:
    """The rules of a row that takes any number of operands: one rule, told which operand is meant.

    The rule is called as `rule(i, g, z, *operands, **params)`.
    """

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def __getitem__(self, i: int) -> Rule:
        return lambda *args, **params: self.rule(i, *args, **params)

    def __iter__(self) -> Iterator[Rule]:
        i = 0
        while True:
            yield self[i]
            i += 1


class Op:
    """An operation: one row of the table, called like a function. It computes on data, and records on nodes.

    name: a new name; a user's row takes the place of another user's row of that name.
    text: how a formula shows it, with one `{}` per operand: "{} * {}".
    forward: the function on arrays. rules: one per operand, `rule(g, z, *operands, **params)`, written with
    operations of this package or plain arithmetic; None where there is no derivative. One `VariadicRule(rule)` serves
    an operation of any number of operands. No rules at all: a non-differentiable operation, like a comparison.
    tex: the formula in LaTeX. scalar: the function on Python floats, without which a `Value` cannot use it.
    onnx: the operator's name there. domain: an interval, or one per operand, inside which the function and its
    derivatives are finite but for single points; checks take their samples there.
    elementwise: True where each element of the result depends on the same element of each operand only; known of
    NumPy's ufuncs. linear: True where the result is linear in each operand by itself.
    internal: whether to leave it out of the table: nobody calls it by name.
    Raises ValueError where the name belongs to a row of this package or cannot be printed, GradientError where there
    are more or fewer rules than operands in `text`.
    """

    def __init__(
        self,
        name: str,
        text: str,
        forward: Callable[..., Any],
        *rules: Rule | VariadicRule | None,
        tex: str = "",
        scalar: Callable[..., Any] | None = None,
        onnx: str = "",
        domain: Interval | tuple[Interval, ...] = EVERYWHERE,
        elementwise: bool | None = None,
        linear: bool = False,
        doc: str = "",
        internal: bool = False,
    ) -> None:
        if name in BUILT_IN:
            raise ValueError(name_taken(name))
        if not (name.isprintable() and text.isprintable()):
            raise ValueError(name_unprintable(name, text))
        slots = sum(field is not None for _, field, _, _ in Formatter().parse(text))
        if BUILT_IN and rules and not isinstance(rules[0], VariadicRule) and len(rules) != slots:
            raise GradientError(operands_and_rules(name, text, slots, len(rules)))
        self.name = self.__name__ = name
        self.text = text
        self.slots = slots  # how many operands its text names
        self.forward = forward
        self.rules: Any = rules[0] if rules and isinstance(rules[0], VariadicRule) else rules
        self.tex = tex
        self.scalar = scalar
        self.onnx = onnx
        self.domain: tuple[Interval, ...] = domain if domain and isinstance(domain[0], tuple) else (domain,)  # type: ignore[assignment]  # a pair of numbers is one interval
        is_ufunc = isinstance(forward, np.ufunc) and forward.signature is None  # matmul is a ufunc too, with one
        self.elementwise = is_ufunc if elementwise is None else elementwise
        self.linear = linear
        self.arity = forward.nin if isinstance(forward, np.ufunc) else None  # None: Python counts the operands
        self.__doc__ = doc or f"Compute {text.format(*'xyzuvw')}, element by element."
        if not internal:
            TABLE[name] = self

    def __call__(self, *operands: Any, **params: Any) -> Any:
        if self.arity and len(operands) != self.arity:  # a ufunc would write into one too many
            raise TypeError(operand_count(self.name, self.arity, len(operands)))
        if self.scalar is not None and operands and NUMBERS.issuperset(map(type, operands)):
            return self.on_numbers(*operands, **params)
        for x in operands:
            if isinstance(x, Node):
                return x.make(self, operands, params)
        try:
            return self.forward(*operands, **params)
        except Exception as error:
            raise self.explain(error, operands, params) from None

    def on_numbers(self, *operands: float, **params: Any) -> Any:
        """Compute on Python numbers; where `math` raises, at poles and past overflow, return the value of IEEE 754."""
        assert self.scalar is not None
        try:
            return self.scalar(*operands, **params)
        except (ValueError, ZeroDivisionError, OverflowError):
            return self.at_the_edge(*operands, **params)

    def at_the_edge(self, *operands: float, **params: Any) -> float:
        """Return NumPy's value of a point where Python's arithmetic raises, with a warning that names the point.

        As with arrays, there is no warning where `np.errstate` ignores everything.
        """
        with np.errstate(all="ignore"):
            z = float(self.forward(*map(np.float64, operands), **params))
        if set(np.geterr().values()) != {"ignore"}:
            warn(edge_value(self.text, operands, z), RuntimeWarning)
        return z

    @property
    def takes_parameters(self) -> bool:
        """Whether its rules take keyword parameters after the operands."""
        rules = () if isinstance(self.rules, VariadicRule) else self.rules
        signatures = [rule.__code__ for rule in rules if hasattr(rule, "__code__")]
        return any(code.co_argcount + code.co_kwonlyargcount > 2 + self.slots for code in signatures)

    def explain(self, error: Exception, operands: tuple[Any, ...], params: dict[str, Any]) -> Exception:
        """Return the error to raise where the forward function could not compute."""
        found = operation_error(self, error, operands, params)
        found.graph = FailedNode(self, operands)  # type: ignore[attr-defined]  # any exception may carry more
        return found

    def describe(self, operands: tuple[Any, ...]) -> str:
        """Name the operation and its operands, for messages: `matmul` of (2, 3) and (2, 3)."""
        return describe_call(self, operands)

    def __repr__(self) -> str:
        return f"<op {self.name}: {self.text}>"


op = Op  # in lower case where it makes a row, as in `exp = op("exp", …)`
