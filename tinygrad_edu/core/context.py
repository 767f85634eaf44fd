"""Modes that hold inside a `with` block: whether nodes are recorded, hooks that see them, a tracer that records them.

The state is one immutable `Mode` in a ContextVar, linked to the mode around it. So every thread and every asyncio
task has its own, and a block may be nested, re-entered, shared or left by an exception. A new task starts with the
mode of the task that made it; a new thread starts plain, except where Python lets threads inherit their context
(`sys.flags.thread_inherit_context`, the default of free-threaded builds).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NamedTuple, Protocol, TypedDict, TypeVar, Unpack, overload
from weakref import ref

F = TypeVar("F", bound=Callable[..., Any])


class Tracer(Protocol):
    """The recorder of a program that `compile()` traces: it gives nodes where code asks for the state of nodes."""

    def read(self, node: Any) -> Any:
        """Return a node that stands for `node.data`."""

    def grad(self, leaf: Any) -> Any:
        """Return a node that stands for `leaf.grad`, or None."""

    def set_grad(self, leaf: Any, new: Any) -> None:
        """Record that `leaf.grad` is set to `new`."""

    def assign(self, leaf: Any, new: Any) -> None:
        """Record that `leaf.data` is set to `new`."""

    def backward(self, root: Any, seed: Any) -> None:
        """Record `root.backward(seed)`."""

    def step(self, optimizer: Any, on_nonfinite: str) -> None:
        """Record `optimizer.step(on_nonfinite)`."""

    def draw(self, rng: Any, shape: tuple[int, ...]) -> Any:
        """Return a node that stands for `rng.random(shape)`, drawn anew at every call of the program."""

    def as_value(self, x: Any) -> Any:
        """Return the `Value` that stands for the only number of a tensor. Raises DTypeError where there are more."""

    def joined(self, data: Any) -> Any:
        """Return lists of numbers as a tensor, where some of them stand for the numbers of every call."""

    def refuse(self, node: Any) -> None:
        """Raise CompileError: Python asks for the number of a node, which differs from call to call."""

    def truth(self, node: Any) -> bool:
        """Return whether a node is true now, and record that the program holds only while it is."""

    def sealed(self, node: Any) -> Any:
        """Return a stand-in for the data of a node that has a shape and a dtype, and no numbers."""

    def setitem(self, leaf: Any, key: Any, arrays: Any, value: Any) -> bool:
        """Record `leaf[key] = value` if `leaf` is from outside the function; return whether it was."""

    def version_before(self, node: Any) -> Any:
        """Return a node that is what `node` is now, before `node[…] = value` makes it another."""

    def steps_of(self, optimizer: Any) -> Any:
        """Return a node that stands for `optimizer.steps`."""

    def rate_of(self, group: Any) -> Any:
        """Return a node that stands for the learning rate of a group of parameters."""


class Block:
    """A `with` block that changes the mode, and whether it went back to the mode around it."""

    __slots__ = ("end", "left")

    def __init__(self, end: Callable[[], Any]) -> None:
        self.end = end  # a weak reference that is dead once Python is done with the block
        self.left = False

    def interrupted(self) -> bool:
        """Return whether the block is over and has not gone back to the mode around it."""
        return not self.left and self.end() is None


class Mode(NamedTuple):
    """The settings under which nodes are made and differentiated."""

    recording: bool = True
    forward_hook: Callable[[Any], None] | None = None  # is called with every computed node; may raise
    backward_hook: Callable[[Any, int, Any, Any], Any] | None = None  # (z, i, g, dx) -> the dx to use
    tracer: Tracer | None = None
    parent: Mode | None = None
    block: Block | None = None  # None: of no `with` statement


class Changes(TypedDict, total=False):
    """Fields of a Mode that a block changes."""

    recording: bool
    forward_hook: Callable[[Any], None] | None
    backward_hook: Callable[[Any, int, Any, Any], Any] | None
    tracer: Tracer | None


# None stands for PLAIN_MODE, and is quicker to test
current: ContextVar[Mode | None] = ContextVar("tinygrad_edu.mode", default=None)
entering: ContextVar[Callable[[], Any]] = ContextVar("tinygrad_edu.entering", default=lambda: None)  # see BlockEnd
PLAIN_MODE = Mode()


def innermost() -> Mode | None:
    """Return the mode that holds here, None for PLAIN_MODE; leave modes whose blocks were interrupted."""
    here = current.get()
    while here is not None and here.block is not None and here.block.interrupted():
        here = None if here.parent is PLAIN_MODE else here.parent
        current.set(here)
    return here


def mode() -> Mode:
    """Return the mode that holds here."""
    return innermost() or PLAIN_MODE


def tracing() -> Tracer | None:
    """Return the tracer that records here, or None."""
    here = current.get()
    return None if here is None else mode().tracer


class BlockEnd:
    """The `__exit__` of a mode. Python looks it up when a `with` block begins, and drops the result when it is over.

    So a mode ends with its block even where an interrupt (Ctrl-C) strikes between the last statement and the first
    instruction of `leave`, or after `__enter__` has set the mode: `innermost` then finds a dead reference. The result
    must be a `partial`, which is C: a method would be held by its own frame in the traceback of the interrupt.
    """

    def __get__(self, context: ModeContext | None, owner: type[ModeContext]) -> Callable[..., None]:
        if context is None:  # contextlib.ExitStack asks the class, and calls what it gets
            return owner.leave
        end = functools.partial(context.leave)
        entering.set(ref(end))
        return end


class ModeContext:
    """A change of mode, for `with` or as a decorator of functions, coroutines and generators.

    A generator that is decorated runs inside the mode and its caller outside it, at every `yield`; a generator
    that is suspended inside a plain `with` leaves the mode on for its caller, as any context manager does.
    """

    def __init__(self, **changes: Unpack[Changes]) -> None:
        self.changes = changes

    def change(self, parent: Mode) -> Mode:
        """Return the mode inside, made from the mode around it."""
        return parent._replace(**self.changes)

    def __enter__(self) -> None:
        end, parent = entering.get(), mode()
        block = Block(end) if self.ends_by(end()) else None
        current.set(self.change(parent)._replace(parent=parent, block=block))

    def ends_by(self, end: Any) -> bool:
        """Return whether the `with` statement that enters will call `end`; a call of `__enter__` has none."""
        return end is not None and end.func.__self__ is self

    def leave(self, *_: Any) -> None:
        """Go back to the mode around; called with the error that ends the block, as `__exit__` is."""
        here = mode()
        current.set(None if here.parent is PLAIN_MODE else here.parent)
        if here.block is not None:
            here.block.left = True  # a task that was made inside keeps the mode

    __exit__ = BlockEnd()

    def __call__(self, function: F) -> F:
        import inspect  # here, because only decorators need it and it takes a while to import

        if inspect.isgeneratorfunction(function):
            return self.around_generator(function)
        if inspect.isasyncgenfunction(function):
            raise TypeError("a mode cannot decorate an asynchronous generator: write `with …:` inside it")
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def coroutine(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await function(*args, **kwargs)

            return coroutine  # type: ignore[return-value]  # wraps() keeps the signature, mypy cannot see it

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]  # as above

    def around_generator(self, function: F) -> F:
        """Return a generator function that runs inside the mode, and is outside it at every `yield`."""

        @functools.wraps(function)
        def generator(*args: Any, **kwargs: Any) -> Any:
            inner = function(*args, **kwargs)
            resume: Callable[[], Any] = functools.partial(next, inner)
            while True:
                try:
                    with self:
                        given = resume()
                except StopIteration as stop:
                    return stop.value
                try:
                    resume = functools.partial(inner.send, (yield given))
                except GeneratorExit:
                    with self:
                        inner.close()
                    raise
                except BaseException as error:
                    resume = functools.partial(inner.throw, error)

        return generator  # type: ignore[return-value]  # as above


@overload
def no_grad(function: F) -> F: ...
@overload
def no_grad(function: None = None) -> ModeContext: ...
def no_grad(function: Callable[..., Any] | None = None) -> Any:
    """Compute without recording: results are leaves that need no gradient.

    Write `with no_grad():` around statements, or `@no_grad` or `@no_grad()` above a function.
    """
    off = ModeContext(recording=False)
    return off if function is None else off(function)
