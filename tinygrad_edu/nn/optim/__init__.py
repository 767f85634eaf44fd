"""Optimisers: how weights follow their gradients. Each is one rule of plain arithmetic, on Values and Tensors alike."""

from .adaptive import Adagrad, Adam, AdamW, RMSprop
from .clip import clip_grad_norm
from .optimizer import Optimizer
from .schedules import CosineAnnealingLR, ExponentialLR, LinearLR, Schedule, StepLR
from .sgd import SGD

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "CosineAnnealingLR",
    "ExponentialLR",
    "LinearLR",
    "Optimizer",
    "RMSprop",
    "Schedule",
    "StepLR",
    "clip_grad_norm",
]
