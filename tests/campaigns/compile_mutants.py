"""Plant one fault after the other into compile, and see that the tests find each.

Each mutant is a copy of the package with one piece of text replaced; the tests named beside it must fail on it. Prints
the mutants that survive. A piece that is no longer in the file is an error: the list must follow the code. The outcome
of a whole run is kept in `compile_campaigns.txt`.

    python tests/campaigns/compile_mutants.py [first last]
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
OUTSIDE, WORLD, STATE, BRANCHES, TRAINING, GATE, PROGRAMS, SCALAR_STEPS, SCALARS, PARKED, NOTEBOOK = (
    f"tests/test_{name}.py"
    for name in (
        *("compile_outside", "compile_world", "compile_state", "compile_branches", "compile_training", "compile_gate"),
        *("compile_programs", "compile_scalar_optimizers", "batching", "compile_parked", "compile_notebook"),
    )
)
EVER_MORE, RUNNING = " -k ever_more", " -k running_sums"
MUTANTS = [
    # guards
    (
        "specialization.py",
        "return (same or self.guards_hold(call)) and self.executable.ready()",
        "return self.executable.ready()",
        OUTSIDE,
    ),
    ("specialization.py", "self.guards_hold(call)) and self.executable.ready()", "self.guards_hold(call))", TRAINING),
    ("identity.py", "[{key}] is {self.name(part)}", "[{key}] == {self.name(part)}", OUTSIDE),
    ("identity.py", "self.same_keys(space, h.order))", '"True")', OUTSIDE),
    ("identity.py", 'f"len({space}) == {len(h.order)}"', '"True"', PROGRAMS),
    ("identity.py", "type(x) is float and x != 0", "type(x) is float", OUTSIDE),
    ("identity.py", 'tests += ["tick() == now + 1"] if lists else []', "pass", OUTSIDE),
    ("identity.py", "or h.kind is Parts.ELEMENTS]", "]", OUTSIDE),
    ("identity.py", "map(type, {self.name(objects)}), ", "map(type, {self.name(objects)}), "[:0], OUTSIDE),
    ("identity.py", "in_loops(others)", "in_loops([])", OUTSIDE),
    ("identity.py", "[*map(bytes_of, {text", "[*map(id, {text", OUTSIDE),
    ("reachable.py", 'self.hold(names_in("", f.__globals__, found.names))', "pass", OUTSIDE),
    ("held_parts.py", "self.waiting.append((kind.__name__, ClassOf(kind)))", "pass", OUTSIDE),
    ("reachable.py", "held.arrays + held.probes", "held.arrays", OUTSIDE),
    ("reachable.py", "held.layouts, held.buffers, held.data, self", "held.layouts, held.buffers, [], self", OUTSIDE),
    ("reachable.py", "held.layouts, held.buffers, held.data, self", "held.layouts, [], held.data, self", PROGRAMS),
    ("reachable.py", 'self.facts.append((path, "plain", self.first[id(x)]))', "pass", PROGRAMS),
    ("held_parts.py", "found = [x for x in self.unnamed if", "found = [x for x in () if", PROGRAMS),
    ("reachable.py", "        self.look_at_nodes()\n", "", PROGRAMS),
    ("reachable.py", "self.is_open |= found.is_open", "pass", PROGRAMS),
    (
        "users_code.py",
        "for base in kind.__mro__)\n\n\n@functools.lru_cache(maxsize=1024)\ndef logged",
        "for base in ())\n\n\n@functools.lru_cache(maxsize=1024)\ndef logged",
        PROGRAMS,
    ),
    ("specialization.py", "if self.sources and [*map", "if False and [*map", PROGRAMS),
    ("specialization.py", "return not self.objects or all(", "return True or all(", PROGRAMS),
    ("results.py", "copy.copy(x.thing) if x.is_fresh else x.thing", "x.thing", PROGRAMS),
    ("guards.py", "if [*map(requires, self.leaves)] != self.wanted:", "if False:", PROGRAMS),
    ("signature.py", "key += x.shape, x.strides, x.dtype", "key += x.shape, x.dtype", OUTSIDE),
    ("signature.py", "tuple(map(layout_of, args))", "tuple([x.shape for x in args])", OUTSIDE),
    ("signature.py", "if self.repeated:", "if False:", PROGRAMS),
    ("signature.py", "if id(x) in self.outside:", "if False:", OUTSIDE),
    ("specialization.py", "            self.refuse_moved_state(reach)\n", "", OUTSIDE),
    (
        "guards.py",
        "if len(leaves) > CHECKED_TOGETHER:",
        "if True:\n                continue\n            if len(leaves) > CHECKED_TOGETHER:",
        OUTSIDE,
    ),
    ("compiled.py", "if innermost() is not None:", "if False:", OUTSIDE),
    # state buffers and memory
    ("backends/on_numpy.py", "if turns.is_shared(turn):", "if False:", STATE),
    ("backends/on_numpy.py", "if self.turns.is_shared(reads):", "if False:", STATE),
    (
        "memory/state_buffers.py",
        "self.at[row] = self.whole[keys].new",
        "self.at[row] = self.whole[keys].old",
        TRAINING,
    ),
    ("memory/buffers.py", "last[x.base] == i and covers", "last[x.base] >= i and covers", TRAINING),
    ("memory/buffers.py", "        last[x.base] = len(program.steps)\n", "        pass\n", SCALAR_STEPS),
    ("codegen/state_writes.py", "self.lines.append(f\"check_finite({', '.join(names)})\")", "pass", STATE),
    (
        "codegen/state_writes.py",
        'self.lines.append(f"np.copyto({self.new_names[key]}, {self.name(x)})")',
        "pass",
        TRAINING,
    ),
    (
        "codegen/state_writes.py",
        "if gradients:\n            writes.append",
        "if False:\n            writes.append",
        STATE,
    ),
    # branches and the gate
    ("trace.py", "self.outcomes.append((self.read(node), outcome))", "pass", BRANCHES),
    ("builtin_extremes.py", "x > best if larger else x < best", "x < best if larger else x > best", BRANCHES),
    ("../core/sealed.py", "setattr(Sealed, _name, _refused)", "pass", GATE),
    # numbers
    ("plain_numbers.py", "tracer.refuse(node)", "pass", NOTEBOOK),
    ("plain_numbers.py", "return numbers.add(z) if numbers is not None and stands else z", "return z", NOTEBOOK),
    ("plain_numbers.py", "(binary, COMPARISONS | BINARY)", "(binary, BINARY)", NOTEBOOK),
    ("vectorize/scalar_graph.py", "SCALARS = {Value, NumberValue}", "SCALARS = {Value}", SCALARS),
    ("results.py", "z._slope = self.seed", "pass", NOTEBOOK),
    # vectoriser and passes
    ("vectorize/vectorizer.py", "if tick < z.born:", "if tick <= z.born + 2:", SCALARS),
    ("vectorize/strides.py", "if any(digit + n > m ", "if any(digit + n > m + 1 ", SCALARS),
    ("vectorize/strides.py", "if not np.array_equal(regular, places):", "if False:", SCALARS),
    ("vectorize/scalar_graph.py", "part[k] = first[k]", "pass", SCALARS + " -k largest"),
    ("vectorize/strided.py", "self.index[ks] += np.array([start", "np.array([start", SCALARS + RUNNING),
    ("vectorize/outputs.py", "else (old, i)", "else (old, 0)", SCALARS + " -k remembered"),
    (
        "vectorize/bulk_io.py",
        "np.isnan(first), first, np.max",
        "first != first + 1, first, np.max",
        SCALARS + " -k largest",
    ),
    ("vectorize/bulk_io.py", "np.where(np.isnan(x), -np.inf, x)", "x", SCALARS + " -k largest"),
    (
        "vectorize/columns.py",
        "known, self.arrays = self.entries, None",
        "known = self.entries",
        SCALARS + " -k looks_like",
    ),
    ("vectorize/strided.py", "np.where(inside, graph.terms[terms], -1)", "graph.terms[terms]", SCALARS + RUNNING),
    ("passes/gathers.py", "return emit(COUNT, x, *indices, size=shape[0])", "return emit(PICK, x, *indices)", SCALARS),
    # parked leaves
    ("../fast/value_backward.py", "        unpark_all()\n", "        pass\n", PARKED),
    ("vectorize/parked_leaves.py", "for leaf in leaves if parked else ():", "for leaf in ():", PARKED),
    ("vectorize/parked_leaves.py", "min(2 * self.pause, LONGEST_PAUSE)", "1", PARKED),
    ("vectorize/parked_leaves.py", 'commit(unchanged((self,), "state", (self.state,)), *', "commit(*", PARKED),
    (
        "vectorize/parked_leaves.py",
        "index = run if places == [*range(run.start, run.stop)] else",
        "index = run or",
        PARKED,
    ),
    ("passes/horizontal_fusion.py", "if z.data.shape != root.data.shape or", "if", TRAINING),
    (
        "ir.py",
        "        for age, node in reversed(self.trace.versions.get(x, ())):",
        "        for age, node in ():",
        TRAINING,
    ),
]


def survives(file, old, new, tests):
    """Return whether the tests pass on a package with this fault."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "tinygrad_edu", Path(folder) / "tinygrad_edu")
        shutil.copytree(ROOT / "tests", Path(folder) / "tests")
        shutil.copy(ROOT / "pyproject.toml", folder)
        path = Path(folder) / "tinygrad_edu" / "compile" / file
        text = path.read_text()
        if old not in text:
            raise ValueError(f"{file} has no {old!r} any more")
        path.write_text(text.replace(old, new))
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", *tests.split()]
        result = subprocess.run(command, cwd=folder, env=os.environ | {"PYTHONPATH": folder}, capture_output=True)
        return result.returncode == 0


if __name__ == "__main__":
    first, last = map(int, sys.argv[1:3]) if len(sys.argv) > 2 else (0, len(MUTANTS))
    chosen = MUTANTS[first:last]
    left = [mutant for mutant in chosen if survives(*mutant)]
    for file, old, *_ in left:
        sys.stdout.write(f"survives: {file}: {old}\n")
    sys.stdout.write(f"{len(chosen) - len(left)} of {len(chosen)} killed\n")
    sys.exit(bool(left))
