"""Lets a tuner hear of the search: for KerasTuner's `on_trial_end` and `pre_create_trial`, and of
what its trials are told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from luthier.abc import Hook, Report, SearchFacts
from luthier.records import Decision, Measurement, Outcome, TrialState
from luthier.records import Trial as Record

_ENDS = {Decision.PAUSE: TrialState.PAUSED, Decision.STOP: TrialState.STOPPED}


class Heard:
    """A report that remembers the last answer.

    Args:
        report: takes measurements.

    Attributes:
        decision: the last answer.
    """

    def __init__(self, report: Report) -> None:
        self.decision = Decision.CONTINUE
        self._report = report

    def __call__(self, measurement: Measurement) -> Decision:
        """Hand it on."""
        self.decision = self._report(measurement)
        return self.decision

    def stop(self) -> None:
        """The trial ended early by itself, as if it had been told so."""
        self.decision = Decision.STOP

    def ended(self, outcome: Outcome) -> Outcome:
        """How a trial ended that trained as long as it was told."""
        if outcome.state is not TrialState.COMPLETED:
            return outcome
        return replace(outcome, state=_ENDS.get(self.decision, outcome.state))


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


class PerTrial:
    """What a tuner holds of the trial that it runs: each lane has its own.

    Args:
        tuner: the tuner.
    """

    def __init__(self, tuner: Any) -> None:
        self._tuner = tuner

    def take(self) -> Any:
        """What is there now."""
        return self._tuner._report, self._tuner._info

    def put(self, state: Any) -> None:
        """Put back what `take` gave."""
        self._tuner._report, self._tuner._info = state
