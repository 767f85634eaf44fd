"""One run of `fit`: its parts, checked; its steps, epochs and measures."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..compile.compiled import compile as compiled
from ..core.context import no_grad
from ..core.node import data_of
from ..core.types import Array
from ..data.batches import inputs_and_answers, split
from ..errors import AnomalyError, CompileError, ShapeError
from ..errors.where import users_line
from ..nn import functional, optim
from ..nn.arguments import size
from ..nn.modes import in_mode
from ..nn.module import Module
from . import resume
from .history import History
from .progress import Progress

Metric = Callable[[Array, Array], Any]
WORTH = 100  # steps from which compiling pays: it takes as long as 50 to 130 steps (docs/performance.md)


def accuracy(outputs: Array, targets: Array) -> float:
    """Return the share of examples whose largest output is at the true class."""
    return float(np.mean(np.argmax(outputs, axis=1) == targets))


def step_of(model: Module, loss: Callable[..., Any], optimizer: optim.Optimizer) -> Callable[..., Any]:
    """Return a function of a batch that takes a step, and returns the loss and the outputs before it.

    It can name nothing but these three: a compiled function looks again at all that it can name before each call.
    """

    def step(x: Any, y: Any) -> tuple[Any, Any]:
        outputs = model(x)
        value = loss(outputs, y)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        return value, outputs

    return step


def check_parts(loss: Any, optimizer: Any, metrics: Any) -> None:
    """Raise TypeError for a loss, an optimiser or measures by name, as other libraries take them, or not yet made."""
    if loss is not None and (isinstance(loss, type) or not callable(loss)):
        raise TypeError(
            "fit: the loss is a function of outputs and targets, as in loss=nn.functional.mse_loss or "
            f"loss=nn.MSELoss(), not {loss!r:.60} (at {users_line()})"
        )
    if optimizer is not None and not isinstance(optimizer, optim.Optimizer):
        name = getattr(optimizer, "__name__", str(optimizer).capitalize())
        raise TypeError(
            "fit: the optimizer is one that holds the parameters, as in "
            f"optimizer=nn.{name}(model.parameters(), lr=0.01), not {optimizer!r:.60} (at {users_line()})"
        )
    if metrics is not None and not (isinstance(metrics, dict) and all(map(callable, metrics.values()))):
        raise TypeError(
            "fit: metrics are functions of outputs and targets by name, as in "
            f'metrics={{"error": lambda o, t: abs(o - t).mean()}}, not {metrics!r:.60} (at {users_line()})'
        )


class TrainingRun:
    """The parts of a run, and where it is. The arguments are those of `fit`."""

    def __init__(
        self,
        model: Module,
        data: Any,
        loss: Any,
        optimizer: Any,
        epochs: int,
        batch_size: int,
        validation: Any,
        metrics: Any,
        patience: int | None,
        schedule: Any,
        augment: Any,
        rng: Any,
    ) -> None:
        if not isinstance(model, Module):
            raise TypeError(f"fit: the model must be a module, not {model!r:.60} (at {users_line()})")
        if any(not hasattr(p, "dtype") for p in model.parameters()):
            raise TypeError(
                "fit: trains nets of tensors, and this one is of Values: give model.to_tensor_model() "
                f"(at {users_line()})"
            )
        self.model = model
        self.epochs, self.batch_size = size("fit", "epochs", epochs), size("fit", "batch_size", batch_size)
        self.rng = np.random.default_rng(rng)
        self.x, self.y, self.validation = self.sets(data, validation)
        self.batches = -(-len(self.x) // self.batch_size)
        if not len(self.x):
            raise ValueError(f"fit: there is no example to learn from (at {users_line()})")
        check_parts(loss, optimizer, metrics)
        classes = self.y.dtype.kind in "iu" and self.y.ndim == 1
        self.loss = loss or (functional.cross_entropy if classes else functional.mse_loss)
        self.metrics: dict[str, Metric] = metrics if metrics is not None else {"accuracy": accuracy} if classes else {}
        self.optimizer = optimizer or optim.Adam(model.parameters())
        own = {*model.parameters()}
        if not own.intersection(self.optimizer.params):
            raise ValueError(f"fit: the optimizer steps no parameter of the model (at {users_line()})")
        if patience is not None and self.validation is None:
            raise ValueError(
                f"fit: early_stopping looks at the validation loss, so give validation=0.2 (at {users_line()})"
            )
        self.patience = None if patience is None else size("fit", "early_stopping", patience)
        self.schedule, self.augment = schedule, augment
        self.history = History(model, *((self.x, self.y) if self.x.ndim == 2 and self.x.shape[1] == 2 else ()))
        self.place = resume.RunPosition(self.rng)
        self.generators = resume.generators(model, self.optimizer, self.rng)
        self.best_state: dict[str, Any] | None = None
        self.waited = 0

    def sets(self, data: Any, validation: Any) -> tuple[Array, Array, tuple[Array, Array] | None]:
        """Return inputs and targets to learn from, and those held out. Raises ValueError where lengths differ."""
        if not isinstance(data, (tuple, list)) or len(data) != 2:
            raise TypeError(f"fit: the data are a pair (x, y), not {data!r:.60} (at {users_line()})")
        x, y = inputs_and_answers("fit", *map(data_of, data))
        if validation is None:
            return x, y, None
        if isinstance(validation, float):
            learned, held_out = split(x, y, validation, rng=self.rng)
            return *learned, held_out
        return x, y, inputs_and_answers("fit", *map(data_of, validation))

    def settings(self) -> dict[str, Any]:
        """Return the settings that a checkpoint must have been made with."""
        return {
            "examples": len(self.x),
            "batch_size": self.batch_size,
            "optimizer": type(self.optimizer).__name__,
            "schedule": type(self.schedule).__name__ if self.schedule is not None else "none",
            "augment": "given" if self.augment is not None else "none",
        }

    def described(self) -> str:
        """Say what is trained on what, and how steps are taken."""
        weights = sum(p.size for p in self.model.parameters())
        how = "compiled" if self.history.compiled else self.history.note or "not compiled"
        return f"{weights:,} weights, {len(self.x):,} examples, {self.epochs} × {self.batches:,} steps, {how}"

    # A step --------------------------------------------------------------------------------------------------------

    def choose_step(self, wanted: bool | None) -> None:
        """Decide whether steps are compiled: where that is wanted, or pays and is possible."""
        self.check_labels()
        self.step = step_of(self.model, self.loss, self.optimizer)
        if wanted is False:
            return
        if wanted is None and self.epochs * self.batches < WORTH:
            self.history.note = f"not compiled: fewer than {WORTH} steps"
            return
        fast = compiled(self.step)
        x, y = self.x[: self.batch_size], self.y[: self.batch_size]
        try:
            fast.check(x, y, tolerance=1e-2 if x.dtype.itemsize < 8 else 1e-6)
        except CompileError as error:
            if wanted:
                raise
            self.history.note = f"not compiled: {error}"
            return
        self.step, self.history.compiled = fast, True

    def check_labels(self) -> None:
        """Raise IndexError for a class that the net has no output for: a compiled step looks at no label.

        Whole numbers are no classes where a loss was given and the net has not an output for each: 0 or 1, or counts.
        """
        if self.y.dtype.kind not in "iu" or self.y.ndim != 1:
            return
        with no_grad(), in_mode(self.model, training=False):
            shape = self.model(self.x[:1]).shape
        if self.loss is not functional.cross_entropy and (len(shape) != 2 or shape[1] == 1):
            self.metrics = {name: f for name, f in self.metrics.items() if f is not accuracy}
            return
        if len(shape) != 2:
            raise ShapeError(f"fit: of classes the net must have outputs (n, classes), not {shape} (at {users_line()})")
        wrong = np.flatnonzero((self.y < 0) & (self.y != -100) | (self.y >= shape[1]))
        if wrong.size:
            raise IndexError(
                f"fit: example {wrong[0]} is of class {self.y[wrong[0]]}, and the net has outputs for {shape[1]} "
                f"classes, 0 to {shape[1] - 1} (at {users_line()})"
            )

    def augmented(self, x: Array) -> Array:
        """Return a batch's inputs as `augment` changes them. Raises ShapeError where it changes their shape."""
        if self.augment is None:
            return x
        changed = np.asarray(data_of(self.augment(x, self.rng)))
        if changed.shape != x.shape:
            raise ShapeError(
                f"fit: augment made {changed.shape} of a batch {x.shape}, and must keep the shape (at {users_line()})"
            )
        return changed.astype(x.dtype, copy=False)

    # Epochs --------------------------------------------------------------------------------------------------------

    def all_epochs(self, shown: Progress, callbacks: tuple[Any, ...], path: Any, every: int | None) -> str:
        """Go through all epochs that are left; return why the run ended."""
        while self.place.epoch < self.epochs:
            if self.ended():
                return "early stopping"
            self.one_epoch(shown, path, every)
            shown.epoch(self.history.epochs[-1])
            if path is not None:
                resume.save_run(self, path)
            if True in [callback(self.history) for callback in callbacks]:
                return "callback"
        return "early stopping" if self.ended() else "epochs"

    def ended(self) -> bool:
        """Whether the validation loss has not improved for as long as `early_stopping` says."""
        return self.patience is not None and self.waited >= self.patience

    def one_epoch(self, shown: Progress, path: str | Path | None, every: int | None) -> None:
        """Go through what is left of one epoch. Raises AnomalyError, with the run put back to where this began."""
        place, begun = self.place, resume.run_state(self)
        order = place.order(len(self.x))
        for k in range(place.batch, self.batches):
            rows = order[k * self.batch_size : (k + 1) * self.batch_size]
            x, y = self.augmented(self.x[rows]), self.y[rows]
            try:
                value, outputs = self.step(x, y)
                self.measure(float(np.asarray(data_of(value))), np.asarray(data_of(outputs)), y)
            except AnomalyError as error:
                resume.put(self, begun)
                raise AnomalyError(
                    f"fit: epoch {place.epoch + 1}, batch {k + 1}: {error}. Weights, optimiser and generators are "
                    f"as when the epoch began: lower lr, or clip gradients (at {users_line()})"
                ) from error
            place.batch = k + 1
            shown.step({"epoch": place.epoch + 1, "loss": self.history.losses[-1]}, place.batch == self.batches)
            if every and path is not None and place.batch % every == 0 and place.batch < self.batches:
                resume.save_run(self, path)
        self.finish_epoch()

    def measure(self, loss: float, outputs: Array, y: Array) -> None:
        """Note the measures of a step. Raises AnomalyError where its loss is not finite."""
        if not math.isfinite(loss):
            raise AnomalyError(f"the loss is {loss}")
        self.history.record(loss)
        sums = self.place.sums
        for name, value in (("loss", loss), *((name, float(f(outputs, y))) for name, f in self.metrics.items())):
            sums[name] = sums.get(name, 0.0) + len(y) * value

    def finish_epoch(self) -> None:
        """Note the measures of an epoch, look at the validation set, and go on to the next epoch."""
        place = self.place
        measures: dict[str, Any] = {"epoch": place.epoch + 1}
        measures |= {name: total / len(self.x) for name, total in place.sums.items()}
        if self.validation is not None:
            measures |= {f"validation_{name}": value for name, value in self.validated().items()}
            before = [epoch["validation_loss"] for epoch in self.history.epochs]
            if measures["validation_loss"] < min(before, default=math.inf):
                self.history.best, self.waited = place.epoch + 1, 0
                self.best_state = self.model.state_dict() if self.patience is not None else None
            else:
                self.waited += 1
        measures["lr"] = self.optimizer.lr
        if isinstance(self.schedule, optim.ReduceLROnPlateau):
            self.schedule.step(measures.get("validation_loss", measures["loss"]))
        elif self.schedule is not None:
            self.schedule.step()
        self.history.epochs.append(measures)
        place.epoch, place.batch, place.sums = place.epoch + 1, 0, {}
        place.began = dict(self.rng.bit_generator.state)

    def validated(self) -> dict[str, float]:
        """Return loss and metrics of what was held out."""
        assert self.validation is not None
        x, y = self.validation
        with no_grad(), in_mode(self.model, training=False):
            parts = [self.model(x[i : i + 256]) for i in range(0, len(x), 256)]
            outputs = np.concatenate([np.asarray(data_of(part)) for part in parts])
            loss = float(np.asarray(data_of(self.loss(outputs, y))))
        return {"loss": loss} | {name: float(f(outputs, y)) for name, f in self.metrics.items()}
