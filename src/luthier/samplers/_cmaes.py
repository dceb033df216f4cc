"""`CMAES`: evolution with a learnt covariance, for smooth problems with some hundred trials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from luthier.abc import Sampler
from luthier.numerics import _cmaes as cma
from luthier.records import History, Suggestion
from luthier.samplers._beliefs import Beliefs
from luthier.samplers._common import Evidence, Memory, by_rank, columns_of

_DRAWS = 8
# Generations without a better score after which the search starts anew, at least.
_PATIENCE = 12


class CMAES(Sampler):
    """CMA-ES with a margin for steps, a distribution over unordered choices, and restarts.

    The state is a function of the finished trials: each generation is the next so many of them in
    the order in which they ended, whoever suggested them, ranked by score with failed ones last. So
    workers never wait for a generation to fill up. After a standstill the search starts anew at a
    random place with twice the population (Auger, Hansen, "A restart CMA evolution strategy with
    increasing population size", CEC 2005).
    """

    def __init__(self) -> None:
        self._memory = Memory()
        self._progress: _Progress | None = None

    @property
    def settings(self) -> Mapping[str, Any]:
        """The name."""
        return {"name": "cmaes"}

    def suggest(self, history: History, rng: np.random.Generator) -> Suggestion | None:
        evidence = self._memory.update(history)
        if not evidence.encoding.columns:
            values = self._memory.fresh(history, rng)
            return None if values is None else Suggestion(values, note="the only point")
        progress = self._progress
        if progress is None or progress.encoding is not evidence.encoding:
            progress = _Progress(history, evidence)
        progress.advance(history.seed, evidence)
        self._progress = progress
        rows = cma.sample(progress.state, progress.columns, _DRAWS, rng)
        values = self._memory.first_new(history, rows)
        if values is None:
            values = self._memory.fresh(history, rng)
        note = f"CMA-ES, generation {progress.state.generation}"
        return None if values is None else Suggestion(values, note=note)


class _Progress:
    """The state after all generations that are complete."""

    def __init__(self, history: History, evidence: Evidence) -> None:
        self.encoding = evidence.encoding
        self.columns = columns_of(self.encoding)
        middle = np.full((1, len(self.columns)), 0.5)
        beliefs = Beliefs(self.encoding, history.priors)
        self.state = cma.start(self.columns, beliefs.draw(middle, 1.0)[0])
        self._taken = 0
        self._restarts = 0
        self._best = np.inf
        self._stale = 0

    def advance(self, seed: int, evidence: Evidence) -> None:
        """Take in every generation that has become complete."""
        ended = len(evidence.scored) + len(evidence.failed)
        while ended - self._taken >= self.state.population:
            first, last = self._taken, self._taken + self.state.population
            self._taken = last
            scored = slice(*np.searchsorted(evidence.scored.order, [first, last]))
            failed = slice(*np.searchsorted(evidence.failed.order, [first, last]))
            self._learn(evidence, scored, failed)
            if self._is_stuck():
                self._restart(seed)

    def _learn(self, evidence: Evidence, scored: slice, failed: slice) -> None:
        y = evidence.y[scored]
        if len(y) == 0:
            return  # a generation of failures has no direction
        rank = by_rank(y)
        x = np.concatenate([evidence.scored.x[scored][rank], evidence.failed.x[failed]])
        active = np.concatenate(
            [evidence.scored.active[scored][rank], evidence.failed.active[failed]]
        )
        if len(y) < len(x):
            # Failures carry no weight among the best half.
            active[len(y) :] = False
        self.state = cma.update(self.state, self.columns, x, active)
        best = float(y[:, 0].min()) if y.shape[1] == 1 else -np.inf
        self._stale = 0 if best < self._best or y.shape[1] > 1 else self._stale + 1
        self._best = min(best, self._best)

    def _is_stuck(self) -> bool:
        patience = _PATIENCE + 30 * len(self.columns) // self.state.population
        return cma.has_converged(self.state) or self._stale > patience

    def _restart(self, seed: int) -> None:
        self._restarts += 1
        self._best, self._stale = np.inf, 0
        rng = np.random.default_rng((seed, self._restarts))
        mean = rng.random(len(self.columns))
        self.state = cma.start(self.columns, mean, 2 * self.state.population)
