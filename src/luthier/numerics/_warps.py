"""Monotone changes of the scores that make a Gaussian process fit them better; low is good.

In: finite scores of shape (n,). Out: targets of the same shape, order and ties kept, mean 0,
variance 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]


def standardise(scores: Array) -> Array:
    """Mean 0 and variance 1, whatever the scale; all zero where the scores are constant."""
    half = scores / 2.0
    span = float(np.max(half) - np.min(half))
    if not span > 0.0:
        return np.zeros_like(scores)
    # First into [0, 1], so that neither 1e300 nor 1e-300 leaves the range of numbers in what
    # follows.
    unit = (half - np.min(half)) / span
    return np.asarray((unit - np.mean(unit)) / np.std(unit))


def ranks(scores: Array) -> Array:
    """Ranks from 1, ties share their mean; shape (n,)."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - 0.5 * (counts - 1))[inverse])


def tame_bad(scores: Array) -> Array:
    """The worse half by rank only, the better half by value.

    How bad a bad score is says little of where the good ones are, yet a few disasters would set the
    scale of a Gaussian process. So scores above the median become normal quantiles of their ranks,
    on the scale that the better half has below it.

    Source: normal quantiles of ranks as Salinas et al. 2020, A quantile-based approach for
        hyperparameter transfer learning, section 4, but of one side only; the median is our border.
    """
    if len(scores) < 4 or not np.ptp(scores / 2.0) > 0.0:
        return standardise(scores)
    # The better half sets the scale before anything is added up: beside 1e200 it would vanish.
    half = scores / 2.0
    below = half - np.median(half)
    good = below <= 0.0
    span = float(-np.min(below))
    unit = np.where(good, below, 0.0) / (span or 1.0)
    spread = float(np.sqrt(np.mean(unit[good] ** 2))) or 1.0
    quantile = (ranks(scores) - 0.5) / len(scores)
    bad = spread * special.ndtri(np.clip(quantile, 0.5, 1.0 - 1e-3))
    return standardise(np.where(good, unit, bad))


def stretch_good(targets: Array, factor: float = 4.0) -> Array:
    """Draw the good end apart and the bad end together, exponentially: the slope at the best is
    `factor` times that at the worst.

    Near the optimum differences shrink, while for the search they count as much as before.

    Args:
        targets: shape (n,).
        factor: ratio of the slopes, above 1.

    Source: ours; an exponential as Snelson et al. 2004, Warped Gaussian processes, have logarithms.
    """
    span = float(np.max(targets) - np.min(targets))
    if not span > 0.0:
        return targets
    height = (np.max(targets) - targets) / span
    return standardise(-np.expm1(height * np.log(factor)))
