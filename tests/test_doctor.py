"""`tinygrad-edu doctor` tells what is here, and how to get what is not."""

import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu.cli import main
from tinygrad_edu.draw import engines
from tinygrad_edu.system import blas, doctor


def told(capsys):
    assert main(["doctor"]) == 0
    return dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())


def test_it_tells_what_is_here(capsys):
    found = told(capsys)
    assert found["tinygrad-edu"] == metadata.version("tinygrad-edu")
    assert platform.python_version() in found["Python"]
    assert np.__version__ in found["NumPy"]
    assert "linear algebra by" in found["NumPy"]
    assert "cores" in found["processor"]
    assert "GFLOP/s" in found["speed"]


def test_every_extra_for_users_is_listed_with_its_cure(capsys, monkeypatch):
    def missing(name):
        if name == "tinygrad-edu":
            return "0"
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    found = told(capsys)
    extras = set(metadata.metadata("tinygrad-edu").get_all("Provides-Extra")) - {"all", "docs", "test", "lint", "bench"}
    assert set(doctor.PURPOSES) == extras
    for name in extras:
        assert doctor.packages(name)
        for package in doctor.packages(name):
            assert f'pip install "tinygrad-edu[{name}]" for ' in found[package]


@pytest.mark.parametrize("engine", [engines.Engine("dot", "/somewhere/dot"), None])
def test_it_says_what_draws(engine, capsys, monkeypatch):
    monkeypatch.setattr(engines, "find", lambda kind: engine)
    drawing = told(capsys)["drawing"]
    assert (drawing == "dot, /somewhere/dot") if engine else ("tinygrad-edu[dot]" in drawing)


def test_limits_on_threads_are_told(capsys, monkeypatch):
    for name in doctor.THREADS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(blas, "found", lambda: blas.Blas("some-blas", "1.2", threads=5))
    found = told(capsys)
    assert found["threads"].startswith("5 for a product of matrices; no limit set: OPENBLAS_NUM_THREADS=1 makes")
    assert found["NumPy"].endswith("linear algebra by some-blas 1.2")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert told(capsys)["threads"] == "5 for a product of matrices; OMP_NUM_THREADS=3"


def test_a_library_that_says_nothing_of_itself_is_no_trouble(capsys, monkeypatch):
    monkeypatch.delenv(blas.CHOICE, raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "2")
    monkeypatch.setattr(blas, "openblas_handles", lambda: iter(()))
    found = told(capsys)
    assert found["kernels"] == "this library does not say which it chose"
    assert "MKL_NUM_THREADS=2" in found["threads"]
    assert "advice" not in found


def test_openblas_is_asked_for_its_kernels_and_threads():
    if "openblas" not in blas.found().name:
        pytest.skip("this NumPy multiplies matrices by another library")
    program = "from tinygrad_edu.system import blas; print(blas.found().threads, blas.found().kernel)"
    told_so = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=told_so, check=True)
    threads, kernel = done.stdout.split()
    assert threads == "1"
    assert kernel.isidentifier()


def test_openblas_is_found_however_it_was_built(monkeypatch):
    class Function:
        def __call__(self):
            assert self.restype is int
            return 7

    for name in ("scipy_openblas_get_num_threads64_", "openblas_get_num_threads"):
        monkeypatch.setattr(
            blas, "openblas_handles", lambda name=name: iter([object(), type("Library", (), {name: Function()})])
        )
        assert blas.asked("get_num_threads", int) == 7
        assert blas.asked("get_corename", int) is None


NEW = {"X86_V2", "X86_V3", "X86_V4"}  # as NumPy says it of a processor with AVX-512
OLD_WORDS = {"SSE3", "AVX", "FMA3", "AVX2", "AVX512F", "AVX512_SKX"}  # as older NumPy says the same


@pytest.mark.parametrize(
    ("kernel", "has", "choice", "words"),
    [
        ("Prescott", NEW, None, ("SSE", "AVX-512", "may not know", "OPENBLAS_CORETYPE=SkylakeX")),
        ("Haswell", NEW, "Haswell", ("AVX2", "AVX-512", "OPENBLAS_CORETYPE asks", "OPENBLAS_CORETYPE=SkylakeX")),
        ("Zen", OLD_WORDS, None, ("AVX2", "AVX-512")),
        ("haswell", OLD_WORDS, None, ("AVX2", "AVX-512")),
        ("Sandybridge", {"AVX", "AVX2"}, None, ("AVX,", "AVX2", "OPENBLAS_CORETYPE=Haswell")),
        ("SkylakeX", NEW, None, None),
        ("Cooperlake", NEW, None, None),
        ("Haswell", {"X86_V2", "X86_V3"}, None, None),
        ("neoversen1", {"NEON", "ASIMD"}, None, None),
        ("SomethingNew", NEW, None, None),
        (None, NEW, None, None),
        ("Prescott", set(), None, None),
    ],
)
def test_kernels_that_do_not_use_the_processor_are_told(kernel, has, choice, words):
    said = blas.advice(kernel, has, {blas.CHOICE: choice} if choice else {})
    if words is None:
        assert said is None
    for word in words or ():
        assert word in said


def test_the_advice_and_the_choice_are_printed(capsys, monkeypatch):
    monkeypatch.setenv(blas.CHOICE, "Haswell")
    monkeypatch.setattr(blas, "found", lambda: blas.Blas("scipy-openblas", "0.3", "Haswell", 1))
    monkeypatch.setattr(blas, "features", lambda: NEW)
    monkeypatch.setattr(blas, "speed", lambda: 61.4e9)
    found = told(capsys)
    assert found["kernels"] == "for Haswell, as OPENBLAS_CORETYPE=Haswell asks"
    assert found["speed"].startswith("61 GFLOP/s")
    assert "compare the speed" in found["advice"]


def test_the_processor_is_named_and_counted(monkeypatch):
    assert blas.processor()
    assert 1 <= blas.cores() <= (os.cpu_count() or 1)
    assert blas.features() <= {name.upper() for name in blas.features()}
    monkeypatch.setattr(Path, "read_text", lambda self: (_ for _ in ()).throw(OSError))
    assert blas.processor() == (platform.processor() or platform.machine())


def test_speed_is_that_of_a_product():
    assert 1e7 < blas.speed(64, 0.01) < 1e13
