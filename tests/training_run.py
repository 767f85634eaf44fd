"""A training run in a process of its own, which may be killed at any moment; it prints the hash of its weights."""

import hashlib
import sys

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn


def main(checkpoint, compiled=None, epochs=4):
    """Train a net with all that draws random numbers, from the checkpoint if it is there."""
    x, y = tg.data.load_digits()
    x, y = x[:400].astype(np.float32), y[:400]
    rng = np.random.default_rng(1)
    model = nn.Sequential(
        nn.Linear(64, 24, rng=rng, dtype=np.float32),
        nn.BatchNorm1d(24, dtype=np.float32),
        nn.ReLU(),
        nn.Dropout(0.2, rng=rng),
        nn.Linear(24, 10, rng=rng, dtype=np.float32),
    )
    optimizer = nn.Adam([{"params": model[0].parameters(), "lr": 0.003}, {"params": model.parameters()[2:]}], lr=0.01)
    history = tg.fit(
        model,
        (x, y),
        optimizer=optimizer,
        schedule=nn.optim.CosineAnnealingLR(optimizer, 10),
        epochs=epochs,
        validation=0.2,
        early_stopping=50,
        checkpoint=checkpoint,
        checkpoint_every=3,
        progress=False,
        compile=compiled,
        rng=5,
    )
    state = {**model.state_dict(), "losses": np.array(history.losses)}
    for i, memory in optimizer.state_dict()["state"].items():
        state |= {f"{i} {name}": np.asarray(part) for name, part in memory.items()}
    digest = hashlib.sha256()
    for name in sorted(state):
        digest.update(name.encode() + np.ascontiguousarray(state[name]).tobytes())
    return digest.hexdigest()


if __name__ == "__main__":
    print(main(sys.argv[1], *[sys.argv[2] == "compiled"] * (len(sys.argv) > 2)))  # noqa: T201  # its answer
