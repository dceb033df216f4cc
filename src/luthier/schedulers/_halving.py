"""`SuccessiveHalving`: many trials for few epochs, the best of them for more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luthier.abc import Scheduler
from luthier.records import History, Reply, Suggestion, Trial
from luthier.schedulers._cohorts import Bracket, Cohorts, rungs, whole_rungs
from luthier.schedulers._curves import checked, checked_most

_UNKNOWN_MOST = 100


class SuccessiveHalving(Scheduler):
    """Runs trials in cohorts: all of them to the first rung, the best `1 / factor` to the next.

    Synchronous: nobody goes on before all of the cohort have come to the rung. A trial is judged
    beside all that came there, those of earlier cohorts too, and may go on later if it comes to be
    among the best. Trials wait paused; those in the worse half of a rung are stopped.

    Args:
        factor: one in so many trials goes on; the ratio of two rungs.
        min_epochs: the first rung.
        max_epochs: the last rung; None: as many as trials run, if that is known, or 100.
        size: trials of a cohort; None: so many that one is left after as many rungs as there are
            whole multiples by `factor` (27 for 50 epochs: one is left at 27).

    Raises:
        ValueError: for a factor below 2, or rungs that `max_epochs` does not reach.

    Source: Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter
    optimization", AISTATS 2016, figure 3. Deviation: ranks are taken over all cohorts.
    """

    def __init__(
        self,
        factor: int = 3,
        *,
        min_epochs: int = 1,
        max_epochs: int | None = None,
        size: int | None = None,
    ) -> None:
        self._factor = checked("factor", factor, 2)
        self._least = checked("min_epochs", min_epochs, 1)
        self._most = checked_most(max_epochs, min_epochs)
        self._size = None if size is None else checked("size", size, 1)
        self._cohorts = Cohorts("halving", self._factor)

    def lends(self, history: History) -> None:
        """No trial begins from another's state."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Name and options."""
        return {
            "name": "halving",
            "factor": self._factor,
            "min_epochs": self._least,
            "max_epochs": self._most,
            "size": self._size,
        }

    def propose(self, history: History) -> Suggestion | None:
        """A trial of a full cohort that is among the best of its rung."""
        return self._cohorts.propose(history, (self._bracket(history),))

    def decide(self, trial: Trial, history: History) -> Reply:
        """At a rung: wait for the others."""
        return self._cohorts.decide(trial, history, (self._bracket(history),))

    def _bracket(self, history: History) -> Bracket:
        most = self._most or history.horizon or _UNKNOWN_MOST
        budgets = rungs(self._least, most, self._factor)
        size = self._size or self._factor ** whole_rungs(budgets, self._factor)
        return Bracket.halving(size, budgets, self._factor)
