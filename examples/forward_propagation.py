"""Forward propagation layer by layer: z^(l) = W^(l) a^(l-1) + b^(l), then a^(l) = σ(z^(l)).

The weight w_jk leads from neuron k of the layer before to neuron j: row j of W holds what neuron j multiplies its
inputs with. The lines after `# >` are what it prints.
"""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import Tensor, nn
from tinygrad_edu.nn.functional import sigmoid

# Two inputs, three hidden neurons, one output.
W1 = Tensor([[1.0, -1.0], [0.5, 0.5], [-2.0, 1.0]], label="W^(1)")  # (3, 2): three neurons with two inputs each
b1 = Tensor([0.0, -0.5, 1.0], label="b^(1)")
W2 = Tensor([[1.0, 2.0, -1.0]], label="W^(2)")  # (1, 3)
b2 = Tensor([0.5], label="b^(2)")

a0 = np.array([1.0, 2.0])  # the input is the activation of layer 0

z1 = W1 @ a0 + b1
a1 = sigmoid(z1)
z2 = W2 @ a1 + b2
a2 = sigmoid(z2)

# By hand, for neuron 1 of layer 1: z_1 = w_11 a_1 + w_12 a_2 + b_1 = 1 · 1 - 1 · 2 + 0 = -1, and σ(-1) = 0.2689.
print("z^(1) =", z1.data, " a^(1) =", a1.data.round(4))
# > z^(1) = [-1.  1.  1.]  a^(1) = [0.2689 0.7311 0.7311]

# The output: z = 1 · 0.2689 + 2 · 0.7311 - 1 · 0.7311 + 0.5 = 1.5, and σ(1.5) = 0.8176.
print("z^(2) =", z2.data, " a^(2) =", a2.data.round(4))
# > z^(2) = [1.5]  a^(2) = [0.8176]

# One neuron at a time gives the same, only slower: this loop is what W @ a abbreviates.
for j in range(3):
    z_j = sum(W1.data[j, k] * a0[k] for k in range(2)) + b1.data[j]
    assert z_j == z1.data[j]

# The same net from the box. Its layers work on many examples at once, one a row, so it computes a W^T + b.
model = nn.Sequential(nn.Linear(2, 3), nn.Sigmoid(), nn.Linear(3, 1), nn.Sigmoid())
model.load_state_dict({"0.weight": W1.data, "0.bias": b1.data, "2.weight": W2.data, "2.bias": b2.data})
examples = np.array([[1.0, 2.0], [0.0, 0.0], [-1.0, 1.0]])
print(model(examples).data[:, 0].round(4))
# > [0.8176 0.7358 0.5968]

# Its parameters and results bear the names of the formulas, which pictures and explanations show.
print([p.label for p in model.parameters()], model(examples).label)
# > ['W^(1)', 'b^(1)', 'W^(2)', 'b^(2)'] a^(2)

# The net as a picture: choose a neuron to read its sum.
print("the picture is", tg.draw_network(model, examples[0]).save("forward_propagation.html"))
# > the picture is forward_propagation.html
