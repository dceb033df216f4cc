"""From scores to a Gaussian process: which data, which hyperparameters, and when these are fitted
anew.

In: features of shape (n, m) in the order in which they came, targets of shape (n,). Hyperparameters
are fitted at fixed numbers of data ("milestones") from the data up to there, so that they depend on
the data alone and can be computed again at any time, whatever was kept.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

from luthier.numerics import _gp
from luthier.numerics._kernels import Layout
from luthier.numerics._linalg import Array

_FIRST = 3
_SPACING = 10
_CHAIN = 8
# So many data are few.
_FEW = 25
# An additive part has to make the targets so much more probable, as a logarithm, and needs some
# data to show itself.
_WORTHWHILE = 1.0
_FEWEST_ADDITIVE = 8


def subset(targets: Array, limit: int) -> NDArray[np.int64]:
    """At most `limit` of the data: the better half of them the best there are, the rest spread
    evenly over all others.

    Args:
        targets: low is good, shape (n,).
        limit: how many.

    Returns:
        indices, ascending.
    """
    count = len(targets)
    if count <= limit:
        return np.arange(count)
    order = np.argsort(targets, kind="stable")
    best, others = order[: limit // 2], np.sort(order[limit // 2 :])
    spread = np.linspace(0, len(others) - 1, limit - len(best)).round().astype(np.int64)
    return np.sort(np.concatenate([best, others[spread]]))


def order_likelihood(mean: Array, deviation: Array, scores: Array) -> float:
    """How probable predictions make the order of the scores: the mean log probability that of two
    data, of which one at least is in the better third, the better one is the better one.

    Only the order counts, so predictions of differently warped scores can be compared.

    Args:
        mean: of independent predictions, shape (n,).
        deviation: theirs, shape (n,).
        scores: what was observed; less is better; shape (n,).

    Source: Thurstone 1927, A law of comparative judgment, case III.
    """
    good = np.argsort(scores, kind="stable")[: max(1, len(scores) // 3)]
    worse = scores[None, :] > scores[good, None]
    gap = mean[None, :] - mean[good, None]
    spread = np.hypot(deviation[None, :], deviation[good, None])
    logs = special.log_ndtr(gap / spread)[worse]
    return float(np.mean(logs)) if len(logs) else 0.0


def milestone_size(index: int) -> int:
    """How many data milestone `index`, from 0, has; they lie ever further apart."""
    size = _FIRST
    for _ in range(index):
        size += max(1, size // _SPACING)
    return size


def milestone(count: int) -> int:
    """The last milestone with up to `count` data; 0 if there is none."""
    size, index = _FIRST, 0
    while size + max(1, size // _SPACING) <= count:
        size += max(1, size // _SPACING)
        index += 1
    return index


class Hyperparameters:
    """Fitted hyperparameters at milestones, kept so that most calls are free.

    Args:
        belief: their priors.
        limit: at most so many data take part in a fit.
        early: their priors in fits to few data; the same if None.
    """

    def __init__(
        self, belief: _gp.Belief, limit: int = 150, *, early: _gp.Belief | None = None
    ) -> None:
        self._belief = belief
        self._early = early or belief
        self._limit = limit
        self._known: dict[int, Array] = {}

    def at(
        self,
        points: Array,
        shape: Layout,
        targets: Callable[[int], Array],
        *,
        diagonal: float = 0.0,
    ) -> Array:
        """θ for data that begin with `points`; shape (d + 2,), or (2 d + 2,) with an additive
        part.

        Args:
            points: features, shape (n, m).
            shape: their layout.
            targets: the standardised targets of the first k data, for any k.
            diagonal: known noise variance.
        """

        def fitted(index: int) -> Array:
            if index not in self._known:
                # A chain of warm starts, begun afresh every few milestones: cheap to go on, and to
                # repeat.
                warm = fitted(index - 1) if index % _CHAIN else None
                count = milestone_size(index)
                self._known[index] = self._fit(
                    points[:count], shape, targets(count), warm, diagonal
                )
            return self._known[index]

        if len(points) < _FIRST:
            # Not a milestone, so nothing to keep.
            return self._fit(points, shape, targets(len(points)), None, diagonal)
        return fitted(milestone(len(points)))

    def _fit(
        self, points: Array, shape: Layout, targets: Array, warm: Array | None, diagonal: float
    ) -> Array:
        """The more probable of a kernel without and one with an additive part."""
        columns = len(shape)
        belief = self._early if len(targets) <= _FEW else self._belief
        rough = np.array([-0.7] * columns + [0.0, -4.0])
        starts = [belief.start(columns), rough] if warm is None else [warm[: columns + 2]]
        chosen = subset(targets, self._limit)
        points, targets = points[chosen], targets[chosen]
        # Where columns depend on choices, what one does by itself differs from branch to branch.
        additive = len(targets) >= _FEWEST_ADDITIVE and columns > 1 and not shape.optional.any()
        data = _gp.pairs(points, shape, additive=additive)
        plain = _gp.fit(_gp.Pairs(data.layers), targets, starts, belief=belief, diagonal=diagonal)
        if not additive:
            return plain.theta
        start = belief.with_additive(plain.theta)
        if warm is not None and len(warm) == len(start):
            start = warm
        more = _gp.fit(data, targets, [start], belief=belief, diagonal=diagonal)
        gain = plain.surprise - more.surprise
        return more.theta if gain > _WORTHWHILE else plain.theta
