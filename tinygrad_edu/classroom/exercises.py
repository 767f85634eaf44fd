"""Exercises: a forward pass with numbers that differ by seed, and a backward pass to be written.

An exercise is text: the sheet, the stub that a student fills in, and the reference that a submission is judged against.
How a line is judged this module must not know.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..draw.pages.page import Page
from ..errors import TinygradEduError
from ..system import files

HEADER = "# tinygrad-edu exercise: {name}, seed {seed}"
SHEET_STYLE = (
    "body{max-width:50em;font-size:16px}pre{background:var(--panel);padding:1em;overflow:auto;border-radius:8px}"
    "@media print{pre{white-space:pre-wrap}}"
)
FOUND = re.compile(r"^# tinygrad-edu exercise: ([a-z-]+), seed (\d+)\s*$", re.MULTILINE)
GRADED = "graded"  # the function of the reference that returns (loss, gradients)


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


def data_code(name: str, seed: int) -> str:
    """Return the code of an exercise's numbers."""
    found = exercise(name)
    rng = np.random.default_rng(seed)
    letters = dict(zip("abc", rng.permutation(np.arange(found.low, found.high + 1))[:3].tolist(), strict=True))
    letters["n"] = int(rng.integers(7, 10))
    numbers = (rng.uniform(0.2, 1.6, size=5) * rng.choice([-1, 1], size=5)).round(2)
    code = found.data.format(**letters, **dict(zip("pqrst", numbers.tolist(), strict=True)))
    return f"rng = np.random.default_rng({seed})\n{code}" if "rng." in code else code


def stub(name: str, seed: int) -> str:
    """Return the file that a student fills in."""
    found = exercise(name)
    gradients = ", ".join(f'"{p}": …' for p in found.parameters)
    return f'''{HEADER.format(name=name, seed=seed)}
"""{found.title}: fill in `backward`, and check it by `tinygrad-edu check {name}.py`."""

import numpy as np

{data_code(name, seed)}


{found.forward}


def backward(params, X, y, cache):
    """Return the gradients of the loss: {{{gradients}}}."""
    raise NotImplementedError("to be filled in")


def loss_and_gradients(params, X, y):
    loss, cache = forward(params, X, y)
    return loss, backward(params, X, y, cache)
'''


def reference_code(name: str, seed: int) -> str:
    """Return what is appended to a submission to judge it: numbers and forward pass as they were handed out."""
    forward = exercise(name).forward.replace("def forward(", "def reference_forward(")
    return f"""

import numpy as np

{data_code(name, seed)}


{forward}


def {GRADED}(params=params, X=X, y=y):
    loss, cache = reference_forward(params, X, y)
    return loss, backward(params, X, y, cache)
"""


def exercise_of(text: str) -> tuple[str, int] | None:
    """Return the exercise and the seed that a submission says it belongs to; None if it says none."""
    found = FOUND.search(text)
    return (found[1], int(found[2])) if found and found[1] in EXERCISES else None


def judged_against(path: Path, function: str = "") -> tuple[str, str]:
    """Return the function to check in a file, and the reference to append where it belongs to an exercise."""
    try:
        known = exercise_of(path.read_text(encoding="utf-8", errors="replace")) if path.suffix == ".py" else None
    except OSError:
        known = None
    return (function, "") if known is None else (GRADED, reference_code(*known))


def sheet(name: str, seed: int) -> list[tuple[str, str]]:
    """Return the sheet as blocks: "title", "text" or "code", and what it says."""
    found = exercise(name)
    gradients = ", ".join(f"∂L/∂{p}" for p in found.parameters)
    shapes = ", with the shape of each array" if "size=" in found.data else ""
    return [
        ("title", f"{found.title} (seed {seed})"),
        ("text", found.task),
        ("text", "The numbers:"),
        ("code", f"import numpy as np\n\n{data_code(name, seed)}"),
        ("text", "The forward pass:"),
        ("code", found.forward),
        ("text", f"On paper: write down {gradients}, every step by the chain rule{shapes}."),
        ("text", f"In code: fill in `backward` in {name}.py, and check it:"),
        ("code", f"tinygrad-edu check {name}.py"),
        ("text", "Hand in that file. It is judged against this forward pass; changes of it do not count."),
    ]


def markdown(blocks: list[tuple[str, str]]) -> str:
    """Return a sheet as Markdown."""
    forms = {"title": "# {}", "text": "{}", "code": "```\n{}\n```"}
    return "\n\n".join(forms[kind].format(text) for kind, text in blocks) + "\n"


def page(blocks: list[tuple[str, str]]) -> str:
    """Return a sheet as a page of HTML."""
    forms = {"title": "<h1>{}</h1>", "text": "<p>{}</p>", "code": "<pre>{}</pre>"}
    body = "\n".join(forms[kind].format(html.escape(text)) for kind, text in blocks)
    return Page(blocks[0][1], body, styles=SHEET_STYLE).html


def write_sheet(name: str, seed: int, folder: Path) -> list[Path]:
    """Write the sheet in Markdown and HTML and the stub, and return their paths. A stub that exists is kept."""
    blocks = sheet(name, seed)
    folder.mkdir(parents=True, exist_ok=True)
    texts = {".md": markdown(blocks), ".html": page(blocks), ".py": stub(name, seed)}
    paths = {folder / f"{name}{suffix}": text for suffix, text in texts.items()}
    work = folder / f"{name}.py"
    if work.exists() and work.read_text(encoding="utf-8", errors="replace") != paths[work]:
        raise ExerciseError(f"{work} exists, and may hold somebody's work: choose another folder with --out")
    for path, text in paths.items():
        files.write(path, text)
    return [*paths]
