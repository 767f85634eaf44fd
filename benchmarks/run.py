"""Time this package beside others, and see what it promises about speed: `python benchmarks/run.py`.

Each subject runs in a process of its own, on one processor and one BLAS thread. They take turns for several rounds, so
that what else the machine does falls on all of them. No times are shown of subjects whose losses differ. Results are
kept in benchmarks/results.json after every task; `--missing` goes on with a run that was broken off, `--write` puts
the tables and pictures into docs/. `--quick` does everything once and small, to see that it works; its times mean
nothing. What to install: `pip install -e ".[bench]"`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import tables
from results import Kept, disagreement, load, why_not
from tasks import CURVES, DEVICES, OTHERS, SINGLE, TASKS, TRAINING
from turns import Found, once_each, race

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"
QUICK = [*TRAINING, *SINGLE, *DEVICES, *(f"{curve}: {min(points):,}" for curve, points in CURVES.items()), *OTHERS]


def chosen(names: list[str] | None, kept: Kept, *, missing: bool) -> list[str]:
    """Return the tasks that the command line asks for. Raises SystemExit for a name that no task begins with."""
    found = [task for task in TASKS if names is None or task.startswith(tuple(names))]
    for name in names or ():
        if not any(task.startswith(name) for task in TASKS):
            raise SystemExit(f"no task begins with {name!r}: there are {', '.join(TASKS)}")
    return [task for task in found if not (missing and task in kept.tasks)]


def measured(
    tasks: list[str], options: argparse.Namespace
) -> Iterator[tuple[str, dict[str, Found], list[float | None]]]:
    """Measure task by task; return also the load of the machine before and after."""
    if options.quick:
        for task, subjects in once_each([task for task in tasks if task in QUICK]).items():
            yield task, subjects, []
        return
    for i, task in enumerate(tasks, 1):
        print(f"[{i}/{len(tasks)}] {task} …", end=" ", flush=True, file=sys.stderr)
        before, began = load(), time.perf_counter()
        yield task, race(task, options.rounds, options.seconds), [before, load()]
        print(f"{time.perf_counter() - began:.0f} s", file=sys.stderr)


def pictures(kept: Kept, folder: Path) -> None:
    """Draw the results, where there is matplotlib."""
    try:
        import picture
    except ImportError as error:
        print(f"no pictures: {error}", file=sys.stderr)
        return
    folder.mkdir(parents=True, exist_ok=True)
    picture.steps(kept.tasks, folder / "steps.svg")
    picture.scaling(kept.tasks, folder / "scaling.svg")


def main() -> int:
    """Run what the command line asks for; return 1 where a subject failed or computed something else."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="everything once and small: are the losses the same?")
    parser.add_argument("--tasks", nargs="*", metavar="TASK", help="tasks whose names begin so; all if left out")
    parser.add_argument("--missing", action="store_true", help="only tasks of which no results are kept")
    parser.add_argument("--rounds", type=int, default=5, help="how many turns each subject takes")
    parser.add_argument("--seconds", type=float, default=0.3, help="how long a turn is")
    parser.add_argument("--out", type=Path, help="a folder to keep results.json in, and with --quick pictures")
    parser.add_argument("--write", action="store_true", help="put tables and pictures into docs/")
    options = parser.parse_args()
    folder = options.out or (Path(tempfile.mkdtemp()) if options.quick else HERE)
    kept = Kept(folder / "results.json")
    tasks, wrong = chosen(options.tasks, kept, missing=options.missing), []
    if tasks == [*TASKS]:
        kept.content = {"tasks": {}}  # a whole run begins anew, on whatever machine
    if tasks:
        kept.go_on_here()
    for task, subjects, loads in measured(tasks, options):
        wrong += [f"{task}: {s} {reason}" for s, f in subjects.items() if (reason := why_not(f)) and "failed" in f]
        if differ := disagreement(task, subjects):
            wrong.append(differ)
            continue
        kept.keep(task, subjects, loads)
        print(tables.task_in_full(task, subjects), flush=True)
    if not options.quick:
        print(tables.budget(kept.tasks))
    if options.write and not options.quick:
        tables.write(kept.content, DOCS / "performance.md")
        pictures(kept, DOCS / "images")
    elif options.quick:
        pictures(kept, folder)
    print(*wrong, sep="\n", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
