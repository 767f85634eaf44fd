"""The laws of an engine: what any implementation of reverse-mode differentiation on arrays must do.

An engine is a class `Array(data)` with `+`, `*`, `.tanh()`, `.sum()`, `.data`, `.grad`, `.backward()`, `.zero_grad()`,
`.update(rate)` and, of a result, `.pull`: the function from its gradient to those of its inputs. These laws use nothing
of this package, so that they can be asked of an engine that a learner wrote.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import TinygradEduError

LearnersEngine = Any  # a class that a learner wrote
Law = Callable[[LearnersEngine], None]


class LawError(Exception):
    """A law does not hold; the message says what was found."""


def expect(found: Any, right: Any, what: str) -> None:
    """Raise LawError where a gradient is not what it should be."""
    if np.shape(found) != np.shape(right):
        raise LawError(f"{what} has shape {np.shape(found)}, and should have {np.shape(right)}")
    if not np.allclose(found, right, rtol=1e-10):
        raise LawError(f"{what} is {np.asarray(found)}, and should be {np.asarray(right)}")


def chain_rule(engine: LearnersEngine) -> None:
    """A chain of steps multiplies their derivatives."""
    x, y = engine(0.5), engine(3.0)
    (x * y).tanh().backward()
    expect(x.grad, 3 * (1 - np.tanh(1.5) ** 2), "∂tanh(x·y)/∂x")


def both_paths(engine: LearnersEngine) -> None:
    """An operand that is used twice gets the sum of the gradients along both paths."""
    x = engine(3.0)
    (x * x + x).backward()
    expect(x.grad, 7.0, "∂(x·x + x)/∂x at 3")


def after_all_uses(engine: LearnersEngine) -> None:
    """A node hands its gradient on only when everything that used it has handed its share back."""
    x = engine(0.5)
    y = x * x
    z = y * y
    (z * y + z).backward()
    expect(x.grad, 6 * 0.5**5 + 4 * 0.5**3, "∂(x⁶ + x⁴)/∂x at 0.5")


def own_shape(engine: LearnersEngine) -> None:
    """A gradient has the shape of what it is the gradient of."""
    w, b = engine(np.arange(12.0).reshape(4, 3)), engine([1.0, 2.0, 3.0])
    (w + b).sum().backward()
    expect(b.grad, [4.0, 4.0, 4.0], "∂Σ(w + b)/∂b")


def fresh_start(engine: LearnersEngine) -> None:
    """After zero_grad() the next backward() gives the gradient, not a sum of gradients."""
    x = engine(3.0)
    for _ in range(2):
        x.zero_grad() if x.grad is not None else None
        (x * engine(2.0)).backward()
    expect(x.grad, 2.0, "∂(2·x)/∂x, the second time")


def twice_is_double(engine: LearnersEngine) -> None:
    """backward() twice on one graph gives every leaf twice its gradient."""
    x = engine(3.0)
    z = (x * x).tanh() * x
    z.backward()
    once = x.grad
    z.backward()
    expect(x.grad, 2 * once, "the gradient after two calls")


def past_is_past(engine: LearnersEngine) -> None:
    """A step of training does not change what an older graph remembers."""
    x, y = engine([1.0, 2.0]), engine([3.0, 4.0])
    older = (x * y).sum()
    (x * x).sum().backward()
    x.update(0.1)
    older.backward()
    expect(y.grad, [1.0, 2.0], "∂Σx·y/∂y of the graph made before the step")


def linear_time(engine: LearnersEngine) -> None:
    """Each node hands back once, however many paths lead through it."""
    calls = 0
    x = y = engine(1.0)
    for _ in range(12):
        y = y + y

        def counted(g: Any, pull: Any = y.pull) -> Any:
            nonlocal calls
            calls += 1
            return pull(g)

        y.pull = counted
    y.backward()
    expect(x.grad, 4096.0, "∂(4096·x)/∂x")
    if calls > 12:
        raise LawError(f"12 additions were gone through {calls:,} times")


LAWS: tuple[Law, ...] = (
    chain_rule,
    both_paths,
    after_all_uses,
    own_shape,
    fresh_start,
    twice_is_double,
    past_is_past,
    linear_time,
)


class EngineFileError(TinygradEduError, ValueError):
    """A file holds no engine."""


def engine_in(path: str | Path) -> LearnersEngine:
    """Return the class `Array` of a file, which is run as Python runs it. Raises EngineFileError where it has none."""
    path = Path(path).resolve()
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise EngineFileError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    if not hasattr(module, "Array"):
        raise EngineFileError(f"{path} has no class Array")
    return module.Array


def broken(engine: LearnersEngine) -> dict[Law, str]:
    """Return the laws that an engine breaks, each with what was found."""
    found = {}
    for law in LAWS:
        try:
            law(engine)
        except LawError as error:
            found[law] = str(error)
        except Exception as error:  # a learner's engine may raise anything
            found[law] = f"it raises {type(error).__name__}: {error}"
    return found


def verdict(engine: LearnersEngine) -> str:
    """Return a line for each law, and beneath a broken one what was found."""
    found, lines = broken(engine), []
    for law in LAWS:
        lines.append(f"{'✗' if law in found else '✓'} {law.__doc__}")
        if law in found:
            lines.append(f"    {found[law]}")
    return "\n".join(lines)
