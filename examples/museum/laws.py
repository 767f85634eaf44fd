"""The laws of an engine. `python laws.py exhibit.py` says which of them it breaks; repair it until it breaks none."""

import importlib.util
import sys
from pathlib import Path

import numpy as np


class LawError(Exception):
    """A law does not hold; the message says what was found."""


def expect(found, right, what):
    """Raise LawError where a gradient is not what it should be."""
    if np.shape(found) != np.shape(right):
        raise LawError(f"{what} has shape {np.shape(found)}, and should have {np.shape(right)}")
    if not np.allclose(found, right, rtol=1e-10):
        raise LawError(f"{what} is {np.asarray(found)}, and should be {np.asarray(right)}")


def chain_rule(Array):  # noqa: N803  # the engine's class
    """A chain of steps multiplies their derivatives."""
    x, y = Array(0.5), Array(3.0)
    (x * y).tanh().backward()
    expect(x.grad, 3 * (1 - np.tanh(1.5) ** 2), "∂tanh(x·y)/∂x")


def both_paths(Array):  # noqa: N803
    """What is used twice gets the sum of what comes back along both paths."""
    x = Array(3.0)
    (x * x + x).backward()
    expect(x.grad, 7.0, "∂(x·x + x)/∂x at 3")


def after_all_uses(Array):  # noqa: N803
    """A node hands its gradient on only when everything that used it has handed its share back."""
    x = Array(0.5)
    y = x * x
    z = y * y
    (z * y + z).backward()
    expect(x.grad, 6 * 0.5**5 + 4 * 0.5**3, "∂(x⁶ + x⁴)/∂x at 0.5")


def own_shape(Array):  # noqa: N803
    """A gradient has the shape of what it is the gradient of."""
    w, b = Array(np.arange(12.0).reshape(4, 3)), Array([1.0, 2.0, 3.0])
    (w + b).sum().backward()
    expect(b.grad, [4.0, 4.0, 4.0], "∂Σ(w + b)/∂b")


def fresh_start(Array):  # noqa: N803
    """After zero_grad() the next backward() gives the gradient, not a sum of gradients."""
    x = Array(3.0)
    for _ in range(2):
        x.zero_grad() if x.grad is not None else None
        (x * Array(2.0)).backward()
    expect(x.grad, 2.0, "∂(2·x)/∂x, the second time")


def twice_is_double(Array):  # noqa: N803
    """backward() twice on one graph gives every leaf twice its gradient."""
    x = Array(3.0)
    z = (x * x).tanh() * x
    z.backward()
    once = x.grad
    z.backward()
    expect(x.grad, 2 * once, "the gradient after two calls")


def past_is_past(Array):  # noqa: N803
    """A step of training does not change what an older graph remembers."""
    x, y = Array([1.0, 2.0]), Array([3.0, 4.0])
    older = (x * y).sum()
    (x * x).sum().backward()
    x.update(0.1)
    older.backward()
    expect(y.grad, [1.0, 2.0], "∂Σx·y/∂y of the graph made before the step")


def linear_time(Array):  # noqa: N803
    """Each node hands back once, however many paths lead through it."""
    calls = 0
    x = y = Array(1.0)
    for _ in range(12):
        y = y + y

        def counted(g, pull=y.pull):
            nonlocal calls
            calls += 1
            return pull(g)

        y.pull = counted
    y.backward()
    expect(x.grad, 4096.0, "∂(4096·x)/∂x")
    if calls > 12:
        raise LawError(f"12 additions were gone through {calls:,} times")


LAWS = (chain_rule, both_paths, after_all_uses, own_shape, fresh_start, twice_is_double, past_is_past, linear_time)


def engine(path):
    """Return the class `Array` of a file."""
    path = Path(path).resolve()
    sys.path.insert(0, str(path.parent))
    try:
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module.Array


def broken(Array):  # noqa: N803
    """Return what each broken law found, by law."""
    found = {}
    for law in LAWS:
        try:
            law(Array)
        except LawError as error:
            found[law] = str(error)
        except (ValueError, TypeError, AttributeError) as error:
            found[law] = f"it raises {type(error).__name__}: {error}"
    return found


def main(path):
    """Print which laws hold, and return the exit status: 1 if one is broken."""
    found = broken(engine(path))
    for law in LAWS:
        print("✗" if law in found else "✓", law.__doc__)
        if law in found:
            print("   ", found[law])
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
