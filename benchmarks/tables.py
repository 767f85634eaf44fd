"""The results as Markdown, and the part of docs/performance.md that is made of them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from budgets import COMPILED, HAND, ON_XLA, OURS, budgets, bytes_of_a_node
from results import Tasks, least, median, ratio, spread, why_not
from tasks import CURVES, DEVICES, SINGLE, TRAINING

BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"  # between them everything is written by run.py
SEVERAL = [curve for curve in CURVES if curve != "nodes of a chain"]


def digits(number: float) -> str:
    """Return a number with three digits, or all before the point."""
    return f"{number:.3g}" if abs(number) < 999.5 else f"{number:,.0f}"


def duration(seconds: float) -> str:
    """Return a time in a unit that leaves a number one can read."""
    for unit, in_a_second in (("s", 1), ("ms", 1e3)):
        if seconds * in_a_second >= 1:
            return f"{digits(seconds * in_a_second)} {unit}"
    return f"{digits(seconds * 1e6)} µs"


def size(count: float) -> str:
    """Return a number of bytes in a unit that leaves a number one can read."""
    return f"{digits(count / 1e6)} MB" if count >= 1e6 else f"{digits(count / 1e3)} KB"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table, all columns of which but the first are numbers; nothing where there are no rows."""
    if not rows:
        return ""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def task_in_full(task: str, subjects: dict[str, Any]) -> str:
    """Return all that is known of the times of one task."""
    tasks, rows = {task: subjects}, []
    first = next(iter(subjects))
    for subject, found in subjects.items():
        if reason := why_not(found):
            rows.append([subject, reason, "", "", ""])
            continue
        times = (median(tasks, task, subject), least(tasks, task, subject), spread(tasks, task, subject))
        against = ratio(tasks, task, subject, first)
        assert None not in (*times, against)
        rows.append([subject, duration(times[0]), duration(times[1]), f"{times[2]:.0%}", f"{digits(against)} ×"])
    return table([task, "median", "least", "spread of the turns", f"against {first}"], rows)


def training(tasks: Tasks, among: Iterable[str]) -> str:
    """Return the times of a training step: a line a subject, a column a task."""
    names = [task for task in among if task in tasks]
    subjects = dict.fromkeys(subject for task in names for subject in tasks[task])
    rows = [[subject, *(cell(tasks, task, subject) for task in names)] for subject in subjects]
    return table(["one training step", *names], rows)


def firsts(tasks: Tasks) -> str:
    """Return what the first step takes through XLA, tracing and compiling included."""
    rows = []
    for task in TRAINING:
        ours, jax = (tasks.get(task, {}).get(subject, {}).get("first") for subject in (ON_XLA, "JAX jit"))
        if ours and jax:
            rows.append([task, duration(jax), duration(ours), f"{digits(ours / jax)} ×"])
    return table(["first step", "JAX jit", ON_XLA, "ratio"], rows)


def cell(tasks: Tasks, task: str, subject: str) -> str:
    """Return a subject's time of a step, and how many times that of NumPy by hand it is."""
    seconds, against = median(tasks, task, subject), ratio(tasks, task, subject, HAND)
    if seconds is None:
        return "" if subject not in tasks[task] else next(iter(why_not(tasks[task][subject]).split(":")))
    return duration(seconds) if against is None else f"{duration(seconds)} ({digits(against)} ×)"


def paying(tasks: Tasks) -> str:
    """Return from which step on compiling has paid, of what the first step takes and what each one saves."""
    rows = []
    for task in TRAINING:
        eager, compiled = median(tasks, task, OURS), median(tasks, task, COMPILED)
        if eager is None or compiled is None:
            continue
        first = tasks[task][COMPILED]["first"]
        steps = math.ceil((first - compiled) / (eager - compiled)) if compiled < eager else None
        jax = tasks[task].get("JAX jit", {}).get("first")
        after = "never" if steps is None else f"{max(2, steps)} steps"
        rows.append([task, duration(first), duration(eager), duration(compiled), after, duration(jax) if jax else ""])
    head = ["task", "first step, compiled", "a step, eager", "a step, compiled", "pays from", "first step of JAX jit"]
    return table(head, rows)


def budget(tasks: Tasks) -> str:
    """Return every promise beside what was measured."""
    words = {True: "yes", False: "**no**", None: "not measured"}
    rows = []
    for promise in budgets():
        found = promise.measured(tasks)
        shown = "" if found is None else f"{digits(found)} {promise.unit}"
        rows.append([promise.work, promise.target, shown, words[promise.met(tasks)]])
    return table(["work", "target", "measured", "met"], rows)


def chains(tasks: Tasks) -> str:
    """Return what a scalar node costs, in chains of growing length."""
    rows = []
    for length in CURVES["nodes of a chain"]:
        task = f"nodes of a chain: {length:,}"
        for subject in tasks.get(task, {}):
            if reason := why_not(tasks[task][subject]):
                rows.append([f"{length:,}", subject, reason.split(":")[1].strip(), "", "", ""])
                continue
            times = [median(tasks, task, subject, part) for part in ("forward", "backward", "free")]
            each = [f"{seconds / length * 1e9:,.0f} ns" for seconds in times if seconds is not None]
            made, _, left = tasks[task][subject]["bytes"]
            if left > made / 2:  # cycles: reference counting does not free them
                each[2] = "left to the collector"
            rows.append([f"{length:,}", subject, *each, f"{bytes_of_a_node(tasks, subject, length):.0f}"])
    return table(["nodes", "", "forward, a node", "backward, a node", "free, a node", "bytes a node"], rows)


def curves(tasks: Tasks) -> str:
    """Return times and memory of a training step where one thing grows."""
    rows = []
    for curve in SEVERAL:
        for x in CURVES[curve]:
            subjects = tasks.get(f"{curve}: {x:,}", {})
            times = [cell(tasks, f"{curve}: {x:,}", subject) for subject in subjects]
            grown = [size(found["memory"]) for found in subjects.values() if "memory" in found]
            if subjects:
                rows.append([f"{curve}: {x:,}", *times, " / ".join(grown)])
    names = list(CURVES[SEVERAL[0]][1].subjects)
    return table(["", *names, "memory, in the same order"], rows)


def setting(content: dict[str, Any]) -> str:
    """Return in words what was measured on, and how busy it was."""
    machine = content["machine"]
    loads = [load for found in content["tasks"].values() for load in found["load"] if load is not None]
    busy = f"; load average from {min(loads)} to {max(loads)}" if loads else ""
    versions = ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
    kernels = f", kernels for {machine['kernels']}" if machine["kernels"] else ""
    return (
        f"Measured on {machine['processor']} ({machine['system']}, {machine['cores']} cores, each subject on one), "
        f"Python {machine['python']}, {machine['blas']}{kernels}; {versions}{busy}.\n"
    )


def measured(content: dict[str, Any]) -> str:
    """Return all tables for docs/performance.md."""
    tasks = {name: found["subjects"] for name, found in content["tasks"].items()}
    parts = [setting(content)]
    parts += [training(tasks, TRAINING), "![Each library's time of a step, against NumPy by hand](images/steps.svg)\n"]
    sections = {
        "What was promised": [budget(tasks)],
        "When compiling pays": [paying(tasks)],
        "Single precision": [training(tasks, SINGLE)],
        "On XLA": [firsts(tasks), training(tasks, DEVICES)],
        "What a scalar node costs": [chains(tasks)],
        "What grows with what": [curves(tasks)],
    }
    for title, found in sections.items():
        if any(found):
            parts += [f"### {title}\n", *filter(None, found)]
    parts += ["![Time and memory of a step as the batch, the width and the depth grow](images/scaling.svg)\n"]
    return "\n".join(parts)


def write(content: dict[str, Any], page: Path) -> None:
    """Put all tables into their place in a page."""
    text = page.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    page.write_text(f"{before}{BEGIN}\n{measured(content)}\n{END}{after}")
