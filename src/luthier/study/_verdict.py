"""How an outcome becomes a trial's last state: scores, failures, retries.

Pure functions from records to records. A value that is not finite never becomes a score.
"""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from luthier.errors import FailedTrialError, SkippedTrialError, StudyError
from luthier.objective import Objective
from luthier.records import Decision, Measurement, Outcome, Trial, TrialState

_ENDS = {
    Decision.CONTINUE: TrialState.COMPLETED,
    Decision.PAUSE: TrialState.PAUSED,
    Decision.STOP: TrialState.STOPPED,
}


def best_measurement(
    measurements: Iterable[Measurement], objective: Objective
) -> Measurement | None:
    """The measurement with the best finite objective; the first of equals."""
    known = tuple(measurements)
    # Within a step metrics are of a part of it.
    finite = [
        m
        for m in [m for m in known if m.is_whole] or known
        if objective.has_value(m.metrics) and math.isfinite(objective.get_value(m.metrics))
    ]
    return min(finite, key=lambda m: objective.sign * objective.get_value(m.metrics), default=None)


def outcome_of(
    trial: Trial,
    value: float | Mapping[str, float] | BaseException | None,
    objectives: Sequence[Objective],
    decision: Decision = Decision.CONTINUE,
) -> Outcome:
    """The outcome that a user's `tell(trial, value)` stands for, after the last `decision`."""
    if isinstance(value, BaseException):
        return _failure(trial, value)
    return replace(_scored(trial, value, objectives), state=_ENDS[decision])


def _scored(
    trial: Trial,
    value: float | Mapping[str, float] | None,
    objectives: Sequence[Objective],
) -> Outcome:
    if value is None:
        chosen = best_measurement(trial.measurements, objectives[0])
        if chosen is None:
            raise StudyError(
                f"Expected the value of {_named(objectives)} for trial {trial.number}, "
                "got None, and nothing finite was reported; pass a number, a dict of "
                "metrics, or the exception that made it fail."
            )
        return _completed(trial, chosen.metrics, chosen.epoch)
    if isinstance(value, Mapping):
        return _completed(trial, {str(key): _number(n, trial) for key, n in value.items()})
    if len(objectives) > 1 or objectives[0].names != (objectives[0].name,):
        raise StudyError(
            f"Expected a dict with {_named(objectives)} for trial {trial.number}, got {value!r}."
        )
    return _completed(trial, {objectives[0].name: _number(value, trial)})


def _number(value: Any, trial: Trial) -> float:
    try:
        return float(value)
    except OverflowError:  # An int beyond all floats is as little a score as infinity.
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError):
        raise StudyError(
            f"Expected a number or a dict of metrics for trial {trial.number}, got {value!r} "
            f"of type {type(value).__name__}."
        ) from None


def _completed(trial: Trial, metrics: Mapping[str, float], step: int | None = None) -> Outcome:
    last = trial.measurements[-1].epoch if trial.measurements else 0
    return Outcome(
        trial.number,
        trial.attempt,
        TrialState.COMPLETED,
        metrics=dict(metrics),
        best_step=last if step is None else step,
    )


def _failure(trial: Trial, error: BaseException) -> Outcome:
    skipped = isinstance(error, SkippedTrialError)
    return Outcome(
        trial.number,
        trial.attempt,
        TrialState.SKIPPED if skipped else TrialState.FAILED,
        message="".join(traceback.format_exception(error)),
        info={} if isinstance(error, FailedTrialError) else {"retry": True},
    )


def conclude(
    trial: Trial, outcome: Outcome, objectives: Sequence[Objective], max_retries: int
) -> Trial:
    """`trial` as it is to be stored after `outcome`.

    Raises:
        StudyError: if a completed outcome lacks an objective.
    """
    state, message = outcome.state, outcome.message
    scores: tuple[float, ...] = ()
    if state.has_score:
        scores = tuple(outcome.scores) or _scores(trial, outcome, objectives)
        broken = [
            f'{objective.name}" is {score!r}'
            for objective, score in zip(objectives, scores, strict=True)
            if not math.isfinite(score)
        ]
        if broken:
            scores = ()
            message = f'Objective "{broken[0]}: a score must be a finite number.'
            # A paused trial may still recover.
            state = state if state is TrialState.PAUSED else TrialState.FAILED
    failures = trial.failures
    if state is TrialState.FAILED and outcome.info.get("retry"):
        failures += 1
        if failures <= max_retries:
            state = TrialState.WAITING
    finished = state.is_finished
    # What a paused trial came to counts for now.
    counts = finished or state is TrialState.PAUSED
    return replace(
        trial,
        state=state,
        # A retry begins again from what was suggested, not from what the failed attempt came to
        # read.
        values=dict(trial.values if outcome.values is None or not counts else outcome.values),
        failures=failures,
        worker=trial.worker if finished else None,
        lease=None,
        metrics=dict(outcome.metrics) if counts else {},
        spread=dict(outcome.spread) if counts else {},
        scores=scores,
        best_step=outcome.best_step,
        message=message,
        found=outcome.found if counts else (),
        info={key: value for key, value in outcome.info.items() if key != "retry"},
        ended=time.time() if finished else None,
    )


def given_up(trial: Trial) -> Trial:
    """A trial whose every attempt ended without an outcome, as it is to be stored."""
    message = (
        f"The process that ran this trial ended {trial.attempt} times without a word "
        "(killed, or out of memory?); it is not run again."
    )
    return replace(trial, state=TrialState.FAILED, message=message, ended=time.time())


def _scores(trial: Trial, outcome: Outcome, objectives: Sequence[Objective]) -> tuple[float, ...]:
    for objective in objectives:
        if not objective.has_value(outcome.metrics):
            raise StudyError(
                f"Expected trial {trial.number} to report {_named(objectives)}, "
                f"found: {sorted(outcome.metrics)}."
            )
    return tuple(objective.get_value(outcome.metrics) for objective in objectives)


def _named(objectives: Sequence[Objective]) -> str:
    return ", ".join(f'"{name}"' for objective in objectives for name in objective.names)
