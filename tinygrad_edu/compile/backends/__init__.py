"""Back-ends: each turns a traced function into something that can be run, and says when it may be.

A back-end receives the graph as it is before anything is made in place, with scalars already vectorised. What a call
means (signatures, verification, results) is decided outside and is the same for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from ...core.node import Node
from ...errors.where import users_line
from ..trace import Trace


class Executable(Protocol):
    """A program of one back-end."""

    source: str
    committed: list[bool]  # holds something once the last call has changed state

    def still_valid(self) -> bool:
        """Return whether leaves and optimisers are of the kinds that they were traced with."""

    def ready(self) -> bool:
        """Return whether the program may run now, without `fill_buffers`."""

    def fill_buffers(self) -> None:
        """Make the program ready to run, where it is still valid."""

    def __call__(self, inputs: list[Any], graded: Sequence[Node] = ()) -> Any:
        """Run on the numbers of the arguments; change all state, or raise and change none. Return the results.

        graded: arguments of which the last results (as many) are the gradients: they are added to theirs in the same
        change of state, and not returned.
        """


Backend = Callable[[Trace, list[Node]], Executable]  # (what was recorded, the nodes of the results)


def on_numpy() -> Callable[..., Executable]:
    """Return the back-end that computes with NumPy."""
    from .on_numpy import OnNumpy

    return OnNumpy


def on_jax() -> Callable[..., Executable]:
    """Return the back-end that has XLA compile. Raises ImportError with the command that installs JAX."""
    from .jax_library import import_jax
    from .on_jax import OnJax

    import_jax()
    return OnJax


BACKENDS = {"numpy": on_numpy, "jax": on_jax}  # each is imported when it is asked for


def backend_named(backend: str, devices: Any) -> Backend:
    """Return a back-end by its name. Raises ValueError, or ImportError with the command that installs it.

    devices: of "jax", among how many rows are divided, or a `jax.sharding.Mesh`.
    """
    if backend not in BACKENDS:
        known = ", ".join(f'"{name}"' for name in BACKENDS)
        raise ValueError(f"compile: backend {backend!r:.60} is none of {known} (at {users_line()})")
    is_mesh = hasattr(devices, "axis_names")
    if devices is not None and (backend != "jax" or not (is_mesh or (type(devices) is int and devices >= 1))):
        raise ValueError(
            'compile: devices= is a number from 1 up or a mesh of JAX\'s, and of backend="jax", '
            f"not {devices!r:.60} (at {users_line()})"
        )
    made = BACKENDS[backend]()
    return made if devices is None else partial(made, devices=devices)
