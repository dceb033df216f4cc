"""`Hyperband`: successive halving from several first rungs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from luthier.abc import Scheduler
from luthier.records import History, Reply, Suggestion, Trial
from luthier.schedulers._cohorts import Bracket, Cohorts
from luthier.schedulers._curves import checked

_UNKNOWN_MOST = 100


class Hyperband(Scheduler):
    """Runs brackets one after the other, and over again: the first with many trials that begin
    with few epochs, the last with few that run to the end at once.

    No first rung has to be chosen, and trials that begin slowly have their chance in the later
    brackets. Brackets and epochs are those of the tuner `luthier.Hyperband`; here a trial that goes
    on keeps its number.

    Args:
        max_epochs: the last rung; None: as many as trials run, if that is known, or 100.
        factor: one in so many trials goes on; the ratio of two rungs.

    Raises:
        ValueError: for a factor below 2.

    Source: Li, Jamieson, DeSalvo, Rostamizadeh, Talwalkar, "Hyperband: a novel bandit-based
    approach to hyperparameter optimization", JMLR 18 (2018), algorithm 1; sizes as KerasTuner
    rounds them.
    """

    def __init__(self, max_epochs: int | None = None, factor: int = 3) -> None:
        self._most = None if max_epochs is None else checked("max_epochs", max_epochs, 1)
        self._factor = checked("factor", factor, 2)
        self._cohorts = Cohorts("Hyperband")

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
        return brackets(self._most or history.horizon or _UNKNOWN_MOST, self._factor)


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
