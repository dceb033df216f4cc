"""`Auto`: the algorithm that suits the study, said and explained in each suggestion's note.

Enters: a history. Leaves: a suggestion of one of the other algorithms. The choice depends on the
history alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from luthier.abc import Sampler
from luthier.records import History, Suggestion
from luthier.samplers._evolution import Evolution
from luthier.samplers._gp import GaussianProcess
from luthier.samplers._tpe import TPE

# Beyond these a Gaussian process over all columns sees little more than noise.
_MOST_NAMES = 60
_MOST_OBJECTIVES = 3
# Of so many trials one is the other model's: it sees what a smooth model overlooks.
_SHARE = 4
# Log expected improvement below which the Gaussian process has nothing more to say.
_SATISFIED = -5.0


class Auto(Sampler):
    """Picks by space, history and budget, and needs no option.

    - Up to three objectives and some dozens of hyperparameters: a Gaussian process. Every fourth
      trial is TPE's, and every second one while the Gaussian process expects next to nothing: two
      models that err differently get stuck less often than one. The others then go to the branches
      of a conditional space that were tried least, first to those that may improve on themselves.
    - More hyperparameters: TPE. More objectives: NSGA-II.
    """

    def __init__(self) -> None:
        self._process = GaussianProcess()
        # Beside a model that explores, the one that stays near the good trials adds most.
        self._parzen = TPE(initial=4, candidates=48, width=0.7)
        self._evolution = Evolution()

    @property
    def settings(self) -> Mapping[str, Any]:
        """The name."""
        return {"name": "auto"}

    def suggest(self, history: History, rng: np.random.Generator) -> Suggestion | None:
        if len(history.objectives) > _MOST_OBJECTIVES:
            return _explained(self._evolution.suggest(history, rng), "many objectives")
        if len(history.space.names) > _MOST_NAMES:
            return _explained(self._parzen.suggest(history, rng), "many hyperparameters")
        if history.number % _SHARE == _SHARE - 1 and self._process.is_ready(history):
            return _explained(self._parzen.suggest(history, rng), "a second opinion")
        proposal = self._process.propose(history, rng)
        satisfied = proposal.gain is not None and proposal.gain < _SATISFIED
        if not satisfied:
            return proposal.suggestion
        if history.number % 2:
            return _explained(self._parzen.suggest(history, rng), "the Gaussian process is done")
        if len(history.objectives) > 1:
            return proposal.suggestion
        return self._process.elsewhere(history, rng, _SATISFIED) or proposal.suggestion


def _explained(suggestion: Suggestion | None, why: str) -> Suggestion | None:
    return suggestion and replace(suggestion, note=f"{suggestion.note}: {why}")
