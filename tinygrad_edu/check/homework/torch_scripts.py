"""Scripts written in PyTorch: gradients named dX, derived by hand, beside what PyTorch's autograd says of X.

The script is run once, in float64. Every variable has its own gradient there, so that the first wrong one in the order
of the program is where the mistake is; changes of lines are not sought. PyTorch is imported only for such a script.
"""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from ..compare.digits import UNKNOWN_DIGITS, eps_of
from ..compare.precheck import GradientPair, array_of_numbers
from ..gradient_names import variable_of, variables_of
from .program import HomeworkError, LearnerProgram, Namespace
from .report import CodeReport, GradientVerdict
from .scripts import LOSS_VARIABLES, assigned_variables, top_level

ONE_POINT = "Compared at the script's own numbers only, with PyTorch's autograd."


def uses_torch(program: LearnerProgram) -> bool:
    """Tell whether a program imports PyTorch."""
    names = [a.name for s in ast.walk(program.tree) if isinstance(s, ast.Import) for a in s.names]
    names += [s.module or "" for s in ast.walk(program.tree) if isinstance(s, ast.ImportFrom)]
    return any(name.split(".", 1)[0] == "torch" for name in names)


def check_torch_script(program: LearnerProgram) -> CodeReport:
    """Return the report on a script in PyTorch. Raises HomeworkError where there is none, or no torch."""
    try:
        import torch
    except ImportError:
        raise HomeworkError(
            f"{program.name} uses PyTorch, which is not installed here: pip install torch, or write it with NumPy"
        ) from None
    module = run(program, torch)
    tensors = {name: x for name, x in module.items() if isinstance(x, torch.Tensor)}
    loss = next((name for name in LOSS_VARIABLES if name in tensors and tensors[name].requires_grad), None)
    assigned = assigned_variables(program.tree)
    known = [name for name, x in tensors.items() if x.requires_grad and name in assigned and name != loss]
    pairs: dict[str, str] = {}
    for name in sorted((n for n in tensors if n in assigned and any(variables_of(n))), key=lambda n: assigned[n]):
        x = variable_of(name, [n for n in known if assigned[n] < assigned[name]])
        if x is not None and x != name:
            pairs.setdefault(x, name)
    if loss is None or not pairs:
        raise HomeworkError(
            f"{program.name} is a script in PyTorch, and needs a `loss` made from tensors with requires_grad, and "
            "gradients of them named like dW"
        )
    return judged(program, pairs, tensors, truths(torch, program, tensors[loss], {x: tensors[x] for x in pairs}))


def run(program: LearnerProgram, torch: Any) -> Namespace:
    """Run a script in float64, so that its graph is still there at the end."""
    changed = False

    class Kept(torch.overrides.TorchFunctionMode):  # type: ignore[misc]  # of a library that is imported when it is used
        def __torch_function__(self, f: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            nonlocal changed
            kwargs = dict(kwargs or {})
            if f is torch.Tensor.backward:
                kwargs["retain_graph"] = True
            changed = changed or f in (torch.Tensor.data.__get__, torch.Tensor.data.__set__)
            return f(*args, **kwargs)

    before = torch.get_default_dtype()
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    try:
        with Kept():
            module = program.run()
    finally:
        torch.set_default_dtype(before)
    if changed:
        raise HomeworkError(
            f"{program.name} reads or changes `.data` of a tensor, past autograd: leave the training step out"
        )
    return module


def truths(torch: Any, program: LearnerProgram, loss: Any, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return PyTorch's gradients of the loss by variables."""
    try:
        found = torch.autograd.grad(loss, list(wanted.values()), retain_graph=True, allow_unused=True)
    except RuntimeError as error:
        words = str(error).splitlines()[0]
        raise HomeworkError(
            f"{program.name} changes tensors after the loss was made from them: leave the training step out ({words})"
        ) from None
    return {name: torch.zeros_like(wanted[name]) if g is None else g for name, g in zip(wanted, found, strict=True)}


def judged(program: LearnerProgram, pairs: dict[str, str], tensors: Namespace, right: dict[str, Any]) -> CodeReport:
    """Return the report on gradients beside the right ones; rounding is judged by the largest of all."""
    autos = {x: array_of_numbers(g, x) for x, g in right.items()}
    hands = {x: array_of_numbers(tensors[name], name) for x, name in pairs.items()}
    eps = max(map(eps_of, (*autos.values(), *hands.values())))
    largest = max(float(np.max(np.abs(g), initial=0.0)) for g in autos.values()) or 1.0
    parameters = {}
    for x in pairs:
        item = GradientPair(x, hands[x], autos[x], digits=UNKNOWN_DIGITS, spread=2 * eps * largest, eps=eps)
        parameters[x] = GradientVerdict.of(item)
    wrong = [x for x, p in parameters.items() if not p.ok]
    if not wrong:
        return CodeReport(program.name, program.name, True, parameters, notes=(ONE_POINT,))
    lines = {name: [s.lineno for s in top_level(program.tree) if name in stored(s)] for name in pairs.values()}
    order = sorted(pairs, key=lambda x: lines[pairs[x]][-1])  # in which they were finished
    first = next(x for x in order if x in wrong)
    number, *earlier = lines[pairs[first]][::-1]
    place = program.place(number)
    rest = f", or in {' or '.join(str(program.place(line)) for line in earlier)}" if earlier else ""
    before = order[: order.index(first)]
    right_ones = f"; {', '.join(before)} before it {'is' if len(before) == 1 else 'are'} right" if before else ""
    mistake = f"Wrong: {', '.join(wrong)}. {pairs[first]} is the first that is wrong, in {place}{rest}{right_ones}."
    return CodeReport(
        program.name, program.name, False, parameters, place.line, place.cell, program.lines[number - 1],
        mistake=mistake, others=tuple(program.place(line).line for line in earlier), notes=(ONE_POINT,),
    )  # fmt: skip


def stored(statement: ast.stmt) -> set[str]:
    """Return the variables that a simple statement assigns, or writes into."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return {n.id for t in targets if t is not None for n in ast.walk(t) if isinstance(n, ast.Name)}
