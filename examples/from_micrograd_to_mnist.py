"""From one neuron made of numbers to a net that reads handwriting, in three steps that are the same program.

With MNIST_DIR set to the folder of MNIST's four files, seed 1: at least 98 % of the 10,000 digits held out, in about a
minute on two cores. Without it, on the 1,797 small digits that are shipped: at least 95 % of those held out, in
seconds, and the lines after `# >`. The files train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz and the two that
begin with t10k are at https://ossci-datasets.s3.amazonaws.com/mnist/ and at https://huggingface.co/datasets/ylecun/mnist.
"""

import os
import random

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn

# 1. micrograd's net: each weight is a Value, and the loss is a graph of thousands of them.
random.seed(1)
x, y = tg.data.make_moons(40, 0.1, rng=1)
small = nn.MLP(2, [8, 8, 1], "tanh")


def loss_of_values():
    """Return the mean of squared differences between the net's answers and -1 or 1."""
    answers = [small(row) for row in x.tolist()]
    return sum((a - (2 * int(label) - 1)) ** 2 for a, label in zip(answers, y, strict=True)) / len(y)


@tg.compile
def step():
    """Go one step down the slope, as micrograd's demo does."""
    cost = loss_of_values()
    small.zero_grad()
    cost.backward()
    for p in small.parameters():
        p.data -= 0.1 * p.grad
    return cost


for _ in range(200):
    step()
print("the net, with its weights:", tg.draw_network(small, x[0]).save("micrograd.svg"))
# > the net, with its weights: micrograd.svg
print("1. a net of Values:", len(small.parameters()), "weights, loss below 0.1:", loss_of_values().data < 0.1)
# > 1. a net of Values: 105 weights, loss below 0.1: True

# 2. The same net made of tensors: a matrix for each layer, the same answers.
tensors = small.to_tensor_model()
same = np.allclose(tensors(x).data[:, 0], [small(row).data for row in x.tolist()])
print("2. the same net of tensors:", [p.shape for p in tensors.parameters()], "with the same answers:", same)
# > 2. the same net of tensors: [(8, 2), (8,), (8, 8), (8,), (1, 8), (1,)] with the same answers: True

# 3. The same thing, larger, on real handwriting: `fit` is the loop that was written out above.
if folder := os.environ.get("MNIST_DIR"):
    (x, y), held_out = tg.data.load_mnist(folder)
    hidden, epochs, rate, goal = 256, 6, 0.002, 0.98
else:
    (x, y), held_out = tg.data.split(*tg.data.load_digits(), held_out=0.2, rng=1)
    hidden, epochs, rate, goal = 64, 30, 0.01, 0.95
rng = np.random.default_rng(1)
model = nn.Sequential(
    nn.Linear(x.shape[1], hidden, rng=rng, dtype=x.dtype),
    nn.ReLU(),
    nn.Dropout(0.2, rng=rng),
    nn.Linear(hidden, 10, rng=rng, dtype=x.dtype),
)
optimizer = nn.Adam(model.parameters(), lr=rate)
schedule = nn.optim.CosineAnnealingLR(optimizer, epochs)
history = tg.fit(
    model,
    (x, y),
    optimizer=optimizer,
    schedule=schedule,
    epochs=epochs,
    batch_size=64,
    validation=held_out,
    progress=bool(folder),
    rng=1,
)
reached = history.epochs[-1]["validation_accuracy"]
if folder:
    print(history)
print(f"3. at least {goal:.0%} of the digits it has never seen: {reached >= goal}")
# > 3. at least 95% of the digits it has never seen: True
side = 28 if folder else 8
print("draw a digit for it to read:", tg.digit_page(model.eval(), (side, side)).save("read_my_digit.html"))
# > draw a digit for it to read: read_my_digit.html
