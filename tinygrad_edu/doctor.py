"""`tinygrad-edu doctor`: what this installation stands on, and what would add to it."""

from __future__ import annotations

import os
import platform
import re
from importlib import metadata

import numpy as np

from .draw import engines

PURPOSES = {  # of the extras of this package, in the order in which they are listed
    "plot": "curves and pictures by matplotlib",
    "progress": "a progress bar in training",
    "dot": "layout by Graphviz, and PNG, without installing Graphviz",
    "io": "models as safetensors and ONNX files",
    "sympy": "formulas to and from SymPy",
    "xla": "compiled programs on XLA: processors, accelerators, many machines",
}
THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")  # the environment's limits on a BLAS


def report() -> str:
    """Return the findings, a line each."""
    found = [
        ("tinygrad-edu", metadata.version("tinygrad-edu")),
        ("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        ("NumPy", f"{np.__version__}, linear algebra by {blas()}"),
        ("threads", threads()),
        ("drawing", drawing()),
        *((package, extra(package, name)) for name in PURPOSES for package in packages(name)),
    ]
    width = max(len(name) for name, _ in found)
    return "\n".join(f"{name:<{width}}  {text}" for name, text in found)


def blas() -> str:
    """Return the library that multiplies matrices for NumPy."""
    built = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{built['name']} {built.get('version', '')}".strip()


def threads() -> str:
    """Return how many processor cores there are for this process, and what limits the threads of the BLAS."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    limits = [f"{name}={os.environ[name]}" for name in THREADS if name in os.environ]
    return f"{cores} processor cores; {', '.join(limits) or 'no limit set'}"


def drawing() -> str:
    """Return what lays out graphs here."""
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
