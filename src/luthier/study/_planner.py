"""Which trial comes next: a paused one that goes on, or a new one.

Enters: a history. Leaves: a waiting trial as it is to be stored: under a number of its own, or
under that of the paused trial.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from luthier.abc import Sampler, Scheduler
from luthier.records import History, Suggestion, Trial, TrialState
from luthier.schedulers import Never
from luthier.study._view import View


@dataclass(frozen=True, slots=True)
class Planner:
    """Asks the scheduler, then the sampler.

    Attributes:
        sampler: chooses values.
        scheduler: proposes trials to go on with.
        initial: values of the first trials.
        view: what the sampler sees of the history.
    """

    sampler: Sampler
    scheduler: Scheduler
    initial: Sequence[Mapping[str, Any]]
    view: View = field(default_factory=View)

    def plan(self, history: History) -> Trial | None:
        """The trial to take up next; None if there is nothing to run now."""
        planned = self._plan(history)
        if planned is not None or isinstance(self.scheduler, Never):
            return planned
        if any(trial.state is not TrialState.PAUSED for trial in history.open):
            return None
        # No new trial will come: a scheduler that waits for more goes on with what there is.
        return self._plan(replace(history, max_trials=history.counted))

    def _plan(self, history: History) -> Trial | None:
        proposal = self.scheduler.propose(history)
        paused = _paused(history, proposal)
        if proposal is not None and paused is not None:
            return _thawed(paused, proposal)
        suggestion = self._suggest(history, proposal)
        if suggestion is None:
            return None
        return Trial(
            number=history.number,
            suggestion=suggestion,
            seen=len(history.finished),
            values=dict(suggestion.values),
        )

    def _suggest(self, history: History, proposal: Suggestion | None) -> Suggestion | None:
        if history.is_full:
            return None
        if history.number < len(self.initial):
            return Suggestion(self.initial[history.number], note="initial point")
        if proposal is not None:
            return proposal
        rng = np.random.default_rng((history.seed, history.number))
        return self.sampler.suggest(self.view.comparable(history), rng)


def _paused(history: History, proposal: Suggestion | None) -> Trial | None:
    """The paused trial that a proposal is to go on with; None if it is a new trial's."""
    wanted = None if proposal is None else proposal.resume_from
    for trial in history.open:
        if trial.number == wanted and trial.state is TrialState.PAUSED:
            return trial
    return None


def _thawed(trial: Trial, proposal: Suggestion) -> Trial:
    """A paused trial as it waits to go on: the same values, the proposal's budget and note."""
    suggestion = replace(
        trial.suggestion,
        values={**trial.suggestion.values, **trial.values},
        budget=proposal.budget,
        note=proposal.note or trial.suggestion.note,
        extra={**trial.suggestion.extra, **proposal.extra},
    )
    return replace(trial, state=TrialState.WAITING, suggestion=suggestion, message="")
