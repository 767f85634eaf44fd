"""A step of a GPT of scalars, as Karpathy's microgpt has it: one layer, 16 numbers a token, 4 heads, 8 tokens, Adam.

The same step with a scalar class in the manner of that script, with this package's, and by hand on NumPy's arrays.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from scalars import Step

VOCABULARY, WIDTH, HEADS, LONGEST = 27, 16, 4, 8
HEAD = WIDTH // HEADS
SHAPES = {
    "token": (VOCABULARY, WIDTH), "place": (LONGEST, WIDTH), "out": (VOCABULARY, WIDTH),
    "q": (WIDTH, WIDTH), "k": (WIDTH, WIDTH), "v": (WIDTH, WIDTH), "o": (WIDTH, WIDTH),
    "up": (4 * WIDTH, WIDTH), "down": (WIDTH, 4 * WIDTH),
}  # fmt: skip
RATE, BETAS, TINY = 0.01, (0.85, 0.99), 1e-8


def start(length: int) -> tuple[list[int], dict[str, np.ndarray]]:
    """Return the tokens of a name, with one more behind them, and the first weights."""
    draw = random.Random(1)
    weights = {
        name: np.array([[draw.gauss(0, 0.08) for _ in range(n)] for _ in range(m)]) for name, (m, n) in SHAPES.items()
    }
    return [draw.randrange(VOCABULARY) for _ in range(length + 1)], weights


class Scalar:
    """A number that remembers what it was computed from, and its derivative by each, as in the script."""

    __slots__ = ("data", "grad", "inputs", "slopes")

    def __init__(self, data: float, inputs: tuple[Any, ...] = (), slopes: tuple[float, ...] = ()) -> None:
        self.data, self.grad, self.inputs, self.slopes = data, 0.0, inputs, slopes

    def __add__(self, other: Any) -> Scalar:
        other = other if isinstance(other, Scalar) else Scalar(other)
        return Scalar(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Any) -> Scalar:
        other = other if isinstance(other, Scalar) else Scalar(other)
        return Scalar(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, p: float) -> Scalar:
        return Scalar(self.data**p, (self,), (p * self.data ** (p - 1),))

    def log(self) -> Scalar:
        return Scalar(math.log(self.data), (self,), (1 / self.data,))

    def exp(self) -> Scalar:
        return Scalar(math.exp(self.data), (self,), (math.exp(self.data),))

    def relu(self) -> Scalar:
        return Scalar(max(0.0, self.data), (self,), (float(self.data > 0),))

    def __neg__(self) -> Scalar:
        return self * -1.0

    def __sub__(self, other: Any) -> Scalar:
        return self + -other

    def __truediv__(self, other: Any) -> Scalar:
        return self * other**-1.0

    __radd__, __rmul__ = __add__, __mul__

    def backward(self) -> None:
        order: list[Scalar] = []
        seen: set[Scalar] = set()

        def visit(z: Scalar) -> None:
            if z not in seen:
                seen.add(z)
                for x in z.inputs:
                    visit(x)
                order.append(z)

        visit(self)
        self.grad = 1.0
        for z in reversed(order):
            for x, slope in zip(z.inputs, z.slopes, strict=True):
                x.grad += slope * z.grad


# The net of scalars -----------------------------------------------------------------------------------------------


def linear(x: list[Any], w: list[list[Any]]) -> list[Any]:
    """Return the sums of numbers weighted by each row."""
    return [sum(a * b for a, b in zip(row, x, strict=True)) for row in w]


def softmax(x: list[Any]) -> list[Any]:
    """Return powers of e that add up to 1."""
    largest = max(z.data for z in x)
    powers = [(z - largest).exp() for z in x]
    total = sum(powers)
    return [z / total for z in powers]


def normed(x: list[Any]) -> list[Any]:
    """Return numbers divided by the root of their mean square."""
    scale = (sum(z * z for z in x) * (1 / len(x)) + 1e-5) ** -0.5
    return [z * scale for z in x]


def attended(q: list[Any], keys: list[Any], values: list[Any]) -> list[Any]:
    """Return what a token takes from itself and those before it."""
    found = []
    for h in range(0, WIDTH, HEAD):
        of_head = range(h, h + HEAD)
        share = softmax([sum(q[j] * k[j] for j in of_head) * HEAD**-0.5 for k in keys])
        found += [sum(a * v[j] for a, v in zip(share, values, strict=True)) for j in of_head]
    return found


def loss_of(w: dict[str, list[list[Any]]], tokens: list[int]) -> Any:
    """Return the mean surprise at each next token."""
    keys: list[Any] = []
    values: list[Any] = []
    losses = []
    for i, (token, following) in enumerate(pairwise(tokens)):
        x = normed([a + b for a, b in zip(w["token"][token], w["place"][i], strict=True)])
        y = normed(x)
        keys.append(linear(y, w["k"]))
        values.append(linear(y, w["v"]))
        x = [a + b for a, b in zip(linear(attended(linear(y, w["q"]), keys, values), w["o"]), x, strict=True)]
        y = linear([z.relu() for z in linear(normed(x), w["up"])], w["down"])
        logits = linear([a + b for a, b in zip(y, x, strict=True)], w["out"])
        losses.append(-softmax(logits)[following].log())
    return sum(losses) * (1 / len(losses))


def original(length: int) -> Step:
    """Return the step with the script's own class and its own Adam, in loops."""
    tokens, arrays = start(length)
    w = {name: [[Scalar(x) for x in row] for row in a.tolist()] for name, a in arrays.items()}
    every = [x for rows in w.values() for row in rows for x in row]
    mean, square, steps = [0.0] * len(every), [0.0] * len(every), 0

    def step() -> float:
        nonlocal steps
        loss = loss_of(w, tokens)
        loss.backward()
        steps += 1
        for i, p in enumerate(every):
            mean[i] = BETAS[0] * mean[i] + (1 - BETAS[0]) * p.grad
            square[i] = BETAS[1] * square[i] + (1 - BETAS[1]) * p.grad**2
            size = (square[i] / (1 - BETAS[1] ** steps)) ** 0.5 + TINY
            p.data -= RATE * mean[i] / (1 - BETAS[0] ** steps) / size
            p.grad = 0.0
        return loss.data

    return step


def of_values(length: int, through: Callable[[Any], Any] = lambda step: step) -> Step:
    """Return the step with this package's scalars and Adam."""
    from tinygrad_edu import Value, nn

    tokens, arrays = start(length)
    w = {name: [[Value(x) for x in row] for row in a.tolist()] for name, a in arrays.items()}
    used = [w["token"][t] for t in dict.fromkeys(tokens[:-1])] + w["place"][:length]
    used += [row for name, rows in w.items() if name not in ("token", "place") for row in rows]
    adam = nn.Adam([x for row in used for x in row], lr=RATE, betas=BETAS, eps=TINY)

    def step() -> Any:
        adam.zero_grad()
        loss = loss_of(w, tokens)
        loss.backward()
        adam.step()
        return loss

    step = through(step)
    return lambda: float(step().data)


def compiled(length: int) -> Step:
    """Return the same, traced once and replayed."""
    import tinygrad_edu as tg

    return of_values(length, tg.compile)


# By hand on arrays ------------------------------------------------------------------------------------------------


def unnormed(x: np.ndarray, scale: np.ndarray, g: np.ndarray) -> np.ndarray:
    """Return the gradient of `x` from that of `x * scale`."""
    return scale * g - x * (scale**3 / WIDTH * (g * x).sum(-1, keepdims=True))


def scale_of(x: np.ndarray) -> np.ndarray:
    """Return one by the root of the mean square of each row."""
    return ((x * x).mean(-1, keepdims=True) + 1e-5) ** -0.5


def shares(x: np.ndarray) -> np.ndarray:
    """Return the softmax of each row."""
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def heads(x: np.ndarray) -> np.ndarray:
    """Return rows cut into heads, the heads first."""
    return x.reshape(-1, HEADS, HEAD).transpose(1, 0, 2)


def joined(x: np.ndarray) -> np.ndarray:
    """Return the heads of each row beside each other again."""
    return x.transpose(1, 0, 2).reshape(-1, WIDTH)


def by_hand(length: int) -> Step:
    """Return the step on NumPy's arrays: all tokens at once, with weights and gradients end to end."""
    tokens, arrays = start(length)
    flat = np.concatenate([a.ravel() for a in arrays.values()])
    grads, mean, square = np.zeros_like(flat), np.zeros_like(flat), np.zeros_like(flat)
    ends = np.cumsum([a.size for a in arrays.values()])[:-1]
    w, d = (
        {name: part.reshape(SHAPES[name]) for name, part in zip(arrays, np.split(whole, ends), strict=True)}
        for whole in (flat, grads)
    )
    given, wanted, rows = np.array(tokens[:-1]), np.array(tokens[1:]), np.arange(length)
    later = np.triu(np.full((length, length), -np.inf), 1)
    steps = 0

    def step() -> float:
        nonlocal steps
        e = w["token"][given] + w["place"][:length]
        s0 = scale_of(e)
        x = e * s0
        s1 = scale_of(x)
        y = x * s1
        q, k, v = (heads(y @ w[name].T) for name in "qkv")
        a = shares(q @ k.transpose(0, 2, 1) * HEAD**-0.5 + later)
        t = joined(a @ v)
        u = t @ w["o"].T + x
        s2 = scale_of(u)
        n = u * s2
        r = np.maximum(n @ w["up"].T, 0)
        z = r @ w["down"].T + u
        p = shares(z @ w["out"].T)
        loss = -np.log(p[rows, wanted]).mean()
        grads[:] = 0
        p[rows, wanted] -= 1
        p /= length
        d["out"][:] = p.T @ z
        gz = p @ w["out"]
        d["down"][:] = gz.T @ r
        gr = (gz @ w["down"]) * (r > 0)
        d["up"][:] = gr.T @ n
        gu = gz + unnormed(u, s2, gr @ w["up"])
        d["o"][:] = gu.T @ t
        gt = heads(gu @ w["o"])
        ga = gt @ v.transpose(0, 2, 1)
        gs = a * (ga - (ga * a).sum(-1, keepdims=True)) * HEAD**-0.5
        gy = np.zeros_like(y)
        for name, g in (("q", gs @ k), ("k", gs.transpose(0, 2, 1) @ q), ("v", a.transpose(0, 2, 1) @ gt)):
            d[name][:] = joined(g).T @ y
            gy += joined(g) @ w[name]
        ge = unnormed(e, s0, gu + unnormed(x, s1, gy))
        np.add.at(d["token"], given, ge)
        d["place"][:length] = ge
        steps += 1
        mean[:] = BETAS[0] * mean + (1 - BETAS[0]) * grads
        square[:] = BETAS[1] * square + (1 - BETAS[1]) * grads * grads
        size = np.sqrt(square / (1 - BETAS[1] ** steps)) + TINY
        flat[:] -= RATE / (1 - BETAS[0] ** steps) * mean / size
        return float(loss)

    return step


SUBJECTS: dict[str, Callable[[int], Step]] = {
    "its own class": original,
    "NumPy by hand": by_hand,
    "tinygrad_edu": of_values,
    "tinygrad_edu compiled": compiled,
}
