"""The functions of layers, with PyTorch's names and meanings, on tensors, plain arrays and (elementwise) Values.

Written elsewhere: losses in `losses`, windows in `images`, normalisation in `normalise`, all others in `functions`.
Their types stand in `functional.pyi`, written by `docs/stubs.py`.
"""

from ..errors.foreign_names import FUNCTIONAL
from ..errors.hints import missing_names, told
from ..numpy_api.activations import gelu, hardsigmoid, hardswish, logsigmoid, mish, relu6, selu
from ..ops.activations import relu, sigmoid, silu, softplus, softsign
from ..ops.trigonometry import tanh
from .functions import (
    dropout,
    elu,
    embedding,
    hardtanh,
    leaky_relu,
    linear,
    log_softmax,
    one_hot,
    pad,
    scaled_dot_product_attention,
    softmax,
)
from .images import adaptive_avg_pool2d, avg_pool2d, conv1d, conv2d, conv_transpose2d, max_pool2d
from .losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    gaussian_nll_loss,
    hinge_embedding_loss,
    huber_loss,
    kl_div,
    l1_loss,
    margin_ranking_loss,
    mse_loss,
    multi_margin_loss,
    nll_loss,
    smooth_l1_loss,
    soft_margin_loss,
)
from .normalise import batch_norm, cosine_similarity, group_norm, layer_norm, normalize, rms_norm

__all__ = [
    "adaptive_avg_pool2d",
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "cosine_similarity",
    "cross_entropy",
    "dropout",
    "elu",
    "embedding",
    "gaussian_nll_loss",
    "gelu",
    "group_norm",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hinge_embedding_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsigmoid",
    "margin_ranking_loss",
    "max_pool2d",
    "mish",
    "mse_loss",
    "multi_margin_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "pad",
    "relu",
    "relu6",
    "rms_norm",
    "scaled_dot_product_attention",
    "selu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "soft_margin_loss",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
]

globals().update(told({name: globals()[name] for name in __all__}))
__getattr__ = missing_names("tinygrad_edu.nn.functional", FUNCTIONAL, __all__)
