"""Exercises: forward passes whose backward passes are to be written.

Sheets, stubs and references are made of them in `sheets`; how a line is judged this module must not know.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import TinygradEduError


class ExerciseError(TinygradEduError, ValueError):
    """No exercise has that name."""


@dataclass(frozen=True, slots=True)
class Exercise:
    """One exercise. data and forward are code; `{a}`, `{b}` … in data are sizes, drawn between `low` and `high`.

    `{p}`, `{q}` … in data are plain numbers, for exercises without arrays.
    """

    title: str
    task: str
    data: str
    forward: str
    parameters: tuple[str, ...]
    low: int = 3
    high: int = 6


EXERCISES = {
    "golfer": Exercise(
        "A golfer",
        "One number to learn: the strength w. Hole i asks for a distance of y_i, and a shot rolls X_i metres for each "
        "unit of strength. The cost is the mean squared miss. Derive ∂L/∂w.",
        """\
X = rng.uniform(0.5, 2, size={n})
y = rng.uniform(1, 3, size={n})
params = {{"w": rng.normal(size=1)}}""",
        """\
def forward(params, X, y):
    distance = X * params["w"]
    loss = np.mean((distance - y) ** 2)
    return loss, {"distance": distance}""",
        ("w",),
    ),
    "single-neuron": Exercise(
        "A single neuron",
        "One neuron, one example: plain numbers. X holds the two inputs. Derive ∂L/∂w1, ∂L/∂w2 and ∂L/∂b.",
        """\
X = ({p}, {q})
y = 1.0
params = {{"w1": {r}, "w2": {s}, "b": {t}}}""",
        """\
def forward(params, X, y):
    z = params["w1"] * X[0] + params["w2"] * X[1] + params["b"]
    a = 1 / (1 + np.exp(-z))
    loss = (a - y) ** 2
    return loss, {"z": z, "a": a}""",
        ("w1", "w2", "b"),
    ),
    "used-twice": Exercise(
        "A result that is used twice",
        "u is used twice, and so it is reached along two paths: add them. Derive ∂L/∂w and ∂L/∂b.",
        """\
X = {p}
y = {q}
params = {{"w": {r}, "b": {s}}}""",
        """\
def forward(params, X, y):
    u = params["w"] * X + params["b"]
    out = u ** 2 + 3 * u
    loss = (out - y) ** 2
    return loss, {"u": u, "out": out}""",
        ("w", "b"),
    ),
    "neuron": Exercise(
        "One neuron, many examples",
        "A neuron with a sigmoid and the mean squared error of several examples, one in each row of X. "
        "Derive ∂L/∂w and ∂L/∂b.",
        """\
X = rng.normal(size=({n}, {a}))
y = rng.random(size={n})
params = {{"w": rng.normal(size={a}), "b": rng.normal(size=1)}}""",
        """\
def forward(params, X, y):
    z = X @ params["w"] + params["b"]
    a = 1 / (1 + np.exp(-z))
    loss = 0.5 * np.mean((a - y) ** 2)
    return loss, {"z": z, "a": a}""",
        ("w", "b"),
    ),
    "two-paths": Exercise(
        "Two paths",
        "What a neuron says is used twice: squared, and as it is. Derive ∂L/∂w along both paths, and ∂L/∂b.",
        """\
X = rng.normal(size=({n}, {a}))
y = rng.normal(size={n})
params = {{"w": rng.normal(size={a}), "b": rng.normal(size=1)}}""",
        """\
def forward(params, X, y):
    a = np.tanh(X @ params["w"] + params["b"])
    out = a ** 2 + a
    loss = 0.5 * np.mean((out - y) ** 2)
    return loss, {"a": a, "out": out}""",
        ("w", "b"),
    ),
    "two-layers": Exercise(
        "Two layers and a softmax",
        "A hidden layer of ReLUs, a softmax, the mean cross entropy. Derive the gradients of both layers.",
        """\
X = rng.normal(size=({n}, {a}))
y = rng.integers(0, {c}, size={n})
params = {{
    "W1": rng.normal(size=({a}, {b})), "b1": 0.1 * rng.normal(size={b}),
    "W2": rng.normal(size=({b}, {c})), "b2": 0.1 * rng.normal(size={c}),
}}""",
        """\
def forward(params, X, y):
    z1 = X @ params["W1"] + params["b1"]
    a1 = np.maximum(z1, 0)
    z2 = a1 @ params["W2"] + params["b2"]
    e = np.exp(z2 - z2.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(len(y)), y]).mean()
    return loss, {"z1": z1, "a1": a1, "z2": z2, "p": p}""",
        ("W1", "b1", "W2", "b2"),
    ),
    "columns": Exercise(
        "Examples in columns",
        "Two layers with tanh and a sigmoid, one example a column, the mean binary cross entropy and a penalty.",
        """\
X = rng.normal(size=({a}, {n}))
y = (rng.random(size=(1, {n})) > 0.5).astype(float)
params = {{
    "W1": rng.normal(size=({b}, {a})), "b1": 0.1 * rng.normal(size=({b}, 1)),
    "W2": rng.normal(size=(1, {b})), "b2": 0.1 * rng.normal(size=(1, 1)),
}}""",
        """\
def forward(params, X, y, penalty=0.1):
    m = X.shape[1]
    A1 = np.tanh(params["W1"] @ X + params["b1"])
    A2 = 1 / (1 + np.exp(-(params["W2"] @ A1 + params["b2"])))
    loss = -np.sum(y * np.log(A2) + (1 - y) * np.log(1 - A2)) / m
    loss = loss + penalty / (2 * m) * (np.sum(params["W1"] ** 2) + np.sum(params["W2"] ** 2))
    return loss, {"A1": A1, "A2": A2, "penalty": penalty}""",
        ("W1", "b1", "W2", "b2"),
    ),
    "normalisation": Exercise(
        "Batch normalisation",
        "A layer with batch normalisation and a squared error. Derive the gradients, through mean and variance.",
        """\
X = rng.normal(size=({n}, {a}))
y = rng.normal(size=({n}, {b}))
params = {{
    "W": rng.normal(size=({a}, {b})),
    "gamma": 1 + 0.1 * rng.normal(size={b}), "beta": 0.1 * rng.normal(size={b}),
}}""",
        """\
def forward(params, X, y, eps=1e-5):
    z = X @ params["W"]
    centred = z - z.mean(axis=0)
    std = np.sqrt((centred**2).mean(axis=0) + eps)
    normal = centred / std
    out = params["gamma"] * normal + params["beta"]
    loss = 0.5 * np.mean((out - y) ** 2)
    return loss, {"centred": centred, "std": std, "normal": normal, "out": out}""",
        ("W", "gamma", "beta"),
    ),
    "recurrent": Exercise(
        "A recurrent net",
        "A tanh net over the rows of X, one a time step, and a squared error at the end. Go back through time.",
        """\
X = rng.normal(size=({n}, {a}))
y = rng.normal(size={c})
params = {{
    "Wx": 0.7 * rng.normal(size=({b}, {a})), "Wh": 0.7 * rng.normal(size=({b}, {b})), "b": 0.1 * rng.normal(size={b}),
    "V": rng.normal(size=({c}, {b})),
}}""",
        """\
def forward(params, X, y):
    h = [np.zeros(len(params["b"]))]
    for x in X:
        h.append(np.tanh(params["Wx"] @ x + params["Wh"] @ h[-1] + params["b"]))
    out = params["V"] @ h[-1]
    loss = 0.5 * np.sum((out - y) ** 2)
    return loss, {"h": h, "out": out}""",
        ("Wx", "Wh", "b", "V"),
    ),
}


def exercise(name: str) -> Exercise:
    """Return an exercise by its name. Raises ExerciseError."""
    if name not in EXERCISES:
        raise ExerciseError(f"there is no exercise {name!r}; there are: {', '.join(EXERCISES)}")
    return EXERCISES[name]
