"""Speed: a function is traced into a program, which is replayed without a graph and without the engine."""

from .compiled import Compiled, compile

__all__ = ["Compiled", "compile"]
