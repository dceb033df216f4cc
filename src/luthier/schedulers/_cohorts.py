"""Rungs of synchronous halving: which trials go on, and how far.

Enters: brackets (how many trials begin, and the epochs of their rungs) and a history. Leaves: the
next trial to go on, and which are out. Trials fill cohorts in order of their numbers, one bracket
after the other, over and over. Who goes on is judged when a whole cohort has come to a rung, beside
all trials of the same bracket that came there before it: a trial that a strong cohort left behind
goes on when the next ones show that it is among the best. Everything follows from the history.
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
        sizes: how many trials of one cohort each rung takes.
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
class _Rung:
    """Those of all cohorts of a bracket that came to a rung, the best first.

    Attributes:
        order: their numbers.
        places: number to its place.
        values: number to its costs there.
        room: how many of them go on.
        is_open: whether all that were on the way have come, so that they can be judged.
    """

    order: Sequence[int]
    places: Mapping[int, int]
    values: Mapping[int, Costs]
    room: int
    is_open: bool


class Cohorts:
    """The cohorts of one study.

    Args:
        name: of the algorithm, for people.
        factor: one in so many goes on from a rung.
    """

    def __init__(self, name: str, factor: int) -> None:
        self._name = name
        self._factor = factor
        self._curves = Curves()
        # Of the last history: its rungs by bracket, and whether anything can go on.
        self._history: History | None = None
        self._rungs: dict[int, list[_Rung]] = {}
        self._is_over: bool | None = None

    def propose(self, history: History, brackets: Sequence[Bracket]) -> Suggestion | None:
        """The first paused trial that may go on, of the lowest rung."""
        paused = {t.number: t for t in history.open if t.state is TrialState.PAUSED}
        if not paused:
            return None
        self._follow(history, brackets)
        for kind, bracket in enumerate(brackets):
            for level, rung in enumerate(self._rungs[kind][:-1]):
                if not rung.is_open:
                    break
                for number in rung.order[: rung.room]:
                    if number in paused and self._level(number, bracket) == level:
                        return self._promotion(paused[number], bracket, level)
        return None

    def decide(self, trial: Trial, history: History, brackets: Sequence[Bracket]) -> Reply:
        """Whether a trial has epochs left; of a paused one, whether it is out."""
        kind, _ = _cohort(trial.number, brackets)
        budgets = brackets[kind].budgets
        if trial.state is TrialState.PAUSED:
            return self._stay_or_not(trial, history, brackets)
        curve = self._curves.update(history, trial)
        if curve.done < max(trial.suggestion.budget or 0, budgets[0]):
            return GO_ON
        if not curve.steps:
            return not_seen(curve, history)
        if curve.done < budgets[-1]:
            return Reply(
                Decision.PAUSE, f"{self._name}: waits for the others at {curve.done} epochs"
            )
        if history.horizon is not None and curve.done >= history.horizon:
            return GO_ON
        return Reply(Decision.STOP, f"{self._name}: all of its {budgets[-1]} epochs were run")

    def _stay_or_not(self, trial: Trial, history: History, brackets: Sequence[Bracket]) -> Reply:
        """Out is who is in the worse half of a rung, or waits while nothing goes on any more."""
        self._follow(history, brackets)
        kind, _ = _cohort(trial.number, brackets)
        level = self._level(trial.number, brackets[kind])
        if level < 0 or trial.number not in self._rungs[kind][level].places:
            return STAY
        rung = self._rungs[kind][level]
        place = rung.places[trial.number]
        half = max(rung.room, -(-len(rung.order) // 2))
        if not rung.is_open or place < rung.room:
            return STAY
        if place < half and not self._nothing_goes_on(history, brackets):
            return STAY
        return Reply(
            Decision.STOP,
            f"{self._name}: {shown(rung.values[trial.number], history)} after "
            f"{brackets[kind].budgets[level]} epochs is number {place + 1} of {len(rung.order)}, "
            f"of which {rung.room} went on",
        )

    def _nothing_goes_on(self, history: History, brackets: Sequence[Bracket]) -> bool:
        if self._is_over is None:
            self._is_over = (
                history.is_full
                and all(t.state is TrialState.PAUSED for t in history.open)
                and self.propose(history, brackets) is None
            )
        return self._is_over

    def _promotion(self, trial: Trial, bracket: Bracket, level: int) -> Suggestion:
        budget = bracket.budgets[level + 1]
        return Suggestion(
            trial.values,
            budget=budget,
            resume_from=trial.number,
            note=f"{self._name}, rung {level + 2}: up to {budget} epochs",
            extra={"rung": level + 1},
        )

    def _level(self, number: int, bracket: Bracket) -> int:
        """The last rung that a trial has come to; -1 for none."""
        done = self._curves[number].done
        return sum(budget <= done for budget in bracket.budgets) - 1

    def _follow(self, history: History, brackets: Sequence[Bracket]) -> None:
        if history is self._history:
            return
        self._curves.update(history)
        members: dict[int, list[Trial]] = {kind: [] for kind in range(len(brackets))}
        cohorts: dict[int, list[Trial]] = {}
        for trial in (*history.finished, *history.open):
            cohorts.setdefault(_cohort(trial.number, brackets)[1], []).append(trial)
        for cohort, trials in cohorts.items():
            kind = cohort % len(brackets)
            is_filled = len(trials) == brackets[kind].sizes[0] or history.is_full
            if is_filled and not any(self._is_under_way(t, brackets[kind], 0) for t in trials):
                members[kind] += trials
        self._rungs = {
            kind: [
                self._rung(members[kind], bracket, level) for level in range(len(bracket.budgets))
            ]
            for kind, bracket in enumerate(brackets)
        }
        self._history, self._is_over = history, None

    def _rung(self, members: Sequence[Trial], bracket: Bracket, level: int) -> _Rung:
        column = self._curves.column(bracket.budgets[level])
        values: dict[int, Costs] = {}
        for trial in members:
            found = column.get(trial.number)
            if found is None and trial.state is TrialState.COMPLETED and trial.scores:
                # It ended by itself before: what it came to stands.
                best = self._curves[trial.number].best
                found = best[-1] if best else None
            if found is not None:
                values[trial.number] = found
        order = ranked(values)
        return _Rung(
            order,
            {number: place for place, number in enumerate(order)},
            values,
            max(1, len(order) // self._factor),
            not any(self._is_under_way(trial, bracket, level) for trial in members),
        )

    def _is_under_way(self, trial: Trial, bracket: Bracket, level: int) -> bool:
        """Whether a trial runs, or is about to, that has not come to a rung."""
        if trial.state not in (TrialState.RUNNING, TrialState.WAITING):
            return False
        return self._curves[trial.number].done < bracket.budgets[level]


def _cohort(number: int, brackets: Sequence[Bracket]) -> tuple[int, int]:
    """The bracket of a trial, and the count of its cohort."""
    sizes = [bracket.sizes[0] for bracket in brackets]
    rounds, rest = divmod(number, sum(sizes))
    for kind, size in enumerate(sizes):
        if rest < size:
            return kind, rounds * len(brackets) + kind
        rest -= size
    raise AssertionError("a remainder is smaller than the sum")
