"""How a run of a trial ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from luthier.records._trial import TrialState


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an evaluation sends home; `Study.tell` turns it into the trial's last state.

    Attributes:
        number: which trial.
        attempt: which attempt of it; an outcome of an older attempt is refused.
        state: COMPLETED, STOPPED, SKIPPED, FAILED or PAUSED; WAITING asks for a retry.
        metrics: final metrics, means over executions.
        spread: standard deviation of each metric over executions.
        scores: one value an objective where they are not simply the objectives' metrics; empty
            otherwise.
        best_step: step of the best measurement.
        values: values really used, or None if that is unknown (all that were suggested count).
        found: configurations of hyperparameters met for the first time.
        message: why it failed, or another word to people.
        info: further facts of how it ran; JSON values.
    """

    number: int
    attempt: int
    state: TrialState
    metrics: Mapping[str, float] = field(default_factory=dict)
    spread: Mapping[str, float] = field(default_factory=dict)
    scores: tuple[float, ...] = ()
    best_step: int = 0
    values: Mapping[str, Any] | None = None
    found: tuple[Mapping[str, Any], ...] = ()
    message: str = ""
    info: Mapping[str, Any] = field(default_factory=dict)
