"""Pieces of homework for the tests: right ones in the styles that people write in. Text, to be changed by a word."""

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
