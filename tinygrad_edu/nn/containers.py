"""Containers: modules in sequence, with a residual connection, or in a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..core.tensor import Tensor
from ..errors.where import users_line
from .module import Module


class Sequential(Module):
    """Modules one after the other. Layers are numbered from 1: labels read W^(1), b^(1), z^(1), a^(1), W^(2)."""

    def __init__(self, *layers: Module) -> None:
        super().__init__()
        for i, layer in enumerate(layers):
            if not isinstance(layer, Module):
                raise TypeError(
                    f"Sequential: argument {i} is {layer!r:.60}, not a module; pass modules one by one "
                    f"(at {users_line()})"
                )
        self.layers = layers

    def named_parts(self) -> Iterator[tuple[str, Any]]:
        yield from ((str(i), layer) for i, layer in enumerate(self.layers))

    def forward(self, x: Any) -> Tensor:
        """Return the output of the last module."""
        for layer in self.layers:
            x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    def __getitem__(self, i: int) -> Module:
        return self.layers[i]


class Residual(Sequential):
    """Modules in sequence with a residual connection around them: x + f(x). He and others 2016."""

    def forward(self, x: Any) -> Tensor:
        """Return the sum, of the shape of `x`."""
        return x + super().forward(x)


class ModuleList(Module):
    """Modules in a list, for a `forward` of one's own to go through; their paths are their places."""

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        super().__init__()
        self.modules_: list[Module] = []
        self.extend(modules)

    def named_parts(self) -> Iterator[tuple[str, Any]]:
        yield from ((str(i), module) for i, module in enumerate(self.modules_))

    def append(self, module: Module) -> ModuleList:
        """Put a module at the end; return the list."""
        return self.extend([module])

    def extend(self, modules: Iterable[Module]) -> ModuleList:
        """Put modules at the end; return the list. Raises TypeError for anything else."""
        added = [*modules]
        for i, module in enumerate(added):
            if not isinstance(module, Module):
                raise TypeError(f"ModuleList: element {i} is {module!r:.60}, not a module (at {users_line()})")
        self.modules_ = [*self.modules_, *added]
        return self

    def __len__(self) -> int:
        return len(self.modules_)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.modules_)

    def __getitem__(self, i: int) -> Module:
        return self.modules_[i]
