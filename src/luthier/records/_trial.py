"""A suggestion being run or having been run, and the states that it may go through."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from luthier.records._measurement import Measurement
from luthier.records._suggestion import Suggestion


class TrialState(enum.Enum):
    """Where a trial is in its life.

    Example:
        >>> import luthier
        >>> luthier.TrialState.STOPPED.is_finished, luthier.TrialState.STOPPED.has_score
        (True, True)
    """

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    STOPPED = "stopped"
    SKIPPED = "skipped"
    FAILED = "failed"

    @property
    def is_finished(self) -> bool:
        """Whether nothing can happen to the trial any more."""
        return self in FINISHED

    @property
    def has_score(self) -> bool:
        """Whether a trial in this state competes for the best place."""
        return self in (TrialState.COMPLETED, TrialState.STOPPED, TrialState.PAUSED)


FINISHED = frozenset(
    {TrialState.COMPLETED, TrialState.STOPPED, TrialState.SKIPPED, TrialState.FAILED}
)

# WAITING: nobody runs it yet (new, to be retried, or given back by a dead worker).
# STOPPED: ended early by a scheduler, with a score. PAUSED: the same for now; it may go on
# (WAITING) or be given up (STOPPED). SKIPPED: never trained (too large a model), not counted.
LEGAL: Mapping[TrialState, frozenset[TrialState]] = {
    TrialState.WAITING: frozenset({TrialState.RUNNING, TrialState.FAILED}),
    TrialState.RUNNING: FINISHED | {TrialState.PAUSED, TrialState.WAITING},
    TrialState.PAUSED: frozenset({TrialState.WAITING, TrialState.RUNNING, TrialState.STOPPED}),
    TrialState.COMPLETED: frozenset(),
    TrialState.STOPPED: frozenset(),
    TrialState.SKIPPED: frozenset(),
    TrialState.FAILED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Trial:
    """Everything known of one trial; replaced, never changed.

    Attributes:
        number: its place in the study, from 0, without gaps.
        suggestion: what was to be tried.
        state: where it is in its life.
        seen: how many trials were finished when it was suggested: with it any search can be
            replayed.
        values: name to value; what was suggested until the trial ends, then only what it really
            used, and what it met for the first time.
        attempt: how often a worker has taken it up, from 1; 0 while nobody has.
        failures: how many attempts ended in an error that may be retried.
        worker: who runs it, or None.
        lease: POSIX seconds until which the worker holds it, or None.
        measurements: reports of the current attempt and of what it continues, in order of execution
            and step.
        metrics: final metrics, means over executions; empty unless it has a score.
        spread: standard deviation of each metric over executions; empty with one execution.
        scores: one value an objective, in the order of the objectives; empty unless it has a score.
        best_step: step of the best measurement (of the best execution), 0 without measurements.
        message: why it failed, or another word to people; may be a traceback.
        found: configurations of hyperparameters that were met for the first time while it ran.
        info: further facts of how it ran; JSON values.
        started: POSIX seconds at which the last attempt began, or None.
        ended: POSIX seconds at which it finished, or None.
        revision: the study's counter at its last change; orders what happened.

    Example:
        >>> import luthier
        >>> study = luthier.Study(
        ...     [luthier.Float("x", 0.0, 1.0)], "min", sampler="random", seed=0
        ... )
        >>> trial = study.ask()
        >>> study.tell(trial, 0.5).score
        0.5
    """

    number: int
    suggestion: Suggestion
    state: TrialState = TrialState.WAITING
    seen: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)
    attempt: int = 0
    failures: int = 0
    worker: str | None = None
    lease: float | None = None
    measurements: tuple[Measurement, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    spread: Mapping[str, float] = field(default_factory=dict)
    scores: tuple[float, ...] = ()
    best_step: int = 0
    message: str = ""
    found: tuple[Mapping[str, Any], ...] = ()
    info: Mapping[str, Any] = field(default_factory=dict)
    started: float | None = None
    ended: float | None = None
    revision: int = 0

    @property
    def score(self) -> float | None:
        """The value of the first objective, or None without one."""
        return self.scores[0] if self.scores else None

    @property
    def seconds(self) -> float:
        """Wall-clock seconds of the last attempt; NaN while unknown."""
        if self.started is None or self.ended is None:
            return math.nan
        return self.ended - self.started
