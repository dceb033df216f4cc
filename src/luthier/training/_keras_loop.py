"""Runs a loop: epochs, batches, validation, callbacks, in the order in which Keras calls them.

Enters: a `Loop`'s definition, data, who watches. Leaves: the history of all epochs.
"""

from __future__ import annotations

import math
import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np

from luthier.errors import DivergedError, FailedTrialError, FatalTypeError, FatalValueError
from luthier.records import Decision
from luthier.training import _batches as batches
from luthier.training._batches import Batches
from luthier.training._keras_callbacks import OwnCallback, ReportEpochs, TrialLink
from luthier.training._keras_checkpoint import Checkpoint
from luthier.training._keras_group_callbacks import View, addressed
from luthier.training._keras_step import Engine
from luthier.training._sharing import COMPILED_ONCE
from luthier.training._status import Status
from luthier.training._step import ForGroup

# Losses are looked at after so many steps: each look waits for the device.
_LOOK = 1024

# What a `Sharing` holds compiled steps in; PyTorch compiles nothing.
_SHARED = {"jax": "programs", "tensorflow": "graphs"}

History = tuple[Mapping[str, Sequence[float]], Sequence[int]]


class Trained(Protocol):
    """The step of a loop."""

    model: Any

    def prepared(self, batch: Any, programs: Any = None) -> Engine:
        """What runs it."""


class Plan(Protocol):
    """What a loop is made of: the arguments of `Loop`."""

    step: Any
    epochs: int
    batch_size: int
    draw: str
    steps: int | None
    drop_remainder: bool
    augment: Callable[..., Any] | None
    validation_split: float
    validation_freq: int
    seed: int | None
    checkpoint: str | os.PathLike[str] | None
    verbose: int | None


def run(
    plan: Plan,
    data: Any,
    validation_data: Any = None,
    callbacks: Any = None,
    report: Callable[..., Decision] | None = None,
) -> History:
    """Train; see `Loop.fit`.

    Returns:
        Metric to one value an epoch, and the epochs' numbers.
    """
    return _Run(plan, data, validation_data, _listed(callbacks), report).go()


class _Run:
    """One call of `fit`."""

    def __init__(
        self,
        plan: Plan,
        data: Any,
        validation_data: Any,
        callbacks: list[Any],
        report: Callable[..., Decision] | None,
    ) -> None:
        self._plan = plan
        self._model = plan.step.model
        self._report = report
        links = [one for one in callbacks if isinstance(one, TrialLink)]
        self._link = links[0] if links else None
        seed = int(np.random.randint(2**31)) if plan.seed is None else plan.seed
        in_trial = report is not None or any(isinstance(one, OwnCallback) for one in callbacks)
        if in_trial:
            _check_size(plan.batch_size, data)
        self._train, self._validation = _sources(plan, data, validation_data, seed)
        batch = self._augmented(self._train.first())
        self._engine: Engine = plan.step.prepared(batch, self._programs())
        callbacks, views = addressed(callbacks, self._engine.program.optimizers)
        others = [one for one in callbacks if not isinstance(one, OwnCallback)]
        variables = self._engine.program.progress
        self._checkpoint = Checkpoint(self._path(), variables, seed, others)
        self._reports = [one for one in callbacks if isinstance(one, ReportEpochs)]
        self._callbacks = _Callbacks(callbacks, self._model, plan.epochs, self._train.steps)
        for callback in callbacks:
            if id(callback) in views:
                callback.set_model(View(self._model, views[id(callback)]))
        quiet = in_trial and plan.verbose is None
        self._status = Status(sys.stdout, 0 if quiet else plan.verbose, plan.epochs)
        self._losses = _Losses()

    def go(self) -> History:
        """All epochs."""
        self._restore()
        progress = self._checkpoint.progress
        self._model.stop_training = False
        self._callbacks.all.on_train_begin()
        self._checkpoint.remind()
        logs: dict[str, float] = {}
        try:
            if not progress.stopped:
                for epoch in range(progress.next_epoch, self._plan.epochs):
                    logs = self._epoch(epoch)
                    if self._model.stop_training:
                        break
        finally:
            self._engine.sync()
        for group in self._engine.program.groups.values():
            group.optimizer.finalize_variable_values(list(group.variables))
        self._callbacks.all.on_train_end(logs)
        self._tell_how()
        return self._checkpoint.progress.history, self._checkpoint.progress.epochs

    def _epoch(self, epoch: int) -> dict[str, float]:
        self._engine.reset()
        self._callbacks.all.on_epoch_begin(epoch)
        self._status.begin(epoch, self._train.steps)
        done = 0
        for done, batch in enumerate(self._train.epoch(epoch), start=1):
            self._batch(done, self._engine.convert(self._augmented(batch)))
            if done % _LOOK == 0:
                self._losses.check(epoch, self._engine.logs()["loss"])
            if self._model.stop_training:
                break
        logs = self._engine.logs()
        self._losses.check(epoch, logs["loss"])
        self._losses.begin()
        logs |= self._validated(epoch)
        self._status.end(epoch, done, logs)
        self._callbacks.all.on_epoch_end(epoch, logs)
        if self._report is not None and self._report(epoch, logs) is not Decision.CONTINUE:
            self._model.stop_training = True
        self._keep(epoch, logs)
        return logs

    def _keep(self, epoch: int, logs: Mapping[str, float]) -> None:
        is_paused = any(report.is_paused for report in self._reports)
        is_over = bool(self._model.stop_training)
        self._checkpoint.add(
            epoch,
            logs,
            stopped=is_over and not is_paused,
            is_last=is_over or epoch + 1 == self._plan.epochs,
            best=None if self._link is None else self._link.best.value,
        )

    def _batch(self, number: int, batch: Any) -> None:
        callbacks = self._callbacks
        if callbacks.has_batches:
            callbacks.all.on_train_batch_begin(number - 1)
        self._losses.add(self._engine.run("train", batch))
        if callbacks.has_batches:
            logs = self._engine.logs() if callbacks.reads_batches else {}
            callbacks.all.on_train_batch_end(number - 1, logs)
        self._status.step(number, self._engine.logs)

    def _validated(self, epoch: int) -> dict[str, float]:
        if self._validation is None or (epoch + 1) % self._plan.validation_freq:
            return {}
        self._engine.reset()
        self._callbacks.all.on_test_begin()
        for number, batch in enumerate(self._validation.epoch(0)):
            if self._callbacks.has_batches:
                self._callbacks.all.on_test_batch_begin(number)
            self._engine.run("test", self._engine.convert(batch))
            if self._callbacks.has_batches:
                self._callbacks.all.on_test_batch_end(number, {})
        logs = self._engine.logs()
        self._callbacks.all.on_test_end(logs)
        return {f"val_{name}": value for name, value in logs.items()}

    def _augmented(self, batch: Any) -> Any:
        augment = self._plan.augment
        if augment is None:
            return batch
        parts = batch if isinstance(batch, tuple | list) else (batch,)
        changed = augment(*parts)
        came = len(changed) if isinstance(changed, tuple | list) else int(changed is not None)
        if came != len(parts):
            raise FatalValueError(
                f"Expected augment() to return as many parts as it is called with, {len(parts)}; "
                f"got {came}. For batches of (inputs, targets) it is augment(x, y), which returns "
                "(x, y)."
            )
        return changed

    def _restore(self) -> None:
        if self._checkpoint.restore():
            self._train.seed = self._checkpoint.seed
            if self._link is not None:
                progress = self._checkpoint.progress
                self._link.resumed(progress.next_epoch, progress.best)
        elif self._checkpoint.note and self._link is not None:
            self._link.info["resume"] = self._checkpoint.note
        elif self._checkpoint.note:
            warnings.warn(f"{self._checkpoint.note}, and writes over it.", stacklevel=5)

    def _programs(self) -> Any:
        sharing = None if self._link is None else self._link.sharing
        name = _SHARED.get(keras.backend.backend())
        return None if sharing is None or name is None else getattr(sharing, name)

    def _tell_how(self) -> None:
        """Let the trial know whether its step was compiled anew."""
        if self._link is None or self._link.sharing is None or self._programs() is None:
            return
        if self._engine.why:
            self._link.sharing.fall_back(self._engine.why, self._link.info)
        else:
            self._link.info["ran"] = COMPILED_ONCE
        if self._engine.own_numbers_why:
            self._link.info["own_numbers_why"] = self._engine.own_numbers_why

    def _path(self) -> Path | None:
        if self._plan.checkpoint is not None:
            return Path(self._plan.checkpoint)
        return None if self._link is None else self._link.next_path()


class _Losses:
    """The losses of an epoch, kept on the device until one has to be looked at."""

    def __init__(self) -> None:
        self._kept: list[Any] = []
        self._done = 0
        self._last: float | None = None

    def begin(self) -> None:
        """Another epoch begins."""
        self._done = 0

    def add(self, loss: Any) -> None:
        """A step is done."""
        self._kept.append(loss)

    def check(self, epoch: int, mean: float) -> None:
        """See whether all were finite: their mean is, if they were.

        Raises:
            DivergedError: naming the step, the epoch and the last finite loss.
        """
        if math.isfinite(mean):
            self._last = float(keras.ops.convert_to_numpy(self._kept[-1])) if self._kept else None
            self._done += len(self._kept)
            self._kept.clear()
            return
        for number, loss in enumerate(self._kept, start=self._done + 1):
            value = float(keras.ops.convert_to_numpy(loss))
            if not math.isfinite(value):
                before = "no loss was finite before"
                if self._last is not None:
                    before = f"the last finite loss was {self._last:.6g}"
                raise DivergedError(
                    f"The loss became {value} at step {number} of epoch {epoch + 1}; {before}. "
                    "Lower the learning rate, limit gradients (clip_norm=1.0), or look for zeros "
                    "in a logarithm or a division, and for such numbers in the data."
                )
            self._last = value


class _Callbacks:
    """Keras callbacks, and what they want to hear.

    Attributes:
        all: Keras's list of them.
        has_batches: whether one hears of batches.
        reads_batches: whether one wants metrics, or the model, after each batch.
    """

    def __init__(self, callbacks: list[Any], model: Any, epochs: int, steps: int | None) -> None:
        hearing = [one for one in callbacks if _hears_batches(one)]
        self.has_batches = bool(hearing)
        self.reads_batches = any(_reads_batches(one) for one in hearing)
        self.all = keras.callbacks.CallbackList(
            callbacks, model=model, epochs=epochs, steps=steps, verbose=0
        )


def _hears_batches(callback: Any) -> bool:
    hooks = ["on_batch_begin", "on_batch_end"]
    hooks += [f"on_{kind}_batch_{when}" for kind in ("train", "test") for when in ("begin", "end")]
    plain = keras.callbacks.Callback
    return any(getattr(type(callback), name) is not getattr(plain, name) for name in hooks)


def _reads_batches(callback: Any) -> bool:
    # Keras's own say so: TensorBoard, ModelCheckpoint and BackupAndRestore.
    frequency = getattr(callback, "update_freq", getattr(callback, "save_freq", None))
    return bool(frequency != "epoch")


def _listed(callbacks: Any) -> list[Any]:
    if callbacks is None:
        return []
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return list(callbacks.callbacks)
    if _is_list(callbacks):
        return [one for each in callbacks for one in _listed(each)]
    if not (hasattr(callbacks, "set_model") or isinstance(callbacks, ForGroup)):
        raise FatalTypeError(
            f"Expected Keras callbacks, got {callbacks!r} of type {type(callbacks).__name__}."
        )
    return [callbacks]


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _sources(
    plan: Plan, data: Any, validation_data: Any, seed: int
) -> tuple[Batches, Batches | None]:
    floatx = keras.backend.floatx()
    if batches.is_arrays(data):
        arrays = batches.as_arrays(data, floatx)
        if plan.validation_split and validation_data is None:
            arrays, validation_data = batches.split(arrays, plan.validation_split)
        train: Batches = batches.ArrayBatches(
            arrays,
            plan.batch_size,
            draw=plan.draw,
            steps=plan.steps,
            drop_remainder=plan.drop_remainder,
            seed=seed,
        )
    else:
        if plan.validation_split and validation_data is None:
            raise FatalValueError(
                f"validation_split={plan.validation_split} needs arrays, to leave rows out; got "
                f"batches from a {type(data).__name__}. Give validation_data instead."
            )
        train = batches.of(data, plan.draw, plan.steps, seed)
    if validation_data is None:
        return train, None
    if not batches.is_arrays(validation_data):
        return train, batches.of(validation_data, batches.ORDERED, None, seed)
    arrays = batches.as_arrays(validation_data, floatx)
    return train, batches.ArrayBatches(arrays, min(plan.batch_size, batches.rows_of(arrays)))


def _check_size(batch_size: int, data: Any) -> None:
    """Let the trial fail, and not the search, where its batches are too large for its data.

    Where all trials have that size, the search ends after as many failures as it allows in a row.

    Raises:
        FailedTrialError: saying so.
    """
    rows = batches.rows_of(data) if batches.is_arrays(data) else batch_size
    if batch_size > rows:
        raise FailedTrialError(
            f"The trial's batch size, {batch_size}, is more than the {rows} rows that there are "
            "to train with. Search sizes up to that, or give more rows."
        )
