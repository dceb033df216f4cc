"""Where learning curves end: a forecast with uncertainty, from all curves so far.

Enters: costs at rungs of steps, shape `(n, k)`, NaN where a curve has not come to yet; less is
better. Leaves: the expected cost at the last rung and its standard deviation, shape `(n,)` each.

Between two rungs the ratio of steps is the same, so a power law falls by the same amount of log
cost from rung to rung, and one that approaches a floor by less and less. Improvements therefore
follow `d[k+1] = b d[k] + e`, an autoregression pooled over all curves and rungs, whose coefficient
and noise are shrunk towards a prior worth a few observations.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

# The prior: so many observations of improvements that shrink by this factor, with a spread of so
# much of that of the first rung.
_WEIGHT, _FACTOR, _SPREAD = 5.0, 0.6, 0.15
# First improvements have none before them: a share of the first rung's spread, with a spread.
_FIRST, _FIRST_SPREAD = 0.3, 0.3


def as_log(costs: FloatArray) -> FloatArray:
    """Costs on a scale where curves fall evenly: logarithms where all are positive.

    What is not finite, or worse than nine tenths at the first rung, counts as these.
    """
    first = costs[:, 0][np.isfinite(costs[:, 0])]
    worst = float(np.quantile(first, 0.9)) if len(first) else 0.0
    filled = np.where(np.isnan(costs), np.nan, np.minimum(costs, worst))
    if np.nanmin(filled, initial=np.inf) > 0:
        return np.asarray(np.log(filled))
    return np.asarray(filled)


def forecast(z: FloatArray, level: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of each curve at the last rung.

    Args:
        z: as `as_log` gave them, shape `(n, k)`.
        level: the rung that each has come to, shape `(n,)`.
    """
    rungs = z.shape[1]
    gains = z[:, :-1] - z[:, 1:]
    scale = float(np.nanstd(z[:, 0])) + 1e-9
    factor, noise = _autoregression(gains, scale)
    first, first_noise = _first(gains, scale)
    mean, variance = np.full(len(z), np.nan), np.zeros(len(z))
    for rung in range(rungs):
        there = np.flatnonzero(level == rung)
        if len(there) == 0:
            continue
        left = rungs - 1 - rung
        last = gains[there, rung - 1] if rung else np.full(len(there), first)
        steps = left if rung else max(left - 1, 0)
        reach = float((factor ** np.arange(1, steps + 1)).sum())
        ahead = last * reach + (last if rung == 0 and left else 0.0)
        sums = np.array([(factor ** np.arange(steps - j)).sum() for j in range(steps)])
        mean[there] = z[there, rung] - ahead
        variance[there] = noise**2 * float((sums**2).sum())
        if rung == 0 and left:
            variance[there] += (first_noise * (1 + reach)) ** 2
    return mean, np.sqrt(variance)


def _autoregression(gains: FloatArray, scale: float) -> tuple[float, float]:
    """The factor between neighbouring improvements, and the noise of one."""
    before, after = gains[:, :-1].ravel(), gains[:, 1:].ravel()
    known = np.isfinite(before) & np.isfinite(after)
    x, y = before[known], after[known]
    size = float((x * x).mean()) if len(x) else 1.0
    weight = _WEIGHT * max(size, 1e-12)
    factor = (weight * _FACTOR + float(x @ y)) / (weight + float(x @ x))
    factor = float(np.clip(factor, 0.0, 1.0))
    squares = _WEIGHT * (_SPREAD * scale) ** 2 + float(((y - factor * x) ** 2).sum())
    return factor, float(np.sqrt(squares / (_WEIGHT + len(x))))


def _first(gains: FloatArray, scale: float) -> tuple[float, float]:
    """Mean and spread of the first improvements."""
    known = gains[:, 0][np.isfinite(gains[:, 0])] if gains.shape[1] else np.zeros(0)
    total = _WEIGHT + len(known)
    mean = (_WEIGHT * _FIRST * scale + float(known.sum())) / total
    squares = _WEIGHT * (_FIRST_SPREAD * scale) ** 2 + float(((known - mean) ** 2).sum())
    return mean, float(np.sqrt(squares / total))
