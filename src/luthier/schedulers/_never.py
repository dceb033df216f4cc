"""The scheduler that never interferes: every trial runs for as long as its evaluation likes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luthier.abc import Scheduler
from luthier.records import Decision, History, Reply, Suggestion, Trial

_GO_ON = Reply(Decision.CONTINUE)


class Never(Scheduler):
    """Stops nothing and proposes nothing."""

    def propose(self, history: History) -> Suggestion | None:
        """Nothing: the sampler chooses every trial."""
        return None

    def decide(self, trial: Trial, history: History) -> Reply:
        """Always go on."""
        return _GO_ON

    def lends(self, history: History) -> None:
        """No trial begins from another's state."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The name."""
        return {"name": "never"}
