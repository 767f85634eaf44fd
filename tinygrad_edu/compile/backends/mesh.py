"""Where a program runs: one device, or several among which the rows of its arguments are divided."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import CompileError
from ...errors.where import users_line
from . import jax_rows


class Mesh:
    """One device, or the first so many. State lies on each of them whole; rows of arguments are divided.

    where: what is equal for arrays that lie alike.
    """

    def __init__(self, devices: int | None) -> None:
        jax = jax_rows.import_jax()
        self.where: Any = None
        self.whole: Any = None  # how state lies
        self.rows: Any = None
        if devices is not None:
            mesh = jax.make_mesh((devices,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
            self.whole = self.where = jax.NamedSharding(mesh, jax.P())
            self.rows = jax.NamedSharding(mesh, jax.P("data"))

    def sent(self, x: Any) -> Any:
        """Return an array on the device, or on each, that shares no memory with `x`."""
        array = jax_rows.jnp.array(x)  # always a copy
        return array if self.whole is None else jax_rows.jax.device_put(array, self.whole)

    def divided(self, arguments: Any, first: int) -> list[Any]:
        """Return arguments, those from `first` on with their rows divided among the devices."""
        if self.rows is None:
            return [*arguments]
        constrain = jax_rows.jax.lax.with_sharding_constraint
        divided = [constrain(x, self.rows) if np.ndim(x) else x for x in arguments[first:]]
        return [*arguments[:first], *divided]

    def jit(self, program: Any, states: int, taken_over: tuple[int, ...]) -> Any:
        """Return a function to be compiled, which may write over some of its inputs."""
        del states
        if self.whole is None:
            return jax_rows.jax.jit(program, donate_argnums=taken_over)
        return jax_rows.jax.jit(program, donate_argnums=taken_over, in_shardings=self.whole, out_shardings=self.whole)

    def refuse_lost(self, error: Exception, arguments: list[Any]) -> None:
        """Raise CompileError where a run failed after it had begun to write over state."""
        if any(getattr(x, "is_deleted", bool)() for x in arguments):
            raise CompileError(
                f"the device failed in the middle of a call, and what it held is lost: start again from the last "
                f"checkpoint (at {users_line()}): {error}"
            ) from error
