"""Is every mistake of the catalogue named, on nets drawn at random, and neither right gradients nor noise?

    python tests/campaigns/diagnosis.py 14 43 > tests/campaigns/diagnosis.txt

The suite tries every row, every constant factor and every kind of noise a few times, this script on as many nets as
it is told: the first number is of nets with mistakes, the second of nets without.
"""

import sys
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from nets_by_hand import learner, random_net  # from the folder above

import tinygrad_edu as tg

ON_NETS = (*range(1, 23), 24, 25, 26, 27, 28, 33, 34)
WITH_FACTOR = (6, 11, 12, 14, 16, 18, 20, 25)
FACTORS = {
    "2": lambda n, m: 2, "1/2": lambda n, m: 0.5, "n": lambda n, m: n, "1/n": lambda n, m: 1 / n,
    "m": lambda n, m: m, "1/m": lambda n, m: 1 / m, "-1": lambda n, m: -1, "n*m": lambda n, m: n * m,
    "1/(n*m)": lambda n, m: 1 / (n * m),
}  # fmt: skip
HARMLESS = {  # the gradients by name, one of the names, the generator; and whether they are right
    "rounding": (
        lambda right, one, rng: {k: x * (1 + 1e-12 * rng.normal(size=x.shape)) for k, x in right.items()}, True),
    "float32": (lambda right, one, rng: {k: x.astype(np.float32) for k, x in right.items()}, True),
    "noise": (lambda right, one, rng: {k: x + 1e-3 * rng.normal(size=x.shape) for k, x in right.items()}, False),
    "large noise": (lambda right, one, rng: {k: x + rng.normal(size=x.shape) for k, x in right.items()}, False),
    "relative noise": (
        lambda right, one, rng: {k: x * (1 + 1e-4 * rng.normal(size=x.shape)) for k, x in right.items()}, False),
    "noise in one": (
        lambda right, one, rng: right | {one: right[one] + 1e-3 * rng.normal(size=right[one].shape)}, False),
    "one alone": (lambda right, one, rng: {one: right[one] * (1 + 0.1 * rng.normal(size=right[one].shape))}, False),
}  # fmt: skip


def shows(hand, right):
    """Whether a mistake can be seen in the numbers at all."""
    return any(hand[k].shape != right[k].shape or not np.allclose(hand[k], right[k], rtol=1e-9, atol=0) for k in right)


def nets_of(seed, count):
    """Return nets drawn at random, each with its right gradients."""
    rng = np.random.default_rng(seed)
    nets = [random_net(rng) for _ in range(count)]
    return [(it, learner(it)) for it in nets]


def mistaken(nets, rows, times):
    """Yield every row, made on up to `times` of the nets that it shows on: row, where, the net, the gradients.

    Each row begins with another net, so that few times reach many nets.
    """
    for place, row in enumerate(rows):
        found = 0
        for k in range(len(nets)):
            number = (place + k) % len(nets)
            it, right = nets[number]
            rng = np.random.default_rng((row, number))
            at, variant = int(rng.integers(1, it.depth + 1)), int(rng.integers(0, 6))
            hand = learner(it, row, at, variant)
            if hand is None or not shows(hand, right):
                continue
            yield row, (number, at, variant), it, hand
            found += 1
            if found == times:
                break


def single_mistakes(nets, times):
    """Return how often each row was tried, how often it was named first, and what was not named in two."""
    tried, first, missed = Counter(), Counter(), []
    for row, where, it, hand in mistaken(nets, ON_NETS, times):
        named = [mistake.number for mistake in tg.compare(hand, it.parameters, it.cost).mistakes]
        tried[row] += 1
        first[row] += named[:1] == [row]
        if row not in named[:2]:
            missed.append((row, where, named, it.activation, it.loss, [w.shape for w in it.weights]))
    return tried, first, missed


def mistakes_with_factor(nets, times):
    """Return how many mistakes with a constant factor on top were tried, and what was not named in two."""
    tried, missed, names = 0, [], list(FACTORS)
    for row, where, it, hand in mistaken(nets, WITH_FACTOR, times):
        name = names[tried % len(names)]
        c = FACTORS[name](len(it.x), it.weights[-1].shape[0])
        report = tg.compare({k: c * x for k, x in hand.items()}, it.parameters, it.cost)
        tried += 1
        named = [mistake.number for mistake in report.mistakes]
        if row not in named[:2]:
            missed.append((row, name, where, named))
    return tried, missed


def no_mistakes(nets, times):
    """Return how many right gradients and how much noise were tried, and what was judged wrongly or explained."""
    tried, false = 0, []
    for place, (kind, (change, ok)) in enumerate(HARMLESS.items()):
        for k in range(min(times, len(nets))):
            number = (place + k) % len(nets)
            it, right = nets[number]
            rng = np.random.default_rng((place, number))
            report = tg.compare(change(right, str(rng.choice(list(right))), rng), it.parameters, it.cost)
            tried += 1
            if report.mistakes or report.ok is not ok:
                false.append((kind, number, report.headline()))
    return tried, false


def main(mistakes, without):
    """Print how many were tried, and what was missed."""
    nets = nets_of(20261123, mistakes)
    tried, first, missed = single_mistakes(nets, mistakes)
    named = {row: f"{first[row]}/{tried[row]}" for row in sorted(tried)}
    print(f"single mistakes: {sum(tried.values())}, first {sum(first.values())}, not in two {len(missed)}: {missed}")
    print("first by row:", ", ".join(f"{row}: {said}" for row, said in named.items()))
    count, missed = mistakes_with_factor(nets, mistakes)
    print(f"with a constant factor: {count}, not in two {len(missed)}: {missed}")
    count, false = no_mistakes(nets_of(3, without), without)
    print(f"right gradients and noise: {count}, judged wrongly {len(false)}: {false}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:] or (14, 43)))
