"""What samplers see of trials that a scheduler cut short.

Enters: a history as it is. Leaves: a history in which the score of every trial is worth comparing:
trials that were stopped early, or are paused, count with what their curves would have come to.
What leaves is a function of the history alone, so that samplers stay functions of it too; what a
`View` keeps of the last one only saves time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from luthier.objective import Objective
from luthier.records import History, Measurement, Trial, TrialState

_CUT_SHORT = (TrialState.PAUSED, TrialState.STOPPED)


@dataclass(frozen=True, slots=True)
class _Known:
    """The curves of a trial.

    Attributes:
        source: the reports that they were read from.
        steps: steps done.
        curves: for each objective, steps done to the least cost until then, of the first execution.
        ends: the last of these steps in each, 0 for none.
    """

    source: tuple[Measurement, ...]
    steps: int
    curves: tuple[Mapping[int, float], ...]
    ends: tuple[int, ...]


class View:
    """The histories of one study, as samplers see them."""

    def __init__(self) -> None:
        self._objectives: tuple[Objective, ...] = ()
        self._known: dict[int, _Known] = {}
        # What was shown last: the trial as it is, its state and scores there, and as it was seen.
        self._shown: list[tuple[Trial, TrialState, tuple[float, ...], Trial]] = []

    def comparable(self, history: History) -> History:
        """The history with scores of one budget: that of the longest trials.

        A trial that ended after s steps is given the median improvement that longer trials made
        after their step s, in each objective. Paused trials stand behind the finished ones. A
        history without trials that were cut short is itself.
        """
        halted = tuple(t for t in history.open if t.state is TrialState.PAUSED)
        if not halted and all(t.state is not TrialState.STOPPED for t in history.finished):
            return history
        if history.objectives != self._objectives:
            self._objectives, self._known = history.objectives, {}
        trials = (*history.finished, *halted)
        known = [self._read(trial) for trial in trials]
        scored = [each for trial, each in zip(trials, known, strict=True) if trial.scores]
        shifts: dict[int, tuple[float, ...]] = {}
        wanted = []
        for trial, own in zip(trials, known, strict=True):
            if not trial.scores:
                state = trial.state if trial.state.is_finished else TrialState.FAILED
                wanted.append((trial, state, trial.scores))
                continue
            scores = trial.scores
            if trial.state in _CUT_SHORT:
                if own.steps not in shifts:
                    shifts[own.steps] = self._missing(scored, own.steps)
                pairs = zip(scores, shifts[own.steps], strict=True)
                scores = tuple(score - shift for score, shift in pairs)
            wanted.append((trial, TrialState.COMPLETED, scores))
        waiting = tuple(t for t in history.open if t.state is not TrialState.PAUSED)
        return replace(history, finished=self._show(wanted), open=waiting)

    def _read(self, trial: Trial) -> _Known:
        known = self._known.get(trial.number)
        if known is None or known.source is not trial.measurements:
            curves = tuple(_running_best(trial, objective) for objective in self._objectives)
            steps = max(
                (m.epoch + 1 for m in trial.measurements if m.is_whole and not m.execution),
                default=0,
            )
            ends = tuple(max(curve, default=0) for curve in curves)
            known = self._known[trial.number] = _Known(trial.measurements, steps, curves, ends)
        return known

    def _missing(self, scored: Sequence[_Known], steps: int) -> tuple[float, ...]:
        """What curves that go on gained after so many steps, in values of each objective; nothing
        where no curve ends there.
        """
        shifts = []
        for place, objective in enumerate(self._objectives):
            gains = [
                curve[steps] - curve[each.ends[place]]
                for each in scored
                if each.ends[place] > steps and steps in (curve := each.curves[place])
            ]
            is_an_end = any(each.ends[place] == steps for each in scored)
            shift = float(np.median(gains)) if gains and is_an_end else 0.0
            shifts.append(objective.sign * shift)
        return tuple(shifts)

    def _show(
        self, wanted: Sequence[tuple[Trial, TrialState, tuple[float, ...]]]
    ) -> tuple[Trial, ...]:
        """The trials with these states and scores.

        A trial is the same object as last time only if all before it are too: that is how a
        sampler knows that a history goes on from one it has seen (`History.is_continuation`).
        """
        shown = []
        is_same = True
        for place, (trial, state, scores) in enumerate(wanted):
            if is_same:
                last = self._shown[place] if place < len(self._shown) else None
                if last is not None and last[0] is trial and last[1:3] == (state, scores):
                    shown.append(last)
                    continue
                is_same = False
            shown.append((trial, state, scores, _as(trial, state, scores)))
        self._shown = shown
        return tuple(seen for *_, seen in shown)


def _as(trial: Trial, state: TrialState, scores: tuple[float, ...]) -> Trial:
    """The trial with a state and scores; quicker than `dataclasses.replace`, and done for all."""
    seen = object.__new__(Trial)
    for name in Trial.__slots__:
        object.__setattr__(seen, name, getattr(trial, name))
    object.__setattr__(seen, "state", state)
    object.__setattr__(seen, "scores", scores)
    return seen


def _running_best(trial: Trial, objective: Objective) -> Mapping[int, float]:
    """Steps done to the least cost until then, of the first execution."""
    best, curve = math.inf, {}
    for measurement in trial.measurements:
        is_judged = measurement.is_whole and not measurement.execution
        if not is_judged or not objective.has_value(measurement.metrics):
            continue
        cost = objective.sign * objective.get_value(measurement.metrics)
        best = min(best, cost) if math.isfinite(cost) else best
        if math.isfinite(best):
            curve[measurement.epoch + 1] = best
    return curve
