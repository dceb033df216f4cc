"""Luthier's own Keras callbacks: report each epoch, keep the best weights, call a tuner's hooks.

They work inside `fit` and in loops written by hand, where the user sets `callback.model = model`
(or calls `set_model`) and then `callback.on_epoch_end(epoch, logs)`. They watch one execution each
and are never copied: a deep copy is the callback itself.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np

from luthier.abc import Report
from luthier.errors import FatalValueError
from luthier.objective import Objective
from luthier.records import Decision, Measurement
from luthier.training import _names
from luthier.training._keras_saving import save_weights
from luthier.training._results import value_of
from luthier.training._sharing import Sharing
from luthier.training._task import TrainingHooks

Logs = Mapping[str, Any] | None

# Numbers that may wait in memory: larger models train longer than they are written.
_MOST_WAITING = 2**22


class OwnCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """What Luthier's callbacks have in common: the model may be set as an attribute."""

    @property
    def model(self) -> Any:
        """The model, with its variables up to date."""
        return keras.callbacks.Callback.model.fget(self)

    @model.setter
    def model(self, model: Any) -> None:
        self.set_model(model)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


class ReportEpochs(OwnCallback):
    """Reports what each epoch came to, and stops training when the answer says so.

    Args:
        report: takes measurements.
        objective: must be among the metrics.
        execution: number of the repetition.
        check_from: epoch at whose end the objective has to be there; None: it need not be, because
            the user's `fit` returns it.
        hooks: a tuner's own.

    Attributes:
        decision: the last answer.
        is_paused: whether training stops now because of it, to go on later.
    """

    def __init__(
        self,
        report: Report,
        objective: Objective,
        *,
        execution: int = 0,
        check_from: int | None = None,
        hooks: TrainingHooks | None = None,
    ) -> None:
        super().__init__()
        self.decision = Decision.CONTINUE
        self.is_paused = False
        self._report = report
        self._objective = objective
        self._execution = execution
        self._check_from = check_from if _names.is_named(objective) else None
        self._hooks = hooks or TrainingHooks()
        self._began = time.monotonic()
        self._last = -1
        self._shift = 0
        self._is_cut = False

    def within(self, epoch: int, done: float, logs: Logs) -> Decision:
        """Report while an epoch is under way; what it came to so far.

        Only an answer to stop counts. What is to be paused goes on from the end of an epoch, so
        that is where it is asked for again.

        Args:
            epoch: its number.
            done: which part of its batches was trained, below 1.
            logs: metrics over these.
        """
        metrics = _names.aligned(_names.as_metrics(logs), self._objective)
        if not metrics or self._is_cut:
            return self.decision
        answer = self._tell(self._number(epoch) - 1 + round(done, 6), metrics)
        if answer is Decision.STOP:
            self._is_cut = True
            self._end(answer)
        return answer

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Call the tuner's hook."""
        if self._hooks.on_epoch_begin is not None:
            self._hooks.on_epoch_begin(self.model, epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Report.

        Raises:
            FatalValueError: if the objective is not among the logs.
        """
        if self._hooks.on_epoch_end is not None:
            self._hooks.on_epoch_end(self.model, epoch, logs)
        if self._is_cut:
            # Stopped within it: it is no whole epoch.
            return
        metrics = _names.aligned(_names.as_metrics(logs), self._objective)
        self._check(epoch, metrics, logs or {})
        if metrics:
            self._last = self._number(epoch)
            self._end(self._tell(self._last, metrics))

    def _tell(self, step: float, metrics: Mapping[str, float]) -> Decision:
        seconds = time.monotonic() - self._began
        return self._report(Measurement(step, metrics, seconds, self._execution))

    def _end(self, decision: Decision) -> None:
        self.decision = decision
        if decision is Decision.CONTINUE or self._model is None:
            return
        # A callback of the user's may have stopped it already: then it is over.
        self.is_paused = decision is Decision.PAUSE and not self._model.stop_training
        self._model.stop_training = True

    def _check(self, epoch: int, metrics: Mapping[str, float], logs: Mapping[str, Any]) -> None:
        if self._check_from is None or epoch < self._check_from:
            return
        self._check_from = None
        if not self._objective.has_value(metrics):
            raise FatalValueError(_names.explain_missing(self._objective, logs))

    def _number(self, epoch: int) -> int:
        # A user's fit may train several times (folds): their epochs are counted on.
        if epoch + self._shift <= self._last:
            self._shift = self._last + 1 - epoch
        return epoch + self._shift


class BatchHooks(OwnCallback):
    """Calls a tuner's hooks for each batch; only there where it has any, for it slows training."""

    def __init__(self, hooks: TrainingHooks) -> None:
        super().__init__()
        self._hooks = hooks

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Call the tuner's hook."""
        if self._hooks.on_batch_begin is not None:
            self._hooks.on_batch_begin(self._model, batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Call the tuner's hook."""
        if self._hooks.on_batch_end is not None:
            self._hooks.on_batch_end(self._model, batch, logs)


class CheckSize(OwnCallback):
    """Looks at the size of a model that its first batch builds.

    Args:
        check: raises if the model is too large.
    """

    def __init__(self, check: Callable[[Any], None]) -> None:
        super().__init__()
        self._check = check

    def on_train_begin(self, logs: Logs = None) -> None:
        """Keras has built the model by now."""
        self._check(self.model)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """In a loop by hand, the first epoch has."""
        self._check(self.model)


class BestSoFar:
    """The best objective over the epochs of all executions of a trial."""

    def __init__(self, objective: Objective, value: float | None = None) -> None:
        self.value = value
        self._objective = objective

    def improves(self, logs: Logs) -> bool:
        """Take an epoch in: whether it is the best so far; always so if it lacks the objective."""
        metrics = _names.aligned(_names.as_metrics(logs), self._objective)
        if not self._objective.has_value(metrics):
            return True
        value = value_of(metrics, self._objective)
        if not math.isfinite(value):
            return False
        if self.value is not None and not self._objective.better_than(value, self.value):
            return False
        self.value = value
        return True


class SaveBest(OwnCallback):
    """Keeps the weights of the best epoch.

    Args:
        path: where to, `*.weights.h5`; the file is replaced in one step.
        best: shared by the executions of a trial.
        with_optimizer: whether to keep the optimizer's state with them.
        may_wait: whether small weights may wait in memory until training ends: writing them costs
            more than a short epoch. Whoever says so calls `settle` before noting elsewhere what was
            best.
    """

    def __init__(
        self, path: Path, best: BestSoFar, *, with_optimizer: bool = False, may_wait: bool = False
    ) -> None:
        super().__init__()
        self._path = path
        self._best = best
        self._with_optimizer = with_optimizer
        self._may_wait = may_wait
        self._waiting: list[tuple[Any, Any]] = []
        self._is_now = False

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """What waits is of an earlier epoch from now on."""
        self._is_now = False

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Save, if the epoch is the best."""
        if not self._best.improves(logs):
            return
        self._waiting = []
        if self._may_wait:
            self._waiting = _copies(self._variables())
        if self._waiting:
            self._is_now = True
        else:
            self._save()

    def on_train_end(self, logs: Logs = None) -> None:
        """Write what still waits."""
        # A callback may have put back the weights of another epoch.
        self._is_now = False
        self._write()

    def settle(self) -> bool:
        """Before the model is saved elsewhere: the best weights must not be lost with the process.

        Returns:
            Whether the model holds them now, and they are in no file: whoever saves it as it is
            keeps them, and calls `wait` where it is put back. Otherwise they are written.
        """
        if self._waiting and self._is_now:
            return True
        self._write()
        return False

    def wait(self) -> None:
        """Take the weights that the model has now for the best, which are in no file yet."""
        self._waiting = _copies(self._variables())
        if not self._waiting:
            self._save()

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        if self._is_now:
            self._save()
            return
        now = [(variable, _copy(variable)) for variable in self._variables()]
        _assign(waiting)
        try:
            self._save()
        finally:
            _assign(now)

    def _variables(self) -> list[Any]:
        model = self.model
        optimizer = model.optimizer if self._with_optimizer else None
        slots = [] if optimizer is None else optimizer.variables
        return list({id(v): v for v in (*model.variables, *slots)}.values())

    def _save(self) -> None:
        save_weights(self.model, self._path, with_optimizer=self._with_optimizer)


class TrialLink(OwnCallback):
    """Tells a `Loop` in a user's own `fit` what its trial has: a place to go on from, programs.

    Args:
        path: of the trial; each loop of each execution has a file of its own beside it.
        execution: number of the repetition.
        best: shared by the executions of a trial.
        info: facts of how the trial ran, filled in.
        sharing: what the trials of the search share, or None.
    """

    def __init__(
        self,
        path: Path,
        execution: int,
        best: BestSoFar,
        info: dict[str, Any],
        sharing: Sharing | None = None,
    ) -> None:
        super().__init__()
        self.sharing = sharing
        self.best = best
        self.info = info
        self._path = path
        self._execution = execution
        self._loops = 0

    def next_path(self) -> Path:
        """The file of the next loop."""
        name = f"{self._path.stem}-{self._execution}-{self._loops}{self._path.suffix}"
        self._loops += 1
        return self._path.with_name(name)

    def resumed(self, next_epoch: int, best: float | None) -> None:
        """A loop goes on from its file."""
        self.info["resumed_from_epoch"] = next_epoch
        if best is not None:
            self.best.value = best


def _copies(variables: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Variables and what they hold now; nothing, if that is too much to hold, or no plain array."""
    size = sum(math.prod(variable.shape) for variable in variables)
    if size > _MOST_WAITING:
        return []
    copies = [(variable, _copy(variable)) for variable in variables]
    return [] if any(array.dtype.kind not in "fiub" for _, array in copies) else copies


def _copy(variable: Any) -> Any:
    # On a CPU the array may be the variable's own memory, which training writes to.
    return np.array(keras.ops.convert_to_numpy(variable.value))


def _assign(pairs: Sequence[tuple[Any, Any]]) -> None:
    for variable, array in pairs:
        variable.assign(array)
