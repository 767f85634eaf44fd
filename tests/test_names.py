"""No name is defined at the top of two modules, unless it is one idea."""

import ast
import collections
from pathlib import Path

import tinygrad_edu
from tinygrad_edu.core.op import TABLE

PACKAGE = Path(tinygrad_edu.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# Names that stand for two ideas still. Whoever renames one takes it out; none may be added.
# fmt: off
OPEN = {
    "_cross_entropy", "ABSENT", "accumulate", "Activation", "aligned", "alike", "along", "AND", "Array",
    "array", "array_of", "assignments", "at", "attributes", "BITS", "CALLED", "Change", "Changes", "checked",
    "chosen", "column", "compared", "COMPARISONS", "computed", "CONSTANT", "constant", "copied",
    "count", "counted", "DARK", "data", "data_of", "described", "differences", "differentiable", "dtype_of",
    "dumped", "Edge", "edges", "ends", "ENOUGH", "entries", "exact", "explained", "Expression", "extreme",
    "FEW", "filled", "finite", "fitted", "fitting", "flattened", "Found", "found", "FRAMES", "fresh", "frozen",
    "Function", "gain", "given", "gradients", "grid", "Group", "HALF", "in_place", "inside", "is_array",
    "is_complex", "is_computed", "is_multiple", "Item", "join", "joined", "joining", "judged", "kind",
    "kind_of", "Known", "largest", "length_of", "lengths", "library", "LIGHT", "like", "Line", "line", "listed",
    "literal", "load", "loaded", "local_derivatives", "MANY", "masked", "matched", "meeting", "misfits",
    "named", "names", "names_of", "nested", "neuron", "Node", "node", "nodes_of", "NOTHING", "nudges", "number",
    "NUMBERS", "numbers", "numbers_of", "of_arrays", "of_whole", "ones", "ordered", "owners", "packed", "pad",
    "padded", "Pair", "pair", "paired", "pairs", "parse", "PART", "partition", "Parts", "Place", "PLAIN",
    "plain", "PLAIN_NUMBERS", "Point", "points", "position", "positions", "POSITIVE", "products", "Program",
    "push", "quiet", "read", "Recorder", "Recording", "reduction", "reference", "REFUSED",
    "repeated", "report", "reported", "restored", "RIGHT", "Rng", "rounded", "rounding", "Rule",
    "Run", "run", "said", "scripts", "Shape", "share", "shifted", "shown", "SIDE", "signed", "SINGLE",
    "size_of", "slope", "SLOPES", "source", "split", "spread", "stacked", "State", "stem_of", "stretch",
    "STYLE", "summary", "table", "taken", "times", "told", "TOLERANCE", "transposed", "tree", "unchanged",
    "varied", "weighted_sum", "whole", "WIDE", "without_graph", "words", "write", "Writer", "WRITERS",
    "written",
}
# fmt: on


def definitions(path):
    """The functions, classes and variables that a module defines, each with whether it is a plain assignment."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name, False
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for part in (part for target in targets for part in ast.walk(target)):
                if isinstance(part, ast.Name):
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
        if len(modules) < 2 or name.startswith("__"):
            continue
        if name.strip("_") in TABLE:  # a row, and NumPy's function, the layer's or the formula of that name
            continue
        if rooms <= {"ops", "numpy_api", "nn"} and name in dir(tinygrad_edu) + dir(tinygrad_edu.nn.functional):
            continue  # public: NumPy's name, or PyTorch's
        if "fast" in rooms and rooms <= {"fast", "core"}:  # a twin has the name of the plain one
            continue
        if "cli" in rooms and len(modules) == 2:  # a command has the name of the function that it calls
            continue
        if all(assigned[name]) and name not in imported:  # limits and aliases that never leave their module
            continue
        found[name] = sorted(modules)
    return found


def test_no_new_name_stands_for_two_ideas():
    new = {name: modules for name, modules in shared_names().items() if name not in OPEN}
    assert not new, f"defined in more than one module; say what each is: {new}"


def test_the_list_of_open_names_only_shrinks():
    assert not OPEN - set(shared_names()), "these are mended: take them out of OPEN"


def test_the_rules_see_names_at_all():
    """So that none of the checks above passes because it looked at nothing."""
    found = [name for path in FILES for name, _ in definitions(path)]
    assert len(found) > 2000
    assert collections.Counter(found)["softmax"] > 1
    assert "softmax" not in shared_names()
