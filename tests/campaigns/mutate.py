"""Mutation testing: change one thing in a file, run the file's own tests, and list the changes that no test notices.

`python tests/campaigns/mutate.py core/backprop.py fast --sample 60`. The files' tests are collected and run once, to
learn which lines each of them runs and for how long. A mutant is a fork of that process in which the code of one
function is another; the tests that run the changed statement follow, the quickest first, until one fails. To run out
of time or memory counts as noticed. `mutate.txt` beside this file says which survivors were looked at, and what of it.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import pickle
import random
import resource
import signal
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, TextIO

from mutations import Mutant, codes, mutants

Line = tuple[str, int]
Costs = dict[str, tuple[float, set[Line] | None]]  # a test's seconds and lines, by its id
Functions = dict[tuple[Any, ...], list[FunctionType]]

SAME = "compiled to the same code"
ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "tinygrad_edu"
TESTS = {  # by file or folder, the longest fits
    "core": "graph bad_input_backward bad_input_construction bad_input_inplace",
    "core/arrays.py": "copies_and_views bad_input_construction bad_input_shapes graph numpy_writing",
    "core/backprop.py": "graph faults bad_input_backward threads_and_resources complex",
    "core/commit.py": "faults signals threads_and_resources",
    "core/context.py": "modes signals anomaly hints compile_gate",
    "core/copying.py": "bad_input_inplace compile_outside compile_state",
    "core/dispatch.py": "numpy_refusals numpy_elementwise array_api graph interop",
    "core/inplace.py": "bad_input_inplace numpy_writing copies_and_views",
    "core/leaf_set.py": "optim faults threads_and_resources",
    "core/node.py": "graph bad_input_backward bad_input_inplace bad_input_construction hints",
    "core/op.py": "graph table bad_input_numbers bad_input_inplace bad_input_backward",
    "core/operators.py": "graph fast_paths micrograd bad_input_numbers",
    "core/sealed.py": "compile_gate compile_outside compile_refusals",
    "core/tensor.py": "graph bad_input_construction bad_input_inplace bad_input_shapes interop numpy_shapes",
    "core/value.py": "graph micrograd fast_paths bad_input_numbers bad_input_construction bad_input_shapes",
    "fast": "fast_paths micrograd graph",
    "fast/malloc.py": "fast_paths",
    "ops": "table points bad_input_numbers bad_input_shapes fast_paths",
    "ops/activations.py": "table points nn_functional",
    "ops/complex.py": "table complex",
    "ops/convolution.py": "table convolution",
    "ops/checks.py": "table bad_input_numbers bad_input_shapes numpy_reductions",
    "ops/indexing.py": "table bad_input_shapes numpy_choosing numpy_writing",
    "ops/linalg.py": "table numpy_linalg degenerate_matrices",
    "ops/linear.py": "table fast_paths nn bad_input_shapes",
    "ops/losses.py": "table nn_functional bad_input_numbers",
    "ops/precision.py": "half_precision bad_input_numbers",
    "ops/reductions.py": "table points numpy_reductions half_precision bad_input_shapes",
    "ops/shapes.py": "table numpy_shapes bad_input_shapes",
    "ops/special.py": "table points error_function",
    "ops/windows.py": "table convolution nn",
    "nn/optim": "optim schedules torch_training bad_input_nets bad_input_numbers half_precision",
    "nn/optim/clip.py": "optim schedules half_precision compile_training",
    "compile/memory": "compile compile_state compile_training",
}


class Recorder:
    """Which lines of some files a test runs, and how long the test takes."""

    def __init__(self, paths: set[str]) -> None:
        self.paths, self.lines, self.elsewhere = paths, set[Line](), False

    def __call__(self, frame: Any, event: str, _: Any) -> Any:
        """Trace the calls of functions of the files."""
        return self.line if frame.f_code.co_filename in self.paths else None

    def line(self, frame: Any, event: str, _: Any) -> Any:
        """Remember a line."""
        if event == "line":
            self.lines.add((frame.f_code.co_filename, frame.f_lineno))
        return self.line

    def watch(self, run: Callable[[], Any]) -> tuple[float, set[Line] | None]:
        """Run a test; return its seconds and lines, or None for the lines where it traces by itself."""
        self.lines, self.elsewhere = set(), False
        settrace = sys.settrace

        def noted(function: Any) -> None:
            self.elsewhere = True
            settrace(function)

        began = time.perf_counter()
        threading.settrace(self)
        settrace(self)
        sys.settrace = noted
        try:
            run()
        finally:
            sys.settrace = settrace
            settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]
        return time.perf_counter() - began, None if self.elsewhere else self.lines


class Campaign:
    """A plugin of pytest that runs the collected tests once as they are, and then for every mutant of some files."""

    def __init__(self, files: list[str], options: argparse.Namespace, out: TextIO) -> None:
        self.files, self.options, self.out = files, options, out
        self.failed = False

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Notice a test that fails."""
        self.failed = self.failed or report.failed

    def pytest_runtestloop(self, session: Any) -> bool:
        """Run the campaign in the place of the tests."""
        costs, failing = in_a_fork(lambda: self.unchanged(session.items), 3600.0)
        for name in failing:
            print(f"left out, as it fails without any change: {name}", file=self.out)
        print(f"{len(costs)} tests in {sum(cost for cost, _ in costs.values()):.0f} s, traced", file=self.out)
        functions = defaultdict(list)
        for f in gc.get_objects():
            if type(f) is FunctionType:
                functions[key(f.__code__)].append(f)
        for file in self.files:
            self.of_a_file(file, session.items, costs, functions)
        return True

    def of_a_file(self, file: str, items: list[Any], costs: Costs, functions: Functions) -> None:
        """Try the mutants of one file and print which survive."""
        path, began, survivors, same = PACKAGE / file, time.monotonic(), 0, 0
        found = list(mutants(path.read_text(), str(path)))
        if self.options.sample and self.options.sample < len(found):
            found = random.Random(self.options.seed).sample(found, self.options.sample)
        own = [item for item in items if item.nodeid in costs and str(item.path) in own_tests(file)]
        for mutant in sorted(found, key=lambda m: (m.line, m.change)):
            tests = self.chosen(own, costs, {(str(path), line) for line in mutant.statement})
            seconds = sum(costs[item.nodeid][0] for item in tests)
            end = in_a_fork(lambda m=mutant, t=tests: self.mutated(m, functions, t), 4.0 + 8 * seconds)
            same += end == SAME
            if end is None:
                survivors += 1
                why = f"{len(tests)} tests" if tests else "no test runs it"
                print(f"survives: {file}:{mutant.line} {mutant.change}: {mutant.text} ({why})", file=self.out)
        n, seconds = len(found) - same, time.monotonic() - began
        print(f"{file}: {n - survivors} of {n} noticed, {seconds:.0f} s", file=self.out)

    def chosen(self, items: list[Any], costs: Costs, lines: set[Line]) -> list[Any]:
        """Return the tests that run a mutated statement, the quickest first, within the limit of time."""
        chosen, seconds = [], 0.0
        for item in sorted(items, key=lambda item: costs[item.nodeid][0]):
            cost, run = costs[item.nodeid]
            if run is None or run & lines:
                seconds += cost
                if seconds > self.options.limit and chosen:
                    break
                chosen.append(item)
        return chosen

    def unchanged(self, items: list[Any]) -> Any:
        """Run every test as it is; return the time and lines of each that passes, and the names of the others."""
        recorder, costs, failing = Recorder({str(PACKAGE / file) for file in self.files}), {}, []
        for item in items:
            hook = item.config.hook.pytest_runtest_protocol
            costs[item.nodeid] = recorder.watch(lambda item=item, hook=hook: hook(item=item, nextitem=None))
            if self.failed:  # perhaps it counts what a trace function changes: then its lines are unknown
                began, self.failed = time.perf_counter(), False
                hook(item=item, nextitem=None)
                costs[item.nodeid] = time.perf_counter() - began, None
                if self.failed:
                    failing.append(item.nodeid)
                    self.failed = False
                    del costs[item.nodeid]
        return costs, failing

    def mutated(self, mutant: Mutant, functions: Functions, tests: list[Any]) -> Any:
        """Put the mutated code into the functions and run tests; return the one that fails, or None."""
        resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
        placed, changed = 0, mutant.codes()
        if not changed:
            return SAME
        for old, new in changed:
            for f in functions.get(key(old), ()):
                f.__code__ = new
                placed += 1
        for item in tests if placed else ():
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            if self.failed:
                return item.nodeid
        return None


def in_a_fork(work: Callable[[], Any], limit: float) -> Any:
    """Return the result of some work that is done in a process of its own, or a word for its end."""
    with tempfile.TemporaryFile() as answer:
        child = os.fork()
        if not child:
            os.setsid()
            quiet = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(quiet, stream)
            try:
                answer.write(pickle.dumps(work()))
                answer.flush()
                os._exit(0)
            finally:
                os._exit(1)
        began, status = time.monotonic(), None
        while status is None and time.monotonic() - began < limit:
            done, found = os.waitpid(child, os.WNOHANG)
            status = found if done else None
            time.sleep(0.002)
        if status is None:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "time"
        answer.seek(0)
        return pickle.load(answer) if status == 0 else "error"


def key(code: CodeType) -> tuple[Any, ...]:
    """Return what is the same for one function in two compilations of one text, and for no other."""
    return code.co_qualname, code.co_firstlineno, code.co_linetable


def own_tests(file: str) -> list[str]:
    """Return the tests of a file."""
    names = TESTS[max((name for name in TESTS if file.startswith(name)), key=len)]
    return [str(ROOT / "tests" / f"test_{name}.py") for name in names.split()]


def files_in(names: list[str]) -> list[str]:
    """Return the files with functions among files and folders of the package."""
    folders = ((PACKAGE / name, name.endswith(".py")) for name in names)
    paths = [path for given, one in folders for path in ([given] if one else sorted(given.rglob("*.py")))]
    return [str(p.relative_to(PACKAGE)) for p in paths if len(codes(compile(p.read_text(), str(p), "exec"))) > 1]


def main() -> None:
    """Run mutants of the files on the command line and print the survivors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", help="files and folders, relative to tinygrad_edu/")
    parser.add_argument("--sample", type=int, help="so many mutants of each file, drawn at random")
    parser.add_argument("--limit", type=float, default=10.0, help="seconds of tests for each")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.chdir(ROOT)
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    for library in ("numpy", "hypothesis", "pytest", "numpy.testing", "unittest.mock"):
        importlib.import_module(library)
    import pytest

    groups = defaultdict(list)
    for file in files_in(options.files):
        groups["core" if file.startswith("core/") else "rest"].append(file)  # the core is tested without its twins
    for name, files in groups.items():
        tests = sorted({test for file in files for test in own_tests(file)})
        child = os.fork()  # the package is imported anew
        if not child:
            out = os.fdopen(os.dup(1), "w", buffering=1)
            os.dup2(os.open(os.devnull, os.O_RDWR), 1)
            arguments = [
                "-s",
                "-q",
                "-n",
                "0",
                "-p",
                "no:cacheprovider",
                "-m",
                "not torch and not browser",
                *tests,
                *["--plain"] * (name == "core"),
            ]
            try:
                pytest.main(arguments, [Campaign(files, options, out)])
            finally:
                os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
