"""Types of nets: modules of one's own, calls, parameters, losses, optimisers, modes and compiled functions."""

from typing import TYPE_CHECKING, assert_type

import numpy as np

import tinygrad_edu as tg

F = tg.nn.functional


class Net(tg.nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.hidden = tg.nn.Linear(2, width)
        self.norm = tg.nn.LayerNorm(width)
        self.out = tg.nn.Linear(width, 1)

    def forward(self, x: tg.Tensor) -> tg.Tensor:
        return self.out(tg.tanh(self.norm(self.hidden(x))))


class Masked(tg.nn.Module):
    def forward(self, x: tg.Tensor, mask: tg.Tensor | None = None, *, twice: bool = False) -> tuple[tg.Tensor, int]:
        return (x if mask is None else x * mask) * (2 if twice else 1), 1


class Wider(Net):
    def forward(self, x: tg.Tensor) -> tg.Tensor:
        return super().forward(x) + 1


net = Net(4)
x, y = tg.Tensor(np.ones((3, 2))), np.zeros((3, 1))
assert_type(net(x), tg.Tensor)
assert_type(Wider(4)(x), tg.Tensor)
assert_type(Masked()(x, twice=True), tuple[tg.Tensor, int])
assert_type(net.hidden(x), tg.Tensor)
assert_type(net.hidden.weight, tg.Tensor)
assert_type(net.parameters(), list[tg.Tensor])
assert_type(tg.nn.Sequential(tg.nn.Linear(2, 3), tg.nn.ReLU())(x), tg.Tensor)
assert_type(tg.nn.MSELoss()(net(x), y), tg.Tensor)
assert_type(tg.nn.Neuron(2)([1.0, 2.0]), tg.Value)
assert_type(tg.nn.MLP(2, [4, 1]).parameters(), list[tg.Value])

optimizer = tg.nn.Adam(net.parameters(), lr=1e-3)


def step(x: tg.Tensor) -> tg.Tensor:
    optimizer.zero_grad()
    loss = F.mse_loss(net(x), y)
    assert_type(loss, tg.Tensor)
    loss.backward()
    optimizer.step()
    return loss


@tg.no_grad()
def predict(x: tg.Tensor, scale: float = 1.0) -> tg.Tensor:
    return net(x) * scale


@tg.no_grad
def predict_plainly(x: tg.Tensor) -> tg.Tensor:
    return net(x)


assert_type(predict(x, 2.0), tg.Tensor)
assert_type(predict_plainly(x), tg.Tensor)
with tg.no_grad():
    predict(x)

fast = tg.compile(step)
assert_type(fast(x), tg.Tensor)
for p in net.parameters():
    if p.grad is not None:
        p.data = p.data - 0.1 * p.grad
net.load_state_dict(net.state_dict())

if TYPE_CHECKING:
    tg.nn.NoSuchLayer  # wrong
    net(1, 2)  # wrong
    net("a")  # wrong
    Masked()(x, three=True)  # wrong
    predict("a")  # wrong
    fast("a")  # wrong
    tg.nn.Linear("2", 3)  # wrong
    net.paramters()  # wrong
    F.mse_los(x, y)  # wrong
    net(x).no_such_method()  # wrong
