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

    Example:
        >>> import luthier
        >>> results = luthier.tune(
        ...     lambda hp: (hp.get("x") - 0.7) ** 2,
        ...     space=[luthier.Float("x", 0.0, 1.0)],
        ...     priors={"x": luthier.Prior(0.7, spread=0.1)},
        ...     sampler="random",
        ...     max_trials=5,
        ...     seed=0,
        ...     verbose=0,
        ... )
        >>> len(results.trials)
        5
    """

    value: Any
    spread: float = 0.2
