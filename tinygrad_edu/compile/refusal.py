"""The error for code that asks for numbers of a traced function; it names the function that asks, and the line."""

from __future__ import annotations

import sys
from types import FrameType

from ..core.node import Node
from ..errors import CompileError
from ..errors.where import package_files


def asked_for_numbers(node: Node) -> CompileError:
    """Return the error that says who asks for the numbers of a node, and where."""
    called, frame = None, sys._getframe(1)
    while is_library(frame) and frame.f_back is not None:
        called, frame = frame, frame.f_back
    return CompileError(
        f"{node.title} (made at {node.where}) was turned into a plain number or used in a test{asking(called)} at "
        f"{frame.f_code.co_filename}:{frame.f_lineno}, while compile() traces the function: the program would keep "
        "what holds for this data only. Use tinygrad_edu.where(condition, a, b) instead of if, return the tensor and "
        "look at it outside, or leave this part out of the compiled function"
    )


def is_library(frame: FrameType) -> bool:
    """Return whether a frame runs this package's code or NumPy's."""
    return package_files[frame.f_code.co_filename] or frame.f_globals.get("__name__", "").partition(".")[0] == "numpy"


def asking(called: FrameType | None) -> str:
    """Return by which function of NumPy or of this package the user's code asks; "" where Python itself does."""
    if called is None:
        return ""
    name, module = called.f_code.co_name, called.f_globals.get("__name__", "")
    if name == "__array_function__":  # NumPy asks a tensor to answer for one of its functions
        name, module = called.f_locals["function"].__name__, called.f_locals["function"].__module__
    if name.startswith("_"):
        return ""
    return f" by {'np.linalg.' if 'linalg' in module else 'np.' if module.startswith('numpy') else ''}{name}()"
