"""What PyTorch has of NumPy's elementwise functions."""

import numpy as np
from torch_sampling import HOLES, YES, Draw, I, P, R, S, Sample, same


def operators(_, x, y):
    """Use every operator that both libraries have."""
    return -x / y + (x - 2.0) * y ** abs(x) + 1.5 ** (y % 0.7) - (+x) ** 2


ELEMENTWISE = [
    *same(
        (R(2, 3),),
        "exp exp2 expm1 square reciprocal sin cos tan arctan sinh cosh tanh arcsinh sinc absolute abs negative "
        "positive floor ceil trunc fix sign deg2rad rad2deg conj real round nan_to_num",
    ),
    *same((P(2, 3),), "log log2 log10 log1p sqrt"),
    *same((S(2, 3),), "arcsin arccos arctanh asin acos atan asinh atanh"),
    *same(
        (R(4, 3), R(3)),
        "add subtract multiply true_divide divide arctan2 atan2 hypot maximum minimum fmax fmin logaddexp logaddexp2 "
        "copysign",
    ),
    *same((P(2, 3), P(2, 1)), "fmod remainder pow float_power"),
    Sample("arccosh", (Draw((2, 3), 1.2, 4.0),), lambda m, x: m.arccosh(x), lambda t, x: t.arccosh(x)),
    Sample("acosh", (Draw((4,), 1.2, 4.0),), lambda m, x: m.acosh(x), lambda t, x: t.acosh(x)),
    Sample("cbrt", (R(2, 3),), lambda m, x: m.cbrt(x), lambda t, x: x.sign() * x.abs() ** (1 / 3)),  # torch has none
    Sample("fabs", (R(2, 3),), lambda m, x: m.fabs(x), lambda t, x: x.abs()),
    Sample("rint", (R(2, 3),), lambda m, x: m.rint(x), lambda t, x: x.round()),
    Sample("degrees", (R(2, 3),), lambda m, x: m.degrees(x), lambda t, x: t.rad2deg(x)),
    Sample("radians", (R(2, 3),), lambda m, x: m.radians(x), lambda t, x: t.deg2rad(x)),
    Sample("fmod of signs", (R(2, 3), R(3)), lambda m, x, y: m.fmod(x, y), lambda t, x, y: t.fmod(x, y)),
    Sample("remainder of signs", (R(2, 3), R(3)), lambda m, x, y: m.remainder(x, y), lambda t, x, y: t.remainder(x, y)),
    Sample("mod", (R(3), R(2, 1)), lambda m, x, y: m.mod(x, y), lambda t, x, y: x % y),
    Sample("modf", (R(4),), lambda m, x: m.modf(x)[0], lambda t, x: t.frac(x)),
    Sample("divmod", (R(4), P(4)), lambda m, x, y: m.divmod(x, y)[1], lambda t, x, y: x % y),
    Sample("square of scalars", (R(), R()), lambda m, x, y: m.square(x) * y, lambda t, x, y: t.square(x) * y),
    Sample("power", (P(2, 3), R(3)), lambda m, x, y: m.power(x, y), lambda t, x, y: t.pow(x, y)),
    Sample("cube", (R(2, 3),), lambda m, x: m.power(x, 3), lambda t, x: t.pow(x, 3)),
    Sample("negative power", (P(2, 3),), lambda m, x: m.power(x, -1.5), lambda t, x: t.pow(x, -1.5)),
    Sample("power of a number", (R(2, 3),), lambda m, x: m.power(2.5, x), lambda t, x: t.pow(2.5, x)),
    Sample("ldexp", (R(3),), lambda m, x: m.ldexp(x, np.array(I)), lambda t, x: t.ldexp(x, t.tensor(I))),
    Sample("where", (R(2, 3), R(3)), lambda m, x, y: m.where(YES, x, y), lambda t, x, y: t.where(t.tensor(YES), x, y)),
    Sample("clip", (R(2, 3),), lambda m, x: m.clip(x, -0.5, 1.0), lambda t, x: t.clip(x, -0.5, 1.0)),
    Sample(
        "clip by arrays",
        (R(4, 3), Draw((3,), -1.5, -0.1), Draw((3,), 0.1, 1.5)),
        lambda m, x, a, b: m.clip(x, a, b),
        lambda t, x, a, b: t.clip(x, a, b),
    ),
    Sample(
        "nan_to_num of holes",
        (R(2, 3),),
        lambda m, x: m.nan_to_num(x + HOLES),
        lambda t, x: t.nan_to_num(x + t.tensor(HOLES)),
    ),
    Sample("operators", (R(2, 3), P(3)), operators, operators),
    Sample(
        "comparisons",
        (R(2, 3), R(3)),
        lambda m, x, y: m.where(x > y, x * y, x),
        lambda t, x, y: t.where(x > y, x * y, x),
    ),
    # torch.floor_divide has no derivative, where ours is 0
    Sample("floor_divide", (R(4), P(4)), lambda m, x, y: m.floor_divide(x, y) * y, lambda t, x, y: t.floor(x / y) * y),
    Sample("heaviside", (R(4), P(4)), lambda m, x, y: m.heaviside(x, 0.5) * y, lambda t, x, y: (x > 0) * y),
]
