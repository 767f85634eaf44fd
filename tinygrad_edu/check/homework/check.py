"""`tg.check_code`: check a learner's own gradient code, and find the first line that is wrong."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..gradient_names import variables_of
from .adapters import tasks_of
from .known import KnownArrays
from .mends import Mend, search
from .process import checked_in_child
from .program import HomeworkError, LearnerProgram, Namespace
from .report import CodeReport
from .runs import RecordedRun, Runs
from .suspects import BackwardLine, backward_lines, by_suspicion
from .torch_scripts import check_torch_script, uses_torch
from .verdict import Verdict, judge

CLEARED = 2  # the level from which a line is no suspect any more
GUARD = 1e-6  # numbers up to this size that keep a logarithm from 0 count as 0
MOST_APART = 4  # wrong gradients for which changes are sought one by one
SEARCH = 1.2  # seconds of computing for those together
SECONDS = 30  # for a file, in its own process


def check_code(
    code: str | Path | Callable[..., Any], *, function: str = "", seed: int = 0, appendix: str = ""
) -> CodeReport:
    """Check code that computes gradients by hand, and name the first line that is wrong.

    code: a `.py` or `.ipynb` file, which is run unmodified in a process of its own, with limits; or a function that
    returns `(loss, gradients)`, with arguments that have defaults or are variables of its module.
    function: in a file, the name of the function to check. seed: of the points at which gradients are compared.
    appendix: code that is run after a file's own, like a reference forward pass; its lines are never to blame.
    Raises HomeworkError where there is nothing to check, or the code fails.
    """
    if callable(code):
        return check_function(code, seed)
    return checked_in_child(Path(code), function, seed, SECONDS, appendix=appendix)


def check_function(f: Callable[..., Any], seed: int = 0) -> CodeReport:
    """Check a function of this process."""
    try:
        source, first = inspect.getsourcelines(f)
        path = inspect.getsourcefile(f) or "<function>"
    except (OSError, TypeError):
        raise HomeworkError(f"the source of {f!r} cannot be found: put it into a file, and check that") from None
    text = "\n" * (first - 1) + textwrap.dedent("".join(source))
    around = {**vars(sys.modules[f.__module__]), **closure(f)}
    return check_program(LearnerProgram(text, Path(path).name, (), around), f.__name__, seed)


def closure(f: Callable[..., Any]) -> Namespace:
    """Return the variables of the functions around a function."""
    cells = getattr(f, "__closure__", None) or ()
    return {name: cell.cell_contents for name, cell in zip(f.__code__.co_freevars, cells, strict=True)}


def check_program(program: LearnerProgram, function: str = "", seed: int = 0) -> CodeReport:
    """Check a program in this process, and return the report: of the first function that is wrong, if one is."""
    if uses_torch(program):
        return check_torch_script(program)
    module = program.run()
    reports = []
    for task in tasks_of(program, module, function):
        runs = Runs(program, task, module)
        reports.append(code_report(runs, judge(runs, seed), seed))
        if not reports[-1].right:
            return reports[-1]
    if len(reports) == 1:
        return reports[0]
    together = {f"{r.function}: {name}": p for r in reports for name, p in r.parameters.items()}
    notes = tuple(dict.fromkeys(note for r in reports for note in r.notes))
    missing = tuple(f"{r.function}: {name}" for r in reports for name in r.missing)
    functions = ", ".join(r.function for r in reports)
    return CodeReport(program.name, functions, True, together, missing=missing, notes=notes)


def code_report(runs: Runs, verdict: Verdict, seed: int) -> CodeReport:
    """Return the report of a verdict, with the first wrong line where a gradient is wrong."""
    notes = list(verdict.notes)
    missing = tuple(name for name in runs.task.expected if name not in verdict.parameters)
    if not verdict.right and (unguarded := without_guards(runs, seed)) is not None and unguarded.right:
        verdict = unguarded
        notes.append("Right but for a guard like 1e-8, which keeps a logarithm from 0 and counts as 0.")
    program = runs.program
    report = partial(CodeReport, program.name, runs.task.name, verdict.right, verdict.parameters)
    if verdict.right:
        return report(missing=missing, notes=tuple(notes))
    if missing:
        notes.append(f"No gradient was returned for {', '.join(missing)}.")
    if verdict.recording is None:
        mistake = (
            f"Wrong: {', '.join(verdict.wrong)}. The line could not be told, since the code could not be recorded."
        )
        return report(mistake=mistake, notes=tuple(notes))
    lines = by_suspicion(program, backward_lines(program, verdict))
    if not lines:
        mistake = f"Wrong: {', '.join(verdict.wrong)}. No line of a backward pass computes what was returned."
        return report(mistake=mistake, notes=tuple(notes))
    found = search(runs, verdict, lines, verdict.wrong)
    mend = found[0] if found else None
    if mend is None and len(verdict.wrong) > 1 and (apart := one_by_one(runs, verdict, lines)):
        mend = min(apart.values(), key=lambda found: found.line)
        notes += [
            f"With `{found.text.strip()}` in {program.place(found.line)} the gradient by {wrong} is right."
            for wrong, found in apart.items()
        ]
        mistake = f"Wrong: {', '.join(verdict.wrong)}. These are several mistakes, in different lines; the first:"
        place = program.place(mend.line)
        source = statement_text(program, mend.line)
        where = (place.line, place.cell, source)
        return report(*where, mend.text, mistake, "several mistakes", notes=tuple(notes))
    number = lines[0].number if mend is None else mend.line
    place = program.place(number)
    source = statement_text(program, number)
    line = next(line for line in lines if line.number == number)
    further = [other.number for other in lines if other.number != number]
    for other in found[1:]:
        notes.append(f"A change of {program.place(other.line)} does as well: `{other.text.strip()}`")
        further = [other.line, *(n for n in further if n != other.line)]
    text, kind = (None, None) if mend is None else (mend.text, mend.what)
    return report(
        *(place.line, place.cell, source, text, mistake_text(runs, verdict, line, mend), kind),
        others=tuple(program.place(n).line for n in further),
        notes=tuple(notes),
    )


def one_by_one(runs: Runs, verdict: Verdict, lines: list[BackwardLine]) -> dict[str, Mend]:
    """Return a change for each wrong gradient, where each has one of its own; nothing where one has none."""
    found: dict[str, Mend] = {}
    for wrong in verdict.wrong[:MOST_APART]:
        mends = search(runs, verdict, lines, [wrong], SEARCH / len(verdict.wrong[:MOST_APART]))
        if mends:
            found[wrong] = mends[0]
    return found if len(found) == len(verdict.wrong) and len({m.line for m in found.values()}) > 1 else {}


def statement_text(program: LearnerProgram, number: int) -> str:
    """Return the text of the statement that begins at a line."""
    found = [s for s in ast.walk(program.tree) if isinstance(s, ast.stmt) and s.lineno == number]
    last = number
    for statement in found:
        body = getattr(statement, "body", None)
        last = max(last, body[0].lineno - 1 if isinstance(body, list) and body else statement.end_lineno or number)
    return "\n".join(program.lines[number - 1 : last])


def mistake_text(runs: Runs, verdict: Verdict, line: BackwardLine, mend: Mend | None) -> str:
    """Say which line is wrong, what it should have been equal to, and what makes everything right."""
    place = str(runs.program.place(line.number))
    wrong = ", ".join(verdict.wrong)
    right = [name for name, p in verdict.parameters.items() if p.ok]
    others = f"; {', '.join(right)} {'is' if len(right) == 1 else 'are'} right" if right else ""
    at = place[0].upper() + place[1:]
    if mend is not None:
        certain = line.level < CLEARED
        words = f"{at} is the first that is wrong" if certain else f"With a change of {place} everything is right"
    elif line.level < CLEARED:
        words = f"{at} is the first whose result is nothing that is known to be right here"
    else:
        words = f"Which line is wrong could not be told for certain; the likeliest is {place}"
    words = f"Wrong: {wrong}{others}. {words}"
    assert verdict.recording is not None
    if (equal := should_equal(runs, verdict.recording, line, mend)) is not None:
        words += f": {equal}"
    words += "."
    if mend is not None:
        return f"{words} This change makes every gradient right ({mend.what}):"
    return f"{words} No change of a single line was found with which everything is right."


def should_equal(runs: Runs, recording: RecordedRun, line: BackwardLine, mend: Mend | None) -> str | None:
    """Return what a variable that the line assigns should have been equal to, with both numbers."""
    named = [(node, name.name) for node in line.results for name in node.names]
    if not named:
        return None
    node, name = named[-1]
    truth, meaning = None, ""
    if mend is not None:
        rows = runs.program.text.splitlines()
        end = line.number - 1 + len(statement_text(runs.program, line.number).splitlines())
        program = runs.program.with_text("\n".join([*rows[: line.number - 1], mend.text, *rows[end:]]) + "\n")
        other = Runs(program, runs.task, runs.module).record(recording.values)
        found = [x for x in other.nodes if any(n.name == name for n in x.names)] if other is not None else []
        if found and other is not None and found[-1].value is not None:
            truth = found[-1].value
            known = KnownArrays(other.loss, other.adjoints).find(truth)
            if known is not None and known.factor == 1.0 and known.kind == "gradient" and known.node.names:
                meaning = f"∂L/∂{known.node.names[-1].name}"
    else:
        for variable in variables_of(name):
            target = runs.variable(variable, set(recording.adjoints.of))
            if target is not None and recording.adjoints.of[target].shape == node.shape:
                truth, meaning = recording.adjoints.of[target], f"∂L/∂{variable}"
                break
    if truth is None or node.value is None or truth.shape != node.value.shape or not truth.size:
        return f"`{name}` should be {meaning}" if meaning else None
    return worst_entry(name, node.value, truth, meaning, certain=mend is not None)


def worst_entry(name: str, given: Any, truth: Any, meaning: str, certain: bool) -> str | None:
    """Return both numbers at the entry that is farthest off."""
    difference = np.abs(given - truth)
    if not np.isfinite(difference).all() or not difference.any():
        return None
    where = tuple(int(i) for i in np.unravel_index(int(difference.argmax()), difference.shape))
    at = f"{name}{list(where)}" if where else name
    if not certain:
        return f"{at} is {given[where]:.6g}, and {meaning} is {truth[where]:.6g} there"
    return f"{at} is {given[where]:.6g} and should be {truth[where]:.6g}{f', as {meaning} is' if meaning else ''}"


class WithoutGuards(ast.NodeTransformer):
    """Replaces tiny positive numbers by 0."""

    found = False

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, float) and 0 < node.value <= GUARD:
            self.found = True
            return ast.copy_location(ast.Constant(0.0), node)
        return node


def without_guards(runs: Runs, seed: int) -> Verdict | None:
    """Return the verdict on the program with its guards left out; None if it has none or fails without them."""
    change = WithoutGuards()
    tree = ast.fix_missing_locations(change.visit(ast.parse(runs.program.text)))
    if not change.found:
        return None
    try:
        program = runs.program.with_text(ast.unparse(tree))
        module = program.run()
        (task,) = [t for t in tasks_of(program, module, "") if t.name == runs.task.name]
        return judge(Runs(program, task, module), seed)
    except Exception:  # of any kind: the program may need its guards
        return None
