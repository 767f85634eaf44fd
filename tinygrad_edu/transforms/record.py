"""One recorded call of a function: its arguments, the graph of its result, and the structure of what it returns.

Every transform records its function on fresh nodes. An argument that is a node already goes through the row `identity`,
so that a derivative by it and one by a variable of the same name further out are never taken for each other, and
yet the outer one finds its way through.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from ..core.backprop import history, pull
from ..core.context import ModeContext, mode, tracing
from ..core.node import Grads, Node, data_of, itself, tick
from ..core.tensor import Tensor
from ..core.value import Value
from ..errors import DTypeError, IndependentWarning, NonScalarError, NotDifferentiableError
from ..errors.gradients import no_gradient
from ..errors.where import users_line, warn
from ..ops.shapes import identity
from .trees import leaves, paths, rebuilt

Function = Callable[..., Any]


class Record:
    """A call `f(*args, **named)`, differentiable by the arguments at `positions`.

    inputs: the node that stood for each leaf of those arguments. outputs: each leaf of what `f` returned.
    nested: whether an outer graph may want to differentiate the derivatives; then they must be nodes themselves.
    """

    def __init__(self, f: Function, args: Sequence[Any], named: dict[str, Any], positions: Sequence[int]) -> None:
        expect_function(f)
        outside = mode().recording
        start = tick()
        titles = argument_names(f, args)
        self.f = f
        self.tree = [args[i] for i in positions]
        self.given = leaves(self.tree)
        self.names = [titles[i] + path for i in positions for path, _ in paths(args[i])]
        kinds = {type(x) for x in leaves(list(args))}
        self.of_floats = Value in kinds and not kinds & {Tensor, np.ndarray}  # they do not compute with each other
        with recording():
            pairs = zip(self.given, self.names, strict=True)
            self.inputs: list[Any] = [argument_node(x, name, outside, self.of_floats) for x, name in pairs]
            replaced = dict(zip(positions, rebuilt(self.tree, iter(self.inputs)), strict=True))
            self.result = f(*(replaced.get(i, x) for i, x in enumerate(args)), **named)
        self.outputs = leaves(self.result)
        nodes = history(*[y for y in self.outputs if isinstance(y, Node)], since=start)
        made = [node for node in nodes if node.born > start]
        outer = outside and any(node.requires_grad for node in nodes if node.born < start)
        self.tracer = None if outer else tracing()  # cuts results off that are constants of the function traced
        self.nested = outer or tracing() is not None
        self.order = differentiable_between(self.inputs, made, self.outputs)
        self.path = set(self.order)

    def reader(self, nested: bool) -> Callable[[Any], Any]:
        """Return an operand as rules read it: the node where results are to be nodes, else its data."""
        return itself if nested else Value.operand if self.of_floats else data_of

    def pull(self, seeds: Sequence[Any], nested: bool) -> list[Any]:
        """Return the gradient of each input, given that of each output; None where it is zero."""
        grads: Grads = {}
        for y, seed in zip(self.outputs, seeds, strict=True):
            if seed is not None and y in self.path:
                grads[y] = grads[y] + seed if y in grads else seed
        with recording(), silenced(self.of_floats):
            grads = pull(self.order, grads, self.inputs, self.reader(nested))
        return [grads.get(x) for x in self.inputs]

    def the_number(self, what: str) -> Node:
        """Return the single output. Raises NonScalarError where there are more numbers than one, or none."""
        y = self.result
        if not isinstance(y, (Node, np.ndarray, np.generic, float, int, list, tuple, dict)):
            raise NonScalarError(f"{what} needs one number from {function_name(self.f)}, which returned {y!r:.60}")
        if isinstance(y, (list, tuple, dict)):
            raise NonScalarError(
                f"{what} needs one number from {function_name(self.f)}, which returned a {type(y).__name__} of "
                f"{len(self.outputs)}: return one of them, or use jacobian or vjp"
            )
        if np.size(data_of(y)) != 1:
            raise NonScalarError(
                f"{what} needs one number from {function_name(self.f)}, which returned shape {np.shape(data_of(y))}: "
                "return its .sum() or .mean(), or use jacobian for all derivatives, or vjp to weigh the numbers"
            )
        if np.iscomplexobj(data_of(y)):
            raise DTypeError(
                f"{what} needs a real number from {function_name(self.f)}: return its real part, or its modulus"
            )
        return y  # type: ignore[return-value]  # or a plain number, of which no gradient is ever asked

    def report_independent(self, strict: bool) -> None:
        """Warn of inputs that the result does not depend on; with `strict`, raise NotDifferentiableError."""
        free = [name for name, x in zip(self.names, self.inputs, strict=True) if x not in self.path]
        if not free:
            return
        constants = [y for y in self.outputs if isinstance(y, Node) and not y.requires_grad]
        message = (
            f"the result of {function_name(self.f)} does not depend on {', '.join(f'`{name}`' for name in free)}"
            + (f": {no_gradient(constants[0], history(constants[0]))}" if constants else "")
        )
        if strict:
            raise NotDifferentiableError(message)
        warn(f"{message}; the derivative is zero", IndependentWarning)

    def value(self) -> Any:
        """Return the result of `f`, as nodes where it is nested or was given nodes, else as numbers."""
        return rebuilt(self.result, iter([self.shown(y, data_of(y), self.nested) for y in self.outputs]))

    def shown(self, y: Any, data: Any, nested: bool) -> Any:
        """Return `data` of output `y` in the kind that the arguments suggest; the output itself where it is nested."""
        return self.cut(y) if nested or not isinstance(y, Node) else self.in_kind(y, data)

    def in_kind(self, y: Any, data: Any) -> Any:
        """Return `data`, of the shape of output `y`, in the kind that the arguments suggest."""
        if isinstance(y, Node) and any(isinstance(x, Node) for x in self.given):
            return y.leaf(data)
        if np.ndim(data) == 0:
            plain = all(type(x) is float for x in self.given) and not np.iscomplexobj(data)
            return float(data) if plain else np.asarray(data)[()]
        return np.array(data)

    def cut(self, x: Any) -> Any:
        """Return a node of a function that is traced as the constant that it would be outside of one."""
        return x if self.tracer is None or not isinstance(x, Node) else self.tracer.read(x)

    def moved(self, y: Any, t: Any, nested: bool) -> Any:
        """Return `t`, the tangent of output `y` or None, in the kind of the result."""
        if t is None:
            data = data_of(y) if isinstance(y, Node) else np.asarray(y)
            kind = getattr(data, "dtype", np.dtype(float))
            zero = np.zeros(np.shape(data), np.result_type(kind, np.float16) if kind.kind in "fc" else float)
            t = y.zero() if isinstance(y, Node) and nested else zero
        return self.cut(t) if nested else self.in_kind(y, t)

    def returned(self, grads: Sequence[Any], nested: bool) -> list[Any]:
        """Return a gradient for each input, in the kind in which that was given, built as the arguments were."""
        return list(rebuilt(self.tree, iter([self.kind(i, g, nested) for i, g in enumerate(grads)])))

    def kind(self, i: int, g: Any, nested: bool) -> Any:
        """Return `g`, a gradient of the i-th input or None, in the kind in which that was given."""
        x = self.inputs[i]
        if nested:
            return self.cut(x.zero() if g is None else g)
        return result_like(self.given[i], np.zeros_like(data_of(x)) if g is None else g)


def argument_node(x: Any, name: str, outside: bool, of_floats: bool) -> Node:
    """Return the node that stands for argument `x`.

    outside: whether a graph around the transform is recorded. of_floats: whether a float is to be a Value, because
    other arguments are, rather than a tensor of one number.
    """
    if isinstance(x, Node):
        if isinstance(x, Tensor) and x.dtype.kind not in "fc":
            raise integer(name, x.dtype)
        if (x.requires_grad and outside) or tracing() is not None:
            node: Node = identity(x)
            node._requires_grad = True
        else:
            node = standing_for(name, x.leaf(x._data))
            node.requires_grad = True
        if x.label:
            node.label = x.label
        return node
    if isinstance(x, (float, complex, np.ndarray, np.generic)):
        if np.asarray(x).dtype.kind in "biu":
            raise integer(name, np.asarray(x).dtype)
        return standing_for(name, Value(x) if of_floats and type(x) is float else Tensor(x, requires_grad=True))
    if isinstance(x, int):
        raise integer(name, type(x).__name__)
    raise DTypeError(f"cannot differentiate by `{name}`, which is {x!r:.60}: only by numbers, arrays and nodes")


def standing_for(name: str, leaf: Node) -> Node:
    """Return a leaf marked as an argument by which a function is differentiated: its graph must not be cut."""
    leaf.params = {"stands for": name}
    return leaf


def integer(name: str, dtype: Any) -> DTypeError:
    """Return the error for an argument of whole numbers."""
    return DTypeError(
        f"cannot differentiate by `{name}` of type {dtype}: integers can't carry gradients; "
        "write 1.0 instead of 1, use .astype(float), or leave it out of argnums"
    )


def result_like(given: Any, data: Any) -> Any:
    """Return `data` in the kind of `given`; an array where it has become more than one number."""
    if isinstance(given, Value) and np.ndim(data) == 0:
        return Value(float(data), requires_grad=False)
    if isinstance(given, Node):
        return Tensor(data, requires_grad=False)
    if isinstance(given, np.ndarray) or np.ndim(data) > 0:
        return np.array(data)
    return float(data) if type(given) is float and not np.iscomplexobj(data) else np.asarray(data)[()]


def differentiable_between(inputs: Sequence[Node], made: Sequence[Node], outputs: Sequence[Any]) -> list[Node]:
    """Return the nodes through which the derivative of an output by an input passes, ends included, oldest first."""
    below = set(inputs)
    for z in made:
        if any(x in below for x in differentiable_operands(z)):
            below.add(z)
    above = {y for y in outputs if isinstance(y, Node)}
    for z in reversed(made):
        if z in above and z in below:
            above.update(differentiable_operands(z))
    return [node for node in made if node in above and node in below]


def differentiable_operands(z: Node) -> Iterator[Node]:
    """Yield the operands by which `z` has a derivative."""
    if z.op is not None:
        for x, rule in zip(z.inputs, z.op.rules, strict=False):
            if isinstance(x, Node) and rule is not None:
                yield x


def recording() -> AbstractContextManager[None]:
    """Record here, also inside `no_grad`, which is about the caller's graph."""
    return nullcontext() if mode().recording else ModeContext(recording=True)


def silenced(wanted: bool) -> AbstractContextManager[Any]:
    """Compute poles and overflows without NumPy's warnings."""
    return np.errstate(all="ignore") if wanted else nullcontext()


def expect_function(f: Any) -> None:
    """Raise TypeError for what is no function: a result, as users of other libraries hand it to their `grad`."""
    if not callable(f):
        raise TypeError(
            f"a function is differentiated, not {f!r:.60}: write grad(f)(x), not grad(f(x)); the gradients of a node z "
            f"are gradients(z, [x]) (at {users_line()})"
        )


def function_name(f: Function) -> str:
    """Return the name of a function for messages."""
    name = getattr(f, "__name__", type(f).__name__)
    return "the function" if name == "<lambda>" else f"`{name}`"


def argument_names(f: Function, args: Sequence[Any]) -> list[str]:
    """Return the names that `f` gives its positional arguments."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (ValueError, TypeError):  # functions written in C may have none
        parameters = []
    known = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [known[i] if i < len(known) else f"argument {i}" for i in range(len(args))]


def as_arguments(f: Function, x: Any, before: int = 0) -> tuple[Any, ...]:
    """Return `x` as the arguments of `f` from the one at `before` on: a tuple of as many as it requires, or `x`."""
    if not isinstance(x, tuple):
        return (x,)
    if isinstance(f, np.ufunc):
        return x if len(x) == f.nin - before else (x,)
    try:
        parameters = inspect.signature(f).parameters.values()
    except (ValueError, TypeError):
        return x
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = sum(p.default is p.empty for p in positional) - before
    takes_any = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    return x if required == len(x) or (takes_any and required <= len(x)) else (x,)
