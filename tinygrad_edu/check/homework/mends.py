"""Mends: a change of one line with which every gradient is right, found by trying.

A mend is verified on the whole program: the same loss, and every gradient right at all points of the verdict. So it is
a change that makes everything right; whether it is the one that the learner would make nobody can know.
"""

from __future__ import annotations

import ast
import heapq
import textwrap
import time
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from .edit import Edit
from .edits import edits, statements_with_parents
from .program import RERUN, LearnerProgram, Namespace
from .rewrite import in_float64, with_given
from .runs import Runs, loss_number, without_warnings
from .scopes import Scopes
from .suspects import BackwardLine
from .task import Values
from .verdict import Verdict, item_on

SECONDS = 3.2  # of computing time that a search may take


class Mend(NamedTuple):
    """A change of a line that makes everything right: the line's number, the line as it should be, in words."""

    line: int
    text: str
    what: str
    cost: float


class Trials:
    """Runs changed versions of a program and judges them. The tree is changed in place by `Edit.apply`."""

    def __init__(self, runs: Runs, verdict: Verdict, wanted: Sequence[str]) -> None:
        self.runs, self.verdict = runs, verdict
        self.tree = in_float64(ast.parse(runs.program.text, runs.program.filename))
        self.statements = list(statements_with_parents(self.tree))
        self.owner = enclosing_functions(self.tree)
        right = [name for name, p in verdict.parameters.items() if p.ok and name in verdict.truths[0]]
        self.names = [*wanted, *right]
        order = sorted(range(len(verdict.points)), key=lambda k: -k)
        self.points = [(verdict.points[k], verdict.truths[k]) for k in order]
        self.losses = [runs.loss(values) for values, _ in self.points]
        self.given: set[str] | None = None  # the variables that a changed script asks for
        self.seen: set[tuple[int, str]] = set()  # statements and the texts that were tried for them

    def rerun(self, values: Values) -> Namespace:
        """Execute the changed script with values of its parameters."""
        if self.given is None:
            self.given = set(values)
            with_given(self.tree, self.given)
        return self.runs.program.execute(compile(self.tree, self.runs.program.filename, "exec"), values)

    def works(self, statement: ast.stmt) -> bool:
        """Tell whether the program, as its tree is now, is right in everything."""
        try:
            with without_warnings(), self.changed(statement) as module:  # of changes that Python thinks are slips, too
                for (values, truths), loss in zip(self.points, self.losses, strict=True):
                    outcome = self.runs.task.plain(module, values)
                    if abs(loss_number(outcome.loss) - loss) > 1e-9 * max(1.0, abs(loss)):
                        return False
                    for name in self.names:
                        spread = self.verdict.spreads.get(name, 0.0)
                        item = item_on(name, outcome.gradients[name], truths[name], spread)
                        if item is None or not item.ok:
                            return False
            return True
        except Exception:  # of any kind: a change may make the program fail in any way
            return False

    def tried(self, statement: ast.stmt, edit: Edit) -> Mend | None:
        """Return a change as a mend, if everything is right with it; None too if it was tried before."""
        edit.apply()
        try:
            now = edit.new if isinstance(edit.new, (ast.stmt, list)) else statement
            text = unparsed(now)
            if (id(statement), text) in self.seen:
                return None
            self.seen.add((id(statement), text))
            if not self.works(statement):
                return None
            return Mend(statement.lineno, mended_text(self.runs.program, statement, edit, text), edit.what, edit.cost)
        finally:
            edit.undo()

    @contextmanager
    def changed(self, statement: ast.stmt) -> Iterator[Namespace]:
        """Give the module with the changed tree in it: with new code for the one function, or run again."""
        program, module, owner = self.runs.program, self.runs.module, self.owner.get(id(statement))
        if owner is None and RERUN in module and self.runs.task.name == program.name:
            yield {RERUN: self.rerun}
            return
        function = None if owner is None else enclosing_function(owner, module)
        code = None if owner is None or function is None else code_of(owner[-1], program.filename)
        if function is None or code is None or code.co_freevars != function.__code__.co_freevars:
            yield program.run(self.tree)
            return
        before, function.__code__ = function.__code__, code
        try:
            yield module
        finally:
            function.__code__ = before


def enclosing_function(owner: tuple[ast.stmt, ...], module: Namespace) -> types.FunctionType | None:
    """Return the function or method that is defined there; None if it has no code of its own."""
    holder: Any = module.get(owner[0].name)  # type: ignore[attr-defined]
    if len(owner) > 1 and isinstance(holder, type):
        holder = vars(holder).get(owner[1].name)  # type: ignore[attr-defined]
    holder = getattr(holder, "__func__", holder)
    return holder if isinstance(holder, types.FunctionType) else None


def enclosing_functions(tree: ast.Module) -> dict[int, tuple[ast.stmt, ...]]:
    """Return, for every statement in a function or a method, that function, with its class before it."""
    found: dict[int, tuple[ast.stmt, ...]] = {}
    for top in tree.body:
        if isinstance(top, ast.FunctionDef):
            found |= {id(s): (top,) for s in ast.walk(top) if isinstance(s, ast.stmt)}
        elif isinstance(top, ast.ClassDef):
            for method in top.body:
                if isinstance(method, ast.FunctionDef):
                    found |= {id(s): (top, method) for s in ast.walk(method) if isinstance(s, ast.stmt)}
    return found


def code_of(function: ast.stmt, filename: str) -> types.CodeType:
    """Return the code of one function."""
    decorators, function.decorator_list = function.decorator_list, []  # type: ignore[attr-defined]
    try:
        module = compile(ast.Module([function], []), filename, "exec")
    finally:
        function.decorator_list = decorators  # type: ignore[attr-defined]
    return next(x for x in module.co_consts if isinstance(x, types.CodeType))


PENALTIES = (0.0, 0.8, 1.2, 1.6, 2.6)  # of a line's level, in the cost of changing it
RIGHT_ONCE = 0.6  # of a line that computed a right gradient at first
SUSPICIOUS = 1.0  # less for the first line that calls a gradient what is none
LITTLE_MORE = 3.0  # than the first change may a change of another line cost that is told beside it
AGAIN = 1.0  # seconds that the search for that may take
BEHIND = 0.25  # of every line of its level before it in the order of suspicion


def search(
    runs: Runs, verdict: Verdict, lines: Sequence[BackwardLine], wanted: Sequence[str], seconds: float = SECONDS
) -> list[Mend]:
    """Return the most likely change of one line that makes the wanted gradients right; none if none was found.

    A second one is a change of another line that does as well, where such was found at little more cost: the program
    alone cannot tell which was meant. Gradients that are right stay right. Likely changes of suspect lines are tried
    before unlikely ones, and those before changes of lines that are cleared.
    """
    trials, start = Trials(runs, verdict, wanted), time.process_time()
    found: list[Mend] = []
    most, limit = np.inf, seconds
    for cost, statement, edit in candidates(runs, verdict, lines, trials):
        if cost > most or time.process_time() - start > limit:
            break
        if found and statement.lineno == found[0].line:
            continue
        if (mend := trials.tried(statement, edit)) is not None:
            found.append(mend)
            if len(found) == 2:
                break
            most, limit = cost + LITTLE_MORE, min(seconds, time.process_time() - start + AGAIN)
    return found


def candidates(
    runs: Runs, verdict: Verdict, lines: Sequence[BackwardLine], trials: Trials
) -> Iterator[tuple[float, ast.stmt, Edit]]:
    """Yield changes of lines, the likeliest first: the cost of each, the statement, the change."""
    scopes = Scopes(runs, verdict, trials.tree)
    waiting: list[tuple[float, int, int, ast.stmt, Edit | None]] = []
    count = 0
    levels = [line.level for line in lines]
    for rank, line in enumerate(lines):
        behind = rank - levels.index(line.level)
        for statement, parent in trials.statements:
            if statement.lineno != line.number or isinstance(parent, ast.While) or isinstance(statement, ast.While):
                continue
            penalty = PENALTIES[line.level] + BEHIND * min(behind, 6) + RIGHT_ONCE * line.right_once
            waiting.append((penalty - SUSPICIOUS * line.suspicious, count, rank, statement, None))
            count += 1
    heapq.heapify(waiting)
    parents = {id(statement): parent for statement, parent in trials.statements}
    while waiting:
        cost, _, rank, statement, edit = heapq.heappop(waiting)
        if edit is not None:
            yield cost, statement, edit
            continue
        for found in edits(statement, parents[id(statement)], scopes.around(lines[rank])):
            count += 1
            heapq.heappush(waiting, (cost + found.cost, count, rank, statement, found))


def unparsed(now: Any) -> str:
    """Return a statement, or several, as text; of a compound statement its head."""
    if isinstance(now, list):
        return "\n".join(unparsed(part) for part in now)
    if isinstance(now, (ast.For, ast.If, ast.With)):
        return ast.unparse(now).splitlines()[0]
    try:
        return ast.unparse(now)
    except Exception:  # a tree that is no program
        return ""


def mended_text(program: LearnerProgram, statement: ast.stmt, edit: Edit, text: str) -> str:
    """Return the changed statement as its author would write it: the file's own line, changed as little as can be."""
    first, last = statement.lineno, statement.end_lineno or statement.lineno
    indent = program.lines[first - 1][: statement.col_offset]
    if (
        isinstance(edit.old, ast.expr)
        and isinstance(edit.new, ast.expr)
        and not isinstance(statement, (ast.For, ast.If))
    ):
        new = ast.unparse(edit.new)
        for piece in (new, f"({new})"):
            line = spliced(program.lines[first - 1 : last], first, edit.old, piece)
            try:
                if ast.unparse(ast.parse(textwrap.dedent(line))) == text:
                    return line
            except SyntaxError:
                continue
    return textwrap.indent(text, indent)


def spliced(lines: list[str], first: int, old: ast.expr, piece: str) -> str:
    """Return lines of text with an expression in them replaced."""
    rows = [line.encode() for line in lines]
    top, bottom = old.lineno - first, (old.end_lineno or old.lineno) - first
    before, after = rows[top][: old.col_offset], rows[bottom][old.end_col_offset or 0 :]
    rows[top : bottom + 1] = [before + piece.encode() + after]
    return b"\n".join(rows).decode()
