"""What schedulers share that judge a running trial by its curve at each report."""

from __future__ import annotations

from abc import abstractmethod

from luthier.abc import Scheduler
from luthier.records import History, Reply, Suggestion, Trial, TrialState
from luthier.schedulers._curves import STAY, Curve, Curves, not_seen


class Judging(Scheduler):
    """Judges a running trial by its curve, once the objective was reported; what is paused stays
    so until `propose` names it.
    """

    def __init__(self) -> None:
        self._curves = Curves()

    def decide(self, trial: Trial, history: History) -> Reply:
        """Whether the trial goes on after its last report."""
        if trial.state is TrialState.PAUSED:
            return STAY
        curve = self._curves.update(history, trial)
        if not curve.steps:
            return not_seen(curve, history)
        return self._judge(trial, curve, history)

    @abstractmethod
    def _judge(self, trial: Trial, curve: Curve, history: History) -> Reply:
        """The decision and the reason; `curve` has reports of the objective."""


class Stopping(Judging):
    """Only ever stops trials: nobody waits, and nobody goes on."""

    def lends(self, history: History) -> None:
        """No trial begins from another's state."""

    def propose(self, history: History) -> Suggestion | None:
        """Nothing: no trial is paused."""
        return None
