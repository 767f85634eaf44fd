"""Formulas and files as the command line gives them: the function to differentiate, and what was derived by hand."""

from __future__ import annotations

import importlib.util
import inspect
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...core.backprop import gradients, history
from ...core.node import Node
from ...errors import GradientError
from ...symbolic.formula import formula
from ...symbolic.parser import Expression, parse
from ..gradient_names import variable_of, variables_of
from .compare import compare
from .report import ComparisonReport
from .sympy_opinion import second_opinion

RANGES = ((0.4, 1.9), (-1.9, -0.4), (1.1, 3.0), (-0.9, 0.9), (3.0, 12.0), (20.0, 90.0))  # where functions are defined
TRIES = 200
ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus")


def compare_formulas(
    text: str, hands: list[str], wrt: str, at: Mapping[str, Any], seed: int, symbolic: bool = False
) -> ComparisonReport:
    """Compare derivatives typed as formulas with the automatic ones.

    hands: formulas, each for one variable: "w = 2*x", or without a name for `wrt`, or for the only variable.
    at: numbers for the variables; random ones are drawn for the others.
    symbolic: whether to ask SymPy too.
    Raises FormulaError and GradientError where the formulas cannot be read or do not fit together.
    """
    expression = read_function(text, [left_of(hand) for hand in hands] + [wrt], at)
    derived: dict[str, str] = {}
    understood = read_as(text, expression)
    for hand in hands:
        name, formula = variable_and_formula(hand, expression, wrt)
        if name in derived:
            raise GradientError(
                f"two derivatives by `{name}` were given: {derived[name].strip()} and {formula.strip()}"
            )
        read = parse(formula, (*expression.variables, *at))
        understood += read_as(formula, read)
        derived[name] = read.text
        missing = [x for x in read.variables if x not in expression.variables and x not in at]
        if missing:
            raise GradientError(
                f"the derivative mentions `{missing[0]}`, which {text} does not{meant_by(missing[0], expression)}"
            )
    node, leaves = recorded_somewhere(expression, at, np.random.default_rng(seed))
    report = compare(derived, {name: leaves[name] for name in derived}, node, seed=seed)
    advice = understood
    if symbolic:
        advice += [second_opinion(expression, parse(formula), name) for name, formula in derived.items()]
    return replace(report, advice=(*report.advice, *advice))


def read_function(text: str, gradients: list[str], at: Mapping[str, Any]) -> Expression:
    """Read the function; `wx` is w·x where a gradient by w was given and no variable is called so.

    gradients: the names of what was derived, as dL/dw.
    """
    expression = parse(text, at)
    known = set(expression.variables)
    for gradient in gradients:
        names = {gradient.strip(), *variables_of(gradient)}
        if names & known:
            continue
        for product in expression.variables:
            if names & set(product) and len(product) > 1:
                known |= set(product)
    return parse(text, {*at, *known} - {x for x in expression.variables if len(x) > 1 and set(x) <= known})


def meant_by(letter: str, expression: Expression) -> str:
    """Say how to write what the letter stands for in textbooks: a for an activation, z for what it is applied to."""
    node, _ = recorded_somewhere(expression, {}, np.random.default_rng(0))
    activations = [z for z in history(node) if z.op is not None and z.op.name in ACTIVATIONS]
    if letter not in ("a", "z") or len(activations) != 1:
        return ""
    text = formula(activations[0] if letter == "a" else activations[0].inputs[0])
    return f": where {letter} stands for {text}, write that"


def left_of(hand: str) -> str:
    """Return what stands left of the sign of equality in a derivative; "" if there is none."""
    left, sign, right = hand.partition("=")
    return left.strip() if sign and not right.startswith("=") and left[-1:] not in "<>!" else ""


def read_as(text: str, expression: Expression) -> list[str]:
    """Say how a formula was understood that is not written in the parser's notation."""
    return [] if " ".join(text.split()) == expression.text else [f"{text.strip()} was read as {expression.text}"]


def variable_and_formula(hand: str, expression: Expression, wrt: str) -> tuple[str, str]:
    """Return the variable that a derivative is by, and its formula."""
    if left := left_of(hand):
        name = variable_of(left, expression.variables)
        if name is None and re.fullmatch(r"\w+['′]", left) and len(expression.variables) == 1:
            name = expression.variables[0]  # y' = …, by the only variable that there is
        if name is not None:
            return name, hand.partition("=")[2]
    if wrt or len(expression.variables) == 1:
        name = wrt or expression.variables[0]
        if name not in expression.variables:
            raise GradientError(
                f"`{name}` is no variable of {expression.text}; there are: {', '.join(expression.variables)}"
            )
        return name, hand
    if not expression.variables:
        raise GradientError(f"{expression.text} has no variable to differentiate by")
    together = "".join(f". `{x}` is one name; the product is written {' '.join(x)}" for x in run_together(expression))
    raise GradientError(
        f"{expression.text} has the variables {', '.join(expression.variables)}: say which the derivative is by, "
        f'with --wrt {expression.variables[0]}, or as --hand "{expression.variables[0]} = {hand}"{together}'
    )


def run_together(expression: Expression) -> list[str]:
    """Return the variables that look like products of letters, `wx`."""
    return [name for name in expression.variables if 1 < len(name) < 4 and set(name) <= set("abcuvwxyz")]


def recorded_somewhere(
    expression: Expression, at: Mapping[str, Any], rng: np.random.Generator
) -> tuple[Node, dict[str, Node]]:
    """Return the graph of a formula at a point where it and its gradients are finite. Raises GradientError."""
    for attempt in range(TRIES):
        ranges = rng.integers(0, len(RANGES) if attempt else 1, len(expression.variables))
        drawn = {name: float(rng.uniform(*RANGES[k])) for name, k in zip(expression.variables, ranges, strict=True)}
        point = {name: at.get(name, drawn[name]) for name in expression.variables} | dict(at)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a point outside the domain is only the next try
            node, leaves = expression.record(point)
            if not node.requires_grad:
                raise GradientError(f"{expression.text} does not depend on any variable in a way that has a derivative")
            seed = None if np.size(node._data) == 1 else np.ones_like(node._data)
            slopes = [g._data for g in gradients(node, leaves.values(), seed)]
        if all(np.isfinite(x).all() for x in (node._data, *slopes)):
            return node, leaves
        if all(name in at for name in expression.variables):
            break
    raise GradientError(
        f"{expression.text} is not finite at {dict(at) or 'any point that was tried'}: give another with --at"
    )


def compare_in_file(path: Path, function: str, hand: str, seed: int) -> ComparisonReport:
    """Compare a function in a Python file with the gradient function written beside it. The file is run.

    function, hand: their names; without `function`, the first one in the file that is not the gradient.
    Raises GradientError where the file fails or has no such functions.
    """
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise GradientError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except OSError:
        raise
    except Exception as error:
        raise GradientError(f"{path} cannot be run: {type(error).__name__}: {error}") from error
    own: dict[str, Callable[..., Any]] = {
        name: x for name, x in vars(module).items() if inspect.isfunction(x) and x.__module__ == module.__name__
    }
    known = ", ".join(own) or "none"
    if hand not in own:
        raise GradientError(f"{path} has no function `{hand}` with the gradient; there are: {known}")
    chosen = function or next((name for name in own if name != hand), "")
    if chosen not in own:
        raise GradientError(f"{path} has no function `{chosen or 'to differentiate'}`; there are: {known}")
    return compare(own[hand], own[chosen], seed=seed)
