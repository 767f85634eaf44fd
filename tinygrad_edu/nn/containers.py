"""Containers: modules in sequence, with a residual connection, or in a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Self, overload

from ..core.tensor import Tensor
from ..errors.where import users_line
from .module import Module


class Sequential(Module):
    """Modules one after the other, or one dict of them, whose keys are then their paths in place of their places.

    Layers are numbered from 1: labels read W^(1), b^(1), z^(1), a^(1), W^(2). A slice is a net of the same modules.
    """

    def __init__(self, *layers: Module | dict[str, Module]) -> None:
        super().__init__()
        named = layers[0] if len(layers) == 1 and isinstance(layers[0], dict) else {}
        parts = tuple(named.values()) if named else layers
        self.names = tuple(map(str, named or range(len(parts))))
        for name, layer in zip(self.names, parts, strict=True):
            if not isinstance(layer, Module):
                raise TypeError(
                    f"Sequential: argument {name} is {layer!r:.60}, not a module; pass modules one by one "
                    f"(at {users_line()})"
                )
        self.layers: tuple[Any, ...] = parts

    def named_parts(self) -> Iterator[tuple[str, Any]]:
        yield from zip(self.names, self.layers, strict=True)

    def append(self, module: Module) -> Self:
        """Put a module at the end, by its place; return the net. Raises TypeError for anything else."""
        longer = Sequential(*self.layers, module)
        self.names, self.layers = (*self.names, longer.names[-1]), longer.layers
        return self

    def forward(self, x: Any) -> Tensor:
        """Return the output of the last module."""
        for layer in self.layers:
            x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    @overload
    def __getitem__(self, i: int) -> Module: ...
    @overload
    def __getitem__(self, i: slice) -> Sequential: ...
    def __getitem__(self, i: int | slice) -> Any:
        if not isinstance(i, slice):
            return self.layers[i]
        part = Sequential()
        vars(part).update(training=self.training, names=self.names[i], layers=self.layers[i])  # numbers stay
        return part


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

    @overload
    def __getitem__(self, i: int) -> Module: ...
    @overload
    def __getitem__(self, i: slice) -> ModuleList: ...
    def __getitem__(self, i: int | slice) -> Any:
        if not isinstance(i, slice):
            return self.modules_[i]
        part = ModuleList()
        vars(part).update(training=self.training, modules_=self.modules_[i])  # numbers of layers stay
        return part
