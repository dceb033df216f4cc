"""Which of the evaluated rows to recommend when scores are noisy.

In: rows, what is active in them, and noisy scores, of which less is better. Out: an index.
"""

from __future__ import annotations

import numpy as np

from luthier.numerics._gp import Belief, Posterior, fit
from luthier.numerics._kernels import Array, Columns, Mask, feature_groups, features
from luthier.numerics._surrogate import subset
from luthier.numerics._warps import stretch_good, tame_bad

# Below this share of the variance of the targets, noise is no reason to doubt the best score.
_NOTABLE = 0.01
_MOST_DATA = 300
_FEWEST = 8
# Rows that compete: those with the best scores.
_CANDIDATES = 0.25


def recommend(rows: Array, active: Mask, columns: Columns, scores: Array) -> int:
    """The row whose score, freed from noise, is expected to be the best.

    The lowest of many noisy scores is low by luck. A Gaussian process shares what neighbouring
    rows say, and so do repetitions of one row. Without notable noise, and with few data, it is the
    row of the best score.

    Args:
        rows: shape (n, d), n >= 1.
        active: which entries of `rows` count, shape (n, d).
        columns: the d columns.
        scores: finite, shape (n,).

    Returns:
        an index into `rows`.

    Source: Frazier 2018, A tutorial on Bayesian optimization, section 4.2 (the point of least
        posterior mean among those evaluated).
    """
    best = int(np.argmin(scores))
    if len(scores) < _FEWEST or not len(columns):
        return best
    targets = stretch_good(tame_bad(scores))
    chosen = subset(targets, _MOST_DATA)
    points, groups = features(rows[chosen], active[chosen], columns), feature_groups(columns)
    belief = Belief(noise=-3.0)
    start = belief.start(len(columns))
    theta = fit(points, groups, targets[chosen], [start], belief=belief)
    if np.exp(theta[-1]) < _NOTABLE:
        return best
    mean, _ = Posterior(points, groups, targets[chosen], theta).predict(points)
    good = np.argsort(targets[chosen], kind="stable")
    good = good[: max(_FEWEST, int(_CANDIDATES * len(good)))]
    return int(chosen[good[np.argmin(mean[good])]])
