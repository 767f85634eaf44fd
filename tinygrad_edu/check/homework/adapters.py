"""Adapters: which function of a program returns gradients, how it is called, and where its parameters are.

Each recognises one way in which people write homework by the shape of what the program defines, and returns tasks.
They are asked in the order of `ADAPTERS`; the first that finds something decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..gradient_names import variable_of
from .binding import (
    UnboundError,
    bound,
    called_with,
    classes_of,
    expected_parameters,
    functions_of,
    in_arguments,
    returned_names,
)
from .containers import is_numbers, numbers_in, with_numbers
from .pairs import function_pairs
from .program import HomeworkError, LearnerProgram, Namespace
from .scripts import script_tasks
from .task import Task, Values, Wrap

PASSED_OVER = ("train", "main", "test", "plot", "predict", "update", "init", "load", "numerical", "check", "accuracy")


# functions that return (loss, gradients) ---------------------------------------------------------------------------


def loss_functions(program: LearnerProgram, module: Namespace, wanted: str) -> Iterator[Task]:
    """Yield functions whose result is a loss and its gradients."""
    problems: list[str] = []
    for name, f in functions_of(program, module).items():
        if wanted and name != wanted:
            continue
        if not wanted and any(word in name.lower() for word in PASSED_OVER):
            continue
        if not wanted and not returns_several(program, name):
            continue
        try:
            arguments = bound(f, module)
        except UnboundError as error:
            problems.append(f"{name} needs `{error}`: give it a default, or a value of that name in the file")
            continue
        names = returned_names(program, name)
        values = in_arguments(arguments) | globals_of(module, names)
        globals_used = [n for n in values if n not in in_arguments(arguments)]

        def call(there: Namespace, now: Values, wrap: Wrap, name: str = name, arguments: Any = arguments,
                 shared: Any = globals_used) -> Any:  # fmt: skip
            before = {n: there[n] for n in shared}
            there.update({n: now[n] if n in now else wrap(before[n]) for n in shared})
            try:
                return called_with(there[name], arguments, now, wrap)
            finally:
                there.update(before)

        task = Task(name, values, call, names, expected_parameters(arguments, module, values))
        try:
            task.find_results(module)
        except HomeworkError as error:
            problems.append(str(error))
            continue
        yield task
        return
    if problems:
        raise HomeworkError(problems[0])


def returns_several(program: LearnerProgram, name: str) -> bool:
    """Tell whether a function's return statement has several parts."""
    names = returned_names(program, name)
    return isinstance(names, list) and len(names) > 1


def globals_of(module: Namespace, names: Any) -> Values:
    """Return the module's variables whose gradients a return statement names."""
    flat = [n for n in flat_names(names) if n]
    numbers = {name: x for name, x in module.items() if is_numbers(x) and not name.startswith("__")}
    found = [variable_of(n, numbers) for n in flat if n not in numbers]
    return {name: numbers[name] for name in numbers if name in found}


def flat_names(names: Any) -> Iterator[str]:
    """Yield the names in nested lists."""
    if isinstance(names, str):
        yield names
    elif isinstance(names, dict):
        yield from names
    else:
        for part in names:
            yield from flat_names(part)


# objects with a method `loss` --------------------------------------------------------------------------------------


def models(program: LearnerProgram, module: Namespace, wanted: str) -> Iterator[Task]:
    """Yield objects that keep parameters in `params` and have a method that returns the loss and their gradients."""
    for where, model in instances(program, module):
        params = getattr(model, "params", None)
        if not isinstance(params, dict):
            continue
        for method in ("loss", "loss_and_grads", "gradient", "forward_backward"):
            if not hasattr(model, method) or (wanted and method != wanted.rsplit(".", 1)[-1]):
                continue
            name = f"{type(model).__name__}.{method}"
            try:
                arguments = bound(getattr(model, method), module)
            except UnboundError as error:
                raise HomeworkError(f"{name} needs `{error}`: give a value of that name in the file") from None

            def call(there: Namespace, now: Values, wrap: Wrap, where: Any = where, method: str = method,
                     arguments: Any = arguments) -> Any:  # fmt: skip
                model = where(there)
                model.params = {key: now.get(key, x) for key, x in model.params.items()}
                return called_with(getattr(model, method), arguments, now, wrap)

            values = {str(key): x for key, x in params.items() if is_numbers(x)}
            task = Task(name, values | in_arguments(arguments), call, returned_names(program, name), list(values))
            task.find_results(module)
            yield task
            return


def instances(program: LearnerProgram, module: Namespace) -> Iterator[tuple[Callable[[Namespace], Any], Any]]:
    """Yield the objects of a program's own classes, each with the way to find it: by its name, or by making it."""
    classes = classes_of(program, module)
    made = [name for name, x in module.items() if type(x) in classes.values()]
    for name in made:
        yield attribute_getter(name), module[name]
    if made:
        return
    for name, kind in classes.items():
        try:
            arguments = bound(kind, module)
            yield made_of(name, arguments), kind(**arguments)
        except (UnboundError, TypeError, ValueError):
            continue


def attribute_getter(name: str) -> Callable[[Namespace], Any]:
    """Return the way to an object of a module by its name."""
    return lambda there: there[name]


def made_of(name: str, arguments: dict[str, Any]) -> Callable[[Namespace], Any]:
    """Return the way to a new object of a class of a module."""
    return lambda there: there[name](**arguments)


# Nielsen's network -------------------------------------------------------------------------------------------------


FORWARD = ("feedforward", "forward", "feed_forward", "predict")  # names of the method that computes the output


def networks(program: LearnerProgram, module: Namespace, wanted: str) -> Iterator[Task]:
    """Yield networks with `weights`, `biases` and a method `backprop(x, y)` that returns `(nabla_b, nabla_w)`."""
    for where, net in instances(program, module):
        forward = next((name for name in FORWARD if hasattr(net, name)), None)
        if forward is None or not all(hasattr(net, part) for part in ("weights", "biases", "backprop")):
            continue
        if wanted and wanted.rsplit(".", 1)[-1] != "backprop":
            continue
        try:
            x, y, *_ = bound(net.backprop, module).values()
        except UnboundError:
            rng = np.random.default_rng(0)
            x = rng.normal(size=(net.weights[0].shape[1], 1))
            y = np.eye(net.weights[-1].shape[0])[:, :1]
        held = {"weights": list(net.weights), "biases": list(net.biases)}

        def call(there: Namespace, now: Values, wrap: Wrap, where: Any = where, held: Any = held, x: Any = x,
                 y: Any = y, forward: str = forward) -> Any:  # fmt: skip
            net = where(there)
            for part, arrays in held.items():
                setattr(net, part, with_numbers(part, arrays, now, wrap))
            gradients = net.backprop(wrap(x), wrap(y))
            return cost_of(net, getattr(net, forward)(wrap(x)), y), gradients

        values = in_arguments(held)
        name = f"{type(net).__name__}.backprop"
        order = returned_names(program, name)
        first = "weights" if isinstance(order, list) and order and "w" in str(order[0]).lower() else "biases"
        second = "biases" if first == "weights" else "weights"
        expected = [n for part in (first, second) for n in numbers_in(part, held[part])]
        task = Task(name, values, call, "", expected)
        task.find_results(module)
        yield task
        return


def cost_of(net: Any, a: Any, y: Any) -> Any:
    """Return a network's cost: its own `cost.fn` where it has one, else the quadratic one of `cost_derivative`."""
    cost: Any = getattr(net, "cost", None)
    if "entropy" in getattr(cost, "__name__", type(cost).__name__).lower():
        return -(y * np.log(a) + (1.0 - y) * np.log(1.0 - a)).sum()  # its fn hides infinities from the recorder
    return cost.fn(a, y) if hasattr(cost, "fn") else 0.5 * ((a - y) ** 2).sum()


ADAPTERS = (loss_functions, models, networks, function_pairs, script_tasks)


def tasks_of(program: LearnerProgram, module: Namespace, wanted: str = "") -> list[Task]:
    """Return what there is to judge in a program. Raises HomeworkError where nothing is found."""
    if wanted and wanted not in module and wanted.split(".", 1)[0] not in module:
        raise HomeworkError(
            f"{program.name} has no function `{wanted}`; it has {', '.join(functions_of(program, module)) or 'none'}"
        )
    problems: list[str] = []
    for adapter in ADAPTERS:
        try:
            found = list(adapter(program, module, wanted))
        except HomeworkError as error:
            problems.append(str(error))
            continue
        if found:
            return found
    if problems:
        raise HomeworkError(problems[-1])  # of the adapter that knows the program's form best
    raise HomeworkError(
        f"{program.name} has nothing to check: no function that returns (loss, gradients), no class with `params` and "
        "`loss`, no forward and backward functions, no script with a loss and gradients named like dW"
    )
