"""`Hyperband`: many models for few epochs, the best of them for more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from luthier import training
from luthier.errors import FatalValueError
from luthier.oracles import HyperbandOracle
from luthier.oracles._brackets import EPOCHS, INITIAL_EPOCH, PARENT
from luthier.oracles._trial import Trial
from luthier.space import HyperParameter, HyperParameters
from luthier.tuners import _files
from luthier.tuners._tuner import Tuner


class Hyperband(Tuner):
    """Runs brackets of successive halving, from many trials with few epochs to few with many.

    A trial that goes on from another begins with its whole state: weights, optimizer, epoch,
    random numbers. `search` needs no `epochs`.

    Args:
        hypermodel: see `RandomSearch`.
        objective: see `RandomSearch`.
        max_epochs: most epochs of one model; a little more than the slowest is thought to need.
        factor: one in so many trials of a round goes on, for so many times the epochs.
        hyperband_iterations: how often to go over all brackets; 0 or None: without end. More of
            them extend a search that is over.
        seed: see `RandomSearch`.
        hyperparameters: see `RandomSearch`.
        tune_new_entries: see `RandomSearch`.
        allow_new_entries: see `RandomSearch`.
        max_retries_per_trial: see `RandomSearch`.
        max_consecutive_failed_trials: see `RandomSearch`.
        **kwargs: see `Tuner`.

    Raises:
        ValueError: for a factor below 2, or no epochs.

    Source: Li, Jamieson, DeSalvo, Rostamizadeh, Talwalkar, "Hyperband: a novel bandit-based
    approach to hyperparameter optimization", JMLR 18 (2018), algorithm 1.

    Example:
        >>> import luthier
        >>> tuner = luthier.Hyperband(build, "val_accuracy", max_epochs=27)  # doctest: +SKIP
        >>> tuner.search(x, y, validation_split=0.2)  # doctest: +SKIP
    """

    oracle: HyperbandOracle

    def __init__(
        self,
        hypermodel: Any = None,
        objective: Any = None,
        max_epochs: int = 100,
        factor: int = 3,
        hyperband_iterations: int | None = 1,
        seed: int | None = None,
        hyperparameters: HyperParameters | None = None,
        tune_new_entries: bool = True,
        allow_new_entries: bool = True,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int = 3,
        **kwargs: Any,
    ) -> None:
        oracle = HyperbandOracle(
            objective,
            max_epochs=max_epochs,
            factor=factor,
            hyperband_iterations=hyperband_iterations,
            seed=seed,
            hyperparameters=hyperparameters,
            tune_new_entries=tune_new_entries,
            allow_new_entries=allow_new_entries,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
        )
        super().__init__(oracle, hypermodel, **kwargs)

    def search(self, *fit_args: Any, **fit_kwargs: Any) -> None:
        """Search until all brackets are over; goes on where it stopped.

        Args:
            *fit_args: see `Tuner.search`.
            **fit_kwargs: the same; `epochs` does not matter.

        Raises:
            FatalValueError: (a ValueError) if `epochs` is to be searched.
        """
        if isinstance(fit_kwargs.get("epochs"), HyperParameter):
            raise FatalValueError(
                "Hyperband decides itself for how many epochs each trial is trained, up to "
                "`max_epochs`: `epochs` cannot be searched beside it. Leave it out."
            )
        super().search(*fit_args, **fit_kwargs)

    def run_trial(self, trial: Trial, *args: Any, **kwargs: Any) -> Any:
        """Train a trial's model from its first epoch to its last."""
        values = trial.hyperparameters.values
        if EPOCHS in values:
            kwargs["epochs"] = values[EPOCHS]
            kwargs["initial_epoch"] = values[INITIAL_EPOCH]
        return super().run_trial(trial, *args, **kwargs)

    def _task(self, trial: Trial) -> training.TrialTask:
        task = super()._task(trial)
        values = trial.hyperparameters.values
        if PARENT in values and task.paths.start is None:
            # A subclass of the oracle chose the values: they say what to go on from.
            lender = self._folder_of(int(str(values[PARENT])))
            task = replace(task, paths=_files.begun_from(task.paths, lender))
        return replace(task, keeps_end=not self.oracle._brackets.is_last_round(values))

    def _needed(self) -> frozenset[int]:
        return super()._needed() | self.oracle._brackets.needed(self.oracle.study.history())
