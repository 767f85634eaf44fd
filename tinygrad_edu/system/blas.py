"""The library that multiplies matrices for NumPy: its name, the processor of its kernels, its threads and speed.

It looks at the machine and must not know nodes. What cannot be found out is None: other libraries than OpenBLAS do
not say which kernels they chose.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

# What x86 processors have beyond each other, best last: what NumPy calls it, OpenBLAS's kernels that use it (the first
# is the one to ask for), and how to say it.
OLDEST = (
    "Nehalem Prescott Katmai Coppermine Northwood Banias Core2 Penryn Dunnington Atom Athlon Opteron Barcelona Bobcat"
)
LEVELS: tuple[tuple[set[str], list[str], str], ...] = (
    ({"SSE3", "X86_V2"}, OLDEST.split(), "SSE"),
    ({"AVX"}, ["Sandybridge", "Bulldozer", "Piledriver", "Steamroller", "Excavator"], "AVX"),
    ({"AVX2", "X86_V3"}, ["Haswell", "Zen"], "AVX2"),
    ({"AVX512_SKX", "X86_V4"}, ["SkylakeX", "Cooperlake", "SapphireRapids"], "AVX-512"),
)
SPELLINGS = (("scipy_", "64_"), ("scipy_", ""), ("", "64_"), ("", "_64"), ("", ""))  # of its functions, as it was built
CHOICE = "OPENBLAS_CORETYPE"  # the environment's word on which kernels to take


@dataclass(frozen=True, slots=True)
class Blas:
    """A library of linear algebra. kernel: the processor its kernels are for. threads: how many it uses."""

    name: str
    version: str
    kernel: str | None = None
    threads: int | None = None


def found() -> Blas:
    """Return the library that NumPy uses, by its own report."""
    built = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    kernel, threads = asked("get_corename", ctypes.c_char_p), asked("get_num_threads", ctypes.c_int)
    return Blas(built["name"], built.get("version", ""), kernel.decode() if kernel else None, threads)


def asked(question: str, answer: Any) -> Any:
    """Call a function of OpenBLAS that takes no arguments; return None where there is no OpenBLAS."""
    for library in openblas_handles():
        for prefix, suffix in SPELLINGS:
            function = getattr(library, f"{prefix}openblas_{question}{suffix}", None)
            if function is not None:
                function.restype = answer
                return function()
    return None


def openblas_handles() -> Iterator[ctypes.CDLL]:
    """Return handles that may lead to OpenBLAS: of NumPy's core, which is linked to it, and of what NumPy brings."""
    core = sys.modules["numpy._core._multiarray_umath"].__file__
    brought = Path(np.__file__).parent.parent / "numpy.libs"  # on Windows a handle does not lead any further
    for path in (core, *brought.glob("*openblas*")):
        try:
            yield ctypes.CDLL(str(path))
        except OSError:
            continue  # it cannot be asked


def features() -> set[str]:
    """Return which of the vector instructions that NumPy knows this processor has, by NumPy's names."""
    known = np.show_config(mode="dicts").get("SIMD Extensions", {})
    return {*known.get("baseline", ()), *known.get("found", ())}


def processor() -> str:
    """Return the name of the processor, as well as it is known."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def advice(kernel: str | None, has: set[str], environment: Mapping[str, str]) -> str | None:
    """Return a setting to try where the kernels leave instructions of the processor unused; None where not known."""
    levels = [i for i, (_, kernels, _) in enumerate(LEVELS) if kernel and kernel.lower() in map(str.lower, kernels)]
    most = max((i for i, (names, _, _) in enumerate(LEVELS) if names & has), default=0)
    if not levels or levels[0] >= most:
        return None
    (_, _, used), (_, kernels, there) = LEVELS[levels[0]], LEVELS[most]
    why = f"{CHOICE} asks for them" if CHOICE in environment else "this OpenBLAS may not know it yet"
    return (
        f"these kernels use {used}, and the processor has {there} ({why}): start Python with "
        f"{CHOICE}={kernels[0]} and compare the speed"
    )


def speed(size: int = 512, seconds: float = 0.3) -> float:
    """Return how many floating-point operations a second the best product of two matrices of doubles made."""
    a = np.random.default_rng(0).normal(size=(size, size))
    best, began = np.inf, time.perf_counter()
    while time.perf_counter() - began < seconds:
        before = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - before)
    return float(2 * size**3 / best)


def cores() -> int:
    """Return on how many processor cores this process may run."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
