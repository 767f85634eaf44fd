"""What is no training step: importing a package in a fresh Python, and writing a graph out as a picture or a page."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

PROGRAM = "import time; began = time.perf_counter(); import {}; print(time.perf_counter() - began)"


def importing(module: str) -> float:
    """Return the seconds that importing a module takes in a fresh Python that keeps bytecode, as by default."""
    usual = {name: setting for name, setting in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    program = [sys.executable, "-c", PROGRAM.format(module)]
    done = subprocess.run(program, capture_output=True, text=True, check=True, env=usual)
    return float(done.stdout)


IMPORTS = {name: lambda name=name: importing(name) for name in ("numpy", "tinygrad_edu")}


def graph(nodes: int) -> Any:
    """Return the loss of a net of neurons on as many examples as make a graph of about so many nodes."""
    from tinygrad_edu import Value, nn
    from tinygrad_edu.core.backprop import history

    model, total = nn.MLP(3, [4, 4, 1]), Value(0.0)
    while len(history(total)) < nodes:
        total = total + (model([1.0, -2.0, 0.5]) - 1.0) ** 2
    total.backward()
    return total


def picture(nodes: int) -> Callable[[], str]:
    """Return what writes the graph as SVG, laid out by this package."""
    import tinygrad_edu as tg

    loss = graph(nodes)
    return lambda: tg.draw(loss, collapse=False).svg()


def stepper(nodes: int) -> Callable[[], str]:
    """Return what writes the page that goes through the graph step by step."""
    import tinygrad_edu as tg

    loss = graph(nodes)
    return lambda: tg.stepper(loss).html


PAGES = {"picture": picture, "stepper page": stepper}


def seconds_of_import(subject: Callable[[], float], _: None) -> tuple[dict[str, Any], Callable[[], dict[str, float]]]:
    """Return nothing beforehand, and one import as something to repeat."""
    subject()  # compiles to bytecode where nobody has imported it yet
    return {}, lambda: {"import": subject()}


def seconds_of_writing(
    subject: Callable[[int], Callable[[], str]], nodes: int
) -> tuple[dict[str, Any], Callable[[], dict[str, float]]]:
    """Return how long a text is in bytes, and writing it as something to repeat."""
    write = subject(nodes)

    def once() -> dict[str, float]:
        began = time.perf_counter()
        write()
        return {"write": time.perf_counter() - began}

    return {"bytes": len(write().encode())}, once
