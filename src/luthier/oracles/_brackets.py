"""Hyperband's brackets as KerasTuner runs them: each promotion is a trial of its own.

Enters: a history whose trials carry what was decided among their values, under KerasTuner's names
(`tuner/epochs`, `tuner/initial_epoch`, `tuner/bracket`, `tuner/round`, `tuner/trial_id`). Leaves:
the next trial's values with these. Everything follows from the history.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from luthier.abc import Sampler
from luthier.records import History, Suggestion, Trial, TrialState
from luthier.schedulers._cohorts import Bracket

EPOCHS = "tuner/epochs"
INITIAL_EPOCH = "tuner/initial_epoch"
BRACKET = "tuner/bracket"
ROUND = "tuner/round"
PARENT = "tuner/trial_id"
PREFIX = "tuner/"


@dataclass(slots=True)
class _Run:
    """One bracket under way: the trials of its rounds.

    Attributes:
        number: KerasTuner's number of the bracket; 0 has one round.
        plan: sizes and epochs of its rounds.
        rounds: trials that count, by round.
    """

    number: int
    plan: Bracket
    rounds: list[list[Trial]] = field(default_factory=list)

    def targets(self, *, is_exhausted: bool) -> list[int]:
        """How many trials each round gets: less than planned where too many before it failed."""
        first = len(self.rounds[0]) if is_exhausted else self.plan.sizes[0]
        found = [first]
        for size, trials in zip(self.plan.sizes[1:], self.rounds, strict=False):
            failed = sum(trial.state is TrialState.FAILED for trial in trials)
            found.append(min(size, max(0, found[-1] - failed)))
        return found

    def candidates(self, level: int) -> list[Trial]:
        """Trials of a round with a score from which none has been promoted."""
        taken = {_parent(trial) for trial in self.rounds[level + 1]}
        return [t for t in self.rounds[level] if t.scores and t.number not in taken]

    def promotion(self, sign: float, *, is_exhausted: bool) -> tuple[Trial, int] | None:
        """The trial to promote now and the round that it enters."""
        targets = self.targets(is_exhausted=is_exhausted)
        for level in range(1, len(self.rounds)):
            if len(self.rounds[level]) >= targets[level]:
                continue
            candidates = [t for t in self.candidates(level - 1) if t.state.is_finished]
            failed = sum(t.state is TrialState.FAILED for t in self.rounds[level - 1])
            # So many have ended that the best of them is among those that go on.
            if len(candidates) > targets[level - 1] - failed - targets[level]:
                return min(candidates, key=lambda t: (sign * t.scores[0], t.number)), level
        return None


class Brackets(Sampler):
    """Draws the trials that begin a bracket, and repeats the best of each round for longer.

    Args:
        inner: draws values.
        max_epochs: of the last round.
        factor: between two rounds.
        iterations: over all brackets; None: without end.
        id_of: a trial's id by its number.
    """

    def __init__(
        self,
        inner: Sampler,
        max_epochs: int,
        factor: int,
        iterations: int | None,
        id_of: Callable[[int], str],
    ) -> None:
        self._inner = inner
        self._max_epochs, self._factor, self._iterations = max_epochs, factor, iterations
        self._plans = brackets(max_epochs, factor)
        self._id_of = id_of

    @property
    def settings(self) -> Mapping[str, Any]:
        """Name and options."""
        return {
            "name": "hyperband",
            "max_epochs": self._max_epochs,
            "factor": self._factor,
            "iterations": self._iterations,
        }

    def suggest(self, history: History, rng: np.random.Generator) -> Suggestion | None:
        runs = self._runs(history)
        sign = history.objectives[0].sign
        fresh: Mapping[str, Any] | None = None
        is_exhausted = False
        for run in runs:
            if len(run.rounds[0]) < run.plan.sizes[0] and not is_exhausted:
                fresh = self._fresh(history, rng)
                if fresh is not None:
                    return self._begin(fresh, run)
                is_exhausted = True
            found = run.promotion(sign, is_exhausted=is_exhausted)
            if found is not None:
                return self._promote(run, *found)
        limit = None if self._iterations is None else self._iterations * len(self._plans)
        if is_exhausted or (limit is not None and len(runs) >= limit):
            return None
        fresh = self._fresh(history, rng)
        return None if fresh is None else self._begin(fresh, self._run(len(runs)))

    def needed(self, history: History) -> frozenset[int]:
        """Trials whose state another may still go on from."""
        needed: set[int] = set()
        for run in self._runs(history):
            targets = run.targets(is_exhausted=False)
            for level in range(1, len(run.rounds)):
                if len(run.rounds[level]) < targets[level]:
                    needed.update(trial.number for trial in run.candidates(level - 1))
                for trial in run.rounds[level]:
                    parent = _parent(trial)
                    if not trial.state.is_finished and parent is not None:
                        needed.add(parent)
        return frozenset(needed)

    def is_last_round(self, values: Mapping[str, Any]) -> bool:
        """Whether nothing goes on from a trial with these values."""
        return int(values.get(ROUND, 0)) >= int(values.get(BRACKET, 0))

    def _fresh(self, history: History, rng: np.random.Generator) -> Mapping[str, Any] | None:
        suggestion = self._inner.suggest(_without_marks(history), rng)
        return None if suggestion is None else suggestion.values

    def _begin(self, values: Mapping[str, Any], run: _Run) -> Suggestion:
        epochs = run.plan.budgets[0]
        marks = {EPOCHS: epochs, INITIAL_EPOCH: 0, BRACKET: run.number, ROUND: 0}
        return Suggestion(
            {**values, **marks}, epochs, note=f"bracket {run.number}, round 0: {epochs} epochs"
        )

    def _promote(self, run: _Run, parent: Trial, level: int) -> Suggestion:
        before, epochs = run.plan.budgets[level - 1], run.plan.budgets[level]
        marks = {
            PARENT: self._id_of(parent.number),
            EPOCHS: epochs,
            INITIAL_EPOCH: before,
            BRACKET: run.number,
            ROUND: level,
        }
        values = {n: v for n, v in parent.values.items() if not n.startswith(PREFIX)}
        return Suggestion(
            {**values, **marks},
            epochs,
            resume_from=parent.number,
            note=f"bracket {run.number}, round {level}: from {before} to {epochs} epochs, "
            f"goes on from trial {parent.number}",
        )

    def _run(self, place: int) -> _Run:
        plan = self._plans[place % len(self._plans)]
        number = len(plan.sizes) - 1
        return _Run(number, plan, [[] for _ in plan.sizes])

    def _runs(self, history: History) -> list[_Run]:
        """All brackets that were begun, in order."""
        runs: list[_Run] = []
        of: dict[int, _Run] = {}
        for trial in history.trials:
            marks = trial.suggestion.values
            if trial.state is TrialState.SKIPPED or ROUND not in marks:
                continue
            level, parent = int(marks[ROUND]), _parent(trial)
            if parent is not None and parent in of:
                run = of[parent]
            else:
                run = self._open(runs, int(marks[BRACKET]))
                level = 0
            if level < len(run.rounds):
                run.rounds[level].append(trial)
                of[trial.number] = run
        return runs

    def _open(self, runs: list[_Run], number: int) -> _Run:
        """The bracket of that number that takes a new trial."""
        for run in runs:
            if run.number == number and len(run.rounds[0]) < run.plan.sizes[0]:
                return run
        while True:
            runs.append(self._run(len(runs)))
            if runs[-1].number == number or len(runs) % len(self._plans) == 0:
                return runs[-1]


def _parent(trial: Trial) -> int | None:
    """The number of the trial that a promoted one goes on from."""
    known = trial.suggestion.values.get(PARENT)
    return None if known is None else trial.suggestion.resume_from or int(str(known))


def _without_marks(history: History) -> History:
    """The history as if only the space's own values had been suggested."""

    def plain(trials: Iterable[Trial]) -> tuple[Trial, ...]:
        return tuple(
            replace(
                trial,
                suggestion=replace(trial.suggestion, values=_own(trial.suggestion.values)),
                values=_own(trial.values),
            )
            for trial in trials
        )

    return replace(history, finished=plain(history.finished), open=plain(history.open))


def _own(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if not name.startswith(PREFIX)}


def brackets(max_epochs: int, factor: int) -> tuple[Bracket, ...]:
    """The brackets of one iteration, the one with the most trials first.

    Example:
        >>> [bracket.sizes for bracket in brackets(9, 3)]
        [(9, 3, 1), (5, 2), (3,)]
    """
    # Whole numbers, for a logarithm of 243 to base 3 is not quite 5.
    last = 0
    while factor ** (last + 1) <= max_epochs:
        last += 1
    share = 1 + last if factor**last == max_epochs else math.ceil(1 + _log(max_epochs, factor))
    found = []
    for bracket in range(last, -1, -1):
        sizes = [
            math.ceil(share / (bracket + 1) * factor ** (bracket - rung))
            for rung in range(bracket + 1)
        ]
        budgets = [-(-max_epochs // factor ** (bracket - rung)) for rung in range(bracket + 1)]
        found.append(Bracket(tuple(sizes), tuple(budgets)))
    return tuple(found)


def _log(value: int, base: int) -> float:
    return math.log(value) / math.log(base)


def totals(plans: Sequence[Bracket]) -> tuple[int, int]:
    """Trials and epochs of one iteration.

    Example:
        >>> totals(brackets(100, 3))
        (254, 2672)
    """
    trials = epochs = 0
    for plan in plans:
        for size, budget, before in zip(plan.sizes, plan.budgets, (0, *plan.budgets), strict=False):
            trials += size
            epochs += size * (budget - before)
    return trials, epochs
