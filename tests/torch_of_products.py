"""What PyTorch has of NumPy's products, linear algebra and Fourier transforms."""

import numpy as np
from torch_sampling import R, Sample, same


def symmetric(x):
    """Make a symmetric matrix of positive eigenvalues of a square one, in either library."""
    return x @ x.mT


def weighed(absolute, values, vectors):
    """Sum up the sizes of eigenvectors, each weighed with the size of its eigenvalue: the same in any order."""
    return (absolute(vectors) ** 2 * absolute(values)).sum(-1)


PRODUCTS = [
    Sample("matvec", (R(2, 3, 4), R(4)), lambda m, x, y: m.matvec(x, y), lambda t, x, y: x @ y),
    Sample("vecmat", (R(3), R(2, 3, 4)), lambda m, x, y: m.vecmat(x, y), lambda t, x, y: x @ y),
    Sample("polyval", (R(3), R(4)), lambda m, p, x: m.polyval(p, x), lambda t, p, x: p[0] * x**2 + p[1] * x + p[2]),
    Sample("polymul", (R(2), R(2)), lambda m, p, q: m.polymul(p, q)[1], lambda t, p, q: p[0] * q[1] + p[1] * q[0]),
    Sample("matmul", (R(2, 3), R(3, 4)), lambda m, x, y: m.matmul(x, y), lambda t, x, y: x @ y),
    Sample("matmul, broadcast", (R(2, 1, 2, 3), R(4, 3, 2)), lambda m, x, y: m.matmul(x, y), lambda t, x, y: x @ y),
    Sample("matmul by a vector", (R(2, 4, 3), R(3)), lambda m, x, y: m.matmul(x, y), lambda t, x, y: x @ y),
    Sample("vector by matrix", (R(3), R(3, 2)), lambda m, x, y: m.matmul(x, y), lambda t, x, y: x @ y),
    *same((R(4), R(4)), "dot inner vdot outer"),
    Sample("inner of matrices", (R(2, 4), R(3, 4)), lambda m, x, y: m.inner(x, y), lambda t, x, y: t.inner(x, y)),
    Sample(
        "tensordot",
        (R(2, 3, 4), R(4, 3)),
        lambda m, x, y: m.tensordot(x, y, ([1, 2], [1, 0])),
        lambda t, x, y: t.tensordot(x, y, ([1, 2], [1, 0])),
    ),
    Sample("kron", (R(2, 3), R(2, 2)), lambda m, x, y: m.kron(x, y), lambda t, x, y: t.kron(x, y)),
    Sample("cross", (R(2, 3), R(2, 3)), lambda m, x, y: m.cross(x, y), lambda t, x, y: t.linalg.cross(x, y)),
    Sample("trace", (R(3, 4),), lambda m, x: m.trace(x), lambda t, x: x.diagonal().sum()),
    Sample("vecdot", (R(2, 3), R(3)), lambda m, x, y: m.vecdot(x, y), lambda t, x, y: t.linalg.vecdot(x, y)),
    Sample(
        "convolve",
        (R(5), R(3)),
        lambda m, x, y: m.convolve(x, y),
        lambda t, x, y: t.nn.functional.conv1d(x[None], y.flip(0)[None, None], padding=2)[0],
    ),
    Sample(
        "correlate",
        (R(5), R(3)),
        lambda m, x, y: m.correlate(x, y),
        lambda t, x, y: t.nn.functional.conv1d(x[None], y[None, None])[0],
    ),
    *[
        Sample(
            f"einsum {terms}", draws, lambda m, *xs, s=terms: m.einsum(s, *xs), lambda t, *xs, s=terms: t.einsum(s, *xs)
        )
        for terms, draws in {
            "ij,jk->ki": (R(2, 3), R(3, 4)),
            "ii->i": (R(3, 3),),
            "ij->": (R(2, 3),),
            "bij,bjk,k->bi": (R(2, 2, 3), R(2, 3, 2), R(2)),
            "...i,...i->...": (R(2, 1, 3), R(4, 3)),
            "i,j": (R(2), R(3)),
        }.items()
    ],
]

LINALG = [
    *[
        Sample(
            name,
            (R(2, 3, 3),),
            lambda m, x, f=name: getattr(m.linalg, f)(x),
            lambda t, x, f=name: getattr(t.linalg, f)(x),
        )
        for name in ("inv", "det", "pinv", "svdvals", "cond")
    ],
    Sample(
        "solve", (R(2, 3, 3), R(2, 3, 2)), lambda m, x, y: m.linalg.solve(x, y), lambda t, x, y: t.linalg.solve(x, y)
    ),
    Sample(
        "solve a vector", (R(3, 3), R(3)), lambda m, x, y: m.linalg.solve(x, y), lambda t, x, y: t.linalg.solve(x, y)
    ),
    Sample(
        "lstsq",
        (R(4, 2), R(4, 3)),
        lambda m, x, y: m.linalg.lstsq(x, y)[0],
        lambda t, x, y: t.linalg.lstsq(x, y, driver="gelsd").solution,
    ),
    Sample("slogdet", (R(2, 3, 3),), lambda m, x: m.linalg.slogdet(x)[1], lambda t, x: t.linalg.slogdet(x)[1]),
    Sample(
        "matrix_power", (R(3, 3),), lambda m, x: m.linalg.matrix_power(x, 3), lambda t, x: t.linalg.matrix_power(x, 3)
    ),
    Sample(
        "matrix_power -2",
        (R(3, 3),),
        lambda m, x: m.linalg.matrix_power(x, -2),
        lambda t, x: t.linalg.matrix_power(x, -2),
    ),
    Sample(
        "cholesky",
        (R(2, 3, 3),),
        lambda m, x: m.linalg.cholesky(symmetric(x)),
        lambda t, x: t.linalg.cholesky(symmetric(x)),
    ),
    Sample(
        "eigvalsh",
        (R(3, 3),),
        lambda m, x: m.linalg.eigvalsh(symmetric(x)),
        lambda t, x: t.linalg.eigvalsh(symmetric(x)),
    ),
    # vectors are known up to their sign, or phase: what does not depend on it is compared
    Sample(
        "eigh",
        (R(3, 3),),
        lambda m, x: m.linalg.eigh(symmetric(x))[1] ** 2,
        lambda t, x: t.linalg.eigh(symmetric(x))[1] ** 2,
    ),
    Sample(
        "eigvals",
        (R(3, 3),),
        lambda m, x: (m.abs(m.linalg.eigvals(x)) ** 3).sum(),
        lambda t, x: (t.linalg.eigvals(x).abs() ** 3).sum(),
    ),
    Sample(
        "eig",
        (R(3, 3),),
        lambda m, x: weighed(m.abs, *m.linalg.eig(x)),
        lambda t, x: weighed(t.abs, *t.linalg.eig(x)),
    ),
    Sample(
        "svd",
        (R(4, 3),),
        lambda m, x: m.linalg.svd(x, full_matrices=False)[0] ** 2,
        lambda t, x: t.linalg.svd(x, full_matrices=False)[0] ** 2,
    ),
    Sample("svd, right", (R(3, 3),), lambda m, x: m.linalg.svd(x)[2] ** 2, lambda t, x: t.linalg.svd(x)[2] ** 2),
    Sample("qr", (R(4, 3),), lambda m, x: m.linalg.qr(x)[0] ** 2, lambda t, x: t.linalg.qr(x)[0] ** 2),
    Sample("qr, triangle", (R(3, 3),), lambda m, x: m.linalg.qr(x)[1] ** 2, lambda t, x: t.linalg.qr(x)[1] ** 2),
    Sample("norm", (R(2, 3),), lambda m, x: m.linalg.norm(x), lambda t, x: t.linalg.norm(x)),
    *[
        Sample(
            f"vector norm {order}",
            (R(2, 3),),
            lambda m, x, order=order: m.linalg.norm(x, order, axis=1),
            lambda t, x, order=order: t.linalg.vector_norm(x, order, 1),
        )
        for order in (1, 2, 3, np.inf, -np.inf, 0.5)
    ],
    *[
        Sample(
            f"matrix norm {order}",
            (R(3, 4),),
            lambda m, x, order=order: m.linalg.norm(x, order),
            lambda t, x, order=order: t.linalg.matrix_norm(x, order),
        )
        for order in ("fro", "nuc", 1, -1, 2, -2, np.inf)
    ],
    Sample(
        "multi_dot",
        (R(2, 3), R(3, 4), R(4, 2)),
        lambda m, *xs: m.linalg.multi_dot(xs),
        lambda t, *xs: t.linalg.multi_dot(xs),
    ),
    Sample("tensorinv", (R(2, 3, 6),), lambda m, x: m.linalg.tensorinv(x), lambda t, x: t.linalg.tensorinv(x)),
    Sample(
        "tensorsolve",
        (R(2, 3, 6), R(2, 3)),
        lambda m, x, y: m.linalg.tensorsolve(x, y),
        lambda t, x, y: t.linalg.tensorsolve(x, y),
    ),
]


def spectrum(name, *shape, real=False, **keywords):
    """Sample a Fourier transform: the real and the imaginary part of it, which a real function needs."""
    return Sample(
        f"{name} {keywords or ''}".strip(),
        (R(*shape), R(*shape)),
        lambda m, x, y: parts(m, getattr(m.fft, name)(x + 1j * y if not real else x * y, **keywords)),
        lambda t, x, y: parts(t, getattr(t.fft, name)(x + 1j * y if not real else x * y, **keywords)),
    )


def parts(m, z):
    """Weigh both parts of a complex array, so that neither can be lost."""
    return m.real(z) + 3.0 * m.imag(z) * m.real(z)


FFT = [
    *[spectrum(name, 2, 5) for name in ("fft", "ifft", "fft2", "ifft2", "fftn", "ifftn")],
    *[spectrum(name, 2, 5, real=True) for name in ("rfft", "rfft2", "rfftn", "ihfft")],
    spectrum("fft", 6, norm="ortho"),
    spectrum("ifft", 6, norm="forward"),
    spectrum("rfft", 6, real=True, norm="forward"),
    spectrum("fft", 5, n=8),
    spectrum("rfft", 5, real=True, n=4),
    *[
        Sample(
            name,
            (R(2, 4), R(2, 4)),
            lambda m, x, y, f=name: getattr(m.fft, f)(x + 1j * y),
            lambda t, x, y, f=name: getattr(t.fft, f)(x + 1j * y),
        )
        for name in ("irfft", "irfft2", "irfftn", "hfft")
    ],
    Sample(
        "irfft, n 5",
        (R(3), R(3)),
        lambda m, x, y: m.fft.irfft(x + 1j * y, n=5),
        lambda t, x, y: t.fft.irfft(x + 1j * y, n=5),
    ),
    Sample("power spectrum", (R(6),), lambda m, x: m.abs(m.fft.rfft(x)) ** 2, lambda t, x: t.fft.rfft(x).abs() ** 2),
    Sample("fftshift", (R(2, 5),), lambda m, x: m.fft.fftshift(x, 1), lambda t, x: t.fft.fftshift(x, 1)),
    Sample("ifftshift", (R(5),), lambda m, x: m.fft.ifftshift(x), lambda t, x: t.fft.ifftshift(x)),
    Sample("angle", (R(4), R(4)), lambda m, x, y: m.angle(x + 1j * y), lambda t, x, y: t.angle(x + 1j * y)),
    Sample("complex abs", (R(4), R(4)), lambda m, x, y: m.abs(x + 1j * y), lambda t, x, y: t.abs(x + 1j * y)),
]
