"""What schedulers share that only ever stop trials: nobody waits, and nobody goes on."""

from __future__ import annotations

from abc import abstractmethod

from luthier.abc import Scheduler
from luthier.records import History, Reply, Suggestion, Trial, TrialState
from luthier.schedulers._curves import STAY, Curve, Curves, not_seen


class Stopping(Scheduler):
    """Judges a running trial by its curve, once the objective was reported."""

    def __init__(self) -> None:
        self._curves = Curves()

    def lends(self, history: History) -> None:
        """No trial begins from another's state."""

    def propose(self, history: History) -> Suggestion | None:
        """Nothing: no trial is paused."""
        return None

    def decide(self, trial: Trial, history: History) -> Reply:
        """Stop the trial or let it go on."""
        if trial.state is TrialState.PAUSED:
            return STAY
        curve = self._curves.update(history, trial)
        if not curve.steps:
            return not_seen(curve, history)
        return self._judge(trial, curve, history)

    @abstractmethod
    def _judge(self, trial: Trial, curve: Curve, history: History) -> Reply:
        """`STOP` with the reason, or `CONTINUE`; `curve` has reports of the objective."""
