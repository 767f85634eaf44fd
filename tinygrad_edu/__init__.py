"""An autograd micro-framework whose computation graph you can read, draw and check by hand.

>>> import tinygrad_edu as tg
>>> w = tg.Value(2.0, label="w")
>>> loss = (w * 3.0 - 1.0) ** 2
>>> loss.backward()
>>> w.grad
30.0
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .core.backprop import gradients
from .core.context import no_grad
from .core.op import op
from .core.tensor import Tensor
from .core.value import Value
from .errors import hints
from .errors.foreign_names import PACKAGE, TENSOR
from .fast import install

if TYPE_CHECKING:  # what type checkers and editors see of the names that are imported later
    from . import data as data
    from . import nn as nn
    from .check.anomaly import detect_anomaly as detect_anomaly
    from .check.anomaly import strong_zero as strong_zero
    from .check.compare.compare import assert_gradient as assert_gradient
    from .check.compare.compare import compare as compare
    from .check.compare.report import ComparisonReport as ComparisonReport
    from .check.gradcheck.gradcheck import gradcheck as gradcheck
    from .check.homework.check import check_code as check_code
    from .check.homework.report import CodeReport as CodeReport
    from .check.kinks import kinks as kinks
    from .classroom.pad import derivation_pad as derivation_pad
    from .compile.compiled import compile as compile  # noqa: A004  # the field's word for it
    from .draw.graph.draw import draw as draw
    from .draw.network.draw_network import draw_network as draw_network
    from .draw.pages.convolution import convolution_page as convolution_page
    from .draw.pages.digit import digit_page as digit_page
    from .draw.pages.live import live as live
    from .draw.pages.nudges import nudges as nudges
    from .draw.pages.playground import playground as playground
    from .draw.pages.recorder import Recorder as Recorder
    from .draw.pages.stepper import stepper as stepper
    from .explain.chain_rule import explain as explain
    from .explain.source import source as source
    from .explain.tree import tree as tree
    from .io import export_onnx as export_onnx
    from .io import load as load
    from .io import save as save
    from .numpy_api import *  # noqa: F403  # NumPy's functions
    from .symbolic.formula import formula as formula
    from .train import History as History
    from .train import fit as fit
    from .transforms import grad as grad
    from .transforms import hessian as hessian
    from .transforms import hvp as hvp
    from .transforms import jacobian as jacobian
    from .transforms import jvp as jvp
    from .transforms import per_example_gradients as per_example_gradients
    from .transforms import value_and_grad as value_and_grad
    from .transforms import vjp as vjp
    from .transforms import vmap as vmap

# What is not needed to build and differentiate a graph is imported when it is first used: name -> module.
# The functions on arrays (tg.exp, tg.sum, tg.linalg …) are not in this list but in numpy_api, which is asked last.
# A name whose module is called like itself is that module; so a function `draw` is ".draw.something", not ".draw".
_LATER: dict[str, str] = {
    "CodeReport": ".check.homework.report",
    "ComparisonReport": ".check.compare.report",
    "History": ".train",
    "Recorder": ".draw.pages.recorder",
    "assert_gradient": ".check.compare.compare",
    "check_code": ".check.homework.check",
    "compare": ".check.compare.compare",
    "compile": ".compile.compiled",
    "convolution_page": ".draw.pages.convolution",
    "data": ".data",
    "derivation_pad": ".classroom.pad",
    "detect_anomaly": ".check.anomaly",
    "digit_page": ".draw.pages.digit",
    "draw": ".draw.graph.draw",
    "draw_network": ".draw.network.draw_network",
    "export_onnx": ".io",
    "explain": ".explain.chain_rule",
    "fit": ".train",
    "formula": ".symbolic.formula",
    "grad": ".transforms",
    "gradcheck": ".check.gradcheck.gradcheck",
    "hessian": ".transforms",
    "hvp": ".transforms",
    "jacobian": ".transforms",
    "jvp": ".transforms",
    "kinks": ".check.kinks",
    "load": ".io",
    "live": ".draw.pages.live",
    "nn": ".nn",
    "nudges": ".draw.pages.nudges",
    "per_example_gradients": ".transforms",
    "playground": ".draw.pages.playground",
    "save": ".io",
    "source": ".explain.source",
    "stepper": ".draw.pages.stepper",
    "strong_zero": ".check.anomaly",
    "tree": ".explain.tree",
    "value_and_grad": ".transforms",
    "vjp": ".transforms",
    "vmap": ".transforms",
}

__all__ = ["Tensor", "Value", "gradients", "no_grad", "op", *_LATER]


if not TYPE_CHECKING:  # a type checker would take any name to exist

    def __getattr__(name: str) -> Any:
        if name in _LATER:
            module = importlib.import_module(_LATER[name], __name__)
            return module if _LATER[name] == f".{name}" else getattr(module, name)
        if not name.startswith("_") and name in (functions := importlib.import_module(".numpy_api", __name__)).__all__:
            globals()[name] = found = getattr(functions, name)  # the next use of it shall cost no import
            return found
        raise AttributeError(hints.missing_name("tinygrad_edu", name, TENSOR | PACKAGE, __dir__()))


class _Package(ModuleType):
    """The type of this package: where a function and a subpackage share a name, like `draw`, the function has it.

    Importing a subpackage makes Python set it as an attribute here, which would hide the function.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (isinstance(value, ModuleType) and _LATER.get(name, f".{name}") != f".{name}"):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
install()


def __dir__() -> list[str]:
    return sorted({*__all__, *importlib.import_module(".numpy_api", __name__).__all__})
