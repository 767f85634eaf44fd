"""Where a compiled program's arrays lie: which step may have whose memory, and what its two turns exchange."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor, nn
from tinygrad_edu.compile.codegen import names
from tinygrad_edu.compile.memory.buffers import covers, planned
from tinygrad_edu.compile.memory.state_buffers import BufferPair, aligned, is_alike, laid_out
from tinygrad_edu.compile.memory.turns import Exchange, Turns, start_of

X = np.linspace(0.5, 1.5, 1000)


@pytest.fixture
def plan_of(monkeypatch):
    """Return a function that compiles another, and tells where the result of each step lies.

    `A`, `B`, … are memory that is lent; `0 new` and `0 old` that of the first pair of state buffers; `over` says that
    the step takes over its operand's place, `view` that it makes a view. A step without a place makes a new array.
    """
    told = []

    def spy(program):
        plan = planned(program)
        lent, places = {}, []
        pairs = {id(getattr(p, k).base): f"{i} {k}" for i, p in enumerate(plan.state.pairs) for k in ("new", "old")}
        for z in program.steps:
            words = [z.op.name]
            if z in plan.at:
                owner = plan.at[z].base
                words.append(pairs.get(id(owner)) or lent.setdefault(id(owner), (chr(65 + len(lent)), owner))[0])
            places.append(" ".join([*words, *["over"] * (z in plan.over), *["view"] * (z.views is not None)]))
        sizes = [owner.size - 64 for _, owner in lent.values()]
        state = plan.state
        written = sum(plan.at.get(z) is state.buffers[key].new for key, z in state.results.items())
        read = sum(
            plan.at.get(x) is state.buffers[key].old for key, x in state.captured.items() if key in state.buffers
        )
        told.append((places, sizes, [pair.old.nbytes for pair in state.pairs], written, read))
        return plan

    monkeypatch.setattr(names, "planned", spy)

    def of(function, *args):
        told.clear()
        tg.compile(function)(*args)
        return told[-1]

    return of


def a_chain(x):
    return tg.sum(tg.exp(tg.sin(tg.cos(x))))


def a_result(x):
    return tg.exp(tg.sin(x))


def one_that_is_used_later(x):
    a = tg.sin(x)
    return tg.sum(a * tg.cos(x)) + tg.sum(a)


def memory_that_is_free_again(x):
    return tg.sum(tg.sin(x)[:, None] * np.ones((1, 3))) + tg.sum(tg.cos(x)[:, None] * np.ones((1, 3)))


def views_of_views(x):
    a = tg.sin(x).reshape(10, 100)
    return tg.sum(a.T @ a)


def a_view_that_is_returned(x):
    return tg.sin(x).reshape(10, 100)


def a_view_by_a_number_that_changes(x):
    return tg.sum(tg.sin(x)[tg.argmax(x)] * tg.cos(x))


def other_types(x):
    return tg.sum(tg.sin(x).astype(np.float32) * np.float32(2))


def a_transposed_operand(x):
    a = tg.sin(x.reshape(10, 100))
    return tg.sum(tg.exp(a.T))


def single_numbers(x):
    return tg.sin(tg.sum(x)) * tg.cos(tg.sum(x))


def one_row_for_all(x):
    return tg.sum(tg.broadcast_to(tg.sin(x), (3, 1000)) @ np.ones((1000, 2)))


def half_of_a_view(x):
    return tg.sum(tg.exp(tg.sin(x)[:500])) + tg.sum(tg.exp(tg.cos(x)[::2]))


def a_copy_that_is_written_into(x):
    w = Tensor(x.reshape(100, 10))
    loss = nn.functional.cross_entropy(w * 2.0, np.arange(100) % 10)
    return tg.gradients(loss, [w])[0]


def written_twice(x):
    a = tg.sin(x)
    return a * a, tg.sum(a)


PLANS = [
    (a_chain, "cos A, sin A over, exp A over, sum", [8000]),
    (a_result, "sin A, exp", [8000]),
    (one_that_is_used_later, "sin A, cos B, multiply B over, sum, sum, add", [8000, 8000]),
    (
        memory_that_is_free_again,
        "sin A, getitem A view, multiply B, sum, cos A, getitem A view, multiply B, sum, add",
        [8000, 24000],
    ),
    (views_of_views, "sin A, reshape A view, mT A view, matmul B, sum", [8000, 80000]),
    (a_view_that_is_returned, "sin, reshape view", []),
    (a_view_by_a_number_that_changes, "sin A, argmax, getitem, cos A, multiply A over, sum", [8000]),
    (other_types, "sin A, astype, multiply B, sum", [8000, 4000]),
    (a_transposed_operand, "reshape view, sin A, mT A view, exp A over, sum", [8000]),
    (half_of_a_view, "sin A, getitem A view, exp A over, sum, cos A, getitem A view, exp B, sum, add", [8000, 4000]),
    (one_row_for_all, "sin A, broadcast_to A view, matmul B, sum", [8000, 48]),
    (single_numbers, "sum, sin, cos, multiply", []),
    (written_twice, "sin A, multiply, sum", [8000]),
]


@pytest.mark.parametrize(("function", "places", "sizes"), PLANS, ids=[f.__name__ for f, *_ in PLANS])
def test_where_each_step_s_result_lies(function, places, sizes, plan_of):
    told, lent, *state = plan_of(function, X)
    assert ", ".join(told) == places
    assert lent == sizes
    assert state == [[], 0, 0]


def test_a_copy_that_is_written_into_is_the_memory_of_what_is_copied(plan_of):
    told, *_ = plan_of(a_copy_that_is_written_into, X)
    assert "less_one A over" in told


# State -------------------------------------------------------------------------------------------------------------


def weight():
    return Tensor(np.arange(6.0).reshape(2, 3) + 1)


def stepping(leaves, **options):
    optimizer = nn.SGD(leaves, lr=0.1, **options)

    def step(x):
        optimizer.zero_grad()
        y = x @ leaves[0]
        for bias in leaves[1:]:
            y = y + bias
        loss = tg.sum(y**2)
        loss.backward()
        optimizer.step()
        return loss

    return step


def adding_gradients():
    w = weight()

    def step(x):
        loss = tg.sum((x @ w) ** 2)
        loss.backward()
        return loss

    return step


def assigning():
    w, v = weight(), weight()

    def step(_):
        w.data = v.data * 2.0
        v.data = w.data + 1.0
        return w.data

    return step


def assigning_a_view():
    w = Tensor(np.ones((2, 4)))

    def step(x):
        w.data = tg.sin(x).T
        return tg.sum(tg.exp(tg.cos(x)))

    return step


def swapping():
    w, v = weight(), weight()

    def step(_):
        before = w.data
        w.data = v.data
        v.data = before

    return step


SQUARES = "matmul A, square B, sum, multiply A over, mT view"
SUMS = "matmul A, add A over, square B, sum, multiply A over"
STATES = [
    (
        lambda: stepping([weight()]),
        f"{SQUARES}, matmul 1 new, add, multiply C, subtract 0 new",
        [96, 96, 48],
        2 * [48],
        (2, 1),
    ),
    (
        lambda: stepping([weight()], momentum=0.9),
        f"{SQUARES}, matmul 1 new, add, multiply C, add 2 new, multiply C, subtract 0 new",
        [96, 96, 48],
        3 * [48],
        (3, 2),
    ),
    (
        lambda: stepping([weight(), Tensor(np.ones(3))]),
        f"{SUMS}, matmul 1 new, mT view, matmul 1 new, add, end_to_end 0 old, end_to_end 1 new, multiply C, "
        "subtract 0 new, part 0 new view, part 0 new view",
        [96, 96, 72],
        2 * [72],
        (4, 2),
    ),
    (
        lambda: stepping([weight(), Tensor(np.ones(3))], momentum=0.9),
        f"{SUMS}, matmul 2 new, mT view, matmul 2 new, add, end_to_end 0 old, end_to_end 1 old, multiply C, "
        "end_to_end 2 new, add 1 new, part 1 new view, part 1 new view, multiply C, subtract 0 new, part 0 new view, "
        "part 0 new view",
        [96, 96, 72],
        3 * [72],
        (6, 4),
    ),
    (adding_gradients, f"{SQUARES}, matmul 0 new", [96, 96], [48], (1, 0)),
    (assigning, "multiply 0 new, add 1 new", [], 2 * [48], (2, 1)),
    (assigning_a_view, "sin A, mT A view, cos B, exp B over, sum", 2 * [64], [64], (0, 0)),
    (swapping, "", [], 2 * [48], (0, 2)),
]
NAMES = [
    "a step",
    "with momentum",
    "of two weights",
    "of two with momentum",
    "gradients",
    "assigned",
    "a view",
    "swapped",
]


@pytest.mark.parametrize(("make", "places", "sizes", "pairs", "in_place"), STATES, ids=NAMES)
def test_state_is_written_where_it_stays(make, places, sizes, pairs, in_place, plan_of):
    told, lent, memory, written, read = plan_of(make(), np.ones((4, 2)))
    assert told == (places.split(", ") if places else [])
    assert (lent, memory) == (sizes, pairs)
    assert (written, read) == in_place


# Memory ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 63, 64, 65, 1000])
def test_memory_begins_where_a_line_of_the_cache_begins(size):
    for _ in range(20):
        memory = aligned(size)
        assert (memory.size, memory.dtype) == (size, np.uint8)
        assert start_of(memory) % 64 == 0
        assert memory.base.size == size + 64


C, F = np.zeros((2, 3, 4)), np.zeros((4, 3, 2)).T
LAYOUTS = {"C": C, "F": F, "turned": C.transpose(1, 0, 2), "backwards": C[::-1], "0-d": np.zeros(()), "empty": C[:, :0]}


@pytest.mark.parametrize("like", LAYOUTS.values(), ids=LAYOUTS)
def test_axes_lie_in_memory_as_those_of_another_array(like):
    memory = aligned(like.nbytes).view(like.dtype)
    made = laid_out(memory, like)
    assert made.shape == like.shape
    assert np.may_share_memory(made, memory) or not like.size
    assert made.strides == tuple(map(abs, like.strides)) or not like.size


@pytest.mark.parametrize(
    ("x", "whole"),
    [
        (C, True),
        (F, True),
        (C.transpose(1, 0, 2), True),
        (C[:1], True),
        (C[:, :2], False),
        (C[:, ::2], False),
        (C[..., ::2], False),
    ],
)
def test_an_array_covers_its_memory_or_has_gaps(x, whole):
    assert covers(x, np.empty(x.shape)) is whole
    assert not covers(x, np.empty(x.shape, np.float32))
    assert not covers(x, np.empty((*x.shape, 1)))


def test_arrays_are_alike_in_shape_and_type():
    assert is_alike(C, C + 1)
    assert is_alike(C, F)
    assert not is_alike(C, C[:1])
    assert not is_alike(C, C.astype(np.float32))
    assert not is_alike(1.0, np.zeros(()))


# Turns -------------------------------------------------------------------------------------------------------------


def pair(n=4):
    return BufferPair(*(laid_out(aligned(8 * n).view(float), np.zeros(n)) for _ in "12"))


ADD = compile("def program():\n    np.add(old, 1.0, new)\n    return new", "a test", "exec")


def turns():
    buffers = pair()
    buffers.old[:], buffers.new[:] = 0.0, 9.0
    space = {"np": np, "old": buffers.old, "new": buffers.new, "entry": (buffers.new, 1), "tail": buffers.old[1:]}
    space["last"] = buffers.new[3:]
    return Turns(ADD, space, [buffers], [buffers.part(0, (2,))]), buffers


def test_a_program_without_state_has_one_turn():
    made = Turns(compile("def program(): return 1", "a test", "exec"), {}, [], [])
    assert len(made.space) == 1
    assert made.space[0]["program"]() == 1


def test_in_the_second_turn_old_and_new_change_places():
    made, buffers = turns()
    first, second = made.space
    assert first["old"] is second["new"] is buffers.old
    assert first["new"] is second["old"] is buffers.new
    assert second["np"] is np
    assert second["entry"][0] is buffers.old
    assert second["entry"][1] == 1
    assert np.shares_memory(second["tail"], buffers.new[1:])
    assert start_of(second["tail"]) == start_of(buffers.new) + 8
    assert second["tail"].shape == (3,)
    assert start_of(second["last"]) == start_of(buffers.old) + 24
    first["program"]()
    second["program"]()
    assert [*buffers.old, *buffers.new] == [2.0] * 4 + [1.0] * 4


def test_memory_that_somebody_holds_is_left_to_them():
    made, buffers = turns()
    old, new = buffers
    del buffers
    made.space[0].pop("__builtins__", None)
    held_old, held_new = old.copy(), new.copy()
    del old, new
    made.count_references()
    assert [len(x) for x in made.watched] == [4, 4]
    assert not made.is_shared(0)
    assert not made.is_shared(1)
    made.space[0]["program"]()
    assert not made.is_shared(1)
    result = made.space[0]["new"]
    assert made.is_shared(0)
    made.renew(0)
    assert not made.is_shared(0)
    fresh = made.space[0]["new"]
    assert fresh is not result
    assert not np.shares_memory(fresh, result)
    assert made.space[1]["old"] is fresh
    assert made.space[0]["entry"][0] is fresh
    assert np.shares_memory(made.space[1]["tail"], fresh)
    assert start_of(fresh) % 64 == 0
    assert np.shares_memory(made.space[0]["last"], fresh)
    assert [len(x) for x in made.watched] == [4, 4]
    del fresh
    entry = made.space[0]["entry"]
    assert made.is_shared(0)
    del entry
    assert not made.is_shared(0)
    made.space[0]["program"]()
    assert [*made.space[0]["new"]] == [1.0] * 4
    assert [*result] == [1.0] * 4
    result[:] = 5.0
    made.space[0]["program"]()
    assert [*made.space[1]["old"]] == [1.0] * 4
    assert [*held_old, *held_new] == [0.0] * 4 + [9.0] * 4


def test_a_view_of_a_buffer_counts_as_held():
    made, buffers = turns()
    del buffers
    made.count_references()
    counts = [*made.counts]
    view = made.space[1]["new"][1:]
    assert made.is_shared(1)
    assert not made.is_shared(0)
    made.count_references()
    assert made.counts == counts, "they are counted once"
    del view
    assert not made.is_shared(1)


def test_exchange_of_one_memory_for_another():
    buffers, other = pair(), np.zeros(3)
    exchanged = Exchange({}, {})
    exchanged.memory(buffers.old, buffers.new)
    assert exchanged(other) is other
    assert exchanged("text") == "text"
    assert exchanged([]) == []
    kept = [other, (1, other)]
    assert exchanged(kept) is kept
    moved = exchanged([other, (buffers.old[2:], other)])
    assert type(moved) is list
    assert moved[0] is other
    assert np.shares_memory(moved[1][0], buffers.new[2:])
    assert not np.shares_memory(moved[1][0], buffers.new[:2])
    backwards = buffers.old[::-1]
    assert exchanged(backwards) is exchanged(backwards)
    assert exchanged(backwards).strides == (-8,)
    buffers.new[:] = [1.0, 2.0, 3.0, 4.0]
    assert [*exchanged(backwards)] == [4.0, 3.0, 2.0, 1.0]
    empty = buffers.old[:0]
    assert exchanged(empty) is empty


def test_parts_of_a_pair_lie_in_it_one_after_the_other():
    whole = pair(6)
    whole.old[:] = range(6)
    first, second = whole.part(0, (2,)), whole.part(2, (2, 2))
    assert [*first.old] == [0.0, 1.0]
    assert second.old.tolist() == [[2.0, 3.0], [4.0, 5.0]]
    assert np.shares_memory(second.new, whole.new)
    assert not np.shares_memory(second.new, whole.new[:2])
