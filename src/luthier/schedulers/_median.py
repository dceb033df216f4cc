"""`Median`: stops what is worse than half of the others were."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from luthier.records import Decision, History, Reply, Trial
from luthier.schedulers._curves import GO_ON, Curve, checked, place, shown
from luthier.schedulers._judging import Stopping


class Median(Stopping):
    """Stops a trial whose best so far is worse than the median of the others' at the same step.

    Args:
        startup: finished trials before any is stopped.
        warmup: epochs of each trial before it may be stopped.

    Raises:
        ValueError: for numbers that are none.

    Source: Golovin et al., "Google Vizier: a service for black-box optimization", KDD 2017, section
    3.2.2, the median stopping rule; with the best so far in place of running averages.
    """

    def __init__(self, startup: int = 5, warmup: int = 0) -> None:
        super().__init__()
        self._startup = checked("startup", startup, 1)
        self._warmup = checked("warmup", warmup, 0)

    @property
    def settings(self) -> Mapping[str, Any]:
        """Name and options."""
        return {"name": "median", "startup": self._startup, "warmup": self._warmup}

    def _judge(self, trial: Trial, curve: Curve, history: History) -> Reply:
        """Compare with the median."""
        if len(history.finished) < self._startup or curve.done <= self._warmup:
            return GO_ON
        column = dict(self._curves.column(curve.done))
        own = column.setdefault(trial.number, curve.best[-1])
        if len(column) - 1 < self._startup:
            return GO_ON
        if len(own) == 1:
            middle = statistics.median(c[0] for n, c in column.items() if n != trial.number)
            is_worse = own[0] > middle
        else:
            is_worse = place(column, trial.number) > (len(column) - 1) / 2
        if not is_worse:
            return GO_ON
        return Reply(
            Decision.STOP,
            f"{shown(own, history)} after {curve.done} epochs is worse than the median of "
            f"{len(column) - 1} trials",
        )
