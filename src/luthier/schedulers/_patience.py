"""`Patience`: stops what no longer improves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from luthier.records import Decision, History, Reply, Trial
from luthier.schedulers._curves import GO_ON, Curve, checked
from luthier.schedulers._judging import Stopping


class Patience(Stopping):
    """Stops a trial whose best value has not improved for some epochs, whatever others do.

    Args:
        patience: epochs without an improvement.
        min_delta: less than this is no improvement.

    Raises:
        ValueError: for numbers that are none.

    Source: Prechelt, "Early stopping - but when?", in Neural Networks: Tricks of the Trade, 1998,
    section 2.
    """

    def __init__(self, patience: int = 5, min_delta: float = 0.0) -> None:
        super().__init__()
        self._patience = checked("patience", patience, 1)
        if not (isinstance(min_delta, int | float) and 0 <= min_delta < math.inf):
            raise ValueError(f"Expected `min_delta` to be a number from 0 on, got {min_delta!r}.")
        self._delta = min_delta

    @property
    def settings(self) -> Mapping[str, Any]:
        """Name and options."""
        return {"name": "patience", "patience": self._patience, "min_delta": self._delta}

    def _judge(self, trial: Trial, curve: Curve, history: History) -> Reply:
        """Look for an improvement in the last epochs; in any of several objectives."""
        before = curve.at(curve.done - self._patience)
        if before is None or not all(map(math.isfinite, before)):
            return GO_ON
        if any(old - new > self._delta for old, new in zip(before, curve.best[-1], strict=True)):
            return GO_ON
        return Reply(Decision.STOP, f"no improvement in {self._patience} epochs")
