"""What a trial reported, judged: is the objective there, which step was best, how did it end.

Pure functions; views and trackers enter, scores and outcomes leave.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from luthier.errors import TooManyFailuresError
from luthier.objective import Objective
from luthier.oracles._metrics import MetricsTracker
from luthier.oracles._trial import Trial, TrialStatus
from luthier.oracles._views import TRACKED
from luthier.records import History, Outcome, TrialState
from luthier.space import HyperParameter, HyperParameters, serialize

STATES: Mapping[str, TrialState] = {
    # Whoever ends a trial without a word of its status has completed it.
    TrialStatus.RUNNING: TrialState.COMPLETED,
    TrialStatus.COMPLETED: TrialState.COMPLETED,
    TrialStatus.INVALID: TrialState.FAILED,
    TrialStatus.FAILED: TrialState.FAILED,
}


def check_entries(hyperparameters: object, allow_new: bool, tune_new: bool) -> None:
    """Refuse a search without anything to search.

    Raises:
        TypeError: if `hyperparameters` are none.
        ValueError: if new entries are refused or not searched, and there are no others.
    """
    if hyperparameters is None:
        for name, value in (("tune_new_entries", tune_new), ("allow_new_entries", allow_new)):
            if not value:
                raise ValueError(
                    f"If you set `{name}=False`, you must"
                    "specify the search space via the `hyperparameters` argument."
                )
    elif not isinstance(hyperparameters, HyperParameters):
        raise TypeError(
            f"Expected `hyperparameters` to be a `HyperParameters`, got {hyperparameters!r} "
            f"of type {type(hyperparameters).__name__}."
        )


def no_new_entries(new: Iterable[HyperParameter]) -> str:
    """The message that new entries are not allowed."""
    return f"`allow_new_entries` is `False`, but found new entries {list(new)}"


def check_objective(metrics: Collection[str], objective: Objective) -> None:
    """Refuse metrics without the objective.

    Raises:
        ValueError: naming what is missing and what came.
    """
    check_names(metrics, objective.names)


def check_names(metrics: Collection[str], names: Iterable[str]) -> None:
    """Refuse metrics that lack one of these names.

    Raises:
        ValueError: naming what is missing and what came.
    """
    missing = [name for name in names if name not in metrics]
    if missing:
        raise ValueError(
            "Objective value missing in metrics reported to the Oracle, "
            f"expected: {missing}, found: {dict.fromkeys(metrics).keys()}"
        )


def best_score(tracker: MetricsTracker, objective: Objective) -> tuple[float, int]:
    """The objective's best finite value over the steps, and the first step that has it.

    Without a finite value, the last one.

    Raises:
        ValueError: if the objective was never reported.
    """
    # A single number given for several objectives stands for their sum.
    names = (objective.name,) if tracker.exists(objective.name) else objective.names
    check_names(tracker.metrics, names)
    means = {name: {o.step: o.mean() for o in tracker.get_history(name)} for name in names}
    steps = sorted(set.intersection(*(set(by_step) for by_step in means.values())))
    values = {
        step: _value(objective, {name: means[name][step] for name in names}) for step in steps
    }
    finite = [step for step in steps if math.isfinite(values[step])]
    if not finite:
        return (values[steps[-1]], steps[-1]) if steps else (math.nan, 0)
    best = min(finite, key=lambda step: objective.sign * values[step])
    return values[best], best


def _value(objective: Objective, metrics: Mapping[str, float]) -> float:
    if objective.name in metrics:
        return metrics[objective.name]
    return objective.get_value(metrics)


def metrics_at(tracker: MetricsTracker, step: int) -> dict[str, float]:
    """Each metric at a step, or its last value where it was not reported then."""
    values = {}
    for name in tracker.metrics:
        history = tracker.get_history(name)
        at = next((o for o in history if o.step == step), history[-1] if history else None)
        if at is not None:
            values[name] = at.mean()
    return values


def outcome_of(
    trial: Trial,
    found: Iterable[HyperParameter],
    *,
    values: Mapping[str, Any] | None = None,
    spread: Mapping[str, float] | None = None,
    info: Mapping[str, Any] | None = None,
) -> Outcome:
    """The outcome that a trial's status, metrics and score stand for.

    Args:
        trial: a view whose score and best step are set if it is completed.
        found: hyperparameters that it met for the first time.
        values: values really used; None takes all of the trial's.
        spread: standard deviations over executions.
        info: further facts of how it ran.
    """
    if trial.record is None:
        raise ValueError(f"Expected a trial of this oracle, got trial {trial.trial_id!r}.")
    state = STATES[trial.status]
    scored = state is TrialState.COMPLETED
    best_step = trial.best_step or 0
    may_retry = trial.status != TrialStatus.FAILED
    return Outcome(
        trial.record.number,
        trial.record.attempt,
        state,
        metrics=metrics_at(trial.metrics, best_step) if scored else {},
        spread=spread or {},
        scores=(math.nan if trial.score is None else float(trial.score),) if scored else (),
        best_step=best_step,
        values=dict(trial.hyperparameters.values) if values is None else values,
        found=tuple(map(serialize, found)),
        message=trial.message or "",
        info=dict(info or {})
        | ({"retry": True} if may_retry else {})
        | ({TRACKED: trial.metrics.get_config()} if trial.is_tracked else {}),
    )


def skipped(trial: Trial) -> Outcome:
    """The outcome of a trial that was never trained and does not count."""
    if trial.record is None:
        raise ValueError(f"Expected a trial of this oracle, got trial {trial.trial_id!r}.")
    return Outcome(
        trial.record.number,
        trial.record.attempt,
        TrialState.SKIPPED,
        values=dict(trial.hyperparameters.values),
        found=tuple(serialize(parameter) for parameter in trial.hyperparameters.found),
        message=trial.message or "",
    )


def counted(history: History) -> int:
    """Trials that count against `max_trials`: all but those that were skipped."""
    return sum(record.state is not TrialState.SKIPPED for record in history.trials)


def check_failures(history: History, limit: int) -> None:
    """Stop where the last `limit` trials failed.

    Raises:
        TooManyFailuresError: (a RuntimeError) with the last one's message.
    """
    counted = [r for r in history.finished[-10 * limit :] if r.state is not TrialState.SKIPPED]
    last = counted[-limit:]
    if len(last) == limit and all(record.state is TrialState.FAILED for record in last):
        raise TooManyFailuresError(
            f"Number of consecutive failures exceeded the limit of {limit}.\n{last[-1].message}"
        )
