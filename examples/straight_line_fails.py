"""Where a straight line fails and a small net does not: two half moons that reach into each other.

A single neuron can only cut the plane with a straight line. Two layers can bend it. The lines after `# >` are what
the program prints; it also writes `straight_line_fails.png`, which needs `pip install "tinygrad-edu[plot]"`.
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


def picture(path):
    """Draw what each model makes of the plane, with the points on top."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    grid = np.stack(np.meshgrid(np.linspace(-1.7, 2.7, 220), np.linspace(-1.2, 1.7, 160)), axis=-1)
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), sharey=True, layout="constrained")
    for ax, (name, right), model in zip(axes, share.items(), (line, net), strict=True):
        with tg.no_grad():
            score = model(grid.reshape(-1, 2)).numpy().reshape(grid.shape[:2])
        ax.contourf(grid[..., 0], grid[..., 1], score, levels=[-1e9, 0, 1e9], colors=["#f6d7c3", "#c3dcec"])
        ax.contour(grid[..., 0], grid[..., 1], score, levels=[0], colors="black", linewidths=1.5)
        ax.scatter(*x[y == 0].T, s=14, color="#d55e00", marker="s", label="class 0")
        ax.scatter(*x[y == 1].T, s=14, color="#0072b2", marker="o", label="class 1")
        ax.set_title(f"{name}: {right:.0%} right")
    axes[1].legend(loc="upper right")
    figure.savefig(path, dpi=120)


try:
    picture("straight_line_fails.png")
    print("the picture is straight_line_fails.png")
except ImportError:
    print('for the picture: pip install "tinygrad-edu[plot]"')
# > the picture is straight_line_fails.png
