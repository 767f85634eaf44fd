"""Subjects take turns, each in a process of its own, so that what else the machine does falls on all of them.

A process is told the task and the subject. It gets ready, prints what it found out on the way (its first losses, or
why it cannot run) and then waits: each line it is given is a number of seconds, and it answers with a turn.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any, TextIO

from tasks import TASKS, Repetition

ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL", "VECLIB_MAXIMUM")}
SETTINGS = ONE_THREAD | {"JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu", "DEV": "CPU"}  # doubles, as in NumPy; no GPU

Found = dict[str, Any]  # of one subject: what it found out, and its "rounds"; or why it was "skipped" or has "failed"
CANNOT = (ImportError, RecursionError)  # a library that is not here, or that goes no deeper: no fault of the benchmark


# In the process of a subject -----------------------------------------------------------------------------------


def ready(name: str, subject: str, *, small: bool) -> tuple[Found, Repetition | None]:
    """Return what a subject finds out in getting ready, and its work as something to repeat."""
    task = TASKS[name]
    try:
        return task.measure(task.subjects[subject], task.small if small else task.setting)
    except Exception as error:  # whatever a library raises is a reason to go on without it
        verdict = "skipped" if isinstance(error, CANNOT) else "failed"
        return {verdict: f"{type(error).__name__}: {error!s:.200}"}, None


def turn(once: Repetition, seconds: float) -> dict[str, list[float]]:
    """Repeat for so many seconds, after once to warm up; return of each part the median, the minimum, the number."""
    began = time.perf_counter()
    first, repeated = once(), []
    while time.perf_counter() - began < seconds:
        repeated.append(once())
    repeated = repeated or [first]  # of what takes longer than a turn, the first time counts too
    parts = {part: [times[part] for times in repeated] for part in first}
    return {part: [statistics.median(t), min(t), len(t)] for part, t in parts.items()}


def answering() -> TextIO:
    """Return where answers go, which was stdout: what a library prints, in C too, goes to stderr from now on."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def serve(subject: str, task: str) -> None:
    """Take part in a race, with turns as long as the lines on stdin say."""
    if hasattr(os, "sched_setaffinity"):  # on one processor no library gets a second thread, whatever its settings
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    answers = answering()
    about, once = ready(task, subject, small=False)
    print(json.dumps(about), file=answers, flush=True)
    if once:
        for line in sys.stdin:
            print(json.dumps(turn(once, float(line))), file=answers, flush=True)


def serve_once(subject: str, tasks: list[str]) -> None:
    """Do each of these tasks once, small."""
    answers = answering()
    for task in tasks:
        about, once = ready(task, subject, small=True)
        print(json.dumps(about | {"rounds": [turn(once, 0)] if once else []}), file=answers, flush=True)


# In the process that they take turns for --------------------------------------------------------------------------


class Racer:
    """A process that gets one subject ready for one task and takes its turns, or does several tasks once."""

    def __init__(self, subject: str, task: str, *more: str) -> None:
        # A pipe that nobody reads would fill up and stop the process
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  # `end` closes it
        self.process = subprocess.Popen(
            [sys.executable, __file__, subject, task, *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env=os.environ | SETTINGS,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.asks, self.answers = self.process.stdin, self.process.stdout
        self.found: Found = {"rounds": []}

    def get_ready(self) -> None:
        """Wait until it is ready, or cannot take part."""
        self.found |= self.answer()

    def answer(self) -> Found:
        """Return what the process says next; where it has ended, its last words."""
        if line := self.answers.readline():
            said: Found = json.loads(line)
            return said
        status = self.process.wait()
        self.errors.seek(0)
        last_words = self.errors.read().strip().splitlines()
        return {"failed": last_words[-1][:300] if last_words else f"the process ended with {status}"}

    @property
    def runs(self) -> bool:
        """Whether it is still in the race."""
        return not {"skipped", "failed"} & set(self.found)

    def take(self, seconds: float) -> None:
        """Take a turn."""
        with contextlib.suppress(BrokenPipeError):  # the process has ended: its answer says why
            print(seconds, file=self.asks, flush=True)
        said = self.answer()
        if "failed" in said:
            self.found |= said
        else:
            self.found["rounds"].append(said)

    def end(self) -> None:
        """End the process."""
        self.process.communicate()
        self.errors.close()


def race(task: str, rounds: int, seconds: float) -> dict[str, Found]:
    """Return what each subject of a task found out. Each round begins with another subject."""
    racers: dict[str, Racer] = {}
    try:
        for subject in TASKS[task].subjects:  # one after the other: how long a first step takes is measured too
            racers[subject] = Racer(subject, task)
            racers[subject].get_ready()
        for i in range(rounds):
            running = [racer for racer in racers.values() if racer.runs]
            for k in range(len(running)):
                running[(i + k) % len(running)].take(seconds)
        return {subject: racer.found for subject, racer in racers.items()}
    finally:
        for racer in racers.values():
            racer.end()


def once_each(tasks: list[str]) -> dict[str, dict[str, Found]]:
    """Return what all subjects of these tasks found out, each in one process that does all its tasks once, small."""
    theirs: dict[str, list[str]] = {}
    for task in tasks:
        for subject in TASKS[task].subjects:
            theirs.setdefault(subject, []).append(task)
    racers = {subject: Racer(subject, "once", *names) for subject, names in theirs.items()}
    try:
        found = {(task, subject): racers[subject].answer() for subject, names in theirs.items() for task in names}
    finally:
        for racer in racers.values():
            racer.end()
    return {task: {subject: found[task, subject] for subject in TASKS[task].subjects} for task in tasks}


if __name__ == "__main__":
    if sys.argv[2] == "once":
        serve_once(sys.argv[1], sys.argv[3:])
    else:
        serve(sys.argv[1], sys.argv[2])
