"""`Auto`: races curves, goes on with those that promise to end best, and checks itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from luthier.abc import Scheduler
from luthier.numerics._pareto import fronts
from luthier.records import Decision, History, Reply, Suggestion, Trial, TrialState
from luthier.schedulers._curves import GO_ON, STAY, Costs, Curves, checked, not_seen
from luthier.schedulers._race import CHECK, LATE, WIDE, Race, Step, cut_at_once, next_step

# Trials that are begun before any goes on, where the study has so many.
_OPENING = 60
# Rungs are at 1, 3, 5, 9, 16, 27 epochs and so on: powers of the root of 3, up to so much of all.
_LAST_BUT_ONE = 0.8
# Where paused trials cannot go on, one in so many is run to its end as a check.
_TRIALS_PER_CHECK = 7


class Auto(Scheduler):
    """Spends epochs where they pay, with no option to choose.

    - Opening: up to 60 trials run to the first rung. The best of them, by their value and its last
      improvement, go on from rung to rung, fewer and fewer, until one has come to its end; then
      some more of them.
    - Check: some of the trials that were cut, drawn at random, are followed to their ends: up to
      14, which bounds the chance that one in five of the others would have won. Unless two of them
      beat those that were chosen, or one by far, or their early ranks do not tell their ends, the
      race is taken to be fair, and new trials are raced in the same way. If so (late bloomers), no
      new trial begins before all paused ones have gone on, those first whose forecast ends best; so
      in the worst case all are trained.
    - A trial that is cut is paused, not stopped, until the study can have no new trials and nothing
      is left to go on. It says how sure that is: of N that were cut, drawn at random, so many beat
      those that were chosen, which bounds the chance of any other with 95 % confidence.

    Where paused trials cannot go on (see `History.is_resumable`), those that are cut are stopped,
    and every seventh runs to its end as a check; if late bloomers are among them, no further trial
    is stopped.

    Args:
        max_epochs: the last rung; None: as many as trials run, or as the first came to.

    Raises:
        ValueError: for no epochs.

    Source: successive halving (Jamieson and Talwalkar, AISTATS 2016) with freezing and thawing by
    forecast curves (Swersky, Snoek, Adams, "Freeze-thaw Bayesian optimization", arXiv:1406.3896);
    the checks are Luthier's own.
    """

    def __init__(self, max_epochs: int | None = None) -> None:
        self._most = None if max_epochs is None else checked("max_epochs", max_epochs, 1)
        self._curves = Curves()
        # The last history of which it was asked whether all is over, and the answer.
        self._asked: tuple[History | None, bool] = (None, False)

    def lends(self, history: History) -> None:
        """No trial begins from another's state."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Name and options."""
        return {"name": "auto", "max_epochs": self._most}

    def propose(self, history: History) -> Suggestion | None:
        """The paused trial that is to go on."""
        paused = {t.number: t for t in history.open if t.state is TrialState.PAUSED}
        if not paused:
            return None
        self._curves.update(history)
        step = self._choose(history)
        if step is None:
            return None
        trial = paused[step.number]
        extra = {step.why: True} if step.why else {}
        return Suggestion(trial.values, step.budget, step.number, step.note, extra)

    def decide(self, trial: Trial, history: History) -> Reply:
        """At a rung: whether this trial, of all that could go on, is the one."""
        if trial.state is TrialState.PAUSED:
            return self._give_up(history)
        curve = self._curves.update(history, trial)
        if not curve.steps:
            return not_seen(curve, history)
        rungs = self._rungs(history)
        if rungs is None or curve.done >= rungs[-1]:
            return GO_ON
        passed = [rung for rung in rungs if rung <= curve.done]
        if not passed or not curve.has_just_reached(passed[-1]):
            return GO_ON
        if (trial.suggestion.budget or 0) > curve.done:
            return GO_ON
        if not history.is_resumable:
            return self._stop_or_not(trial, history, len(passed) - 1)
        step = self._choose(history, trial)
        if (
            step is not None
            and step.number == trial.number
            and step.why in ("", *trial.suggestion.extra)
        ):
            return GO_ON
        return Reply(Decision.PAUSE, f"waits at {curve.done} epochs: others promise more")

    def _give_up(self, history: History) -> Reply:
        if not history.is_full or any(t.state is not TrialState.PAUSED for t in history.open):
            return STAY
        self._curves.update(history)
        race = self._race(history)
        if self._asked[0] is not history:
            self._asked = (history, self._choose(history) is None)
        if race is None or not self._asked[1]:
            return STAY
        shown = race.evidence(race.checks, race.chosen)
        return Reply(Decision.STOP, f"others promised to end better; {shown}")

    def _stop_or_not(self, trial: Trial, history: History, rung: int) -> Reply:
        race = self._race(history, trial)
        if race is None or trial.number % _TRIALS_PER_CHECK == _TRIALS_PER_CHECK - 1:
            return GO_ON
        order, room = race.order(rung), race.room(WIDE, rung)
        place = int(np.flatnonzero(race.numbers[order] == trial.number)[0])
        if place < room:
            return GO_ON
        is_check = race.numbers % _TRIALS_PER_CHECK == _TRIALS_PER_CHECK - 1
        # Who was let go on since it is unfair is no rival.
        cut = cut_at_once(race, WIDE)
        shown = race.evidence(is_check & cut, ~cut)
        if shown.is_unfair:
            return GO_ON
        return Reply(
            Decision.STOP,
            f"number {place + 1} of {len(order)} after {race.rungs[rung]} epochs, of which {room} "
            f"went on; {shown}",
        )

    def _choose(self, history: History, freed: Trial | None = None) -> Step | None:
        """What is to go on of all that can; None for a new trial."""
        opening = min(_OPENING, history.max_trials or _OPENING)
        if history.counted < opening and not history.is_full:
            return None
        race = self._race(history, freed)
        if race is None:
            return None
        return next_step(
            race,
            opening,
            history.seed,
            has_begun_more=history.counted > opening,
            is_full=history.is_full,
        )

    def _race(self, history: History, freed: Trial | None = None) -> Race | None:
        """The curves at their rungs; None while nobody knows how long trials are."""
        rungs = self._rungs(history)
        if rungs is None:
            return None
        trials = {t.number: t for t in (*history.finished, *history.open)}
        columns = [self._curves.column(rung) for rung in rungs]
        numbers = sorted(number for number in columns[0] if number in trials)
        if not numbers:
            return None
        costs = np.full((len(numbers), len(rungs)), np.nan)
        places = {number: place for place, number in enumerate(numbers)}
        for rung, column in enumerate(columns):
            _fill(costs[:, rung], places, column)
        for place in np.flatnonzero(np.isnan(costs[:, -1])):
            if trials[numbers[place]].state is TrialState.COMPLETED:
                # It ended by itself before: what it came to stands.
                reached = int((~np.isnan(costs[place])).sum())
                costs[place, reached:] = costs[place, reached - 1]
        freed_number = None if freed is None else freed.number
        known = [trials[number] for number in numbers]
        paused = np.array([t.state is TrialState.PAUSED or t.number == freed_number for t in known])
        marks = [t.suggestion.extra for t in known]
        checks, late = (np.array([mark in m for m in marks]) for mark in (CHECK, LATE))
        return Race(rungs, np.array(numbers), costs, paused, checks, late)

    def _rungs(self, history: History) -> Sequence[int] | None:
        most = self._most or history.horizon
        if most is None:
            ends = [
                int(self._curves[t.number].done)
                for t in history.finished
                if t.state is TrialState.COMPLETED
            ]
            most = max(ends, default=0)
        if not most:
            return None
        powers = [1, *(round(3 ** (step / 2)) for step in range(2, 60))]
        return [*(rung for rung in powers if rung <= _LAST_BUT_ONE * most), most]


def _fill(target: np.ndarray, places: Mapping[int, int], column: Mapping[int, Costs]) -> None:
    """Costs of a rung; of several objectives, fronts."""
    known = [(places[number], costs) for number, costs in column.items() if number in places]
    if not known:
        return
    there = [place for place, _ in known]
    if len(known[0][1]) == 1:
        target[there] = [costs[0] for _, costs in known]
    else:
        target[there] = fronts(np.array([costs for _, costs in known]))
