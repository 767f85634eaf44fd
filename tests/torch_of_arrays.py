"""What PyTorch has of NumPy's reductions, cumulative functions and sorting."""

import numpy as np
from torch_sampling import HOLES, YES, Draw, I, P, R, Sample, same

ZERO = Draw((1,), 0.0, 0.0)


def along(name, theirs, axes, ours_keywords, their_keywords):
    """Sample a reduction over several axes; its keywords are made of an axis."""
    return [
        Sample(
            f"{name} along {axis}",
            (R(2, 3, 2),),
            lambda m, x, axis=axis: getattr(m, name)(x, **ours_keywords(axis)),
            lambda t, x, axis=axis: getattr(t, theirs)(x, **their_keywords(axis)),
        )
        for axis in axes
    ]


REDUCTIONS = [
    *same((R(2, 3),), "sum mean prod max min amax amin nansum nanmean"),
    *[
        sample
        for name, theirs in {"sum": "sum", "mean": "mean", "max": "amax", "min": "amin", "nansum": "nansum"}.items()
        for sample in along(
            name,
            theirs,
            (0, (0, 2), -1),
            lambda axis: {"axis": axis, "keepdims": axis == (0, 2)},
            lambda axis: {"dim": axis, "keepdim": axis == (0, 2)},
        )
    ],
    *along("std", "std", (1, (0, 2)), lambda a: {"axis": a}, lambda a: {"dim": a, "correction": 0}),
    *along("var", "var", (0, (1, 2)), lambda a: {"axis": a, "ddof": 1}, lambda a: {"dim": a, "correction": 1}),
    *along("prod", "prod", (0, 1), lambda a: {"axis": a}, lambda a: {"dim": a}),
    Sample(
        "prod with a zero",
        (R(2), ZERO, R(1)),
        lambda m, *xs: m.prod(m.concatenate(xs)),
        lambda t, *xs: t.prod(t.cat(xs)),
    ),
    Sample("ptp", (R(2, 3),), lambda m, x: m.ptp(x, axis=1), lambda t, x: t.amax(x, 1) - t.amin(x, 1)),
    Sample("median", (R(2, 5),), lambda m, x: m.median(x, axis=1), lambda t, x: t.median(x, 1).values),
    # torch.median takes the lower of two middle numbers; NumPy's, and so ours, their mean, as torch's quantile does
    Sample("median of four", (R(2, 4),), lambda m, x: m.median(x, axis=1), lambda t, x: t.quantile(x, 0.5, 1)),
    Sample("quantile", (R(2, 5),), lambda m, x: m.quantile(x, 0.3, axis=1), lambda t, x: t.quantile(x, 0.3, 1)),
    Sample("percentile", (R(2, 5),), lambda m, x: m.percentile(x, 30), lambda t, x: t.quantile(x, 0.3)),
    *[
        Sample(
            f"quantile, {method}",
            (R(6),),
            lambda m, x, method=method: m.quantile(x, 0.3, method=method),
            lambda t, x, method=method: t.quantile(x, 0.3, interpolation=method),
        )
        for method in ("lower", "higher", "midpoint")
    ],
    Sample(
        "nansum of holes",
        (R(2, 3),),
        lambda m, x: m.nansum(x + HOLES, 1),
        lambda t, x: t.nansum(x + t.tensor(HOLES), 1),
    ),
    *[
        Sample(
            f"{name} of holes",
            (R(2, 3),),
            lambda m, x, f=name: getattr(m, f)(x + HOLES, 1),
            lambda t, x, f=theirs, e=neutral: getattr(t, f)(t.where(t.tensor(YES), e, x), 1),  # torch has none of these
        )
        for name, theirs, neutral in (("nanmax", "amax", -np.inf), ("nanmin", "amin", np.inf), ("nanprod", "prod", 1.0))
    ],
    Sample("nanvar", (R(2, 3),), lambda m, x: m.nanvar(x + HOLES), lambda t, x: x[~t.tensor(YES)].var(correction=0)),
    Sample("nanstd", (R(2, 3),), lambda m, x: m.nanstd(x + HOLES), lambda t, x: x[~t.tensor(YES)].std(correction=0)),
    Sample(
        "nanmean of holes",
        (R(2, 3),),
        lambda m, x: m.nanmean(x + HOLES, 1),
        lambda t, x: t.nanmean(x + t.tensor(HOLES), 1),
    ),
    Sample(
        "nanquantile",
        (R(2, 3),),
        lambda m, x: m.nanquantile(x + HOLES, 0.4, axis=1),
        lambda t, x: t.nanquantile(x + t.tensor(HOLES), 0.4, 1),
    ),
    Sample(
        "average",
        (R(2, 3), P(3)),
        lambda m, x, w: m.average(x, axis=1, weights=w),
        lambda t, x, w: (x * w).sum(1) / w.sum(),
    ),
    Sample("cov", (R(3, 5),), lambda m, x: m.cov(x), lambda t, x: t.cov(x)),
    Sample("cov, ddof 0", (R(3, 5),), lambda m, x: m.cov(x, ddof=0), lambda t, x: t.cov(x, correction=0)),
    Sample("corrcoef", (R(3, 5),), lambda m, x: m.corrcoef(x), lambda t, x: t.corrcoef(x)),
    Sample("trapezoid", (R(2, 4), R(4)), lambda m, y, x: m.trapezoid(y, x), lambda t, y, x: t.trapezoid(y, x)),
    Sample(
        "trapezoid, dx",
        (R(4, 2),),
        lambda m, y: m.trapezoid(y, dx=0.3, axis=0),
        lambda t, y: t.trapezoid(y, dx=0.3, dim=0),
    ),
    Sample("add.reduce", (R(2, 3),), lambda m, x: np.add.reduce(x, axis=1), lambda t, x: t.sum(x, 1)),
    Sample("logaddexp.reduce", (R(2, 3),), lambda m, x: np.logaddexp.reduce(x), lambda t, x: t.logsumexp(x, 0)),
    Sample("add.outer", (R(2), R(3)), lambda m, x, y: np.add.outer(x, y), lambda t, x, y: x[:, None] + y),
    Sample(
        "nanmedian",
        (R(5),),
        lambda m, x: m.nanmedian(m.append(x, [np.nan])),
        lambda t, x: t.nanmedian(t.nn.functional.pad(x, (0, 1), value=np.nan)),
    ),
    Sample(
        "bincount",
        (R(3),),
        lambda m, w: m.bincount(I, w, 4),
        lambda t, w: t.zeros(4, dtype=w.dtype).index_add(0, t.tensor(I), w),
    ),
]

CUMULATIVE = [
    Sample("cumsum", (R(2, 3),), lambda m, x: m.cumsum(x, axis=1), lambda t, x: t.cumsum(x, 1)),
    Sample("cumsum of all", (R(2, 3),), lambda m, x: m.cumsum(x), lambda t, x: t.cumsum(x.ravel(), 0)),
    Sample("cumprod", (R(2, 3),), lambda m, x: m.cumprod(x, axis=0), lambda t, x: t.cumprod(x, 0)),
    Sample(
        "cumprod with a zero",
        (R(2), ZERO, R(1)),
        lambda m, *xs: m.cumprod(m.concatenate(xs)),
        lambda t, *xs: t.cumprod(t.cat(xs), 0),
    ),
    Sample("cumulative_sum", (R(5),), lambda m, x: m.cumulative_sum(x), lambda t, x: t.cumsum(x, 0)),
    Sample("cumulative_prod", (R(5),), lambda m, x: m.cumulative_prod(x), lambda t, x: t.cumprod(x, 0)),
    Sample("logcumsumexp", (R(5),), lambda m, x: m.log(m.cumsum(m.exp(x))), lambda t, x: t.logcumsumexp(x, 0)),
    Sample("diff", (R(2, 4),), lambda m, x: m.diff(x), lambda t, x: t.diff(x)),
    Sample("second diff", (R(4, 2),), lambda m, x: m.diff(x, n=2, axis=0), lambda t, x: t.diff(x, n=2, dim=0)),
    Sample("diff, prepend", (R(4), R(1)), lambda m, x, y: m.diff(x, prepend=y), lambda t, x, y: t.diff(x, prepend=y)),
    Sample("gradient", (R(3, 4),), lambda m, x: m.gradient(x, axis=1), lambda t, x: t.gradient(x, dim=1)[0]),
    Sample(
        "gradient, edges",
        (R(5),),
        lambda m, x: m.gradient(x, 0.5, edge_order=2),
        lambda t, x: t.gradient(x, spacing=0.5, edge_order=2)[0],
    ),
]

ORDER = [
    Sample("sort", (R(2, 4),), lambda m, x: m.sort(x), lambda t, x: t.sort(x).values),
    Sample("sort, axis 0", (R(4, 2),), lambda m, x: m.sort(x, axis=0), lambda t, x: t.sort(x, 0).values),
    Sample("partition", (R(5),), lambda m, x: m.partition(x, 2)[2], lambda t, x: t.kthvalue(x, 3).values),
    Sample("largest two", (R(5),), lambda m, x: m.sort(x)[-2:], lambda t, x: t.topk(x, 2).values.flip(0)),
    Sample("by argsort", (R(5), R(5)), lambda m, x, y: y[m.argsort(x)], lambda t, x, y: y[t.argsort(x)]),
    Sample("by argmax", (R(5), R(5)), lambda m, x, y: y[m.argmax(x)], lambda t, x, y: y[t.argmax(x)]),
]
