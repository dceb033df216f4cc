"""`Auto`: races curves, goes on with those that promise to end best, and checks itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from luthier.abc import Scheduler
from luthier.numerics._endings import as_log, forecast
from luthier.numerics._pareto import fronts
from luthier.records import Decision, History, Reply, Suggestion, Trial, TrialState
from luthier.schedulers._curves import GO_ON, STAY, Costs, Curves, checked, not_seen

# Trials that are begun before any goes on, where the study has so many.
_OPENING = 60
# Rungs are at 1, 3, 5, 9, 16, 27 epochs and so on: powers of the root of 3, up to so much of all.
_LAST_BUT_ONE = 0.8
# Which part of all trials goes on from each rung: until one has come to its end, after that, and
# with trials beyond the opening.
_NARROW = (0.133, 0.1, 0.083, 0.067, 0.05, 0.017)
_WIDE = (0.33, 0.2, 0.13, 0.08, 0.05, 0.034)
_USUAL = (0.3, 0.13, 0.08, 0.045, 0.03, 0.017)
# How much of the last improvement is expected to come again before the next rung.
_SLOPE = 0.5
# Trials that were cut, drawn at random and followed to their ends: at most so many after the
# opening, one in so many trials, and later for so much of all epochs.
_MOST_CHECKS, _TRIALS_PER_CHECK, _CHECK_SHARE = 8, 7, 0.03
# As many again are drawn where one beat those that were chosen; so many that did are no accident.
_NO_ACCIDENT = 2
# Why a trial went on, where the race is not the reason; kept with the trial.
_CHECK, _LATE = "check", "late"


@dataclass(frozen=True, slots=True)
class _Step:
    """A trial that goes on: to which budget, a note for people, and a mark."""

    number: int
    budget: int
    note: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Race:
    """All curves at their rungs.

    Attributes:
        rungs: epochs of each rung.
        numbers: trials that came to the first one.
        costs: best costs there, shape `(n, k)`; NaN where a trial has not come to yet. Of several
            objectives: the front among those at the same rung.
        z: the same on a scale where curves fall evenly.
        level: the last rung of each, shape `(n,)`.
        can_go_on: which are paused.
        checks: which were followed to their ends for a check.
        late: which go on because of what the checks showed.
    """

    rungs: Sequence[int]
    numbers: np.ndarray
    costs: np.ndarray
    z: np.ndarray
    level: np.ndarray
    can_go_on: np.ndarray
    checks: np.ndarray
    late: np.ndarray

    @property
    def at_end(self) -> np.ndarray:
        """Which came to the last rung."""
        return np.asarray(self.level == len(self.rungs) - 1)

    @property
    def chosen(self) -> np.ndarray:
        """Which the race brought to the last rung."""
        return np.asarray(self.at_end & ~self.checks & ~self.late)

    @property
    def surprises(self) -> int:
        """How many checks beat all that were chosen."""
        ends = self.costs[:, -1]
        if not self.chosen.any():
            return 0
        return int((ends[self.at_end & self.checks] < ends[self.chosen].min()).sum())


class Auto(Scheduler):
    """Spends epochs where they pay, with no option to choose.

    - Opening: up to 60 trials run to the first rung. The best of them, by their value and its last
      improvement, go on from rung to rung, fewer and fewer, until one has come to its end; then
      some more of them.
    - Check: some of the trials that were cut, drawn at random, are followed to their ends. Unless
      two of them beat those that were chosen, the race is taken to be fair, and new trials are
      raced in the same way. If they do (late bloomers), no new trial begins before all paused ones
      have gone on, those first whose forecast ends best; so in the worst case all are trained.
    - A trial that is cut is paused, not stopped, until the study can have no new trials and nothing
      is left to go on. It says how sure that is: of N that were cut, drawn at random, so many beat
      those that were chosen, which bounds the chance of any other with 95 % confidence.

    Where paused trials cannot go on (see `History.is_resumable`), those that are cut are stopped,
    and every seventh runs to its end as a check.

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
        checks = int((race.checks & race.at_end).sum())
        if checks == 0:
            return Reply(Decision.STOP, "others promised to end better; nothing was checked")
        bound = upper_bound(race.surprises, checks)
        return Reply(
            Decision.STOP,
            f"others promised to end better; of {checks} such trials, drawn at random and followed "
            f"to their ends, {race.surprises} beat them: a chance of at most {bound:.0%} to have "
            "won",
        )

    def _stop_or_not(self, trial: Trial, history: History, rung: int) -> Reply:
        race = self._race(history, trial)
        if race is None or trial.number % _TRIALS_PER_CHECK == _TRIALS_PER_CHECK - 1:
            return GO_ON
        order = _order(race, rung)
        room = _room(_WIDE, rung, len(race.numbers))
        place = int(np.flatnonzero(race.numbers[order] == trial.number)[0])
        if place < room:
            return GO_ON
        return Reply(
            Decision.STOP,
            f"number {place + 1} of {len(order)} after {race.rungs[rung]} epochs, of which {room} "
            "went on",
        )

    def _choose(self, history: History, freed: Trial | None = None) -> _Step | None:
        """What is to go on of all that can; None for a new trial."""
        opening = min(_OPENING, history.max_trials or _OPENING)
        if history.counted < opening and not history.is_full:
            return None
        race = self._race(history, freed)
        if race is None:
            return None
        has_lead = bool(race.chosen.any())
        parts = _NARROW
        if has_lead:
            parts = _WIDE if history.counted <= opening else _USUAL
        step = _promotion(race, parts)
        if step is not None or not has_lead:
            return step
        return self._check(race, history, opening) or _late(race)

    def _check(self, race: _Race, history: History, opening: int) -> _Step | None:
        """A trial that was cut, to be followed to its end."""
        begun = race.can_go_on & race.checks
        last = race.rungs[-1]
        note = f"followed to its end, {last} epochs, to check those that were cut"
        if begun.any():
            return _Step(int(race.numbers[begun][0]), last, note, _CHECK)
        count = int(race.checks.sum())
        epochs = np.asarray(race.rungs)[race.level]
        wanted = min(_MOST_CHECKS, opening // _TRIALS_PER_CHECK)
        if 0 < race.surprises < _NO_ACCIDENT:
            wanted *= 2
        later = not history.is_full and epochs[race.checks].sum() < _CHECK_SHARE * epochs.sum()
        candidates = race.numbers[race.can_go_on]
        if len(candidates) == 0 or not (count < wanted or later):
            return None
        rng = np.random.default_rng((history.seed, count))
        return _Step(int(rng.choice(candidates)), last, note, _CHECK)

    def _race(self, history: History, freed: Trial | None = None) -> _Race | None:
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
        level = (~np.isnan(costs)).sum(1) - 1
        freed_number = None if freed is None else freed.number
        known = [trials[number] for number in numbers]
        paused = np.array([t.state is TrialState.PAUSED or t.number == freed_number for t in known])
        marks = [t.suggestion.extra for t in known]
        checks, late = (np.array([mark in m for m in marks]) for mark in (_CHECK, _LATE))
        can_go_on = paused & (level < len(rungs) - 1)
        return _Race(rungs, np.array(numbers), costs, as_log(costs), level, can_go_on, checks, late)

    def _rungs(self, history: History) -> Sequence[int] | None:
        most = self._most or history.horizon
        if most is None:
            ends = [
                self._curves[t.number].done
                for t in history.finished
                if t.state is TrialState.COMPLETED
            ]
            most = max(ends, default=0)
        if not most:
            return None
        powers = [1, *(round(3 ** (step / 2)) for step in range(2, 60))]
        return [*(rung for rung in powers if rung <= _LAST_BUT_ONE * most), most]


def upper_bound(hits: int, draws: int) -> float:
    """The largest chance of a hit that is compatible with so many hits, with 95 % confidence.

    Source: Clopper and Pearson, Biometrika 26 (1934): the exact one-sided bound, by bisection.

    Example:
        >>> round(upper_bound(0, 3), 2)
        0.63
    """
    low, high = 0.0, 1.0
    for _ in range(40):
        chance = (low + high) / 2
        ways = [
            math.comb(draws, n) * chance**n * (1 - chance) ** (draws - n) for n in range(hits + 1)
        ]
        low, high = (chance, high) if sum(ways) > 0.05 else (low, chance)
    return high


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


def _order(race: _Race, rung: int) -> np.ndarray:
    """Places of those that came to a rung, the most promising first."""
    there = np.flatnonzero(race.level >= rung)
    z = race.z
    promise = z[there, rung]
    if rung:
        promise = promise - _SLOPE * (z[there, rung - 1] - promise)
    return np.asarray(there[np.argsort(promise, kind="stable")])


def _room(parts: Sequence[float], rung: int, count: int) -> int:
    return max(1, round(parts[min(rung, len(parts) - 1)] * count))


def _promotion(race: _Race, parts: Sequence[float]) -> _Step | None:
    """The first at the lowest rung that is among the best there and has not gone on."""
    for rung in range(len(race.rungs) - 1):
        room = _room(parts, rung, len(race.numbers))
        for place in _order(race, rung)[:room]:
            if race.level[place] == rung and race.can_go_on[place]:
                return _go_on(race, int(place), f"among the best {room}")
    return None


def _late(race: _Race) -> _Step | None:
    """If trials that were cut beat the chosen ones: the one whose forecast ends best."""
    needed = min(_NO_ACCIDENT, int(race.checks.sum()))
    if not race.can_go_on.any() or not needed or race.surprises < needed:
        return None
    mean, spread = forecast(race.z, race.level)
    hope = np.where(race.can_go_on, mean - spread, np.inf)
    return _go_on(race, int(np.argmin(hope)), "late bloomers were found: all go on", _LATE)


def _go_on(race: _Race, place: int, reason: str, why: str = "") -> _Step:
    rung = int(race.level[place])
    budget = int(race.rungs[rung + 1])
    note = f"goes on to {budget} epochs: {reason} after {race.rungs[rung]}"
    return _Step(int(race.numbers[place]), budget, note, why)
