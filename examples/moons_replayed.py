"""Watch a small net bend its boundary around two half moons: a training run, recorded and replayed as a page.

The lines after `# >` are what the program prints; it also writes two pages to open in a browser: `moons.html`, where
a slider goes through the training, and `moons_landscape.html`, the loss that it walked down.
"""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn

rng = np.random.default_rng(0)
x, y = tg.data.make_moons(200, noise=0.12, rng=rng)

net = nn.Sequential(nn.Linear(2, 8, rng=rng), nn.Tanh(), nn.Linear(8, 1, rng=rng))
optimizer = nn.SGD(net.parameters(), lr=0.3, momentum=0.9)


def cost(model):
    """Return how wrong the net is: it gives one score a point, positive for class 1."""
    return nn.functional.binary_cross_entropy_with_logits(model(x)[:, 0], y.astype(float))


def right():
    """Return the share of the points that lie on their own side of the boundary."""
    return np.mean((net(x).data[:, 0] > 0) == y)


print(f"untrained: {'about as good as guessing' if right() < 0.7 else right()}")
# > untrained: about as good as guessing

recorder = tg.Recorder(net, x, y)  # the points are shown with the boundary
for _step in range(300):
    loss = cost(net)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    recorder.record(loss)  # one line in a training loop of one's own

print(f"after {len(recorder.losses)} steps: {'nearly all right' if right() > 0.98 else right()}")
# > after 300 steps: nearly all right

# Each of the 8 first neurons is a line through the plane. The net's boundary is made of them.
print("the replay is", recorder.replay().save("moons.html"))
# > the replay is moons.html

# All 33 weights are one point; the page shows the loss on the plane in which that point moved most.
print("the walk is", recorder.landscape(cost).save("moons_landscape.html"))
# > the walk is moons_landscape.html
