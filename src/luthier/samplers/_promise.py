"""How much a row promises to a history: the acquisition that the Gaussian process sampler
maximises.

Enters: posteriors of the objectives, of failures, an expert's priors. Leaves: a function from rows
to numbers, larger where it is more worth a trial.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from luthier.numerics._acquisition import (
    log_expected_improvement,
    log_probability_below,
    negative_lower_bound,
)
from luthier.numerics._hypervolume_gain import expected_hypervolume_gain, free_boxes
from luthier.numerics._pareto import crowding, is_efficient
from luthier.numerics._polish import polished
from luthier.samplers._frame import BoolArray, FloatArray, Frame
from luthier.samplers._surrogate import Failures, Fitted

Promise = Callable[[FloatArray], FloatArray]
"""Features (n, m) to what they promise, shape (n,)."""

# The least log probability of success that is told apart from less.
_HOPELESS = -20.0
# What is taken off the log of a gain where a trial more likely fails than not.
_CRASH = -1e15
_TINY = 1e-300
# Points of a front that count, by the number of objectives.
_LONGEST_FRONT = {2: 60, 3: 16}


class OfOne:
    """Log expected improvement on the best score, or the lower bound if `beta` is given.

    Args:
        fitted: the objective.
        beta: how many deviations below the mean the bound lies, or None.
        best: target to improve on; the best there is if None.

    Attributes:
        has_slope: whether `polish` can follow a gradient.
    """

    def __init__(self, fitted: Fitted, beta: float | None, best: float | None = None) -> None:
        self._posterior = fitted.posterior
        self._best = float(np.min(fitted.targets)) if best is None else best
        self._beta = beta
        self.has_slope = beta is None

    def __call__(self, points: FloatArray) -> FloatArray:
        mean, deviation = self._posterior.predict(points)
        if self._beta is not None:
            return negative_lower_bound(mean, deviation, self._beta)
        return log_expected_improvement(mean, deviation, self._best)

    def polish(self, row: FloatArray, active: BoolArray, frame: Frame) -> FloatArray:
        """A row nearby that promises at least as much, not yet snapped; shape (d,)."""
        return polished(row, active, frame.columns, self._posterior, self._best)


def of_several(fitted: Sequence[Fitted]) -> Promise:
    """Log expected gain of hypervolume, of two or three objectives.

    The worst corner lies a tenth of the front's extent beyond it (Ishibuchi et al. 2018, How to
    specify a reference point in hypervolume calculation, section 3).
    """
    scores = np.column_stack([one.targets for one in fitted])
    reference = scores.max(axis=0) + 0.1
    lower, upper = free_boxes(_thinned(scores), reference)

    def promise(points: FloatArray) -> FloatArray:
        predictions = [one.posterior.predict(points) for one in fitted]
        mean = np.column_stack([prediction[0] for prediction in predictions])
        deviation = np.column_stack([prediction[1] for prediction in predictions])
        gain = expected_hypervolume_gain(mean, deviation, lower, upper)
        # Where no gain is left in floating point, the better mean still shows the way.
        return np.asarray(np.log(gain + _TINY) - 1e-6 * mean.sum(axis=1))

    return promise


def _thinned(scores: FloatArray) -> FloatArray:
    """The Pareto front, without its most crowded points where it is long: boxes grow with it."""
    front = np.unique(scores[is_efficient(scores)], axis=0)
    limit = _LONGEST_FRONT[scores.shape[1]]
    if len(front) <= limit:
        return front
    return front[np.argsort(-crowding(front), kind="stable")[:limit]]


def log_success(failures: Failures) -> Promise:
    """Log probability that a trial ends with a score; added to what it promises.

    Much less where it more likely fails, by the model or by its nearest neighbour, which knows the
    border better: however little is to be gained elsewhere, a likely crash is not worth it.

    Source: Gardner et al. 2014, Bayesian optimization with inequality constraints, section 3.1.
    """

    def promise(points: FloatArray) -> FloatArray:
        mean, deviation = failures.posterior.predict(points)
        total = np.sqrt(deviation**2 + failures.posterior.noise)
        logs = np.maximum(log_probability_below(mean, total, 0.0), _HOPELESS)
        likely = (mean > 0.0) | failures.nearest_failed(points)
        return np.where(likely, logs + _CRASH, logs)

    return promise
