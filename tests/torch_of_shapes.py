"""What PyTorch has of NumPy's indexing, shaping and joining."""

import numpy as np
from torch_sampling import YES, I, R, Sample, same


def assigned(_, x, y):
    """Write into a tensor that was computed, and read it again."""
    z = x * x
    z[[2, 0], 1:3] = y
    return z * z[1]


INDEXING = [
    Sample("item", (R(3, 4),), lambda m, x: x[1, 2], lambda t, x: x[1, 2]),
    Sample("slice", (R(3, 4),), lambda m, x: x[1:, ::2], lambda t, x: x[1:, ::2]),
    Sample("newaxis", (R(3, 4),), lambda m, x: x[..., None, -1], lambda t, x: x[..., None, -1]),
    Sample("assignment", (R(3, 4), R(2, 1)), assigned, assigned),
    Sample("repeated index", (R(3, 4),), lambda m, x: x[I], lambda t, x: x[I]),
    Sample("two indices", (R(3, 4),), lambda m, x: x[[[0], [2]], [1, 1, 3]], lambda t, x: x[[[0], [2]], [1, 1, 3]]),
    Sample("mask", (R(2, 3),), lambda m, x: x[YES], lambda t, x: x[t.tensor(YES)]),
    Sample("take", (R(3, 4),), lambda m, x: m.take(x, I, axis=1), lambda t, x: t.index_select(x, 1, t.tensor(I))),
    Sample("take of all", (R(3, 4),), lambda m, x: m.take(x, [5, 5, 0]), lambda t, x: t.take(x, t.tensor([5, 5, 0]))),
    Sample(
        "take_along_axis",
        (R(2, 3),),
        lambda m, x: m.take_along_axis(x, np.array([I, I[::-1]]), axis=1),
        lambda t, x: t.gather(x, 1, t.tensor([I, I[::-1]])),
    ),
    Sample(
        "compress",
        (R(3, 4),),
        lambda m, x: m.compress([True, False, True], x, axis=0),
        lambda t, x: x[[True, False, True]],
    ),
    Sample("extract", (R(2, 3),), lambda m, x: m.extract(YES, x), lambda t, x: t.masked_select(x, t.tensor(YES))),
    Sample("diagonal", (R(3, 4),), lambda m, x: m.diagonal(x, 1), lambda t, x: t.diagonal(x, 1)),
    Sample("diag of a vector", (R(3),), lambda m, x: m.diag(x, -1), lambda t, x: t.diag(x, -1)),
    Sample("diag of a matrix", (R(3, 3),), lambda m, x: m.diag(x), lambda t, x: t.diag(x)),
    Sample("diagflat", (R(2, 2),), lambda m, x: m.diagflat(x), lambda t, x: t.diagflat(x)),
    Sample("tril", (R(3, 4),), lambda m, x: m.tril(x, -1), lambda t, x: t.tril(x, -1)),
    Sample("triu", (R(2, 3, 3),), lambda m, x: m.triu(x), lambda t, x: t.triu(x)),
    Sample("insert", (R(3), R(2)), lambda m, x, y: m.insert(x, 1, y), lambda t, x, y: t.cat([x[:1], y, x[1:]])),
    Sample("delete", (R(4),), lambda m, x: m.delete(x, 1), lambda t, x: t.cat([x[:1], x[2:]])),
    Sample(
        "select",
        (R(2, 3), R(2, 3)),
        lambda m, x, y: m.select([YES], [x], y),
        lambda t, x, y: t.where(t.tensor(YES), x, y),
    ),
    Sample(
        "choose",
        (R(3), R(3)),
        lambda m, x, y: m.choose(np.array([1, 0, 1]), [x, y]),
        lambda t, x, y: t.where(t.tensor([0, 1, 0]) == 1, x, y),
    ),
]

SHAPES = [
    Sample("reshape", (R(2, 6),), lambda m, x: m.reshape(x, (3, -1)), lambda t, x: t.reshape(x, (3, -1))),
    Sample("ravel", (R(2, 3),), lambda m, x: m.ravel(x), lambda t, x: t.ravel(x)),
    Sample("transpose", (R(2, 3, 4),), lambda m, x: m.transpose(x, (2, 0, 1)), lambda t, x: t.permute(x, (2, 0, 1))),
    Sample("matrix_transpose", (R(2, 3, 4),), lambda m, x: m.matrix_transpose(x), lambda t, x: x.mT),
    Sample("swapaxes", (R(2, 3, 4),), lambda m, x: m.swapaxes(x, 0, 2), lambda t, x: t.swapaxes(x, 0, 2)),
    Sample("moveaxis", (R(2, 3, 4),), lambda m, x: m.moveaxis(x, 0, -1), lambda t, x: t.moveaxis(x, 0, -1)),
    Sample("expand_dims", (R(2, 3),), lambda m, x: m.expand_dims(x, 1), lambda t, x: t.unsqueeze(x, 1)),
    Sample("squeeze", (R(2, 1, 3),), lambda m, x: m.squeeze(x, 1), lambda t, x: t.squeeze(x, 1)),
    Sample(
        "broadcast_to", (R(3, 1),), lambda m, x: m.broadcast_to(x, (2, 3, 4)), lambda t, x: t.broadcast_to(x, (2, 3, 4))
    ),
    Sample("flip", (R(2, 3),), lambda m, x: m.flip(x, (0, 1)), lambda t, x: t.flip(x, (0, 1))),
    *same((R(2, 3),), "fliplr flipud atleast_1d atleast_2d atleast_3d rot90"),
    Sample("flatten", (R(2, 3),), lambda m, x: x.flatten(), lambda t, x: t.flatten(x)),
    Sample("concat", (R(2), R(3)), lambda m, *xs: m.concat(xs), lambda t, *xs: t.concat(xs)),
    Sample("permute_dims", (R(2, 3, 4),), lambda m, x: m.permute_dims(x, (1, 2, 0)), lambda t, x: x.permute(1, 2, 0)),
    Sample("vsplit", (R(4, 2),), lambda m, x: m.vsplit(x, 2)[1], lambda t, x: t.vsplit(x, 2)[1]),
    Sample("dsplit", (R(1, 2, 4),), lambda m, x: m.dsplit(x, 2)[1], lambda t, x: t.dsplit(x, 2)[1]),
    Sample(
        "broadcast_arrays",
        (R(2, 1), R(3)),
        lambda m, *xs: m.stack(m.broadcast_arrays(*xs)),
        lambda t, *xs: t.stack(t.broadcast_tensors(*xs)),
    ),
    Sample("block", (R(2, 2), R(2, 1)), lambda m, x, y: m.block([[x, y]]), lambda t, x, y: t.hstack((x, y))),
    Sample(
        "linspace",
        (R(2), R(2)),
        lambda m, x, y: m.linspace(x, y, 5),
        lambda t, x, y: x + (y - x) * t.arange(5)[:, None] / 4,
    ),
    Sample("roll", (R(2, 3),), lambda m, x: m.roll(x, 2, axis=1), lambda t, x: t.roll(x, 2, 1)),
    Sample("roll of all", (R(2, 3),), lambda m, x: m.roll(x, -2), lambda t, x: t.roll(x, -2)),
    Sample("tile", (R(2, 3),), lambda m, x: m.tile(x, (2, 1, 2)), lambda t, x: t.tile(x, (2, 1, 2))),
    Sample("repeat", (R(2, 3),), lambda m, x: m.repeat(x, 2, axis=1), lambda t, x: t.repeat_interleave(x, 2, 1)),
    Sample("repeat by counts", (R(3),), lambda m, x: m.repeat(x, I), lambda t, x: t.repeat_interleave(x, t.tensor(I))),
    Sample("concatenate", (R(2, 3), R(2, 1)), lambda m, *xs: m.concatenate(xs, axis=1), lambda t, *xs: t.cat(xs, 1)),
    Sample("stack", (R(2, 3), R(2, 3)), lambda m, *xs: m.stack(xs, axis=1), lambda t, *xs: t.stack(xs, 1)),
    *[
        Sample(
            name, (R(2, 3), R(2, 3)), lambda m, *xs, f=name: getattr(m, f)(xs), lambda t, *xs, f=name: getattr(t, f)(xs)
        )
        for name in ("vstack", "hstack", "dstack", "column_stack")
    ],
    Sample("split", (R(2, 6),), lambda m, x: m.split(x, 3, axis=1)[1], lambda t, x: t.split(x, 2, 1)[1]),
    Sample("array_split", (R(5),), lambda m, x: m.array_split(x, 2)[0], lambda t, x: t.tensor_split(x, 2)[0]),
    Sample("hsplit", (R(2, 4),), lambda m, x: m.hsplit(x, 2)[0], lambda t, x: t.hsplit(x, 2)[0]),
    Sample("unstack", (R(2, 3),), lambda m, x: m.unstack(x, axis=1)[2], lambda t, x: t.unbind(x, 1)[2]),
    Sample("pad", (R(2, 3),), lambda m, x: m.pad(x, ((0, 0), (1, 2))), lambda t, x: t.nn.functional.pad(x, (1, 2))),
    *[
        Sample(
            f"pad, {ours}",
            (R(2, 4),),
            lambda m, x, mode=ours: m.pad(x, ((0, 0), (2, 1)), mode=mode),
            lambda t, x, mode=theirs: t.nn.functional.pad(x, (2, 1), mode=mode),
        )
        for ours, theirs in {"edge": "replicate", "reflect": "reflect", "wrap": "circular"}.items()
    ],
    Sample(
        "meshgrid",
        (R(2), R(3)),
        lambda m, x, y: m.meshgrid(x, y)[0] * m.meshgrid(x, y)[1],
        lambda t, x, y: x * y[:, None],
    ),
    # torch.vander works in place, and has no second derivative
    Sample("vander", (R(3),), lambda m, x: m.vander(x, 4), lambda t, x: x[:, None] ** t.arange(3, -1, -1)),
]
