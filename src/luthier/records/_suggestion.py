"""What to try next: a sampler's or a scheduler's answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Values to evaluate.

    Attributes:
        values: hyperparameter name to value, active ones only.
        budget: steps to run up to (exclusive), or None for as long as the evaluation likes.
        resume_from: number of the trial whose checkpoint to start from, or None.
        note: why these values, in a few words, for people.
        extra: facts of the scheduler that travel with the trial (a bracket, a round); JSON values.
    """

    values: Mapping[str, Any]
    budget: int | None = None
    resume_from: int | None = None
    note: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
