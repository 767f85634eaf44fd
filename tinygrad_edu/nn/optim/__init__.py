"""Optimisers. Each is one rule of plain arithmetic, on Values and Tensors alike."""

from typing import TYPE_CHECKING

from ...errors import foreign_names, hints
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

if not TYPE_CHECKING:  # a type checker would take any name to exist
    __getattr__ = hints.missing_names("tinygrad_edu.nn.optim", foreign_names.OPTIM, __all__)
    lr_scheduler.__getattr__ = __getattr__
