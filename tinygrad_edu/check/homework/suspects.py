"""Suspects: the lines of the backward pass in the order in which they may be the first wrong one.

A line is cleared when everything that it assigned is known, as a gradient, a share of one or data of the forward pass.
The others are ordered by the data: first come lines that lead to all wrong gradients and that no suspect precedes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...core.types import Array
from ..gradient_names import variables_of
from .adjoints import ancestors
from .dataflow import depends, descendants, is_product, last_named, passed_through, used_up, whole_contents
from .forward_graph import recomputed
from .known import KnownArrays, KnownMatch
from .program import LearnerProgram
from .recorder import CONSTANT, PARAMETER, Operation
from .runs import RecordedRun
from .verdict import Verdict


@dataclass(slots=True)
class BackwardLine:
    """A line of the backward pass: its nodes, those that it assigned to variables, and what is known of them."""

    number: int
    nodes: list[Operation] = field(default_factory=list)
    results: list[Operation] = field(default_factory=list)
    known: list[KnownMatch | None] = field(default_factory=list)
    own: bool = False  # whether it computed one of its nodes, or only named them
    misnamed: bool = False  # whether it calls one of them the gradient of what it is no multiple of the gradient of
    rescaled: bool = False  # whether it calls one of them a gradient that it is another multiple of
    suspicious: bool = False  # whether it is the first, in the order of the data, whose names say that it is wrong
    confirmed: bool = False  # whether something known, without a factor, was computed from all that it assigned
    constant: bool = False  # whether nothing that it assigned depends on a parameter
    level: int = 0
    right_once: bool = False  # whether its first result is a right gradient, by its name too
    first: int = 0  # the number of its first node that is not known
    harmless: bool = False  # whether all that it assigned is known, up to factors that later lines take out
    vanished: bool = False  # whether all that it computed is 0
    reaches_wrong: int = 0

    @property
    def cleared(self) -> bool:
        """Whether all it assigned is known, without a factor."""
        known = bool(self.known) and all(found is not None and found.factor == 1.0 for found in self.known)
        return known and not self.misnamed and not self.vanished


def backward_lines(program: LearnerProgram, verdict: Verdict) -> dict[int, BackwardLine]:
    """Return the lines from which wrong gradients come and which the loss was not made from."""
    return Backward(program, verdict).lines()


class Backward:
    """The backward pass of a recorded program: what its nodes are, and which lines they belong to."""

    def __init__(self, program: LearnerProgram, verdict: Verdict) -> None:
        assert verdict.recording is not None
        self.program, self.recording = program, verdict.recording
        self.forward = ancestors([self.recording.loss], controls=True)
        given = self.recording.given
        self.wrong = [given[name] for name in verdict.wrong if name in given]
        self.right = [node for name, node in given.items() if verdict.parameters[name].ok]
        self.ran_forward = {program.statement_at(node.line) for node in self.forward if node.line}
        self.known = KnownArrays(self.recording.loss, self.recording.adjoints)
        self.found: dict[Operation, KnownMatch | None] = {}
        self.moving: dict[Operation, bool] = {}
        self.users: dict[Operation, list[Operation]] = {}
        for node in ancestors(given.values()):
            for x in node.inputs:
                self.users.setdefault(x, []).append(node)
        self.good_helpers = self.helpers()
        self.taken_out = self.factors_before(self.right)
        self.final = {x for node in self.wrong for x in passed_through(node)}

    def lines(self) -> dict[int, BackwardLine]:
        """Return the lines of the wrong part, each judged."""
        lines: dict[int, BackwardLine] = {}
        for node in sorted(ancestors(self.wrong, controls=True) - self.forward, key=lambda node: node.number):
            if node.kind == PARAMETER:
                continue
            named = {self.program.statement_at(name.line) for name in node.names}
            own = self.line_of(node)
            for number in {n for n in (own, *named) if 0 < n <= self.program.own}:
                line = lines.setdefault(number, BackwardLine(number))
                line.nodes.append(node)
                line.own |= number == own
                if number in named:
                    line.results.append(node)
        reached_wrong = [ancestors([node]) for node in self.wrong]
        for line in lines.values():
            self.judge(line)
            line.reaches_wrong = sum(any(node in up for node in line.nodes) for up in reached_wrong)
        return lines

    def helpers(self) -> set[int]:
        """Return the statements of functions that computed something right for another call."""
        found: set[int] = set()
        for node in ancestors(self.recording.given.values()) - self.forward:
            what = self.what(node) if len(node.lines) > 1 else None
            if what is not None and what.factor == 1.0 and what.kind not in ("data", "zero"):
                found.add(self.program.statement_at(node.line))
        return found

    def factors_before(self, right: list[Operation]) -> set[float]:
        """Return the factors that right gradients were computed from multiples by."""
        known = [self.what(node) for node in ancestors(right) - self.forward]
        return {rounded_factor(what.factor) for what in known if what is not None and what.factor != 1.0}

    def line_of(self, node: Operation) -> int:
        """Return the statement that a node is due to: a helper that the forward pass calls too is not to blame."""
        for line in node.lines:
            number = self.program.statement_at(line)
            if number not in self.ran_forward and (number not in self.good_helpers or line == node.lines[-1]):
                return number
        return self.program.statement_at(node.line) if node.line else 0

    def judge(self, line: BackwardLine) -> None:
        """Note what is known of a line's results."""
        own = [node for node in line.nodes if self.line_of(node) == line.number]
        used = {x for node in own for x in node.inputs}
        line.results = list(dict.fromkeys([*line.results, *(node for node in own if node not in used)]))
        written = [(node, whole_contents(node, self.users)) for node in line.results if node.kind != CONSTANT]
        line.results = [node for _, node in written]
        for node in line.results:
            what = self.what(node)
            final = node in self.final and line.number == last_named(self.program, node)
            line.known.append(None if final or used_up(node, what, self.users) else self.by_name(line, node, what))
        misnamed = {node for node in line.results if is_misnamed(self.program, self.recording, line, node)}
        results = list(zip(line.results, line.known, strict=True))
        doubtful = [node for node, what in results if what is None or what.factor != 1 or node in misnamed]
        multiples = {
            node for node, what in results if what is not None and rounded_factor(what.factor) in self.taken_out
        }
        line.harmless = bool(doubtful) and multiples.issuperset(doubtful) and not misnamed
        unknown = [node for node in doubtful if line.harmless or node not in multiples]
        line.first = min((made.number for made, node in written if node in unknown), default=line.nodes[0].number)
        line.confirmed = bool(doubtful) and not misnamed and all(self.confirmed(node) for node in doubtful)
        line.constant = not any(depends(node, self.moving) for node in line.results)
        line.misnamed = bool(misnamed)
        line.rescaled = any(what is not None and np.isnan(what.factor) for what in line.known)
        first = line.known[0] if line.known else None
        right = first is not None and first.factor == 1.0 and first.kind == "gradient"
        line.right_once = right and line.results[0] not in misnamed
        line.vanished = bool(line.known) and all(what is not None and what.kind == "zero" for what in line.known)
        line.first = min(line.first, written[0][0].number) if line.vanished else line.first

    def by_name(self, line: BackwardLine, node: Operation, what: KnownMatch | None) -> KnownMatch | None:
        """Return what a node is, by its name too: what is called dX is not 2 ∂L/∂X, whatever else that may be."""
        gradients = named_gradients(self.program, self.recording, line, node)
        if not gradients or any(np.allclose(node.value, g, rtol=1e-9, atol=0) for g in gradients):
            return what
        taken_out = what is not None and rounded_factor(what.factor) in self.taken_out
        if not taken_out and any(proportional(node.value, g) for g in gradients):
            return KnownMatch("gradient", node, float("nan"))
        return what

    def what(self, node: Operation) -> KnownMatch | None:
        """Return what a node is, if that is known."""
        if node not in self.found:
            found = look_up(node, self.known)
            if found is None and is_product(node) and any(self.vanishes(x) for x in node.inputs):
                found = KnownMatch("zero", node, 1.0)
            self.found[node] = found
        return self.found[node]

    def vanishes(self, node: Operation) -> bool:
        """Tell whether a node of the backward pass is 0, but for rounding."""
        found = None if node in self.forward else look_up(node, self.known)
        return found is not None and found.kind == "zero"

    def confirmed(self, node: Operation) -> bool:
        """Tell whether a right gradient was computed from a node that could not be right if the node were not.

        It has as many numbers at least, and every one of them changes with the node.
        """
        if node.value is None:
            return False
        below = sorted(descendants([node], self.users), key=lambda x: x.number)
        for x in below[:BELOW]:
            what = self.what(x) if x is not node else None
            right = what is not None and what.factor == 1.0 and what.kind == "gradient"
            if right and node.value.size <= x.value.size > 1 and self.all_change(node, x, below):
                return True
        return False

    def all_change(self, node: Operation, target: Operation, order: list[Operation]) -> bool:
        """Tell whether every number of a node changes with another node."""
        values = {node: node.value * (1 + 0.1 * np.random.default_rng(0).normal(size=node.shape))}
        for x in order:
            if x is not node and any(y in values for y in x.inputs):
                try:
                    values[x] = np.asarray(recomputed(x, [values.get(y, y.value) for y in x.inputs]))
                except Exception:  # of any kind: the program's function
                    return False
            if x is target:
                return target in values and bool((np.asarray(values[target]) != target.value).all())
        return False


def rounded_factor(factor: float) -> float:
    """Return a factor to the digits by which factors are told apart."""
    return float(f"{factor:.9g}")


def look_up(node: Operation, known: KnownArrays) -> KnownMatch | None:
    """Return what a node's value is; None if it is nothing known, or has no value of its own."""
    if node.value is None:
        return None
    sizes = [float(np.abs(x.value).max()) for x in node.inputs if x.value is not None and x.value.size]
    if float(np.abs(node.value).max(initial=0.0)) <= ROUNDING * max(sizes, default=0.0):
        return KnownMatch("zero", node, 1.0)
    return known.find(node.value)


BELOW = 60  # nodes computed from another one, among which a right gradient is sought
ROUNDING = 1e-13  # of what is summed, up to which a value counts as 0


def named_gradients(
    program: LearnerProgram, recording: RecordedRun, line: BackwardLine, node: Operation
) -> list[Array]:
    """Return the gradients by X where a line assigns a node to dX, and only it assigns that; none elsewhere."""
    for name, at in node.names:
        if program.statement_at(at) != line.number or program.assignments_of(name) != 1:
            continue
        for variable in variables_of(name):
            if gradients := recording.gradients_of(variable):
                return [g for g in gradients if g.shape == node.shape]
    return []


def is_misnamed(program: LearnerProgram, recording: RecordedRun, line: BackwardLine, node: Operation) -> bool:
    """Tell whether a line assigns to a variable like dX what is no multiple of the gradient by X."""
    gradients = named_gradients(program, recording, line, node)
    return bool(gradients) and not any(proportional(node.value, g) for g in gradients)


def proportional(x: Array, g: Array) -> bool:
    """Tell whether one array is another one times a number."""
    if x.shape != g.shape:
        return False
    if x.size == 1:  # any number is a multiple of any other
        return bool(np.allclose(x, g, rtol=1e-9, atol=0))
    a, b = x.ravel().astype(float), g.ravel()
    return bool(abs(a @ b) >= (1 - 1e-10) * np.sqrt((a @ a) * (b @ b)))


def by_suspicion(program: LearnerProgram, lines: dict[int, BackwardLine]) -> list[BackwardLine]:
    """Return lines in the order of suspicion, each with its level: 0 first suspects, 3 cleared, 4 mere names."""
    most = max((line.reaches_wrong for line in lines.values()), default=0)
    for line in lines.values():
        if line.cleared or not line.results:
            line.level = 3 if line.own or program.renames.get(line.number, False) else 4
        elif not line.own and not line.misnamed:
            line.level = 1 if program.renames.get(line.number, False) else 4
        elif line.confirmed or line.constant or (line.vanished and len(line.known) == 1):
            line.level = 2
        else:
            line.level = 0 if line.reaches_wrong == most else 1
    named = [line for line in lines.values() if line.level <= 1 and (line.misnamed or line.rescaled)]
    if named:
        min(named, key=lambda line: line.first).suspicious = True
    return sorted(lines.values(), key=lambda line: (line.level, line.harmless, -line.reaches_wrong, line.first))
