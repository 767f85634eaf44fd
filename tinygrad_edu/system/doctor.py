"""`tinygrad-edu doctor`: what this installation stands on, and what would add to it."""

from __future__ import annotations

import os
import platform
import re
from importlib import metadata

import numpy as np

from ..draw import engines
from . import blas

PURPOSES = {  # of the extras of this package, in the order in which they are listed
    "plot": "curves and pictures by matplotlib",
    "progress": "a progress bar in training",
    "dot": "layout by Graphviz, and PNG, without installing Graphviz",
    "io": "models as safetensors and ONNX files",
    "sympy": "formulas to and from SymPy",
    "xla": "compiled programs on XLA: processors, accelerators, many machines",
}
# The environment's limits on the threads of a BLAS
THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def report() -> str:
    """Return the findings, a line each."""
    algebra = blas.found()
    found = [
        ("tinygrad-edu", metadata.version("tinygrad-edu")),
        ("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        ("NumPy", f"{np.__version__}, linear algebra by {algebra.name} {algebra.version}".strip()),
        ("processor", f"{blas.processor()}, {blas.cores()} cores for this process"),
        *kernels(algebra.kernel),
        ("threads", threads(algebra.threads)),
        ("drawing", drawing()),
        *((package, extra(package, name)) for name in PURPOSES for package in packages(name)),
    ]
    width = max(len(name) for name, _ in found)
    return "\n".join(f"{name:<{width}}  {text}" for name, text in found)


def kernels(kernel: str | None) -> list[tuple[str, str]]:
    """Return for which processor the routines are that multiply matrices, how fast they are, and what to try."""
    choice = f", as {blas.CHOICE}={os.environ[blas.CHOICE]} asks" if blas.CHOICE in os.environ else ""
    lines = [
        ("kernels", f"for {kernel}{choice}" if kernel else "this library does not say which it chose"),
        ("speed", f"{blas.speed() / 1e9:.0f} GFLOP/s: two 512 × 512 matrices of float64 multiplied, at best"),
    ]
    hint = blas.advice(kernel, blas.features(), os.environ)
    return [*lines, ("advice", hint)] if hint else lines


def threads(used: int | None) -> str:
    """Return how many threads multiply matrices, and what the environment says about it."""
    limits = ", ".join(f"{name}={os.environ[name]}" for name in THREADS if name in os.environ)
    told = limits or f"no limit set: {THREADS[0]}=1 makes small nets quicker and timings steadier"
    return f"{used} for a product of matrices; {told}" if used else told


def drawing() -> str:
    """Return the program that lays out graphs here."""
    engine = engines.find("svg")
    if engine is None:
        return f"SVG and HTML by this package itself. {engines.missing('png')}"
    return f"{engine.name}, {engine.path}"


def packages(name: str) -> list[str]:
    """Return the packages that an extra of this one brings."""
    found = (
        re.fullmatch(rf"([\w.-]+).*extra == ['\"]{name}['\"]", line) for line in metadata.requires("tinygrad-edu") or ()
    )
    return [line[1] for line in found if line]


def extra(package: str, name: str) -> str:
    """Return the version of a package of an extra, or how to get it and what for."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return f'not installed: pip install "tinygrad-edu[{name}]" for {PURPOSES[name]}'
