"""Writing a program down for JAX: `host`, which Python runs before each call, and `program`, which XLA compiles.

On the host stays arithmetic on plain numbers only (rates, counts of steps), and so do draws of random numbers: they
come from the user's own generators, the same in every back-end. Knows nothing of where state lies.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.op import NUMBERS, Op
from ...core.tensor import Tensor
from ...errors.where import line_of
from ...ops.checks import tested
from ...symbolic.formats.text import index_text
from ..codegen.names import Names, identifier
from ..codegen.source import comment, function
from ..ir import Program, Var
from ..outside import CapturedInput
from .jax_library import jax, jnp
from .jax_lowering import NAMED, function_of

ON_DEVICE = ("{}._raw", "{}._slope")
INDEXED = {"getitem", "put", "setitem"}
NEVER_RAISE = {"add", "subtract", "multiply", "negative"}  # of plain numbers, which the host computes


def is_device_state(captured: Any) -> bool:
    """Return whether a place may hold an array of a device: it is a slot of a tensor, or in an optimiser's memory."""
    return (captured.place in ON_DEVICE and isinstance(captured.owner, Tensor)) or captured.entry is not None


class JaxWriter(Names):
    """Writes one program.

    state: what is read from a device. used: what the program on the device reads. checks: names of conditions under
    which a call may take effect. outcomes: what tests on the device have to come out as. tests: those that the host
    takes after a run, (variable, test).
    """

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.space |= {"jnp": jnp, "jax": jax}
        self.host: list[str] = []
        self.device: list[str] = []
        self.on_device: list[Var] = []  # the steps that `device` computes, and by the number of the line there
        self.step_at: dict[int, Var] = {}
        self.on_host: set[Var] = set()
        self.used: list[Var] = []
        self.checks: list[str] = []
        self.tests: list[tuple[Var, Any]] = []
        captured = self.captured()
        self.state = [x for x in captured if isinstance(x.data, np.ndarray) and is_device_state(x.source)]
        for i in range(program.trace.numbered):
            self.space[f"x{i}"] = None
        for x in captured:
            if x in self.state:
                self.names[x] = self.fresh(identifier(x.source.name, "w"))
            else:
                self.names[x] = self.fresh(identifier(x.source.name, "w"))
                self.host.append(f"{self.names[x]} = {self.host_value(x)}")
                self.on_host.add(x)
        self.tested_early = self.known_early()
        for z in program.steps:
            self.write(z)
        self.check_finite()
        self.outcomes = {x: was for x, was in program.outcomes.items() if not self.is_from_host(x)}
        for x, outcome in program.outcomes.items():
            if x not in self.outcomes:
                self.host.append(f"if bool({self.name(x)}) is not {outcome}: raise OtherOutcome")

    def captured(self) -> list[Var]:
        """Return what is read from outside, oldest first."""
        read = [x for z in self.program.steps for x in z.args] + self.program.sinks
        found = dict.fromkeys([*(x for x in read if isinstance(x.source, CapturedInput)), *self.program.drawn])
        return sorted(found, key=lambda x: 0 if x.node is None else x.node.born)

    def known_early(self) -> set[Var]:
        """Return the steps of tests on arguments alone, which the host takes: it rounds as the function itself does.

        Tests on whole numbers are left to the device, as they come out the same there.
        """
        known: set[Var] = set()
        rounded: set[Var] = set()
        for z in self.program.steps:
            if all(self.is_from_host(x) or x in known for x in z.args):
                known.add(z)
                if any(x in rounded or np.asarray(x.data).dtype.kind not in "biu" for x in z.args):
                    rounded.add(z)
        wanted = {x for x in self.program.outcomes if x in rounded}
        for z in reversed(self.program.steps):
            if z in wanted:
                wanted.update(x for x in z.args if x.op is not None)
        return wanted

    def host_value(self, x: Var) -> str:
        """Return how a place outside is read; a plain number stays one of Python's."""
        place, kind = self.place(x.source), type(x.data)
        return f"{kind.__name__}({place})" if kind in NUMBERS else place

    def is_from_host(self, x: Var) -> bool:
        """Return whether the host knows a variable before the program runs."""
        return x.constant or x in self.on_host or isinstance(x.source, int)

    def write(self, z: Var) -> None:
        """Write one step where it belongs."""
        assert z.op is not None
        if z.op is tested:
            assert z.params is not None
            x, test = z.args[0], z.params["test"]
            self.names[z] = self.name(x)
            if self.is_from_host(x):
                self.on_host.add(z)
            if type(x.data) not in NUMBERS and (holds := getattr(test, "holds", None)) is not None:
                name = f"jnp.{holds.__name__}" if isinstance(holds, np.ufunc) else self.bound("holds", holds)
                self.used.append(x)
                self.check(f"{name}({self.name(x)}).all()")
            elif self.is_from_host(x):
                self.host.append(f"{self.bound('test', test)}({self.name(x)})")
            else:
                self.tests.append((x, test))
            return
        plain = type(z.data) in NUMBERS and all(self.is_from_host(x) and type(x.data) in NUMBERS for x in z.args)
        if plain or z in self.tested_early:
            self.names[z] = self.fresh("n")
            self.host.append(f"{self.names[z]} = {self.of_numbers(z)}")
            self.on_host.add(z)
            return
        where = line_of(z.node.code, z.node.instruction) if z.node is not None else ""
        args = [self.operand_in(x, kind) for x, kind in zip(z.args, self.loop_types(z), strict=True)]
        self.guard_indices(z, args)
        self.names[z] = self.fresh("t")
        self.used += z.args
        self.on_device.append(z)
        self.step_at[len(self.device)] = z
        self.device.append(f"{self.names[z]} = {self.call(z, args)}  {comment(where.rpartition('/')[2])}")

    def of_numbers(self, z: Var) -> str:
        """Return a step that the host takes, on plain numbers mostly, as Python."""
        op, args = z.op, [self.name(x) for x in z.args]
        assert op is not None
        plain = all(type(x.data) in NUMBERS for x in z.args)
        if op.name in NEVER_RAISE and isinstance(op, Op) and plain:
            return op.text.format(*(f"({x})" if x.startswith("-") else x for x in args))
        f = op.on_numbers if isinstance(op, Op) and op.scalar and plain else op.forward
        return f"{self.function_name(op, f)}({', '.join([*args, *self.keywords(z)])})"

    def loop_types(self, z: Var) -> list[Any]:
        """Return the dtypes to which NumPy's ufunc converts its operands; None where there is nothing to convert."""
        f = z.op.forward if z.op is not None else None
        if not isinstance(f, np.ufunc) or f.signature is not None:
            return [None] * len(z.args)
        given = tuple(
            type(x.data) if type(x.data) in (int, float, complex) else np.asarray(x.data).dtype for x in z.args
        )
        kinds = f.resolve_dtypes((*given, *[None] * f.nout))
        return [
            None if own is kind or (own in (int, float, complex) and self.is_from_host(x)) else kind
            for x, own, kind in zip(z.args, given, kinds, strict=False)
        ]

    def operand_in(self, x: Var, kind: Any) -> str:
        """Return how an operand is written, in a dtype where that is not None."""
        if kind is None:
            return self.name(x)
        if x.constant:
            return self.bound("c", np.asarray(x.data, kind))
        return f"jnp.asarray({self.name(x)}, {kind.name!r})"

    def guard_indices(self, z: Var, args: list[str]) -> None:
        """Check that places are within bounds: XLA would read or write elsewhere, or nowhere, without a word."""
        assert z.op is not None
        if z.op.name not in INDEXED or not isinstance(z.op, Op):
            return
        assert z.params is not None
        first = 2 if z.op.name == "setitem" else 1
        shape = z.params["shape"] if z.op.name == "put" else z.args[0].data.shape
        for x, name, n in zip(z.args[first:], args[first:], lengths(z.params["key"], shape), strict=False):
            if not x.constant and n is not None:
                self.check(f"(({name} >= {-n}) & ({name} < {n})).all()")

    def check(self, condition: str) -> None:
        """Write a condition under which alone the call takes effect."""
        self.checks.append(self.fresh("ok"))
        self.device.append(f"{self.checks[-1]} = {condition}")

    def check_finite(self) -> None:
        """Check that no step of an optimiser leads to a NaN or an infinity."""
        wanted, seen = self.program.trace.finite, set()
        for effect, results in self.program.effects:
            owners = effect.owner if isinstance(effect.owner, tuple) else (effect.owner,)
            if effect.attribute in ("_raw", "memory") and any(id(owner) in wanted for owner in owners):
                for x in results:
                    if not (x in seen or self.is_from_host(x) or np.asarray(x.data).dtype.kind not in "fc"):
                        seen.add(x)
                        self.check(f"jnp.isfinite({self.name(x)}).all()")

    def call(self, z: Var, args: list[str]) -> str:
        """Return a step as a call: by JAX's own name where it is the same, else of a function of the row's name."""
        op = z.op
        assert op is not None
        if op.name == "getitem" and isinstance(op, Op):
            assert z.params is not None
            return f"{args[0]}[{index_text(z.params['key'], args[1:])}]"
        f = function_of(op)
        if getattr(jnp, op.name, None) is f or op.name in NAMED:
            name = f"jnp.{op.name}"
        else:
            name = self.function_name(op, op.forward)
            self.space[name] = f
        return f"{name}({', '.join([*args, *self.keywords(z)])})"

    def keywords(self, z: Var) -> list[str]:
        """Return the keyword parameters of a step as they are written."""
        return [f"{key}={self.literal(value)}" for key, value in (z.params or {}).items()]

    def generated(self, outputs: list[Var], given: list[Var], kept: list[Var]) -> tuple[str, str]:
        """Return the text of both functions, and that of `program` with its variables beside its results.

        outputs: what the program returns. given: what the host gives to it. kept: what the host keeps.
        """
        arguments = ", ".join(f"x{i}" for i in range(self.program.trace.numbered))
        names = [self.name(x) for x in (*self.state, *given)]
        host = [*self.host, f"return {listed(map(self.name, given))}, {listed(map(self.name, kept))}"]
        checks = " & ".join(self.checks) or "True"
        body = [*self.device, f"ok = {checks}"]
        head = f"program({', '.join(names)})"
        results = f"{listed(map(self.name, outputs))}, {listed(['ok', *map(self.name, self.outcomes)])}"
        texts = [function(f"host({arguments})", host), function(head, [*body, f"return {results}"])]
        return "\n\n\n".join(texts) + "\n", function(head, [*body, f"return locals(), {results}"])


def listed(names: Any) -> str:
    """Return a tuple as it is written."""
    return f"({''.join(name + ', ' for name in names)})"


def lengths(key: Any, shape: tuple[int, ...]) -> list[int | None]:
    """Return, for each array in an index, the length of the axis that it picks from; None for a mask."""
    taking = sum(part is not None and part is not Ellipsis for part in key)
    found: list[int | None] = []
    axis = 0
    for part in key:
        if part is Ellipsis:
            axis += len(shape) - taking
        elif part is not None:
            if isinstance(part, str):
                found.append(shape[axis])
            axis += 1
    return found
