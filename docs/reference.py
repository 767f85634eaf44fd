"""The reference: every public name of a module, from what the name itself says.

A page lists them as a code block ```` ```{public} MODULE ````, with the names on its lines, or none for all of them.
"""

from __future__ import annotations

import importlib
import inspect
import re
from types import ModuleType
from typing import Any

from tinygrad_edu.core.node import Node

BLOCK = re.compile(r"^```\{public\} (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INNER = """accepts allow_gradient as_data copy_in_graph keeps_interior_gradients leaf make number numbers
numeric_context operand remember seed subclassed title unbroadcast without_aliases"""  # of nodes: for the engine only
CODE = re.compile(r"(`[^`]*`)")
MARKS = re.compile(r"([*|_\\])")  # of reStructuredText, in text that is plain


def completed(text: str) -> str:
    """Return a page with each list of public names replaced by their documentation."""
    return BLOCK.sub(lambda found: documented(found[1], found[2].split()), text)


def public(module: ModuleType) -> list[str]:
    """Return the names that a module makes public."""
    listed = getattr(module, "__all__", None)
    if listed is None:
        defined = [name for name, each in vars(module).items() if getattr(each, "__module__", "") == module.__name__]
        listed = [name for name in defined if not name.startswith("_")]
    return [name for name in sorted(listed, key=str.lower) if not isinstance(getattr(module, name), ModuleType)]


def documented(path: str, names: list[str]) -> str:
    """Return the documentation of names of a module, in reStructuredText within Markdown."""
    module = importlib.import_module(path)
    entries = "\n".join(entry(f"{path}.{name}", getattr(module, name)) for name in names or public(module))
    return f"```{{eval-rst}}\n{entries}\n```"


def entry(path: str, thing: Any) -> str:
    """Return the entry of one name: read by autodoc where Python knows its signature, else from its docstring."""
    if inspect.isclass(thing):
        inherited = f"   :inherited-members:\n   :exclude-members: {', '.join(INNER.split())}\n"
        return f".. autoclass:: {path}\n   :members:\n{inherited if issubclass(thing, Node) else ''}"
    if inspect.isfunction(thing):
        return f".. autofunction:: {path}\n"
    if (operands := getattr(thing, "text", "").count("{}")) or hasattr(thing, "rules"):  # a row of the table
        lines = [f".. py:function:: {path}({', '.join('xyzuvw'[:operands])})"]
    else:
        lines = [f".. py:data:: {path}"]
    said = (inspect.getdoc(thing) or "").splitlines()
    as_restructured_text(said)
    return "\n".join([*lines, "", *(f"   {line}" for line in said), ""])


def as_restructured_text(*arguments: Any) -> None:
    """Make reStructuredText of a docstring, in place: marks in plain words are escaped, transcripts left as they are.

    arguments: Sphinx's, of which the last is the list of lines.
    """
    lines: list[str] = arguments[-1]
    written, inside = [], False
    for line in lines:
        if not line.strip():
            inside = False
        elif line.lstrip().startswith(">>>"):
            inside = True
        elif line.startswith("    ") and not inside and not (written and written[-1].strip()):
            written += ["::", ""]  # an indented block is code
            inside = True
        parts = [line] if inside else CODE.split(line)
        written.append("".join(part if inside or part[:1] == "`" else MARKS.sub(r"\\\1", part) for part in parts))
    lines[:] = written
