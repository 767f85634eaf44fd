"""One traced program: the function for one kind of arguments and one state of the objects that it can name."""

from __future__ import annotations

from collections.abc import Callable
from operator import is_
from typing import Any

from ..core.backprop import history
from ..core.commit import commit
from ..core.node import Node, born
from ..core.tensor import Tensor
from ..core.value import Value
from ..errors import CompileError
from ..errors.gradients import leaked_tracer
from ..errors.where import users_line
from ..transforms.trees import leaves, rebuilt
from .backends import Backend
from .builtin_extremes import record_extremes, restore_extremes
from .positions import restored_states, state_of
from .reachable import Reachable
from .results import Output
from .signature import Signature, is_read_anew, numeric, refuse_odd_arguments
from .trace import Trace
from .vectorize.outputs import vectorize_outputs

LONG_TRACE = 10_000  # nodes of a trace, from which on a comparison would make the first call a third longer


def refuse_leaked(node: Node) -> Any:
    """Raise CompileError: a node kept from a trace stands for the numbers of every call, and so has none."""
    title: Any = Node.title
    raise CompileError(leaked_tracer(title.fget(node), node.where))


class LeakedValue(Value, stand_in=True):
    """A Value that was kept from a trace. Neither its name nor its number can be had."""

    __slots__ = ()
    title = _raw = property(refuse_leaked)


class LeakedTensor(Tensor):
    """A Tensor that was kept from a trace. Neither its name nor its numbers can be had."""

    __slots__ = ()
    title = _raw = property(refuse_leaked)


LEAKED: dict[type[Node], type[Node]] = {Value: LeakedValue, Tensor: LeakedTensor}
for _kind, _leaked in LEAKED.items():
    _leaked.__name__ = _kind.__name__  # which messages show


class Specialization:
    """A program, and the conditions under which it computes the same as the function.

    call: the signature of calls that it serves. reach: what the function can name. fixed: see `Signature`.
    backend: makes a program of what was traced, and runs it.
    Raises CompileError where the function does what a program cannot; then all that can be put back is.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        call: Signature,
        args: Any,
        kwargs: Any,
        reach: Reachable,
        fixed: bool,
        backend: Backend,
    ) -> None:
        self.fixed = fixed
        self.key, self.objects, self.name = call.key, call.objects, getattr(function, "__name__", "the function")
        refuse_odd_arguments(args, kwargs)
        trace = Trace()
        arguments = trace.arguments
        stand_ins: dict[int, Any] = {}

        def stand_in(x: Any) -> Any:
            if not is_read_anew(x):
                return x
            i = trace.numbered
            trace.numbered += 1
            if isinstance(x, Node):
                if id(x) in reach.nodes:
                    return x  # the function can name it: it is read and written as that very node
                if id(x) in stand_ins:
                    return stand_ins[id(x)]
                leaf = stand_ins[id(x)] = x.leaf(x._raw)
                leaf._requires_grad, leaf.label = x._requires_grad, x.label
            else:
                leaf = object.__new__(Tensor)
                leaf._raw = x
                leaf.remember(None, (), {}, False)
                trace.plain.add(leaf)
            arguments[leaf] = i
            return leaf

        try:
            with trace.begin():
                record_extremes(trace)
                given, named = self.replaced(list(args), stand_in), self.replaced(kwargs, stand_in)
                output = function(*given, **named)
                if trace.refusal is not None:
                    raise trace.refusal  # the function has caught it, and gone on without the number
            trace.end()
            restore_extremes(trace)  # before Python's state is compared, of which they are a part
            self.refuse_moved_state(reach)
        except BaseException as error:
            trace.end()
            reach.restore()
            if isinstance(error, Exception) and trace.refusal not in (None, error):
                raise trace.refusal from error
            raise
        finally:
            restore_extremes(trace)
        self.reach = reach
        for leaf in arguments:
            if leaf in trace.before and leaf not in trace.unset:
                raise CompileError(
                    f"argument {arguments[leaf]} of {self.name} is assigned inside "
                    "of it, and a compiled function changes no numbers of its arguments: return the new ones, or use "
                    f"the tensor from outside of the function, as parameters are (at {users_line()})"
                )
        graphs = graphs_from_outside(trace)
        self.sources = [x for x in graphs if x.op is None]  # of graphs from outside, which are no more once one is set
        self.ages = [*map(born, self.sources)]
        refuse_stale(graphs, self.name)
        self.asked = [arguments[leaf] for leaf in trace.asked]
        grads = trace.taken(arguments)
        self.graded = [arguments[leaf] for leaf in grads]
        outside = lambda x: is_from_outside(x, trace, reach)  # noqa: E731  # as the others are given
        self.output = Output(output, trace.arguments.get, outside, trace.seed_of, self.name)
        computed = [trace.latest(x) for x in self.output.computed]
        self.from_outside, self.from_arguments = sources(trace, computed)
        self.takes_nodes = bool(self.graded or self.asked or self.from_arguments or self.output.numbers)
        self.executable = backend(trace, vectorize_outputs(trace, computed + list(grads.values())))
        self.generators = [rng for rng, _ in trace.rngs.values()]
        self.is_heard = reach.speaks()
        self.tests = [f"{node.where}" for node, _ in trace.outcomes]
        self.left = int(
            len(trace.made) > LONG_TRACE
        )  # calls until the next comparison: of so many nodes the second call's
        self.since = 0  # calls since the last one
        for node in (*trace.made, *arguments):
            del node._raw
            node.__class__ = LEAKED[type(node)]
        trace.forget()

    def replaced(self, arguments: Any, stand_in: Callable[[Any], Any]) -> Any:
        """Return a list or dict of arguments with what stands for each number; fixed floats are themselves."""
        items = arguments.items() if isinstance(arguments, dict) else enumerate(arguments)
        for key, x in [*items]:
            if not (self.fixed and type(x) is float):
                arguments = type(arguments)(arguments)
                arguments[key] = rebuilt(x, iter([stand_in(part) for part in leaves(x)]))
        return arguments

    def refuse_moved_state(self, reach: Reachable) -> None:
        """Raise CompileError where the trace changed an object of Python's, and name it."""
        what = "" if reach.unchanged() else reach.difference(reach.again())
        moved = reach.positions.moved()
        if what or moved:
            raise CompileError(
                f"{self.name} changes {f'`{what}`' if what else moved} each time it is run, and a program "
                "keeps no Python state: it would use one value for ever. Return the new value and keep it outside, "
                "hold numbers in a tensor and assign to its .data, or give what it takes from there as an argument "
                f"(at {users_line()})"
            )

    def valid(self, call: Signature) -> bool:
        """Return whether the program may run now: everything is as it was traced, and lies where it is written."""
        same = not self.sources and not self.objects and self.reach.unchanged()  # the commonest case
        return (same or self.guards_hold(call)) and self.executable.ready()

    def guards_hold(self, call: Signature) -> bool:
        """Return whether all that the function can name is as it was traced, be it in new objects."""
        if self.sources and [*map(born, self.sources)] != self.ages:
            return False
        if self.has_objects(call) and self.reach.unchanged():
            return True
        if self.output.has_objects:
            return False  # it returns the objects that it was traced with
        now = self.reach.again(objects_by_name(call.objects))
        if self.reach.difference(now):
            return False
        self.reach, self.objects = now, call.objects
        return True

    def has_objects(self, call: Signature) -> bool:
        """Return whether a call has the very same objects among its arguments that the program was traced with."""
        return not self.objects or all(map(is_, self.objects, call.objects))

    def __call__(self, inputs: list[Any], args: Any, kwargs: Any) -> Any:
        given: list[Any] = []
        if self.takes_nodes:
            given = numeric(args, kwargs, self.fixed)
            for i in self.asked:
                if isinstance(given[i], Node) and given[i]._slope is not None:
                    raise CompileError(
                        f"argument {i} has a gradient from before, and the compiled function asks for .grad of it, "
                        f"where it finds that of its own call only: set it to None first (at {users_line()})"
                    )
        drawn_from = [*map(state_of, self.generators)] if self.generators else ()
        try:
            graded = [given[i] for i in self.graded]
            results = self.executable(inputs, graded) if graded else self.executable(inputs)
        except BaseException:
            if not self.executable.committed:
                commit(restored_states(self.generators, drawn_from))
            raise
        origins = self.from_outside
        if self.from_arguments:
            origins = (*origins, *(given[i] for i in self.from_arguments))
        return self.output.filled(results, given, origins)


def graphs_from_outside(trace: Trace) -> list[Node]:
    """Return the nodes from before the trace of which it goes on to compute, and all that they were computed from."""
    known = dict.fromkeys(x for x in trace.roots if x.born < trace.started)
    for z in trace.made:
        for x in z.inputs:
            if isinstance(x, Node) and x.born < trace.started and x.op is not None:
                known[x] = None
    return history(*known)


def refuse_stale(graphs: list[Node], name: str) -> None:
    """Raise CompileError where graphs from outside are stale: a program would compute with the new numbers."""
    for z in graphs:
        for x in z.inputs:
            if isinstance(x, Node) and x.born >= z.born:
                raise CompileError(
                    f"{name} uses {z.title}, made at {z.where} from {x.title}, which has been assigned since: compute "
                    f"it inside of the compiled function, or take the numbers of {z.title}.detach() (at {users_line()})"
                )


def objects_by_name(objects: list[Any]) -> dict[str, Any]:
    """Return arguments that are neither numbers nor values by the names under which messages speak of them."""
    return {
        f"argument {type(x).__name__}" if i == 0 else f"argument {type(x).__name__} ({i + 1})": x
        for i, x in enumerate(objects)
    }


def is_from_outside(x: Any, trace: Trace, reach: Reachable) -> bool:
    """Return whether an object was there before the function ran."""
    return x.born < trace.started if isinstance(x, Node) else id(x) in reach.first


def sources(trace: Trace, results: list[Node]) -> tuple[tuple[Node, ...], list[int]]:
    """Return the leaves that results pass gradients back to: those from outside, and the numbers of arguments."""
    passed = list(dict.fromkeys(x for x in results if x._requires_grad))
    seen = set(passed)
    for z in passed:  # grows while it is read
        for x in trace.reached.get(z) or z.inputs:
            if isinstance(x, Node) and x._requires_grad and x not in seen:
                seen.add(x)
                passed.append(x)
    found = sorted((x for x in passed if x.op is None), key=born)
    given = [trace.arguments[x] for x in found if x in trace.arguments]
    return tuple(x for x in found if x.born < trace.started), given
