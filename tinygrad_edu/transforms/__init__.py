"""Transforms: functions that turn a function into its derivatives, by recording it and applying its rules."""

from .forward import jvp
from .matrices import hessian, hvp, jacobian
from .reverse import grad, per_example_gradients, value_and_grad, vjp
from .vmap import vmap

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "per_example_gradients", "value_and_grad", "vjp", "vmap"]
