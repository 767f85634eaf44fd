"""JAX, imported when it is first used: programs of NumPy need none of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any


class OnFirstUse:
    """A module that is imported when something in it is first asked for."""

    def __init__(self, load: Callable[[], Any]) -> None:
        self._load = load

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # which tools ask of everything that they look at
            raise AttributeError(name)
        found = getattr(self._load(), name)
        vars(self)[name] = found  # so that Python finds it at once the next time
        return found


def import_jax() -> Any:
    """Import JAX and return it. Raises ImportError with the command that installs it."""
    try:
        import jax
        import jax.numpy
    except ImportError as error:
        raise ImportError(f'compile(backend="jax") needs JAX ({error}): pip install "tinygrad-edu[xla]"') from error
    return jax


jax: Any = OnFirstUse(import_jax)
jnp: Any = OnFirstUse(lambda: import_jax().numpy)
lax: Any = OnFirstUse(lambda: import_jax().lax)


def in_64_bits() -> Any:
    """Return the context in which JAX keeps 64 bits: an empty one where that is set, as a call is slower in JAX's."""
    return nullcontext() if jax.config.jax_enable_x64 else jax.enable_x64(True)
