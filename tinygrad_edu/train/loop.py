"""`fit`: the training loop as one function. Knows nets by what every module has, and data as arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ..core.types import Array
from ..errors.hints import tells_keywords
from ..errors.where import users_line
from ..nn import optim
from ..nn.modes import in_mode
from ..nn.module import Module
from . import resume
from .history import History
from .progress import Progress
from .run import Metric, TrainingRun


@tells_keywords
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
    augment: Callable[[Array, np.random.Generator], Any] | None = None,
    progress: bool = True,
    compile: bool | None = None,  # noqa: A002  # the field's word for it
    rng: np.random.Generator | int | None = 0,
) -> History:
    """Train a net on data and return the history of the run.

    data: inputs and targets, an example a row. loss: of outputs and targets; by default cross_entropy for whole
    numbers and mse_loss for others. optimizer: Adam by default. validation: held-out data, or the share of `data` to
    hold out. metrics: by name, of the arrays of outputs and targets; by default the accuracy for classes. callbacks:
    are called with the history after each epoch; one that returns True ends the run. early_stopping: the run ends
    after that many epochs in which the validation loss did not improve, with the weights of the best epoch.
    schedule: steps once an epoch. augment: returns the inputs to learn from, of a batch's inputs and the run's
    generator, as in `augment=lambda x, rng: tg.data.shift(x, 2, rng=rng)`; the validation data stay as they are.
    checkpoint: a file to which the run is written after each epoch, or every `checkpoint_every` batches; where the
    file exists, the run resumes from it and ends with the same bits. progress: a bar in a terminal or notebook,
    elsewhere a line for every tenth, with a first line that says whether steps are compiled. compile: by default from
    100 steps on, where the step can be compiled; `history.compiled` and `history.note` tell. rng: a generator or a
    seed for the order of examples.

    Ctrl-C ends the run and keeps what was learned. Raises AnomalyError where a loss or a step is not finite, with
    weights, optimiser and generators as they were when the epoch began; CheckpointError for a checkpoint of another
    run, with everything as it was.
    """
    called = tuple(callbacks) if isinstance(callbacks, Iterable) else (None,)
    if not all(map(callable, called)):
        raise TypeError(
            "fit: callbacks is a list of functions of the history, as in callbacks=[print]; a schedule is schedule= "
            f"(at {users_line()})"
        )
    run = TrainingRun(
        model, data, loss, optimizer, epochs, batch_size, validation, metrics, early_stopping, schedule, augment, rng
    )
    if checkpoint is not None and Path(checkpoint).exists():
        resume.restore_run(run, checkpoint)
    with in_mode(model, training=True):
        shown = Progress(epochs * run.batches, run.place.epoch * run.batches + run.place.batch, progress)
        try:
            run.choose_step(compile)
            shown.begin(run.described())
            run.history.stopped = run.all_epochs(shown, called, checkpoint, checkpoint_every)
        except KeyboardInterrupt:
            run.history.stopped = "interrupted"
        finally:
            shown.close()
    if early_stopping is not None and run.best_state is not None and run.history.stopped != "interrupted":
        model.load_state_dict(run.best_state)
    return run.history
