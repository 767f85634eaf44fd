"""The device mesh: one device, or several among which the rows of a program's arguments are divided."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from ...errors import CompileError
from ...errors.where import users_line
from .jax_library import jax, lax


class Mesh:
    """One device, or the first so many of all processes. State lies on each of them whole; rows are divided.

    devices: how many, or a mesh of JAX's, among whose first axis rows are divided.
    where: what is equal for arrays that lie alike.
    """

    def __init__(self, devices: Any) -> None:
        self.where: Any = None
        self.rows: Any = None
        self.agrees = jax.process_count() == 1 or devices is None  # whether all processes begin with the same numbers
        if devices is None:
            return
        if type(devices) is int and devices > len(jax.devices()):
            raise CompileError(
                f"devices={devices}, and JAX has {len(jax.devices())} here: a CPU stands for n of them after "
                f'jax.config.update("jax_num_cpu_devices", n), before anything else of JAX (at {users_line()})'
            )
        if type(devices) is int:
            mesh = jax.make_mesh((devices,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
        else:
            mesh = jax.sharding.Mesh(devices.devices, devices.axis_names)  # whose axes are `Auto`, whatever they were
        self.where = jax.NamedSharding(mesh, jax.P())
        self.rows = jax.NamedSharding(mesh, jax.P(mesh.axis_names[0]))

    def sent(self, x: Any) -> Any:
        """Return an array on the device, or on each, that shares no memory with `x`."""
        if self.where is None:
            return jax.device_put(np.array(x))  # `jnp.array(x)` compiles a program for each shape
        return jax.make_array_from_callback(x.shape, self.where, lambda part: np.array(x[part]))

    def divided(self, arguments: Any, first: int) -> list[Any]:
        """Return arguments, those from `first` on with their rows divided among the devices."""
        if self.rows is None:
            return [*arguments]
        constrain = lax.with_sharding_constraint  # an uneven number of rows too, which no input may have
        return [*arguments[:first], *(constrain(x, self.rows) if np.ndim(x) else x for x in arguments[first:])]

    def jit(self, program: Any, taken_over: tuple[int, ...]) -> Any:
        """Return a function to be compiled, which may write over some of its inputs."""
        how = {} if self.where is None else {"in_shardings": self.where, "out_shardings": self.where}
        return jax.jit(program, donate_argnums=taken_over, **how)

    def agree(self, arguments: list[Any]) -> None:
        """Compare the numbers that the first call begins with in all processes. Raises CompileError where they differ.

        Each process computes its rows of its own batch with its own weights: other numbers give no error by themselves.
        """
        if self.agrees:
            return
        from jax.experimental.multihost_utils import process_allgather

        digest = hashlib.sha256()
        for x in arguments:
            digest.update(np.asarray(x).tobytes())
        mine = np.frombuffer(digest.digest(), np.uint32)
        if not (process_allgather(mine) == mine).all():
            raise CompileError(
                "the processes begin with other weights, seeds or batches: seed every generator alike, and give each "
                f"process the whole batch (at {users_line()})"
            )
        self.agrees = True

    def refuse_lost(self, error: Exception, arguments: list[Any]) -> None:
        """Raise CompileError where a run failed after it had begun to write over state."""
        lost = isinstance(error, jax.errors.JaxRuntimeError)
        if lost or any(getattr(x, "is_deleted", bool)() for x in arguments):
            raise CompileError(
                "a device or another process failed in the middle of a call, and what it held is lost: start all "
                f"processes again from the last checkpoint (at {users_line()}): {error!s:.300}"
            ) from error
