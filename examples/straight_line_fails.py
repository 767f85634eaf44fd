"""Where a straight line fails and a small net does not: two half moons that reach into each other.

A single neuron can only cut the plane with a straight line. Two layers can bend it. The lines after `# >` are what
the program prints; it also writes a page to play with.
"""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn

rng = np.random.default_rng(0)
x, y = tg.data.make_moons(200, noise=0.12, rng=rng)


def train(model, lr, steps=600):
    """Train a net that gives one score a point, positive for class 1, and return the share it gets right."""
    optimizer = nn.SGD(model.parameters(), lr, momentum=0.9)
    for _ in range(steps):
        loss = nn.functional.binary_cross_entropy_with_logits(model(x)[:, 0], y.astype(float))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return np.mean((model(x).data[:, 0] > 0) == y)


line = nn.Linear(2, 1, rng=rng)
net = nn.Sequential(nn.Linear(2, 12, rng=rng), nn.Tanh(), nn.Linear(12, 1, rng=rng))

share = {"straight line": train(line, 0.3), "small net": train(net, 0.3)}

# However long it trains, the line leaves more than one point in ten on the wrong side. The net gets nearly all.
for name, right in share.items():
    print(f"{name}: {'nearly all right' if right > 0.98 else 'more than one in ten wrong' if right < 0.9 else right}")
# > straight line: more than one in ten wrong
# > small net: nearly all right

# The line's score is w_1 x_1 + w_2 x_2 + b: three numbers are all that it can learn. The net has 49.
print(sum(p.size for p in line.parameters()), "against", sum(p.size for p in net.parameters()))
# > 3 against 49

# What the net makes of the plane, with every neuron's part in it. Take its layers away: what is left is the line.
print("to play with:", tg.playground(net, (x, y)).save("straight_line_fails.html"))
# > to play with: straight_line_fails.html
