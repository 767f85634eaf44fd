"""No name is defined at the top of two modules, unless it is one idea."""

import ast
import collections
from functools import cache
from pathlib import Path

import tinygrad_edu
from tinygrad_edu.core.op import TABLE

PACKAGE = Path(tinygrad_edu.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# Names that several modules define because they are one idea, and why. Others are renamed, or defined once.
ONE_IDEA = {
    "dumped": "a format of files is a module with `dumped` and `loaded`, and io/checkpoints picks the module",
    "loaded": "as `dumped`",
    "split": "public names that others have chosen: NumPy's split of an array, and tg.data.split of examples",
}


@cache
def tree_of(path):
    return ast.parse(path.read_text())


@cache
def definitions(path):
    """The functions, classes and variables that a module defines, each with whether it is a plain assignment."""
    found = []
    for node in tree_of(path).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.append((node.name, False))
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            parts = (part for target in targets for part in ast.walk(target))
            found += [(p.id, True) for p in parts if isinstance(p, ast.Name) and isinstance(p.ctx, ast.Store)]
    return found


@cache
def mentions():
    """Every name that some module imports from another, and every one that it reads, imports or lists as public."""
    imported, read = set(), set()
    for path in FILES:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ImportFrom):
                read.update(name.name for name in node.names)
                imported.update(name.name for name in node.names if node.level)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                read.add(node.id)
            elif isinstance(node, ast.Attribute):
                read.add(node.attr)
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == "__all__":
                read.update(part.value for part in ast.walk(node.value) if isinstance(part, ast.Constant))
    return imported, read


def shared_names():
    """The names that several modules define: name -> the modules, without what is one idea by a rule."""
    where, assigned = collections.defaultdict(set), collections.defaultdict(list)
    for path in FILES:
        module = path.relative_to(PACKAGE).with_suffix("").as_posix()
        for name, plain in definitions(path):
            where[name].add(module)
            assigned[name].append(plain)
    imported, _ = mentions()
    found = {}
    for name, modules in where.items():
        rooms = {module.split("/")[0] for module in modules}
        if "cli" in rooms:  # a command has the name of the function that it calls
            modules, rooms = {m for m in modules if not m.startswith("cli/")}, rooms - {"cli"}
        if len(modules) < 2 or name.startswith("__"):
            continue
        if name.strip("_") in TABLE:  # a row, and NumPy's function, the layer's or the formula of that name
            continue
        if rooms <= {"ops", "numpy_api", "nn"} and name in dir(tinygrad_edu) + dir(tinygrad_edu.nn.functional):
            continue  # public: NumPy's name, or PyTorch's
        if "fast" in rooms and rooms <= {"fast", "core", "nn"}:  # a twin has the name of the plain one
            continue
        if all(assigned[name]) and name not in imported:  # limits and aliases that never leave their module
            continue
        found[name] = sorted(modules)
    return found


def test_no_name_stands_for_two_ideas():
    found = shared_names()
    new = {name: modules for name, modules in found.items() if name not in ONE_IDEA}
    assert not new, f"defined in more than one module: rename one, or define it once and import it: {new}"
    assert set(ONE_IDEA) == set(found), "the others are defined once: take them out of ONE_IDEA"


def test_nothing_is_defined_that_nobody_uses():
    """A new layer, optimiser, picture, back-end or diagnosis that nothing reaches is found here."""
    public = {*dir(tinygrad_edu), *dir(tinygrad_edu.nn.init), "uninstall"}  # the last is for tests that compare
    known = public | mentions()[1] | {"accumulate_along"}  # NumPy reaches it as a method of ufuncs
    unused = {
        f"{path.relative_to(PACKAGE)}: {name}"
        for path in FILES
        for name, _ in definitions(path)
        if name not in known and not name.startswith("__")
    }
    assert not unused, "export these, use them, or delete them"
