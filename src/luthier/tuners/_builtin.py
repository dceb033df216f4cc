"""The tuners that come with Luthier: each makes its oracle."""

from __future__ import annotations

from typing import Any

from luthier.oracles import BayesianOptimizationOracle, GridSearchOracle, RandomSearchOracle
from luthier.oracles._builtin import ALPHA, BETA
from luthier.space import HyperParameters
from luthier.tuners._tuner import Tuner


class RandomSearch(Tuner):
    """Tries values drawn at random, without repetition.

    Args:
        hypermodel: a `HyperModel`, or a function `build(hp)` that returns a compiled model.
        objective: a metric's name, an `Objective`, a list of these (added up), or None for the one
            number that `HyperModel.fit` or `run_trial` returns.
        max_trials: how many trials in all, resumed or not.
        seed: root of all randomness, 0 included.
        hyperparameters: definitions that take the place of those in the model-building code.
        tune_new_entries: whether hyperparameters that are not among them are searched.
        allow_new_entries: whether the code may define such.
        max_retries_per_trial: how often a trial that raised is run again.
        max_consecutive_failed_trials: so many failed trials one after the other end the search.
        **kwargs: see `Tuner`: `directory`, `project_name`, `overwrite`, `storage`,
            `executions_per_trial`, `max_model_size`, `optimizer`, `loss`, `metrics` and others.

    Example:
        >>> import luthier
        >>> tuner = luthier.RandomSearch(build, "val_accuracy", max_trials=20)  # doctest: +SKIP
        >>> tuner.search(x, y, validation_split=0.2, epochs=5)  # doctest: +SKIP
        >>> tuner.get_best_hyperparameters()[0].values  # doctest: +SKIP
    """

    def __init__(
        self,
        hypermodel: Any = None,
        objective: Any = None,
        max_trials: int | None = 10,
        seed: int | None = None,
        hyperparameters: HyperParameters | None = None,
        tune_new_entries: bool = True,
        allow_new_entries: bool = True,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int = 3,
        **kwargs: Any,
    ) -> None:
        self.seed = seed
        oracle = RandomSearchOracle(
            objective=objective,
            max_trials=max_trials,
            seed=seed,
            hyperparameters=hyperparameters,
            tune_new_entries=tune_new_entries,
            allow_new_entries=allow_new_entries,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
        )
        super().__init__(oracle, hypermodel, **kwargs)


class GridSearch(Tuner):
    """Tries every combination once: all defaults first, the last hyperparameter varying fastest.

    Args:
        hypermodel: see `RandomSearch`.
        objective: see `RandomSearch`.
        max_trials: how many trials in all; None: every combination.
        seed: see `RandomSearch`.
        hyperparameters: see `RandomSearch`.
        tune_new_entries: see `RandomSearch`.
        allow_new_entries: see `RandomSearch`.
        max_retries_per_trial: see `RandomSearch`.
        max_consecutive_failed_trials: see `RandomSearch`.
        **kwargs: see `Tuner`.

    Example:
        >>> import luthier
        >>> tuner = luthier.GridSearch(build, "val_accuracy")  # doctest: +SKIP
        >>> tuner.search(x, y, validation_split=0.2, epochs=5)  # doctest: +SKIP
        >>> model = tuner.get_best_models()[0]  # doctest: +SKIP
    """

    def __init__(
        self,
        hypermodel: Any = None,
        objective: Any = None,
        max_trials: int | None = None,
        seed: int | None = None,
        hyperparameters: HyperParameters | None = None,
        tune_new_entries: bool = True,
        allow_new_entries: bool = True,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int = 3,
        **kwargs: Any,
    ) -> None:
        self.seed = seed
        oracle = GridSearchOracle(
            objective=objective,
            max_trials=max_trials,
            seed=seed,
            hyperparameters=hyperparameters,
            tune_new_entries=tune_new_entries,
            allow_new_entries=allow_new_entries,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
        )
        super().__init__(oracle, hypermodel, **kwargs)


class BayesianOptimization(Tuner):
    """Chooses by a Gaussian process fitted to the scores so far.

    Args:
        hypermodel: see `RandomSearch`.
        objective: see `RandomSearch`.
        max_trials: see `RandomSearch`.
        num_initial_points: see `BayesianOptimizationOracle`.
        alpha: see `BayesianOptimizationOracle`.
        beta: see `BayesianOptimizationOracle`.
        seed: see `RandomSearch`.
        hyperparameters: see `RandomSearch`.
        tune_new_entries: see `RandomSearch`.
        allow_new_entries: see `RandomSearch`.
        max_retries_per_trial: see `RandomSearch`.
        max_consecutive_failed_trials: see `RandomSearch`.
        **kwargs: see `Tuner`.

    Example:
        >>> import luthier
        >>> tuner = luthier.BayesianOptimization(build, "val_loss", max_trials=30)  # doctest: +SKIP
        >>> tuner.search(x, y, validation_split=0.2, epochs=5)  # doctest: +SKIP
        >>> model = tuner.get_best_models()[0]  # doctest: +SKIP
    """

    def __init__(
        self,
        hypermodel: Any = None,
        objective: Any = None,
        max_trials: int | None = 10,
        num_initial_points: int | None = None,
        alpha: float = ALPHA,
        beta: float = BETA,
        seed: int | None = None,
        hyperparameters: HyperParameters | None = None,
        tune_new_entries: bool = True,
        allow_new_entries: bool = True,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int = 3,
        **kwargs: Any,
    ) -> None:
        oracle = BayesianOptimizationOracle(
            objective=objective,
            max_trials=max_trials,
            num_initial_points=num_initial_points,
            alpha=alpha,
            beta=beta,
            seed=seed,
            hyperparameters=hyperparameters,
            tune_new_entries=tune_new_entries,
            allow_new_entries=allow_new_entries,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
        )
        super().__init__(oracle, hypermodel, **kwargs)
