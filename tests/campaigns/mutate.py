"""Mutation testing: change one thing in a file, run the file's own tests, and list the changes that no test notices.

`python tests/campaigns/mutate.py core/backprop.py fast --sample 60`. The files' tests are collected and run once, to
learn which lines each of them runs and for how long. A mutant is a fork of that process in which the code of one
function is another; the tests that run the changed statement follow, the quickest first, until one fails. Code that
also runs while the package is imported is changed before the import, in a fork that imports it anew. To run out of
time or memory counts as noticed. `mutate.txt` beside this file says which survivors were looked at, and what of it.
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
import time
from collections import defaultdict
from collections.abc import Callable
from functools import cache, partial
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NamedTuple, TextIO

from coverage import Coverage
from mutations import Mutant, codes, mutants

Line = tuple[str, int]
Costs = dict[str, tuple[float, set[Line] | None]]  # a test's seconds and lines, by its id
Functions = dict[tuple[Any, ...], list[FunctionType]]

SAME = "compiled to the same code"
UNPLACED = "no function that there is has this code"
ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "tinygrad_edu"
TESTS = {  # by file or folder, the longest fits
    "core": "nodes arrays graph bad_input_backward bad_input_construction bad_input_inplace",
    "core/array_gradients.py": "arrays nodes graph bad_input_backward",
    "core/array_methods.py": "nodes interop hints",
    "core/array_protocols.py": "tensors interop numpy_refusals",
    "core/arrays.py": "arrays copies_and_views bad_input_construction numpy_writing graph",
    "core/backprop.py": "nodes graph bad_input_backward",
    "core/commit.py": "nodes graph",
    "core/context.py": "nodes modes anomaly graph",
    "core/copying.py": "nodes bad_input_inplace copies_and_views",
    "core/deferred.py": "fast_paths",
    "core/dispatch.py": "tensors nodes interop graph numpy_refusals",
    "core/inplace.py": "tensors nodes bad_input_inplace numpy_writing copies_and_views",
    "core/leaf_set.py": "nodes optim",
    "core/node.py": "nodes graph bad_input_backward bad_input_inplace bad_input_construction hints fast_paths",
    "core/op.py": "operations graph bad_input_inplace bad_input_backward",
    "core/operators.py": "nodes graph micrograd",
    "core/sealed.py": "nodes compile_gate",
    "core/tensor.py": "tensors nodes graph bad_input_construction bad_input_inplace interop",
    "core/value.py": "nodes graph micrograd bad_input_construction",
    "fast": "fast_paths micrograd graph",
    "fast/malloc.py": "fast_paths",
    "fast/value_methods.py": "fast_paths micrograd graph nodes",
    "ops": "parts_of_rows parts_of_products edges_of_rows table points",
    "ops/activations.py": "edges_of_rows table points nn_functional",
    "ops/checks.py": "parts_of_rows nn_functional",
    "ops/complex.py": "parts_of_rows edges_of_rows table",
    "ops/convolution.py": "convolution table",
    "ops/cumulative.py": "parts_of_rows table",
    "ops/indexing.py": "parts_of_rows numpy_writing bad_input_inplace",
    "ops/decompositions.py": "parts_of_products table numpy_linalg degenerate_matrices",
    "ops/limits.py": "parts_of_products parts_of_rows degenerate_matrices numpy_linalg",
    "ops/linalg.py": "parts_of_products parts_of_rows table numpy_linalg degenerate_matrices",
    "ops/linear.py": "parts_of_products parts_of_rows table numpy_products nn",
    "ops/losses.py": "parts_of_rows edges_of_rows table nn_functional half_precision",
    "ops/ordering.py": "parts_of_rows table numpy_choosing",
    "ops/precision.py": "parts_of_rows half_precision",
    "ops/reductions.py": "parts_of_products parts_of_rows table points numpy_reductions half_precision",
    "ops/shapes.py": "parts_of_rows table numpy_shapes",
    "ops/slopes.py": "parts_of_rows degenerate_matrices",
    "ops/special.py": "parts_of_products parts_of_rows edges_of_rows table points error_function",
    "ops/windows.py": "convolution table nn",
    "nn/optim": "optim_states optim schedules refused_settings",
    "nn/optim/clip.py": "optim_states optim",
    "compile/memory": "memory_plans compile_state",
}


class Recorder:
    """Which lines of some files each test runs, and how long the test takes."""

    def __init__(self, files: list[str]) -> None:
        self.paths = [str(PACKAGE / file) for file in files]
        self.coverage = Coverage(include=self.paths, data_file=None, config_file=False)
        self.seconds: dict[str, float] = {}
        self.elsewhere: set[str] = set()  # tests that trace by themselves: their lines are unknown

    def watch(self, name: str, run: Callable[[], Any]) -> None:
        """Run a test."""
        settrace = sys.settrace

        def noted(function: Any) -> None:
            self.elsewhere.add(name)
            settrace(function)

        self.coverage.start()
        self.coverage.switch_context(name)
        began = time.perf_counter()
        sys.settrace = noted
        try:
            run()
        finally:
            sys.settrace = settrace
            self.seconds[name] = time.perf_counter() - began
            self.coverage.stop()

    def costs(self) -> Costs:
        """Return what was found, by test."""
        found: Costs = {name: (cost, None if name in self.elsewhere else set()) for name, cost in self.seconds.items()}
        for path in self.paths:
            for line, names in self.coverage.get_data().contexts_by_lineno(path).items():
                for name in names:
                    lines = found[name][1] if name in found else None
                    if lines is not None:
                        lines.add((path, line))
        return found


class Afresh(NamedTuple):
    """A mutant of code that runs at import, by its file and its number there, and the tests that it has to pass."""

    file: str
    number: int
    tests: list[str]
    seconds: float


class Outcome(NamedTuple):
    """How many mutants of a file were tried, which survive, and which have to be tried in a fresh process."""

    tried: int
    survivors: list[str]
    afresh: list[Afresh]


class Campaign:
    """A plugin of pytest that runs the collected tests once as they are, and then for every mutant of some files."""

    def __init__(self, files: list[str], imported: set[Line], options: argparse.Namespace, out: TextIO) -> None:
        self.files, self.imported, self.options, self.out = files, imported, options, out
        self.failed = False
        self.outcomes: dict[str, Outcome] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Notice a test that fails."""
        self.failed = self.failed or report.failed

    def pytest_runtestloop(self, session: Any) -> bool:
        """Run the campaign in the place of the tests."""
        known = Path(self.options.known) if self.options.known else None
        if known and known.exists():
            costs, failing = pickle.loads(known.read_bytes())
        else:
            costs, failing = in_a_fork(lambda: self.unchanged(session.items), 3600.0)
        if known:
            known.write_bytes(pickle.dumps((costs, failing)))
        for name in failing:
            print(f"left out, as it fails without any change: {name}", file=self.out)
        print(f"{len(costs)} tests in {sum(cost for cost, _ in costs.values()):.0f} s, traced", file=self.out)
        functions = defaultdict(list)
        gc.unfreeze()  # the suite freezes what was imported, and the collector does not tell of that
        for f in gc.get_objects():
            if type(f) is FunctionType:
                functions[key(f.__code__)].append(f)
        for file in self.files:
            self.outcomes[file] = self.of_a_file(file, session.items, costs, functions)
        return True

    def of_a_file(self, file: str, items: list[Any], costs: Costs, functions: Functions) -> Outcome:
        """Try the mutants of one file, but for those that have to be there at import."""
        path, began, survivors, afresh = PACKAGE / file, time.monotonic(), [], []
        found = drawn(file, self.options)
        tried = len(found)
        own = [item for item in items if item.nodeid in costs and str(item.path) in own_tests(file)]
        for number, mutant in found:
            lines = {(str(path), line) for line in mutant.statement}
            at_import = bool(lines & self.imported) and not mutant.later
            tests = self.chosen(own, costs, None if at_import else lines)
            seconds = sum(costs[item.nodeid][0] for item in tests)
            if at_import:
                afresh.append(Afresh(file, number, [item.nodeid for item in tests], seconds))
                continue
            end = in_a_fork(lambda m=mutant, t=tests: self.mutated(m, functions, t), 4.0 + 8 * seconds)
            tried -= end in (SAME, UNPLACED)
            if end == UNPLACED:
                print(f"cannot be tried: {described(file, mutant, len(tests))}", file=self.out)
            if end is None:
                survivors.append(described(file, mutant, len(tests)))
                print(survivors[-1], file=self.out)
        print(f"{file}: {time.monotonic() - began:.0f} s", file=self.out)
        return Outcome(tried, survivors, afresh)

    def chosen(self, items: list[Any], costs: Costs, lines: set[Line] | None) -> list[Any]:
        """Return the tests that run a statement, or all, the quickest first, within the limit of time."""
        chosen, seconds = [], 0.0
        for item in sorted(items, key=lambda item: costs[item.nodeid][0]):
            cost, run = costs[item.nodeid]
            if run is None or lines is None or run & lines:
                seconds += cost
                if seconds > self.options.limit and chosen:
                    break
                chosen.append(item)
        return chosen

    def unchanged(self, items: list[Any]) -> Any:
        """Run every test as it is; return the time and lines of each that passes, and the names of the others."""
        recorder, failing = Recorder(self.files), []
        for item in items:
            run = partial(item.config.hook.pytest_runtest_protocol, item=item, nextitem=None)
            recorder.watch(item.nodeid, run)
            if self.failed:  # perhaps it counts what a trace function changes: then its lines are unknown
                recorder.elsewhere.add(item.nodeid)
                self.failed = False
                run()
                if self.failed:
                    failing.append(item.nodeid)
                    self.failed = False
        costs = recorder.costs()
        return {name: cost for name, cost in costs.items() if name not in failing}, failing

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
        if not placed:
            return UNPLACED
        for item in tests:
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


def described(file: str, mutant: Mutant, tests: int) -> str:
    """Say which mutant survives."""
    why = f"{tests} tests" if tests else "no test runs it"
    return f"survives: {file}:{mutant.line} {mutant.change}: {mutant.text} ({why})"


def drawn(file: str, options: argparse.Namespace) -> list[tuple[int, Mutant]]:
    """Return the mutants of a file that are to be tried, numbered, in the order of lines."""
    path = PACKAGE / file
    found = list(enumerate(mutants(path.read_text(), str(path))))
    found = [(number, m) for number, m in found if (file, m.change, m.text) not in equivalent()]
    if options.sample and options.sample < len(found):
        found = random.Random(options.seed).sample(found, options.sample)
    return sorted(found, key=lambda numbered: (numbered[1].line, numbered[1].change))


@cache
def equivalent() -> set[tuple[str, str, str]]:
    """Return the mutants that `equivalent.txt` says to be no others: (file, change, text of the line)."""
    lines = (Path(__file__).parent / "equivalent.txt").read_text().splitlines()
    fields = [[field.strip() for field in line.split(" | ")] for line in lines if " | " in line]
    return {(file, change, text) for file, changes, text, _ in fields for change in changes.split(", ")}


def imported_lines(files: list[str]) -> set[Line]:
    """Return which lines of files run while the package and these files are imported."""

    def run() -> set[Line]:
        def imports() -> None:
            for name in ("__init__.py", *files):
                parts = Path("tinygrad_edu", name).with_suffix("").parts
                importlib.import_module(".".join(part for part in parts if part != "__init__"))

        recorder = Recorder(files)
        recorder.watch("import", imports)
        return recorder.costs()["import"][1] or set()

    return in_a_fork(run, 60.0)  # type: ignore[no-any-return]  # of this function it is one


class Chosen:
    """A plugin of pytest that runs these tests alone, in their order."""

    def __init__(self, tests: list[str]) -> None:
        self.place = {test: i for i, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Leave out all other tests."""
        items[:] = sorted((x for x in items if x.nodeid in self.place), key=lambda x: self.place[x.nodeid])


def arguments(tests: list[str], core: bool) -> list[str]:
    """Return the command line of pytest; the core is tested without its twins."""
    options = ["-s", "-q", "-n", "0", "-p", "no:cacheprovider", "-m", "not torch and not browser"]
    return [*options, *tests, *["--plain"] * core]


def tried_afresh(job: Afresh, core: bool) -> Any:
    """Import the package with a mutant in it and run tests; return None where all pass."""
    import pytest

    path = str(PACKAGE / job.file)
    module = list(mutants(Path(path).read_text(), path))[job.number].module()
    get_code = SourceFileLoader.get_code

    def changed(self: SourceFileLoader, name: str) -> CodeType | None:
        return module if self.path == path else get_code(self, name)

    SourceFileLoader.get_code = changed  # type: ignore[method-assign]  # the way in which every module is read
    files = sorted({test.split("::")[0] for test in job.tests})
    end = pytest.main(["-x", *arguments(files, core)], [Chosen(job.tests)])
    return None if end in (0, 5) else "noticed"


def campaign(files: list[str], core: bool, options: argparse.Namespace) -> dict[str, Outcome]:
    """Import the package, and try the mutants of files in the process that has it."""
    import pytest

    imported = imported_lines(files)
    out = os.fdopen(os.dup(1), "w", buffering=1)

    def run() -> dict[str, Outcome]:
        plugin = Campaign(files, imported, options, out)
        pytest.main(arguments(sorted({test for file in files for test in own_tests(file)}), core), [plugin])
        return plugin.outcomes

    return in_a_fork(run, 36000.0)  # type: ignore[no-any-return]  # as above


def main() -> None:
    """Run mutants of the files on the command line and print the survivors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", help="files and folders, relative to tinygrad_edu/")
    parser.add_argument("--sample", type=int, help="so many mutants of each file, drawn at random")
    parser.add_argument("--limit", type=float, default=10.0, help="seconds of tests for each")
    parser.add_argument("--known", help="a file that keeps which lines each test runs, for further runs of one code")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.chdir(ROOT)
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    for library in ("numpy", "hypothesis", "pytest", "numpy.testing", "unittest.mock"):
        importlib.import_module(library)
    groups = defaultdict(list)
    for file in files_in(options.files):
        groups[file.startswith("core/")].append(file)
    for core, files in groups.items():
        for file, (tried, survivors, afresh) in campaign(files, core, options).items():
            every = dict(drawn(file, options))
            for job in afresh:
                if in_a_fork(lambda job=job, core=core: tried_afresh(job, core), 60.0 + 8 * job.seconds) is None:
                    survivors.append(described(file, every[job.number], len(job.tests)) + " (at import)")
                    print(survivors[-1], flush=True)
            print(f"{file}: {tried - len(survivors)} of {tried} noticed ({len(afresh)} at import)", flush=True)


if __name__ == "__main__":
    main()
