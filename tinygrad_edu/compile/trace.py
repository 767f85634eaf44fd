"""The trace: a function is run once on nodes, which records its operations, its reads and its changes of state.

While a trace holds, `data`, `grad`, `assign` and `backward` of leaves are answered here, with nodes instead of
numbers; so a whole training step becomes one graph. State from outside becomes a `CapturedInput`, which is read again
at every call of the program; a change of it becomes an `Effect`. When the trace ends, everything is as it was before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.backprop import history, pull
from ..core.context import ModeContext, mode, no_grad
from ..core.inplace import version_before
from ..core.node import Node, itself, tick
from ..core.sealed import Sealed
from ..core.tensor import Tensor
from ..core.value import Value
from ..errors import CompileError, DTypeError, InplaceError, ShapeError, StaleGraphError
from ..errors.gradients import stale_graph
from ..errors.where import users_line
from ..numpy_api.joining import array
from ..ops import indexing, shapes
from ..transforms.trees import leaves
from .optimizer_steps import OptimizerSteps
from .outside import CapturedInput, Effect
from .plain_numbers import PLAIN_KIND, PlainNumbers, numbers_here
from .refusal import asked_for_numbers
from .vectorize.bulk_io import ELEMENT, element
from .vectorize.vectorizer import Vectorizer, nodes_with_gradient

VIEWS = (indexing.getitem, shapes.reshape, shapes.transpose, shapes.mT, shapes.flip)


@dataclass
class Trace:
    """Everything that one run of a function has read and changed."""

    arguments: dict[Node, int] = field(default_factory=dict)  # by the leaf that stands for one
    rngs: dict[int, tuple[Any, Any]] = field(default_factory=dict)  # generators drawn from, and their state before
    captured: dict[Node, CapturedInput] = field(default_factory=dict)  # by the leaf that stands for the place
    versions: dict[Node, list[tuple[int, Node]]] = field(default_factory=dict)  # what was assigned, and when
    before: dict[Node, tuple[Any, ...]] = field(default_factory=dict)  # changed leaves as they were
    unset: dict[Node, bool] = field(default_factory=dict)  # leaves whose gradient was asked for: was there none?
    values: dict[Node, Any] = field(default_factory=dict)  # by the tensor of one number that meets a Value
    parts: dict[Node, tuple[Any, Any]] = field(default_factory=dict)  # of tensors: of what, and which elements
    graded: set[Node] = field(default_factory=set)  # leaves whose gradient was set or added to, or forgotten
    asked: set[Node] = field(default_factory=set)  # arguments of which the function looks at the gradient
    made: list[Node] = field(default_factory=list)  # all nodes that were computed
    roots: list[Node] = field(default_factory=list)  # nodes on which backward() was called
    seeds: dict[Node, Any] = field(default_factory=dict)  # the gradients of these that began it; None: not constant
    reached: dict[Node, list[Node]] = field(default_factory=dict)  # the leaves that each of them was computed from
    outcomes: list[tuple[Any, bool]] = field(default_factory=list)  # of tests, in order, and what they gave
    finite: set[int] = field(default_factory=set)  # ids of owners that may not become NaN or infinite
    effects: list[Effect] = field(default_factory=list)
    plain: PlainNumbers = field(default_factory=PlainNumbers)  # nodes in whose place eager code has plain numbers
    refusal: CompileError | None = None  # the last one that was raised, for code that catches it
    started: int = 0
    returned: int = 0  # how many gradients of arguments there are
    numbered: int = 0  # how many arguments there are, those included that are nodes from outside

    def begin(self) -> ModeContext:
        """Return the mode in which everything is recorded here; only a `with` statement ends a mode at every fault."""
        self.started, self.vectorizer, self.optimizers = tick(), Vectorizer(self), OptimizerSteps(self)
        self.float_errors = np.geterr()
        numbers_here.set(self.plain)
        self.switch = ModeContext(tracer=self, recording=True, forward_hook=self.take, backward_hook=None)
        return self.switch

    def end(self) -> None:
        """Note what changed outside, and put it back as it was."""
        self.plain.end()
        numbers_here.set(None)
        for leaf, (data, grad, born) in self.before.items():
            if leaf in self.versions:
                self.effects.append(Effect("_raw", leaf, (self.versions[leaf][-1][1],), ("{}._raw",)))
            if leaf._slope is None and leaf in self.graded:
                self.effects.append(Effect("_slope", leaf, ()))
            elif leaf._slope is not grad:
                self.effects.append(Effect("_slope", leaf, (leaf._slope,), ("{}._slope",)))
            leaf._raw, leaf._slope, leaf.born = data, grad, born
        for rng, drawn_from in self.rngs.values():
            rng.bit_generator.state = drawn_from
        self.effects += self.optimizers.state.values()

    def forget(self) -> None:
        """Let go of everything, so that its memory is free at once: a trace and its parts refer to each other."""
        vars(self).clear()

    def take(self, node: Node) -> None:
        """Note a node that was computed. Raises CompileError where NumPy's error state decides what comes next."""
        self.made.append(node)
        if type(node._raw) is float:
            return
        now = np.geterr()
        if now != self.float_errors and not {"raise", "call"}.isdisjoint(now.values()):
            self.refusal = CompileError(
                "np.errstate makes errors of numbers inside a compiled function, and a program computes under the "
                f"error state of its caller: put `with np.errstate(…):` around the call (at {users_line()})"
            )
            raise self.refusal

    # What is read ----------------------------------------------------------------------------------------------

    def capture(self, kind: type[Node], place: str, owner: Any, name: str, data: Any, entry: Any = None) -> Any:
        """Return a new leaf that stands for the numbers at `place`, which are `data` now."""
        leaf: Node = object.__new__(PLAIN_KIND.get(kind, kind))
        leaf._raw = data
        leaf.remember(None, (), {}, False)
        self.captured[leaf] = CapturedInput(place, owner, name, entry)
        return leaf

    def latest(self, node: Node) -> Node:
        """Return what was last assigned to a leaf; any other node itself."""
        return self.versions[node][-1][1] if node in self.versions else node

    def read(self, node: Node) -> Any:
        """Return what `.data` of a node is: its numbers, cut off from the graph."""
        if not mode().recording:  # entering a mode takes longer than making a node
            return self.plain.add(shapes.identity(node))
        with no_grad():
            return self.plain.add(shapes.identity(node))

    def cut(self, node: Node) -> Any:
        """Return a node's numbers, cut off from the graph; of an element of an array, which is, itself."""
        return node if node.op is ELEMENT else self.read(node)

    def as_value(self, x: Any) -> Any:
        """Return a node that stands for one number as the `Value` that this number would be an operand of.

        Raises DTypeError where it is more numbers than one, or needs a gradient.
        """
        if np.size(x._raw) != 1 or x._requires_grad:
            raise DTypeError(
                f"{x.title} cannot be an operand of a Value: only nodes of one kind compute with each other; make both "
                f"tensors, as in Tensor(v.data), or both Values (at {users_line()})"
            )
        for z in history(x):
            if z not in self.values and isinstance(z, Tensor) and np.size(z._raw) == 1:
                self.values[z] = self.alone(z)
        return self.values[x]

    def alone(self, x: Any) -> Any:
        """Return a tensor of one number as a `Value`: computed as one, if it was computed from single numbers."""
        single = all(y in self.values for y in x.inputs if isinstance(y, Node))
        if x.op is None or x.op in VIEWS or not (single and x.op.scalar) or x.dtype not in (float, int):
            base, places = self.located(x)
            return element(base, int(places.flat[0]))
        with no_grad():
            return x.op(*(self.values.get(y, y) if isinstance(y, Node) else y for y in x.inputs), **x.params)

    def joined(self, data: Any) -> Any:
        """Return nested lists of numbers as one tensor, where some of these numbers differ from call to call."""
        if not any(isinstance(x, Node) for x in leaves(data)):
            return data
        with no_grad():
            return array(data)

    def located(self, x: Any) -> tuple[Any, Any]:
        """Return the array of which a tensor is a part, and the place there of each of its elements."""
        if x not in self.parts:
            if x.op in VIEWS and len(x.inputs) == 1:
                base, places = self.located(x.inputs[0])
                self.parts[x] = base, x.op.forward(places, **x.params)
            else:
                self.parts[x] = x, np.arange(np.size(x._raw)).reshape(np.shape(x._raw))
        return self.parts[x]

    def grad(self, leaf: Node) -> Any:
        """Return what `.grad` of a leaf is: a node, or None."""
        if leaf in self.arguments:
            self.asked.add(leaf)
        return self.plain.add(self.grad_so_far(leaf))

    def grad_so_far(self, leaf: Node) -> Any:
        """Return the gradient of a leaf as a node, or None. Whether it is None must stay so, if a call begins so."""
        if leaf not in self.graded and leaf not in self.unset:
            self.unset[leaf] = leaf._slope is None
        if leaf._slope is not None and not isinstance(leaf._slope, Node):
            self.touch(leaf)
            leaf._slope = self.capture(type(leaf), "{}._slope", leaf, "grad", leaf._slope)
        return leaf._slope

    def draw(self, rng: Any, shape: tuple[int, ...]) -> Any:
        """Return random numbers from [0, 1) that the program draws anew at every call."""
        self.rngs.setdefault(id(rng), (rng, rng.bit_generator.state))
        return self.capture(Tensor, f"{{}}.random({shape})", rng, "drawn", rng.random(shape))

    def refuse(self, node: Node) -> None:
        """Raise CompileError: Python wants to see a number of which the program knows only how to compute it."""
        self.refusal = asked_for_numbers(node)
        raise self.refusal

    def truth(self, node: Node) -> bool:
        """Return whether a node is true, which way the function goes from here; another way is another program."""
        outcome = bool(node._raw)
        self.outcomes.append((self.read(node), outcome))
        return outcome

    def sealed(self, node: Node) -> Sealed:
        """Return what `_data` of a node is: its shape and dtype, without numbers."""
        return Sealed(node, self.refuse)

    # What is changed -------------------------------------------------------------------------------------------

    def touch(self, leaf: Node) -> None:
        """Note how a leaf was before its first change."""
        if leaf.op is not None:
            raise InplaceError(f"{leaf.title} was computed at {leaf.where} and cannot be assigned: only leaves can")
        self.before.setdefault(leaf, (leaf._raw, leaf._slope, leaf.born))

    def as_node(self, leaf: Node, new: Any) -> Any:
        """Return new data of a leaf as a node of the leaf's kind, shape and dtype."""
        node = new if isinstance(new, Node) else leaf.leaf(new)
        if np.shape(node._raw) != np.shape(leaf._raw):
            raise ShapeError(
                f"an array of shape {np.shape(node._raw)} cannot become the data of {leaf.title}, "
                f"of shape {np.shape(leaf._raw)} (at {users_line()})"
            )
        if isinstance(leaf._raw, np.ndarray) and node._raw.dtype != leaf._raw.dtype:
            node = shapes.astype(node, dtype=leaf._raw.dtype)
        return self.cut(node)

    def assign(self, leaf: Node, new: Any) -> None:
        """Record an assignment to a leaf."""
        self.touch(leaf)
        node = self.as_node(leaf, new)
        self.versions.setdefault(leaf, []).append((tick(), node))
        leaf._raw, leaf.born = node._raw, tick()

    def setitem(self, leaf: Node, key: Any, arrays: Any, value: Any) -> bool:
        """Take `leaf[key] = value` as an assignment, if the leaf is from outside; return whether it is."""
        if leaf.op is not None or (self.is_own(leaf) and leaf not in self.arguments):
            return False
        if leaf in self.arguments:
            raise CompileError(
                f"argument {self.arguments[leaf]} is written into at {users_line()}, and a compiled function changes "
                "no numbers of its arguments: change a copy, as in u = +x; u[…] = …, and return that"
            )
        if isinstance(value, Node) and value._requires_grad and mode().recording:
            raise CompileError(
                f"{leaf.title}[…] = … at {users_line()} would make a tensor from outside a part of the compiled "
                "function's graph: write value.detach(), or change a copy and return that"
            )
        with no_grad():
            self.assign(leaf, leaf.make(indexing.setitem, (leaf, value, *arrays), {"key": key}))
        return True

    def is_own(self, leaf: Node) -> bool:
        """Return whether a leaf was made by the function, not outside of it."""
        born = self.before[leaf][2] if leaf in self.before else leaf.born
        return born >= self.started

    def version_before(self, node: Node) -> Node:
        """Return a node that is what `node` is now: of a leaf, what was assigned to it last."""
        if node in self.versions:
            return self.versions.pop(node)[-1][1]
        old: Node = version_before(node)
        if node in self.captured:
            self.captured[old] = self.captured[node]
        self.made.append(old)
        return old

    def set_grad(self, leaf: Node, new: Any) -> None:
        """Take what becomes the gradient of a leaf."""
        self.touch(leaf)
        self.graded.add(leaf)
        leaf._slope = None if new is None else self.as_node(leaf, new)

    def backward(self, root: Node, seed: Any) -> None:
        """Add the gradients of the leaves, as nodes."""
        self.roots.append(root)
        start = seed if isinstance(seed, Node) else root.leaf(root.seed(seed))
        self.seeds[root] = None if isinstance(seed, Node) else start._raw
        found = self.gradients(root, start)
        self.reached[root] = [*found]
        for leaf, gradient in found.items():
            before, g = self.grad_so_far(leaf), self.cut(gradient)
            self.graded.add(leaf)
            self.touch(leaf)
            with no_grad():
                leaf._slope = g if before is None else before + g

    def seed_of(self, node: Node) -> Any:
        """Return the gradient of the only node on which backward() was called; None of any other."""
        return self.seeds.get(node) if len(self.roots) == 1 else None

    def gradients(self, root: Node, start: Node) -> dict[Any, Any]:
        """Return the gradients of the leaves: of a large graph of scalars, by way of the arrays that they become."""
        if type(root) is Value:
            walk = self.vectorizer.walk([root, start])
            path = nodes_with_gradient(root, walk.nodes) if walk.stale else ()
            for z, x in walk.stale:
                if z in path:
                    raise StaleGraphError(stale_graph(z, x))
            if (found := self.vectorizer.backward(root, start, walk)) is not None:
                return found
        order = [node for node in history(root) if node._requires_grad]
        grads = pull(order, {root: start}, (), itself)
        return {leaf: grads[leaf] for leaf in order if leaf.op is None and leaf in grads}

    def taken(self, arguments: Iterable[Node]) -> dict[Node, Node]:
        """Return the gradients of arguments, which are no effects: at each call they belong to another node.

        Nor is anything an effect that a call does to leaves of its own.
        """
        grads = {
            e.owner: e.results[0] for e in self.effects if e.places == ("{}._slope",) and e.owner in set(arguments)
        }
        self.returned = len(grads)
        own = {leaf for leaf in self.before if leaf.born >= self.started}
        self.effects = [effect for effect in self.effects if effect.owner not in own]
        self.unset = {leaf: unset for leaf, unset in self.unset.items() if leaf not in own}
        return grads

    def step(self, optimizer: Any, on_nonfinite: str) -> None:
        """Take the step of an optimiser."""
        self.optimizers.step(optimizer, on_nonfinite)

    def steps_of(self, optimizer: Any) -> Any:
        """Return how many steps an optimiser has taken, as a node."""
        return self.plain.add(self.optimizers.steps_of(optimizer))

    def rate_of(self, group: Any) -> Any:
        """Return the rate of a group of parameters as a node; none may be set inside a program."""
        return self.plain.add(self.optimizers.rate_of(group))
