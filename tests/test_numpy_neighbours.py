"""NumPy's functions of neighbours, grids and padding, handed tensors: values as NumPy's, derivatives as measured."""

import numpy as np
from numpy.lib import NumpyVersion
from slopes import A, Cases, number, positive, v, w

RNG = np.random.default_rng(1)
case = Cases()
case("diff", np.diff, A)
case("diff2", lambda x: np.diff(x, 2, axis=0), A)
case("diffp", lambda x, y: np.diff(x, prepend=y, append=0.0), A, number)
case("diffpa", lambda x, y: np.diff(x, axis=0, append=y), A, w[None])
case("ediff1d", lambda x: np.ediff1d(x, to_begin=[1.0, 2.0], to_end=3.0), A)
case("gradient", np.gradient, v)
case("gradient2", np.gradient, RNG.normal(size=(4, 5)))
case("gradienth", lambda x: np.gradient(x, 0.3), v)
case("gradientx", lambda x, y: np.gradient(x, y, edge_order=2), v, np.cumsum(positive))
case("gradient3", lambda x: np.gradient(x, 2.0, np.arange(5.0) ** 2, edge_order=2), RNG.normal(size=(4, 5)))
case("gradienta", lambda x: np.gradient(x, axis=1, edge_order=2), RNG.normal(size=(4, 5)))
case("gradient22", lambda x: np.gradient(x), v[:2])
case("trapezoid", np.trapezoid, A)
case("trapx", lambda x, y: np.trapezoid(x, y), A, np.cumsum(np.abs(w)))
case("trapd", lambda x, y: np.trapezoid(x, dx=y, axis=0), A, number)
case("trap0", lambda x, y: np.trapezoid(x, y, axis=0), A, np.cumsum(np.abs(v[:3])))
case("unwrap", np.unwrap, np.array([0.0, 3, 6.5, -1, 2]))
case("interp", lambda x, y, z: np.interp(x, y, z), RNG.normal(size=7) * 2, np.cumsum(positive), v)
case("interplr", lambda x, z: np.interp(x, np.arange(5.0), z, left=-1.0, right=2.0), np.linspace(-1.05, 6, 9), v)
case(
    "interpp",
    lambda x, z: np.interp(x, np.array([1.0, 0.2, 3.0, 2.2, 3.9]), z, period=4.0),
    np.linspace(-1.05, 6, 9),
    v,
)
case("polyval", lambda p, x: np.polyval(p, x), w, A)
case("vander", np.vander, v)
case("vander2", lambda x: np.vander(x, 3, increasing=True), v)
for mode in ("full", "same", "valid"):
    case("convolve" + mode, lambda x, y, mode=mode: np.convolve(x, y, mode), v, w[:3])
    case("convolver" + mode, lambda x, y, mode=mode: np.convolve(x, y, mode), w[:2], v)
    case("correlate" + mode, lambda x, y, mode=mode: np.correlate(x, y, mode), v, w[:3])
    case("correlater" + mode, lambda x, y, mode=mode: np.correlate(x, y, mode), w[:2], v)
    case("correlatee" + mode, lambda x, y, mode=mode: np.correlate(x, y, mode), v, w)
    case("correlateer" + mode, lambda x, y, mode=mode: np.correlate(x, y, mode), w, v)
case("meshgrid", lambda x, y: np.meshgrid(x, y), v, w)
case("meshgridij", lambda x, y: np.meshgrid(x, y, indexing="ij", sparse=True), v, w)
case("linspace", lambda x, y: np.linspace(x, y, 5), v, positive)
case("linspacer", lambda x, y: np.linspace(x, y, 4, endpoint=False, retstep=True, axis=-1), number, v)
for mode in ("constant", "edge", "reflect", "symmetric", "wrap", "linear_ramp", "maximum", "minimum", "mean", "median"):
    case("pad" + mode, lambda x, mode=mode: np.pad(x, ((1, 2), (2, 1)), mode=mode), A)
case("padc", lambda x: np.pad(x, 1, constant_values=((1.0, 2.0), (3.0, 4.0))), A)
case("padro", lambda x: np.pad(x, 2, mode="reflect", reflect_type="odd"), A)
case("padso", lambda x: np.pad(x, (1, 2), mode="symmetric", reflect_type="odd"), A)
case("padst", lambda x: np.pad(x, 2, mode="mean", stat_length=2), A)
if NumpyVersion(np.__version__) >= "2.2.0":
    case("paddict", lambda x: np.pad(x, {1: 2, 0: (1, 0)}), A)
case("padend", lambda x: np.pad(x, 2, mode="linear_ramp", end_values=(1.0, -1.0)), A)
case("padbig", lambda x: np.pad(x, 9, mode="reflect"), A)


test_values_and_derivatives = case.test()
