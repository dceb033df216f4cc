"""What samplers see of trials that a scheduler cut short.

Enters: a history as it is. Leaves: a history in which the score of every trial is worth comparing:
trials that were stopped early, or are paused, count with what their curves would have come to.
A pure function, so that samplers stay functions of the history.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from luthier.objective import Objective
from luthier.records import History, Trial, TrialState

_CUT_SHORT = (TrialState.PAUSED, TrialState.STOPPED)


def comparable(history: History) -> History:
    """The history with scores of one budget: that of the longest trials.

    A trial that ended after s steps is given the median improvement that longer trials made after
    their step s, in each objective. Paused trials stand behind the finished ones. A history without
    trials that were cut short is itself.
    """
    waiting = tuple(t for t in history.open if t.state is not TrialState.PAUSED)
    halted = tuple(t for t in history.open if t.state is TrialState.PAUSED)
    if not halted and all(t.state is not TrialState.STOPPED for t in history.finished):
        return history
    trials = (*history.finished, *halted)
    curves = [
        [_running_best(trial, objective) for trial in trials if trial.scores]
        for objective in history.objectives
    ]
    missing = [_missing(each) for each in curves]
    seen = []
    for trial in trials:
        if trial.scores:
            steps = _steps(trial)
            shifts = [lost.get(steps, 0.0) for lost in missing]
            costs = [
                score - objective.sign * shift
                for score, objective, shift in zip(
                    trial.scores, history.objectives, shifts, strict=True
                )
            ]
            short = trial.state in _CUT_SHORT
            trial = replace(  # noqa: PLW2901
                trial, state=TrialState.COMPLETED, scores=tuple(costs) if short else trial.scores
            )
        elif not trial.state.is_finished:
            trial = replace(trial, state=TrialState.FAILED)  # noqa: PLW2901
        seen.append(trial)
    return replace(history, finished=tuple(seen), open=waiting)


def _steps(trial: Trial) -> int:
    return max((m.step + 1 for m in trial.measurements if not m.execution), default=0)


def _running_best(trial: Trial, objective: Objective) -> Mapping[int, float]:
    """Steps done to the least cost until then, of the first execution."""
    best, curve = math.inf, {}
    for measurement in trial.measurements:
        if measurement.execution or not objective.has_value(measurement.metrics):
            continue
        cost = objective.sign * objective.get_value(measurement.metrics)
        best = min(best, cost) if math.isfinite(cost) else best
        if math.isfinite(best):
            curve[measurement.step + 1] = best
    return curve


def _missing(curves: list[Mapping[int, float]]) -> Mapping[int, float]:
    """For each number of steps at which a curve ends: what longer ones gained after it."""
    ends = {max(curve) for curve in curves if curve}
    return {
        end: float(np.median(gains))
        for end in ends
        if (gains := [curve[end] - curve[max(curve)] for curve in curves if _goes_on(curve, end)])
    }


def _goes_on(curve: Mapping[int, float], end: int) -> bool:
    return bool(curve) and end in curve and max(curve) > end
