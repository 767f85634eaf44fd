"""Arguments of a program's functions: from their defaults, from variables of the same name, or from its `params`."""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from .containers import is_numbers, numbers_in, with_numbers
from .program import LearnerProgram, Namespace
from .rewrite import target_names
from .task import Values, Wrap

HOLDERS = ("params", "parameters", "theta", "weights", "model", "p")  # arguments that stand for all parameters
NO_DEFAULT = inspect.Parameter.empty


class UnboundError(Exception):
    """An argument has no value in the program."""


def functions_of(program: LearnerProgram, module: Namespace) -> dict[str, Any]:
    """Return the functions that a program defines, by name, the last first."""
    defined = [s.name for s in program.tree.body if isinstance(s, ast.FunctionDef)]
    return {name: module[name] for name in reversed(defined) if isinstance(module.get(name), types.FunctionType)}


def classes_of(program: LearnerProgram, module: Namespace) -> dict[str, Any]:
    """Return the classes that a program defines, by name."""
    return {s.name: module[s.name] for s in program.tree.body if isinstance(s, ast.ClassDef) and s.name in module}


def returned_names(program: LearnerProgram, name: str) -> Any:
    """Return the names in a function's last return statement, within tuples and lists that it has made too."""
    *_, last = name.split(".")
    found = [f for f in ast.walk(program.tree) if isinstance(f, ast.FunctionDef) and f.name == last]
    inside = [s for f in found[-1:] for s in ast.walk(f)]
    returned = [(s.lineno, s.value) for s in inside if isinstance(s, ast.Return) and s.value is not None]
    if not returned:
        return ""
    sequences = {
        target.id: target_names(s.value)
        for s in inside
        if isinstance(s, ast.Assign) and isinstance(s.value, (ast.Tuple, ast.List))
        for target in s.targets
        if isinstance(target, ast.Name)
    }
    names = target_names(max(returned, key=lambda pair: pair[0])[1])
    if isinstance(names, list):
        return [sequences.get(n, n) if isinstance(n, str) else n for n in names]
    return sequences.get(names, names) if isinstance(names, str) else names


def argument_for(parameter: inspect.Parameter, module: Namespace) -> Any:
    """Return the value of an argument: its default, the module's name alike, or an entry of its `params`."""
    if parameter.default is not NO_DEFAULT and parameter.default is not None:
        return parameter.default
    name = parameter.name
    if name in module and not isinstance(module[name], (types.FunctionType, types.ModuleType, type)):
        return module[name]
    for holder in HOLDERS:
        held = module.get(holder)
        if isinstance(held, dict) and name in held:
            return held[name]
        if name in HOLDERS and isinstance(held, (dict, list, tuple)):
            return held
    folded = {key.lower(): x for key, x in module.items() if is_numbers(x) or isinstance(x, (np.ndarray, int))}
    if name.lower() in folded:
        return folded[name.lower()]
    if parameter.default is None:
        return None
    raise UnboundError(name)


def bound(f: Callable[..., Any], module: Namespace) -> dict[str, Any]:
    """Return the arguments for a function. Raises UnboundError."""
    return {
        name: argument_for(parameter, module)
        for name, parameter in inspect.signature(f).parameters.items()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }


def called_with(f: Callable[..., Any], arguments: dict[str, Any], values: Values, wrap: Wrap) -> Any:
    """Call a function with other numbers in its arguments."""
    numbers = other_arguments(arguments, values, wrap)
    positional = [numbers.pop(name) for name in positional_only(f) if name in numbers]
    return f(*positional, **numbers)


@lru_cache(maxsize=64)
def positional_only(f: Callable[..., Any]) -> tuple[str, ...]:
    """Return the arguments of a function that cannot be given by name."""
    return tuple(n for n, p in inspect.signature(f).parameters.items() if p.kind is p.POSITIONAL_ONLY)


def other_arguments(arguments: dict[str, Any], values: Values, wrap: Wrap) -> dict[str, Any]:
    """Return arguments with other numbers in them; a name that two have is the first one's."""
    left, found = dict(values), {}
    for name, x in arguments.items():
        found[name] = with_numbers(name, x, left, wrap)
        for taken in numbers_in(name, x):
            left.pop(taken, None)
    return found


def in_arguments(arguments: dict[str, Any]) -> Values:
    """Return all floating-point numbers in arguments, by name."""
    found: Values = {}
    for name, x in arguments.items():
        found = found | {n: numbers for n, numbers in numbers_in(name, x).items() if n not in found}
    return found


def expected_parameters(arguments: dict[str, Any], module: Namespace, values: Values) -> list[str]:
    """Return the names of the parameters, where an argument or a module's dict holds them and nothing else."""
    for name in HOLDERS:
        held = arguments.get(name, module.get(name))
        if isinstance(held, (dict, list, tuple)) and (found := [n for n in numbers_in(name, held) if n in values]):
            return found
    return []
