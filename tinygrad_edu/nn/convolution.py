"""Convolution and pooling layers for images and series, with PyTorch's names and meanings."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

from ..core.tensor import Tensor
from ..core.types import Rng
from . import init
from .arguments import size, sizes
from .functions import labelled
from .images import adaptive_avg_pool2d, avg_pool2d, conv1d, conv2d, conv_transpose2d, max_pool2d
from .module import Module
from .sliding import check_groups, padding_amounts


class Convolution(Module):
    """The base of convolutions over one axis and over two: filters, stride, padding, dilation, groups."""

    starts_layer = True
    axes: ClassVar[int]
    function: ClassVar[Callable[..., Any]]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        rng: Rng = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        owner, axes, rng = type(self).__name__, self.axes, init.generator(rng)
        self.in_channels = size(owner, "in_channels", in_channels)
        self.out_channels = size(owner, "out_channels", out_channels)
        self.kernel_size = sizes(owner, "kernel_size", kernel_size, axes)
        self.stride = sizes(owner, "stride", stride, axes)
        self.padding = padding if isinstance(padding, str) else sizes(owner, "padding", padding, axes, least=0)
        self.dilation = sizes(owner, "dilation", dilation, axes)
        padding_amounts(
            owner, self.padding, self.kernel_size, self.stride, self.dilation
        )  # refuses here what it would later
        self.groups = check_groups(owner, self.in_channels, self.out_channels, groups)
        shape = (self.out_channels, self.in_channels // self.groups, *self.kernel_size)
        fan_in = math.prod(shape[1:])
        self.weight = Tensor(init.fan_in_uniform(shape, fan_in, rng=rng), requires_grad=True, label="W", dtype=dtype)
        start = init.fan_in_uniform(shape[:1], fan_in, rng=rng)
        self.bias = Tensor(start, requires_grad=True, label="b", dtype=dtype) if bias else None

    def forward(self, x: Any) -> Tensor:
        """Return how well each filter fits each window."""
        how = (self.stride, self.padding, self.dilation, self.groups)
        return labelled(type(self).function(x, self.weight, self.bias, *how), "z", self.layer_number)

    def extra_repr(self) -> str:
        once, never = (1,) * self.axes, (0,) * self.axes
        usual = {"stride": once, "padding": never, "dilation": once, "groups": 1}
        said = [f"{name}={getattr(self, name)!r}" for name in usual if getattr(self, name) != usual[name]]
        bias = ["bias=False"] if self.bias is None else []
        return ", ".join([f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}", *said, *bias])


class Conv2d(Convolution):
    """Filters that slide over images: (N, C, H, W) becomes (N, O, H', W'), a channel for each filter.

    weight: (O, C / groups, kh, kw). bias: (O,), or None. Numbers of one axis each may be an int, or a pair down and
    right. padding: also "same" or "valid". rng: a generator or a seed.
    """

    axes = 2
    function = staticmethod(conv2d)


class Conv1d(Convolution):
    """Filters that slide over series: (N, C, L) becomes (N, O, L'), a channel for each filter.

    weight: (O, C / groups, k). bias: (O,), or None. padding: also "same" or "valid". rng: a generator or a seed.
    """

    axes = 1
    function = staticmethod(conv1d)


class ConvTranspose2d(Module):
    """Filters that each number of an image adds to its window: (N, C, H, W) becomes a larger (N, O, H', W').

    weight: (C, O / groups, kh, kw). bias: (O,), or None. rng: a generator or a seed. See `conv_transpose2d`.
    """

    starts_layer = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        *,
        rng: Rng = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        owner, rng = "ConvTranspose2d", init.generator(rng)
        self.in_channels = size(owner, "in_channels", in_channels)
        self.out_channels = size(owner, "out_channels", out_channels)
        self.kernel_size = sizes(owner, "kernel_size", kernel_size)
        self.stride, self.dilation = sizes(owner, "stride", stride), sizes(owner, "dilation", dilation)
        self.padding = sizes(owner, "padding", padding, least=0)
        self.output_padding = sizes(owner, "output_padding", output_padding, least=0)
        self.groups = check_groups(owner, self.in_channels, self.out_channels, groups)
        shape = (self.in_channels, self.out_channels // self.groups, *self.kernel_size)
        fan_in = math.prod(shape[1:])  # as PyTorch counts it here
        self.weight = Tensor(init.fan_in_uniform(shape, fan_in, rng=rng), requires_grad=True, label="W", dtype=dtype)
        start = init.fan_in_uniform((self.out_channels,), fan_in, rng=rng)
        self.bias = Tensor(start, requires_grad=True, label="b", dtype=dtype) if bias else None

    def forward(self, x: Any) -> Tensor:
        """Return the larger images."""
        how = (self.stride, self.padding, self.output_padding, self.groups, self.dilation)
        return labelled(conv_transpose2d(x, self.weight, self.bias, *how), "z", self.layer_number)

    def extra_repr(self) -> str:
        said = [f"stride={self.stride}"] * (self.stride != (1, 1)) + [f"padding={self.padding}"] * any(self.padding)
        return ", ".join([f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}", *said])


class Pooling(Module):
    """The base of pooling layers: a window and its stride."""

    def __init__(self, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool) -> None:
        super().__init__()
        owner = type(self).__name__
        self.kernel_size = sizes(owner, "kernel_size", kernel_size)
        self.stride = self.kernel_size if stride is None else sizes(owner, "stride", stride)
        self.padding = sizes(owner, "padding", padding, least=0)
        self.ceil_mode = bool(ceil_mode)

    def extra_repr(self) -> str:
        said = [f"stride={self.stride}"] * (self.stride != self.kernel_size)
        said += [f"padding={self.padding}"] * (self.padding != (0, 0)) + ["ceil_mode=True"] * self.ceil_mode
        return ", ".join([f"kernel_size={self.kernel_size}", *said])


class MaxPool2d(Pooling):
    """The largest number of each window; `stride` is `kernel_size` where it is None. Ties share the gradient."""

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, *, ceil_mode: bool = False
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode)
        self.dilation = sizes("MaxPool2d", "dilation", dilation)

    def forward(self, x: Any) -> Tensor:
        """Return (N, C, H', W')."""
        return max_pool2d(x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)

    def extra_repr(self) -> str:
        return super().extra_repr() + f", dilation={self.dilation}" * (self.dilation != (1, 1))


class AvgPool2d(Pooling):
    """The average of each window; `stride` is `kernel_size` where it is None. See `functional.avg_pool2d`."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode)
        self.count_include_pad, self.divisor_override = bool(count_include_pad), divisor_override

    def forward(self, x: Any) -> Tensor:
        """Return (N, C, H', W')."""
        how = (self.ceil_mode, self.count_include_pad, self.divisor_override)
        return avg_pool2d(x, self.kernel_size, self.stride, self.padding, *how)

    def extra_repr(self) -> str:
        said = [super().extra_repr()] + ["count_include_pad=False"] * (not self.count_include_pad)
        return ", ".join(said + [f"divisor_override={self.divisor_override}"] * (self.divisor_override is not None))


class AdaptiveAvgPool2d(Module):
    """The averages of as many windows of equal size as `output_size` says: with 1 that of each channel."""

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = sizes("AdaptiveAvgPool2d", "output_size", output_size)

    def forward(self, x: Any) -> Tensor:
        """Return (N, C, *output_size)."""
        return adaptive_avg_pool2d(x, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"
