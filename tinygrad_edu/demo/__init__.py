"""`tinygrad-edu demo`: trains on real handwritten digits, proves every gradient, and writes a page that shows it all.

Nothing stands on this floor; it uses the package as its users do.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..data import load_digits, split
from . import checks
from .findings import Findings
from .pictures import pictures
from .progress import progress, say
from .report import report_page
from .training import BATCH, digit_net, least_sure, recognised, train


def run_demo(seed: int, epochs: int, out: Path) -> int:
    """Do all of it, print what came out, and return the exit status: 1 if a gradient was not as derived by hand.

    out: the folder to write into; made if it is missing, and only the demo's own files in it are replaced.
    """
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    (x, y), (x_test, y_test) = split(*load_digits(), rng=rng)
    say("digits", f"{len(x):,} real images to learn from, {len(x_test)} held out (seed {seed})")

    model = digit_net(rng)
    batch = x[:BATCH], y[:BATCH]
    before, nudges = checks.by_hand(model, *batch), checks.example_nudges(model, *batch)
    recorder = train(model, x, y, progress("training", range(epochs)), epochs, rng)
    shown = least_sure(model, x_test, y_test)
    image, digit = x_test[shown], int(y_test[shown])
    found = Findings(
        seed=seed,
        epochs=epochs,
        cost=(recorder.losses[0], float(np.mean(recorder.losses[-len(x) // BATCH :]))),
        learnt=float(np.mean(recognised(model, x) == y)),
        images=x_test,
        digits=y_test,
        taken_for=recognised(model, x_test),
        before=before,
        after=checks.by_hand(model, *batch),
        nudges=nudges,
        shown=shown,
        scales=checks.as_neurons(model, image, digit),
    )
    say("accuracy", f"{found.learnt:.1%} of those it learnt from, {found.held_out:.1%} of those held out")
    verdict = f"{'equal' if found.equal else 'NOT EQUAL'}, to {found.worst:.1e} (at most {checks.TOLERANCE:g})"
    batch_of = f"all {found.gradients:,} of a batch, before training and after, are those derived by hand"
    say("gradients", f"{batch_of}: {verdict}")
    say("nudges", f"of {BATCH} single examples average to the gradient of the batch: to {found.nudges.error:.1e}")
    say("neurons", f"{found.scales.count} single ones give the same outputs: to {found.scales.error:.1e}")

    drawn = pictures(recorder, x, y, image, digit, found.after, found.nudges)
    page = report_page(found, drawn).save(out / "report.html")
    beside = drawn.save(out)
    say("wrote", f"{page}, and beside it {', '.join(path.name for path in beside)}")
    say("next", f"open {page} in a browser, and draw a digit for the net at its end")
    return 0 if found.equal else 1
