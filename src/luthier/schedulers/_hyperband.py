"""`Hyperband`: successive halving from several first rungs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from luthier.abc import Scheduler
from luthier.records import History, Reply, Suggestion, Trial
from luthier.schedulers._cohorts import Bracket, Cohorts, rungs, whole_rungs
from luthier.schedulers._curves import checked

_UNKNOWN_MOST = 100


class Hyperband(Scheduler):
    """Runs brackets one after the other, and over again: the first with many trials that begin
    with few epochs, the last with few that run to the end at once.

    No first rung has to be chosen, and trials that begin slowly have their chance in the later
    brackets. A trial that goes on keeps its number. Rungs are at 1, `factor`, `factor` squared
    epochs and so on, and at the last; each bracket begins one rung later than the one before. (The
    tuner `luthier.Hyperband` has KerasTuner's brackets, whose epochs are parts of the last rung.)

    Args:
        max_epochs: the last rung; None: as many as trials run, if that is known, or 100.
        factor: one in so many trials goes on; the ratio of two rungs.

    Raises:
        ValueError: for a factor below 2.

    Source: Li, Jamieson, DeSalvo, Rostamizadeh, Talwalkar, "Hyperband: a novel bandit-based
    approach to hyperparameter optimization", JMLR 18 (2018), algorithm 1. Deviations: rungs
    are counted from the first epoch, not down from the last; ranks are taken over all iterations.
    """

    def __init__(self, max_epochs: int | None = None, factor: int = 3) -> None:
        self._most = None if max_epochs is None else checked("max_epochs", max_epochs, 1)
        self._factor = checked("factor", factor, 2)
        self._cohorts = Cohorts("Hyperband", self._factor)

    def lends(self, history: History) -> None:
        """No trial begins from another's state."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Name and options."""
        return {"name": "hyperband", "max_epochs": self._most, "factor": self._factor}

    def propose(self, history: History) -> Suggestion | None:
        """A trial of a full bracket that is among the best of its rung."""
        return self._cohorts.propose(history, self._brackets(history))

    def decide(self, trial: Trial, history: History) -> Reply:
        """At a rung: wait for the others."""
        return self._cohorts.decide(trial, history, self._brackets(history))

    def _brackets(self, history: History) -> tuple[Bracket, ...]:
        budgets = rungs(1, self._most or history.horizon or _UNKNOWN_MOST, self._factor)
        last = whole_rungs(budgets, self._factor)
        found = []
        for depth in range(last, -1, -1):
            size = math.ceil((last + 1) / (depth + 1) * self._factor**depth)
            found.append(Bracket.halving(size, budgets[last - depth :], self._factor))
        return tuple(found)
