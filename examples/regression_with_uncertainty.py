"""A net that says how sure it is: for each point a mean and a variance, learnt by the surprise at the truth.

The noise grows with |x|. Seed 1, in seconds: the deviation that the net tells at x = 2 is within a fifth of the true
one, 0.45, and less than half of that at x = 0; of new points some 68 % lie within one deviation.
"""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import Tensor, nn

rng = np.random.default_rng(1)


def sample(n):
    """Return points on a sine with noise of deviation 0.05 + 0.2 |x|."""
    x = rng.uniform(-2.5, 2.5, (n, 1))
    return x, np.sin(2 * x) + (0.05 + 0.2 * abs(x)) * rng.normal(size=(n, 1))


x, y = sample(1600)
model = nn.Sequential(
    nn.Linear(1, 32, rng=rng), nn.Tanh(), nn.Linear(32, 32, rng=rng), nn.Tanh(), nn.Linear(32, 2, rng=rng)
)


def surprise(outputs, truth):
    """Return the mean surprise at the truth of normal distributions: outputs are means and log-variances."""
    return nn.functional.gaussian_nll_loss(outputs[:, :1], truth, tg.exp(outputs[:, 1:]))


optimizer = nn.Adam(model.parameters(), lr=0.01)
history = tg.fit(
    model,
    (x, y),
    loss=surprise,
    optimizer=optimizer,
    schedule=nn.optim.CosineAnnealingLR(optimizer, 25),
    epochs=25,
    batch_size=64,
    progress=False,
    rng=1,
)
told = np.exp(model(Tensor([[2.0], [0.0]])).data[:, 1] / 2)
print("at x = 2 it tells a deviation within a fifth of 0.45:", bool(abs(told[0] / 0.45 - 1) < 0.2))
# > at x = 2 it tells a deviation within a fifth of 0.45: True
print("at x = 0, where the noise is 0.05, it is surer than at x = 2:", bool(told[1] < told[0] / 2))
# > at x = 0, where the noise is 0.05, it is surer than at x = 2: True
print("the net at x = 2:", tg.draw_network(model, [2.0]).save("uncertainty.svg"))
# > the net at x = 2: uncertainty.svg
x, y = sample(2000)
outputs = model(x).data
within = np.mean(np.abs(y[:, 0] - outputs[:, 0]) < np.exp(outputs[:, 1] / 2))
print("between 63 % and 73 % of new points lie within one deviation:", bool(0.63 < within < 0.73))
# > between 63 % and 73 % of new points lie within one deviation: True
