"""Optimisers: how weights follow their gradients. Each is one rule of plain arithmetic, on Values and Tensors alike."""

from .adaptive import Adagrad, Adam, AdamW, RMSprop
from .clip import clip_grad_norm
from .optimizer import Optimizer
from .schedules import CosineLR, ExponentialLR, Schedule, StepLR, WarmupLR
from .sgd import SGD

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "CosineLR",
    "ExponentialLR",
    "Optimizer",
    "RMSprop",
    "Schedule",
    "StepLR",
    "WarmupLR",
    "clip_grad_norm",
]
