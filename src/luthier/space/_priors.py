"""What an expert believes of the best value of a hyperparameter, before any trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Prior:
    """A belief that the best value lies near `value`.

    Attributes:
        value: the likely best value.
        spread: standard deviation of the belief as a share of the range on the hyperparameter's own
            scale (log or linear), in (0, 1]; small means sure.
    """

    value: Any
    spread: float = 0.2
