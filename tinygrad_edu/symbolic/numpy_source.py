"""A row's forward function as a piece of NumPy source that computes the same bits, on named operands.

Knows how Python functions are written, not what any row computes: a function of NumPy is called by its name, a lambda
is written in place, a function with a body of its own is copied to the top of the program.
"""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import linecache
import math
import operator
import textwrap
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np

from ..core.op import Op
from ..ops.compare import choice

NUMPY_SIGNS: dict[Any, str] = {
    choice: "np.where({}, {}, {})",  # which is what it computes, by a quicker way
    np.add: "{} + {}",
    np.subtract: "{} - {}",
    np.multiply: "{} * {}",
    np.divide: "{} / {}",
    np.matmul: "{} @ {}",
    np.negative: "-{}",
    np.greater: "{} > {}",
    np.greater_equal: "{} >= {}",
    np.less: "{} < {}",
    np.less_equal: "{} <= {}",
    np.equal: "{} == {}",
    np.not_equal: "{} != {}",
    operator.add: "{} + {}",
    operator.sub: "{} - {}",
    operator.mul: "{} * {}",
    operator.truediv: "{} / {}",
    operator.floordiv: "{} // {}",
    operator.mod: "{} % {}",
    operator.neg: "-{}",
    operator.lt: "{} < {}",
    operator.le: "{} <= {}",
    operator.gt: "{} > {}",
    operator.ge: "{} >= {}",
    operator.eq: "{} == {}",
    operator.ne: "{} != {}",
    operator.not_: "not {}",
}
IMPORTS = {"np": "import numpy as np", "math": "import math", "operator": "import operator"}


def is_ndarray(x: Any) -> bool:
    """Tell whether data is an array rather than a number."""
    return isinstance(x, np.ndarray)


class NumpySource:
    """The calls of one program, and what has to stand at its top for them."""

    def __init__(self) -> None:
        self.imports = {"np"}
        self.definitions: dict[Any, str] = {}

    def head(self) -> str:
        """Return the imports, and the functions that calls mention."""
        imports = "\n".join(IMPORTS[name] for name in ("math", "operator", "np") if name in self.imports)
        return "\n\n\n".join([imports, *filter(None, self.definitions.values())])

    def call(self, row: Op, operands: list[str], params: Mapping[str, Any], scalar: bool) -> str:
        """Return an expression that computes a row. Raises ValueError where its function cannot be written."""
        if row.name == "getitem":
            return f"{operands[0]}[{params['key']}]"
        function: Any = row.scalar if scalar else row.forward
        return self.applied(function, [bracketed(x) for x in operands], params, row.name)

    def applied(self, function: Any, operands: list[str], params: Mapping[str, Any], row: str) -> str:
        """Return a call of a function, in the plainest way there is."""
        if isinstance(function, functools.partial):
            return self.applied(function.func, operands, {**function.keywords, **params}, row)
        if function in NUMPY_SIGNS and not params:
            return NUMPY_SIGNS[function].format(*operands)
        if inspect.isfunction(function) and function.__name__ == "<lambda>":
            return self.written_out(function, operands, params, row)
        named = ", ".join([*operands, *(f"{name}={python_literal(value)}" for name, value in params.items())])
        return f"{self.mention(function, row)}({named})"

    def mention(self, value: Any, row: str) -> str:
        """Return how a global of a function is source in the program, making sure that it is there."""
        if isinstance(value, ModuleType):
            name = {"numpy": "np"}.get(value.__name__, value.__name__)
            if name not in IMPORTS:
                raise ValueError(f"`{row}` uses the module {value.__name__}, which a NumPy program does not")
            self.imports.add(name)
            return name
        if isinstance(value, functools._lru_cache_wrapper):  # it remembers what it gave, and computes the same
            value = value.__wrapped__
        if isinstance(value, Op):  # a row that another row's function calls on data
            return self.mention(value.forward, row)
        module, name = getattr(value, "__module__", "") or "", getattr(value, "__name__", "")
        if getattr(builtins, name, None) is value:
            return str(name)
        for short, home in (
            ("math", math),
            ("operator", operator),
            ("np", np),
            ("np.linalg", np.linalg),
            ("np.fft", np.fft),
        ):
            if name and getattr(home, name, None) is value:
                self.imports.add(short.split(".")[0])
                return f"{short}.{name}"
        if inspect.isfunction(value) and name == "<lambda>":
            return f"({ast.unparse(GlobalsRenamed(free_names(value), self, row).visit(lambda_of(value, row)))})"
        if inspect.isfunction(value):
            self.define(value, row)
            return str(name)
        if isinstance(value, np.dtype):
            return f"np.dtype({value.name!r})"
        if isinstance(value, (int, float, str, tuple, np.ndarray, type(None))):
            return python_literal(value)
        raise ValueError(
            f"`{row}` is computed by {value!r:.60} of {module or 'a module'}, which cannot be written as NumPy"
        )

    def define(self, function: Callable[..., Any], row: str) -> None:
        """Copy a function to the top of the program, with all that it mentions."""
        if function in self.definitions:
            return
        self.definitions[function] = ""  # it may mention itself
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        except (OSError, TypeError, SyntaxError):
            raise ValueError(f"`{row}` is computed by {function.__name__}, whose source is not to be had") from None
        body = WithoutAnnotations().visit(tree)
        text = ast.unparse(ast.fix_missing_locations(GlobalsRenamed(free_names(function), self, row).visit(body)))
        del self.definitions[function]
        self.definitions[function] = text  # below what it mentions

    def written_out(
        self, function: Callable[..., Any], operands: list[str], params: Mapping[str, Any], row: str
    ) -> str:
        """Return the body of a lambda with the operands in the place of its parameters."""
        tree = lambda_of(function, row)
        values: dict[str, ast.expr] = {}
        rest = list(operands)
        for argument in tree.args.args:
            if rest:
                values[argument.arg] = expression_of(rest.pop(0))
        if tree.args.vararg:
            values[tree.args.vararg.arg] = ast.Tuple([expression_of(x) for x in rest], ast.Load())
        for name, parameter in inspect.signature(function).parameters.items():
            if name in params:
                values[name] = expression_of(
                    f"np.s_[{params[name]}]" if name == "key" else python_literal(params[name])
                )
            elif name not in values and parameter.default is not parameter.empty:
                values[name] = expression_of(python_literal(parameter.default))
        body = ParametersReplaced(values).visit(tree.body)
        return ast.unparse(GlobalsRenamed(free_names(function), self, row).visit(body))


class WithoutAnnotations(ast.NodeTransformer):
    """Takes annotations and decorators off a function: the program imports nothing that they mention."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        node.returns, node.decorator_list = None, []
        return self.generic_visit(node)


class GlobalsRenamed(ast.NodeTransformer):
    """Spells the globals of a function as the program has them."""

    def __init__(self, known: Mapping[str, Any], source: NumpySource, row: str) -> None:
        self.known = known
        self.source = source
        self.row = row

    def visit_Call(self, node: ast.Call) -> Any:
        args: list[ast.expr] = []
        for x in node.args:  # f(*(x, y)) is f(x, y)
            args += x.value.elts if isinstance(x, ast.Starred) and isinstance(x.value, ast.Tuple) else [x]
        node.args = args
        called = self.known.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if getattr(called, "__module__", "") == "_operator" and called in NUMPY_SIGNS:
            return expression_of(NUMPY_SIGNS[called].format(*map(ast.unparse, args)))
        return self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        row = self.known.get(node.value.id) if isinstance(node.value, ast.Name) else None
        if isinstance(row, Op) and node.attr in ("forward", "scalar"):
            return expression_of(self.source.mention(getattr(row, node.attr), self.row))
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self.known or isinstance(node.ctx, ast.Store):
            return node
        return expression_of(self.source.mention(self.known[node.id], self.row))


class ParametersReplaced(ast.NodeTransformer):
    """Puts operands in the place of a lambda's parameters; an index, which is written as such, needs no filling."""

    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self.values = values

    def visit_Call(self, node: ast.Call) -> Any:
        if isinstance(node.func, ast.Name) and node.func.id == "filled":
            return self.values["key"]
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.values.get(node.id, node)


def free_names(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the objects that the free names of a function refer to, without Python's own."""
    code = function.__code__
    inner = [const for const in code.co_consts if hasattr(const, "co_names")]
    names = {name for part in (code, *inner) for name in (*part.co_names, *part.co_freevars)}
    known = {name: function.__globals__[name] for name in names if name in function.__globals__}
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        known[name] = cell.cell_contents
    return known


def lambda_of(function: Callable[..., Any], row: str) -> ast.Lambda:
    """Return the syntax of a lambda, found in its file by the place of its code."""
    code = function.__code__
    places = [(line, column) for line, _, column, _ in code.co_positions() if line is not None and column is not None]
    places = [place for place in places if place > (code.co_firstlineno, 0)]
    text = "".join(linecache.getlines(code.co_filename))
    found = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Lambda)
        and places
        and (node.lineno, node.col_offset) <= min(places)
        and max(places) <= (node.end_lineno or 0, node.end_col_offset or 0)
    ]
    if not found:
        raise ValueError(f"`{row}` is computed by a lambda whose source is not to be had: define it in a file")
    return max(found, key=lambda node: (node.lineno, node.col_offset))


def expression_of(text: str) -> ast.expr:
    """Return a piece of source as syntax."""
    return ast.parse(text, mode="eval").body


def bracketed(operand: str) -> str:
    """Return an operand so that it can stand in any expression."""
    return f"({operand})" if operand.startswith("-") else operand


def python_literal(value: Any) -> str:
    """Return a keyword parameter as it is written in Python."""
    if isinstance(value, (np.dtype, type)):
        return f"np.{np.dtype(value).name}" if np.dtype(value) != bool else "bool"
    return repr(value)
