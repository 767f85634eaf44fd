"""Nets: of single neurons made of Values, with micrograd's names, and of tensors, with PyTorch's."""

from ..fast import install
from . import functional, init, optim
from .activations import GELU, LeakyReLU, LogSoftmax, ReLU, Sigmoid, SiLU, Softmax, Softplus, Tanh
from .convolution import AdaptiveAvgPool2d, AvgPool2d, Conv1d, Conv2d, MaxPool2d
from .layers import Dropout, Embedding, Flatten, Identity, Linear, Sequential
from .module import Module
from .neuron import MLP, Layer, Neuron
from .normalisation import BatchNorm1d, LayerNorm
from .optim import SGD, Adagrad, Adam, AdamW, RMSprop, clip_grad_norm

install()  # again, for the neuron's weighted sum

__all__ = [
    "GELU",
    "MLP",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "AdaptiveAvgPool2d",
    "AvgPool2d",
    "BatchNorm1d",
    "Conv1d",
    "Conv2d",
    "Dropout",
    "Embedding",
    "Flatten",
    "Identity",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MaxPool2d",
    "Module",
    "Neuron",
    "RMSprop",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "clip_grad_norm",
    "functional",
    "init",
    "optim",
]
