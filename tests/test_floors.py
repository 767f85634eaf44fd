"""Each floor of the house imports only from floors above it, and heavy libraries only when they are used."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_edu
from tinygrad_edu import Value
from tinygrad_edu.op import TABLE
from tinygrad_edu.ops import powers, trigonometry

PACKAGE = Path(tinygrad_edu.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# A floor may import from itself and from those above it in this list. A folder is one floor.
FLOORS = [
    *("errors", "modes", "copies", "reasons", "accumulate", "graph", "attempts", "refusals", "op", "walks"),
    *("array_walk", "ops", "memory", "arrays", "numpy_methods", "value", "weighted", "operators", "writing", "tensor"),
    *("numpy_api", "linalg", "fft", "random", "transforms", "number_policy", "data", "nn", "notation", "expression"),
    *("check", "explain", "draw", "compile", "io"),
    *("cures", "anomaly"),
    *("train", "demo", "blas", "doctor", "cli", "__init__", "__main__"),
]
NEIGHBOURS = {"check", "explain", "draw", "compile", "io"}  # each a fold over the graph: none knows another's inside
STANDARD = ("errors", "modes", "copies", "reasons", "accumulate", "graph")  # these import nothing but Python itself
OPTIONAL = {"matplotlib", "tqdm", "safetensors", "onnx", "jax", "sympy", "IPython", "PIL", "scipy", "sklearn", "pandas"}


def floor_of(path):
    """The first part of a module's path within the package, without `.py`."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def test_the_architecture_has_a_row_for_every_floor():
    page = (PACKAGE.parent / "docs" / "architecture.md").read_text()
    (table,) = re.findall(r"^\| floor .*?\n\n", page, re.MULTILINE | re.DOTALL)
    assert {floor_of(path) for path in FILES} - {"__init__", "__main__"} <= set(re.findall(r"[a-z_]+", table))


def imports(path):
    """Every import of a file that runs: (module path as a tuple, is it of this package, is it inside a function)."""
    tree = ast.parse(path.read_text())
    inside = {n for f in ast.walk(tree) if isinstance(f, (ast.FunctionDef, ast.AsyncFunctionDef)) for n in ast.walk(f)}
    hints = {
        n
        for test in ast.walk(tree)
        if isinstance(test, ast.If) and ast.unparse(test.test) == "TYPE_CHECKING"
        for n in ast.walk(test)
    }
    here = path.relative_to(PACKAGE).parts[:-1]
    for node in ast.walk(tree):
        if node in hints:
            continue
        if isinstance(node, ast.Import):
            for name in node.names:
                yield tuple(name.name.split(".")), False, node in inside
        elif isinstance(node, ast.ImportFrom):
            module = tuple(node.module.split(".")) if node.module else ()
            if not node.level:
                yield module, False, node in inside
                continue
            base = here[: len(here) - node.level + 1] + module
            if module:
                yield base, True, node in inside
            else:
                for name in node.names:  # `from . import a, b` imports modules
                    yield (*base, name.name), True, node in inside


def identify(path):
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", FILES, ids=identify)
def test_imports_only_from_floors_above(path):
    mine = floor_of(path)
    for module, ours, _ in imports(path):
        if not ours or not module:
            continue
        theirs = module[0]
        assert theirs in FLOORS, f"{theirs} is on no floor: decide which, and write it into FLOORS"
        assert FLOORS.index(theirs) <= FLOORS.index(mine), f"{mine} imports from {theirs}, a floor below it"
        if {mine, theirs} <= NEIGHBOURS and mine != theirs:
            assert len(module) == 1, f"{mine} imports {'.'.join(module)}, the inside of its neighbour"


@pytest.mark.parametrize("path", FILES, ids=identify)
def test_optional_libraries_are_imported_only_inside_functions(path):
    for module, ours, inside in imports(path):
        assert ours or inside or module[0] not in OPTIONAL, f"{module[0]} is imported before it is used"


@pytest.mark.parametrize("floor", STANDARD)
def test_the_ground_floor_imports_only_the_standard_library(floor):
    for module, ours, _ in imports(PACKAGE / f"{floor}.py"):
        assert module[0] in (STANDARD if ours else sys.stdlib_module_names)


def test_every_floor_has_an_imported_file():
    """So that a check above cannot pass because it looked at nothing."""
    assert {"graph", "ops", "tensor", "nn", "check"} <= {floor_of(path) for path in FILES}
    assert sum(ours for path in FILES for _, ours, _ in imports(path)) > 100


def test_importing_the_package_imports_nothing_heavy():
    program = "import sys, numpy; before = set(sys.modules); import tinygrad_edu; print(*set(sys.modules) - before)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    heavy = OPTIONAL | {"graphviz", "json", "argparse", "asyncio", "html", "urllib", "http", "zipfile"}
    assert not heavy & {name.split(".")[0] for name in loaded}
    assert not {n for n in loaded if n.startswith(tuple(f"tinygrad_edu.{floor}" for floor in (*NEIGHBOURS, "nn")))}


@pytest.mark.parametrize("path", FILES, ids=identify)
def test_nothing_typed_by_a_user_is_executed(path):
    tree = ast.parse(path.read_text())
    called = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    allowed = {"exec"} if floor_of(path) == "compile" else set()  # of the program that it has written itself
    assert not called & {"eval", "exec", "__import__"} - allowed
    assert not any(module[0] in {"pickle", "marshal", "shelve"} for module, ours, _ in imports(path) if not ours)
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "shell":
            assert not (isinstance(node.value, ast.Constant) and node.value.value)


class NoNumPy:
    """In the place of `np`: its classes may be asked about, but nothing may be called."""

    def __getattr__(self, name):
        import numpy as np

        found = getattr(np, name)
        if isinstance(found, type) and issubclass(found, (np.generic, np.ndarray)):
            return found
        raise AssertionError(f"the scalar path used np.{name}")


def test_the_scalar_path_never_calls_numpy(monkeypatch):
    def forbidden(*operands, **params):
        raise AssertionError("the scalar path called a NumPy function")

    for row in TABLE.values():
        monkeypatch.setattr(row, "forward", forbidden)
    for module in ("value", "op"):
        monkeypatch.setattr(sys.modules[f"tinygrad_edu.{module}"], "np", NoNumPy())
    w, x = Value(0.5, label="w"), Value(-1.5)
    loss = (((w * x + 1.0).tanh() - 2) ** 2 / 3.0 + powers.exp(-w) * trigonometry.sin(x)).relu() + 1 - abs(x)
    loss.backward()
    assert type(w.grad) is float
    w.data -= 0.1 * w.grad
    (derivative,) = tinygrad_edu.gradients(w * w * w, [w])
    assert derivative.data == pytest.approx(3 * w.data**2)
