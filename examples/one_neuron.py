"""One neuron, forward and backward: a weighted sum of its inputs and a bias, then an activation.

The lines after `# >` are what it prints; the comments work every number out by hand.
"""

import tinygrad_edu as tg
from tinygrad_edu import Value

# Two inputs, two weights, one bias, as in z = w_1 x_1 + w_2 x_2 + b and a = tanh(z).
x_1, x_2 = Value(2.0, "x_1"), Value(0.0, "x_2")
w_1, w_2 = Value(-3.0, "w_1"), Value(1.0, "w_2")
b = Value(6.5, "b")

z = w_1 * x_1 + w_2 * x_2 + b
z.label = "z"
a = z.tanh()
a.label = "a"

# Forward: z = -3 · 2 + 1 · 0 + 6.5 = 0.5, and tanh(0.5) = 0.4621.
print(f"z = {z.data}, a = {a.data:.4f}")
# > z = 0.5, a = 0.4621

a.backward()

# Backward: da/dz = 1 - tanh(z)² = 1 - 0.4621² = 0.7864. Every input of the sum receives that, times what it was
# multiplied with: da/dw_1 = 0.7864 · x_1 = 1.5729, and da/dw_2 = 0.7864 · 0 = 0, since x_2 let nothing through.
for node in (z, w_1, w_2, x_1, x_2, b):
    print(f"da/d{node.label:<3} = {node.grad:7.4f}")
# > da/dz   =  0.7864
# > da/dw_1 =  1.5729
# > da/dw_2 =  0.0000
# > da/dx_1 = -2.3593
# > da/dx_2 =  0.7864
# > da/db   =  0.7864

# The same as a page, whose numbers can be dragged: every value and gradient follows.
print("to play with:", tg.live(a).save("one_neuron.html"))
# > to play with: one_neuron.html

# A slope is a promise about small changes: raise w_1 by 0.001 and a grows by 0.001 · 1.5729.
before = a.data
w_1.data += 0.001
after = (w_1 * x_1 + w_2 * x_2 + b).tanh().data
print(f"promised {0.001 * w_1.grad:.6f}, came {after - before:.6f}")
# > promised 0.001573, came 0.001571

# The same neuron from the box. Its weights are drawn at random, so they are set here.
neuron = tg.nn.Neuron(2, "tanh", rng=0)
for parameter, number in zip(neuron.parameters(), (-3.0, 1.0, 6.5), strict=True):
    parameter.data = number
print(f"{neuron!r} says {neuron([2.0, 0.0]).data:.4f}")
# > TanhNeuron(2) says 0.4621
