# Written by `python docs/stubs.py` from the table of operations; do not edit.
from typing import Any, overload

from numpy.typing import ArrayLike, NDArray

from ..core.op import Op
from ..core.tensor import Tensor
from ..core.value import Value
from . import fft as fft
from . import linalg as linalg
from .activations import *
from .aliases import *
from .complexes import *
from .cumulative import *
from .joining import *
from .nan_functions import *
from .nondifferentiable import *
from .ordering import *
from .padding import *
from .polynomials import *
from .products import *
from .ranges import *
from .reductions import *
from .selecting import *
from .shaping import *
from .statistics import *
from .ufuncs import *

class _Unary(Op):
    @overload
    def __call__(self, x: Value, /, **params: Any) -> Value: ...
    @overload
    def __call__(self, x: Tensor, /, **params: Any) -> Tensor: ...
    @overload
    def __call__(self, x: float, /, **params: Any) -> float: ...
    @overload
    def __call__(self, x: ArrayLike, /, **params: Any) -> NDArray[Any]: ...

class _Binary(Op):
    @overload
    def __call__(self, x: Value, y: Value | float, /, **params: Any) -> Value: ...
    @overload
    def __call__(self, x: float, y: Value, /, **params: Any) -> Value: ...
    @overload
    def __call__(self, x: Tensor, y: Tensor | ArrayLike, /, **params: Any) -> Tensor: ...
    @overload
    def __call__(self, x: ArrayLike, y: Tensor, /, **params: Any) -> Tensor: ...
    @overload
    def __call__(self, x: float, y: float, /, **params: Any) -> float: ...
    @overload
    def __call__(self, x: ArrayLike, y: ArrayLike, /, **params: Any) -> NDArray[Any]: ...

absolute: _Unary
add: _Binary
arccos: _Unary
arccosh: _Unary
arcsin: _Unary
arcsinh: _Unary
arctan: _Unary
arctan2: _Binary
arctanh: _Unary
bitwise_and: _Binary
bitwise_or: _Binary
bitwise_xor: _Binary
cbrt: _Unary
ceil: _Unary
copysign: _Binary
cos: _Unary
cosh: _Unary
deg2rad: _Unary
divide: _Binary
equal: _Binary
erf: _Unary
erfc: _Unary
exp: _Unary
exp2: _Unary
expm1: _Unary
floor: _Unary
floor_divide: _Binary
fmax: _Binary
fmin: _Binary
fmod: _Binary
frac: _Unary
greater: _Binary
greater_equal: _Binary
heaviside: _Binary
hypot: _Binary
i0: _Unary
invert: _Unary
isfinite: _Unary
isinf: _Unary
isnan: _Unary
less: _Binary
less_equal: _Binary
lgamma: _Unary
log: _Unary
log10: _Unary
log1p: _Unary
log2: _Unary
logaddexp: _Binary
logaddexp2: _Binary
logical_and: _Binary
logical_not: _Unary
logical_or: _Binary
logical_xor: _Binary
maximum: _Binary
minimum: _Binary
multiply: _Binary
negative: _Unary
nextafter: _Binary
not_equal: _Binary
polygamma: _Unary
positive: _Unary
power: _Binary
rad2deg: _Unary
reciprocal: _Unary
relu: _Unary
remainder: _Binary
rint: _Unary
rsqrt: _Unary
sech2: _Unary
sigmoid: _Unary
sign: _Unary
signbit: _Unary
silu: _Unary
sin: _Unary
sinc: _Unary
sinh: _Unary
softplus: _Unary
sqrt: _Unary
square: _Unary
subtract: _Binary
tan: _Unary
tanh: _Unary
trunc: _Unary
xlogy: _Binary
