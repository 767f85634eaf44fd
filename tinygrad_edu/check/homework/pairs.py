"""Forward and backward functions as a task: joined by the names of what they return and take."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..gradient_names import variable_of, variables_of
from .binding import (
    NO_DEFAULT,
    UnboundError,
    argument_for,
    bound,
    functions_of,
    in_arguments,
    other_arguments,
    returned_names,
)
from .containers import is_numbers, with_numbers
from .program import HomeworkError, LearnerProgram, Namespace
from .task import Task, Values, Wrap


def function_pairs(program: LearnerProgram, module: Namespace, wanted: str) -> Iterator[Task]:
    """Yield pairs of a forward and a backward function, joined by the names of what they return and take."""
    functions = functions_of(program, module)
    forwards = {common_stem(name): name for name in functions if "forward" in name.lower() or "fwd" in name.lower()}
    words = ("backward", "backprop", "bwd", "back_prop")
    backwards = [name for name in functions if any(word in name.lower() for word in words) and name[0] != "_"]
    calls = {n.func.id for n in ast.walk(program.tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    chosen = [b for b in backwards if b == wanted] if wanted else [b for b in backwards if b not in calls] or backwards
    for backward in reversed(chosen):
        forward = forward_of(backward, forwards)
        if forward is None:
            continue
        cost = next((name for name in functions if any(w in name.lower() for w in ("cost", "loss"))), None)
        yield pair_task(program, module, forward, cost, backward)


def common_stem(name: str) -> str:
    """Return what a forward and a backward function have in common in their names."""
    name = name.lower()
    for word in ("backward_propagation", "forward_propagation", "back_propagation", "backpropagation", "backward",
                 "forward", "backprop", "back_prop", "bwd", "fwd", "_prop"):  # fmt: skip
        name = name.replace(word, "")
    return name.strip("_")


def forward_of(backward: str, forwards: dict[str, str]) -> str | None:
    """Return the forward function of a backward one: of the same stem, or of the longest that its stem begins with."""
    stem = common_stem(backward)
    fitting = [known for known in forwards if stem.startswith(known) and (known or not stem)]
    return forwards[max(fitting, key=len)] if fitting else None


def pair_task(program: LearnerProgram, module: Namespace, forward: str, cost: str | None, backward: str) -> Task:
    """Return the task of a forward and a backward function.

    Where the backward function takes the gradient of an output, the loss is Σ output · gradient, with gradients drawn
    at random; else it is what the cost function returns.
    """
    try:
        arguments = bound(module[forward], module)
    except UnboundError as error:
        words = f"{forward} needs `{error}`: give it a default, or a value of that name in the file"
        raise HomeworkError(words) from None
    names = returned_names(program, forward)
    outputs = [n if isinstance(n, str) else "" for n in names] if isinstance(names, list) else [str(names or "")]
    upstream = seeded_by(module[backward], outputs, arguments)
    seeds: dict[str, Any] = {}

    def call(there: Namespace, now: Values, wrap: Wrap) -> Any:
        numbers = other_arguments(arguments, now, wrap)
        result = there[forward](**numbers)
        parts = list(result) if isinstance(result, tuple) else [result]
        known = numbers | {n: x for n, x in zip(outputs, parts, strict=False) if n}
        if not upstream:
            if cost is None:
                raise HomeworkError(f"{backward} takes no gradient of an output: define the cost function too")
            loss = there[cost](**arguments_for(there[cost], known, there, parts, wrap))
            loss = loss[0] if isinstance(loss, tuple) else loss
            return loss, there[backward](**arguments_for(there[backward], known, there, parts, wrap))
        loss = 0.0
        for name, place in upstream.items():
            if name not in seeds:
                seeds[name] = np.random.default_rng(len(seeds)).normal(size=np.shape(parts[place]))
            loss = loss + (parts[place] * seeds[name]).sum()
            known[name] = wrap(seeds[name])
        rest = [part for place, part in enumerate(parts) if place not in upstream.values()]
        return loss, there[backward](**arguments_for(there[backward], known, there, rest, wrap))

    task = Task(backward, in_arguments(arguments), call, ["", returned_names(program, backward)])
    task.find_results(module)
    return task


def seeded_by(backward: Any, outputs: list[str], known: dict[str, Any]) -> dict[str, int]:
    """Return the arguments of a backward function that are gradients of outputs, each with the output's place."""
    found: dict[str, int] = {}
    for name in inspect.signature(backward).parameters:
        if name in known or "cache" in name.lower() or not any(variables_of(name)):
            continue
        output = variable_of(name, [n for n in outputs if n])
        if output is not None:
            found[name] = outputs.index(output)
        elif not found:
            found[name] = 0
    return found


def arguments_for(f: Any, known: dict[str, Any], module: Namespace, parts: list[Any], wrap: Wrap) -> dict[str, Any]:
    """Return arguments for a function: by name from what is known or in the file, the rest from the forward pass."""
    found: dict[str, Any] = {}
    left: list[str] = []
    for name, parameter in inspect.signature(f).parameters.items():
        if name in known:
            found[name] = known[name]
        elif parameter.default is NO_DEFAULT:
            left.append(name)
    spare = [x for x in parts if not any(x is y for y in found.values())]
    for name in left:
        try:
            found[name] = with_numbers(name, argument_for(inspect.signature(f).parameters[name], module), {}, wrap)
        except UnboundError:
            if not spare:
                words = f"{f.__name__} needs `{name}`, which neither the file nor the forward pass has"
                raise HomeworkError(words) from None
            caches = [x for x in spare if "cache" in name.lower() and not is_numbers(x)]  # a dict or a tuple of arrays
            taken = caches[0] if caches else spare[0]
            found[name] = taken
            spare = [x for x in spare if x is not taken]
    return found
