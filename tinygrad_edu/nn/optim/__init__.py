"""Optimisers. Each is one rule of plain arithmetic, on Values and Tensors alike."""

from . import schedules as lr_scheduler  # PyTorch's spelling
from .adaptive import Adagrad, Adam, AdamW, RMSprop
from .clip import clip_grad_norm
from .groups import ParamGroup
from .optimizer import Optimizer
from .schedule import Schedule
from .schedules import (
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiStepLR,
    OneCycleLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)
from .sgd import SGD

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "OneCycleLR",
    "Optimizer",
    "ParamGroup",
    "RMSprop",
    "ReduceLROnPlateau",
    "Schedule",
    "SequentialLR",
    "StepLR",
    "clip_grad_norm",
    "lr_scheduler",
]
