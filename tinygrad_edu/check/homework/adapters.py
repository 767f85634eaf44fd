"""Adapters: which function of a program returns gradients, how it is called, and where its parameters are.

Each recognises one way in which people write homework by the shape of what the program defines, and returns tasks.
They are asked in the order of `ADAPTERS`; the first that finds something decides.
"""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from .names import is_numbers, numbers_in, variable_of, variables_of, with_numbers
from .program import HomeworkError, Namespace, Program
from .rewrite import names_of
from .scripts import scripts
from .task import Task, Values, Wrap

HOLDERS = ("params", "parameters", "theta", "weights", "model", "p")  # arguments that stand for all parameters
PASSED_OVER = ("train", "main", "test", "plot", "predict", "update", "init", "load", "numerical", "check", "accuracy")
NOTHING = inspect.Parameter.empty


class UnboundError(Exception):
    """An argument has no value in the program."""


def functions_of(program: Program, module: Namespace) -> dict[str, Any]:
    """Return the functions that a program defines, by name, the last first."""
    defined = [s.name for s in program.tree.body if isinstance(s, ast.FunctionDef)]
    return {name: module[name] for name in reversed(defined) if isinstance(module.get(name), types.FunctionType)}


def classes_of(program: Program, module: Namespace) -> dict[str, Any]:
    """Return the classes that a program defines, by name."""
    return {s.name: module[s.name] for s in program.tree.body if isinstance(s, ast.ClassDef) and s.name in module}


def returned_names(program: Program, name: str) -> Any:
    """Return the names in a function's last return statement, within tuples and lists that it has made too."""
    *_, last = name.split(".")
    found = [f for f in ast.walk(program.tree) if isinstance(f, ast.FunctionDef) and f.name == last]
    if not found:
        return ""
    inside = list(ast.walk(found[-1]))
    returns = [s for s in inside if isinstance(s, ast.Return) and s.value is not None]
    if not returns:
        return ""
    sequences = {
        target.id: names_of(s.value)
        for s in inside
        if isinstance(s, ast.Assign) and isinstance(s.value, (ast.Tuple, ast.List))
        for target in s.targets
        if isinstance(target, ast.Name)
    }
    value = max(returns, key=lambda s: s.lineno).value
    names = names_of(value) if value is not None else ""
    if isinstance(names, list):
        return [sequences.get(n, n) if isinstance(n, str) else n for n in names]
    return sequences.get(names, names) if isinstance(names, str) else names


def given(parameter: inspect.Parameter, module: Namespace) -> Any:
    """Return the value of an argument: its default, the module's name alike, or an entry of its `params`."""
    if parameter.default is not NOTHING and parameter.default is not None:
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
        name: given(parameter, module)
        for name, parameter in inspect.signature(f).parameters.items()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }


def called_with(f: Callable[..., Any], arguments: dict[str, Any], values: Values, wrap: Wrap) -> Any:
    """Call a function with other numbers in its arguments."""
    numbers = {name: with_numbers(name, x, values, wrap) for name, x in arguments.items()}
    positional = [numbers.pop(name) for name in positional_only(f) if name in numbers]
    return f(*positional, **numbers)


@lru_cache(maxsize=64)
def positional_only(f: Callable[..., Any]) -> tuple[str, ...]:
    """Return the arguments of a function that cannot be given by name."""
    return tuple(n for n, p in inspect.signature(f).parameters.items() if p.kind is p.POSITIONAL_ONLY)


def in_arguments(arguments: dict[str, Any]) -> Values:
    """Return all floating-point numbers in arguments, by name."""
    found: Values = {}
    for name, x in arguments.items():
        found |= numbers_in(name, x)
    return found


def expected_parameters(arguments: dict[str, Any], module: Namespace) -> list[str]:
    """Return the names of the parameters, where an argument or a module's dict holds them and nothing else."""
    for name in HOLDERS:
        held = arguments.get(name, module.get(name))
        if isinstance(held, (dict, list, tuple)) and (found := numbers_in(name, held)):
            return list(found)
    return []


# functions that return (loss, gradients) ---------------------------------------------------------------------------


def loss_functions(program: Program, module: Namespace, wanted: str) -> Iterator[Task]:
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

        task = Task(name, values, call, names, expected_parameters(arguments, module))
        try:
            task.settle(module)
        except HomeworkError as error:
            problems.append(str(error))
            continue
        yield task
        return
    if problems:
        raise HomeworkError(problems[0])


def returns_several(program: Program, name: str) -> bool:
    """Tell whether a function's return statement has several parts."""
    names = returned_names(program, name)
    return isinstance(names, list) and len(names) > 1


def globals_of(module: Namespace, names: Any) -> Values:
    """Return the module's variables whose gradients a return statement names."""
    flat = [n for n in flattened(names) if n]
    numbers = {name: x for name, x in module.items() if is_numbers(x) and not name.startswith("__")}
    found = [variable_of(n, numbers) for n in flat if n not in numbers]
    return {name: numbers[name] for name in numbers if name in found}


def flattened(names: Any) -> Iterator[str]:
    """Yield the names in nested lists."""
    if isinstance(names, str):
        yield names
    elif isinstance(names, dict):
        yield from names
    else:
        for part in names:
            yield from flattened(part)


# objects with a method `loss` --------------------------------------------------------------------------------------


def models(program: Program, module: Namespace, wanted: str) -> Iterator[Task]:
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
            task.settle(module)
            yield task
            return


def instances(program: Program, module: Namespace) -> Iterator[tuple[Callable[[Namespace], Any], Any]]:
    """Yield the objects of a program's own classes, each with the way to find it: by its name, or by making it."""
    classes = classes_of(program, module)
    made = [name for name, x in module.items() if type(x).__name__ in classes and type(x) in classes.values()]
    for name in made:
        yield named(name), module[name]
    if made:
        return
    for name, kind in classes.items():
        try:
            arguments = bound(kind, module)
            yield made_of(name, arguments), kind(**arguments)
        except (UnboundError, TypeError, ValueError):
            continue


def named(name: str) -> Callable[[Namespace], Any]:
    """Return the way to an object of a module by its name."""
    return lambda there: there[name]


def made_of(name: str, arguments: dict[str, Any]) -> Callable[[Namespace], Any]:
    """Return the way to a new object of a class of a module."""
    return lambda there: there[name](**arguments)


# Nielsen's network -------------------------------------------------------------------------------------------------


def networks(program: Program, module: Namespace, wanted: str) -> Iterator[Task]:
    """Yield networks with `weights`, `biases` and a method `backprop(x, y)` that returns `(nabla_b, nabla_w)`."""
    for where, net in instances(program, module):
        if not all(hasattr(net, part) for part in ("weights", "biases", "backprop", "feedforward")):
            continue
        if wanted and wanted.rsplit(".", 1)[-1] != "backprop":
            continue
        try:
            x, y = bound(net.backprop, module).values()
        except UnboundError:
            rng = np.random.default_rng(0)
            x = rng.normal(size=(net.weights[0].shape[1], 1))
            y = np.eye(net.weights[-1].shape[0])[:, :1]
        held = {"weights": list(net.weights), "biases": list(net.biases)}

        def call(there: Namespace, now: Values, wrap: Wrap, where: Any = where, held: Any = held, x: Any = x,
                 y: Any = y) -> Any:  # fmt: skip
            net = where(there)
            for part, arrays in held.items():
                setattr(net, part, with_numbers(part, arrays, now, wrap))
            gradients = net.backprop(wrap(x), wrap(y))
            return cost_of(net, net.feedforward(wrap(x)), y), gradients

        values = in_arguments(held)
        name = f"{type(net).__name__}.backprop"
        order = returned_names(program, name)
        first = "weights" if isinstance(order, list) and order and "w" in str(order[0]).lower() else "biases"
        second = "biases" if first == "weights" else "weights"
        expected = [n for part in (first, second) for n in numbers_in(part, held[part])]
        task = Task(name, values, call, "", expected)
        task.settle(module)
        yield task
        return


def cost_of(net: Any, a: Any, y: Any) -> Any:
    """Return a network's cost: its own `cost.fn` where it has one, else the quadratic one of `cost_derivative`."""
    cost = getattr(net, "cost", None)
    if cost is not None and hasattr(cost, "fn"):
        if "entropy" in getattr(cost, "__name__", type(cost).__name__).lower():
            return -(y * np.log(a) + (1.0 - y) * np.log(1.0 - a)).sum()  # its fn hides infinities from the recorder
        return 0.5 * ((a - y) ** 2).sum()
    return 0.5 * ((a - y) ** 2).sum()


# forward and backward ----------------------------------------------------------------------------------------------


def pairs(program: Program, module: Namespace, wanted: str) -> Iterator[Task]:
    """Yield pairs of a forward and a backward function, joined by the names of what they return and take."""
    functions = functions_of(program, module)
    forwards = {stem_of(name): name for name in functions if "forward" in name.lower() or "fwd" in name.lower()}
    words = ("backward", "backprop", "bwd", "back_prop")
    backwards = [name for name in functions if any(word in name.lower() for word in words) and name[0] != "_"]
    calls = {n.func.id for n in ast.walk(program.tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    chosen = [b for b in backwards if b == wanted] if wanted else [b for b in backwards if b not in calls] or backwards
    for backward in reversed(chosen):
        forward = forward_of(backward, forwards)
        if forward is None:
            continue
        cost = next((name for name in functions if any(w in name.lower() for w in ("cost", "loss"))), None)
        yield paired(program, module, forward, cost, backward)


def stem_of(name: str) -> str:
    """Return what a forward and a backward function have in common in their names."""
    name = name.lower()
    for word in ("backward_propagation", "forward_propagation", "back_propagation", "backpropagation", "backward",
                 "forward", "backprop", "back_prop", "bwd", "fwd", "_prop"):  # fmt: skip
        name = name.replace(word, "")
    return name.strip("_")


def forward_of(backward: str, forwards: dict[str, str]) -> str | None:
    """Return the forward function of a backward one: of the same stem, or of the longest that its stem begins with."""
    stem = stem_of(backward)
    fitting = [known for known in forwards if stem.startswith(known) and (known or not stem)]
    return forwards[max(fitting, key=len)] if fitting else None


def paired(program: Program, module: Namespace, forward: str, cost: str | None, backward: str) -> Task:
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
        numbers = {name: with_numbers(name, x, now, wrap) for name, x in arguments.items()}
        result = there[forward](**numbers)
        parts = list(result) if isinstance(result, tuple) else [result]
        known = numbers | {n: x for n, x in zip(outputs, parts, strict=False) if n}
        if not upstream:
            if cost is None:
                raise HomeworkError(f"{backward} takes no gradient of an output: define the cost function too")
            loss = there[cost](**matched(there[cost], known, there, parts, wrap))
            loss = loss[0] if isinstance(loss, tuple) else loss
            return loss, there[backward](**matched(there[backward], known, there, parts, wrap))
        loss = 0.0
        for name, place in upstream.items():
            if name not in seeds:
                seeds[name] = np.random.default_rng(len(seeds)).normal(size=np.shape(parts[place]))
            loss = loss + (parts[place] * seeds[name]).sum()
            known[name] = wrap(seeds[name])
        rest = [part for place, part in enumerate(parts) if place not in upstream.values()]
        return loss, there[backward](**matched(there[backward], known, there, rest, wrap))

    task = Task(backward, in_arguments(arguments), call, ["", returned_names(program, backward)])
    task.settle(module)
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


def matched(f: Any, known: dict[str, Any], module: Namespace, parts: list[Any], wrap: Wrap) -> dict[str, Any]:
    """Return arguments for a function: by name from what is known or in the file, the rest from the forward pass."""
    found: dict[str, Any] = {}
    left: list[str] = []
    for name, parameter in inspect.signature(f).parameters.items():
        if name in known:
            found[name] = known[name]
        elif parameter.default is NOTHING:
            left.append(name)
    spare = [x for x in parts if not any(x is y for y in found.values())]
    for name in left:
        try:
            found[name] = with_numbers(name, given(inspect.signature(f).parameters[name], module), {}, wrap)
        except UnboundError:
            if not spare:
                words = f"{f.__name__} needs `{name}`, which neither the file nor the forward pass has"
                raise HomeworkError(words) from None
            caches = [x for x in spare if "cache" in name.lower() and not is_numbers(x)]  # a dict or a tuple of arrays
            taken = caches[0] if caches else spare[0]
            found[name] = taken
            spare = [x for x in spare if x is not taken]
    return found


ADAPTERS = (loss_functions, models, networks, pairs, scripts)


def tasks_of(program: Program, module: Namespace, wanted: str = "") -> list[Task]:
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
        raise HomeworkError(problems[0])
    raise HomeworkError(
        f"{program.name} has nothing to check: no function that returns (loss, gradients), no class with `params` and "
        "`loss`, no forward and backward functions, no script with a loss and gradients named like dW"
    )
