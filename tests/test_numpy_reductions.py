"""NumPy's reductions, order statistics and statistics, handed tensors: values as NumPy's, derivatives as measured."""

import numpy as np
from slopes import A, Cases, P, T, mask, number, positive, v, w

RNG = np.random.default_rng(1)
Q = RNG.permutation(24).reshape(2, 3, 4) * 0.37 - 3.0
N = np.where(RNG.random((3, 4)) < 0.2, np.nan, 0.0)
Z = A * [[1, 0, 1, 1], [1, 1, 1, 1], [1, 0, 1, 0]]
case = Cases()
for n in ["sum", "prod", "mean", "var", "std", "max", "min", "amax", "amin", "ptp", "median"]:
    f = getattr(np, n)
    for k, kw in enumerate(
        [{}, {"axis": 0}, {"axis": -1, "keepdims": True}, {"axis": (0, 2)}, {"axis": None, "keepdims": True}]
    ):
        case(f"{n}{k}", lambda x, f=f, kw=kw: f(x, **kw), Q if n == "median" else T)
    if hasattr(T, n):
        case(n + "m", lambda x, n=n: getattr(x, n)(axis=1), T)
for n in ["sum", "mean"]:  # rows of a matrix are added up by a product
    for k, axis in enumerate([0, (0,), -2]):
        case(f"{n}rows{k}", lambda x, n=n, axis=axis: getattr(np, n)(x, axis=axis), A)
        case(f"{n}rowskd{k}", lambda x, n=n, axis=axis: getattr(np, n)(x, axis=axis, keepdims=True), A)
for n in ["sum", "prod", "mean", "var", "std"]:
    case(n + "where", lambda x, n=n: getattr(np, n)(x, axis=0, where=mask), A)
case("maxw", lambda x: np.max(x, axis=1, initial=-0.2, where=mask), A)
case("minw", lambda x: np.min(x, initial=0.2, where=mask), A)
case("suminit", lambda x: np.sum(x, axis=1, initial=3.0), A)
case("prodinit", lambda x: np.prod(x, initial=3.0), A)
case("sumt", lambda x, y: np.sum(x, initial=y), A, number)
for n in ["var", "std"]:
    case(n + "ddof", lambda x, n=n: getattr(np, n)(x, axis=1, ddof=1), A)
    case(n + "corr", lambda x, n=n: getattr(np, n)(x, axis=1, correction=1), A)
    case(n + "mean", lambda x, n=n: getattr(np, n)(x, axis=1, keepdims=True, mean=np.mean(x, axis=1, keepdims=True)), A)
case("prodz", lambda x: np.prod(x, axis=1), Z)
case("prodz0", np.prod, Z)
case("prodzm", lambda x: np.prod(x, axis=(0, 2)), np.where(abs(T) < 0.3, 0, T))
NAN_FUNCTIONS = "nansum nanprod nanmean nanvar nanstd nanmax nanmin nanmedian nancumsum nancumprod"
for n in NAN_FUNCTIONS.split():
    for k, kw in enumerate([{}, {"axis": 0}, {"axis": 1}]):
        case(f"{n}{k}", lambda x, n=n, kw=kw: getattr(np, n)(np.where(np.isnan(N), np.nan, x), **kw), A)
    if n[3:6] != "cum":
        case(f"{n}kd", lambda x, n=n: getattr(np, n)(np.where(np.isnan(N), np.nan, x), axis=1, keepdims=True), A)
case("nanvarddof", lambda x: np.nanvar(np.where(np.isnan(N), np.nan, x), axis=1, ddof=1), A)
R = RNG.permutation(12).reshape(3, 4) * 0.37 - 2.0
for q in (0.3, [0.1, 0.5, 0.9], 1.0):
    case(f"quantile{q}", lambda x, q=q: np.quantile(x, q, axis=1), Q)
    case(f"percentile{q}", lambda x, q=q: np.percentile(x, np.asarray(q) * 100, keepdims=True), Q)
    case(f"nanquantile{q}", lambda x, q=q: np.nanquantile(np.where(np.isnan(N), np.nan, x), q, axis=1), R)
    case(
        f"nanpercentile{q}",
        lambda x, q=q: np.nanpercentile(np.where(np.isnan(N), np.nan, x), np.asarray(q) * 100, axis=0, keepdims=True),
        R,
    )
METHODS = (
    "inverted_cdf averaged_inverted_cdf closest_observation interpolated_inverted_cdf hazen weibull "
    "linear median_unbiased normal_unbiased lower higher midpoint nearest"
)
for meth in METHODS.split():
    case(
        "q_" + meth,
        lambda x, meth=meth: np.quantile(x, [0.13, 0.5, 0.77], axis=0, method=meth),
        RNG.permutation(14).reshape(7, 2) * 0.4,
    )
case("average", lambda x: np.average(x, axis=1), A)
case("averagew", lambda x, y: np.average(x, axis=1, weights=y), P, np.abs(w) + 0.1)
case("averager", lambda x: np.average(x, weights=P, returned=True), A)
case("averagekd", lambda x, y: np.average(x, axis=(1, 2), weights=y, keepdims=True), T, np.abs(A) + 0.2)
case("cov", np.cov, A)
case("cov2", lambda x, y: np.cov(x, y), v, positive)
case("covr", lambda x: np.cov(x, rowvar=False, bias=True), A)
case("covw", lambda x: np.cov(x, aweights=np.abs(w), fweights=[1, 2, 3, 1]), A)
case("cov1", np.cov, v)
case("covd", lambda x: np.cov(x, ddof=0), A)
case("corrcoef", np.corrcoef, A)
case("corrcoef2", lambda x, y: np.corrcoef(x, y), v, positive)
case("cumsum", np.cumsum, A)
case("cumsum1", lambda x: np.cumsum(x, axis=1), A)
case("cumprod", np.cumprod, A)
case("cumprod1", lambda x: np.cumprod(x, axis=-1), Z)
case("cumprodT", lambda x: np.cumprod(x, axis=1), T)
case("cumprodm", lambda x: x.cumprod(axis=0), Z)
if hasattr(np, "cumulative_sum"):  # since NumPy 2.1
    case("cumulative_sum", lambda x: np.cumulative_sum(x, axis=1, include_initial=True), A)
    case("cumulative_prod", lambda x: np.cumulative_prod(x, axis=0), A)
for n in ["logaddexp", "maximum", "minimum", "add", "multiply", "hypot", "subtract", "fmax"]:
    case(n + "reduce", lambda x, n=n: getattr(np, n).reduce(x, axis=int(n != "subtract")), A)
    case(n + "acc", lambda x, n=n: getattr(np, n).accumulate(x, axis=1), A)
    case(n + "outer", lambda x, y, n=n: getattr(np, n).outer(x, y), A, v * 1.1 + 0.05)
case("addreducekd", lambda x: np.add.reduce(x, axis=(0, 2), keepdims=True), T)
case("hypotkd", lambda x: np.hypot.reduce(x, axis=1, keepdims=True), A)


test_values_and_derivatives = case.test()
