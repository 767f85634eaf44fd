"""Recognising handwritten digits by filters that slide over the image, and what the filters have learnt to look for.

Real MNIST if MNIST_DIR names its folder, else the 1,797 digits of 8×8 pixels that are shipped: for these, the lines
after `# >` are what the program prints, in about a second.
"""

import os

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn

rng = np.random.default_rng(1)
if folder := os.environ.get("MNIST_DIR"):
    (x, y), (x_test, y_test) = tg.data.load_mnist(folder)
    x, y, size = x[:12000], y[:12000], 28  # a fifth of them will do
else:
    (x, y), (x_test, y_test) = tg.data.split(*tg.data.load_digits(), held_out=0.2, rng=rng)
    size = 8
x, x_test = x.reshape(-1, 1, size, size), x_test.reshape(-1, 1, size, size)  # images, with an axis of channels

# A filter is a small image of weights that is laid upon every place of the image: where it fits, the sum of products is
# large. All places share the weights, so a stroke is found wherever it is drawn. Pooling keeps the best fit nearby.
side = size // 4  # of what is left of an image at the end
model = nn.Sequential(
    nn.Conv2d(1, 6, 3, padding=1, rng=rng, dtype=x.dtype),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(6, 16, 3, padding=1, rng=rng, dtype=x.dtype),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(16 * side * side, 10, rng=rng, dtype=x.dtype),
)
print(model.summary())
# > layer  kind                                               parameters
# > --------------------------------------------------------------------
# > 0      Conv2d(1, 6, kernel_size=(3, 3), padding=(1, 1))           60
# > 1      ReLU()                                                      0
# > 2      MaxPool2d(kernel_size=(2, 2))                               0
# > 3      Conv2d(6, 16, kernel_size=(3, 3), padding=(1, 1))         880
# > 4      ReLU()                                                      0
# > 5      MaxPool2d(kernel_size=(2, 2))                               0
# > 6      Flatten(start_dim=1)                                        0
# > 7      Linear(64, 10)                                            650
# > --------------------------------------------------------------------
# >        Sequential                                              1,590
optimizer = nn.SGD(model.parameters(), lr=0.05, momentum=0.9)


@tg.compile
def step(images, digits):
    """Go one step down the slope of the cost of a batch."""
    cost = nn.functional.cross_entropy(model(images), digits)
    optimizer.zero_grad()
    cost.backward()
    optimizer.step()
    return cost


for _epoch in range(20 if size == 8 else 3):
    for images, digits in tg.data.batches(x, y, size=32, rng=rng):
        step(images, digits)

with tg.no_grad():
    scores = model(x_test).data
print("more than 95 % of the images it has never seen:", bool(np.mean(scores.argmax(axis=1) == y_test) > 0.95))
# > more than 95 % of the images it has never seen: True

print("what each layer sees:", tg.draw_network(model, x_test[0]).save("filters.svg"))
# > what each layer sees: filters.svg

# What do the six filters of the first layer look for? Their weights, + where they want ink and - where they want none;
# and the piece of an unseen image that each of them answers to most strongly.
filters = model[0].weight.data[:, 0]
pieces = np.lib.stride_tricks.sliding_window_view(x_test[:, 0], (3, 3), axis=(1, 2))
answers = np.einsum("nhwij,oij->onhw", pieces, filters).reshape(6, -1)
favourites = pieces.reshape(-1, 3, 3)[answers.argmax(axis=1)]
signs = np.where(np.abs(filters) < 0.15, ".", np.where(filters > 0, "+", "-"))
ink = np.array(list(" .:oO@"))[np.rint(5 * favourites).astype(int)]
for heading, pictures in (("the filters", signs), ("what each answers to most", ink)):
    print(heading)
    for rows in zip(*pictures, strict=True):  # side by side
        print("    ".join("".join(character * 2 for character in row) for row in rows).rstrip())
# > the filters
# > --++++    ------    --++++    ++++..    ++++..    --++++
# > ++..--    ++++++    ------    ++--++    ------    --++++
# > ------    ++++++    ..++++    ----++    ----++    ----++
# > what each answers to most
# > OO@@@@    OO::        ::::    @@@@@@    @@::..      OOOO
# > @@::..    @@@@@@              ::  @@        ::      @@@@
# >           @@@@@@    ::@@@@        @@        @@        @@
