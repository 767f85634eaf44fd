"""Type checkers see real types in users' programs, report real mistakes, and are told the truth by the stubs."""

import importlib.util
import inspect
import itertools
import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import numpy_api

ROOT = Path(__file__).parent.parent
PROGRAMS = sorted((ROOT / "tests" / "typed").glob("*.py"))
PLANTED = {(p.name, i) for p in PROGRAMS for i, line in enumerate(p.read_text().splitlines(), 1) if "# wrong" in line}


def checked(*command):
    """What a type checker printed about the programs."""
    if importlib.util.find_spec(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed: pip install 'tinygrad-edu[lint]'")
    return subprocess.run(
        [sys.executable, "-m", *command, *map(str, PROGRAMS)], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout


@pytest.mark.slow
def test_mypy_reports_the_planted_mistakes_and_nothing_else(tmp_path):
    told = checked("mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path}")
    found = {(Path(path).name, int(line)) for path, line in re.findall(r"^(\S+?):(\d+): error", told, re.MULTILINE)}
    assert found == PLANTED, told


@pytest.mark.slow
def test_pyright_reports_the_planted_mistakes_and_nothing_else():
    told = checked("pyright", "--pythonpath", sys.executable, "--outputjson")
    if not told.startswith("{"):  # the package on PyPI fetches the checker itself when it is first run
        pytest.skip("pyright could not be fetched")
    found = {
        (Path(each["file"]).name, each["range"]["start"]["line"] + 1)
        for each in json.loads(told)["generalDiagnostics"]
        if each["severity"] == "error"
    }
    assert found == PLANTED, told


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_typed_programs_run(path):
    runpy.run_path(str(path))


# The stubs ------------------------------------------------------------------------------------------------------

T = tg.Tensor(np.arange(1.0, 7.0).reshape(2, 3) / 7)
SQUARE = tg.Tensor([[2.0, 0.5], [0.5, 1.0]])
CUBE = tg.Tensor(np.arange(8.0).reshape(2, 2, 2) + 1)
FIRST = (
    T,
    SQUARE,
    T[0],
    T[0, 0],
    tg.Tensor([1.0, 0.0, 2.0]),
    [T, T],
    CUBE,
    CUBE[None],
    tg.Tensor([1, 0]),
    "ij",
    (2, 3),
)
REST = (
    *((), (T,), (SQUARE,), (T[0],), (T.T,), (0,), (1,), ((3, 2),), ([0, 1],), (np.array([1]),), (np.float32,), (None,)),
    *((0, 1), (2, 1), (T[0], T[0]), (0, T[0]), (1, 1), (CUBE,), (T, T), (T[0] * 0, T[0]), ([1.0, 2.0, 3.0], 0.5)),
    *((tg.Tensor([0, 1]),), (np.eye(4).reshape(2, 2, 2, 2),), (T[0, :2], T[0, :2]), ((1, 1),), (SQUARE, SQUARE)),
)
MODULES = {"": numpy_api, "linalg.": numpy_api.linalg, "fft.": numpy_api.fft, "nn.functional.": tg.nn.functional}
FUNCTIONS = {
    prefix + name: f
    for prefix, module in MODULES.items()
    for name in module.__all__
    if inspect.isfunction(f := getattr(module, name))
}


@pytest.fixture(scope="module")
def stubs():
    spec = importlib.util.spec_from_file_location("stubs", ROOT / "docs" / "stubs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_returns_what_its_stub_says(stubs, name):
    """Calls are found by trying: a stub promises tensors where an operand is one, so every call must give them."""
    last = name.rpartition(".")[2]
    promised = stubs.overloads(last, FUNCTIONS[name])[last in stubs.ALONE].rpartition(" -> ")[2]
    calls = 0
    for first, rest in itertools.product(FIRST, REST):
        if calls == 3:
            break
        try:
            found = FUNCTIONS[name](first, *rest)
        except (TypeError, ValueError, IndexError, ZeroDivisionError, AttributeError, np.linalg.LinAlgError):
            continue
        if rest if name in stubs.ONE_OR_MORE else not rest and name in stubs.ALONE:
            continue
        tensors = [x for x in (first, *rest) if isinstance(x, tg.Tensor)]
        if not tensors:
            continue
        calls += 1
        if promised.startswith("Tensor"):
            assert isinstance(found, tg.Tensor)
        elif promised.startswith(("list[Tensor", "tuple[Tensor")):
            assert isinstance(found, (list, tuple))
            assert all(isinstance(x, tg.Tensor) for x in found)
    assert calls, "no call was found"
