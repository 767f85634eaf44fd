"""NumPy's ufuncs, handed tensors: values as NumPy's, derivatives as measured."""

import numpy as np
from numpy.lib import NumpyVersion
from slopes import A, Cases, P, positive, v, w

case = Cases()
UNARY = (
    "sin cos tan exp exp2 expm1 square negative positive arctan sinh cosh tanh arcsinh sinc abs absolute fabs "
    "deg2rad rad2deg degrees radians cbrt reciprocal conj conjugate real nan_to_num"
)
for n in UNARY.split():
    case(n, getattr(np, n), A)
case("sinc2", lambda x: np.sinc(x), np.array([0.0, 0.001, 0.5, 1.0, 2.5, -4.0, 30.0]))
for n in ["log", "log2", "log10", "log1p", "sqrt"]:
    case(n, getattr(np, n), P)
for n in ["arcsin", "arccos", "arctanh", "acos", "asin", "atanh"]:
    case(n, getattr(np, n), np.tanh(v) * 0.8)
for n in ["arccosh", "acosh"]:
    case(n, getattr(np, n), positive + 1)
BINARY = (
    "add subtract multiply divide true_divide maximum minimum fmax fmin arctan2 hypot logaddexp logaddexp2 copysign "
    "atan2"
)
for n in BINARY.split():
    case(n, getattr(np, n), A, w)
for n in ["power", "pow", "float_power", "mod", "remainder", "fmod"]:
    case(n, getattr(np, n), P, np.abs(w) + 0.3)
case("heaviside", np.heaviside, A, w, order=1)
case("divmod", lambda x, y: np.divmod(x, y), P, np.abs(w) + 0.3)
case("modf", lambda x: np.modf(x)[0], A)
case("frexp", lambda x: np.frexp(x)[0], A + 0.2)
case("ldexp", lambda x: np.ldexp(x, np.array([1, 2, 3, -1])), A)
case("clip", lambda x: np.clip(x, -0.5, 0.7), A)
case("clipNone", lambda x: np.clip(x, None, 0.7), A)
case("clipmin", lambda x: np.clip(x, min=0.1) if NumpyVersion(np.__version__) >= "2.1.0" else np.clip(x, 0.1, None), A)
case("clip3", lambda x, a, b: np.clip(x, a, b), A, w - 1, w + 0.5)
case("fexp dtype", lambda x: np.exp(x, dtype=np.float64), A)


test_values_and_derivatives = case.test()
