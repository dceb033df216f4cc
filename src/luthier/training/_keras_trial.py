"""All executions of one trial of a Keras model.

Enters: a `TrialTask` and what `search` was called with. Leaves: what `fit` returned, one value an
execution, for `summarize`; every epoch was reported on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import keras

from luthier.objective import Objective
from luthier.records import Decision
from luthier.training import _keras_state as state
from luthier.training._fit_arguments import check_arguments
from luthier.training._folds import DROPPED, FOLDS, CrossValidation, Parts, values_of
from luthier.training._hypermodel import fits_itself
from luthier.training._keras_callbacks import (
    BatchHooks,
    BestSoFar,
    CheckSize,
    OwnCallback,
    ReportEpochs,
    SaveBest,
    TrialLink,
)
from luthier.training._keras_compiled import check_compiled
from luthier.training._keras_copies import fresh_callbacks
from luthier.training._keras_model import (
    build_model,
    check_size,
    seed_everything,
    while_training,
    write_build_config,
)
from luthier.training._keras_reports import LEFT_OUT, ReportBatches
from luthier.training._keras_sharing import beginnings, share_programs
from luthier.training._memory import released
from luthier.training._results import Result, summarize
from luthier.training._task import TrialTask

BuildAndFit = Callable[..., Any]
"""Builds a model and trains it, called with the arguments of `search` and with `callbacks`."""


def run_trial(
    task: TrialTask,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    build_and_fit: BuildAndFit | None = None,
) -> list[Any]:
    """Train a trial's model as often as the task says.

    Args:
        task: what to do.
        args: what `search` was called with.
        kwargs: the same; `callbacks` are copied for each execution.
        build_and_fit: a tuner's own way to build and train once; None for the usual one.

    Returns:
        What `fit` returned, one value an execution; histories without their models.

    Raises:
        FatalValueError: if the objective is not reported, or a callback cannot be copied.
        OversizedModelError: if the model is too large.
        Exception: whatever the user's code raises.
    """
    folds, keywords = task.folds, dict(kwargs or {})
    parts = Parts(args, keywords) if folds is None else folds.parts(args, keywords)
    is_own = build_and_fit is None and not fits_itself(task.hypermodel)
    path = task.paths.resume if is_own else None
    progress, origin = _beginning(task, path)
    results: list[Any] = list(progress.results)
    best = BestSoFar(task.objective, progress.best)
    train = build_and_fit or partial(_build_and_fit, task)
    total = parts.count * task.executions
    for execution in range(len(results), total):
        run = _Execution(task, execution, best, path, check=is_own)
        with released(lambda: task.sharing is not None and task.sharing.keeps_caches(task.info)):
            value = run.train(train, *parts.arguments(execution), progress)
        results.append(value)
        if run.is_cut_short:
            break
        if folds is None and path is None:
            continue
        ended = tuple(summarize(one, task.objective) for one in results)
        lost = None if folds is None else _judged(folds, ended, task)
        if lost is not None:
            return [lost]
        if path is not None:
            progress = replace(origin, results=ended, best=best.value)
            if execution + 1 < total:
                state.write(path, replace(progress, arrays={}, base=0))
    return results


def _judged(folds: CrossValidation, ended: Sequence[Result], task: TrialTask) -> Result | None:
    """The result of a trial that has lost after these folds; None if it goes on."""
    task.info[FOLDS] = values_of(ended, task.objective)
    lost = folds.verdict(ended, task.objective)
    if lost is not None:
        task.info[DROPPED] = True
    return lost


def _beginning(task: TrialTask, path: Path | None) -> tuple[state.Progress, state.Progress]:
    """What an earlier attempt reached, and what each execution begins with."""
    progress, origin = state.read(path), state.Progress()
    if path is not None and task.has_begun and progress == state.Progress():
        task.info["resume"] = "begun afresh: the state that it had reached is gone"
    if task.paths.start is not None and path is not None:
        origin = state.read(task.paths.start).as_start()
        if not origin.arrays:
            task.info["resume"] = "begun afresh: the state to go on from is gone"
            origin = state.Progress()
    if not progress.epochs:
        progress = replace(origin, results=progress.results, best=progress.best)
    return progress, origin


class _Execution:
    """One of the times that a trial's model is trained."""

    def __init__(
        self, task: TrialTask, number: int, best: BestSoFar, path: Path | None, *, check: bool
    ) -> None:
        self._task = task
        self._number = number
        self._best = best
        self._path = path
        self._check = check
        self._decision = Decision.CONTINUE

    @property
    def is_cut_short(self) -> bool:
        """Whether the trial was told to end here."""
        return self._decision is not Decision.CONTINUE

    def train(
        self,
        train: BuildAndFit,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        progress: state.Progress,
    ) -> Any:
        """Train once, from where an earlier attempt had come; what `fit` returned."""
        try:
            return self._try(train, args, kwargs, progress)
        except state.CannotResumeError as error:
            self._task.info["resume"] = f"begun afresh: {error}"
            self._task.info.pop("resumed_from_epoch", None)
        # What is saved is of a model that this build no longer makes; so is the best checkpoint.
        self._best.value = None
        return self._try(train, args, kwargs, state.Progress(results=progress.results))

    def _try(
        self,
        train: BuildAndFit,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        progress: state.Progress,
    ) -> Any:
        seed_everything(self._task.seed_of(self._number))
        keywords = dict(kwargs)
        if progress.next_epoch or self._task.paths.start is not None:
            keywords["initial_epoch"] = _first_epoch(progress, kwargs, self._task)
        if progress.next_epoch:
            self._task.info["resumed_from_epoch"] = progress.next_epoch
        reports = self._reporting(kwargs)
        best = self._saves_best()
        parts = self._reporting_within(reports)
        own = [*self._callbacks(reports), *parts, *best]
        given = fresh_callbacks(
            kwargs.get("callbacks"), self._task.trial_id, self._number, dict(self._task.hp.values)
        )
        if self._path is not None:
            own.append(
                state.SaveProgress(
                    self._path,
                    progress,
                    self._best,
                    is_paused=lambda: reports.is_paused,
                    others=given,
                    keeps_end=self._task.keeps_end,
                    keeper=best[0] if best else None,
                )
            )
        elif self._task.paths.resume is not None:
            place = self._task.paths.resume
            task = self._task
            own.append(TrialLink(place, self._number, self._best, task.info, task.sharing))
        keywords["callbacks"] = [*given, *own]
        value = train(*args, **keywords)
        left_out = sum(one.left_out for one in parts)
        if left_out:
            self._task.info[LEFT_OUT] = self._task.info.get(LEFT_OUT, 0) + left_out
        # Not the callback itself: it holds the model, which is to be let go of.
        self._decision = reports.decision
        return _lightened(value, progress)

    def _reporting(self, kwargs: Mapping[str, Any]) -> ReportEpochs:
        task = self._task
        return ReportEpochs(
            task.report,
            task.objective,
            execution=self._number,
            check_from=_first_validation(task.objective, kwargs) if self._check else None,
            hooks=task.hooks,
        )

    def _reporting_within(self, reports: ReportEpochs) -> list[ReportBatches]:
        every = self._task.report_every
        return [] if every is None else [ReportBatches(every, reports)]

    def _callbacks(self, reports: ReportEpochs) -> list[OwnCallback]:
        task = self._task
        hooks, limit = task.hooks, task.build.max_model_size
        own: list[OwnCallback] = []
        if limit is not None:
            own.append(CheckSize(partial(check_size, limit=limit)))
        if hooks.on_batch_begin is not None or hooks.on_batch_end is not None:
            own.append(BatchHooks(hooks))
        own.append(reports)
        return own

    def _saves_best(self) -> list[SaveBest]:
        task = self._task
        if task.paths.checkpoint is None:
            return []
        keep = SaveBest(
            task.paths.checkpoint,
            self._best,
            with_optimizer=task.with_optimizer,
            may_wait=self._path is not None,
        )
        return [keep]


def _build_and_fit(task: TrialTask, *args: Any, **kwargs: Any) -> Any:
    """Build the model and train it as the hypermodel says."""
    with while_training(task.build), beginnings(task.sharing):
        return _built_and_fitted(task, *args, **kwargs)


def _built_and_fitted(task: TrialTask, *args: Any, **kwargs: Any) -> Any:
    model = build_model(task.hypermodel, task.hp, task.build)
    weights = task.paths.weights
    if weights is not None and weights.exists() and fits_itself(task.hypermodel):
        model.load_weights(str(weights))
    if not fits_itself(task.hypermodel):
        check_arguments(model, args, kwargs)
        if task.number == 0:
            # Later ones may differ by a choice of theirs, and are failed trials then.
            check_compiled(model)
    share_programs(model, task.sharing, task.info, task.hp)
    value = task.hypermodel.fit(task.hp, model, *args, **kwargs)
    if task.paths.build_config is not None:
        write_build_config(model, task.paths.build_config)
    return value


def _first_epoch(progress: state.Progress, kwargs: Mapping[str, Any], task: TrialTask) -> int:
    if progress.stopped:
        # Training had been stopped: no epoch is left to run, only what comes after them.
        return max(int(kwargs.get("epochs", 1)), progress.next_epoch)
    if task.paths.start is not None:
        # Where the other trial really was; from the first epoch, if its state is gone.
        return progress.next_epoch
    return max(int(kwargs.get("initial_epoch") or 0), progress.next_epoch)


def _first_validation(objective: Objective, kwargs: Mapping[str, Any]) -> int:
    """The first epoch whose logs must hold the objective."""
    frequency = kwargs.get("validation_freq", 1)
    if not any(name.startswith("val_") for name in objective.names):
        return 0
    first = frequency if isinstance(frequency, int) else min(frequency, default=1)
    return max(first - 1, 0)


def _lightened(value: Any, progress: state.Progress) -> Any:
    """What `fit` returned, with histories that hold no model, and earlier epochs in front."""
    if isinstance(value, list):
        return [_lightened(one, progress) for one in value]
    if not isinstance(value, keras.callbacks.History):
        return value
    history = keras.callbacks.History()
    history.params = value.params
    history.epoch = [*progress.epochs, *value.epoch]
    history.history = {
        name: [*progress.history.get(name, []), *value.history.get(name, [])]
        for name in dict.fromkeys([*progress.history, *value.history])
    }
    return history
