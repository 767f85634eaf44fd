"""A learner's program: its text, its statements, and runs of it, plain or recorded.

A notebook is the text of its code cells one after the other. The program is run as a module of its own name, not as
`__main__`, and in float64. This module executes what a learner wrote: `child.py` keeps that in a process with limits.
"""

from __future__ import annotations

import ast
import copy
import json
import random
import tokenize
import types
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...errors import TinygradEduError
from .hooks import Hooks
from .recorder import ProgramRecorder
from .rewrite import GIVEN, in_float64, with_given, with_hooks

Namespace = dict[str, Any]  # of a module that has been run

RERUN = "__rerun__"  # the name under which a module keeps the way to run it again
MAIN = "homework"  # the module's name while it runs
SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return)


class HomeworkError(TinygradEduError, ValueError):
    """A file cannot be checked; the message says why, and how to make it checkable."""


class SourcePlace(NamedTuple):
    """A line as a learner counts it: in a notebook within a code cell, both from 1."""

    line: int
    cell: int | None = None

    def __str__(self) -> str:
        return f"line {self.line}" if self.cell is None else f"line {self.line} of code cell {self.cell}"


def python_in(path: Path) -> tuple[str, tuple[int, ...]]:
    """Return the Python text in a `.py` or `.ipynb` file, and the line before each code cell of a notebook.

    A text is read as Python reads it: as UTF-8, with or without a mark at its start, or as its first lines say.
    Raises HomeworkError, OSError.
    """
    try:
        with path.open("rb") as file:
            encoding, _ = tokenize.detect_encoding(file.readline)
        text = path.read_text(encoding=encoding)
    except (UnicodeDecodeError, SyntaxError):
        raise HomeworkError(f"{path.name} is no text: save it as UTF-8") from None
    if path.suffix.lower() != ".ipynb":
        return text, ()
    try:
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        sources = ["".join(cell["source"]) for cell in cells]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise HomeworkError(f"{path.name} is no notebook: it has no list of cells") from None
    lines: list[str] = []
    starts = []
    for source in sources:
        starts.append(len(lines))
        lines += [without_magic(line) for line in source.splitlines()]
    return "\n".join(lines) + "\n", tuple(starts)


class LearnerProgram:
    """A program's text and syntax tree.

    name: of the file, for messages and code objects. cells: the line before each code cell of a notebook.
    around: variables that it finds when it starts.
    """

    def __init__(self, text: str, name: str, cells: tuple[int, ...] = (), around: Namespace | None = None) -> None:
        self.text, self.name, self.cells, self.around = text, name, cells, around or {}
        self.lines = text.splitlines()
        self.filename = f"<{name}>"
        self.own = len(self.lines)  # of the lines, how many may be to blame
        try:
            self.tree = ast.parse(text, self.filename)
        except SyntaxError as error:
            at = self.place(error.lineno or 1)
            raise HomeworkError(f"{name} is no Python that can be run: {error.msg}, {at}") from None
        except (ValueError, RecursionError, MemoryError) as error:  # zero bytes, and whatever is nested too deeply
            raise HomeworkError(f"{name} is no Python that can be run: {error or 'it is nested too deeply'}") from None
        renames = (s for s in ast.walk(self.tree) if isinstance(s, ast.Assign) and isinstance(s.value, ast.Name))
        self.renames = {s.lineno: all(isinstance(target, ast.Name) for target in s.targets) for s in renames}
        self.returns = {s.lineno for s in ast.walk(self.tree) if isinstance(s, ast.Return)}
        stored = [n for n in ast.walk(self.tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        self.starts: dict[int, int] = {}  # by line, the innermost statement's first
        for statement in ast.walk(self.tree):
            if isinstance(statement, ast.stmt):
                for line in range(statement.lineno, last_line(statement) + 1):
                    self.starts[line] = max(statement.lineno, self.starts.get(line, 0))
        self.assigned = Counter(n.id for n in stored)

    @classmethod
    def read(cls, path: Path) -> LearnerProgram:
        """Return the program in a `.py` or `.ipynb` file. Raises HomeworkError, OSError."""
        text, cells = python_in(path)
        return cls(text, path.name, cells)

    def with_text(self, text: str) -> LearnerProgram:
        """Return the program with another text."""
        program = LearnerProgram(text, self.name, self.cells, self.around)
        program.own = self.own
        return program

    def with_appendix(self, text: str) -> LearnerProgram:
        """Return the program with lines after its own, which are never to blame."""
        program = self.with_text(self.text.rstrip("\n") + "\n" + text)
        program.own = len(self.lines)
        return program

    def place(self, line: int) -> SourcePlace:
        """Return a line of the text as its reader counts it."""
        cell = max((i for i, start in enumerate(self.cells) if start < line), default=None)
        return SourcePlace(line) if cell is None else SourcePlace(line - self.cells[cell], cell + 1)

    def statements(self) -> Iterator[ast.stmt]:
        """Yield the statements that compute something."""
        for node in ast.walk(self.tree):
            if isinstance(node, SIMPLE):
                yield node

    def assignments_of(self, name: str) -> int:
        """Return how often a variable is assigned in the whole text."""
        return self.assigned.get(name, 0)

    def statement_at(self, line: int) -> int:
        """Return the first line of the statement that a line belongs to."""
        return self.starts.get(line, line)

    def run(
        self, tree: ast.Module | None = None, recorder: ProgramRecorder | None = None, numbers: bool = True
    ) -> Namespace:
        """Execute the program, or a changed tree of it, and return its module.

        The module's `RERUN` executes it again with other values of some of its variables.
        numbers: whether a recorder is told of single numbers that are assigned.
        """
        execute = self.runner(tree, recorder, numbers)
        module = execute({})
        module[RERUN] = execute
        return module

    def runner(
        self, tree: ast.Module | None = None, recorder: ProgramRecorder | None = None, numbers: bool = True
    ) -> Callable[[dict[str, Any]], Namespace]:
        """Return a function that executes the program with other values of some of its variables."""
        tree = in_float64(ast.parse(self.text, self.filename)) if tree is None else tree
        code: dict[frozenset[str], types.CodeType] = {}

        def execute(values: dict[str, Any]) -> Namespace:
            key = frozenset(values)
            if key not in code:
                changed = with_given(copy.deepcopy(tree), set(values))
                changed = with_hooks(changed) if recorder is not None else ast.fix_missing_locations(changed)
                code[key] = compile(changed, self.filename, "exec")
            hooks = {} if recorder is None else Hooks(recorder, numbers).namespace()
            return self.execute(code[key], values, hooks)

        return execute

    def execute(self, code: types.CodeType, values: dict[str, Any], hooks: Namespace | None = None) -> Namespace:
        """Execute the code of the program in a new module, and return that."""
        module = types.ModuleType(MAIN)
        vars(module).update(self.around, __file__=self.name, **(hooks or {}))

        def given(value: Any, name: Any) -> Any:
            if isinstance(name, list):
                return [given(x, n) for x, n in zip(value, name, strict=True)]
            return values.get(name, value)

        vars(module)[GIVEN] = given
        random.seed(0)
        np.random.seed(0)
        exec(code, vars(module))
        return vars(module)


def last_line(statement: ast.stmt) -> int:
    """Return a simple statement's last line, or the last line of a compound statement's head."""
    body = getattr(statement, "body", None)
    if isinstance(body, list) and body:
        return max(statement.lineno, int(body[0].lineno) - 1)
    return statement.end_lineno or statement.lineno


def without_magic(line: str) -> str:
    """Return a notebook's line with a command for IPython, like `%matplotlib inline`, as an empty statement."""
    bare = line.lstrip()
    return line[: len(line) - len(bare)] + "pass" if bare.startswith(("%", "!", "?")) else line
