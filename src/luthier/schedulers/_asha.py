"""`ASHA`: asynchronous successive halving."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from luthier.records import Decision, History, Reply, Suggestion, Trial, TrialState
from luthier.schedulers._curves import (
    GO_ON,
    Curve,
    checked,
    checked_most,
    place,
    ranked,
    shown,
)
from luthier.schedulers._judging import Judging


class ASHA(Judging):
    """At each rung the best part of all trials that came there goes on at once.

    Rungs are at `min_epochs`, `min_epochs * factor`, and so on. A trial that is not among the best
    `1 / factor` of its rung is paused, and goes on if it comes to be among them when others have
    arrived, or when the study can have no new trials and it is the best. Where paused trials cannot
    go on (see `History.is_resumable`) it is stopped, and the best of a rung always goes on.

    Args:
        factor: one in so many trials goes on; the ratio of two rungs.
        min_epochs: the first rung.
        max_epochs: no rung lies there or beyond; None: as many as trials run.

    Raises:
        ValueError: for a factor below 2, or rungs that `max_epochs` does not reach.

    Example:
        >>> import luthier
        >>> def curve(hp, report):
        ...     rate = hp.Float("rate", 0.1, 1.0)
        ...     for step in range(9):
        ...         if report(step, loss=1 / (1 + rate * step)) is not luthier.Decision.CONTINUE:
        ...             break
        >>> scheduler = luthier.schedulers.ASHA(max_epochs=9)
        >>> objective = luthier.Objective("loss", "min")
        >>> results = luthier.tune(curve, objective, 9, scheduler=scheduler, seed=0, verbose=0)
        >>> results.count(luthier.TrialState.STOPPED) > 0
        True

    Source: Li et al., "A system for massively parallel hyperparameter tuning", MLSys 2020,
    algorithm 2. Deviation: at the end of a study, and where trials are stopped, the best of a rung
    goes on however few have come there.
    """

    def __init__(
        self, factor: int = 3, *, min_epochs: int = 1, max_epochs: int | None = None
    ) -> None:
        super().__init__()
        self._factor = checked("factor", factor, 2)
        self._least = checked("min_epochs", min_epochs, 1)
        self._most = checked_most(max_epochs, min_epochs)

    def lends(self, history: History) -> None:
        """No trial begins from another's state."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Name and options."""
        return {
            "name": "asha",
            "factor": self._factor,
            "min_epochs": self._least,
            "max_epochs": self._most,
        }

    def propose(self, history: History) -> Suggestion | None:
        """The paused trial of the highest rung that has come to be among its best."""
        paused = {t.number: t for t in history.open if t.state is TrialState.PAUSED}
        if not paused:
            return None
        self._curves.update(history)
        most = max(self._curves[number].done for number in paused)
        rungs = [budget for budget in self._rungs(history) if budget <= most]
        for budget in reversed(rungs):
            column = self._curves.column(budget)
            for number in ranked(column)[: self._room(column, history)]:
                if number in paused and self._level(self._curves[number], history) == budget:
                    return self._promotion(paused[number], budget)
        return None

    def _judge(self, trial: Trial, curve: Curve, history: History) -> Reply:
        """At a rung: whether the trial is among its best."""
        budget = self._level(curve, history)
        promised = trial.suggestion.budget
        if budget is None or (promised is not None and curve.done < promised):
            return GO_ON
        if not curve.has_just_reached(budget):
            return GO_ON
        column = self._curves.column(budget)
        before, room = place(column, trial.number), self._room(column, history)
        if before < room:
            return GO_ON
        return Reply(
            Decision.PAUSE if history.is_resumable else Decision.STOP,
            f"{shown(column[trial.number], history)} after {budget} epochs is number {before + 1} "
            f"of {len(column)}, of which {room} went on",
        )

    def _promotion(self, trial: Trial, budget: int) -> Suggestion:
        return Suggestion(
            trial.values,
            budget=budget * self._factor,
            resume_from=trial.number,
            note=f"goes on: among the best 1/{self._factor} after {budget} epochs",
        )

    def _room(self, column: Mapping[int, Any], history: History) -> int:
        least = 0 if history.is_resumable and not history.is_full else 1
        return max(least, len(column) // self._factor)

    def _level(self, curve: Curve, history: History) -> int | None:
        """The highest rung that a curve has reached."""
        reached = [budget for budget in self._rungs(history, curve.done) if budget <= curve.done]
        return reached[-1] if reached else None

    def _rungs(self, history: History, until: float = math.inf) -> Iterator[int]:
        ends = [most for most in (self._most, history.horizon) if most is not None]
        last = min(ends, default=2**40)
        budget = self._least
        while budget < last and budget <= until:
            yield budget
            budget *= self._factor
