"""What a trial of a `Tuner` trains, as `luthier.training` wants it.

Enters: the tuner and a trial. Leaves: a `TrialTask`: the values, the files, whom to call back,
where to begin.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from luthier import training
from luthier.oracles._brackets import EPOCHS
from luthier.oracles._trial import Trial
from luthier.tuners import _files

_HOOKS = ("on_epoch_begin", "on_epoch_end", "on_batch_begin", "on_batch_end")


def task_of(tuner: Any, hypermodel: training.HyperModel, trial: Trial) -> training.TrialTask:
    """The task of a trial that `tuner` runs."""
    folder, policy = tuner._folder(trial), tuner._keeper.policy
    task = training.TrialTask(
        hypermodel,
        trial.hyperparameters,
        tuner.oracle.objective,
        trial_id=trial.trial_id,
        seed=tuner.oracle.seed,
        executions=tuner.executions_per_trial,
        folds=folds_of(tuner, trial),
        build=tuner._settings_for(trial.hyperparameters),
        paths=_files.paths_of(folder, policy),
        hooks=_hooks(tuner, trial),
        report_every=tuner.report_every,
        with_optimizer=policy.with_optimizer,
        sharing=tuner._sharing,
    )
    if trial.record is not None:
        lent = trial.record.suggestion.resume_from
        paths = task.paths
        if lent is not None:
            paths = _files.begun_from(paths, tuner._folder_of(lent))
        task = replace(
            task,
            number=trial.record.number,
            has_begun=bool(trial.record.measurements),
            keeps_end=tuner.oracle.study.lent is not None,
            paths=paths,
        )
    return task if tuner._report is None else replace(task, report=tuner._report)


def folds_of(tuner: Any, trial: Trial) -> training.CrossValidation | None:
    """The trial's folds, and what the best one that was trained as long came to on each."""
    folds: training.CrossValidation | None = tuner._folds
    if folds is None:
        return None
    epochs = trial.hyperparameters.values.get(EPOCHS)
    alike = (one for one in tuner.results.ranked() if one.values.get(EPOCHS) == epochs)
    best = next(alike, None)
    values = () if best is None else tuple(best.info.get(training.FOLDS, ()))
    return replace(folds, seed=tuner.oracle.seed, best=values)


def _hooks(tuner: Any, trial: Trial) -> training.TrainingHooks:
    overridden = {
        name: partial(getattr(tuner, name), trial) for name in _HOOKS if tuner._overrides(name)
    }
    return training.TrainingHooks(**overridden)
