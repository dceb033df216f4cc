"""`Random`: points drawn uniformly in probability, or by experts' beliefs, without repetition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from luthier.abc import Sampler
from luthier.records import History, Suggestion
from luthier.samplers._beliefs import Beliefs, power
from luthier.samplers._fresh import Draw, fresh
from luthier.samplers._seen import Seen
from luthier.samplers._unused import Unused
from luthier.space import Encoding, Space


class Random(Sampler):
    """Each point is drawn for itself: on their own scale, ranges of equal width are equally likely.

    With priors, points are drawn from their density to the power beta / n, at most 1, at the n-th
    trial (see `_beliefs`): from the beliefs themselves for the first tenth of the budget, and more
    and more evenly from then on. In an empty space, the first suggestion is empty too: running it
    may meet hyperparameters.
    """

    def __init__(self) -> None:
        self._seen = Seen()
        self._unused = Unused()
        self._encoding = Encoding(Space())

    @property
    def settings(self) -> Mapping[str, Any]:
        """The name."""
        return {"name": "random"}

    def suggest(self, history: History, rng: np.random.Generator) -> Suggestion | None:
        self._seen.update(history)
        self._unused.update(history)
        draw = self._by_beliefs(history, rng) if history.priors else None
        source = draw or (lambda: history.space.sample(rng))
        values = fresh(history, self._seen, rng, lambda: self._unused.drop(source()))
        note = "random" if draw is None else "random, by the priors"
        return None if values is None else Suggestion(values, note=note)

    def _by_beliefs(self, history: History, rng: np.random.Generator) -> Draw | None:
        if self._encoding.space != history.space:
            self._encoding = Encoding(history.space)
        encoding, strength = self._encoding, min(power(history), 1.0)
        beliefs = Beliefs(encoding, history.priors)
        if not beliefs:
            return None
        shape = (1, len(encoding.columns))
        return lambda: encoding.decode(beliefs.draw(rng.random(shape), strength)[0])
