"""The oracles that come with Luthier: each names its sampler."""

from __future__ import annotations

from typing import Any

from luthier import registry
from luthier.abc import Sampler
from luthier.oracles._oracle import Oracle
from luthier.space import HyperParameters

# KerasTuner's defaults.
ALPHA = 1e-4
BETA = 2.6


class RandomSearchOracle(Oracle):
    """Draws values at random, without repetition. Arguments: see `Oracle`."""

    def __init__(
        self,
        objective: Any = None,
        max_trials: int | None = 10,
        seed: int | None = None,
        hyperparameters: HyperParameters | None = None,
        allow_new_entries: bool = True,
        tune_new_entries: bool = True,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int = 3,
    ) -> None:
        super().__init__(
            objective=objective,
            max_trials=max_trials,
            hyperparameters=hyperparameters,
            allow_new_entries=allow_new_entries,
            tune_new_entries=tune_new_entries,
            seed=seed,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
        )

    def _sampler(self) -> Sampler:
        return self._random


class GridSearchOracle(Oracle):
    """Tries every combination once, all defaults first. Arguments: see `Oracle`."""

    def __init__(
        self,
        objective: Any = None,
        max_trials: int | None = None,
        seed: int | None = None,
        hyperparameters: HyperParameters | None = None,
        allow_new_entries: bool = True,
        tune_new_entries: bool = True,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int = 3,
    ) -> None:
        super().__init__(
            objective=objective,
            max_trials=max_trials,
            hyperparameters=hyperparameters,
            allow_new_entries=allow_new_entries,
            tune_new_entries=tune_new_entries,
            seed=seed,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
        )
        self._grid = registry.sampler("grid")

    def _sampler(self) -> Sampler:
        return self._grid


class BayesianOptimizationOracle(Oracle):
    """Chooses by a Gaussian process fitted to the scores so far.

    With `num_initial_points`, `alpha` and `beta` left out it is the `auto` sampler, in which the
    process now and then gives way to a second model.

    Args:
        objective: see `Oracle`.
        max_trials: see `Oracle`.
        num_initial_points: how many trials come first that fill the space; None: by its size.
        alpha: variance of the noise of a score, in units of the variance of all scores. At its
            default it is fitted to the scores instead.
        beta: how much uncertainty attracts: the lower `mean - beta * deviation` (of a score to be
            minimised), the better. At its default, expected improvement decides instead.
        seed: see `Oracle`.
        hyperparameters: see `Oracle`.
        allow_new_entries: see `Oracle`.
        tune_new_entries: see `Oracle`.
        max_retries_per_trial: see `Oracle`.
        max_consecutive_failed_trials: see `Oracle`.
    """

    def __init__(
        self,
        objective: Any = None,
        max_trials: int | None = 10,
        num_initial_points: int | None = None,
        alpha: float = ALPHA,
        beta: float = BETA,
        seed: int | None = None,
        hyperparameters: HyperParameters | None = None,
        allow_new_entries: bool = True,
        tune_new_entries: bool = True,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int = 3,
    ) -> None:
        super().__init__(
            objective=objective,
            max_trials=max_trials,
            hyperparameters=hyperparameters,
            allow_new_entries=allow_new_entries,
            tune_new_entries=tune_new_entries,
            seed=seed,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
        )
        self.num_initial_points = num_initial_points
        self.alpha = alpha
        self.beta = beta
        self._gp: Sampler | None = None

    def _sampler(self) -> Sampler:
        if self._gp is None:
            self._gp = self._make_sampler()
        return self._gp

    def _make_sampler(self) -> Sampler:
        if (self.num_initial_points, self.alpha, self.beta) == (None, ALPHA, BETA):
            # Nothing was asked for in particular: the process with what is known to help it.
            return registry.sampler("auto")
        # Loaded when it is needed: scipy takes a while.
        from luthier.samplers._gp import GaussianProcess

        return GaussianProcess(
            self.num_initial_points,
            None if self.alpha == ALPHA else self.alpha,
            beta=None if self.beta == BETA else self.beta,
        )
