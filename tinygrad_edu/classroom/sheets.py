"""Sheets of an exercise: its numbers by seed, the stub that a student fills in, and the reference that judges it.

All of it is text. How a line is judged this module must not know.
"""

from __future__ import annotations

import html
import re
from pathlib import Path

import numpy as np

from ..check.homework.program import HomeworkError, python_in
from ..draw.pages.page import Page
from ..system import files
from .exercises import EXERCISES, ExerciseError, exercise

HEADER = "# tinygrad-edu exercise: {name}, seed {seed}"
SHEET_STYLE = (
    "body{max-width:50em;font-size:16px}pre{background:var(--panel);padding:1em;overflow:auto;border-radius:8px}"
    "@media print{pre{white-space:pre-wrap}}"
)
FOUND = re.compile(r"^# tinygrad-edu exercise: ([a-z-]+), seed (\d{1,18})\s*$", re.MULTILINE)
GRADED = "graded"  # the function of the reference that returns (loss, gradients)


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


def exercise_of_file(path: Path) -> tuple[str, int] | None:
    """Return the exercise and the seed that a file says it belongs to; None if it says none, or cannot be read."""
    try:
        return exercise_of(python_in(path)[0])
    except (HomeworkError, OSError):
        return None


def judged_against(path: Path, function: str = "") -> tuple[str, str]:
    """Return the function to check in a file, and the reference to append where it belongs to an exercise."""
    known = exercise_of_file(path)
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
