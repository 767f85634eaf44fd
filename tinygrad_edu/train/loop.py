"""`fit`: the training loop. Knows nets by what every module has, and data as arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ..compile.compiled import compile as compiled
from ..core.context import no_grad
from ..core.node import data_of
from ..data.batches import pair, split
from ..errors import AnomalyError, CompileError, ShapeError
from ..errors.where import users_line
from ..nn import functional, optim
from ..nn.arguments import size
from ..nn.module import Module
from . import resume
from .history import History
from .progress import Progress

Array = np.ndarray[Any, Any]
Metric = Callable[[Array, Array], Any]
WORTH = 100  # steps from which on compiling a step, which takes as long as some dozens, pays


def accuracy(outputs: Array, targets: Array) -> float:
    """Return the share of examples whose largest output is at the true class."""
    return float(np.mean(np.argmax(outputs, axis=1) == targets))


def fit(
    model: Module,
    data: tuple[Any, Any],
    *,
    loss: Callable[..., Any] | None = None,
    optimizer: optim.Optimizer | None = None,
    epochs: int = 10,
    batch_size: int = 32,
    validation: tuple[Any, Any] | float | None = None,
    metrics: dict[str, Metric] | None = None,
    callbacks: Iterable[Callable[[History], Any]] = (),
    checkpoint: str | Path | None = None,
    checkpoint_every: int | None = None,
    early_stopping: int | None = None,
    schedule: optim.Schedule | None = None,
    progress: bool = True,
    compile: bool | None = None,  # noqa: A002  # the field's word for it
    rng: np.random.Generator | int | None = 0,
) -> History:
    """Train a net on data and return the history of the run.

    data: inputs and truths, an example a row. loss: of outputs and truths; by default cross_entropy for whole numbers
    and mse_loss for others. optimizer: Adam by default. validation: data held out, or the share of `data` to hold out.
    metrics: by name, of the arrays of outputs and truths; by default the accuracy for classes. callbacks: are called
    with the history after each epoch; one that returns True ends the run. early_stopping: after so many epochs in
    which the validation loss did not get better the run ends, with the weights of the best one. schedule: steps once
    an epoch. checkpoint: a file to which the run is written after each epoch, or every `checkpoint_every` batches; if
    it is there, the run goes on from it to the very same bits. compile: by default from 100 steps on, if the step
    can be; `history.compiled` tells. rng: a generator or a seed for the order of examples.

    Ctrl-C ends the run and keeps what was learnt. Raises AnomalyError where the loss is no number any more, with the
    weights as they were when the epoch began; CheckpointError for a checkpoint of another run.
    """
    run = Run(model, data, loss, optimizer, epochs, batch_size, validation, metrics, early_stopping, schedule, rng)
    if checkpoint is not None and Path(checkpoint).exists():
        resume.read(run, checkpoint)
    run.choose_step(compile)
    modes = {module: module.training for module in model.modules()}
    shown = Progress(epochs * run.batches, run.place.epoch * run.batches + run.place.batch, progress)
    try:
        model.train()
        run.history.stopped = run.all_epochs(shown, tuple(callbacks), checkpoint, checkpoint_every)
    except KeyboardInterrupt:
        run.history.stopped = "interrupted"
    finally:
        shown.close()
        for module, mode in modes.items():
            module.training = mode
    if early_stopping is not None and run.best_state is not None and run.history.stopped != "interrupted":
        model.load_state_dict(run.best_state)
    return run.history


def step_of(model: Module, loss: Callable[..., Any], optimizer: optim.Optimizer) -> Callable[..., Any]:
    """Return a function of a batch that steps along its gradient, and returns its loss and the outputs that led to it.

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


class Run:
    """One run of `fit`: its parts, checked, and where it is."""

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
        classes = self.y.dtype.kind in "iu" and self.y.ndim == 1
        self.loss = loss or (functional.cross_entropy if classes else functional.mse_loss)
        self.metrics: dict[str, Metric] = metrics if metrics is not None else {"accuracy": accuracy} if classes else {}
        self.optimizer = optimizer or optim.Adam(model.parameters())
        if patience is not None and self.validation is None:
            raise ValueError(
                f"fit: early_stopping looks at the validation loss, so give validation=0.2 (at {users_line()})"
            )
        self.patience = None if patience is None else size("fit", "early_stopping", patience)
        self.schedule = schedule
        self.history = History(model, *((self.x, self.y) if self.x.ndim == 2 and self.x.shape[1] == 2 else ()))
        self.place = resume.Place(self.rng)
        self.generators = resume.generators(model, self.optimizer, self.rng)
        self.best_state: dict[str, Any] | None = None
        self.waited = 0

    def sets(self, data: Any, validation: Any) -> tuple[Array, Array, tuple[Array, Array] | None]:
        """Return inputs and truths to learn from, and those held out. Raises ValueError where lengths differ."""
        if not isinstance(data, (tuple, list)) or len(data) != 2:
            raise TypeError(f"fit: the data are a pair (x, y), not {data!r:.60} (at {users_line()})")
        x, y = pair("fit", *map(data_of, data))
        if validation is None:
            return x, y, None
        if isinstance(validation, float):
            if y.dtype.kind in "iu" and y.ndim == 1:
                learnt, held_out = split(x, y, validation, rng=self.rng)
                return *learnt, held_out
            order, n = self.rng.permutation(len(x)), round((1 - validation) * len(x))
            return x[order[:n]], y[order[:n]], (x[order[n:]], y[order[n:]])
        return x, y, pair("fit", *map(data_of, validation))

    def settings(self) -> dict[str, Any]:
        """Return the settings that a checkpoint must have been made with."""
        return {"examples": len(self.x), "batch_size": self.batch_size, "optimizer": type(self.optimizer).__name__}

    def choose_step(self, wanted: bool | None) -> None:
        """Decide whether steps are compiled: where that is wanted, or pays and is possible."""
        self.check_labels()
        self.step = step_of(self.model, self.loss, self.optimizer)
        if wanted is False or (wanted is None and self.epochs * self.batches < WORTH):
            return
        fast = compiled(self.step)
        x, y = self.x[: self.batch_size], self.y[: self.batch_size]
        try:
            self.model.train()
            fast.check(x, y, tolerance=1e-2 if x.dtype.itemsize < 8 else 1e-6)
        except CompileError as error:
            if wanted:
                raise
            self.history.note = f"not compiled: {error}"
            return
        self.step, self.history.compiled = fast, True

    def check_labels(self) -> None:
        """Raise IndexError for a class that the net has no output for: a compiled step looks at no label."""
        if self.y.dtype.kind not in "iu" or self.y.ndim != 1:
            return
        with no_grad():
            training = [(m, m.training) for m in self.model.modules()]
            shape = self.model.eval()(self.x[:1]).shape
            for module, mode in training:
                module.training = mode
        if len(shape) != 2:
            raise ShapeError(f"fit: of classes the net must have outputs (n, classes), not {shape} (at {users_line()})")
        wrong = np.flatnonzero((self.y < 0) & (self.y != -100) | (self.y >= shape[1]))
        if wrong.size:
            raise IndexError(
                f"fit: example {wrong[0]} is of class {self.y[wrong[0]]}, and the net has outputs for {shape[1]} "
                f"classes, 0 to {shape[1] - 1} (at {users_line()})"
            )

    def all_epochs(self, shown: Progress, callbacks: tuple[Any, ...], path: Any, every: int | None) -> str:
        """Go through all epochs that are left; return why the run ended."""
        while self.place.epoch < self.epochs:
            if self.ended():
                return "early stopping"
            self.one_epoch(shown, path, every)
            shown.epoch(self.history.epochs[-1])
            if path is not None:
                resume.write(self, path)
            if True in [callback(self.history) for callback in callbacks]:
                return "callback"
        return "early stopping" if self.ended() else "epochs"

    def ended(self) -> bool:
        """Whether the validation loss has not got better for as long as `early_stopping` says."""
        return self.patience is not None and self.waited >= self.patience

    def one_epoch(self, shown: Progress, path: Any, every: int | None) -> None:
        """Go through what is left of one epoch."""
        place, begun = self.place, self.model.state_dict()
        order = place.order(len(self.x))
        for k in range(place.batch, self.batches):
            rows = order[k * self.batch_size : (k + 1) * self.batch_size]
            x, y = self.x[rows], self.y[rows]
            value, outputs = self.step(x, y)
            self.measure(float(np.asarray(data_of(value))), np.asarray(data_of(outputs)), y, begun)
            place.batch = k + 1
            shown.step({"epoch": place.epoch + 1, "loss": self.history.losses[-1]})
            if every and path is not None and place.batch % every == 0 and place.batch < self.batches:
                resume.write(self, path)
        self.finish_epoch()

    def measure(self, loss: float, outputs: Array, y: Array, begun: dict[str, Any]) -> None:
        """Note the measures of a step. Raises AnomalyError where its loss is no number."""
        if not math.isfinite(loss):
            self.model.load_state_dict(begun)
            raise AnomalyError(
                f"fit: in epoch {self.place.epoch + 1}, batch {self.place.batch + 1}, the loss is {loss}; the weights "
                f"are again those with which the epoch began. Lower lr, or clip gradients (at {users_line()})"
            )
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
        self.model.eval()
        with no_grad():
            parts = [self.model(x[i : i + 256]) for i in range(0, len(x), 256)]
            outputs = np.concatenate([np.asarray(data_of(part)) for part in parts])
            loss = float(np.asarray(data_of(self.loss(outputs, y))))
        self.model.train()
        return {"loss": loss} | {name: float(f(outputs, y)) for name, f in self.metrics.items()}
