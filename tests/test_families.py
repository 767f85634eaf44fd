"""Mistakes that a learner makes in loops, slices, statistics and convolutions, each named by its row of the catalogue.

The backward passes are written out in NumPy, and the forward passes as NumPy users write them.
"""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn

RNG = np.random.default_rng(20261130)


def named(hand, leaves, loss):
    report = tg.compare(hand, leaves, loss)
    assert not report.ok
    return [mistake.number for mistake in report.mistakes[:2]]


def recurrent(mistake=""):
    """Return the gradients of a recurrent net as a learner derives them with a mistake, the parameters and the loss."""
    rng = np.random.default_rng(5)
    steps, n, inputs, units = 6, 4, 3, 5
    x, y = rng.normal(size=(steps, n, inputs)), rng.normal(size=(steps, n, units))
    Wx, Wh, b = rng.normal(size=(inputs, units)), rng.normal(size=(units, units)) * 0.5, rng.normal(size=units)
    leaves = {name: tg.Tensor(data, label=name) for name, data in (("Wx", Wx), ("Wh", Wh), ("b", b))}
    h, loss = np.zeros((n, units)), 0.0
    for t in range(steps):
        h = np.tanh(x[t] @ leaves["Wx"] + h @ leaves["Wh"] + leaves["b"])
        loss = loss + ((h - y[t]) ** 2).sum()
    hs = [np.zeros((n, units))]
    for t in range(steps):
        hs.append(np.tanh(x[t] @ Wx + hs[-1] @ Wh + b))
    grads = {name: np.zeros_like(data.data) for name, data in leaves.items()}
    later = np.zeros((n, units))
    for t in reversed(range(steps)):
        a = hs[t + 1]
        dh = 2 * (a - y[t]) + later
        dz = dh if mistake == "tanh" else dh * (1 - a * a)
        state = a if mistake == "late" else hs[-1] if mistake == "wrap" and t == 0 else hs[t]
        if mistake == "overwritten":
            grads = {"Wx": 0.0, "Wh": 0.0, "b": 0.0}
        grads = {"Wx": grads["Wx"] + x[t].T @ dz, "Wh": grads["Wh"] + state.T @ dz, "b": grads["b"] + dz.sum(axis=0)}
        later = dz @ {"transposed": Wh}.get(mistake, Wh.T) * {"cut": 0.0, "twice": 2.0, "minus": -1.0}.get(mistake, 1.0)
    return grads, leaves, loss


@pytest.mark.parametrize(
    ("mistake", "row"),
    [
        ("cut", 36),
        ("twice", 36),
        ("minus", 36),
        ("late", 36),
        ("wrap", 36),
        ("tanh", 11),
        ("transposed", 20),
        ("overwritten", 10),
    ],
)
def test_through_time(mistake, row):
    right, leaves, loss = recurrent()
    assert tg.compare(right, leaves, loss).ok
    rows = named(recurrent(mistake)[0], leaves, loss)
    assert row in rows or (mistake == "overwritten" and {10, 23} & set(rows))


def test_an_index_that_occurs_twice_is_overwritten():
    E, ix = tg.Tensor(RNG.normal(size=(6, 4)), label="E"), np.array([1, 3, 1, 5, 3, 1])
    loss = (np.tanh(E[ix]) ** 2).sum()
    a = np.tanh(E.data[ix])
    d = 2 * a * (1 - a * a)
    right, wrong = np.zeros((6, 4)), np.zeros((6, 4))
    np.add.at(right, ix, d)
    wrong[ix] = d
    assert tg.compare(right, E, loss).ok
    assert 37 in named(wrong, E, loss)


def test_a_sum_along_the_wrong_axis():
    z, t = tg.Tensor(RNG.normal(size=(5, 4)), label="z"), RNG.normal(size=(5, 4))
    e = np.exp(z - z.max(axis=1, keepdims=True))
    loss = ((e / e.sum(axis=1, keepdims=True) - t) ** 2).sum()
    p = np.exp(z.data) / np.exp(z.data).sum(axis=1, keepdims=True)
    g = 2 * (p - t)
    assert tg.compare(p * (g - (g * p).sum(axis=1, keepdims=True)), z, loss).ok
    assert 38 in named(p * (g - (g * p).sum(axis=0, keepdims=True)), z, loss)


def test_a_transpose_inside_attention():
    q, k = (tg.Tensor(RNG.normal(size=(5, 3)), label=name) for name in "qk")
    t = RNG.normal(size=(5, 5))
    loss = ((tg.softmax(q @ k.T, axis=-1) - t) ** 2).sum()
    s = np.exp(q.data @ k.data.T)
    p = s / s.sum(axis=1, keepdims=True)
    g = 2 * (p - t)
    ds = p * (g - (g * p).sum(axis=1, keepdims=True))
    right = {"q": ds @ k.data, "k": ds.T @ q.data}
    assert tg.compare(right, {"q": q, "k": k}, loss).ok
    assert 39 in named(right | {"k": ds @ q.data}, {"q": q, "k": k}, loss)


def test_the_wrong_slice():
    w = tg.Tensor(RNG.normal(size=7), label="w")
    loss = (np.sin(w[1:5]) * RNG.normal(size=4)).sum()
    right = tg.gradients(loss, [w])[0].data
    assert 40 in named(np.roll(right, 1), w, loss) or 28 in named(np.roll(right, 1), w, loss)
    x = tg.Tensor(RNG.normal(size=(6, 3)), label="x")
    moved = ((x[1:] - x[:-1]) ** 2).sum()  # of two slices, one is put back a place beside
    d = 2 * np.diff(x.data, axis=0)
    right, wrong = np.zeros((6, 3)), np.zeros((6, 3))
    right[1:] += d
    right[:-1] -= d
    wrong[1:] += d
    wrong[1:] -= d * 0
    wrong[0] = 0
    wrong[1:] -= d
    assert tg.compare(right, x, moved).ok
    assert tg.compare(wrong, x, moved).ok is False


@pytest.mark.parametrize("mistake", ["flipped", "not turned", "cropped"])
def test_the_geometry_of_a_convolution(mistake):
    x, w = tg.Tensor(RNG.normal(size=(2, 1, 7, 6)), label="x"), tg.Tensor(RNG.normal(size=(2, 1, 3, 3)), label="w")
    loss = (np.tanh(nn.functional.conv2d(x, w)) ** 2).sum()
    gx, gw = (g.data for g in tg.gradients(loss, [x, w]))
    turned = tg.gradients((np.tanh(nn.functional.conv2d(x, w)) ** 2).sum(), [x])[0].data
    assert tg.compare({"x": turned, "w": gw}, {"x": x, "w": w}, loss).ok
    wrong = {"flipped": {"x": gx, "w": np.flip(gw, (-2, -1))}, "cropped": {"x": np.roll(gx, 1, -1), "w": gw}}
    if mistake == "not turned":
        a = np.tanh(np.asarray(nn.functional.conv2d(x.data, w.data)))
        d = 2 * a * (1 - a * a)
        back = np.zeros_like(gx)
        for i in range(a.shape[2]):
            for j in range(a.shape[3]):
                back[:, :, i : i + 3, j : j + 3] += np.einsum("nf,fckl->nckl", d[:, :, i, j], np.flip(w.data, (-2, -1)))
        wrong[mistake] = {"x": back, "w": gw}
    rows = named(wrong[mistake], {"x": x, "w": w}, loss)
    assert 41 in rows or 28 in rows


@pytest.mark.parametrize("mistake", ["image", "kernel", "kernel of the last image"])
def test_windows_of_a_convolution_that_are_overwritten(mistake):
    x, w = tg.Tensor(RNG.normal(size=(2, 1, 5, 4)), label="x"), tg.Tensor(RNG.normal(size=(2, 1, 3, 3)), label="w")
    loss = (np.tanh(nn.functional.conv2d(x, w)) ** 2).sum()
    a = np.tanh(np.asarray(nn.functional.conv2d(x.data, w.data)))
    d = 2 * a * (1 - a * a)
    right, wrong = ({"x": np.zeros_like(x.data), "w": np.zeros_like(w.data)} for _ in range(2))
    for n, f, i, j in np.ndindex(d.shape):
        window = np.s_[n, :, i : i + 3, j : j + 3]
        right["x"][window] += d[n, f, i, j] * w.data[f]
        right["w"][f] += d[n, f, i, j] * x.data[window]
    for n, i, j in np.ndindex(2, 3, 2):
        window = np.s_[n, :, i : i + 3, j : j + 3]
        wrong["x"][window] = np.einsum("f,fckl->ckl", d[n, :, i, j], w.data)
        last = np.einsum("f,ckl->fckl", d[n, :, i, j], x.data[window])
        wrong["w"] = last if mistake == "kernel of the last image" or n == 0 else wrong["w"]
    if mistake == "kernel":
        wrong["w"] = np.einsum("nf,nckl->fckl", d[:, :, -1, -1], x.data[:, :, 2:5, 1:4])
    leaves = {"x": x, "w": w}
    assert tg.compare(right, leaves, loss).ok
    name = "x" if mistake == "image" else "w"
    assert 37 in named(right | {name: wrong[name]}, leaves, loss)


def test_overlapping_windows_of_a_pool_that_are_overwritten():
    x = tg.Tensor(RNG.normal(size=(2, 1, 5, 5)), label="x")
    loss = (np.tanh(nn.functional.max_pool2d(x, 3, 1)) ** 2).sum()
    right, wrong = np.zeros_like(x.data), np.zeros_like(x.data)
    for n, i, j in np.ndindex(2, 3, 3):
        window = x.data[n, 0, i : i + 3, j : j + 3]
        k, m = np.unravel_index(window.argmax(), window.shape)
        a = np.tanh(window.max())
        right[n, 0, i + k, j + m] += 2 * a * (1 - a * a)
        wrong[n, 0, i + k, j + m] = 2 * a * (1 - a * a)
    assert tg.compare(right, x, loss).ok
    assert 37 in named(wrong, x, loss)


def batch_norm(mistake=""):
    rng = np.random.default_rng(3)
    n, eps = 8, 1e-5
    x, w = rng.normal(size=(n, 3)), rng.normal(size=(3, 4))
    gain, target = rng.uniform(0.5, 2, 4), rng.normal(size=(n, 4))
    leaves = {"W": tg.Tensor(w, label="W"), "gain": tg.Tensor(gain, label="gain")}
    h = x @ leaves["W"]
    centred = h - h.mean(axis=0)
    normal = centred / np.sqrt((centred**2).sum(axis=0) / (n - 1) + eps)
    loss = ((normal * leaves["gain"] - target) ** 2).sum()
    h = x @ w
    c = h - h.mean(axis=0)
    s = 1 / np.sqrt((c**2).sum(axis=0) / (n - 1) + eps)
    xhat = c * s
    g = 2 * (xhat * gain - target)
    dgain = (g * (c if mistake == "x for x̂" else xhat)).sum(axis=0)
    dn = g * gain
    dvar = (dn * c).sum(axis=0) * -0.5 * s**3
    m = n if mistake == "N" else n - 1
    dc = dn * s + (0 if mistake == "variance" else 2 * c * dvar / m)
    dh = dc - (0 if mistake == "mean" else dc.mean(axis=0))
    return {"W": x.T @ dh, "gain": dgain}, leaves, loss


@pytest.mark.parametrize(
    ("mistake", "rows"), [("x for x̂", {43}), ("N", {35, 42}), ("variance", {23, 24, 31}), ("mean", {23, 24})]
)
def test_batch_norm_written_out(mistake, rows):
    right, leaves, loss = batch_norm()
    assert tg.compare(right, leaves, loss).ok
    assert rows & set(named(batch_norm(mistake)[0], leaves, loss))


def svm(mistake=""):
    rng = np.random.default_rng(1)
    n, reg = 7, 0.1
    x, w, y = rng.normal(size=(n, 4)), rng.normal(size=(4, 5)), rng.integers(0, 5, n)
    W = tg.Tensor(w, label="W")
    scores = x @ W
    margins = np.maximum(0, scores - scores[np.arange(n), y][:, None] + 1)
    margins[np.arange(n), y] = 0.0
    loss = margins.sum() / n + reg * (W * W).sum()
    s = x @ w
    on = (s - s[np.arange(n), y][:, None] + 1 > 0) * 1.0
    on[np.arange(n), y] = 0
    on[np.arange(n), y] = -1.0 * (on.sum(axis=1) > 0) if mistake == "once" else -on.sum(axis=1)
    penalty = {"value": reg * w * w, "half": reg * w, "none": 0 * w}.get(mistake, 2 * reg * w)
    return x.T @ on / n + penalty, W, loss


@pytest.mark.parametrize(("mistake", "row"), [("value", 26), ("half", 26), ("none", 26), ("once", 44)])
def test_a_support_vector_machine_as_a_course_has_it(mistake, row):
    right, W, loss = svm()
    assert tg.compare(right, W, loss).ok
    assert row in named(svm(mistake)[0], W, loss)


def test_factors_and_terms_too_many():
    rng = np.random.default_rng(2)
    x, w, b = (
        rng.normal(size=(7, 3)),
        tg.Tensor(rng.normal(size=(3, 4)), label="W"),
        tg.Tensor(rng.normal(size=4), label="b"),
    )
    loss = (np.tanh(x @ w + b) ** 2).sum()
    a = np.tanh(x @ w.data + b.data)
    d = 2 * a * (1 - a * a)
    right = {"W": x.T @ d, "b": d.sum(axis=0)}
    assert tg.compare(right, {"W": w, "b": b}, loss).ok
    assert 45 in named(right | {"b": right["b"] * b.data}, {"W": w, "b": b}, loss)
    assert 45 in named(right | {"b": right["b"] + 3.0}, {"W": w, "b": b}, loss)
    mistyped = right["W"].copy()
    mistyped[2, 1] *= -1
    report = tg.compare(right | {"W": mistyped}, {"W": w, "b": b}, loss)
    assert (report.mistakes[0].number, report.mistakes[0].where) == (46, "W[2, 1]")
    assert "11 of 12 numbers are right" in report.mistakes[0].evidence


def test_weights_left_out_of_delta_behind_a_single_neuron():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(7, 3)), rng.normal(size=(7, 1))
    w1, w2 = tg.Tensor(rng.normal(size=(3, 5)), label="W1"), tg.Tensor(rng.normal(size=(5, 1)), label="W2")
    loss = ((np.tanh(x @ w1) @ w2 - y) ** 2).sum() / 7
    a = np.tanh(x @ w1.data)
    d2 = 2 * (a @ w2.data - y) / 7
    right = {"W1": x.T @ (d2 @ w2.data.T * (1 - a * a)), "W2": a.T @ d2}
    assert tg.compare(right, {"W1": w1, "W2": w2}, loss).ok
    assert 21 in named(right | {"W1": x.T @ (d2 * (1 - a * a))}, {"W1": w1, "W2": w2}, loss)
