"""What a study was set up with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from luthier.objective import Objective
from luthier.space import Space


@dataclass(frozen=True, slots=True)
class StudySpec:
    """The set-up of a study, as stored.

    Attributes:
        name: its name in the store.
        space: the hyperparameters known from the start; trials add what they meet (`Trial.found`).
        objectives: what is optimised; several for a Pareto front.
        seed: the root of all randomness.
        settings: names and options that explain how the search was run (sampler, limits); JSON
            values.
    """

    name: str
    space: Space
    objectives: tuple[Objective, ...]
    seed: int
    settings: Mapping[str, Any] = field(default_factory=dict)
