"""An autoencoder: digits go through eight numbers and come out again; what comes back is drawn as text.

Seed 1, on the digits that are shipped, in seconds: the mean squared error of a pixel falls below 0.025, a third of the
0.073 that the mean image leaves, and the lines after `# >`.
"""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn

x, _ = tg.data.load_digits()
x = x.astype(np.float32)
rng = np.random.default_rng(1)
encoder = nn.Sequential(
    nn.Linear(64, 32, rng=rng, dtype=np.float32), nn.ReLU(), nn.Linear(32, 8, rng=rng, dtype=np.float32)
)
decoder = nn.Sequential(
    nn.Linear(8, 32, rng=rng, dtype=np.float32), nn.ReLU(), nn.Linear(32, 64, rng=rng, dtype=np.float32), nn.Sigmoid()
)
model = nn.Sequential(encoder, decoder)
optimizer = nn.Adam(model.parameters(), lr=0.005)
history = tg.fit(model, (x, x), optimizer=optimizer, epochs=25, validation=0.2, progress=False, rng=1)
plain = float(np.mean((x - x.mean(axis=0)) ** 2))
print("the mean image leaves an error of", round(plain, 3))
# > the mean image leaves an error of 0.073
print("eight numbers an image leave less than a third of it:", history.epochs[-1]["validation_loss"] < plain / 3)
# > eight numbers an image leave less than a third of it: True

print("a digit on its way through:", tg.draw_network(model, x[0], image=(8, 8)).save("autoencoder.svg"))
# > a digit on its way through: autoencoder.svg
with tg.no_grad():
    back = model(x[:6]).data
ink = np.array(list(" .:oO@"))
for heading, images in (("six digits", x[:6]), ("what comes back of them", back)):
    print(heading)
    for row in range(8):
        print("  ".join("".join(ink[np.rint(5 * image.reshape(8, 8)[row]).astype(int)]) for image in images).rstrip())
# > six digits
# >   :Oo        OO:       .@O      :@O         o       Oo
# >   O@o@:      o@o      .@@O     :O:@.       ::       O@@O
# >  .@. o:     .@@:      :O:@     . OO        O:..     O@@o
# >  .O  ::    :@@@.       :@o      .@o       :@ o:     o@@:
# >  ::  o:      @@.      :O@         OO     :@o @:      .:@:
# >  .o  O:      @@:     o@@:          o:    .@@O@        .@o
# >  .O:oO       @@:     .O@@o:     :.:Oo      .@o      :.O@.
# >   :Oo        o@o       .o@o     :OOo       .@.      o@@o
# > what comes back of them
# >   :OO.       oO.       :@o      o@:.        O.      :OO.
# >   OooO.      @@.       O@@     .OoO.       oO       OOOo
# >  .O..O:     .@@.      .Oo@     ..oO.      .@...     OOO:
# >  :O. oo    .o@@        oOo      .@@.     .Oo.oo     o@@:
# >  :o  ::     .O@.      .O:.       oOo     o@Oo@:     .:OO.
# >  :O .O.      @@.      @@o:        .Oo    O@OOO.        @o
# >  .O:OO       @@.      O@OO.     o.o@O    ...OO      o:o@o
# >   :OO.       o@:       .O@o     O@@O.       Oo      :@@O
