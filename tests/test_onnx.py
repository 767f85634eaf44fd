"""Exported nets compute in ONNX Runtime what they compute here; rows that ONNX does not have are refused by name."""

import numpy as np
import pytest
from refusing import refuses
from samples import NAMES, samples
from test_torch_layers import made
from torch_of_layers import SAMPLES, output_of

import tinygrad_edu as tg
from tinygrad_edu import Tensor, nn
from tinygrad_edu.core.op import TABLE
from tinygrad_edu.io.onnx import ExportError

pytest.importorskip("onnx", reason='needs pip install "tinygrad-edu[io]"')
ort = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
TOLERANCE = {np.dtype(np.float32): 1e-5, np.dtype(np.float64): 1e-10}

# Rows that ONNX does not have, or not with our meaning.
REFUSED_ROWS = (
    "all any angle arctan2 argpartition argsort binary_cross_entropy bitwise_and bitwise_or bitwise_xor cbrt cholesky "
    "cofactor conjugate conv2d_weight copysign cumprod det direction eig eigh expm1 fft flip floor_divide fmax fmin "
    "frac heaviside hypot i0 ifft imag inv invert isfinite kth_smallest left_shift lgamma log1p logabsdet logaddexp2 "
    "logcumsumexp max_picked2d max_unpool2d nextafter p_norm pinv polygamma put qr real remainder right_shift "
    "searchsorted sech2 setitem sign_of_det signbit sinc softmax_minus_one_hot solve sum_unpool2d svd xlogy"
)
REFUSED = {*REFUSED_ROWS.split()}
PARTLY = {"getitem", "linear", "softmax_cross_entropy"}  # refused with some of their parameters
# Rows of which ONNX Runtime computes float32, and no float64.
SINGLE_ROWS = (
    "affine_conv2d arccos arccosh arcsin arcsinh arctan arctanh conv2d conv2d_input cosh elu erf erfc gelu leaky_relu "
    "logaddexp sinh softplus softsign sum_pool2d tan"
)
SINGLE = {*SINGLE_ROWS.split()}


def answers(path, inputs):
    """Ask ONNX Runtime; None where it has no program for these types."""
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    try:
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except ort.capi.onnxruntime_pybind11_state.NotImplemented:
        return None
    return session.run(None, dict(zip([x.name for x in session.get_inputs()], inputs, strict=True)))


def close(found, expected):
    assert found.shape == expected.shape
    tolerance = TOLERANCE.get(expected.dtype, 0)
    scale = max(1.0, float(np.max(np.abs(expected[np.isfinite(expected)]), initial=0.0)))
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * scale)


def outcomes(name, path, dtype):
    """Export each sample of a row; return what came of them: "exported", "refused" or "not run"."""
    for operands, params in samples(name):
        arrays = [np.asarray(x).astype(dtype) if np.asarray(x).dtype.kind == "f" else np.asarray(x) for x in operands]
        params = params | ({"dtype": np.dtype(dtype)} if name == "astype" else {})
        function = lambda *xs, params=params: TABLE[name](*xs, **params)  # noqa: E731  # a function of a row
        expected = function(*map(Tensor, arrays))
        try:
            tg.export_onnx(function, tuple(arrays), path)
        except ExportError as error:
            yield "refused" if f"`{name}`" in str(error) else str(error)
            continue
        found = answers(path, arrays)
        if found is not None:
            close(found[0], expected.data)
        yield "not run" if found is None else "exported"


@pytest.mark.parametrize("name", NAMES)
def test_each_row_is_exported_or_refused_by_name(name, tmp_path):
    with np.errstate(all="ignore"):
        double, single = ({*outcomes(name, tmp_path / "row.onnx", dtype)} for dtype in (np.float64, np.float32))
    expected = {"refused"} if name in REFUSED else {"exported", "refused"} if name in PARTLY else {"exported"}
    assert single == expected
    assert double == ({"not run"} if name in SINGLE else expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("s", [s for s in SAMPLES if "Loss" not in s.kind], ids=lambda s: s.name)
def test_every_layer_is_exported(s, dtype, tmp_path):
    module, inputs, _ = made(s, dtype)
    call = lambda *xs: tuple(output_of(module.eval()(*xs, **s.call)))  # noqa: E731  # the module with its masks
    path = tmp_path / "layer.onnx"
    if s.name == "Embedding padding":
        with refuses(ExportError, "outside of the graph"):
            tg.export_onnx(call, tuple(inputs), path)
        return
    tg.export_onnx(call, tuple(inputs), path)
    found = answers(path, inputs)
    if found is None:
        assert dtype is np.float64
        return
    for ours, theirs in zip(call(*map(Tensor, inputs)), found, strict=True):
        close(theirs, ours.data)


def net():
    rng = np.random.default_rng(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, rng=rng, dtype=np.float32),
        nn.BatchNorm2d(4, dtype=np.float32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.5, rng=rng),
        nn.Linear(64, 10, rng=rng, dtype=np.float32),
        nn.Softmax(),
    )


def test_a_net_is_exported_for_use_and_keeps_its_mode(tmp_path):
    import onnx

    model, x = net(), np.random.default_rng(1).normal(size=(3, 1, 8, 8)).astype(np.float32)
    model(x)
    tg.export_onnx(model, x, tmp_path / "net.onnx")
    assert model.training
    close(answers(tmp_path / "net.onnx", [x])[0], model.eval()(x).data)
    read = onnx.load(tmp_path / "net.onnx")
    assert (read.ir_version, [o.version for o in read.opset_import]) == (10, [20])
    assert {"0.weight", "1.running_mean", "6.bias"} <= {x.name for x in read.graph.initializer}
    assert [x.name for x in read.graph.input] == ["x"]


def test_numbers_that_leave_the_graph_are_found(tmp_path):
    x = np.array([1.0, 2.0])
    for function in (lambda x: x * x.detach(), lambda x: x * Tensor(x.data * 2, requires_grad=False).detach()):
        with refuses(ExportError, "outside of the graph"):
            tg.export_onnx(function, x, tmp_path / "net.onnx")
    with refuses(ExportError, "`fft`"):
        tg.export_onnx(lambda x: tg.real(tg.fft.fft(x)), x, tmp_path / "net.onnx")
    assert not (tmp_path / "net.onnx").exists()
