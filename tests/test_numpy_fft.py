"""`numpy.fft`, and complex numbers between real ones, handed tensors: values as NumPy's, derivatives as measured."""

import numpy as np
from slopes import A, Cases, P, S, T, positive, v, w

case = Cases()
for n in ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]:
    f = getattr(np.fft, n)
    for k, kw in enumerate(
        [{}, {"n": 3}, {"n": 7}, {"axis": 0}, {"norm": "ortho"}, {"norm": "forward", "n": 6}, {"n": 4, "axis": -2}]
    ):
        case(f"{n}{k}", lambda x, f=f, kw=kw: f(x, **kw), T)
for n in ["fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn"]:
    f = getattr(np.fft, n)
    for k, kw in enumerate(
        [{}, {"axes": (0, 1)}, {"s": (3, 5), "axes": (0, 2)}, {"norm": "ortho"}, {"s": (2, 6), "axes": (-2, -1)}]
    ):
        case(f"{n}{k}", lambda x, f=f, kw=kw: f(x, **kw), T)
case("fftshift", np.fft.fftshift, T)
case("fftshift1", lambda x: np.fft.fftshift(x, axes=1), T)
case("ifftshift", np.fft.ifftshift, T)
case("power spectrum", lambda x: np.abs(np.fft.rfft(x)) ** 2, v)
case("absrfft", lambda x: np.abs(np.fft.rfft(x)), v)
case("angle", lambda x: np.angle(np.fft.rfft(x)[1:]), v)
case("complex chain", lambda x: np.real(np.fft.ifft(np.exp(np.fft.fft(x) * 0.1j) * np.conj(np.fft.fft(x)))), v)
case("cplx pow", lambda x: np.sqrt(np.fft.fft(x) + 3j) ** 2.5, v)
case("cimag", lambda x: np.fft.fft(x).imag * np.fft.fft(x).real, v)
case("clog", lambda x: np.log(np.fft.fft(x) + 4.0), v)
case("csum", lambda x: np.sum(np.fft.fft(x) * 1j), v)
case("cdiv", lambda x: 1 / (np.fft.fft(x) + 2.0), v)
case("cinv", lambda x: np.linalg.inv(np.fft.fft(x)), S)
case("cdet", lambda x: np.linalg.det(np.fft.fft(x)), S)
case("csolve", lambda x, y: np.linalg.solve(np.fft.fft(x), np.fft.fft(y)), S, v[:3])
case("cslogdet", lambda x: tuple(np.linalg.slogdet(np.fft.fft(x))), S)
case("cchol", lambda x: np.linalg.cholesky((lambda z: z @ np.conj(z).mT + np.eye(3))(np.fft.fft(x))), S)
case("ceigvalsh", lambda x: np.linalg.eigvalsh((lambda z: z @ np.conj(z).mT + np.eye(3))(np.fft.fft(x))), S)
case("ceighproj", lambda x: (lambda z: np.abs(np.linalg.eigh(z @ np.conj(z).mT)[1]) ** 2)(np.fft.fft(x)), S)
case("cnorm", lambda x: np.linalg.norm(np.fft.fft(x), axis=1), S)
case("csvd", lambda x: np.linalg.svd(np.fft.fft(x), compute_uv=False), A)
case("cpinv", lambda x: np.linalg.pinv(np.fft.fft(x)), A)
case("cvdot", lambda x, y: np.vdot(np.fft.fft(x), np.fft.fft(y)), v, positive)
case("cvecdot", lambda x, y: np.vecdot(np.fft.fft(x), np.fft.fft(y)), A, P)
case("ceig", lambda x: tuple(np.linalg.eig(np.fft.fft(x))), S)
case("csign", lambda x: np.sign(np.fft.fft(x)), v)
case("cabs4", lambda x: np.abs(np.fft.fft(x)) ** 4, v)
case("cprod", lambda x: np.prod(np.fft.fft(x)), v)
case("ccumprod", lambda x: np.cumprod(np.fft.fft(x)), v)
case("cmean", lambda x: np.mean(np.fft.fft(x) * np.fft.fft(x)), v)
case("cwhere", lambda x: np.where(A[0] > 0, np.fft.fft(x), 1.0), w)
case("cconcat", lambda x: np.concatenate([np.fft.fft(x), x]), w)
case("creal_if", lambda x: np.real_if_close(np.fft.ifft(np.fft.fft(x))), w)
case("cstd", lambda x: np.std(np.fft.fft(x)), v)
case("array", lambda x, y: np.stack([x, y * 2]), w, w)


test_values_and_derivatives = case.test()
