"""What a running trial reports, and what it is told in return."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass


class Decision(enum.Enum):
    """The reply to a report.

    Example:
        >>> import luthier
        >>> def train(hp, report):
        ...     for epoch in range(hp.Int("epochs", 1, 9)):
        ...         if report(epoch, loss=1.0 / (epoch + 1)) is luthier.Decision.STOP:
        ...             break
        >>> luthier.tune(train, "loss", 3, sampler="random", seed=0, verbose=0).best.score > 0.0
        True
    """

    CONTINUE = "continue"
    PAUSE = "pause"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a scheduler answers to a report.

    Attributes:
        decision: whether the trial goes on.
        why: the reason, for people; kept with the trial. Empty where nothing needs saying.
    """

    decision: Decision
    why: str = ""


@dataclass(frozen=True, slots=True)
class Measurement:
    """Metrics of a trial at one step.

    Attributes:
        step: epochs (or whatever the evaluation counts) completed before this one, from 0. Within
            an epoch it is a fraction, one less than what was done by then: -0.75 after the first
            quarter of the first epoch, 1.5 after half of the third.
        metrics: name to value; values may be NaN or infinite here, they never become a score.
        seconds: wall-clock seconds since the execution began.
        execution: which repetition of the trial (`executions_per_trial`) reported, from 0.

    Example:
        >>> import luthier
        >>> luthier.Measurement(2, {"loss": 0.5}).metrics["loss"]
        0.5
    """

    step: float
    metrics: Mapping[str, float]
    seconds: float = 0.0
    execution: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether it was reported at the end of a step, and not within one."""
        return float(self.step).is_integer()

    @property
    def epoch(self) -> int:
        """The step that was under way, or ended with it, from 0."""
        return math.ceil(self.step)
