"""Lets a tuner hear of the search: for KerasTuner's `on_trial_end` and `pre_create_trial`."""

from __future__ import annotations

from collections.abc import Callable

from luthier.abc import Hook, SearchFacts
from luthier.records import Measurement
from luthier.records import Trial as Record


class Watch(Hook):
    """Calls back when a trial ended and is recorded.

    Args:
        ended: called with the record; it may be WAITING, to be run again.
    """

    def __init__(self, ended: Callable[[Record], None]) -> None:
        self._ended = ended

    def on_start(self, facts: SearchFacts) -> None:
        """Nothing: the tuner begins the search itself."""

    def on_trial(self, trial: Record) -> None:
        """Nothing: the tuner runs the trial itself."""

    def on_report(self, trial: Record, measurement: Measurement) -> None:
        """Nothing: the tuner reports itself."""

    def on_outcome(self, trial: Record) -> None:
        """Hand the record on."""
        self._ended(trial)

    def on_end(self, reason: str) -> None:
        """Nothing: the tuner ends the search itself."""
