"""`Evolution`: children of good trials, for large, discrete and conditional spaces.

Source: for one objective, Real, Aggarwal, Huang, Le, "Regularized evolution for image classifier
architecture search", AAAI 2019, algorithm 1: the population is the latest trials, a parent wins a
tournament, a child differs from it a little. For several, Deb, Pratap, Agarwal, Meyarivan, "A fast
and elitist multiobjective genetic algorithm: NSGA-II", IEEE Trans. Evol. Comput. 6 (2002), one
child at a
time: the population is the best of all trials by front and room, both parents win tournaments, and
the child mixes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from luthier.abc import Sampler
from luthier.records import History, Suggestion
from luthier.samplers._common import (
    BoolArray,
    Evidence,
    FloatArray,
    IntArray,
    Memory,
    by_rank,
    is_count,
    safe_first,
)

# Children that are made and looked at before one is suggested.
_CHILDREN = 12
# How far a number moves: a share of its range, spread log-normally around this.
_STEP = 0.1


class Evolution(Sampler):
    """Regularised evolution; NSGA-II where there are several objectives.

    Args:
        population: trials that may become parents.
        tournament: how many of them compete for it.

    Raises:
        ValueError: for numbers that make no population.
    """

    def __init__(self, *, population: int = 30, tournament: int = 10) -> None:
        sizes = is_count(population, 2) and is_count(tournament, 1)
        if not sizes or tournament > population:
            raise ValueError(
                "Expected a population of at least 2 and a tournament of 1 to that many, got "
                f"population={population!r} and tournament={tournament!r}."
            )
        self._population = population
        self._tournament = tournament
        self._memory = Memory()

    @property
    def settings(self) -> Mapping[str, Any]:
        """Name and options."""
        return {
            "name": "evolution",
            "population": self._population,
            "tournament": self._tournament,
        }

    def suggest(self, history: History, rng: np.random.Generator) -> Suggestion | None:
        evidence = self._memory.update(history)
        enough = min(self._population // 2, 5 + len(evidence.encoding.columns))
        if len(evidence.scored) < enough or not evidence.encoding.columns:
            values = self._memory.spread_out(history, rng)
            return None if values is None else Suggestion(values, note="Sobol' point to begin with")
        several = evidence.y.shape[1] > 1
        rows = self._mixed(evidence, rng) if several else self._mutants(evidence, rng)
        rows = safe_first(evidence, rows)
        values = self._memory.first_new(history, rows)
        if values is None:
            values = self._memory.fresh(history, rng)
        note = "child by NSGA-II" if several else "child by regularised evolution"
        return None if values is None else Suggestion(values, note=note)

    def _mutants(self, evidence: Evidence, rng: np.random.Generator) -> FloatArray:
        """Children of one parent each, from the latest trials."""
        latest = np.arange(len(evidence.scored))[-self._population :]
        rank = np.argsort(by_rank(evidence.y[latest]))
        parents = latest[self._winners(rank, rng)]
        return _mutate(evidence, evidence.scored.x[parents], evidence.scored.active[parents], rng)

    def _mixed(self, evidence: Evidence, rng: np.random.Generator) -> FloatArray:
        """Children of two parents each, from the best of all trials."""
        order = by_rank(evidence.y)[: self._population]
        rank = np.arange(len(order))
        first, second = order[self._winners(rank, rng)], order[self._winners(rank, rng)]
        x = evidence.scored.x
        # Uniform crossover column by column, as suits a mix of numbers and choices.
        take = rng.random((_CHILDREN, x.shape[1])) < 0.5
        child = np.where(take, x[first], x[second])
        active = np.where(take, evidence.scored.active[first], evidence.scored.active[second])
        return _mutate(evidence, child, active, rng)

    def _winners(self, rank: IntArray, rng: np.random.Generator) -> IntArray:
        """The places that win a tournament each, shape `(children,)`; a low rank wins."""
        size = min(self._tournament, len(rank))
        met = np.array([rng.choice(len(rank), size, replace=False) for _ in range(_CHILDREN)])
        return np.asarray(met[np.arange(_CHILDREN), rank[met].argmin(1)])


def _mutate(
    evidence: Evidence, x: FloatArray, active: BoolArray, rng: np.random.Generator
) -> FloatArray:
    """Rows that differ from `x` in an active column at least, and in what that decides about."""
    n, d = x.shape
    count = np.maximum(active.sum(1), 1)
    change = (rng.random((n, d)) < 1.0 / count[:, None]) & active
    weight = rng.random((n, d)) + active
    change[np.arange(n), weight.argmax(1)] = True  # one of the active columns, always
    far = _STEP * np.exp(rng.normal(0.0, 1.0, (n, d))) * rng.choice([-1.0, 1.0], (n, d))
    moved = np.empty_like(x)
    for place, column in enumerate(evidence.encoding.columns):
        cells = column.n_choices or 0
        if column.kind == "nominal":
            shift = rng.integers(1, max(cells, 2), n) / max(cells, 1)
            moved[:, place] = (x[:, place] + shift) % 1.0
        else:
            # A step is never shorter than the way to the next value.
            step = far[:, place]
            step = np.sign(step) * np.maximum(np.abs(step), 1.0 / cells if cells else 0.0)
            there = x[:, place] + step
            outside = (there < 0) | (there > 1)
            moved[:, place] = np.clip(np.where(outside, x[:, place] - step, there), 0.0, 1.0)
    # Columns that become active by the change of another have no parent's value: any will do.
    inherited = np.where(active, x, rng.random((n, d)))
    return evidence.encoding.snap(np.where(change, moved, inherited))
