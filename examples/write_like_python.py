"""A net that learns to write, character by character: an LSTM, or with the argument `gpt` a small transformer.

Both read the pages on Python's statements that Python itself ships (pydoc_data). Seed 1. Expected, in about half a
minute each on one core: the mean surprise of a character they have not read falls from 3.3 or more, that of an even
guess among the 28 characters, to less than 2.2; and the lines after `# >`. With more steps (`lstm 3000`) it goes on.
"""

import sys
from pydoc_data.topics import topics

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn

F = nn.functional
kind = sys.argv[1] if len(sys.argv) > 1 else "lstm"
steps = int(sys.argv[2]) if len(sys.argv) > 2 else 300
LENGTH, WIDTH, BATCH = 32, 48, 16  # of a piece of text, of the net, of a batch

letters = "abcdefghijklmnopqrstuvwxyz ."
text = "".join(c if c in letters else " " for c in topics["compound"].lower())
text = " ".join(text.split())
numbers = np.array([letters.index(c) for c in text])
cut = len(numbers) * 9 // 10
rng = np.random.default_rng(1)


class Writer(nn.Module):
    """Characters in, scores for the next character out: (n, length) becomes (n, length, characters)."""

    def __init__(self):
        super().__init__()
        self.letters = nn.Embedding(len(letters), WIDTH, rng=rng, dtype=np.float32)
        if kind == "gpt":
            self.places = nn.Embedding(LENGTH, WIDTH, rng=rng, dtype=np.float32)
            how = {"dropout": 0.0, "activation": "gelu", "batch_first": True, "norm_first": True}
            self.block = nn.TransformerBlock(WIDTH, 4, 4 * WIDTH, rng=rng, dtype=np.float32, **how)
        else:
            self.lstm = nn.LSTM(WIDTH, WIDTH, batch_first=True, rng=rng, dtype=np.float32)
        self.scores = nn.Linear(WIDTH, len(letters), rng=rng, dtype=np.float32)

    def forward(self, x):
        """Return the scores of the character after each one."""
        h = self.letters(x)
        if kind == "gpt":
            return self.scores(self.block(h + self.places.weight[: x.shape[1]], is_causal=True))
        return self.scores(self.lstm(h)[0])


def pieces(source, n):
    """Return n pieces of text drawn at random, and the characters that follow each of theirs."""
    starts = rng.integers(0, len(source) - LENGTH - 1, n)
    rows = source[starts[:, None] + np.arange(LENGTH + 1)]
    return rows[:, :-1], rows[:, 1:]


def surprise(model, x, y):
    """Return the mean of -log(p) of the true characters."""
    return F.cross_entropy(model(x).reshape(-1, len(letters)), y.reshape(-1))


model = Writer()
optimizer = nn.Adam(model.parameters(), lr=0.01)


@tg.compile
def step(x, y):
    """Go one step down the slope."""
    cost = surprise(model, x, y)
    optimizer.zero_grad()
    cost.backward()
    nn.clip_grad_norm(model.parameters(), 1.0)
    optimizer.step()
    return cost


unread = pieces(numbers[cut:], 64)
before = surprise(model, *unread).item()
for _ in range(steps):
    step(*pieces(numbers[:cut], BATCH))
after = surprise(model, *unread).item()
print("at first it knows no better than an even guess:", before > 3.2)
# > at first it knows no better than an even guess: True
print("then its surprise at a character it has not read is below 2.2:", after < 2.2)
# > then its surprise at a character it has not read is below 2.2: True

print("what it is made of:", model.summary(2, unread[0][:1]).draw().save("writer.svg"))
# > what it is made of: writer.svg
written = [letters.index(c) for c in "the statement "]
with tg.no_grad():
    for _ in range(80):
        p = F.softmax(model(np.array([written[-LENGTH:]]))[0, -1] * 1.5).data.astype(float)
        written.append(rng.choice(len(letters), p=p / p.sum()))
print("it writes:", "".join(letters[i] for i in written)[:14], "…", len(written), "characters")
# > it writes: the statement  … 94 characters
if len(sys.argv) > 1:
    print(f"surprise {before:.2f}, then {after:.2f}\n" + "".join(letters[i] for i in written))
