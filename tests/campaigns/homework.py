"""How often is homework judged right, the wrong line found and mended: over pieces written at random.

    python tests/campaigns/homework.py 240 --mistakes 4 > tests/campaigns/homework.txt

Every piece is checked as it is and with some of its mistakes. A "mistake" with which the gradients are what they were
(at the program's own numbers and beside them) is none, and counts as right.
"""

import argparse
import collections
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from homework_writer import sheet

from tinygrad_edu.check.homework.adapters import tasks_of
from tinygrad_edu.check.homework.check import check_program
from tinygrad_edu.check.homework.program import LearnerProgram


def gradients(text, seed=3):
    """The gradients that a program returns, at its own numbers and beside them."""
    program = LearnerProgram(text, "homework.py")
    module = program.run()
    found = []
    for task in tasks_of(program, module):
        rng = np.random.default_rng(seed)
        for far in (0.0, 0.3, 0.6):
            values = {
                name: x + far * rng.normal(size=np.shape(x)) if name in task.paths else x
                for name, x in sorted(task.values.items())
            }
            found += [np.asarray(g, float) for _, g in sorted(task.plain(module, values).gradients.items())]
    return found


def is_wrong(right, text):
    """Whether a changed program computes other gradients; None if it fails."""
    try:
        others = gradients(text)
    except Exception:
        return None
    with np.errstate(all="ignore"):
        return len(right) != len(others) or any(
            a.size != b.size or not np.allclose(a.ravel(), b.ravel(), rtol=1e-7, atol=1e-12)
            for a, b in zip(right, others, strict=True)
        )


def campaign(seeds, mistakes, verbose=True, limit=float("inf")):
    """Check pieces and mistakes; return counts by what happened, and by style.

    limit: seconds of computing after which no further piece is begun.
    """
    counts, by_style, seconds = collections.Counter(), collections.defaultdict(collections.Counter), []
    start = time.process_time()
    for seed in seeds:
        if time.process_time() - start > limit:
            break
        counts["next seed"] = seed + 1
        piece = sheet(seed)

        def note(what, style=piece.style):
            counts[what] += 1
            by_style[style][what] += 1

        report, spent = timed(piece.right())
        seconds.append(spent)
        note("right accepted" if report and report.right else "RIGHT REJECTED")
        if verbose and not (report and report.right):
            print(f"seed {seed} {piece.style}: right rejected\n{report}", flush=True)
        before = gradients(piece.right())
        chosen = np.random.default_rng(seed).permutation(len(piece.mistakes))[:mistakes]
        for k in chosen:
            text, line = piece.wrong(int(k))
            wrong = is_wrong(before, text)
            if wrong is None:
                note("fails")
                continue
            report, spent = timed(text)
            seconds.append(spent)
            if not wrong:
                note("no mistake, accepted" if report and report.right else "RIGHT REJECTED")
                continue
            note("wrong")
            if report is None or report.right:
                note("WRONG ACCEPTED")
                print(f"seed {seed} {piece.style} {k}: wrong accepted: {piece.mistakes[k]}", flush=True)
                continue
            first, two = report.line == line, line in (report.line, *report.others[:1])
            note("line first" if first else "line second" if two else "line missed")
            note("mend" if report.mend is not None else "no mend")
            if report.mend is not None and not mended(report, text, before):
                note("FALSE MEND")
                print(f"seed {seed} {piece.style} {k}: false mend", flush=True)
            if verbose and not (first and report.mend):
                row = [row.strip() for row in text.splitlines()]
                place = "first" if first else "second" if two else "missed"
                print(f"seed {seed} {piece.style} {k}: {place}, {spent:.1f} s", flush=True)
                print(f"    line {line} `{row[line - 1]}`, right is `{piece.lines[line - 1].strip()}`", flush=True)
                print(f"    told {report.line} `{row[(report.line or 1) - 1]}`, mend `{report.mend}`", flush=True)
    return counts, by_style, seconds


def timed(text):
    """The report on a program, and the computing time that it took."""
    start = time.process_time()
    try:
        report = check_program(LearnerProgram(text, "homework.py"))
    except Exception as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        report = None
    return report, time.process_time() - start


def mended(report, text, right):
    """Whether the gradients are those of the right program when the line is replaced by the mend."""
    rows = text.splitlines()
    rows[report.line - 1] = report.mend
    return is_wrong(right, "\n".join(rows) + "\n") is False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pieces", type=int)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--mistakes", type=int, default=4)
    parser.add_argument("--limit", type=float, default=float("inf"), help="seconds of computing")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.pieces)
    counts, by_style, seconds = campaign(seeds, options.mistakes, limit=options.limit)
    print(f"\nnext seed: {counts.pop('next seed')}")
    for name, some in [("all", counts), *by_style.items()]:
        found = dict(sorted(some.items()))
        wrong = max(1, some["wrong"])
        print(
            f"{name}: {found}; first {some['line first'] / wrong:.1%}, "
            f"in two {(some['line first'] + some['line second']) / wrong:.1%}, mends {some['mend'] / wrong:.1%}"
        )
    middle, high = np.quantile(seconds, [0.5, 0.95])
    print(f"seconds of computing: median {middle:.2f}, 95 % {high:.2f}, most {max(seconds):.2f}")


if __name__ == "__main__":
    main()
