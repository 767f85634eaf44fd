"""`tinygrad-edu doctor` tells what is here, and how to get what is not."""

import platform
from importlib import metadata

import numpy as np
import pytest

from tinygrad_edu import doctor
from tinygrad_edu.cli import main
from tinygrad_edu.draw import engines


def told(capsys):
    assert main(["doctor"]) == 0
    return dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())


def test_it_tells_what_is_here(capsys):
    found = told(capsys)
    assert found["tinygrad-edu"] == metadata.version("tinygrad-edu")
    assert platform.python_version() in found["Python"]
    assert np.__version__ in found["NumPy"]
    assert "linear algebra by" in found["NumPy"]
    assert "cores" in found["threads"]


def test_every_extra_for_users_is_listed_with_its_cure(capsys, monkeypatch):
    def missing(name):
        if name == "tinygrad-edu":
            return "0"
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    found = told(capsys)
    extras = set(metadata.metadata("tinygrad-edu").get_all("Provides-Extra")) - {"all", "test", "lint", "bench"}
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
    assert "no limit set" in told(capsys)["threads"]
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert "OMP_NUM_THREADS=3" in told(capsys)["threads"]
