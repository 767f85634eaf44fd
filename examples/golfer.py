"""A golfer learns one number: how hard to hit the ball so that it stops at the hole.

The whole of learning is here with a single weight: try, measure the error, ask which way the error falls, and move
a little that way. Run it with `python examples/golfer.py`; the lines after `# >` are what it prints.
"""

import tinygrad_edu as tg
from tinygrad_edu import Value

METRES_PER_UNIT = 8.0  # how far the ball rolls for each unit of strength; the golfer does not know this
HOLE = 100.0

w = Value(5.0, label="w")  # how hard to hit: the one number to learn

for shot in range(1, 7):
    distance = w * METRES_PER_UNIT
    cost = (distance - HOLE) ** 2  # the error, squared: 0 is perfect, and twice as far off is four times as bad

    w.grad = None  # forget what the last shot taught
    cost.backward()  # dC/dw: how the cost changes when the ball is hit a little harder

    print(f"shot {shot}: hit with {w.data:6.3f}, rolled {distance.data:6.2f} m, dC/dw = {w.grad:8.2f}")
    w.data -= 0.005 * w.grad  # against the slope: a negative slope says "harder"

# The first shot stops at 40 m. By hand, dC/dw = 2 (distance - hole) · 8 = 2 · (40 - 100) · 8 = -960, so the next
# shot is 0.005 · 960 = 4.8 harder. Each shot leaves 0.36 of the error of the one before.
# > shot 1: hit with  5.000, rolled  40.00 m, dC/dw =  -960.00
# > shot 2: hit with  9.800, rolled  78.40 m, dC/dw =  -345.60
# > shot 3: hit with 11.528, rolled  92.22 m, dC/dw =  -124.42
# > shot 4: hit with 12.150, rolled  97.20 m, dC/dw =   -44.79
# > shot 5: hit with 12.374, rolled  98.99 m, dC/dw =   -16.12
# > shot 6: hit with 12.455, rolled  99.64 m, dC/dw =    -5.80

print(f"the golfer has learnt {w.data:.2f}; right would be {HOLE / METRES_PER_UNIT}")
# > the golfer has learnt 12.48; right would be 12.5

# The first shot as a page: drag w, watch the cost and its slope, take steps, and make them too large.
w.data = 5.0
cost = (w * METRES_PER_UNIT - HOLE) ** 2
cost.label = "C"
print("to play with:", tg.live(cost).save("golfer.html"))
# > to play with: golfer.html
