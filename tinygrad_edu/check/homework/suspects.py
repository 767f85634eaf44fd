"""Suspects: the lines of the backward pass in the order in which they may be the first wrong one.

A line is cleared when everything that it assigned is known, as a gradient, a share of one or data of the forward pass.
What remains is ordered by the data: lines from which all wrong gradients come, and no other suspect before them, first.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .adjoints import ancestors
from .known import Found, Known
from .names import variables_of
from .program import Program
from .recorder import CALL, CONSTANT, PARAMETER, Array, Node
from .verdict import Recording, Verdict


@dataclass(slots=True)
class Line:
    """A line of the backward pass: its nodes, those that it assigned to variables, and what is known of them."""

    number: int
    nodes: list[Node] = field(default_factory=list)
    results: list[Node] = field(default_factory=list)
    known: list[Found | None] = field(default_factory=list)
    own: bool = False  # whether it computed one of its nodes, or only named them
    misnamed: bool = False  # whether it calls one of them the gradient of what it is not the gradient of
    confirmed: bool = False  # whether something known, without a factor, was computed from what it assigned
    reaches_wrong: int = 0
    reaches_right: int = 0

    @property
    def cleared(self) -> bool:
        """Whether all it assigned is known, without a factor."""
        known = bool(self.known) and all(found is not None and found.factor == 1.0 for found in self.known)
        return known and not self.misnamed

    @property
    def scaled(self) -> bool:
        """Whether all it assigned is known up to a factor."""
        return bool(self.known) and all(self.known) and not self.cleared and not self.misnamed


def backward_lines(program: Program, verdict: Verdict) -> dict[int, Line]:
    """Return the lines from which wrong gradients come and which the loss was not made from."""
    recording = verdict.recording
    assert recording is not None
    forward = ancestors([recording.loss], controls=True)
    wrong = [recording.given[name] for name in verdict.wrong if name in recording.given]
    right = [node for name, node in recording.given.items() if verdict.parameters[name].ok]
    lines: dict[int, Line] = {}
    for node in sorted(ancestors(wrong, controls=True) - forward, key=lambda node: node.number):
        if node.kind == PARAMETER:
            continue
        named = {program.statement_at(name.line) for name in node.names}
        own = program.statement_at(node.line) if node.line else 0
        for number in {own, *named} - {0}:
            line = lines.setdefault(number, Line(number))
            line.nodes.append(node)
            line.own |= number == own
            if number in named:
                line.results.append(node)
    known = Known(recording.loss, recording.adjoints)
    found: dict[Node, Found | None] = {}
    users: dict[Node, list[Node]] = {}
    for node in ancestors(recording.given.values()):
        for x in node.inputs:
            users.setdefault(x, []).append(node)

    def looked_up(node: Node) -> bool:
        if node not in found:
            found[node] = look_up(node, known)
        result = found[node]
        return result is not None and result.factor == 1.0 and result.kind not in ("data", "zero")

    reached_wrong = [ancestors([node]) for node in wrong]
    reached_right = [ancestors([node]) for node in right]
    for line in lines.values():
        if not line.results:
            inside = set(line.nodes)
            used = {x for node in line.nodes for x in node.inputs if x in inside}
            line.results = [node for node in line.nodes if node not in used]
        line.results = [node for node in line.results if node.value is not None and node.kind != CONSTANT]
        for node in line.results:
            looked_up(node)
            unknown = node in wrong or used_up(node, found[node], users)
            line.known.append(None if unknown else found[node])
        below = descendants(line.results, users)
        line.confirmed = any(looked_up(node) for node in below if node not in line.results)
        line.misnamed = any(is_misnamed(program, recording, line, node) for node in line.results)
        line.reaches_wrong = sum(any(node in up for node in line.nodes) for up in reached_wrong)
        line.reaches_right = sum(any(node in up for node in line.nodes) for up in reached_right)
    return lines


def look_up(node: Node, known: Known) -> Found | None:
    """Return what a node's value is; None if it is nothing known, or has no value of its own."""
    if node.value is None:
        return None
    return known.find(node.value) if node.value.any() else Found("zero", node, 1.0)


PRODUCTS = {np.multiply, np.matmul, np.dot, np.divide, np.outer, np.einsum, np.tensordot}


def used_up(node: Node, found: Found | None, users: dict[Node, list[Node]]) -> bool:
    """Tell whether a mere share of a gradient goes on into products, where the whole gradient belongs."""
    if found is None or found.kind not in ("share", "partial sum"):
        return False
    uses = users.get(node, [])
    return bool(uses) and all(use.kind == CALL and use.call[0] in PRODUCTS for use in uses)


def descendants(nodes: list[Node], users: dict[Node, list[Node]]) -> set[Node]:
    """Return the nodes that were computed from some nodes, themselves included."""
    found: set[Node] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += users.get(node, [])
    return found


def is_misnamed(program: Program, recording: Recording, line: Line, node: Node) -> bool:
    """Tell whether a line assigns to a variable like dX, and only there, what is no multiple of the gradient by X."""
    for name, at in node.names:
        if program.statement_at(at) != line.number or program.assignments_of(name) != 1:
            continue
        for variable in variables_of(name):
            gradients = recording.gradients_of(variable)
            if not gradients:
                continue
            return node.shape in {g.shape for g in gradients} and not any(is_multiple(node.value, g) for g in gradients)
    return False


def is_multiple(x: Array, g: Array) -> bool:
    """Tell whether one array is another one times a number."""
    if x.shape != g.shape:
        return False
    a, b = x.ravel().astype(float), g.ravel()
    return bool(abs(a @ b) >= (1 - 1e-10) * np.sqrt((a @ a) * (b @ b)))


def ordered(lines: dict[int, Line]) -> list[Line]:
    """Return lines in the order of suspicion."""
    most = max((line.reaches_wrong for line in lines.values()), default=0)

    def first(line: Line) -> int:
        return min((node.number for node in line.nodes), default=0)

    def rank(line: Line) -> tuple[int, int, int]:
        if line.cleared or not line.results:
            level = 4
        elif not line.own and not line.misnamed:
            level = 3
        elif line.confirmed:
            level = 2
        else:
            level = 0 if line.reaches_wrong == most else 1
        return level, -line.reaches_wrong, first(line)

    return sorted(lines.values(), key=rank)
