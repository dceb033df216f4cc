"""`HyperbandOracle`: brackets of successive halving, in KerasTuner's words."""

from __future__ import annotations

from typing import Any

from luthier.abc import Sampler
from luthier.oracles._brackets import Brackets
from luthier.oracles._oracle import Oracle
from luthier.space import HyperParameters


class HyperbandOracle(Oracle):
    """Draws many trials for few epochs and goes on with the best of them; see `Hyperband`.

    What was decided is among the values of each trial, as `tuner/epochs`, `tuner/initial_epoch`,
    `tuner/bracket`, `tuner/round` and, for one that goes on from another, `tuner/trial_id`.

    Args:
        objective: see `Oracle`.
        max_epochs: most epochs of one model.
        factor: one in so many trials of a round goes on, for so many times the epochs.
        hyperband_iterations: how often to go over all brackets; 0 or None: without end.
        seed: see `Oracle`.
        hyperparameters: see `Oracle`.
        allow_new_entries: see `Oracle`.
        tune_new_entries: see `Oracle`.
        max_retries_per_trial: see `Oracle`.
        max_consecutive_failed_trials: see `Oracle`.

    Raises:
        ValueError: for a factor below 2, or no epochs.
    """

    def __init__(
        self,
        objective: Any = None,
        max_epochs: int = 100,
        factor: int = 3,
        hyperband_iterations: int | None = 1,
        seed: int | None = None,
        hyperparameters: HyperParameters | None = None,
        allow_new_entries: bool = True,
        tune_new_entries: bool = True,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int = 3,
    ) -> None:
        super().__init__(
            objective=objective,
            hyperparameters=hyperparameters,
            allow_new_entries=allow_new_entries,
            tune_new_entries=tune_new_entries,
            seed=seed,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
        )
        if isinstance(factor, bool) or not isinstance(factor, int) or factor < 2:
            raise ValueError(f"factor needs to be a int larger than 1. Received: {factor!r}.")
        if isinstance(max_epochs, bool) or not isinstance(max_epochs, int) or max_epochs < 1:
            raise ValueError(f"Expected `max_epochs` to be an int from 1, got {max_epochs!r}.")
        self.max_epochs = max_epochs
        self.min_epochs = 1
        self.factor = factor
        self.hyperband_iterations = hyperband_iterations or float("inf")
        self._brackets = Brackets(
            self._random,
            max_epochs,
            factor,
            hyperband_iterations or None,
            self._id_of,
        )

    def _sampler(self) -> Sampler:
        return self._brackets

    def _id_of(self, number: int) -> str:
        return self._desk.views.id_of(number)
