"""Results of NumPy's functions on tensors of every dtype: NumPy's numbers, shapes and dtypes."""

import inspect

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor
from tinygrad_edu.core.node import data_of
from tinygrad_edu.core.op import TABLE

REDUCTIONS = """
    np.sum(x) np.sum(x,0) np.sum(x,axis=1,keepdims=True) np.sum(x,dtype=np.uint8) np.sum(x,dtype=np.float32)
    np.sum(x,dtype=np.int16,axis=0) np.prod(x,0) np.prod(x,dtype=np.int8) np.mean(x) np.mean(x,0)
    np.mean(x,dtype=np.float32) np.var(x) np.var(x,0,ddof=1) np.std(x,1) np.max(x) np.min(x,0) np.ptp(x,1)
    np.cumsum(x) np.cumsum(x,1) np.cumsum(x,0,dtype=np.uint8) np.cumprod(x,1) np.cumprod(x,dtype=np.int8)
    np.cumulative_sum(x,axis=1) np.cumulative_prod(x,axis=0,include_initial=True) np.any(x) np.all(x,0) np.argmax(x)
    np.argmin(x,1) np.argsort(x,1) np.median(x) np.median(x,0) np.quantile(x,.3) np.percentile(x,[10,50],axis=0)
    np.average(x) np.average(x,0,weights=w) np.count_nonzero(x) np.nansum(x) np.nanmean(x) np.nanprod(x,0)
    np.nanmax(x) np.nanvar(x) np.nanmedian(x) np.nancumsum(x) np.nanquantile(x,.5) x.sum() x.mean(0) x.max(1)
    x.std() x.cumsum() x.prod() x.any() x.argmax() x.var() np.max(x,initial=9) np.sum(x,where=x>1)
    np.sum(x,initial=2) np.mean(x,where=np.asarray(x.data)>0) np.min(x,initial=0,where=x>1) np.argwhere(x)
    np.cumsum(x>1) np.sum(x>1) np.mean(x>1) np.prod(x>0) x.nonzero() x.mean(0,keepdims=True)
    np.max(x[:0],0,initial=2) np.min(x[:0],0,initial=1) np.logaddexp.reduce(x,0,initial=1.0) x.nbytes
    np.corrcoef(x[0])
"""
PRODUCTS = """
    np.matmul(x,x.T) np.dot(x,x.T) np.inner(x,x) np.outer(x,x) np.vdot(x,x) np.vecdot(x,x) np.tensordot(x,x,2)
    np.tensordot(x,x.T,1) np.einsum("ij,kj->ik",x,x) np.einsum("ij->",x) np.einsum("ii->i",x[:,:2]) np.kron(x,x)
    np.cross(x,x) np.trace(x) np.trace(x,dtype=np.uint8) np.linalg.norm(x) np.linalg.norm(x,1)
    np.linalg.norm(x[0],0) np.linalg.norm(x[0],3) np.linalg.norm(x[0],np.inf) np.linalg.norm(x[0],-1)
    np.linalg.det(x[:,:2]+np.eye(2)) np.linalg.matrix_power(x[:,:2],3) np.linalg.matrix_power(x[:,:2],0)
    np.linalg.pinv(x) np.linalg.svdvals(x) np.linalg.matrix_rank(x) np.convolve(x[0],x[1]) np.correlate(x[0],x[1])
    np.polyval([1,2],x) np.vander(x[0]) np.cov(x) np.corrcoef(x+np.eye(2,3)) np.fft.fft(x) np.fft.rfft(x)
    np.fft.irfft(x) np.fft.fftshift(x) x@x.T x.dot(x.T) x.trace() np.linalg.vector_norm(x)
    np.linalg.multi_dot([x,x.T,x]) np.linalg.inv(x[:,:2]+3*np.eye(2)) np.linalg.slogdet(x[:,:2]+3*np.eye(2))[0]
    np.linalg.eigvalsh(x[:,:2]+x[:,:2].T) np.linalg.cond(x) np.matvec(x,x[0]) np.vecmat(x[:,0],x)
    np.cov(x,dtype=np.float32) np.linalg.pinv(x,rtol=1e-3)
"""
OPERATORS = """
    x+1 x-1 x*2 x/2 x//2 x%2 x**2 2**x 2-x 1/(x+1) -x +x abs(x) x+1.5 x*True x<2 x==1 ~x x&x x|1 x^1 x<<1 x>>1
    x+np.float32(1) x*np.int64(3) x+np.uint8(200) divmod(x,2)
"""
ELEMENTWISE = """
    np.clip(x,1,3) np.clip(x,None,2) np.round(x) np.round(x,1) np.round(x,-1) np.rint(x) np.fix(x) np.floor(x)
    np.ceil(x) np.trunc(x) np.abs(x) np.fabs(x) np.sign(x) np.negative(x) np.positive(x) np.square(x) np.sqrt(x)
    np.exp(x) np.log1p(x) np.reciprocal(x+1) np.sin(x) np.arctan(x) np.tanh(x) np.sinc(x) np.i0(x) np.cbrt(x)
    np.add(x,x) np.subtract(x,x) np.multiply(x,x) np.divide(x,x+1) np.floor_divide(x,x+1) np.remainder(x,x+1)
    np.fmod(x,x+1) np.power(x,2) np.power(x,x) np.float_power(x,x) np.maximum(x,1) np.fmin(x,1) np.hypot(x,x)
    np.arctan2(x,x) np.logaddexp(x,x) np.copysign(x,x) np.heaviside(x,x) np.nextafter(x,x) np.ldexp(x,1)
    np.nan_to_num(x) np.interp(x,[0,1,2],[0,10,20]) np.real(x) np.imag(x) np.conj(x) np.angle(x) np.isnan(x)
    np.isfinite(x) np.signbit(x) np.logical_not(x) np.logical_and(x,x) np.logical_xor(x,1) np.greater(x,1)
    np.equal(x,x) np.bitwise_and(x,x) np.bitwise_or(x,1) np.invert(x) np.left_shift(x,1) np.right_shift(x,1)
    np.copy(x) np.astype(x,np.float32) np.isclose(x,1) np.gcd(x,2) np.lcm(x,2) np.modf(x)[0] np.modf(x)[1]
    np.frexp(x)[0] np.divmod(x,2)[0] np.divmod(x,2)[1] np.degrees(x) np.deg2rad(x) x.astype(float) x.astype(np.int8)
    x.round() x.clip(0,1) x.copy() x.real x.imag x.conj() np.isin(x,[1]) np.maximum(x,2.5)
    np.minimum(x,np.float32(1.5))
"""
SHAPES = """
    np.sort(x,0) np.diff(x) np.diff(x,2,0) np.gradient(x) np.ediff1d(x) np.trapezoid(x) np.concatenate([x,x])
    np.concatenate([x,y]) np.stack([x,x]) np.hstack([x,x]) np.tile(x,2) np.repeat(x,2) np.roll(x,1) np.flip(x)
    np.rot90(x) np.where(x>1,x,0) np.where(x>1,x,1.5) np.take(x,[0,1]) np.delete(x,0,0) np.insert(x,0,1,0)
    np.append(x,1) np.pad(x,1) np.pad(x,1,"edge") np.pad(x,1,"mean") np.pad(x,1,"linear_ramp") np.pad(x,2,"reflect")
    np.tril(x) np.triu(x,1) np.diag(x) np.diagflat(x) np.zeros_like(x) np.ones_like(x) np.full_like(x,2)
    np.searchsorted(x[0],1) np.digitize(x,[1,2]) np.array_equal(x,x) np.unwrap(x) np.ravel(x) np.reshape(x,(3,2))
    np.transpose(x) np.swapaxes(x,0,1) np.squeeze(x[None]) np.expand_dims(x,0) np.broadcast_to(x,(2,2,3))
    np.split(x,3,1)[0] np.select([x>1],[x],0) np.choose(np.array([0,1,0]),[x[0],x[1]]) np.compress([True,False],x,0)
    np.extract(np.asarray(x.data)>1,x) np.partition(x,1) np.take_along_axis(x,np.array([[0],[1]]),1)
    np.linspace(x[0],x[1],4) np.logspace(x[0],x[1],3) np.geomspace(x[0]+1,x[1]+1,3) np.meshgrid(x[0],x[1])[0]
    np.add.reduce(x) np.multiply.reduce(x) np.add.accumulate(x) np.maximum.reduce(x) np.subtract.outer(x[0],x[1])
    np.add.reduce(x,dtype=np.uint8) np.minimum.accumulate(x,1) x.ravel() x.T x[0] x[x>1] x[::-1,1] x[...,None]
    x.flatten() x.repeat(2) x.take([0]) np.block([[x],[x]]) np.dstack([x,x]) np.column_stack([x[0],x[1]])
    np.atleast_3d(x) np.moveaxis(x,0,1) np.rollaxis(x,1) np.array_split(x,2)[0] np.flatnonzero(x) np.nonzero(x)[0]
    np.concatenate([x,y],dtype=np.float32) np.stack([x,x],dtype=np.float32) x.reshape(3,2,order="F") list(x.flat)
    np.roll(x,1,())
"""

DTYPES = [bool, "i1", "u1", "i2", "i8", "u8", "f2", "f4", "f8", "c8", "c16"]
OURS_ALONE = {  # a call, a dtype: why the result is not NumPy's
    ("np.round(x,1)", "?"): "truth values are rounded as numbers, where NumPy has no loop",
    ("np.round(x,-1)", "?"): "as above",
    ("np.sinc(x)", "e"): "sin(pi x) of halves is computed in single precision",
    ("np.power(x,2)", "?"): "the power is Python's operator, which squares in int8",
    ("np.fft.irfft(x)", "e"): "halves are transformed in single precision, and stay in it",
    ("np.geomspace(x[0]+1,x[1]+1,3)", "e"): "NumPy computes in double precision",
    ("np.geomspace(x[0]+1,x[1]+1,3)", "f"): "as above",
    ("np.geomspace(x[0]+1,x[1]+1,3)", "F"): "as above",
}
TOLERANCES = {"e": 2e-3, "f": 1e-5, "F": 1e-5}


def evaluated(call, x, y):
    """The results of a call as a list; an empty one where it raises TypeError, as there is no such operation.

    None where this release of NumPy has no such function.
    """
    try:
        z = eval(call, {"np": np, "x": x, "y": y, "w": np.array([1.0, 3.0])})
    except TypeError:
        return []
    except AttributeError:
        return None
    return [np.asarray(data_of(part)) for part in (z if isinstance(z, (list, tuple)) else [z])]


def operands(dtype):
    x = np.array([[3, 1, 2], [0, 2, 1]]).astype(dtype)
    return x + np.array(1j, dtype) if x.dtype.kind == "c" else x, np.array([[1.5, 2, 3]], np.float32)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "calls", [REDUCTIONS, PRODUCTS, OPERATORS, ELEMENTWISE, SHAPES], ids=lambda calls: calls.split()[0]
)
@pytest.mark.filterwarnings("ignore")
def test_results_have_numpys_numbers_shapes_and_dtypes(calls, dtype):
    x, y = operands(dtype)
    compared = 0
    for call in calls.split():
        if (expected := evaluated(call, x, y)) is None:
            continue
        got = evaluated(call, Tensor(x, requires_grad=False), Tensor(y, requires_grad=False))
        if (call, x.dtype.char) in OURS_ALONE:
            continue
        assert [(z.shape, z.dtype) for z in got] == [(z.shape, z.dtype) for z in expected], call
        for one, other in zip(got, expected, strict=True):
            rtol = TOLERANCES.get(other.dtype.char, 1e-12)
            np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol, err_msg=call)
            compared += 1
    assert compared > len(calls.split()) // 2


WITH_DTYPE = {
    "einsum": lambda x, dtype: np.einsum("ij,ij->i", x, x, dtype=dtype),
    "full_like": lambda x, dtype: np.full_like(x, 2, dtype=dtype),
    "full": lambda x, dtype: np.full((2,), 3.7, dtype=dtype),
    "linspace": lambda x, dtype: np.linspace(x - x - x, x, 4, dtype=dtype),
    "logspace": lambda x, dtype: np.logspace(x, x + x, 3, dtype=dtype),
    "geomspace": lambda x, dtype: np.geomspace(x + 1, x + x + 1, 3, dtype=dtype),
}
for name in tg.__all__ + dir(tg):
    numpys, ours = getattr(np, name, None), getattr(tg, name, None)
    if isinstance(numpys, np.ufunc) and name in TABLE and numpys.signature is None:
        WITH_DTYPE[name] = lambda x, dtype, f=numpys: f(*[x] * f.nin, dtype=dtype)
    elif callable(ours) and callable(numpys) and name not in ("empty_like", "astype", *TABLE, *WITH_DTYPE):
        names = inspect.signature(ours).parameters
        if "dtype" in names:
            more = {"axis": 1} if "include_initial" in names else {}
            WITH_DTYPE[name] = lambda x, dtype, f=numpys, n=names, m=more: f(
                [x, x] if "casting" in n else x, dtype=dtype, **m
            )


@pytest.mark.parametrize("name", sorted(WITH_DTYPE))
@pytest.mark.filterwarnings("ignore")
def test_a_dtype_that_is_asked_for_is_numpys_or_refused(name):
    """Where NumPy raises, so do we; else its numbers, or a refusal: a mean in whole numbers would be cut off."""
    for before in DTYPES:
        x, _ = operands(before)
        x = x + x.dtype.type(1)
        for dtype in DTYPES:
            results = []
            for of in (x, Tensor(x, requires_grad=False)):
                try:
                    results.append(np.asarray(data_of(WITH_DTYPE[name](of, np.dtype(dtype)))))
                except TypeError as error:
                    results.append(error)
            numpys, ours = results
            case = f"{name} of {x.dtype} as {np.dtype(dtype)}: {numpys!r}, here {ours!r}"
            if isinstance(ours, TypeError):
                assert isinstance(numpys, TypeError) or name.removeprefix("nan") in ("mean", "var", "std", "cov"), case
                continue
            assert not isinstance(numpys, TypeError), case
            real = name.removeprefix("nan") in ("var", "std")  # of complex dtype NumPy's is complex, and zero in part
            assert ours.dtype == (numpys.real.dtype if real else numpys.dtype), case
            whole = np.dtype(dtype).kind in "iu" and name in ("geomspace", "logspace")  # cut off, on either side of n
            np.testing.assert_allclose(ours, numpys, rtol=2e-2, atol=whole, err_msg=case)


LISTS = {
    "conj": ([1j, 2.0 + 1j],),
    "conjugate": (1j,),
    "real": ([1j, 2.0],),
    "full_like": ([1, 2], 3),
    "fabs": ([-3, 1],),
    "round": ([1.26, 2.0], 1),
    "cov": ([1.0],),
    "nan_to_num": ([complex(np.nan, 1), complex(np.inf, -np.inf)],),
    "geomspace": (-1.0, -8.0, 4),
    "angle": (-2.0,),
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.filterwarnings("ignore")
def test_plain_numbers_and_lists_are_taken_as_arrays(name):
    got, expected = (np.asarray(getattr(module, name)(*LISTS[name])) for module in (tg, np))
    assert (got.shape, got.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(got, expected, rtol=1e-14)
