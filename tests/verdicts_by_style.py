"""How many right gradients are accepted and how many mistakes named, by the style in which a net is written.

The learner's backward passes are those of `nets_by_hand`, and share no line with the package. The suite runs a few of
these nets, `campaigns/verdicts.py` as many as it is told.
"""

import itertools
from collections import Counter

import numpy as np
from nets_by_hand import STYLES, learner, random_net

import tinygrad_edu as tg

ROWS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 24, 25, 26, 28)
ALL_STYLES = tuple(itertools.product(STYLES, (False, True), (np.float64, np.float32)))


def shows(hand, right):
    """Whether a mistake can be seen in the numbers at all."""
    return any(
        hand[k].shape != right[k].shape or not np.allclose(hand[k], right[k], rtol=1e-4, atol=1e-6) for k in right
    )


def tried(rng, style, columns, dtype, nets, mistakes=6):
    """Return how many right and wrong gradients were judged how, and the mistakes that were not named in two."""
    counts, missed = Counter(), []
    for _ in range(nets):
        it = random_net(rng, style, columns, dtype)
        right = learner(it)
        counts["right"] += 1
        counts["right accepted"] += tg.compare(right, it.parameters, it.cost).ok
        noisy = {k: x + 1e-2 * rng.normal(size=x.shape) for k, x in right.items()}
        counts["noise"] += 1
        counts["noise explained"] += bool(tg.compare(noisy, it.parameters, it.cost).mistakes)
        for row in rng.choice(ROWS, size=mistakes, replace=False):
            at, variant = int(rng.integers(1, it.depth + 1)), int(rng.integers(0, 6))
            hand = learner(it, int(row), at, variant)
            if hand is None or not shows(hand, right):
                continue
            report = tg.compare(hand, it.parameters, it.cost)
            named = [mistake.number for mistake in report.mistakes[:2]]
            counts["wrong"] += 1
            counts["wrong accepted"] += report.ok
            counts["first"] += named[:1] == [row]
            counts["in two"] += row in named
            if row not in named:
                missed.append((int(row), at, variant, named, it.activation, it.loss))
    return counts, missed
