"""No name is defined at the top of two modules, unless it is one idea."""

import ast
import collections
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


def definitions(path):
    """The functions, classes and variables that a module defines, each with whether it is a plain assignment."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name, False
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for part in (part for target in targets for part in ast.walk(target)):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                    yield part.id, True


def imported_names():
    """Every name that a module of the package imports from another."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level:
                yield from (name.name for name in node.names)


def shared_names():
    """The names that several modules define: name -> the modules, without what is one idea by a rule."""
    where, assigned = collections.defaultdict(set), collections.defaultdict(list)
    for path in FILES:
        module = path.relative_to(PACKAGE).with_suffix("").as_posix()
        for name, plain in definitions(path):
            where[name].add(module)
            assigned[name].append(plain)
    imported = set(imported_names())
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
    new = {name: modules for name, modules in shared_names().items() if name not in ONE_IDEA}
    assert not new, f"defined in more than one module: rename one, or define it once and import it: {new}"


def test_every_name_that_is_listed_as_one_idea_is_needed():
    assert set(ONE_IDEA) <= set(shared_names()), "these are defined once: take them out of ONE_IDEA"


def mentioned_names():
    """Every name that some module reads, imports or lists as public."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                yield node.id
            elif isinstance(node, ast.Attribute):
                yield node.attr
            elif isinstance(node, ast.ImportFrom):
                yield from (name.name for name in node.names)
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                yield from (part.value for part in ast.walk(node.value) if isinstance(part, ast.Constant))


def test_nothing_is_defined_that_nobody_uses():
    """A new layer, optimiser, picture, back-end or diagnosis that nothing reaches is found here."""
    public = {*dir(tinygrad_edu), *dir(tinygrad_edu.nn.init), "uninstall"}  # the last is for tests that compare
    known = public.union(mentioned_names()) | {"accumulate_along"}  # NumPy reaches it as a method of ufuncs
    unused = {
        f"{path.relative_to(PACKAGE)}: {name}"
        for path in FILES
        for name, _ in definitions(path)
        if name not in known and not name.startswith("__")
    }
    assert not unused, "export these, use them, or delete them"


def test_the_rules_see_names_at_all():
    """So that none of the checks above passes because it looked at nothing."""
    found = [name for path in FILES for name, _ in definitions(path)]
    assert len(found) > 2000
    assert collections.Counter(found)["softmax"] > 1
    assert "softmax" not in shared_names()
