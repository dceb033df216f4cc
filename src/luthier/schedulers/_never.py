"""The scheduler that never interferes: every trial runs for as long as its evaluation likes."""

from __future__ import annotations

from luthier.abc import Scheduler
from luthier.records import Decision, History, Suggestion, Trial


class Never(Scheduler):
    """Stops nothing and proposes nothing."""

    def propose(self, history: History) -> Suggestion | None:
        """Nothing: the sampler chooses every trial."""
        return None

    def decide(self, trial: Trial, history: History) -> Decision:
        """Always go on."""
        return Decision.CONTINUE
