import numpy as np

rng = np.random.default_rng(1)
x, y = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
W1, b1, W2, b2 = rng.normal(size=(4, 3)), np.zeros(4), rng.normal(size=(2, 4)), np.zeros(2)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def loss_and_gradients(W1, b1, W2, b2, x, y):
    a1 = sigmoid(x @ W1.T + b1)
    a2 = sigmoid(a1 @ W2.T + b2)
    loss = np.sum((a2 - y) ** 2)
    d2 = 2 * (a2 - y) * a2 * (1 - a2)
    d1 = (d2 @ W2) * a1 * (1 - a1)
    return loss, {"W1": d1.T @ x, "b1": d1.sum(axis=0), "W2": d2.T @ a1, "b2": d2.sum(axis=0)}
