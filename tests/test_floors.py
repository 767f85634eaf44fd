"""Each floor of the house imports only from floors above it, and heavy libraries only when they are used."""

import ast
import io
import re
import subprocess
import sys
import tokenize
from functools import cache
from pathlib import Path

import pytest

import tinygrad_edu
from tinygrad_edu import Value
from tinygrad_edu.core.op import TABLE
from tinygrad_edu.ops import powers, trigonometry

PACKAGE = Path(tinygrad_edu.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# A floor may import from itself and from those above it in this list. A name is a module or a folder; the longest fits.
FLOORS = [
    *(
        "errors.printable",
        "errors.__init__",
        "core.__init__",
        "errors.where",
        "errors.foreign_names",
        "errors.hints",
        "errors.data",
        "errors.gradients",
        "errors.inplace",
    ),
    *("system.files", "system.declared"),
    *("core.commit", "core.context", "core.copying", "core.deferred", "core.leaf_set", "core.node"),
    *("core.parking", "core.backprop"),
    *("core.types", "errors.failed_call", "errors.shapes", "errors.operations", "core.op", "ops"),
    *(
        "core.arrays",
        "core.ieee",
        "core.sealed",
        "core.dispatch",
        "core.array_methods",
        "core.array_protocols",
        "core.array_gradients",
    ),
    *("core.operators", "core.value", "core.inplace", "core.tensor"),
    "fast",
    *("numpy_api", "linalg", "fft", "random", "transforms", "check.kinks", "data", "nn", "symbolic"),
    *("check", "explain", "draw", "compile", "io"),
    *("check.stable_forms", "check.anomaly"),
    "classroom",
    *("train", "demo", "system", "cli", "__init__", "__main__"),
]
NEIGHBOURS = {"check", "explain", "draw", "compile", "io"}  # each a fold over the graph: none knows another's inside
LATE = {  # imports of a floor below, when it is first needed
    (("core", "dispatch"), ("numpy_api",)),  # functions that answer NumPy are made of tensors, and register themselves
    (("core", "array_methods"), ("numpy_api", "array_api")),  # so are those of the Array API's namespace
    (("nn", "summary"), ("draw", "network", "blocks")),  # a summary draws itself when it is asked to
}
CIRCLES = [  # modules that import each other inside functions
    {"nn.layers", "nn.neuron"},  # a net of neurons becomes a net of tensors, and a layer of tensors shows its neurons
    {"draw.pages.live", "draw.pages.stepper"},  # each page opens the other's
]
STANDARD = FLOORS[: FLOORS.index("core.backprop") + 1]  # these import nothing but Python itself
OPTIONAL = {"matplotlib", "tqdm", "safetensors", "onnx", "jax", "sympy", "IPython", "PIL", "scipy", "sklearn", "pandas"}


def parts_of(path):
    """A module's path within the package, without `.py`."""
    return path.relative_to(PACKAGE).with_suffix("").parts


def floor_of(parts):
    """The floor of a module: the longest of the dotted names in FLOORS that its path begins with."""
    names = [".".join((*parts, "__init__")), *(".".join(parts[:k]) for k in range(len(parts), 0, -1))]
    found = [name for name in names if name in FLOORS]
    assert found, f"{'.'.join(parts)} is on no floor: decide which, and write it into FLOORS"
    return found[0]


def test_the_architecture_has_a_row_for_every_floor():
    page = (PACKAGE.parent / "docs" / "architecture.md").read_text()
    (table,) = re.findall(r"^\| floor .*?\n\n", page, re.MULTILINE | re.DOTALL)
    rooms = {parts_of(path)[0] for path in FILES}
    assert rooms - {"__init__", "__main__"} <= set(re.findall(r"[a-z_]+", table))


@cache
def tree_of(path):
    return ast.parse(path.read_text())


@cache
def imports(path):
    """Every import of a file that runs: (module path as a tuple, is it of this package, is it inside a function)."""
    tree, all_found = tree_of(path), []
    inside = {n for f in ast.walk(tree) if isinstance(f, (ast.FunctionDef, ast.AsyncFunctionDef)) for n in ast.walk(f)}
    hints = {
        n
        for test in ast.walk(tree)
        if isinstance(test, ast.If) and ast.unparse(test.test) == "TYPE_CHECKING"
        for n in ast.walk(test)
    }
    here = ("tinygrad_edu", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(tree):
        if node in hints:
            continue
        found = []
        if isinstance(node, ast.Import):
            found = [tuple(name.name.split(".")) for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = (here[: len(here) - node.level + 1] if node.level else ()) + tuple((node.module or "").split("."))
            found = [(*base, name.name) for name in node.names]  # `from . import a` may import a module or a name
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            found = [imported_by_string(node, here)]
        for module in found:
            module = tuple(filter(None, module))
            ours = module[:1] == ("tinygrad_edu",)
            all_found.append((existing(module[1:]) if ours else module, ours, node in inside))
    return all_found


def imported_by_string(call, here):
    """The module that `importlib.import_module("..name", __package__)` imports."""
    name = call.args[0]
    if not isinstance(name, ast.Constant):
        assert here == ("tinygrad_edu",), f"an import whose module no test can see: {ast.unparse(call)}"
        return ()  # the lazy names of the package, checked by `test_lazy_names_are_modules`
    level = len(name.value) - len(name.value.lstrip("."))
    return (*here[: len(here) - level + 1], *name.value[level:].split(".")) if level else tuple(name.value.split("."))


@cache
def existing(module):
    """The longest beginning of a dotted name that is a module of the package: the rest is a name inside it."""
    while module and not (PACKAGE.joinpath(*module).is_dir() or PACKAGE.joinpath(*module).with_suffix(".py").exists()):
        module = module[:-1]
    return module


def identify(path):
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", FILES, ids=identify)
def test_imports_only_from_floors_above(path):
    mine, room = floor_of(parts_of(path)), parts_of(path)[0]
    for module, ours, _ in imports(path):
        if not ours or not module:
            continue
        if (parts_of(path), module) in LATE:
            continue
        theirs = floor_of(module)
        assert FLOORS.index(theirs) <= FLOORS.index(mine), f"{mine} imports from {theirs}, a floor below it"
        if {room, module[0]} <= NEIGHBOURS and room != module[0]:
            assert len(module) == 1, f"{mine} imports {'.'.join(module)}, the inside of its neighbour"


def circles(graph):
    """The sets of names that can be reached from each other, found by taking away what nothing leads to or from."""
    found = []
    for name in graph:
        seen, waiting = set(), [name]
        while waiting:
            new = graph.get(waiting.pop(), set()) - seen
            seen |= new
            waiting += new
        graph[name] = graph[name] | seen
    for name, reached in graph.items():
        circle = {other for other in reached if name in graph.get(other, ())}
        if name in circle and circle not in found:
            found.append(circle)
    return found


@pytest.mark.parametrize("late", [False, True], ids=["when imported", "inside functions too"])
def test_no_module_imports_itself_by_way_of_others(late):
    graph = {}
    for path in FILES:
        name = ".".join(parts_of(path))
        modules = {module for module, ours, inside in imports(path) if ours and (late or not inside)}
        modules -= {module for importer, module in LATE if importer == parts_of(path)}
        names = {".".join(m if PACKAGE.joinpath(*m).with_suffix(".py").exists() else (*m, "__init__")) for m in modules}
        graph[name] = names - {name, "__init__"}
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [{"b", "c"}]
    assert [circle for circle in circles(graph) if not any(circle <= known for known in CIRCLES if late)] == []


def test_lazy_names_are_modules():
    """What `tinygrad_edu.__getattr__` imports by a string."""
    for name in tinygrad_edu._LATER.values():
        assert existing(tuple(name[1:].split("."))) == tuple(name[1:].split("."))


@pytest.mark.parametrize("path", FILES, ids=identify)
def test_optional_libraries_are_imported_only_inside_functions(path):
    for module, ours, inside in imports(path):
        assert ours or inside or not module or module[0] not in OPTIONAL, f"{module[0]} is imported before it is used"


@pytest.mark.parametrize("floor", STANDARD)
def test_the_ground_floor_imports_only_the_standard_library(floor):
    for module, ours, _ in imports(PACKAGE / f"{floor.replace('.', '/')}.py"):
        assert (floor_of(module) in STANDARD) if ours else (module[0] in sys.stdlib_module_names)


def test_every_floor_has_an_imported_file():
    """So that a check above cannot pass because it looked at nothing."""
    assert {"core", "ops", "nn", "check"} <= {parts_of(path)[0] for path in FILES}
    assert sum(ours for path in FILES for _, ours, _ in imports(path)) > 100


def test_importing_the_package_imports_nothing_heavy():
    program = "import sys, numpy; before = set(sys.modules); import tinygrad_edu; print(*set(sys.modules) - before)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    heavy = OPTIONAL | {"graphviz", "json", "argparse", "asyncio", "html", "urllib", "http", "zipfile"}
    assert not heavy & {name.split(".")[0] for name in loaded}
    assert not {n for n in loaded if n.startswith(tuple(f"tinygrad_edu.{floor}" for floor in (*NEIGHBOURS, "nn")))}


@pytest.mark.parametrize("path", FILES, ids=identify)
def test_nothing_typed_by_a_user_is_executed(path):
    tree = tree_of(path)
    called = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    # compile executes the program that it has written itself, homework what a learner asked it to check, in a process
    # of its own.
    executes = parts_of(path)[0] == "compile" or parts_of(path) == ("check", "homework", "program")
    allowed = {"exec"} if executes else set()
    assert not called & {"eval", "exec", "__import__"} - allowed
    assert not any({*module[:1]} & {"pickle", "marshal", "shelve"} for module, ours, _ in imports(path) if not ours)
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
    for module in ("core.value", "core.op"):
        monkeypatch.setattr(sys.modules[f"tinygrad_edu.{module}"], "np", NoNumPy())
    w, x = Value(0.5, label="w"), Value(-1.5)
    loss = (((w * x + 1.0).tanh() - 2) ** 2 / 3.0 + powers.exp(-w) * trigonometry.sin(x)).relu() + 1 - abs(x)
    loss.backward()
    assert type(w.grad) is float
    w.data -= 0.1 * w.grad
    (derivative,) = tinygrad_edu.gradients(w * w * w, [w])
    assert derivative.data == pytest.approx(3 * w.data**2)


def code_lines(path):
    """How many lines of a file are code: without docstrings, comments and blank lines."""
    silent = {getattr(tokenize, name) for name in ("COMMENT", "NL", "NEWLINE", "INDENT", "DEDENT", "ENDMARKER")}
    tokens = [t for t in tokenize.generate_tokens(io.StringIO(path.read_text()).readline) if t.type not in silent]
    told = {
        line
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for line in range(node.lineno, node.end_lineno + 1)
    }
    return len({line for t in tokens for line in range(t.start[0], t.end[0] + 1)} - told)


def test_backward_of_a_value_is_read_in_one_sitting():
    lines = [code_lines(PACKAGE / "core" / f"{name}.py") for name in ("node", "backprop", "commit")]
    assert min(lines) > 20
    assert sum(lines) <= 350
