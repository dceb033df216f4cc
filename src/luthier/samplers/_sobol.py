"""`Sobol`: points that fill the space evenly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from luthier.abc import Sampler
from luthier.records import History, Suggestion
from luthier.samplers._common import Memory


class Sobol(Sampler):
    """Scrambled Sobol' points: trial n gets point n of the sequence that the study's seed chooses.

    So a search that goes on fills the gaps that it left. Where a point repeats an earlier trial,
    which happens in spaces with few points, another is drawn at random. Priors bend the sequence as
    they do for `Random`.
    """

    def __init__(self) -> None:
        self._memory = Memory()

    @property
    def settings(self) -> Mapping[str, Any]:
        """The name."""
        return {"name": "sobol"}

    def suggest(self, history: History, rng: np.random.Generator) -> Suggestion | None:
        self._memory.update(history)
        values = self._memory.spread_out(history, rng)
        return None if values is None else Suggestion(values, note="Sobol' point")
