"""Nets: of single neurons made of Values, with micrograd's names, and of tensors, with PyTorch's."""

from typing import TYPE_CHECKING

from ..errors import foreign_names, hints
from ..fast import install
from . import functional, init, optim
from .activations import (
    ELU,
    GELU,
    SELU,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)
from .attention import MultiHeadAttention, TransformerBlock
from .containers import ModuleList, Residual, Sequential
from .convolution import AdaptiveAvgPool2d, AvgPool2d, Conv1d, Conv2d, ConvTranspose2d, MaxPool2d
from .criteria import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    GaussianNLLLoss,
    HingeEmbeddingLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    MarginRankingLoss,
    MSELoss,
    MultiMarginLoss,
    NLLLoss,
    SmoothL1Loss,
    SoftMarginLoss,
)
from .layers import Dropout, Embedding, Flatten, Identity, Linear, Unflatten
from .module import Module, Parameter
from .neuron import MLP, Layer, Neuron
from .normalisation import BatchNorm1d, BatchNorm2d, GroupNorm, LayerNorm, RMSNorm
from .optim import SGD, Adagrad, Adam, AdamW, RMSprop, clip_grad_norm
from .recurrent import GRU, LSTM, RNN

MultiheadAttention = MultiHeadAttention  # PyTorch's spellings
TransformerEncoderLayer = TransformerBlock

install()  # again, for the neuron's weighted sum

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "MLP",
    "RNN",
    "SELU",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "AdaptiveAvgPool2d",
    "AvgPool2d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv1d",
    "Conv2d",
    "ConvTranspose2d",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianNLLLoss",
    "GroupNorm",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "HingeEmbeddingLoss",
    "HuberLoss",
    "Identity",
    "KLDivLoss",
    "L1Loss",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSigmoid",
    "LogSoftmax",
    "MSELoss",
    "MarginRankingLoss",
    "MaxPool2d",
    "Mish",
    "Module",
    "ModuleList",
    "MultiHeadAttention",
    "MultiMarginLoss",
    "MultiheadAttention",
    "NLLLoss",
    "Neuron",
    "Parameter",
    "RMSNorm",
    "RMSprop",
    "ReLU",
    "ReLU6",
    "Residual",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
    "TransformerBlock",
    "TransformerEncoderLayer",
    "Unflatten",
    "clip_grad_norm",
    "functional",
    "init",
    "optim",
]


if not TYPE_CHECKING:  # a type checker would take any name to exist
    __getattr__ = hints.missing_names("tinygrad_edu.nn", foreign_names.NN, __all__)
