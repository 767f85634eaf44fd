"""Switches that hold inside a `with` block: whether nodes remember, and who watches them being made.

The state is one immutable record in a ContextVar, linked to the state outside it. So every thread and every
asyncio task has its own, and a switch may be nested, re-entered, shared or left by an exception. A new task starts
with the state of the task that made it; a new thread starts plain, save where Python lets threads inherit their
context (`sys.flags.thread_inherit_context`, the default of free-threaded builds).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Mode(NamedTuple):
    """How nodes are made and differentiated right now."""

    recording: bool = True
    watch_made: Callable[[Any], None] | None = None  # is shown every node just made; may raise
    watch_pull: Callable[[Any, int, Any, Any], Any] | None = None  # sees (z, i, g, dx); returns the dx to use
    trace: Any = None  # the program that compile() is recording: it answers .data, .assign(), backward() and step()
    outside: Mode | None = None


current: ContextVar[Mode | None] = ContextVar("tinygrad_edu.mode", default=None)  # None: the plain mode, quick to test
PLAIN = Mode()


def mode() -> Mode:
    """Return the mode that holds here."""
    return current.get() or PLAIN


def tracing() -> Any:
    """Return the program being traced here, or None."""
    here = current.get()
    return None if here is None else here.trace


class Switch:
    """A change of mode, for `with` or as a decorator of functions, coroutines and generators.

    A generator that is decorated runs inside the switch and its caller outside it, at every `yield`; a generator
    that is suspended inside a plain `with` leaves the switch on for its caller, as any context manager does.
    """

    def __init__(self, **changes: Any) -> None:
        self.changes = changes

    def __enter__(self) -> None:
        outside = mode()
        current.set(outside._replace(**self.changes, outside=outside))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        outside = mode().outside
        current.set(None if outside is PLAIN else outside)

    def __call__(self, function: F) -> F:
        import inspect  # here, because only decorators need it and it takes a while to import

        if inspect.isgeneratorfunction(function):

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

            return generator  # type: ignore[return-value]  # wraps() keeps the signature, mypy cannot see it

        if inspect.isasyncgenfunction(function):
            raise TypeError("a switch cannot decorate an asynchronous generator: write `with …:` inside it")

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def coroutine(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await function(*args, **kwargs)

            return coroutine  # type: ignore[return-value]  # as above

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]  # as above


def no_grad(function: F | None = None) -> Any:
    """Compute without remembering: results are leaves that need no gradient.

    Write `with no_grad():` around statements, or `@no_grad` or `@no_grad()` above a function.
    """
    switch = Switch(recording=False)
    return switch if function is None else switch(function)
