"""Every reader of a graph takes time in proportion to its nodes, or says what it left out: calls are counted."""

import sys

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.check.mistakes import matching

SMALL, TIMES = 56, 3  # nodes, and how many times as many


def chain(n):
    x = tg.Value(0.5, label="x")
    z = x
    for _ in range(n // 2):
        z = (z * x).tanh()
    return z, [x]


def wide(n):
    leaves = [tg.Value(0.01 * i, label=f"x_{i}") for i in range(n // 2)]
    return sum(leaves[1:], start=leaves[0] * 1.0), leaves


def shared(n):
    x = tg.Value(0.5, label="x")
    z = x
    for _ in range(n // 2):
        z = z + z * 0.25  # 2^n paths
    return z, [x]


def arrays(n):
    x = tg.Tensor([0.5, 0.2], label="x")
    z = x
    for _ in range(n // 2):
        z = np.tanh(z * x)
    return z.sum(), [x]


def layers(n):
    net = nn.Sequential(*(part for i in range(n // 4) for part in (nn.Linear(2, 2, rng=i), nn.Tanh())))
    return (net(np.ones((3, 2))) ** 2).sum(), list(net.parameters())


SHAPES = {"chain": chain, "wide": wide, "shared": shared, "arrays": arrays, "layers": layers}
READERS = {
    "formula": lambda z, _: tg.formula(z),
    "LaTeX": lambda z, _: tg.formula(z, format="latex"),
    "MathML": lambda z, _: tg.formula(z, format="mathml"),
    "explain": lambda z, _: tg.explain(z),
    "explain one": lambda z, xs: tg.explain(z, xs[0]),
    "tree": lambda z, _: tg.tree(z),
    "source": lambda z, xs: tg.source(z, *tg.gradients(z, xs)),
    "draw": lambda z, _: tg.draw(z).svg(),
    "draw all": lambda z, _: tg.draw(z, collapse=False).svg(),
    "DOT": lambda z, _: tg.draw(z, heat=True).source,
    "stepper": lambda z, _: tg.stepper(z),
    "live": lambda z, _: tg.live(z),
    "gradients": lambda z, xs: tg.gradients(z, xs),
    "backward": lambda z, _: z.backward(),
    "right": lambda z, xs: tg.compare([x.grad for x in xs], xs, z),
}


def work(read, z, xs):
    """The number of calls of functions, Python's and C's, that reading takes."""
    count = 0

    def counted(frame, event, arg):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        read(z, xs)
    finally:
        sys.setprofile(None)
    return count


def calls(shape, read, n):
    z, xs = SHAPES[shape](n)
    z.backward(retain_grad=True)
    return work(read, z, xs)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_reader_takes_time_in_proportion(shape, reader):
    calls(shape, READERS[reader], 8)  # what is imported or cached for the first time
    few, many = (calls(shape, READERS[reader], n) for n in (SMALL, SMALL * TIMES))
    assert many < 1.4 * TIMES * few + 2000, f"{few:,} calls for {SMALL} nodes, {many:,} for {SMALL * TIMES}"


def test_the_count_sees_what_is_quadratic():
    def read(z, _):
        for node in tg.core.backprop.history(z):
            tg.core.backprop.history(node)

    few, many = (calls("chain", read, n) for n in (SMALL, SMALL * TIMES))
    assert many > 2 * TIMES * few


def test_a_wrong_gradient_of_a_large_graph_is_searched_for_a_while_and_the_report_says_so(monkeypatch):
    monkeypatch.setattr(matching, "MATCHING", matching.BUDGET)
    z, (x,) = chain(40)
    z.backward()
    report = tg.compare([x.grad + 0.1234], [x], z)
    assert not report
    assert "only a part of the mistakes" in str(report)


def test_explaining_many_leaves_names_how_many_are_left_out():
    z, _ = wide(200)
    assert "… 76 more leaves, to x_99, are left out" in tg.explain(z)
