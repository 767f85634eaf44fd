"""Layers and losses that we have by PyTorch's names: each is made by the same words in both, from the same weights.

What PyTorch computes, and its first and second derivatives by inputs and weights, is kept as its products with a few
random vectors: that two long vectors agree in these means that they agree. Run it to make the golden data.
"""

import json
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

GOLDEN = Path(__file__).parent / "golden" / "layers.npz"
PROJECTIONS = 5
ONLY_ONCE = {"MultiMarginLoss"}  # PyTorch cannot differentiate these twice


class Sample(NamedTuple):
    """A module by its name and arguments, and what it is called with: shapes of floats, or arrays of whole numbers."""

    name: str
    kind: str
    args: tuple
    how: dict
    inputs: tuple
    call: dict = {}  # noqa: RUF012  # never changed
    training: bool = True
    low: float = -2.0
    high: float = 2.0

    def build(self, nn):
        """Return the module of one library, without weights of ours yet."""
        module = getattr(nn, self.kind)(*self.args, **self.how)
        return module if self.training else module.eval()


def sample(kind, *args, to, note="", call=None, training=True, low=-2.0, high=2.0, **how):
    """Describe a sample."""
    return Sample(f"{kind} {note}".strip(), kind, args, how, to, call or {}, training, low, high)


LABELS = np.array([2, 0, 1, 2, 1])
HOLES = np.array([2, -100, 1, 2, -100])
WORDS = np.array([[1, 3, 0], [1, 1, 2]])
SIGNS = np.array([1.0, -1.0, 1.0, 1.0, -1.0])
LATE = np.triu(np.ones((4, 4), bool), 1)
PADDING = np.array([[False, False, False, True], [False, False, True, True]])
CLASS_WEIGHTS = np.array([0.5, 2.0, 1.5])
X, T = (5, 3), (2, 3, 4)
ACTIVATIONS = (
    "ELU GELU SELU Hardswish Hardtanh LeakyReLU LogSigmoid Mish ReLU ReLU6 Sigmoid SiLU Softplus Softsign Tanh"
)

SAMPLES = [
    *(sample(kind, to=(X,)) for kind in ACTIVATIONS.split()),
    sample("Softmax", dim=1, to=(T,)),
    sample("LogSoftmax", dim=0, to=(T,)),
    sample("GELU", note="tanh", approximate="tanh", to=(X,)),
    sample("Linear", 3, 4, to=(X,)),
    sample("Linear", 3, 4, note="plain", bias=False, to=(T[:2],)),
    sample("Embedding", 4, 3, to=(WORDS,)),
    sample("Embedding", 4, 3, note="padding", padding_idx=1, to=(WORDS,)),
    sample("Conv1d", 2, 4, 3, stride=2, padding=1, to=((2, 2, 7),)),
    sample("Conv2d", 2, 3, 3, padding=1, to=((2, 2, 4, 5),)),
    sample("ConvTranspose2d", 2, 3, 3, to=((2, 2, 3, 4),)),
    sample("ConvTranspose2d", 4, 2, (3, 2), note="strided", stride=(2, 3), padding=(1, 0), output_padding=(1, 2),
           groups=2, dilation=(2, 1), bias=False, to=((1, 4, 3, 2),)),
    sample("MaxPool2d", 2, to=((1, 2, 4, 4),)),
    sample("AvgPool2d", 3, note="strided", stride=2, padding=1, to=((1, 2, 5, 5),)),
    sample("AdaptiveAvgPool2d", 2, to=((1, 2, 4, 4),)),
    sample("Flatten", to=(T,)),
    sample("BatchNorm1d", 3, to=(X,)),
    sample("BatchNorm1d", 3, note="series", momentum=0.3, to=((4, 3, 2),)),
    sample("BatchNorm1d", 3, note="average", momentum=None, to=(X,)),
    sample("BatchNorm1d", 3, note="eval", training=False, to=(X,)),
    sample("BatchNorm2d", 3, to=((2, 3, 2, 2),)),
    sample("BatchNorm2d", 3, note="eval", training=False, affine=False, to=((2, 3, 2, 2),)),
    sample("BatchNorm2d", 3, note="untracked", training=False, track_running_stats=False, to=((2, 3, 2, 2),)),
    sample("LayerNorm", 3, to=(X,)),
    sample("LayerNorm", (3, 4), note="of two axes", bias=False, to=(T,)),
    sample("RMSNorm", 3, to=(X,)),
    sample("RMSNorm", (3, 4), note="of two axes", eps=0.01, to=(T,)),
    sample("GroupNorm", 2, 4, to=((2, 4, 3),)),
    *(
        sample(kind, 3, 2, note=note, **how, to=(shape,))
        for kind in ("RNN", "LSTM", "GRU")
        for note, shape, how in (
            ("", (4, 2, 3), {}),
            ("deep", (2, 4, 3), {"num_layers": 2, "batch_first": True, "bidirectional": True}),
            ("alone", (3, 3), {"bias": False}),
        )
    ),
    sample("RNN", 3, 2, note="relu from a state", nonlinearity="relu", to=((3, 2, 3), (1, 2, 2))),
    sample("MultiheadAttention", 4, 2, to=((4, 2, 4), (3, 2, 4), (3, 2, 4))),
    sample("MultiheadAttention", 4, 2, note="of itself", batch_first=True, bias=False, to=((2, 4, 4),) * 3,
           call={"attn_mask": LATE, "need_weights": False}),
    sample("MultiheadAttention", 4, 2, note="padded", batch_first=True, to=((2, 4, 4),) * 3,
           call={"key_padding_mask": PADDING, "average_attn_weights": False}),
    sample("TransformerEncoderLayer", 4, 2, 5, dropout=0.0, to=((3, 2, 4),)),
    sample("TransformerEncoderLayer", 4, 2, 5, note="norm first", dropout=0.0, activation="gelu", norm_first=True,
           batch_first=True, to=((2, 4, 4),), call={"src_mask": LATE}),
    sample("MSELoss", to=(X, X)),
    sample("L1Loss", note="sum", reduction="sum", to=(X, X)),
    sample("HuberLoss", delta=0.7, to=(X, X)),
    sample("SmoothL1Loss", note="none", reduction="none", beta=0.7, to=(X, X)),
    *(
        sample("CrossEntropyLoss", note=f"{note} {reduction}", reduction=reduction, **how, to=(X, target))
        for reduction in ("mean", "sum", "none")
        for note, target, how in (
            ("plain", LABELS, {}),
            ("weighted", LABELS, {"weight": CLASS_WEIGHTS}),
            ("ignoring", HOLES, {}),
            ("ignoring a class", LABELS, {"ignore_index": 1, "weight": CLASS_WEIGHTS}),
            ("smoothed", HOLES, {"label_smoothing": 0.2}),
            ("all", HOLES, {"weight": CLASS_WEIGHTS, "label_smoothing": 0.2}),
        )
    ),
    *(
        sample("CrossEntropyLoss", note=f"images {reduction}", reduction=reduction, weight=CLASS_WEIGHTS,
               label_smoothing=0.1, to=(T, np.array([[0, 1, 2, 1], [2, -100, 1, 0]])))
        for reduction in ("mean", "none")
    ),
    sample("NLLLoss", weight=CLASS_WEIGHTS, to=(X, HOLES)),
    sample("NLLLoss", note="sum", ignore_index=2, reduction="sum", to=(X, LABELS)),
    sample("BCEWithLogitsLoss", to=(X, X), low=0.1, high=0.9),
    sample("BCEWithLogitsLoss", note="weighted", pos_weight=CLASS_WEIGHTS, weight=CLASS_WEIGHTS + 1, to=(X, X),
           low=0.1, high=0.9),
    sample("BCELoss", weight=CLASS_WEIGHTS, to=(X, X), low=0.1, high=0.9),
    sample("KLDivLoss", reduction="batchmean", to=(X, X), low=0.1, high=0.9),
    sample("KLDivLoss", note="of logarithms", log_target=True, to=(X, X)),
    sample("HingeEmbeddingLoss", margin=0.7, to=((5,), SIGNS)),
    sample("MultiMarginLoss", to=(X, LABELS)),
    sample("MultiMarginLoss", note="squared", p=2, margin=0.6, weight=CLASS_WEIGHTS, to=(X, LABELS)),
    sample("MarginRankingLoss", margin=0.3, to=((5,), (5,), SIGNS)),
    sample("SoftMarginLoss", to=((5,), SIGNS)),
    sample("GaussianNLLLoss", full=True, to=(X, X, X), low=0.2, high=1.5),
]  # fmt: skip


class Numbers:
    """Random numbers of a sample, the same for both libraries and in every version of NumPy: of plain doubles only."""

    def __init__(self, name):
        self.rng = np.random.default_rng(zlib.crc32(name.encode()))

    def between(self, low, high, shape):
        return low + (high - low) * self.rng.random(shape)

    def signed(self, shape):
        return self.between(0.3, 1.5, shape) * np.where(self.rng.random(shape) < 0.5, -1.0, 1.0)


def weights_of(numbers, named):
    """Return new numbers for the floats of a state: names and shapes are given in PyTorch's order."""
    found = {}
    for name, shape in named:
        if name.endswith("num_batches_tracked"):
            continue
        found[name] = numbers.between(0.5, 1.5, shape) if name.endswith("_var") else numbers.signed(shape) * 0.6
    return found


def output_of(answer):
    """Return the parts of what a module returns, all of them numbers."""
    parts = answer if isinstance(answer, tuple) else (answer,)
    return [x for part in parts for x in (part if isinstance(part, tuple) else (part,)) if x is not None]


def inputs_of(numbers, s):
    """Return the arrays that a module is called with."""
    return [numbers.between(s.low, s.high, x) if isinstance(x, tuple) else x for x in s.inputs]


def projected(numbers, arrays):
    """Return products of all numbers, in one vector, with random ones."""
    flat = np.concatenate([np.ravel(x) for x in arrays] or [np.zeros(0)])
    return np.stack([numbers.signed(flat.shape) @ flat for _ in range(PROJECTIONS)])


def answers(s):
    """Ask PyTorch: the names and shapes of its state, and value, first and second derivatives, projected."""
    import torch

    how = {key: torch.tensor(x) if isinstance(x, np.ndarray) else x for key, x in s.how.items()}
    module = s._replace(how=how).build(torch.nn).double()
    is_loss = "Loss" in s.kind
    named = [(name, tuple(x.shape)) for name, x in module.state_dict().items()]
    numbers = Numbers(s.name)
    if not is_loss:
        state = {name: torch.tensor(x) for name, x in weights_of(numbers, named).items()}
        module.load_state_dict(state, strict=False)
    inputs = [torch.tensor(x) for x in inputs_of(numbers, s)]
    leaves = [x.requires_grad_() for x, shape in zip(inputs, s.inputs, strict=True) if isinstance(shape, tuple)]
    leaves += [p for _, p in module.named_parameters()]
    call = {key: torch.tensor(x) if isinstance(x, np.ndarray) else x for key, x in s.call.items()}
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):  # the others have no second derivative
        outputs = output_of(module(*inputs, **call))
    total = sum((torch.tensor(numbers.signed(tuple(z.shape))) * z).sum() for z in outputs)
    zeros = {"allow_unused": True, "materialize_grads": True}
    first = torch.autograd.grad(total, leaves, create_graph=True, **zeros)
    slope = sum((torch.tensor(numbers.signed(tuple(g.shape))) * g).sum() for g in first)
    second = [torch.zeros_like(x) for x in leaves]
    if s.kind in ONLY_ONCE:
        second = [torch.full_like(x, torch.nan) for x in leaves]
    elif slope.requires_grad:
        second = torch.autograd.grad(slope, leaves, **zeros)
    after = [x for name, x in module.state_dict().items() if name.split(".")[-1].startswith(("running", "num_"))]
    parts = [[x.numpy(force=True) for x in found] for found in (outputs, first, second, after)]
    return named, np.stack([projected(numbers, part) for part in parts])


if __name__ == "__main__":
    asked = {s.name: answers(s) for s in SAMPLES}
    assert len(asked) == len(SAMPLES)
    names = json.dumps({name: named for name, (named, _) in asked.items()})
    np.savez_compressed(GOLDEN, names=names, numbers=np.stack([numbers for _, numbers in asked.values()]))
