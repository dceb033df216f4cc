"""Rungs of synchronous halving: which trials of a cohort go on, and how far.

Enters: brackets (how many trials up to how many epochs) and a history. Leaves: for each trial the
budget that it may use, and whether it is out. Trials fill cohorts in order of their numbers, one
bracket after the other, over and over. Everything follows from the history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from luthier.records import Decision, History, Reply, Suggestion, Trial, TrialState
from luthier.schedulers._curves import GO_ON, STAY, Costs, Curves, not_seen, ranked, shown


@dataclass(frozen=True, slots=True)
class Bracket:
    """One run of successive halving.

    Attributes:
        sizes: how many trials each rung takes.
        budgets: up to how many epochs they run there.
    """

    sizes: tuple[int, ...]
    budgets: tuple[int, ...]

    @classmethod
    def halving(cls, size: int, budgets: Sequence[int], factor: int) -> Bracket:
        """One in `factor` trials goes on from each rung, and at least one."""
        sizes = tuple(max(1, size // factor**rung) for rung in range(len(budgets)))
        return cls(sizes, tuple(budgets))


def rungs(least: int, most: int, factor: int) -> list[int]:
    """Epochs of the rungs: `least` times powers of `factor`, and the last.

    Example:
        >>> rungs(1, 50, 3)
        [1, 3, 9, 27, 50]
    """
    budgets = [least]
    while budgets[-1] * factor < most:
        budgets.append(budgets[-1] * factor)
    if budgets[-1] < most:
        budgets.append(most)
    return budgets


def whole_rungs(budgets: Sequence[int], factor: int) -> int:
    """How often the first rung can be multiplied by `factor` within the last.

    Example:
        >>> whole_rungs([1, 3, 9, 27, 50], 3), whole_rungs([1, 3, 9], 3)
        (3, 2)
    """
    count = 0
    while budgets[0] * factor ** (count + 1) <= budgets[-1]:
        count += 1
    return count


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the trials of a cohort are.

    Attributes:
        name: of the cohort, for people.
        bracket: its plan.
        levels: trial to the highest rung that it may run to.
        out: trials that will not go on, and why.
    """

    name: str
    bracket: Bracket
    levels: Mapping[int, int]
    out: Mapping[int, str]


class Cohorts:
    """The cohorts of one study.

    Args:
        name: of the algorithm, for people.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._curves = Curves()
        self._known: tuple[History | None, dict[int, Standing]] = (None, {})

    def propose(self, history: History, brackets: Sequence[Bracket]) -> Suggestion | None:
        """The first paused trial that may go on."""
        paused = {t.number: t for t in history.open if t.state is TrialState.PAUSED}
        if not paused:
            return None
        self._curves.update(history)
        for first, last, cohort in _ranges(max(paused), brackets):
            if not any(first <= number < last for number in paused):
                continue
            standing = self._standing(cohort, first, last, history, brackets)
            for number, level in standing.levels.items():
                budget = standing.bracket.budgets[level]
                if number in paused and self._curves[number].done < budget:
                    return Suggestion(
                        paused[number].values,
                        budget=budget,
                        resume_from=number,
                        note=f"{standing.name}, rung {level + 1}: up to {budget} epochs",
                        extra={"cohort": cohort, "rung": level},
                    )
        return None

    def decide(self, trial: Trial, history: History, brackets: Sequence[Bracket]) -> Reply:
        """Whether a trial has epochs left; of a paused one, whether it is out."""
        curve = self._curves.update(history, trial)
        first, last, cohort = next(
            each for each in _ranges(trial.number, brackets) if each[0] <= trial.number < each[1]
        )
        is_paused = trial.state is TrialState.PAUSED
        budgets = brackets[cohort % len(brackets)].budgets
        promised = max(trial.suggestion.budget or 0, budgets[0])
        if not is_paused and curve.done < promised:
            return GO_ON
        if not is_paused and not curve.steps:
            return not_seen(curve, history)
        standing = self._standing(cohort, first, last, history, brackets)
        if trial.number in standing.out:
            return Reply(Decision.STOP, standing.out[trial.number])
        budget = budgets[standing.levels.get(trial.number, 0)]
        if is_paused:
            return STAY
        if curve.done < budget:
            return GO_ON
        if budget < budgets[-1]:
            return Reply(
                Decision.PAUSE, f"{standing.name}: waits for the others at {budget} epochs"
            )
        if history.horizon is not None and curve.done >= history.horizon:
            return GO_ON
        return Reply(Decision.STOP, f"{standing.name}: all of its {budget} epochs were run")

    def _standing(
        self, cohort: int, first: int, last: int, history: History, brackets: Sequence[Bracket]
    ) -> Standing:
        if self._known[0] is not history:
            self._known = (history, {})
        known = self._known[1]
        if cohort not in known:
            known[cohort] = self._compute(cohort, first, last, history, brackets)
        return known[cohort]

    def _compute(
        self, cohort: int, first: int, last: int, history: History, brackets: Sequence[Bracket]
    ) -> Standing:
        bracket = brackets[cohort % len(brackets)]
        trials = {t.number: t for t in _between(history, first, last)}
        name = f"{self._name}, cohort {cohort + 1}"
        members = list(trials)
        is_filled = len(members) == last - first or history.is_full
        levels, out = dict.fromkeys(members, 0), dict[int, str]()
        for level, budget in enumerate(bracket.budgets[:-1]):
            values = {n: self._value(trials[n], budget) for n in members}
            if not is_filled or any(value is None for value in values.values()):
                return Standing(name, bracket, levels, out)
            column = {number: value for number, value in values.items() if value}
            room = _room(len(members), bracket.sizes[level], bracket.sizes[level + 1])
            order = ranked(column)
            for position, number in enumerate(order[room:], start=room + 1):
                out[number] = (
                    f"{name}: {shown(column[number], history)} after {budget} epochs is number "
                    f"{position} of {len(order)}, of which {min(room, len(order))} went on"
                )
            members = order[:room]
            levels.update(dict.fromkeys(members, level + 1))
        return Standing(name, bracket, levels, out)

    def _value(self, trial: Trial, budget: int) -> Costs | None:
        """The costs at a rung; empty for a trial that ended without any, None while they lack."""
        found = self._curves.column(budget).get(trial.number)
        if found is not None:
            return found
        if not trial.state.is_finished:
            return None
        curve = self._curves[trial.number]
        # It ended by itself before: what it came to stands.
        return curve.best[-1] if curve.best and trial.scores else ()


def _room(members: int, size: int, following: int) -> int:
    """How many go on; of a cohort that is not full, as large a part."""
    return following if members == size else max(1, round(members * following / size))


def _ranges(number: int, brackets: Sequence[Bracket]) -> list[tuple[int, int, int]]:
    """First number, last (exclusive) and count of each cohort up to that of `number`."""
    found, first, cohort = [], 0, 0
    while first <= number:
        last = first + brackets[cohort % len(brackets)].sizes[0]
        found.append((first, last, cohort))
        first, cohort = last, cohort + 1
    return found


def _between(history: History, first: int, last: int) -> list[Trial]:
    return sorted(
        (t for t in (*history.finished, *history.open) if first <= t.number < last),
        key=lambda trial: trial.number,
    )
