"""The back-end of NumPy: straight-line calls into memory that is planned ahead, with state in two turns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.node import Node
from ..codegen.source import ProgramWriter
from ..ir import Program
from ..memory.turns import Turns
from ..passes.horizontal_fusion import fuse_updates
from ..trace import Trace


class OnNumpy:
    """A program of NumPy calls."""

    def __init__(self, trace: Trace, results: list[Node]) -> None:
        program = Program(trace, results)
        fuse_updates(program)
        writer = ProgramWriter(program)
        code = writer.generated()
        self.source, self.turn, self.committed = code.source, 0, writer.committed
        self.turns = Turns(*code[1:])
        self.still_valid = self.turns.space[0]["still_valid"]
        self.in_place = [names["ready"] for names in self.turns.space]
        for made in (writer.plan, writer.state, writer, program):
            vars(made).clear()  # no reference to a buffer is left but those of the namespaces

    def ready(self) -> bool:
        """Return whether owners hold the buffers that one of the turns begins with; see to it that it is the next."""
        if self.in_place[self.turn]():
            return True
        if len(self.in_place) == 2 and self.in_place[1 - self.turn]():
            self.turn = 1 - self.turn
            return True
        return False

    def fill_buffers(self) -> None:
        """Copy present state into the buffers that the next call reads."""
        self.turns.count_references()
        if self.ready():
            return
        reads = len(self.turns.space) - 1 - self.turn  # the other turn writes what this one reads
        if self.turns.is_shared(reads):
            self.turns.renew(reads)
        self.turns.space[self.turn]["fill_buffers"]()

    def __call__(self, inputs: list[Any], graded: Sequence[Node] = ()) -> Any:
        turn, turns = self.turn, self.turns
        self.committed.clear()
        if turns.is_shared(turn):
            turns.renew(turn)
        results = turns.space[turn]["program"](*inputs, graded)
        self.turn = len(turns.space) - 1 - turn
        return results
