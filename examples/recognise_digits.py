"""Recognising handwritten digits: 1,797 real ones of 8×8 pixels, a net of two layers, mini-batch SGD.

The lines after `# >` are what the program prints; it takes about a second.
"""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn

rng = np.random.default_rng(1)
x, y = tg.data.load_digits()  # (1797, 64) from 0 to 1, and the digits 0 to 9
(x, y), (x_test, y_test) = tg.data.split(x, y, held_out=0.2, rng=rng)
print(f"{len(x)} images to learn from, {len(x_test)} held out")
# > 1438 images to learn from, 359 held out

# What a computer sees of the first, a 0, two characters a pixel:
for row in x[0].reshape(8, 8):
    print("".join(" .:oO@"[round(5 * pixel)] * 2 for pixel in row).rstrip())
# >     ::OOoo
# >     OO@@oo@@::
# >   ..@@..  oo::
# >   ..OO    ::::
# >   ::::    oo::
# >   ..oo    OO::
# >   ..OO::ooOO
# >     ::OOoo

model = nn.Sequential(nn.Linear(64, 32, rng=rng), nn.ReLU(), nn.Linear(32, 10, rng=rng))
optimizer = nn.SGD(model.parameters(), lr=0.1, momentum=0.9)
print(model.summary())
# > layer  kind            parameters
# > ---------------------------------
# > 0      Linear(64, 32)       2,080
# > 1      ReLU()                   0
# > 2      Linear(32, 10)         330
# > ---------------------------------
# >        Sequential           2,410

for _epoch in range(30):
    for images, digits in tg.data.batches(x, y, size=32, rng=rng):
        loss = nn.functional.cross_entropy(model(images), digits)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

with tg.no_grad():  # nothing is learnt here, so nothing needs to be remembered
    scores = model(x_test).data
right = np.mean(scores.argmax(axis=1) == y_test)
print("more than 95 % of the images it has never seen:", bool(right > 0.95))
# > more than 95 % of the images it has never seen: True

# How sure is it? Softmax turns the ten scores of an image into probabilities.
p = nn.functional.softmax(scores[0])
print(f"the first is a {y_test[0]}; the net says {p.argmax()}, and is {'sure' if p.max() > 0.9 else 'not sure'}")
# > the first is a 7; the net says 7, and is sure
print("draw a digit for it to read:", tg.digit_page(model).save("recognise_digits.html"))
# > draw a digit for it to read: recognise_digits.html
