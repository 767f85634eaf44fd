"""Switches hold where they are written: in threads, tasks and generators, re-entered, or left by an exception."""

import asyncio
import contextlib
import sys
import threading

import pytest

from tinygrad_edu import Tensor, Value, gradients, no_grad
from tinygrad_edu.core.context import PLAIN_MODE, mode


def records():
    """Return whether nodes made here remember how."""
    return (Value(1.0) * 2).op is not None


def in_thread(function):
    """Return what `function` returns in a thread of its own."""
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_inside_nothing_is_remembered():
    x = Tensor([1.0, 2.0])
    with no_grad():
        y = x * 2
    assert (y.op, y.inputs, y.requires_grad) == (None, (), False)
    assert x.requires_grad
    assert records()


def test_a_leaf_made_inside_still_requires_a_gradient():
    with no_grad():
        w = Tensor([1.0])
    assert w.requires_grad
    w.sum().backward()
    assert w.grad == [1.0]


def test_backward_and_gradients_work_inside():
    x = Value(3.0)
    loss = x * x
    with no_grad():
        loss.backward()
    assert x.grad == 6.0


def test_nested_reused_and_reentered():
    off = no_grad()
    with off:
        with off:
            assert not records()
            with no_grad():
                assert not records()
            assert not records()
        assert not records()
    assert records()
    with off:
        assert not records()
    assert mode() is PLAIN_MODE


def test_left_by_an_exception():
    off = no_grad()
    with contextlib.suppress(KeyError), off, off:
        raise KeyError
    assert records()
    with contextlib.suppress(KeyError), off:
        try:
            with off:
                raise KeyError
        finally:
            assert not records()
    assert mode() is PLAIN_MODE


@no_grad()
def plain(x, *, more=0):
    """Say what this function does."""
    return records(), x + more


@no_grad
def bare():
    return records()


def test_functions():
    assert plain(1, more=2) == (False, 3)
    assert plain.__name__ == "plain"
    assert plain.__doc__ == "Say what this function does."
    assert bare() is False
    assert records()


def test_methods_and_recursion():
    class Net:
        @no_grad()
        def depth(self, n):
            assert not records()
            return 0 if n == 0 else 1 + self.depth(n - 1)

    assert Net().depth(20) == 20
    assert records()


@no_grad()
def counting(log):
    """Yield numbers; the log says what went on inside."""
    try:
        received = None
        for i in range(3):
            try:
                received = yield i, records(), received
            except LookupError as error:
                log.append((error.args[0], records()))
        return "done"
    finally:
        log.append(("closed", records()))


def test_a_decorated_generator_is_on_inside_and_off_outside():
    log = []
    generator = counting(log)
    assert records()
    assert next(generator) == (0, False, None)
    assert records()
    assert generator.send("sent") == (1, False, "sent")
    assert records()
    assert generator.throw(LookupError("thrown")) == (2, False, "sent")
    assert records()
    with pytest.raises(StopIteration) as stop:
        next(generator)
    assert stop.value.value == "done"
    assert log == [("thrown", False), ("closed", False)]
    assert records()


def test_a_decorated_generator_that_is_closed_early():
    log = []
    generator = counting(log)
    next(generator)
    generator.close()
    assert log == [("closed", False)]
    assert records()


def test_a_generator_suspended_in_a_plain_with_leaves_it_on_until_it_ends():
    def suspended():
        with no_grad():
            yield

    generator = suspended()
    next(generator)
    assert not records()  # as any context manager in a generator does: decorate the generator instead
    generator.close()
    assert records()


def test_coroutines():
    @no_grad()
    async def coroutine():
        await asyncio.sleep(0)
        return records()

    async def main():
        assert await coroutine() is False
        assert records()

    asyncio.run(main())


def test_asynchronous_generators_are_refused():
    async def numbers():
        yield 1

    with pytest.raises(TypeError, match="write `with …:` inside it"):
        no_grad()(numbers)


def test_another_task_is_not_touched():
    async def without(entered, leave):
        with no_grad():
            entered.set()
            await leave.wait()
            return records()

    async def with_graph(entered, leave):
        await entered.wait()
        found = records()
        leave.set()
        return found

    async def main():
        entered, leave = asyncio.Event(), asyncio.Event()
        return await asyncio.gather(without(entered, leave), with_graph(entered, leave))

    assert asyncio.run(main()) == [False, True]


def test_a_task_made_inside_starts_inside():
    async def main():
        with no_grad():
            task = asyncio.create_task(asyncio.to_thread(records))
        return await task, records()

    assert asyncio.run(main()) == (False, True)


def test_another_thread_is_not_touched():
    entered, leave = threading.Event(), threading.Event()

    def without():
        with no_grad():
            entered.set()
            leave.wait()

    thread = threading.Thread(target=without)
    thread.start()
    entered.wait()
    assert records()
    x = Value(3.0)
    (g,) = gradients(x * x, [x])
    leave.set()
    thread.join()
    assert g.data == 6.0


def test_a_thread_started_inside_follows_pythons_rule_for_contexts():
    with no_grad():
        assert in_thread(records) is not getattr(sys.flags, "thread_inherit_context", False)
    assert records()


def test_a_switch_shared_by_threads():
    off = no_grad()
    with off:
        assert in_thread(bare) is False
        assert not records()
    assert records()
