"""The object that `compile` returns: it traces a function once for each kind of call, and replays it from then on."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import suppress
from types import MethodType
from typing import Any, Generic, ParamSpec, TypeVar

from ..core.context import ModeContext, innermost
from ..core.parking import unpark_all
from ..errors import CompileError
from ..errors.hints import tells_keywords
from ..errors.where import raised_by_signal_handler, users_line, warn
from ..nn.module import Module
from ..nn.optim import Optimizer
from ..nn.optim.groups import ParamGroup
from .backends import Backend, backend_named
from .collector import without_collector
from .comparison import REPLAY_TOLERANCE, checked_replays, verified
from .reachable import Reachable
from .sharing import LockGroup, SharesState, claim, merge_groups
from .signature import InsideOuterGraph, Signature
from .specialization import Specialization, objects_by_name
from .vectorize.bulk_io import OtherOutcome
from .verify import Agreement, MutableState, StateSnapshot, nodes_in

P = ParamSpec("P")
R = TypeVar("R")
MOST = 32  # programs that a function keeps
BRANCHES = 16  # programs for one kind of call, that differ in the outcomes of tests
RECORDED = {
    Optimizer: {"_steps", "memory"},
    ParamGroup: {"lr"},
    Module: {"last_call"},
}  # attributes that a trace records itself
UNREAD = {Optimizer: {"defaults", "plain"}, ParamGroup: {"check"}}  # those that decide nothing inside a trace


class Compiled(Generic[P, R]):
    """A function replayed as straight-line NumPy. Call it as you would call the function.

    It is traced anew for arguments of another shape, type, layout or structure, and where anything that the function
    can name has changed. Inside `no_grad`, `detect_anomaly` and their like the function itself is run.
    source: the program as Python, of the last call.
    """

    def __init__(self, function: Callable[P, R], backend: Backend) -> None:
        self.function, self.backend = function, backend
        self.programs: dict[Any, list[Specialization]] = {}
        self.fixed = False  # whether plain floats among the arguments are part of the signature
        self.outside: set[int] = set()  # ids of the nodes that the function can name
        self.last: Specialization | None = None
        self.group = LockGroup()
        self.group.members.add(self)
        self.has_warned = self.has_failed = False
        functools.update_wrapper(self, function)

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        """Be a method where a class defines it."""
        return self if owner is None else MethodType(self, owner)

    def __reduce__(self) -> Any:
        return Compiled, (
            self.function,
            self.backend,
        )  # a copy traces anew: programs belong to the weights that they were made of

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if innermost() is not None:  # traced as a part of another function, or inside a mode that a program has not
            return self.function(*args, **kwargs)
        while True:
            group = self.group
            with group.lock:  # a program's memory serves one call at a time
                if group is self.group:
                    try:
                        return self.run(args, kwargs)  # type: ignore[no-any-return]  # as `function` does
                    except InsideOuterGraph:
                        break
                    except SharesState as found:
                        nodes = found.nodes
                else:
                    continue
            merge_groups(self, nodes)
        return self.function(*args, **kwargs)

    def run(self, args: Any, kwargs: Any) -> Any:
        """Return the result of a call. Raises InsideOuterGraph, SharesState before anything has been done."""
        call = Signature(args, kwargs, self.outside, self.fixed)
        last = self.last
        if last is None or last.key != call.key or not last.valid(call):
            self.last = last = without_collector(self.specialized, call, args, kwargs)
        if last.left > 0:
            last.left -= 1
            return self.replayed(last, call, args, kwargs)
        return without_collector(verified, self, last, call, args, kwargs)

    def replayed(self, program: Specialization, call: Signature, args: Any, kwargs: Any) -> Any:
        """Return the result of a program; where that raises, of the function itself, which raises its own error.

        Then everything is as it was before the call. An error that strikes after the program's change of state is
        raised as it is: the function would change it a second time.
        """
        try:
            return program(call.inputs, args, kwargs)
        except OtherOutcome:
            return self.other_program(program, call, args, kwargs)
        except CompileError:
            raise
        except Exception as error:
            if program.executable.committed or isinstance(error, MemoryError) or raised_by_signal_handler(error):
                raise  # not the program's own: it struck after the one change of state, or perhaps before it
            failed = error
        state = MutableState(program.reach.again(), nodes_in(args, kwargs), program.generators)
        result = self.undone(state, state.snapshot(), args, kwargs)
        if not self.has_failed:
            self.has_failed = True
            warn(f"a program of {program.name} failed, and the function did not: {failed!r:.200}", RuntimeWarning)
        return result

    def other_program(self, program: Specialization, call: Signature, args: Any, kwargs: Any) -> Any:
        """Return the result of the program whose tests come out as in this call, traced now if there is none."""
        same = [
            x
            for x in self.programs[call.key]
            if x is not program and x.tests and x.executable.still_valid() and x.guards_hold(call)
        ]
        for known in reversed(same):
            known.executable.fill_buffers()
            with suppress(OtherOutcome):
                result = known(call.inputs, args, kwargs)
                self.last = known
                return result
        if len(same) + 1 >= BRANCHES:
            raise CompileError(
                f"{program.name} has tests on numbers that came out in more than {BRANCHES} different ways, the first "
                f"at {program.tests[0]}, and each way is a program of its own: choose by numbers with "
                f"tinygrad_edu.where(condition, a, b), and use relu, maximum, clip and their like (at {users_line()})"
            )
        self.last = made = self.traced(call, args, kwargs)
        return made(call.inputs, args, kwargs)

    def undone(self, state: MutableState, before: StateSnapshot, args: Any, kwargs: Any) -> Any:
        """Return the result of the function itself; where it raises, put everything back."""
        try:
            with ModeContext():  # a mode, though a plain one: compiled functions within are run themselves
                return self.function(*args, **kwargs)
        except BaseException:
            state.restore(before)
            state.reach.restore()
            raise

    def specialized(self, call: Signature, args: Any, kwargs: Any) -> Specialization:
        """Return the program for a call whose guards hold now, traced now if there is none."""
        known = [x for x in reversed(self.programs.get(call.key, [])) if x.executable.still_valid()]
        known.sort(key=lambda x: not x.has_objects(call))  # those first that are quicker to judge
        found = next((x for x in known if x.guards_hold(call)), None)
        if found is None:
            return self.traced(call, args, kwargs)
        found.executable.fill_buffers()
        return found

    def traced(self, call: Signature, args: Any, kwargs: Any) -> Specialization:
        """Return a new program for a call."""
        unpark_all()  # a trace tells nodes by their types
        reach = self.reachable(call.objects)
        if not self.outside.issuperset(reach.nodes):
            self.outside.update(reach.nodes)
            call.read(args, kwargs, self.fixed)
        claim(self, reach.nodes.values())
        self.make_room(call, reach)
        try:
            made = Specialization(self.function, call, args, kwargs, reach, self.fixed, self.backend)
        except Exception as refused:
            if self.fixed or not any(type(x) is float for x in (*args, *kwargs.values())):
                raise
            made = self.with_fixed_floats(call, args, kwargs, reach, refused)
        self.programs.setdefault(made.key, []).append(made)
        made.executable.fill_buffers()
        return made

    def with_fixed_floats(
        self, call: Signature, args: Any, kwargs: Any, reach: Reachable, refused: Exception
    ) -> Specialization:
        """Return a program in which plain floats among the arguments are as they are: math.sqrt asks for their numbers.

        From then on each float is traced by itself. Raises what was raised before, where that does not help.
        """
        call.read(args, kwargs, fixed=True)
        try:
            made = Specialization(self.function, call, args, kwargs, reach, True, self.backend)
        except Exception:
            raise refused from None
        self.fixed = True
        return made

    def reachable(self, objects: list[Any]) -> Reachable:
        """Return the objects that the function can name, and `objects` among its arguments."""
        return Reachable({"": self.function} | objects_by_name(objects), {Compiled: "function"}, RECORDED, UNREAD)

    def make_room(self, call: Signature, reach: Reachable) -> None:
        """Drop the oldest program where there are as many as may be kept, and say once why there are so many."""
        if sum(map(len, self.programs.values())) < MOST:
            return
        oldest = next(iter(self.programs))
        self.programs[oldest].pop(0)
        if not self.programs[oldest]:
            del self.programs[oldest]
        if not self.has_warned and self.last is not None:
            self.has_warned = True
            warn(
                f"{getattr(self, '__name__', 'the function')} has been traced {MOST} times, and the oldest program is "
                f"dropped: {difference_of_calls(self.last, call.key, reach)}. Each trace takes far longer than a call",
                UserWarning,
            )

    def check(self, *args: Any, tolerance: float = REPLAY_TOLERANCE, **kwargs: Any) -> Agreement:
        """Return the largest relative difference between a replay and the function itself; nothing stays changed.

        Results are compared, and what both leave in parameters, gradients and optimisers: as things are, with other
        numbers in the arguments, with other weights, with gradients and without, and with `train` and `eval` exchanged.
        The result says what was tried. Raises CompileError where they differ by more than `tolerance`.
        """
        return checked_replays(self, args, kwargs, tolerance)

    def replay(self, *args: Any, **kwargs: Any) -> Any:
        """Call without verification."""
        try:
            call = Signature(args, kwargs, self.outside, self.fixed)
        except InsideOuterGraph:
            return self.function(*args, **kwargs)
        return self.replayed(self.specialized(call, args, kwargs), call, args, kwargs)

    @property
    def source(self) -> str:
        """The program of the last call, as Python. Raises CompileError before the first call."""
        if self.last is None:
            raise CompileError("there is no source yet: call the function once, so that it is traced")
        return self.last.executable.source


def difference_of_calls(last: Specialization, key: Any, reach: Reachable) -> str:
    """Say what makes the next call need another program than the last one."""
    if key == last.key:
        path = last.reach.difference(reach)
        return f"`{path}`, which it can name, is another at each call: give it as an argument, a float or an array"
    old, new = ({x for x in k if isinstance(x, (int, str, bool)) and x is not k} for k in (last.key, key))
    if plain := sorted(map(repr, (new - old) or (old - new))):
        return (
            f"an argument that is an int or a str ({plain[0]} this time) changes at each call: give a number that "
            "changes as a float or an array, which is read again at each call"
        )
    return "arrays or structures of ever other shapes are given: pad or cut batches to a few shapes"


@tells_keywords
def compile(  # noqa: A001  # the public name
    function: Callable[P, R], backend: str = "numpy", devices: Any = None
) -> Compiled[P, R]:
    """Return `function`, replayed as a program of NumPy calls.

    It is run once on nodes for each kind of arguments. What it can name (parameters, settings, globals, closures,
    attributes, elements) is looked at again before each call, and where that has changed it is traced anew.
    Gradients are taken inside of it, and none passes through its results; but where an argument
    belongs to a graph that needs gradients, as in `grad(compiled)`, the function itself is run, as a part of that.
    backend: "numpy", or "jax" for a program that XLA compiles, and that keeps parameters, gradients and optimisers'
    memory on JAX's device between calls. devices: of "jax", among how many devices the rows of arguments are divided,
    or a `jax.sharding.Mesh`, among whose first axis they are.
    Raises ValueError for a back-end that there is not, ImportError where JAX is not installed.
    """
    if not callable(function):
        raise TypeError(f"compile: pass a function, not {function!r:.60} (at {users_line()})")
    return Compiled(function, backend_named(backend, devices))
