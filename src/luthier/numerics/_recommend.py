"""Which of the evaluated rows to recommend when scores are noisy.

In: positions, what is active in them, and noisy scores, of which less is better. Out: an index.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from luthier.numerics._columns import cells_of
from luthier.numerics._gp import Belief, Pairs, Posterior, fit, pairs
from luthier.numerics._kernels import (
    Array,
    Columns,
    Layout,
    Mask,
    features,
    layout,
)
from luthier.numerics._surrogate import subset
from luthier.numerics._threads import one_thread
from luthier.numerics._warps import standardise, tame_bad

# How much more probable scores must be with noise than without, as a logarithm.
_EVIDENCE = 2.0
_QUIET = Belief(noise=-13.0, noise_spread=0.1)
_NOISY = Belief(noise=-3.0)
# How far above the median scores count in full, in distances of the best from it.
_REACH = 2.0
_MOST_DATA = 200
_FEWEST = 8
# Rows that compete: those with the best scores.
_CANDIDATES = 0.25
# Of two rows that promise the same, the one of which more is known: deviations added to the mean.
_CAUTION = 0.5


def recommend(
    positions: Array,
    active: Mask,
    cells: NDArray[np.int64],
    nominal: Mask,
    scores: Array,
    *,
    noise: float | None = None,
) -> int:
    """The row whose score, freed from noise, is expected to be the best.

    The lowest of many noisy scores is low by luck. A Gaussian process shares what neighbouring
    rows say, and so do repetitions of one row. Without notable noise, and with few data, it is the
    row of the best score.

    Args:
        positions: in [0, 1], shape (n, d), n >= 1.
        active: which entries count, shape (n, d).
        cells: how many values each column has, 0 for a continuous one, shape (d,).
        nominal: which columns are unordered choices, shape (d,).
        scores: finite, shape (n,).
        noise: variance of a score where it is known; else it is estimated, from repeated rows if
            there are any.

    Returns:
        an index of a row.

    Source: Frazier 2018, A tutorial on Bayesian optimization, section 4.2 (the point of least
        posterior mean among those evaluated); half a deviation for caution is ours.
    """
    best = int(np.argmin(scores))
    scale = float(np.max(np.abs(scores))) or 1.0
    scores = scores / scale
    noise = None if noise is None else noise / scale / scale
    if noise is None:
        noise = _repetition_noise(positions, active, scores)
    if len(scores) < _FEWEST or not len(cells) or noise == 0.0:
        return best
    chosen = subset(scores, _MOST_DATA)
    columns = Columns(
        choices=np.where(nominal, cells, 0),
        step=np.zeros(len(cells)),
        optional=np.asarray(~active.all(axis=0)),
    )
    rows = positions[chosen].copy()
    for place in np.flatnonzero(nominal):
        rows[:, place] = cells_of(rows[:, place], int(cells[place]))
    shape, points = layout(columns), features(rows, active[chosen], columns)
    with one_thread():
        if noise is None:
            noise = _estimated_noise(pairs(points, shape), scores[chosen])
        if noise == 0.0:
            return best
        expected = _expected(points, shape, scores[chosen], noise)
    good = np.argsort(scores[chosen], kind="stable")
    good = good[: max(_FEWEST, int(_CANDIDATES * len(good)))]
    return int(chosen[good[np.argmin(expected[good])]])


def _estimated_noise(data: Pairs, scores: Array) -> float:
    """The variance of the noise of scores; 0.0 unless noise explains them much better than a
    rougher function does.

    The scores are taken as they are, but for cutting off the disasters: a warp bends a smooth
    function, and bends look like noise.
    """
    middle, best = float(np.median(scores)), float(np.min(scores))
    cut = np.minimum(scores, middle + _REACH * (middle - best))
    targets = standardise(cut)
    size = len(data.layers)
    noisy = fit(data, targets, [_NOISY.start(size)], belief=_NOISY)
    quiet = fit(data, targets, [_QUIET.start(size)], belief=_QUIET)
    if quiet.surprise - noisy.surprise < _EVIDENCE:
        return 0.0
    return float(np.exp(noisy.theta[-1]) * np.var(cut))


def _expected(points: Array, shape: Layout, scores: Array, noise: float) -> Array:
    """What to expect at the points, on a warped scale, doubt counted as bad."""
    targets = tame_bad(scores)
    variance = noise * _slope(scores, targets) ** 2
    belief = Belief(noise=math.log(variance + 1e-6), noise_spread=0.3)
    start = belief.start(len(shape))
    theta = fit(pairs(points, shape), targets, [start], belief=belief).theta
    mean, deviation = Posterior(points, shape, targets, theta).predict(points)
    return mean + _CAUTION * deviation


def _repetition_noise(positions: Array, active: Mask, scores: Array) -> float | None:
    """The variance within repetitions of a row, pooled; None without any repetition."""
    keys = np.column_stack([np.where(active, positions, -1.0), active])
    _, place, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    place = place.reshape(-1)
    if len(counts) == len(scores):
        return None
    means = np.bincount(place, weights=scores) / counts
    return float(((scores - means[place]) ** 2).sum()) / (len(scores) - len(counts))


def _slope(scores: Array, targets: Array) -> float:
    """How much targets change with scores among the better half."""
    good = np.argsort(scores, kind="stable")[: max(2, len(scores) // 2)]
    spread = float(np.std(scores[good]))
    return float(np.std(targets[good])) / spread if spread > 0.0 else 0.0
