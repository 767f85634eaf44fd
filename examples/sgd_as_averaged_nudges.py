"""Stochastic gradient descent as averaged nudges: each example pushes the weights its own way.

One example alone would move every weight by -η ∂C_i/∂w, its nudge. A step of SGD takes a small batch of examples
and moves by the average of their nudges. The lines after `# >` are what the program prints.
"""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import Tensor, nn

# Learn y = 3 x - 1 from a few points: two numbers to learn, w = 0 and b = 0 to start from.
x = np.array([0.0, 1.0, 2.0, 3.0])
y = 3 * x - 1
η = 0.05


def cost(parameters, x, y):
    """Return the mean of (w x + b - y)²."""
    w, b = parameters
    return ((w * x + b - y) ** 2).mean()


parameters = [np.array(0.0), np.array(0.0)]
dw, db = tg.per_example_gradients(cost, parameters, (x, y))

# By hand for the point (2, 5): the error is 0 · 2 + 0 - 5 = -5, so ∂C/∂w = 2 · -5 · 2 = -20 and ∂C/∂b = 2 · -5 = -10.
for i in range(4):
    print(f"({x[i]:.0f}, {y[i]:2.0f}) nudges w by {-η * dw[i]:5.2f} and b by {-η * db[i]:5.2f}")
# > (0, -1) nudges w by -0.00 and b by -0.10
# > (1,  2) nudges w by  0.20 and b by  0.20
# > (2,  5) nudges w by  1.00 and b by  0.50
# > (3,  8) nudges w by  2.40 and b by  0.80

print(f"on average      by {np.mean(-η * dw):5.2f} and      {np.mean(-η * db):5.2f}")
# > on average      by  0.90 and       0.35

print("the table is", tg.nudges({"w": dw, "b": db}, η).save("nudges.html"))
# > the table is nudges.html

# The first point would lower b, the others raise it: they outvote it. The optimiser's step is this average.
w, b = Tensor(0.0, label="w"), Tensor(0.0, label="b")
cost((w, b), x, y).backward()
nn.SGD([w, b], lr=η).step()
print(f"SGD moves w     to {w.item():5.2f} and b to {b.item():5.2f}")
# > SGD moves w     to  0.90 and b to  0.35

# Stochastic: each step looks at two points only, so that its direction is a guess; many steps average out.
rng = np.random.default_rng(0)
optimizer = nn.SGD([w, b], lr=η)
for _epoch in range(150):
    for points, truths in tg.data.batches(x, y, size=2, rng=rng):
        optimizer.zero_grad()
        cost((w, b), points, truths).backward()
        optimizer.step()
print(f"after 150 epochs   {w.item():.2f} and      {b.item():.2f}")
# > after 150 epochs   3.00 and      -1.00
