"""`tune`: search the best arguments of any Python function, in one call."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from luthier import driver
from luthier.abc import Hook, Sampler, Scheduler, Store
from luthier.executors import InlineExecutor
from luthier.hooks import Console, Explain
from luthier.records import Trial
from luthier.results import Results
from luthier.space import Constraint, HyperParameters, Prior, Space
from luthier.study import Study
from luthier.training import evaluate_function


def tune(
    evaluate: Callable[..., Any],
    objective: object = "min",
    max_trials: int = 50,
    *,
    space: Space | HyperParameters | Iterable[Any] | None = None,
    seed: int | None = None,
    sampler: Sampler | str = "auto",
    scheduler: Scheduler | str | None = None,
    storage: str | os.PathLike[str] | Store | None = None,
    name: str = "study",
    max_time: float | None = None,
    max_epochs_total: int | None = None,
    max_trial_time: float | None = None,
    target: float | None = None,
    patience: int | None = None,
    max_retries: int = 0,
    max_failures_in_a_row: int | None = 3,
    initial_points: Iterable[Mapping[str, Any]] = (),
    constraints: Iterable[Constraint] = (),
    priors: Mapping[str, Prior] | None = None,
    imported: Iterable[Trial] = (),
    hooks: Iterable[Hook] = (),
    verbose: int = 1,
) -> Results:
    """Find the hyperparameters with which a function gives its best value.

    Args:
        evaluate: `evaluate(hp)` or `evaluate(hp, report)`. It asks `hp` for values (`hp.Float("x",
            0.0, 1.0)`) wherever it needs them; it returns a number or a dict of metrics, or raises.
            `report(step, name=value, …)` records a measurement and returns a `Decision`.
        objective: `"min"`, `"max"`, a metric's name, an `Objective`, or a list of these (several
            objectives).
        max_trials: how many trials in all, also over several runs and processes on one storage.
        space: hyperparameters known beforehand; None learns them while running.
        seed: root of all randomness.
        sampler: how values are chosen.
        scheduler: how long each trial runs, a `Scheduler` or its name, such as `"asha"`; None: to
            its end.
        storage: None keeps the study in memory; a path or URL keeps it for ever, and running again
            goes on with it.
        name: the study's name in the storage.
        max_time: start no new trial after so many seconds, those of earlier runs included.
        max_epochs_total: so many reports, of all trials together, end the search.
        max_trial_time: a trial is stopped at its first report after so many seconds.
        target: a value of the first objective that is good enough.
        patience: so many finished trials after the best one end the search.
        max_retries: how often a trial that raised is run again.
        max_failures_in_a_row: so many failed trials one after the other end the search; None:
            never.
        initial_points: values to try first.
        constraints: relations between hyperparameters that every suggestion keeps.
        priors: beliefs about the best value of hyperparameters, by name.
        imported: finished trials of another study to learn from.
        hooks: further watchers.
        verbose: 0 prints nothing.

    Returns:
        The results, best trial first in `results.ranked()`.

    Raises:
        TooManyFailuresError: (a RuntimeError) after too many failures in a row; all is saved.

    Example:
        >>> import luthier
        >>> def bowl(hp):
        ...     return (hp.Float("x", -2.0, 2.0) - 1.0) ** 2
        >>> results = luthier.tune(bowl, max_trials=20, sampler="random", seed=0, verbose=0)
        >>> results.best.score < 0.5
        True
    """
    runner = evaluate_function(evaluate)
    study = Study(
        space,
        objective,
        sampler=sampler,
        scheduler=scheduler,
        seed=seed,
        storage=storage,
        name=name,
        max_trials=max_trials,
        max_retries=max_retries,
        initial_points=initial_points,
        constraints=constraints,
        priors=priors,
        imported=imported,
    )
    try:
        reason = driver.run(
            study,
            runner.bind(lambda: study.space, study.objectives, study.require),
            InlineExecutor(),
            limits=driver.Limits(
                seconds=max_time,
                failures_in_a_row=max_failures_in_a_row,
                epochs=max_epochs_total,
                target=target,
                patience=patience,
                trial_seconds=max_trial_time,
            ),
            hooks=[Console(verbose), Explain(verbose), *hooks],
        )
        return Results.of(study.history(), reason)
    finally:
        study.close()
