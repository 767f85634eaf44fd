"""Training and evaluation mode for the length of a block: every module gets its own mode back afterwards."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from ..core.commit import calls, commit

if TYPE_CHECKING:
    from .module import Module


@contextlib.contextmanager
def in_mode(net: Module, training: bool) -> Iterator[None]:
    """Switch all modules of a net to training or to evaluation inside the block."""
    back = [partial(vars(module).update, training=module.training) for module in net.modules()]
    try:
        net.train(training)
        yield
    finally:
        commit(calls(back))
