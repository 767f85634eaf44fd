"""Write docs/operations.md and docs/numbers.md from the table of operations itself: `python docs/tabulate.py`.

Derivatives are recorded from the rules, and slopes at kinks are measured; the suite compares both documents with what
this program would write. It tries the rows on the operands on which the suite tries them.
"""

from __future__ import annotations

import ast
import inspect
import math
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import ops
from tinygrad_edu.check.kinks import POINTS, short_number
from tinygrad_edu.core.backprop import history
from tinygrad_edu.core.dispatch import HANDLED_FUNCTIONS, REFUSED, dispatch
from tinygrad_edu.core.node import Node
from tinygrad_edu.core.op import EVERYWHERE, TABLE, Op, VariadicRule

DOCS = Path(__file__).resolve().parent
sys.path.append(str(DOCS.parent / "tests"))

from samples import samples  # noqa: E402  # the suite's operands, which are no package

OPERATIONS = """\
# Operations

Written by `python docs/tabulate.py` with NumPy VERSION, whose names it lists; do not edit.

Each line is a row of the table in `tinygrad_edu/ops/`. Its **derivative** is what the row's own rules record when
they are handed nodes: `g` is the gradient that arrives, `z` the result, `x`, `y`, … are the operands, and there is
one derivative an operand; `—` means that there is none, as for an index or a condition. The **domain** is where
the derivative exists. **At kinks** tells the slope from the left, what is answered, and the slope from the right;
the reasons are in [numbers.md](numbers.md). The engine adds up a gradient over axes that were broadcast, so rules
do not mention it.
"""

NUMBERS = """\
# Numbers: what a derivative is where there is none

Written by `python docs/tabulate.py`; do not edit. `tinygrad_edu.kinks()` returns the table below.

Wherever a function has a derivative, the gradient is that derivative, also at points where the obvious formula
divides zero by zero. Where it has none, something must be answered all the same, by these principles:

1. **At a kink, the slope nearest to zero** among all that lie between the left and the right one: `abs` and `norm`
   have gradient 0 at 0.
2. **At a tie, equal shares.** The gradient of `maximum(x, x)` is then 1, and `max` of four equal numbers, or a
   window of `max_pool2d`, gives each a quarter. Together with the first principle this makes composed formulas
   right: the cross entropy of a logit written as `maximum(x, 0) - x + log1p(exp(-abs(x)))` has its true slope of
   -1/2 at 0.
3. **Beside a constant piece, an activation is off:** `relu`, `relu6`, `hardtanh` and `hardsigmoid` have slope 0
   where they begin to be constant. `clip` counts its bounds as inside, with slope 1.
4. **An infinite slope stays infinite.** It is not clamped to something that looks finite: `sqrt` has slope inf at
   0.
5. **A NaN is never hidden.** What goes in as NaN comes out as NaN, not as a finite number.
6. **Arithmetic is IEEE's: 0 · ∞ is NaN**, also in the branch that `where` did not take. `detect_anomaly()` names
   that branch and the fix, to choose a harmless operand first: `where(ok, sqrt(where(ok, x, 1.0)), 0.0)`. Inside
   `strong_zero()` a gradient of exactly 0 stays 0 instead.
7. **A second derivative at a kink** is that of the piece whose slope was chosen: of `abs`, `norm`, `hypot` and `std`
   it is 0. An even function of a length has no kink, and its second derivative is the true one: 2 for `abs(x)**2`.
8. **An infinite logarithm of a sum** (`logsumexp`, `logaddexp`) has all its slope in the terms that are infinite, in
   equal shares; where every term is -inf, none has any.
9. **Between equal eigenvalues or singular values** a gradient is the limit, where the result does not depend on the
   choice of vectors, and NaN where it does. A second derivative that goes through the vectors at both orders is NaN.
10. **A complex number** a + ib has the gradient dL/da - i dL/db, so that dL = Re(g dx), as in JAX and HIPS autograd;
    a holomorphic function has its complex derivative. L falls fastest along -conj(g), the way optimisers go.

No choice made one operation at a time is always right: `relu(x) - relu(-x)` is `x`, whose slope is 1, yet with
`relu'(0) = 0` the gradient at 0 is 0. That is a limit of automatic differentiation, and the last line of the table
shows it.

A pole answers as IEEE arithmetic does, on arrays and on single floats alike; on floats with a warning that names
the point.
"""


def operations() -> str:
    """Return docs/operations.md."""
    conventions, spellings = at_kinks(), numpy_names()
    lines = [OPERATIONS.replace("VERSION", ".".join(np.__version__.split(".")[:2]))]
    for name in ops.__all__:
        module = getattr(ops, name)
        rows = written_in(module)
        if rows:
            lines += [f"## {name.capitalize()}\n", f"{summary(module)}\n"]
            lines += ["| row | formula | derivative | domain | at kinks | NumPy |", "|---|---|---|---|---|---|"]
            lines += [line(row, conventions[row.name], spellings[row.name]) for row in rows] + [""]
    return "\n".join([*lines, *composites(), *refusals()])


def numbers() -> str:
    """Return docs/numbers.md."""
    return f"{NUMBERS}\n{tg.kinks().markdown()}\n"


def written_in(module: ModuleType) -> list[Op]:
    """Return the rows that a module of the table defines, in the order of its page."""
    calls = [n for n in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(n, ast.Call)]
    named = [n.args[0] for n in calls if isinstance(n.func, ast.Name) and n.func.id == "op" and n.args]
    names = [n.value for n in sorted(named, key=lambda n: n.lineno) if isinstance(n, ast.Constant)]
    return [TABLE[name] for name in names]


def line(row: Op, conventions: list[str], spellings: list[str]) -> str:
    """Return the line of a row."""
    formula, derivatives = recorded(row)
    cells = [f"`{row.name}`", code(formula), "; ".join(map(code, derivatives)) or "not differentiable"]
    cells += [domain(row), "; ".join(conventions), ", ".join(map(code, spellings))]
    return f"| {' | '.join(cells)} |"


def recorded(row: Op) -> tuple[str, list[str]]:
    """Return a row's formula, and what each of its rules records when handed nodes: the shortest over its samples."""
    found = [recorded_on(row, *sample) for sample in samples(row.name)]
    return min(found, key=lambda each: len(each[0]) + sum(map(len, each[1])))


def recorded_on(row: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> tuple[str, list[str]]:
    """Return a row's formula, and what each of its rules records, for some operands."""
    if row.elementwise and all(isinstance(x, np.ndarray) and x.dtype.kind == "f" for x in operands):
        operands = tuple(x.ravel()[0] for x in operands)  # single numbers, so that nothing is broadcast in the formula
    many = isinstance(row.rules, VariadicRule)
    rules = [row.rules[i] for i in range(len(operands))] if many else list(row.rules)
    nodes = [named(x, letter) for x, letter in zip(operands, letters(row, len(operands)), strict=True)]
    result = row(*nodes, **params)
    if not rules:
        return tg.formula(result), []
    g, z = named(np.ones_like(result.data), "g"), named(result.data, "z")
    return tg.formula(result), [written(rule, g, z, nodes, params) for rule in rules]


def letters(row: Op, n: int) -> list[str]:
    """Return the names that a row's first rule has for its operands."""
    rule = None if isinstance(row.rules, VariadicRule) else next((rule for rule in row.rules if rule), None)
    names = list(inspect.signature(rule).parameters.values())[2:] if rule else []
    known = [p.name for p in names if p.kind is p.POSITIONAL_OR_KEYWORD]
    return [known[i] if i < len(known) else "xyuvw"[i] for i in range(n)]


def named(data: Any, label: str) -> tg.Tensor:
    """Return a leaf that a formula calls by `label`."""
    leaf = tg.Tensor(np.real(data), requires_grad=False, label=label)
    if np.iscomplexobj(data):
        leaf._data = np.asarray(data)  # users have no complex leaves, but some results are complex
    return leaf


def written(rule: Any, g: Any, z: Any, nodes: list[Any], params: dict[str, Any]) -> str:
    """Return what a rule records, as a formula."""
    if rule is None:
        return "—"
    dx = rule(g, z, *nodes, **params)
    return tg.formula(dx).replace("\n", "; ") if isinstance(dx, Node) else f"{dx}"


def domain(row: Op) -> str:
    """Return the interval of each operand in which the derivative exists."""
    if all(interval == EVERYWHERE for interval in row.domain):
        return ""
    return ", ".join("all" if each == EVERYWHERE else f"({bound(each[0])}, {bound(each[1])})" for each in row.domain)


def bound(x: float) -> str:
    """Return the end of an interval."""
    return f"{'-' * (x < 0)}∞" if math.isinf(x) else f"{x:g}"


def at_kinks() -> dict[str, list[str]]:
    """Return, by row, the conventions of the points where a function is that row alone."""
    found = defaultdict(list)
    for (_, f, at, _), kink in zip(POINTS, tg.kinks(), strict=True):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            made = [z.op.name for z in history(f(tg.Tensor(at))) if z.op and z.op.name != "getitem"]
        if len(made) == 1:
            slopes = f"{short_number(kink.left)}, **{short_number(kink.choice)}**, {short_number(kink.right)}"
            found[made[0]].append(f"{code(kink.point)}: {slopes}")
    return found


def numpy_names() -> dict[str, list[str]]:
    """Return NumPy's names for each row."""
    names = {name: [f"np.{name}"] if isinstance(getattr(np, name, None), np.ufunc) else [] for name in TABLE}
    for function, ours in answers():
        if isinstance(ours, Op) and spelled(function) not in names[ours.name]:
            names[ours.name].append(spelled(function))
        elif getattr(ours, "__name__", "") in names and isinstance(getattr(tg, ours.__name__, None), type(ours)):
            row = ours.__name__
            if spelled(function) not in names[row]:
                names[row].append(spelled(function))
    return names


def answers() -> Iterator[tuple[Any, Any]]:
    """Yield NumPy's functions that work on tensors, each with what answers for it."""
    dispatch(np.sum)  # has them all registered
    yield from HANDLED_FUNCTIONS.items()


def spelled(function: Any) -> str:
    """Return the name of a function of NumPy, or of a method that all its ufuncs have, which is known by name only."""
    if isinstance(function, str):
        return f"np.ufunc.{function}"
    home = getattr(function, "__module__", None) or "numpy"
    return f"{home.replace('numpy', 'np', 1)}.{function.__name__}"


def composites() -> list[str]:
    """Return the functions that are made of rows, by the page they are written on."""
    pages: dict[str, list[str]] = defaultdict(list)
    for function, ours in answers():
        if not isinstance(ours, Op):
            pages[ours.__module__].append(spelled(function))
    lines = ["## Made of rows\n", "Functions of NumPy that are composed of rows, or are questions about the numbers.\n"]
    for page in sorted(pages):
        names = ", ".join(map(code, sorted(pages[page])))
        lines.append(f"**{page.partition('numpy_api.')[2] or page}.** {summary(sys.modules[page])} {names}\n")
    return lines


def refusals() -> list[str]:
    """Return the functions of NumPy that are refused, and what the refusal advises."""
    if not REFUSED:
        return []
    table = sorted((spelled(function), advice) for function, advice in REFUSED.items())
    return [
        "## Refused\n",
        "| NumPy | instead |",
        "|---|---|",
        *(f"| {code(n)} | {advice} |" for n, advice in table),
        "",
    ]


def summary(module: ModuleType) -> str:
    """Return the first sentence of a module's docstring."""
    return (module.__doc__ or "").split("\n\n")[0].replace("\n", " ").strip()


def code(text: str) -> str:
    """Return text as code in a cell of a table."""
    return f"`{text}`".replace("|", r"\|") if text != "—" else text


if __name__ == "__main__":
    for name, text in (("operations.md", operations()), ("numbers.md", numbers())):
        (DOCS / name).write_text(text)
