"""What was measured: kept as JSON task by task, and the medians and ratios that tables and pictures are made of."""

from __future__ import annotations

import json
import os
import platform
import statistics
from importlib import metadata
from pathlib import Path
from typing import Any

from turns import ONE_THREAD, Found

from tinygrad_edu.system import blas

LIBRARIES = ("numpy", "torch", "jax", "tinygrad", "mygrad", "autograd", "micrograd", "casadi")
SAME = 1e-9  # how far losses may be apart, relatively, in double precision

Tasks = dict[str, dict[str, Found]]  # by task and subject


def machine() -> dict[str, Any]:
    """Return what the measurements depend on and nobody can see in them."""
    algebra = blas.found()
    libraries = {}
    for name in LIBRARIES:
        try:
            libraries[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": blas.processor(),
        "cores": blas.cores(),
        "python": platform.python_version(),
        "blas": f"{algebra.name} {algebra.version}",
        "kernels": algebra.kernel,
        "environment": {
            name: os.environ[name] for name in os.environ if name.startswith("OPENBLAS_") and name not in ONE_THREAD
        },
        "libraries": libraries,
    }


def load() -> float | None:
    """Return how many processes wanted a processor in the last minute, where the system says so."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def rounded(value: Any) -> Any:
    """Return numbers inside lists and dicts with four digits, as no more mean anything; losses stay as they are."""
    if isinstance(value, dict):
        return {key: item if key == "losses" else rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


class Kept:
    """The file of results. A task that is measured anew replaces what was there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"tasks": {}}

    def go_on_here(self) -> None:
        """Note what machine this is. Raises SystemExit where results of another one are kept: they do not compare."""
        here = machine()
        kept = self.content.setdefault("machine", here)
        differences = [
            f"{name} was {kept.get(name)!r}, is {here[name]!r}" for name in here if kept.get(name) != here[name]
        ]
        if differences:
            raise SystemExit(
                f"{self.path} is of another machine: {'; '.join(differences)}. Move it away, or give --out"
            )

    def keep(self, task: str, subjects: dict[str, Found], loads: list[float | None]) -> None:
        """Keep what a task has found, at once: a run that is broken off loses one task."""
        self.content["tasks"][task] = {"load": loads, "subjects": rounded(subjects)}
        lines = (f"{json.dumps(name)}: {json.dumps(found)}" for name, found in self.content["tasks"].items())
        text = ",\n".join(lines)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(f'{{"machine": {json.dumps(self.content["machine"])},\n"tasks": {{\n{text}\n}}}}\n')

    @property
    def tasks(self) -> Tasks:
        """What the subjects of each task have found."""
        return {name: found["subjects"] for name, found in self.content["tasks"].items()}


def disagreement(task: str, subjects: dict[str, Found]) -> str | None:
    """Return how the losses of the subjects of a task differ, or None."""
    losses = {subject: found["losses"] for subject, found in subjects.items() if "losses" in found}
    first, expected = next(iter(losses.items()), ("", []))
    for subject, given in losses.items():
        same = subjects[subject].get("same", SAME)
        if any(not abs(a - b) <= same * max(1, abs(b)) for a, b in zip(given, expected, strict=True)):
            return f"{task}: {subject} has losses {given}, and {first} {expected}: these are different computations"
    return None


def why_not(found: Found) -> str | None:
    """Return why there are no times of a subject, or None where there are."""
    return next((f"{verdict}: {found[verdict]}" for verdict in ("skipped", "failed") if verdict in found), None)


def turns_of(tasks: Tasks, task: str, subject: str, part: str) -> list[float]:
    """Return the median time of each turn of a subject, empty where it has none. part "": all parts together."""
    found = tasks.get(task, {}).get(subject, {})
    if not found or why_not(found):
        return []
    return [sum(times[0] for name, times in turn.items() if part in ("", name)) for turn in found["rounds"]]


def median(tasks: Tasks, task: str, subject: str, part: str = "") -> float | None:
    """Return the median of the medians of the turns, in seconds."""
    turns = turns_of(tasks, task, subject, part)
    return statistics.median(turns) if turns else None


def least(tasks: Tasks, task: str, subject: str) -> float | None:
    """Return the least time of all turns, in seconds."""
    if not turns_of(tasks, task, subject, ""):
        return None
    rounds = tasks[task][subject]["rounds"]
    return min(sum(times[1] for times in turn.values()) for turn in rounds)


def spread(tasks: Tasks, task: str, subject: str) -> float | None:
    """Return how far the medians of the turns lie apart, relatively to their median."""
    turns = turns_of(tasks, task, subject, "")
    return (max(turns) - min(turns)) / statistics.median(turns) if turns else None


def ratio(tasks: Tasks, task: str, subject: str, other: str, part: str = "") -> float | None:
    """Return how many times as long as another a subject takes: the median over rounds, in which both took a turn."""
    pairs = zip(turns_of(tasks, task, subject, part), turns_of(tasks, task, other, part), strict=False)
    ratios = [a / b for a, b in pairs]
    return statistics.median(ratios) if ratios else None
