"""`TPE`: the tree-structured Parzen estimator, over all hyperparameters together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from luthier.abc import Sampler
from luthier.numerics._parzen import Mixture, Widths
from luthier.records import History, Suggestion
from luthier.samplers._beliefs import log_belief, power
from luthier.samplers._common import (
    Evidence,
    FloatArray,
    Memory,
    by_rank,
    columns_of,
    is_count,
    is_number,
    safe_first,
)
from luthier.space import Encoding, Parent

# The best tenth counts as good, and never more than so many.
_GOOD_SHARE = 0.1
_MOST_GOOD = 10
# Bad trials that are looked at, evenly over all of them, in a long history.
_MOST_BAD = 1_000
_UNIFORM = 1.0
# Choices on which other hyperparameters depend are kept open longer: a branch needs several trials
# before it shows what it is worth.
_BLUR, _DECIDER_BLUR = (0.05, 0.6), (0.15, 1.5)


class TPE(Sampler):
    """Draws points like the good trials and takes the one that is least like the bad ones.

    One density over all columns together, in which the branches of a conditional space share what
    they have in common (see `numerics._parzen`). Failed and open trials count as bad, so that
    regions that crash are left and workers spread out.

    Args:
        initial: trials with a score before the first model; Sobol' points until then.
        candidates: points drawn for each suggestion; more of them follow the model closer.
        width: of the kernels, as a factor; less than 1 stays nearer to the good trials.

    Source: Bergstra, Bardenet, Bengio, Kegl, NeurIPS 2011, section 4; several objectives:
    Ozaki, Tanigaki, Watanabe, Nomura, Onishi, "Multiobjective tree-structured Parzen estimator",
    JAIR 73 (2022). Good trials weigh by their rank as the parents of CMA-ES do, instead of evenly.
    """

    def __init__(self, *, initial: int = 10, candidates: int = 24, width: float = 1.0) -> None:
        if not is_count(initial, 2):
            raise ValueError(f"Expected at least 2 initial trials, got initial={initial!r}.")
        if not is_count(candidates, 1) or not (is_number(width) and width > 0):
            raise ValueError(
                "Expected at least one candidate and a positive width, "
                f"got candidates={candidates!r} and width={width!r}."
            )
        self._initial = initial
        self._candidates = candidates
        self._width = width
        self._memory = Memory()

    @property
    def settings(self) -> Mapping[str, Any]:
        """Name and options."""
        return {
            "name": "tpe",
            "initial": self._initial,
            "candidates": self._candidates,
            "width": self._width,
        }

    def suggest(self, history: History, rng: np.random.Generator) -> Suggestion | None:
        evidence = self._memory.update(history)
        if len(evidence.scored) < self._initial or not evidence.encoding.columns:
            values = self._memory.spread_out(history, rng)
            return None if values is None else Suggestion(values, note="Sobol' point to begin with")
        rows = self._rows(history, evidence, rng)
        values = self._memory.first_new(history, rows)
        if values is not None:
            return Suggestion(values, note="TPE")
        values = self._memory.fresh(history, rng)
        return None if values is None else Suggestion(values, note="random: TPE repeats itself")

    def _rows(self, history: History, evidence: Evidence, rng: np.random.Generator) -> FloatArray:
        """Points drawn from the good density, the most promising first."""
        good, bad = _mixtures(evidence, self._width)
        x, active = evidence.encoding.settle(good.sample(self._candidates, rng))
        # Expected improvement grows with the ratio of both densities (section 4.1).
        worth = good.log_density(x, active) - bad.log_density(x, active)
        belief = log_belief(history, evidence.encoding)
        if belief is not None:
            worth += power(history) * belief(x, active)
        # Beside a border beyond which trials crash densities are too smooth: there the nearest
        # trial knows better.
        return safe_first(evidence, x[np.argsort(-worth, kind="stable")])


def _mixtures(evidence: Evidence, width: float) -> tuple[Mixture, Mixture]:
    """The densities of the good and of the bad trials."""
    order = by_rank(evidence.y)
    count = min(math.ceil(_GOOD_SHARE * len(order)), _MOST_GOOD)
    good, bad = order[:count], order[count:]
    if len(bad) > _MOST_BAD:
        bad = bad[np.linspace(0, len(bad) - 1, _MOST_BAD).astype(np.int64)]
    columns = columns_of(evidence.encoding)
    scored, failed, waiting = evidence.scored, evidence.failed, evidence.open
    x = np.concatenate([scored.x[bad], failed.x[-_MOST_BAD:], waiting.x])
    active = np.concatenate([scored.active[bad], failed.active[-_MOST_BAD:], waiting.active])
    widths = _widths(evidence.encoding, width)
    by_place = math.log(count + 0.5) - np.log(np.arange(1, count + 1))
    return (
        Mixture(
            columns,
            scored.x[good],
            scored.active[good],
            weights=by_place / by_place.mean(),
            uniform=_UNIFORM * width,
            widths=widths,
        ),
        Mixture(
            columns, x, active, weights=np.ones(len(x)), uniform=_UNIFORM * width, widths=widths
        ),
    )


def _widths(encoding: Encoding, width: float) -> Widths:
    """Kernels for an encoding."""
    deciders = {
        condition.name
        for parameter in encoding.space
        for condition in parameter.conditions
        if isinstance(condition, Parent)
    }
    decides = np.array([column.name in deciders for column in encoding.columns])
    blur, factor = (np.where(decides, *pair) for pair in zip(_DECIDER_BLUR, _BLUR, strict=True))
    usual = Widths()
    return Widths(
        factor=width * usual.factor,
        least_cell=width * usual.least_cell,
        blur=blur,
        blur_factor=factor,
    )
