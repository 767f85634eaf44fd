"""Types of tensors and Values: operators, methods, functions, gradients."""

from typing import TYPE_CHECKING, assert_type

import numpy as np

import tinygrad_edu as tg

t = tg.Tensor(np.ones((2, 3)), label="t")
w = tg.Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
v = tg.Value(2.0, label="v")
array = np.ones(3)

assert_type(t + 1, tg.Tensor)
assert_type(1 - t, tg.Tensor)
assert_type(t @ w, tg.Tensor)
assert_type(-(t**2), tg.Tensor)
assert_type(t * array, tg.Tensor)
assert_type(array * t, tg.Tensor)
assert_type(np.eye(2) @ t, tg.Tensor)
assert_type(np.float64(2.0) * t, tg.Tensor)
assert_type(t > 0, tg.Tensor)
assert_type(t.exp(), tg.Tensor)
assert_type(t.sum(axis=0), tg.Tensor)
assert_type(t.max(axis=1), tg.Tensor)
assert_type(t.T, tg.Tensor)
assert_type(t[0, 1:], tg.Tensor)
assert_type(t.reshape(3, 2), tg.Tensor)
assert_type(list(t), list[tg.Tensor])
assert_type(t.shape, tuple[int, ...])

assert_type(v + 1, tg.Value)
assert_type(2 * v**2, tg.Value)
assert_type(v.tanh(), tg.Value)
assert_type(v.data, float)
assert_type(v.grad, float)
assert_type(sum((x * y for x, y in zip([v, v], [1.0, 2.0], strict=True)), v), tg.Value)

assert_type(tg.exp(t), tg.Tensor)
assert_type(tg.exp(v), tg.Value)
assert_type(tg.exp(1.0), float)
assert_type(tg.maximum(t, 0), tg.Tensor)
assert_type(tg.sum(t, axis=1, keepdims=True), tg.Tensor)
assert_type(tg.softmax(t, axis=1), tg.Tensor)
assert_type(tg.concatenate([t, t]), tg.Tensor)
assert_type(tg.split(t, 2), list[tg.Tensor])
assert_type(tg.where(t > 0, t, 0.0), tg.Tensor)
assert_type(tg.einsum("ij,jk->ik", t, w), tg.Tensor)
assert_type(tg.dot(np.ones((2, 2)), t), tg.Tensor)
assert_type(tg.linalg.norm(t), tg.Tensor)
assert_type(tg.fft.fft(t), tg.Tensor)

total = t * 2
total += 1
assert_type(total, tg.Tensor)
assert_type(tg.gradients((w * w).sum(), [w]), list[tg.Tensor])
y, pullback = tg.vjp(lambda x: x**2, np.ones(3))

if TYPE_CHECKING:
    tg.no_such_name  # wrong
    tg.exq(t)  # wrong
    tg.linalg.nrom(t)  # wrong
    tg.sum(t, dim=1)  # wrong
    t.unsqueeze(0)  # wrong
    t.shape = (3, 2)  # wrong
    v.shape  # wrong
    t + "a"  # wrong
    v + t  # wrong
    tg.Value("a")  # wrong
    tg.gradients(t, ["w"])  # wrong
