"""Modules, the parts of a net: a module holds parameters and other modules, and finds them by itself.

A parameter is a leaf that needs a gradient, kept as an attribute of a module or in a list, tuple or dict there;
a buffer is a leaf that needs none. Nothing is registered, and nothing here knows one kind of layer from another.

Every call of a module is an interval of ticks: the nodes it made are those with `first < node.born < last`, where
`(first, last)` is the module's `last_call`. So a picture can show a module as a cluster: see `named_calls`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, Protocol, Self, TypeVar

from ..core.backprop import set_gradients
from ..core.commit import calls, commit
from ..core.context import tracing
from ..core.node import Node, data_of, tick
from ..core.tensor import Tensor
from ..errors import DTypeError, GradientError, foreign_names, hints
from ..errors.printable import printable
from ..errors.where import users_line
from . import state, summary
from .arguments import check_set_to_none

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)


class HasForward(Protocol[P, R_co]):
    """A module to type checkers: its call takes and returns what its `forward` does."""

    @property
    def forward(self) -> Callable[P, R_co]:
        """The method that computes the output."""


class Module:
    """A part of a net. Subclasses call `super().__init__()`, set their parts as attributes and define `forward`."""

    starts_layer: ClassVar[bool] = False  # whether it makes a weighted sum z^(l), with which layer l begins
    training: bool = True  # whether dropout drops and batch normalisation measures: see `train` and `eval`
    layer_number: int = 0  # the layer of its net to which it belongs, from 1; 0 while it is in none

    __slots__ = ("__dict__", "__weakref__", "last_call")
    last_call: tuple[int, int] | None  # the ticks at which its last call began and ended; no part of the net

    def __new__(cls, *_: Any, **keywords: Any) -> Self:
        if keywords:
            hints.check_keywords(cls.__name__, cls.__init__, keywords)
        module = super().__new__(cls)
        set_last_call(module, None)
        return module

    def __init__(self) -> None:
        self.training = True

    if TYPE_CHECKING:
        forward: Callable[..., Any]  # so a subclass may define it with any parameters

        def __call__(self: HasForward[P, R_co], *inputs: P.args, **options: P.kwargs) -> R_co: ...

    else:

        def forward(self, *inputs: Any) -> Any:
            """Compute the output; every module defines its own."""
            raise NotImplementedError(f"{type(self).__name__} has to define forward() (at {users_line()})")

        def __call__(self, *inputs: Any, **options: Any) -> Any:
            first = tick()
            try:
                output = self.forward(*inputs, **options)
            except Exception as error:
                self.blame(error)
                raise
            set_last_call(self, (first, tick()))
            return output

    def __setattr__(self, name: str, new: Any) -> None:
        if "training" not in self.__dict__ and name != "training" and any(True for _ in parts_in(new, "")):
            raise GradientError(
                f"{type(self).__name__}.__init__: call super().__init__() first, then set {name!r} (at {users_line()})"
            )
        old = self.__dict__.get(name)
        if old is not None and is_leaf(old) and new is not None and not is_leaf(new):
            raise DTypeError(
                f"{name!r} of {type(self).__name__} is {old.title} and cannot become {new!r:.60}: "
                f"write .{name}.data = … to change its numbers, or give another leaf to put in its place "
                f"(at {users_line()})"
            )
        object.__setattr__(self, name, new)
        if any(isinstance(x, Module) for _, x in parts_in(new, "")):
            number_layers(self)

    def blame(self, error: Exception) -> None:
        """Note on an error that it was raised in this module, or in which part of it."""
        inner = error.__dict__.get("module")
        name = next((name for name, child in self.named_children() if child is inner), "a part")
        error.add_note(f"which is {name!r} of {type(self).__name__}" if inner else f"in {self.described()}")
        error.__dict__["module"] = self

    # Finding parts ---------------------------------------------------------------------------------------------

    def named_parts(self) -> Iterator[tuple[str, Any]]:
        """Yield the attributes in which modules and leaves are looked for, by name."""
        yield from self.__dict__.items()

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield the modules directly inside this one, by name."""
        for name, part in self.named_parts():
            for path, x in parts_in(part, name):
                if isinstance(x, Module):
                    yield path, x

    def children(self) -> Iterator[Module]:
        """Yield the modules directly inside this one."""
        yield from (child for _, child in self.named_children())

    def modules(self) -> Iterator[Module]:
        """Yield this module and all inside it, outermost first, each once."""
        yield from (module for _, module in self.named_modules())

    def apply(self, function: Callable[[Module], Any]) -> Self:
        """Call a function with every module, the innermost first; return this module."""
        for module in [*self.modules()][::-1]:
            function(module)
        return self

    def register_buffer(self, name: str, data: Any) -> None:
        """Keep numbers that nobody learns under a name: they are saved with the net, and get no gradient."""
        setattr(self, name, None if data is None else Tensor(data, requires_grad=False))

    def named_modules(self, path: str = "") -> Iterator[tuple[str, Module]]:
        """Yield this module and all inside it, outermost first, each once, by path: `""`, `"0"`, `"0.norm"`."""
        seen: set[Module] = set()
        waiting = [(path, self)]
        while waiting:
            here, module = waiting.pop()
            if module not in seen:
                seen.add(module)
                yield here, module
                inside = [(f"{here}.{name}" if here else name, child) for name, child in module.named_children()]
                waiting += reversed(inside)

    def named_leaves(self) -> Iterator[tuple[str, Any]]:
        """Yield every parameter and buffer by path, each once; of tied ones the first path counts."""
        seen: set[Any] = set()
        for here, module in self.named_modules():
            for name, part in module.named_parts():
                for path, x in parts_in(part, f"{here}.{name}" if here else name):
                    if is_leaf(x) and x not in seen:
                        seen.add(x)
                        yield path, x

    def named_parameters(self) -> list[tuple[str, Tensor]]:
        """Return the leaves that need a gradient, by path: `"0.weight"`, `"layers.0.neurons.2.b"`."""
        return [(path, x) for path, x in self.named_leaves() if x.requires_grad]

    def parameters(self) -> list[Tensor]:
        """Return the leaves that need a gradient: what an optimiser is given."""
        return [x for _, x in self.named_parameters()]

    def named_buffers(self) -> list[tuple[str, Tensor]]:
        """Return the leaves that need no gradient, like running averages, by path."""
        return [(path, x) for path, x in self.named_leaves() if not x.requires_grad]

    def buffers(self) -> list[Tensor]:
        """Return the leaves that need no gradient."""
        return [x for _, x in self.named_buffers()]

    def named_calls(self) -> list[tuple[str, Module, int, int]]:
        """Return `(path, module, first, last)` of the last call of each module that was called, outermost first.

        A node belongs to every module with `first < node.born < last`.
        """
        return [(path, module, *module.last_call) for path, module in self.named_modules() if module.last_call]

    def set_layer_number(self, number: int) -> None:
        """Say to which layer of a net this belongs, and label its parameters accordingly: W^(2), b^(2)."""
        self.layer_number = number
        for name, letter in (("weight", "W"), ("bias", "b")) if self.starts_layer else ():
            leaf = getattr(self, name, None)
            if leaf is not None and leaf.label.partition("^")[0] == letter:  # not a label of the user's
                leaf.label = f"{letter}^({number})"

    # Training --------------------------------------------------------------------------------------------------

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters: they are None until backward() computes them, never zeros."""
        check_set_to_none(type(self).__name__, set_to_none)
        params = [*self.parameters()]
        if tracing() is not None:
            for x in params:
                x.grad = None
        else:
            set_gradients(params, itertools.repeat(None))

    def train(self, mode: bool = True) -> Self:
        """Switch to training, where dropout drops and batch normalisation measures; return the module."""
        commit(calls([partial(vars(module).update, training=mode) for _, module in self.named_modules()]))
        return self

    def eval(self) -> Self:
        """Switch to use, where every output is that of the trained net; return the module."""
        return self.train(False)

    # Keeping and showing ---------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of the numbers of every parameter and buffer, by path: arrays, and floats for Values."""
        return state.module_state(self)

    def load_state_dict(self, saved: dict[str, Any], strict: bool = True) -> None:
        """Take over the numbers that `state_dict` gave, or PyTorch's does.

        strict: False leaves what `saved` has not as it is, and what the net has not aside. Raises CheckpointError that
        lists everything missing, unexpected or of another shape or type; then nothing has changed.
        """
        state.load_module(self, saved, strict)

    def summary(self, depth: int = 1, example: Any = None) -> summary.Summary:
        """Return a table of the modules down to `depth`, with how many numbers each has to learn.

        example: an input, or a tuple of them: then also with the shape of each module's output, the multiply-adds that
        it takes, and the memory of weights and results. The table is text; `summary(…).draw()` is a picture of it.
        """
        return summary.summary_table(self, depth, example)

    def extra_repr(self) -> str:
        """Return what it was made with, for `repr` and `summary`."""
        return ""

    def described(self) -> str:
        """Return its kind and what it was made with: `Linear(64, 10)`."""
        return printable(f"{type(self).__name__}({self.extra_repr()})")

    def __repr__(self) -> str:
        return module_tree(self)


hints.hint(Module, "a module", foreign_names.MODULE)
members: Any = Module  # a slot is a descriptor, which the types do not say
set_last_call = members.last_call.__set__


def Parameter(data: Any, requires_grad: bool = True, label: str = "") -> Tensor:  # noqa: N802  # PyTorch's name
    """Return a leaf for an optimiser to step, which a module finds where it is an attribute; a tensor is copied."""
    return Tensor(data_of(data), requires_grad, label)


def module_tree(module: Module, outside: bool | None = None) -> str:
    """Return a module and its parts, a line each, with the mode where it is not that of the module outside."""
    mode = "" if module.training is outside else f"training={module.training}"
    first = printable(f"{type(module).__name__}({', '.join(filter(None, (module.extra_repr(), mode)))})")
    lines = (f"{printable(name)}: {module_tree(child, module.training)}" for name, child in module.named_children())
    return "\n  ".join([first, *(line.replace("\n", "\n  ") for line in lines)])


def is_leaf(x: Any) -> bool:
    """Whether `x` is a node that was given, not computed."""
    return isinstance(x, Node) and x.op is None


def parts_in(part: Any, path: str) -> Iterator[tuple[str, Node | Module]]:
    """Yield the nodes and modules in an attribute, looking into lists, tuples and dicts, each by its path."""
    if isinstance(part, (Node, Module)):
        yield path, part
    elif isinstance(part, (list, tuple)):
        for i, x in enumerate(part):
            yield from parts_in(x, f"{path}.{i}")
    elif isinstance(part, dict):
        for key, x in part.items():
            yield from parts_in(x, f"{path}.{key}")


def number_layers(net: Module) -> None:
    """Number the layers of a net from 1, in the order of its parts."""
    number = 0
    for path, module in net.named_modules():
        if path:
            number += module.starts_layer
            module.set_layer_number(number)
