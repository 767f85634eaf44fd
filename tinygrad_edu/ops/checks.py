"""Checks of numbers while a function runs: of class labels, probabilities, weights that sum to zero."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.context import tracing
from ..core.node import data_of
from ..core.op import op
from ..errors.where import users_line


def _tested(x: Any, *, test: Callable[[Any], None]) -> Any:
    test(x)
    return x


tested = op("tested", "{}", _tested, lambda g, z, x, *, test: g, scalar=_tested, linear=True, internal=True)


def checked(test: Callable[[Any], None], x: Any) -> Any:
    """Call `test`, which raises or warns, with the numbers of `x`; return `x`.

    While a function is traced the check becomes a step of the program, and its result stands for `x`.
    """
    if tracing() is not None:
        return tested(x, test=test)
    test(data_of(x))
    return x


class Below:
    """Raises IndexError for class labels that are no class: below 0, or as many as there are classes or more.

    ignored: a label that is none, and allowed.
    """

    def __init__(self, name: str, classes: int, ignored: int | None = None) -> None:
        self.name, self.classes, self.ignored = name, classes, ignored

    def holds(self, labels: Any) -> Any:
        """Return of each label whether it passes, in arrays of any library: a back-end may test on its device."""
        passing = (labels >= 0) & (labels < self.classes)
        return passing if self.ignored is None else passing | (labels == self.ignored)

    def all_pass(self, labels: np.ndarray[Any, Any]) -> bool:
        """Return whether every label is a class, in one pass: without its sign a negative number is enormous."""
        return not labels.size or bool(np.maximum.reduce(labels.astype(np.uintp), None) < self.classes)

    def __call__(self, labels: Any) -> None:
        labels, n = np.asarray(labels), self.classes
        if not self.all_pass(labels):
            wrong = np.flatnonzero((labels < 0) | (labels >= n))
            wrong = wrong[labels.flat[wrong] != self.ignored] if self.ignored is not None else wrong
            if wrong.size:
                raise IndexError(
                    f"{self.name}: class {labels.flat[wrong[0]]}, but there are {n} classes (0–{n - 1}), in row "
                    f"{wrong[0]} (at {users_line()})"
                )


class KnownWords:
    """Raises IndexError for words that an embedding does not have."""

    def __init__(self, words: int) -> None:
        self.words = words

    def holds(self, numbers: Any) -> Any:
        """Return of each word whether the embedding has it, as `Below.holds`."""
        return (numbers >= 0) & (numbers < self.words)

    def __call__(self, numbers: Any) -> None:
        wrong = np.flatnonzero((numbers < 0) | (numbers >= self.words))
        if wrong.size:
            raise IndexError(
                f"embedding: word {numbers.flat[wrong[0]]}, but there are {self.words} words (0–{self.words - 1}) "
                f"(at {users_line()})"
            )
