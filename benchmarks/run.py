"""Time training steps of this package beside those of others: `python benchmarks/run.py`.

Each subject runs in a process of its own with one BLAS thread. They take turns, for several rounds, so that what
else the machine does falls on all of them. The table shows the median step of the best round; `--out` keeps all
rounds as JSON. `--quick` takes a few steps only, to see that all subjects compute the same losses.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL", "VECLIB_MAXIMUM")}
SAME = 1e-9  # how far losses may be apart, relatively
FIRST = 3  # how many of the first losses are compared


def measure(task: str, subject: str, seconds: float, quick: bool) -> dict[str, Any]:
    """Run one subject here: return its first losses, and the time of its median step in seconds."""
    from subjects import TASKS

    subjects, setting = TASKS[task]
    try:
        step = subjects[subject](10 if quick and isinstance(setting, int) else setting)
    except ImportError as error:
        return {"skipped": str(error)}
    losses, times = [step() for _ in range(FIRST)], []
    began = time.perf_counter()
    while not times or (not quick and time.perf_counter() - began < seconds):
        before = time.perf_counter()
        step()
        times.append(time.perf_counter() - before)
    return {"losses": losses, "median": statistics.median(times), "steps": len(times)}


def in_process(task: str, subject: str, options: argparse.Namespace) -> dict[str, Any]:
    """Run one subject in a process of its own."""
    command = [sys.executable, __file__, "--subject", task, subject, "--seconds", str(options.seconds)]
    done = subprocess.run(
        command + ["--quick"] * options.quick, capture_output=True, text=True, env=os.environ | ONE_THREAD, check=False
    )
    if done.returncode:
        raise SystemExit(f"{subject} failed at {task}:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def agree(task: str, rounds: dict[str, list[dict[str, Any]]]) -> None:
    """Raise SystemExit unless all subjects of a task had the same first losses."""
    losses = {subject: found[0]["losses"] for subject, found in rounds.items() if "losses" in found[0]}
    expected = next(iter(losses.values()), [])
    for subject, given in losses.items():
        if any(not abs(a - b) <= SAME * max(1, abs(b)) for a, b in zip(given, expected, strict=True)):
            raise SystemExit(f"{task}: {subject} has losses {given}, the first subject {expected}")


def table(task: str, rounds: dict[str, list[dict[str, Any]]]) -> str:
    """Return the results of a task as lines of a Markdown table."""
    best = {s: min(r["median"] for r in found) for s, found in rounds.items() if "median" in found[0]}
    unit = next(iter(best.values()), 1.0)
    lines = [f"| {task} | a step | against the first |", "|---|---:|---:|"]
    for subject, found in rounds.items():
        if subject in best:
            lines.append(f"| {subject} | {best[subject] * 1e3:,.3f} ms | {best[subject] / unit:.3g} × |")
        else:
            lines.append(f"| {subject} | skipped: {found[0]['skipped']} | |")
    return "\n".join(lines)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few steps only: are the losses the same?")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long each subject steps in each round")
    parser.add_argument("--rounds", type=int, default=5, help="how many turns each subject takes")
    parser.add_argument("--tasks", nargs="+", help="which tasks; all if left out")
    parser.add_argument("--out", type=Path, help="a folder to keep the results in, as JSON")
    parser.add_argument("--subject", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.subject:
        print(json.dumps(measure(*options.subject, options.seconds, options.quick)))
        return
    from subjects import TASKS

    kept: dict[str, Any] = {
        "machine": platform.platform(),
        "python": platform.python_version(),
        "load before": os.getloadavg() if hasattr(os, "getloadavg") else None,
        "tasks": {},
    }
    for task in options.tasks or TASKS:
        rounds: dict[str, list[dict[str, Any]]] = {subject: [] for subject in TASKS[task][0]}
        for _ in range(1 if options.quick else options.rounds):
            for subject, found in rounds.items():
                if not found or "skipped" not in found[0]:
                    found.append(in_process(task, subject, options))
        agree(task, rounds)
        print(table(task, rounds), end="\n\n")
        kept["tasks"][task] = rounds
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "benchmarks.json").write_text(json.dumps(kept, indent=1))


if __name__ == "__main__":
    main()
