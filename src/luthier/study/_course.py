"""How long the trials of a study run: the scheduler's answers, and what is kept of them.

Enters: reports and histories. Leaves: decisions, and the reasons that travel with a trial's end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from luthier.abc import Scheduler
from luthier.errors import FatalValueError
from luthier.records import (
    Decision,
    History,
    Measurement,
    Reply,
    Trial,
    TrialState,
)
from luthier.schedulers import Never


@dataclass(slots=True)
class _Run:
    """What one attempt of a trial reported last, and what it was told."""

    attempt: int
    place: tuple[int, float]
    decision: Decision = Decision.CONTINUE
    why: str = ""


class Course:
    """Asks a scheduler, and keeps its last word on each running trial.

    Args:
        scheduler: decides.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self._runs: dict[int, _Run] = {}

    @property
    def is_free(self) -> bool:
        """Whether nobody decides: every trial runs to its end."""
        return isinstance(self.scheduler, Never)

    def enter(self, trial: Trial, measurement: Measurement) -> None:
        """Take note of a report before it is recorded.

        Raises:
            FatalValueError: if its step lies before one that the same attempt reported: a scheduler
                could not compare it.
        """
        if self.is_free:
            return
        place = (int(measurement.execution), measurement.step)
        run = self._runs.get(trial.number)
        if run is None or run.attempt != trial.attempt:
            self._runs[trial.number] = _Run(trial.attempt, place)
        elif place < run.place:
            raise FatalValueError(
                f"Expected reports of trial {trial.number} in order of their steps, got step "
                f"{place[1]} after step {run.place[1]}: a scheduler compares trials step by step. "
                "Report each epoch once, counted from 0 (within an epoch, fractions of it), or run "
                "without a scheduler."
            )
        else:
            run.place = place

    def decide(self, trial: Trial, history: History) -> Decision:
        """The scheduler's answer to the report that has just been recorded."""
        reply = self.scheduler.decide(trial, history)
        run = self._runs.get(trial.number)
        if run is not None:
            run.decision, run.why = reply.decision, reply.why or run.why
        return reply.decision

    def last(self, trial: Trial) -> Reply:
        """What this attempt was told last."""
        run = self._runs.get(trial.number)
        if run is None or run.attempt != trial.attempt:
            return Reply(Decision.CONTINUE)
        return Reply(run.decision, run.why)

    def leave(self, number: int) -> None:
        """Forget a trial that no longer runs."""
        self._runs.pop(number, None)

    def given_up(self, history: History) -> Iterable[Trial]:
        """The paused trials that will not go on, as they are to be stored."""
        if self.is_free:
            return
        for trial in history.open:
            if trial.state is not TrialState.PAUSED:
                continue
            reply = self.scheduler.decide(trial, history)
            if reply.decision is Decision.STOP:
                yield replace(trial, state=TrialState.STOPPED, message=reply.why or trial.message)
