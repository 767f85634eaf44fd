"""Backpropagation derived by hand, beside the automatic one: every gradient of a net of two layers.

δ^(l) stands for ∂C/∂z^(l), how the cost changes with the weighted sums of layer l. The lines after `# >` are what
the program prints.
"""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn

rng = np.random.default_rng(0)
x, y = rng.normal(size=3), np.array([1.0, 0.0])  # one example: three inputs, two outputs wanted

W1, b1 = rng.normal(size=(4, 3)), rng.normal(size=4)
W2, b2 = rng.normal(size=(2, 4)), rng.normal(size=2)


def σ(z):
    """Return the sigmoid."""
    return 1 / (1 + np.exp(-z))


# Forward, keeping every z and a.
z1 = W1 @ x + b1
a1 = σ(z1)
z2 = W2 @ a1 + b2
a2 = σ(z2)
C = np.sum((a2 - y) ** 2)

# Backward, with σ'(z) = σ(z) (1 - σ(z)):
δ2 = 2 * (a2 - y) * a2 * (1 - a2)  # δ_j^(L) = ∂C/∂a_j · σ'(z_j): the cost, and then the activation of j
δ1 = (W2.T @ δ2) * a1 * (1 - a1)  # δ_k^(l) = Σ_j w_jk δ_j^(l+1) · σ'(z_k): k is in the sum of every j
hand = {
    "W^(1)": np.outer(δ1, x),  # ∂C/∂w_jk = δ_j a_k: what arrives at j, times what k sent there
    "b^(1)": δ1,  # ∂C/∂b_j = δ_j
    "W^(2)": np.outer(δ2, a1),
    "b^(2)": δ2,
}

# The same net, its gradients found by backward().
model = nn.Sequential(nn.Linear(3, 4), nn.Sigmoid(), nn.Linear(4, 2), nn.Sigmoid())
model.load_state_dict({"0.weight": W1, "0.bias": b1, "2.weight": W2, "2.bias": b2})
cost = ((model(x) - y) ** 2).sum()
cost.backward()
assert np.isclose(cost.item(), C, rtol=1e-14)

for parameter in model.parameters():
    ours, theirs = parameter.grad, hand[parameter.label]
    print(f"∂C/∂{parameter.label}: {ours.size:2} numbers, equal by hand: {np.allclose(ours, theirs, rtol=1e-12)}")
# > ∂C/∂W^(1): 12 numbers, equal by hand: True
# > ∂C/∂b^(1):  4 numbers, equal by hand: True
# > ∂C/∂W^(2):  8 numbers, equal by hand: True
# > ∂C/∂b^(2):  2 numbers, equal by hand: True

# A mistake that is easily made, the transpose forgotten in (W^(2))^T δ^(2), does not even fit:
try:
    W2 @ δ2
except ValueError:
    print("W^(2) δ^(2) does not fit: shapes (2, 4) and (2,)")
# > W^(2) δ^(2) does not fit: shapes (2, 4) and (2,)

# And σ' forgotten in layer 1 fits, and is wrong. A comparison sees that, and knows the mistake:
δ1 = W2.T @ δ2
report = tg.compare({**hand, "W^(1)": np.outer(δ1, x), "b^(1)": δ1}, model, cost)
print(f"{'right' if report.ok else 'wrong'}: {report.mistakes[0].name}")
# > wrong: activation's derivative forgotten

# Forward and backward, one step at a time, with the arithmetic of each.
print("step by step:", tg.stepper(cost, model=model).save("backpropagation_by_hand.html"))
# > step by step: backpropagation_by_hand.html
