"""A race over folds: whether a run that lags behind the best can still overtake it.

Enters: costs (less is better) of both on the folds that have been run. Leaves: the chance that the
mean over all folds will be the better one, and what that mean is expected to be. Arrays are of
shape `(k,)`, `k` folds of `n`.

Source: the idea of dropping what has lost with near certainty is from Maron and Moore, "Hoeffding
Races: Accelerating Model Selection Search for Classification and Function Approximation", NIPS
1993, section 3, here with paired differences ("blocking", Moore and Lee, ICML 1994); the chance is
the predictive distribution of the mean of the `n - k` differences to come, for normal differences
(Geisser, "Predictive Inference", 1993, example 2.2).
"""

from __future__ import annotations

import math

import numpy as np

Array = np.ndarray


def chance_of_overtaking(costs: Array, best: Array, n: int) -> float:
    """The chance that the mean over all `n` folds will be below that of the best.

    With `d` the mean and `s` the deviation of the `k` differences, the mean of the `n - k` to come
    is `d + s sqrt(1/k + 1/(n - k)) t` with `t` of Student's distribution with `k - 1` degrees of
    freedom, and all of them together are below 0 if that is below `-k d / (n - k)`.

    Args:
        costs: of the run, on its `k` folds; `1 < k < n`.
        best: of the best, on the same folds.
        n: how many folds there are.
    """
    # Loaded when it is needed: scipy takes a while.
    from scipy.special import stdtr

    differences = np.asarray(costs, dtype=float) - np.asarray(best, dtype=float)
    k = len(differences)
    mean, deviation = float(differences.mean()), float(differences.std(ddof=1))
    if deviation == 0.0:
        return 0.0 if mean > 0.0 else 1.0
    return float(stdtr(k - 1, -mean / (deviation * math.sqrt((n - k) / (k * n)))))


def expected_mean(costs: Array, best: Array, best_mean: float) -> float:
    """The mean over all folds that is expected of a run that was dropped.

    The best's, and the mean difference so far: the folds that were run may be easy ones.
    """
    return best_mean + float(np.mean(np.asarray(costs) - np.asarray(best)))
