"""Compiling a program's text by XLA, and saying which row of the table JAX cannot compute as NumPy does."""

from __future__ import annotations

import traceback
from typing import Any

import numpy as np

from ...core.op import NUMBERS
from ...errors import CompileError
from ...errors.where import users_line
from ..ir import Var
from .jax_library import in_64_bits, jax, jnp
from .jax_text import JaxWriter
from .mesh import Mesh

NAME = f"{__file__} (a program)"


def compiled(text: str, writer: JaxWriter, mesh: Mesh, given: list[Var], old: list[int | None]) -> Any:
    """Return what XLA makes of a program. Raises CompileError that names a row that JAX cannot compute.

    given: what comes after state. old: for each array that stays on the device, the input whose memory it takes over;
    where a check fails, or a test comes out another way, the input's numbers stay there. The last result is an array
    of whether all is well, and of the tests' outcomes.
    """
    exec(compile(text, NAME, "exec"), writer.space)  # the text of the writer alone, with no name of a user's in it
    body = writer.space.pop("program")
    steps = [(writer.names[z], z) for z in writer.on_device]

    def program(*arguments: Any) -> Any:
        found, outputs, (ok, *tests) = body(*mesh.divided(arguments, len(writer.state)))
        for name, z in steps:
            refuse_mismatch(z, found[name])
        outputs = [*map(jnp.asarray, outputs)]
        tests = [jnp.asarray(x, bool).reshape(()) for x in tests]
        for test, outcome in zip(tests, writer.outcomes.values(), strict=True):
            ok &= test == outcome
        for k, i in enumerate(old):
            if i is not None and (writer.checks or tests):
                outputs[k] = jnp.where(ok, outputs[k], arguments[i])
        return *outputs, jnp.stack([jnp.asarray(ok), *tests])

    inputs = [abstract(x.data) for x in (*writer.state, *given)]
    try:
        with in_64_bits():
            taken_over = tuple(i for i in old if i is not None)
            return mesh.jit(program, taken_over).lower(*inputs).compile()
    except CompileError:
        raise
    except Exception as error:
        lines = [x.lineno for x in traceback.extract_tb(error.__traceback__) if x.filename == NAME]
        z = writer.step_at.get((lines[0] or 0) - 2) if lines else None
        raise refusal(z, str(error)) from error


def abstract(x: Any) -> Any:
    """Return what tells JAX the shape and dtype of an input; a number of Python's is one, which widens no float32."""
    return x if type(x) in NUMBERS else jax.ShapeDtypeStruct(np.shape(x), np.asarray(x).dtype)


def refuse_mismatch(z: Var, found: Any) -> None:
    """Raise CompileError where a step has another shape or dtype than in NumPy."""
    shape, kind = np.shape(z.data), np.asarray(z.data).dtype
    if found.shape != shape or (found.dtype != kind and type(z.data) not in NUMBERS):
        raise refusal(z, f"it gives {found.dtype} of shape {found.shape}, and in NumPy {kind} of shape {shape}")


def refusal(z: Var | None, why: str) -> CompileError:
    """Return the error for a step that JAX cannot compute as NumPy does."""
    what, where = "this function", users_line()
    if z is not None and z.op is not None:
        what, where = f"`{z.op.name}`", z.node.where if z.node is not None else where
    return CompileError(f'{what} cannot be computed by backend="jax" (at {where}): {why.strip():.300}; use "numpy"')
