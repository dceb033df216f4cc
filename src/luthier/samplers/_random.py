"""`Random`: points drawn uniformly in probability, without repetition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from luthier.abc import Sampler
from luthier.records import History, Suggestion
from luthier.samplers._fresh import fresh
from luthier.samplers._seen import Seen


class Random(Sampler):
    """Each point is drawn independently: on its own scale, every range of equal probability is
    equally likely.

    In an empty space, the first suggestion is empty too: running it may meet hyperparameters.
    """

    def __init__(self) -> None:
        self._seen = Seen()

    @property
    def settings(self) -> Mapping[str, Any]:
        """The name."""
        return {"name": "random"}

    def suggest(self, history: History, rng: np.random.Generator) -> Suggestion | None:
        self._seen.update(history)
        values = fresh(history, self._seen, rng)
        return None if values is None else Suggestion(values, note="random")
