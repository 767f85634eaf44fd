"""Derive the gradients of a small net on paper, and be told which step went wrong.

The net is the article's: a^(0) -> layer 1 -> layer 2 -> cost, the average of (a - y)² over seven examples.
The derivation below is right except for one thing, and the report says which.
"""

import numpy as np

import tinygrad_edu as tg

rng = np.random.default_rng(0)
x, y = rng.normal(size=(7, 5)), rng.uniform(size=(7, 3))  # sizes that differ from each other hide no mistake
w1, b1 = tg.Tensor(rng.normal(size=(4, 5)), label="W^(1)"), tg.Tensor(rng.normal(size=4), label="b^(1)")
w2, b2 = tg.Tensor(rng.normal(size=(3, 4)), label="W^(2)"), tg.Tensor(rng.normal(size=3), label="b^(2)")

z1 = x @ w1.T + b1
a1 = tg.sigmoid(z1)
z2 = a1 @ w2.T + b2
a2 = tg.sigmoid(z2)
cost = ((a2 - y) ** 2).sum() / 7


def by_hand(forgetful):
    """Return the gradients as derived on paper; the forgetful learner loses σ' on the way through layer 1."""
    a0, a1_, a2_ = x, a1.data, a2.data
    delta2 = 2 * (a2_ - y) / 7 * a2_ * (1 - a2_)
    delta1 = delta2 @ w2.data
    if not forgetful:
        delta1 = delta1 * a1_ * (1 - a1_)
    return {
        "W^(2)": delta2.T @ a1_,
        "b^(2)": delta2.sum(axis=0),
        "W^(1)": delta1.T @ a0,
        "b^(1)": delta1.sum(axis=0),
    }


parameters = {p.label: p for p in (w1, b1, w2, b2)}
for forgetful in (True, False):
    report = tg.compare(by_hand(forgetful), parameters, cost)
    print(report.headline())
    for line in report.lines:
        print(f"  {line.parameter}: {line.verdict}")
    for mistake in report.mistakes:
        print(f"  {mistake.fix}")
# > ✗ wrong: activation's derivative forgotten (a^(1))
# >   W^(2): correct
# >   b^(2): correct
# >   W^(1): wrong
# >   b^(1): wrong
# >   δ^(1) = ∂C/∂a^(1) · σ'(z^(1)): the factor ∂a^(1)/∂z^(1) = σ'(z^(1)) is missing
# > ✓ the gradient derived by hand is right
# >   W^(2): correct
# >   b^(2): correct
# >   W^(1): correct
# >   b^(1): correct

# A formula will do as well, and is tried at several points.
t = tg.Value(2.0, label="x")
report = tg.compare("2*x * sin(x)", t, t**2 * tg.sin(t))
print(report.mistakes[0].name)
# > product, quotient or chain rule

# A page on which to derive it line by line, each line checked as it is typed.
print("to try it:", tg.derivation_pad("x**2 * sin(x)").save("compare_by_hand.html"))
# > to try it: compare_by_hand.html
