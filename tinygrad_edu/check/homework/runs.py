"""Runs of a task, plain ones and recorded ones, at any values of its parameters."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.types import Array
from .adjoints import Adjoints, adjoints, ancestors
from .program import LearnerProgram, Namespace
from .recorder import Operation, ProgramRecorder
from .shadow import Shadow, unshadowed
from .task import Outcome, Task, Values


@dataclass(slots=True)
class RecordedRun:
    """One recorded run: the loss, the gradients that the program returned, and the true ones."""

    values: Values
    recorder: ProgramRecorder
    loss: Operation
    given: dict[str, Operation]
    gradients: dict[str, Any]
    adjoints: Adjoints
    nodes: list[Operation]
    targets: dict[str, Operation]

    def truth(self, name: str) -> Array | None:
        """Return the true gradient by a parameter or an intermediate result; None if the program has none such."""
        node = self.targets.get(name)
        return None if node is None else self.adjoints.of.get(node, np.zeros(node.shape))

    def gradients_of(self, variable: str) -> list[Array]:
        """Return the gradients by a parameter, or by what a variable of the forward pass held at any time."""
        found = [self.targets[variable]] if variable in self.targets else []
        found += [node for node in self.adjoints.of if any(name.name == variable for name in node.names)]
        return [self.adjoints.of[node] for node in found if node in self.adjoints.of]


class Runs:
    """Runs of a task: plain ones and recorded ones, at any values of its parameters."""

    def __init__(self, program: LearnerProgram, task: Task, module: Namespace) -> None:
        self.program, self.task, self.module = program, task, module
        self.recorder: ProgramRecorder | None = None
        self.there: Namespace = {}
        self.mark = 0

    def plain(self, values: Values) -> Outcome:
        """Run the program as it stands."""
        with without_warnings():
            return self.task.plain(self.module, values)

    def loss(self, values: Values) -> float:
        """Return the loss."""
        return loss_number(self.plain(values).loss)

    def record(self, values: Values) -> RecordedRun | None:
        """Run the program on arrays that remember; None where that fails or changes its results."""
        for numbers in (True, False):
            try:
                with without_warnings():
                    return self.recorded(values, numbers)
            except Exception:  # of any kind: the program met an array that it was not written for
                self.recorder = None
        return None

    def recorded(self, values: Values, numbers: bool) -> RecordedRun | None:
        """Run the program on arrays that remember."""
        if self.recorder is None:
            self.recorder = ProgramRecorder(self.program.filename)
            self.there = self.program.run(recorder=self.recorder, numbers=numbers)
            self.mark = len(self.recorder.nodes)
        recorder = self.recorder
        del recorder.nodes[self.mark :]
        outcome = self.task.recorded(self.there, values, recorder)
        if not isinstance(outcome.loss, Shadow) or outcome.loss.size != 1:
            return None
        loss = recorder.read(outcome.loss)
        given = {name: recorder.read(x) for name, x in outcome.gradients.items() if isinstance(x, Shadow)}
        made = ancestors([loss])
        targets = dict(recorder.parameters)
        for name in self.task.paths:
            if name not in targets and (node := self.variable(name, made)) is not None:
                targets[name] = node
        gradients = {
            name: np.array(unshadowed(x)) if isinstance(x, Shadow) else x for name, x in outcome.gradients.items()
        }
        return RecordedRun(
            dict(values), recorder, loss, given, gradients,
            adjoints(loss, set(targets.values())), list(recorder.nodes), targets,
        )  # fmt: skip

    def variable(self, name: str, made: set[Operation]) -> Operation | None:
        """Return the node of a variable of the forward pass."""
        named = [node for node in made if any(n.name == name for n in node.names)]
        return max(named, key=lambda node: node.number, default=None)


@contextmanager
def without_warnings() -> Iterator[None]:
    """Keep warnings of a learner's program to itself."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def loss_number(x: Any) -> float:
    """Return a loss as a number."""
    return float(np.asarray(unshadowed(x) if isinstance(x, Shadow) else x).reshape(-1)[0].real)
