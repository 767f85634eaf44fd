"""Scripts: programs without functions, whose variables named like `dW1` are gradients of a variable `loss`.

Each of those is judged, also where it belongs to an intermediate result, as in an exercise that goes back through a net
by hand, step by step.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from ..gradient_names import variable_of, variables_of
from .containers import is_numbers
from .program import RERUN, HomeworkError, LearnerProgram, Namespace
from .rewrite import target_names
from .task import Outcome, Task, Values, Wrap, is_scalar

LOSS_VARIABLES = ("loss", "total_loss", "L", "cost", "J", "C", "E", "l", "nll", "error", "objective")


class ScriptTask(Task):
    """A script to be judged. pairs: the gradient variable of each variable; a run is an execution of the script."""

    def __init__(
        self, program: LearnerProgram, module: Namespace, loss: str, pairs: dict[str, str], leaves: list[str]
    ) -> None:
        super().__init__(program.name, {name: module[name] for name in leaves}, rerun)
        self.loss, self.paths = (loss,), {name: (gradient,) for name, gradient in pairs.items()}

    def outcome(self, result: Any) -> Outcome:
        return Outcome(result[self.loss[0]], {name: result.get(path[0]) for name, path in self.paths.items()})


def rerun(module: Namespace, values: Values, _: Wrap) -> Namespace:
    """Execute the script with other parameters."""
    found: Namespace = module[RERUN](values)
    return found


def script_tasks(program: LearnerProgram, module: Namespace, wanted: str) -> Iterator[Task]:
    """Yield the program itself, where it has a loss and gradients of its variables."""
    assigned = assigned_variables(program.tree)
    numbers = {name: module[name] for name in assigned if is_numbers(module.get(name))}
    pairs: dict[str, str] = {}
    for name in numbers:
        others = [x for x in numbers if x != name and assigned[x] < assigned[name]]
        if any(variables_of(name)) and (x := variable_of(name, others)) is not None and x != name:
            pairs.setdefault(x, name)
    loss = next((name for name in LOSS_VARIABLES if name in module and is_scalar(module[name])), None)
    if not pairs or wanted:
        return
    if loss is None:
        raise HomeworkError(
            f"{program.name} has gradients ({', '.join(pairs.values())}) but no loss: call the number that they are "
            "the gradients of `loss`"
        )
    leaves = [name for name in leaves_among(program.tree, set(pairs)) if name in numbers]
    yield ScriptTask(program, module, loss, pairs, leaves)


def assigned_variables(tree: ast.Module) -> dict[str, int]:
    """Return the variables that a script assigns at its top level, with the line of the first assignment."""
    found: dict[str, int] = {}
    for node in top_level(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                names = target_names(target)
                for name in names if isinstance(names, list) else [names]:
                    if isinstance(name, str):
                        found.setdefault(name, node.lineno)
    return found


def top_level(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements of a script that are in no function and no class."""
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        node = waiting.pop(0)
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            waiting = [*getattr(node, "body", []), *getattr(node, "orelse", []), *waiting]


def leaves_among(tree: ast.Module, names: set[str]) -> list[str]:
    """Return those variables that were made from none of the others."""
    leaves: list[str] = []
    made_from: set[str] = set()
    for node in tree.body:
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        found = target_names(node.targets[0])
        targets = {n for n in (found if isinstance(found, list) else [found]) if isinstance(n, str)}
        read = {part.id for part in ast.walk(node.value) if isinstance(part, ast.Name)}
        if read & made_from:
            made_from |= targets
        elif targets & names:
            leaves += [name for name in targets & names if name not in made_from]
            made_from |= targets & names
    return leaves
