"""Pieces of homework for the tests: right ones in the styles that people write in. Text, to be changed by a word."""

from tinygrad_edu.check.homework.check import check_program
from tinygrad_edu.check.homework.program import LearnerProgram

TWO_LAYERS = """import numpy as np

rng = np.random.default_rng(0)
X = rng.normal(size=(6, 4))
y = np.array([0, 2, 1, 1, 0, 2])
params = {
    "W1": 0.5 * rng.normal(size=(4, 5)), "b1": np.zeros(5),
    "W2": 0.5 * rng.normal(size=(5, 3)), "b2": np.zeros(3),
}


def net(W1, b1, W2, b2, X, y, reg=0.1):
    N = X.shape[0]
    z1 = X @ W1 + b1
    h = np.maximum(0, z1)
    s = h @ W2 + b2
    s -= s.max(axis=1, keepdims=True)
    e = np.exp(s)
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.log(p[range(N), y]).mean() + reg * np.sum(W1 * W1) + reg * np.sum(W2**2)
    ds = p.copy()
    ds[range(N), y] -= 1
    ds /= N
    dW2 = h.T @ ds + 2 * reg * W2
    db2 = ds.sum(axis=0)
    dh = ds @ W2.T
    dz1 = dh * (z1 > 0)
    dW1 = X.T @ dz1 + 2 * reg * W1
    db1 = dz1.sum(axis=0)
    return loss, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}
"""

MODEL = """import numpy as np

rng = np.random.default_rng(0)
X, y = rng.normal(size=(6, 4)), np.array([0, 2, 1, 1, 0, 2])


class NoData:
    def __init__(self):
        raise ValueError("there is no such file")


class Net:
    def __init__(self, sizes=(4, 5, 3), reg=0.1):
        rng = np.random.default_rng(1)
        self.reg = reg
        self.params = {
            "W1": rng.normal(size=sizes[:2]), "b1": np.zeros(sizes[1]),
            "W2": rng.normal(size=sizes[1:]), "b2": np.zeros(sizes[2]),
        }

    def loss(self, X, y=None):
        p = self.params
        h = np.maximum(0, X @ p["W1"] + p["b1"])
        scores = h @ p["W2"] + p["b2"]
        if y is None:
            return scores
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        probs = e / e.sum(axis=1, keepdims=True)
        loss = -np.log(probs[range(len(X)), y]).mean() + self.reg * (np.sum(p["W1"] ** 2) + np.sum(p["W2"] ** 2))
        d = (probs - np.eye(3)[y]) / len(X)
        dh = d @ p["W2"].T * (h > 0)
        grads = {"W2": h.T @ d + 2 * self.reg * p["W2"], "b2": d.sum(axis=0)}
        grads["W1"] = X.T @ dh + 2 * self.reg * p["W1"]
        grads["b1"] = dh.sum(axis=0)
        return loss, grads
"""

LAYER_PAIR = """import numpy as np

rng = np.random.default_rng(1)
x, w, b = rng.normal(size=(5, 2, 3)), rng.normal(size=(6, 4)), rng.normal(size=4)


def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1).dot(w) + b
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    db = np.sum(dout, axis=0)
    return dx, dw, db
"""

COLUMNS = """import numpy as np

np.random.seed(3)
X = np.random.randn(3, 7)
Y = (np.random.rand(1, 7) > 0.5).astype(float)
parameters = {
    "W1": np.random.randn(4, 3), "b1": np.zeros((4, 1)),
    "W2": np.random.randn(1, 4) * 0.5, "b2": np.zeros((1, 1)),
}


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward_propagation(X, parameters):
    W1, b1, W2, b2 = (parameters[k] for k in ("W1", "b1", "W2", "b2"))
    Z1 = np.dot(W1, X) + b1
    A1 = np.tanh(Z1)
    Z2 = np.dot(W2, A1) + b2
    A2 = sigmoid(Z2)
    cache = {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}
    return A2, cache


def compute_cost(A2, Y):
    m = Y.shape[1]
    logprobs = np.multiply(np.log(A2), Y) + np.multiply(np.log(1 - A2), 1 - Y)
    return float(-np.sum(logprobs) / m)


def backward_propagation(parameters, cache, X, Y):
    m = X.shape[1]
    W2 = parameters["W2"]
    A1, A2 = cache["A1"], cache["A2"]
    dZ2 = A2 - Y
    dW2 = np.dot(dZ2, A1.T) / m
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dZ1 = np.dot(W2.T, dZ2) * (1 - np.power(A1, 2))
    dW1 = np.dot(dZ1, X.T) / m
    db1 = np.sum(dZ1, axis=1, keepdims=True) / m
    grads = {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
    return grads
"""

NETWORK = """import numpy as np


class Network:
    def __init__(self, sizes=(3, 4, 2)):
        rng = np.random.default_rng(5)
        self.num_layers = len(sizes)
        self.biases = [rng.normal(size=(n, 1)) for n in sizes[1:]]
        self.weights = [rng.normal(size=(n, m)) for m, n in zip(sizes[:-1], sizes[1:])]

    def feedforward(self, a):
        for b, w in zip(self.biases, self.weights):
            a = sigmoid(np.dot(w, a) + b)
        return a

    def backprop(self, x, y):
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        activation, activations, zs = x, [x], []
        for b, w in zip(self.biases, self.weights):
            z = np.dot(w, activation) + b
            zs.append(z)
            activation = sigmoid(z)
            activations.append(activation)
        delta = (activations[-1] - y) * sigmoid_prime(zs[-1])
        nabla_b[-1] = delta
        nabla_w[-1] = np.dot(delta, activations[-2].T)
        for k in range(2, self.num_layers):
            delta = np.dot(self.weights[-k + 1].T, delta) * sigmoid_prime(zs[-k])
            nabla_b[-k] = delta
            nabla_w[-k] = np.dot(delta, activations[-k - 1].T)
        return nabla_b, nabla_w


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))
"""

SCRIPT = """import numpy as np

g = np.random.default_rng(7)
x = g.normal(size=(8, 3))
labels = g.integers(0, 4, 8)
n = 8
W1 = g.normal(size=(3, 5))
b1 = g.normal(size=5) * 0.1
gain = np.ones(5) + 0.1 * g.normal(size=5)
W2 = g.normal(size=(5, 4)) * 0.5

hpre = x @ W1 + b1
mean = hpre.mean(0, keepdims=True)
diff = hpre - mean
var = (diff**2).sum(0, keepdims=True) / (n - 1)
inv = (var + 1e-5) ** -0.5
raw = diff * inv
scaled = gain * raw
h = np.tanh(scaled)
logits = h @ W2
shifted = logits - logits.max(1, keepdims=True)
counts = np.exp(shifted)
total = counts.sum(1, keepdims=True)
probs = counts / total
logprobs = np.log(probs)
loss = -logprobs[range(n), labels].mean()

dlogprobs = np.zeros_like(logprobs)
dlogprobs[range(n), labels] = -1.0 / n
dprobs = dlogprobs / probs
dtotal = (-counts / total**2 * dprobs).sum(1, keepdims=True)
dcounts = dprobs / total + np.ones_like(counts) * dtotal
dlogits = dcounts * counts
dh = dlogits @ W2.T
dW2 = h.T @ dlogits
dscaled = dh * (1 - h**2)
dgain = (dscaled * raw).sum(0)
draw = dscaled * gain
ddiff = draw * inv
dinv = (draw * diff).sum(0, keepdims=True)
dvar = -0.5 * (var + 1e-5) ** -1.5 * dinv
ddiff += 2 * diff / (n - 1) * dvar
dhpre = ddiff.copy()
dhpre -= ddiff.sum(0) / n
dW1 = x.T @ dhpre
db1 = dhpre.sum(0)
"""

RECURRENT = """import numpy as np

rng = np.random.RandomState(0)
hidden_size, vocab_size = 6, 5
Wxh = rng.randn(hidden_size, vocab_size) * 0.5
Whh = rng.randn(hidden_size, hidden_size) * 0.5
Why = rng.randn(vocab_size, hidden_size) * 0.5
bh = np.zeros((hidden_size, 1))
by = np.zeros((vocab_size, 1))
inputs, targets, hprev = [0, 2, 4, 1], [2, 4, 1, 3], np.zeros((hidden_size, 1))


def lossFun(inputs, targets, hprev):
    xs, hs, ys, ps = {}, {}, {}, {}
    hs[-1] = np.copy(hprev)
    loss = 0
    for t in range(len(inputs)):
        xs[t] = np.zeros((vocab_size, 1))
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]) + bh)
        ys[t] = np.dot(Why, hs[t]) + by
        ps[t] = np.exp(ys[t]) / np.sum(np.exp(ys[t]))
        loss += -np.log(ps[t][targets[t], 0])
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dWhy += np.dot(dy, hs[t].T)
        dby += dy
        dh = np.dot(Why.T, dy) + dhnext
        dhraw = (1 - hs[t] * hs[t]) * dh
        dbh += dhraw
        dWxh += np.dot(dhraw, xs[t].T)
        dWhh += np.dot(dhraw, hs[t - 1].T)
        dhnext = np.dot(Whh.T, dhraw)
    for dparam in [dWxh, dWhh, dWhy, dbh, dby]:
        np.clip(dparam, -50, 50, out=dparam)
    return loss, dWxh, dWhh, dWhy, dbh, dby, hs[len(inputs) - 1]
"""

SCALARS = """import math


def neuron(w1=0.5, w2=-0.3, b=0.1, x1=1.5, x2=2.0, target=1.0):
    z = w1 * x1 + w2 * x2 + b
    a = 1 / (1 + math.exp(-z))
    loss = 0.5 * (a - target) ** 2
    da = a - target
    dz = da * a * (1 - a)
    return loss, (dz * x1, dz * x2, dz)
"""


PROGRAM = """import copy
import math
from dataclasses import dataclass

import numpy as np

rng = np.random.default_rng(0)
W, X = rng.normal(size=(4, 3)), rng.normal(size=(3, 5))


@dataclass
class Squared:
    scale: float = 1.0

    def __call__(self, x):
        return self.scale * x**2


def checks(x):
    if x.ndim == 2:
        return
    raise ValueError(x)


def f({name}):
    G = np.zeros((4, 3))
    {lines}
    return loss, {{"{name}": {factor} * G}}


F = np.asfortranarray(W)
"""

RECORDED = {  # what programs do with arrays: lines that compute a loss of W, and its gradient
    "views of a transpose": (
        "V = W.T + 0.0; loss = np.sum(V[0] ** 2)",
        "G[:, 0] = 2 * W[:, 0]",
    ),
    "views of columns in memory": (
        "loss = np.sum(F[0] ** 2 * F[1:, 2].sum())",
        "G[0] = 2 * F[0] * F[1:, 2].sum(); G[1:, 2] = F[0] @ F[0]",
    ),
    "copyto": (
        "A = np.zeros((4, 3)); np.copyto(A, W); loss = np.sum(A**2)",
        "G = 2 * W",
    ),
    "fill": (
        "A = np.zeros(2); A.fill(W[0, 0]); loss = np.sum(A**2)",
        "G[0, 0] = 4 * W[0, 0]",
    ),
    "subtract.at": (
        "k = [0, 0, 1, 2]; A = np.zeros(3); np.subtract.at(A, k, W[:, 0]); loss = np.sum(A**2)",
        "G[:, 0] = -2 * A[k]",
    ),
    "add.at": (
        "k = [0, 0, 1, 2]; A = np.zeros(3); np.add.at(A, k, W[:, 0]); loss = np.sum(A**2)",
        "G[:, 0] = 2 * A[k]",
    ),
    "item": (
        "loss = W[0, 0].item() ** 2 + W.item(1) ** 3 + W.item(1, 0)",
        "G[0, :2] = 2 * W[0, 0], 3 * W[0, 1] ** 2; G[1, 0] = 1",
    ),
    "round and hash": (
        "loss = np.sum(W**2); print(round(loss, 3), {loss: 1})",
        "G = 2 * W",
    ),
    "whole numbers": (
        "k = (W * 10).astype(int); loss = np.sum(W**2 * k)",
        "G = 2 * W * k",
    ),
    "float32": (
        "loss = np.sum(W.astype(np.float32) ** 2) * np.ones(1, dtype='float32')[0]",
        "G = 2 * W",
    ),
    "a part without entries": (
        "loss = np.sum(np.concatenate([W[:0], W]) ** 2)",
        "G = 2 * W",
    ),
    "several results": (
        "p, q = np.split(W, 2); s, i = np.modf(W[0]); loss = np.sum(p * q) + 0 * s[0]",
        "G = np.concatenate([q, p])",
    ),
    "the place of the largest": (
        "k = np.argmax(W); loss = W.flat[k] ** 2",
        "G.flat[k] = 2 * W.ravel()[k]",
    ),
    "out of whole numbers": (
        "k = np.zeros(4, int); np.argmax(W, axis=1, out=k); r = range(4); loss = np.sum(W[r, k] ** 2)",
        "G[r, k] = 2 * W[r, k]",
    ),
    "out": (
        "A = np.empty((4, 3)); np.multiply(W, W, out=A); np.add(A, 1, out=A); loss = np.sum(A**2)",
        "G = 4 * A * W",
    ),
    "out of a row": (
        "A = np.zeros((4, 3)); np.multiply(W[0], W[0], out=A[1]); loss = np.sum(A**2)",
        "G[0] = 4 * W[0] ** 3",
    ),
    "added in reverse order": (
        "A = W * 1.0; A[::-1] += W; loss = np.sum(A[0] ** 3)",
        "G[0] = 3 * A[0] ** 2; G[3] = 3 * A[0] ** 2",
    ),
    "a list written": (
        "A = np.zeros(2); A[:] = [W[0, 0], 2.0]; loss = np.sum(A**3)",
        "G[0, 0] = 3 * A[0] ** 2",
    ),
    "an array of numbers": (
        "A = np.array([W[0, 0], 2.0 * W[0, 1]]); loss = np.sum(A**3)",
        "G[0, :2] = 3 * A**2 * [1, 2]",
    ),
    "an array of rows": (
        "A = np.array([W[0], [1.0, 2.0, 3.0]]); loss = np.sum(A**3)",
        "G[0] = 3 * W[0] ** 2",
    ),
    "an array of fewer digits": (
        "loss = np.sum(np.array(W, dtype='f4') ** 2 * np.array(W > 0, dtype=float))",
        "G = 2 * W * (W > 0)",
    ),
    "an array of more axes": (
        "loss = np.sum(np.array(W[0], ndmin=2) @ np.asarray(W).T)",
        "G += W[0]; G[0] += W.sum(axis=0)",
    ),
    "fsum": (
        "loss = math.fsum([w**2 for w in W[0]])",
        "G[0] = 2 * W[0]",
    ),
    "deep copies": (
        "V = copy.deepcopy({'a': [W, (W, 1)]})['a'][0]; V[0] = 0; loss = np.sum(V**2)",
        "G = 2 * V",
    ),
    "copies": (
        "V = copy.copy(W); V[0] = 0; loss = np.sum(V.real**2)",
        "G = 2 * V",
    ),
    "annotations": (
        "a: float; a: float = np.sum(W**2); loss = a * (c := np.sum(W[0]))",
        "G = 2 * W * c; G[0] += a",
    ),
    "shapes": (
        "checks(W); loss = np.sum(W**2) / np.shape(W)[0] * np.array_equiv(W, W)",
        "G = W / 2",
    ),
    "a class that is called": (
        "loss = np.sum(Squared(3.0)(W))",
        "G = 6 * W",
    ),
    "a function without a rule": (
        "loss = np.sum(np.i0(X)) + np.sum(W**2)",
        "G = 2 * W",
    ),
}

LAYERS = """import numpy as np

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
params = {params}


def loss(params, X, Y):
    h = np.tanh(X @ params{a}["W"] + params{a}["b"])
    d = h @ params{b}["W"] + params{b}["b"] - Y
    dz = d @ params{b}["W"].T * (1 - h * h)
    return 0.5 * np.sum(d * d), {grads}
"""

PLACES = {  # programs of a line or two: values of the module, the function, its arguments
    "dicts in a dict": ("s = {'grads': {'W': 2 * W}, 'norm': 1.0}", "W", "np.sum(W**2), s"),
    "a list in a dict": ("a, b = learned['W']", "learned", "np.sum(a * b**2), {'W': [b**2, 2 * a * b]}"),
    "a dict like another one": (
        "d = learned['W'][0] - goals['W'][0]",
        "learned, goals",
        "np.sum(d**2), {'W': [2 * d]}",
    ),
    "dicts in a tuple": ("a, b = W, x", "W, x", "np.sum(a**2 * b), ({'W': 2 * a * b}, {'x': a**2})"),
    "parameters of another name": ("a, b = p", "p, mask=None", "np.sum(a**2 * b), [2 * a * b, a**2]"),
    "another case": ("pass", "w, X", "np.sum(w**2 * X), [2 * w * X, w**2]"),
    "an argument without a name": ("pass", "W, /, x", "np.sum(W**2 * x), [2 * W * x, W**2]"),
    "a number used twice": ("pass", "c", "c**2 + c, {'c': 2 * c + 1}"),
    "a loss that does not depend on it": ("pass", "W", "np.sum(x), {'W': 0 * W}"),
    "a constant": ("pass", "W", "3.0, {'W': 0 * W}"),
}
PLACE = """import numpy as np

x, W, c = np.ones(3), np.arange(1.0, 4.0), 1.5
learned, goals = {{"W": [np.ones(3), np.ones(3)]}}, {{"W": [np.zeros(3)]}}
theta = [np.ones(3), np.arange(3.0)]


def f({arguments}):
    {line}
    return {result}
"""


STYLES = {
    "two layers": TWO_LAYERS, "forward and backward": LAYER_PAIR, "columns": COLUMNS, "a class": NETWORK,
    "a script": SCRIPT, "a recurrent net": RECURRENT, "single numbers": SCALARS, "a model": MODEL,
}  # fmt: skip


def checked(text, function=""):
    """The report on a program."""
    return check_program(LearnerProgram(text, "homework.py"), function)


def changed(text, old, new):
    """The text with one of its lines changed, and the number of that line."""
    assert text.count(old) == 1, old
    return text.replace(old, new), text[: text.index(old)].count("\n") + 1
