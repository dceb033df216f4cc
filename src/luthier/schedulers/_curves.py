"""What schedulers share: learning curves out of histories, kept up to date, and ranks at a budget.

Enters: histories, each the continuation of the last if possible. Leaves: for each trial its best
cost so far by steps done, of the first execution; less is better in every objective. Everything can
be computed again from the history alone; keeping it only saves time.

Reports within a step have fractions of it done. What they say is of a part of the data, so it
counts where it was said, and no longer once the step has ended.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping, Sequence

import numpy as np

from luthier.numerics._pareto import fronts
from luthier.objective import DEFAULT_NAME, Objective
from luthier.records import Decision, History, Measurement, Reply, Trial

Costs = tuple[float, ...]

GO_ON = Reply(Decision.CONTINUE)
STAY = Reply(Decision.PAUSE)

# What a plain number is called when the user named no objective.
_UNNAMED = (DEFAULT_NAME, "objective")


class Curve:
    """One trial, report by report.

    Attributes:
        done: steps done by the last report.
        steps: steps done at the reports that held the objective.
        raw: costs in these; NaN and infinities included.
        best: the best finite costs of whole steps until then, and of that report; infinite before
            the first.
        names: metrics that were reported.
    """

    __slots__ = ("_whole", "best", "done", "names", "raw", "source", "steps")

    def __init__(self) -> None:
        self.done: float = 0
        self.steps: list[float] = []
        self.raw: list[Costs] = []
        self.best: list[Costs] = []
        self.names: set[str] = set()
        self.source: tuple[Measurement, ...] = ()
        self._whole: Costs = ()

    def extends(self, measurements: tuple[Measurement, ...]) -> bool:
        """Whether `measurements` begin with those that are known."""
        known = self.source
        return not known or (
            len(measurements) >= len(known) and measurements[len(known) - 1] is known[-1]
        )

    def extend(
        self, measurements: tuple[Measurement, ...], objectives: Sequence[Objective]
    ) -> None:
        """Take in the reports after those that are known."""
        for measurement in measurements[len(self.source) :]:
            if not measurement.execution:
                self._add(measurement, objectives)
        self.source = measurements

    def _add(self, measurement: Measurement, objectives: Sequence[Objective]) -> None:
        self.done = max(self.done, measurement.step + 1)
        self.names.update(measurement.metrics)
        costs = _costs(measurement, objectives)
        if costs is None:
            return
        before = self._whole or (math.inf,) * len(costs)
        best = tuple(map(_better, before, costs))
        if measurement.is_whole:
            self._whole = best
        self.steps.append(measurement.step + 1)
        self.raw.append(costs)
        self.best.append(best)

    def at(self, budget: float) -> Costs | None:
        """The best costs within the first `budget` steps; None before the first report of them."""
        place = bisect.bisect_right(self.steps, budget)
        return self.best[place - 1] if place else None

    def has_just_reached(self, budget: float) -> bool:
        """Whether the last report is the first with the objective at or after `budget` steps."""
        steps = self.steps
        if not steps or steps[-1] < budget or steps[-1] != self.done:
            return False
        return len(steps) < 2 or steps[-2] < budget


class Curves:
    """The curves of all trials of a study."""

    def __init__(self) -> None:
        self._objectives: tuple[Objective, ...] = ()
        self._history: History | None = None
        self._forget(())

    def _forget(self, objectives: tuple[Objective, ...]) -> None:
        self._objectives = objectives
        self._finished: tuple[Trial, ...] = ()
        self._by_number: dict[int, Curve] = {}
        self._columns: dict[float, dict[int, Costs]] = {}
        # Those of the columns, in order.
        self._budgets: list[float] = []

    def update(self, history: History, trial: Trial | None = None) -> Curve:
        """Take in what happened since the last call; the curve of `trial`."""
        if history is not self._history:
            self._follow(history)
        return Curve() if trial is None else self._take(trial)

    def _follow(self, history: History) -> None:
        if history.objectives != self._objectives or not history.is_continuation(self._finished):
            self._forget(history.objectives)
        for ended in history.finished[len(self._finished) :]:
            self._take(ended)
        self._finished = history.finished
        for running in history.open:
            curve = self._by_number.get(running.number)
            if curve is None or curve.source is not running.measurements:
                self._take(running)
        self._history = history

    def __getitem__(self, number: int) -> Curve:
        return self._by_number[number]

    @property
    def numbers(self) -> Sequence[int]:
        """Trials that are known, in the order in which they were met."""
        return tuple(self._by_number)

    def column(self, budget: float) -> Mapping[int, Costs]:
        """Trial to its best costs within `budget` steps, of all that came so far."""
        column = self._columns.get(budget)
        if column is None:
            column = self._columns[budget] = {}
            bisect.insort(self._budgets, budget)
            for number, curve in self._by_number.items():
                _enter(column, budget, number, curve)
        return column

    def _take(self, trial: Trial) -> Curve:
        curve = self._by_number.get(trial.number)
        if curve is not None and curve.source is trial.measurements:
            return curve
        before = curve.steps[-1] if curve is not None and curve.steps else 0
        if curve is None or not curve.extends(trial.measurements):
            curve, before = Curve(), 0
            self._by_number[trial.number] = curve
            for column in self._columns.values():
                column.pop(trial.number, None)
        curve.extend(trial.measurements, self._objectives)
        for budget in self._budgets[bisect.bisect_right(self._budgets, before) :]:
            if not curve.steps or budget > curve.steps[-1]:
                break
            _enter(self._columns[budget], budget, trial.number, curve)
        return curve


def _enter(column: dict[int, Costs], budget: float, number: int, curve: Curve) -> None:
    if curve.steps and curve.steps[-1] >= budget:
        costs = curve.at(budget)
        # The first report may come after the budget: then it stands for it.
        column[number] = curve.best[0] if costs is None else costs


def ranked(column: Mapping[int, Costs]) -> list[int]:
    """Trials, the best first: by cost, or by front of those that do not dominate each other."""
    if not column:
        return []
    numbers = sorted(column)
    if len(column[numbers[0]]) == 1:
        return sorted(numbers, key=lambda number: (column[number][0], number))
    ranks = fronts(np.array([column[number] for number in numbers]))
    return [number for _, number in sorted(zip(ranks.tolist(), numbers, strict=True))]


def place(column: Mapping[int, Costs], number: int) -> int:
    """How many trials are before `number`, which is in the column; in its own front, none."""
    own = column[number]
    if len(own) == 1:
        return sum(costs < own or (costs == own and n < number) for n, costs in column.items())
    numbers = sorted(column)
    ranks = fronts(np.array([column[n] for n in numbers]))
    return int((ranks < ranks[numbers.index(number)]).sum())


def not_seen(curve: Curve, history: History) -> Reply:
    """The answer where the objective has not been reported yet: go on, and say so."""
    names = ", ".join(name for objective in history.objectives for name in objective.names)
    seen = ", ".join(sorted(curve.names)) or "nothing"
    return Reply(
        Decision.CONTINUE,
        f"{names} was not reported in {curve.done} steps (seen: {seen}), so that nothing could "
        "be compared",
    )


def shown(costs: Costs, history: History) -> str:
    """Costs as values of the objectives, for people."""
    return ", ".join(
        f"{objective.name} {objective.sign * cost:.4g}"
        for objective, cost in zip(history.objectives, costs, strict=True)
    )


def checked(name: str, value: object, least: int) -> int:
    """A whole number from `least` on.

    Raises:
        ValueError: if it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"Expected `{name}` to be an int from {least} on, got {value!r}.")
    return value


def checked_most(max_epochs: int | None, least: int) -> int | None:
    """The most epochs of a trial.

    Raises:
        ValueError: if they do not reach the first rung.
    """
    if max_epochs is not None and checked("max_epochs", max_epochs, 1) < least:
        raise ValueError(
            f"Expected `max_epochs` to reach the first rung, which is at {least} epochs, "
            f"got {max_epochs}; lower `min_epochs`."
        )
    return max_epochs


def _costs(measurement: Measurement, objectives: Sequence[Objective]) -> Costs | None:
    metrics = measurement.metrics
    if all(objective.has_value(metrics) for objective in objectives):
        return tuple(objective.sign * objective.get_value(metrics) for objective in objectives)
    if len(objectives) == 1 and objectives[0].name in _UNNAMED and len(metrics) == 1:
        return tuple(objectives[0].sign * float(value) for value in metrics.values())
    return None


def _better(best: float, cost: float) -> float:
    return cost if math.isfinite(cost) and cost < best else best
