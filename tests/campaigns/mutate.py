"""Mutation testing: change one thing in a file, run the file's own tests, and list the changes that no test notices.

`python tests/campaigns/mutate.py core/backprop.py fast/value_backward.py --sample 40`. Every mutant runs in a process
forked from one that has imported the libraries, with a limit of time; to run out of it counts as noticed.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "tinygrad_edu"
TESTS = {  # by file or folder, the longest fits
    "core": [
        "test_graph.py",
        "test_bad_input_backward.py",
        "test_bad_input_construction.py",
        "test_bad_input_inplace.py",
    ],
    "core/backprop.py": [
        "test_graph.py",
        "test_faults.py",
        "test_bad_input_backward.py",
        "test_threads_and_resources.py",
    ],
    "core/commit.py": ["test_faults.py", "test_signals.py", "test_threads_and_resources.py"],
    "core/context.py": ["test_modes.py", "test_signals.py", "test_anomaly.py"],
    "core/copying.py": ["test_threads_and_resources.py", "test_graph.py", "test_interop.py"],
    "core/dispatch.py": ["test_numpy_refusals.py", "test_numpy_elementwise.py", "test_graph.py"],
    "core/inplace.py": ["test_bad_input_inplace.py", "test_numpy_writing.py", "test_faults.py"],
    "core/leaf_set.py": ["test_optim.py", "test_faults.py", "test_threads_and_resources.py"],
    "core/op.py": ["test_graph.py", "test_bad_input_numbers.py", "test_bad_input_inplace.py"],
    "core/operators.py": ["test_graph.py", "test_fast_paths.py", "test_micrograd.py"],
    "core/value.py": ["test_graph.py", "test_micrograd.py", "test_fast_paths.py", "test_bad_input_numbers.py"],
    "fast": ["test_fast_paths.py"],
    "ops": ["test_table.py", "test_fast_paths.py"],
}
SWAPS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
}  # fmt: skip
DELETED = (ast.Expr, ast.Assign, ast.AugAssign, ast.Raise, ast.Continue, ast.Delete)


def changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield what one node may become, with a word for each change."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        new = copy.deepcopy(node)
        new.ops[0] = SWAPS[type(node.ops[0])]()
        yield "comparison", new
    elif isinstance(node, (ast.BinOp, ast.AugAssign, ast.BoolOp)) and type(node.op) in SWAPS:
        new = copy.deepcopy(node)
        new.op = SWAPS[type(node.op)]()
        yield "operator", new
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        yield "sign", node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
        yield "constant", ast.Constant(not node.value if isinstance(node.value, bool) else node.value + 1)
    elif isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
        yield "returned", ast.Return(ast.Constant(None))
    elif isinstance(node, ast.If):
        new = copy.deepcopy(node)
        new.test = ast.Constant(False)
        yield "condition", new
    if isinstance(node, DELETED) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        yield "deleted", ast.Pass()


def mutants(tree: ast.Module) -> Iterator[tuple[int, str, ast.Module]]:
    """Yield (line, change, mutated module) for everything inside functions."""
    inside = [n for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for s in f.body for n in ast.walk(s)]
    messages = {n for r in inside if isinstance(r, (ast.Raise, ast.JoinedStr)) for n in ast.walk(r)}
    for node in dict.fromkeys(inside):
        if node in messages and not isinstance(node, ast.Raise):
            continue  # the words of an error
        for change, new in changes(node):
            yield getattr(node, "lineno", 0), change, replaced(tree, node, new)


def replaced(tree: ast.Module, old: ast.AST, new: ast.AST) -> ast.Module:
    """Return a copy of a module with one node in the place of another."""

    class Replace(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return ast.copy_location(new, node) if node is old else self.generic_visit(copy.copy(node))

        def generic_visit(self, node: ast.AST) -> ast.AST:
            for name, value in ast.iter_fields(node):
                if isinstance(value, list):
                    setattr(node, name, [self.visit(x) if isinstance(x, ast.AST) else x for x in value])
                elif isinstance(value, ast.AST):
                    setattr(node, name, self.visit(value))
            return node

    return ast.fix_missing_locations(Replace().visit(tree))


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a mutated tree."""

    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        self.name, self.path, self.tree = name, path, tree

    def find_spec(self, name, path=None, target=None):  # importlib's signature
        """Return the spec of the mutated module only."""
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)

    def exec_module(self, module) -> None:  # as above
        """Run the mutated code."""
        exec(compile(self.tree, str(self.path), "exec"), vars(module))


def noticed(file: str, tree: ast.Module, tests: list[str], limit: float, plain: bool) -> str:
    """Return "failed", "time" or "error" where the tests notice a mutant, and "" where they pass."""
    child = os.fork()
    if not child:
        os.setsid()
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        path = PACKAGE / file
        name = "tinygrad_edu." + file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        sys.meta_path.insert(0, Mutated(name, path, tree))
        import pytest

        options = [
            "-x",
            "-q",
            "-n",
            "0",
            "-p",
            "no:cacheprovider",
            *(["--plain"] if plain else []),
        ]
        os._exit(int(pytest.main([*options, *(str(ROOT / "tests" / test) for test in tests)])))
    began = time.monotonic()
    while time.monotonic() - began < limit:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            return {0: "", 1: "failed"}.get(code, "error")
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "time"


def own_tests(file: str) -> list[str]:
    """Return the tests of a file."""
    return TESTS[max((key for key in TESTS if file.startswith(key)), key=len)]


def main() -> None:
    """Run mutants of the files on the command line and print the survivors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", help="relative to tinygrad_edu/")
    parser.add_argument("--sample", type=int, help="so many mutants of each file, drawn at random")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for each")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.chdir(ROOT)
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    for library in ("numpy", "hypothesis", "pytest", "numpy.testing", "unittest.mock"):
        importlib.import_module(library)
    killed_in_all, in_all = 0, 0
    for file in options.files:
        unchanged = ast.parse((PACKAGE / file).read_text())
        if noticed(file, unchanged, own_tests(file), 10 * options.limit, file.startswith("core/")):
            raise SystemExit(f"the tests of {file} fail without any change")
        found = list(mutants(ast.parse((PACKAGE / file).read_text())))
        if options.sample and options.sample < len(found):
            found = random.Random(options.seed).sample(found, options.sample)
        killed = 0
        for line, change, tree in sorted(found, key=lambda m: m[0]):
            plain = file.startswith("core/")
            if noticed(file, tree, own_tests(file), options.limit, plain):
                killed += 1
            else:
                print(f"survives: {file}:{line} {change}", flush=True)
        print(f"{file}: {killed} of {len(found)} mutants noticed", flush=True)
        killed_in_all, in_all = killed_in_all + killed, in_all + len(found)
    print(f"{killed_in_all} of {in_all} noticed ({killed_in_all / max(in_all, 1):.0%})")


if __name__ == "__main__":
    main()
