"""Names that users of PyTorch, NumPy and micrograd type and that are spelled otherwise here: what to write instead.

One table by place. `missing_name` gives the words of the AttributeError: the hint of the table, or else the nearest
names that exist. Knows nothing of what the names stand for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .where import users_line

TENSOR = {
    "H": "np.conj(t).mT",
    "abs": "abs(t), or np.abs(t)",
    "add_": "w.data += x, or an optimiser",
    "addmm": "t + t @ u",
    "argwhere": "np.argwhere(t)",
    "base": "t.data.base",
    "bmm": "t @ u, which multiplies stacks of matrices too",
    "bool": "t.astype(bool)",
    "cat": "np.concatenate([t, u])",
    "cholesky": "np.linalg.cholesky(t @ t.T)",
    "chunk": "np.array_split(t, n)",
    "clamp": "t.clip(low, high)",
    "clone": "+t, or t.copy()",
    "contiguous": "t itself: results are computed from any layout",
    "copy_": "t[...] = x, or w.assign(x)",
    "corrcoef": "np.corrcoef(t)",
    "cov": "np.cov(t)",
    "cpu": "t itself: data is in the memory of this computer",
    "cross": "np.cross(t, u)",
    "ctypes": "t.data.ctypes",
    "cuda": 't itself; tg.compile(f, backend="jax") computes elsewhere',
    "data_ptr": "t.data.ctypes.data",
    "det": "np.linalg.det(t)",
    "diff": "np.diff(t)",
    "dim": "t.ndim",
    "dist": "np.linalg.norm(t - u)",
    "div_": "w.data /= x, or an optimiser",
    "double": "t.astype(np.float64)",
    "element_size": "t.itemsize",
    "eq": "t == u",
    "expand": "np.broadcast_to(t, shape)",
    "fft": "np.fft.fft(t)",
    "fill_": "t[...] = x",
    "flags": "t.data.flags",
    "flip": "np.flip(t, axis)",
    "float": "t.astype(np.float32)",
    "gather": "np.take_along_axis(t, indices, axis)",
    "get_device": "t itself: data is in the memory of this computer",
    "grad_fn": "t.op and t.inputs",
    "half": "t.astype(np.float16)",
    "heaviside": "np.heaviside(t, x)",
    "histc": "np.histogram(t.data)",
    "index_select": "t[indices], or np.take(t, indices, axis)",
    "inner": "np.inner(t, u)",
    "int": "t.astype(int)",
    "inverse": "np.linalg.inv(t)",
    "is_cuda": "t itself: data is in the memory of this computer",
    "is_leaf": "t.op is None",
    "lerp": "t + (u - t) * x",
    "log_softmax": "tg.log_softmax(t, axis)",
    "logsumexp": "tg.logsumexp(t, axis)",
    "long": "t.astype(np.int64)",
    "masked_fill": "np.where(mask, x, t)",
    "matmul": "t @ u",
    "median": "np.median(t)",
    "mm": "t @ u",
    "movedim": "np.moveaxis(t, source, destination)",
    "mul_": "w.data *= x, or an optimiser",
    "nan_to_num": "np.nan_to_num(t)",
    "narrow": "t[start:stop]",
    "ndimension": "t.ndim",
    "nelement": "t.size",
    "new_ones": "tg.Tensor(np.ones(shape))",
    "new_zeros": "tg.Tensor(np.zeros(shape))",
    "norm": "np.linalg.norm(t)",
    "normal_": "tg.nn.init.normal_",
    "numel": "t.size",
    "outer": "np.outer(t, u)",
    "permute": "t.transpose(axes)",
    "pin_memory": "t itself: data is in the memory of this computer",
    "pow": "t ** n",
    "qr": "np.linalg.qr(t)",
    "quantile": "np.quantile(t, 0.5)",
    "register_hook": "tg.gradients(loss, [t])",
    "requires_grad_": "t.requires_grad = True",
    "resize": "np.resize(t.data, shape)",
    "retain_grad": "t.sum().backward(retain_grad=True)",
    "roll": "np.roll(t, shift, axis)",
    "rot90": "np.rot90(t)",
    "scatter_add": "tg.one_hot(indices, classes).T @ t",
    "share_memory_": "t itself: data is in the memory of this computer",
    "softmax": "tg.softmax(t, axis)",
    "split": "np.split(t, parts)",
    "storage": "t.data",
    "stride": "t.data.strides",
    "strides": "t.data.strides",
    "sub_": "w.data -= x, or an optimiser",
    "svd": "np.linalg.svd(t)",
    "swapdims": "t.swapaxes(0, 1)",
    "t": "t.T",
    "take_along_dim": "np.take_along_axis(t, indices, axis)",
    "tile": "np.tile(t, times)",
    "to": "t.astype(dtype)",
    "to_numpy": "t.data",
    "tobytes": "t.data.tobytes()",
    "topk": "t[np.argsort(t)[::-1][:k]]",
    "tril": "np.tril(t)",
    "triu": "np.triu(t)",
    "type": "t.astype(dtype)",
    "unbind": "tg.unstack(t)",
    "uniform_": "tg.nn.init.uniform_",
    "unique": "np.unique(t.data)",
    "unsqueeze": "np.expand_dims(t, axis), or t[:, None]",
    "vdot": "np.vdot(t, u)",
    "view": "t.reshape(shape)",
    "view_as": "t.reshape(u.shape)",
    "zero_": "t.grad = None, model.zero_grad(), or t[...] = 0",
}
VALUE = {
    "reshape": "Tensor(v.data): a Value is one number",
    "shape": "Tensor(v.data): a Value is one number",
    "sum": "sum([v, w]), or Tensor for arrays",
    "mean": "sum([v, w]) / 2, or Tensor for arrays",
}
KEYWORDS = {"dim": "axis", "dims": "axes", "keepdim": "keepdims", "unbiased": "ddof"}
PACKAGE = {
    "Variable": "tg.Tensor(data)",
    "allclose": "np.allclose(t, u)",
    "arange": "tg.Tensor(np.arange(5.0))",
    "as_tensor": "tg.Tensor(data)",
    "autograd": "tg.grad, tg.gradients, tg.vjp, tg.jvp",
    "bmm": "t @ u, which multiplies stacks of matrices too",
    "cat": "tg.concatenate([t, u])",
    "chunk": "tg.array_split(t, n)",
    "clamp": "tg.clip(t, low, high)",
    "cuda": 'tg.compile(f, backend="jax")',
    "device": "no device: data is in the memory of this computer",
    "empty": "tg.Tensor(np.empty(shape))",
    "enable_grad": "the statements outside of `with tg.no_grad():`",
    "eye": "tg.Tensor(np.eye(3))",
    "float32": "np.float32",
    "float64": "np.float64",
    "from_numpy": "tg.Tensor(array)",
    "gather": "tg.take_along_axis(t, indices, axis)",
    "identity": "tg.Tensor(np.eye(3))",
    "int64": "np.int64",
    "is_tensor": "isinstance(x, tg.Tensor)",
    "jit": "tg.compile(f)",
    "long": "np.int64",
    "manual_seed": "rng=np.random.default_rng(0), given to what draws numbers: layers, batches, dropout",
    "mm": "t @ u",
    "multinomial": "np.random.default_rng(0).choice(len(p), p=p)",
    "norm": "tg.linalg.norm(t)",
    "numpy": "NumPy's own functions: they work on tensors, np.exp(t)",
    "ones": "tg.Tensor(np.ones(shape))",
    "optim": "tg.nn.SGD, tg.nn.Adam, also tg.nn.optim",
    "permute": "tg.transpose(t, axes)",
    "rand": "tg.Tensor(np.random.default_rng(0).random(shape))",
    "randint": "np.random.default_rng(0).integers(low, high, shape)",
    "randn": "tg.Tensor(np.random.default_rng(0).normal(size=shape))",
    "random": "np.random.default_rng(0)",
    "set_grad_enabled": "with tg.no_grad():",
    "set_printoptions": "np.set_printoptions",
    "tensor": "tg.Tensor(data)",
    "topk": "np.argsort(t.data)[::-1][:k]",
    "unsqueeze": "tg.expand_dims(t, axis)",
    "utils": "tg.data.batches instead of a DataLoader",
    "vectorize": "tg.compile(f)",
    "view": "tg.reshape(t, shape)",
    "zeros": "tg.Tensor(np.zeros(shape))",
}
MODULE = {
    "cpu": "model itself: data is in the memory of this computer",
    "cuda": 'model itself; tg.compile(step, backend="jax") computes elsewhere',
    "double": "dtype=np.float64 where layers are made",
    "float": "dtype=np.float32 where layers are made",
    "half": "dtype=np.float16 where layers are made",
    "requires_grad_": "p.requires_grad = False for p in model.parameters()",
    "to": "model itself; dtype=np.float32 where layers are made",
}
NN = {
    "DataParallel": 'tg.compile(step, backend="jax", devices=4)',
    "ModuleDict": "a plain dict of modules as an attribute: a module finds it by itself",
    "ParameterList": "a plain list of tensors as an attribute: a module finds it by itself",
    "utils": "tg.nn.clip_grad_norm and its like",
}


class Missing:
    """An attribute of a class that only tells what to write instead; `hasattr` says that it is not there."""

    def __init__(self, place: str, name: str, hints: dict[str, str]) -> None:
        self.message = missing_name(place, name, hints)

    def __get__(self, instance: object, owner: type) -> Any:
        raise AttributeError(self.message)


def hint(cls: type, place: str, hints: dict[str, str]) -> None:
    """Give a class a `Missing` attribute for every name of `hints` that it does not have."""
    for name in hints:
        if not hasattr(cls, name):
            setattr(cls, name, Missing(place, name, hints))


def keyword(name: str, keywords: Iterable[str]) -> TypeError | None:
    """Return the error for a call of a method `name` with PyTorch's name for a keyword of NumPy's, if there is one."""
    for given in keywords:
        if given in KEYWORDS:
            return TypeError(f"{name}() has no keyword {given!r}: write {KEYWORDS[given]}= (at {users_line()})")
    return None


def missing_name(place: str, name: str, hints: dict[str, str], known: Iterable[str] = ()) -> str:
    """Return the message for an attribute that does not exist: `place` is how the user wrote its owner."""
    if name in hints:
        return f"{place} has no {name!r}: write {hints[name]}"
    import difflib  # here, because only a mistake needs it

    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.75)
    return f"{place} has no attribute {name!r}" + (f": did you mean {' or '.join(map(repr, near))}?" if near else "")


def foreign_function(library: str, name: str) -> str:
    """Return the message for a function of another library that was handed a tensor."""
    said = PACKAGE.get(name) or TENSOR.get(name) or "the function of that name in tg or np"
    return f"{library}.{name} does not work on a tensor of tinygrad_edu: write {said} (at {users_line()})"
