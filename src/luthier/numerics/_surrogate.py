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

from luthier.numerics import _gp
from luthier.numerics._linalg import Array

_FIRST = 3
_SPACING = 15
_CHAIN = 8


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
    """

    def __init__(self, belief: _gp.Belief, limit: int = 150) -> None:
        self._belief = belief
        self._limit = limit
        self._known: dict[int, Array] = {}

    def at(
        self,
        points: Array,
        groups: NDArray[np.int64],
        columns: int,
        targets: Callable[[int], Array],
        *,
        diagonal: float = 0.0,
    ) -> Array:
        """θ for data that begin with `points`; shape (columns + 2,).

        Args:
            points: features, shape (n, m).
            groups: column of each feature, shape (m,).
            columns: how many columns d there are.
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
                    points[:count], groups, columns, targets(count), warm, diagonal
                )
            return self._known[index]

        if len(points) < _FIRST:
            # Not a milestone, so nothing to keep.
            return self._fit(points, groups, columns, targets(len(points)), None, diagonal)
        return fitted(milestone(len(points)))

    def _fit(
        self,
        points: Array,
        groups: NDArray[np.int64],
        columns: int,
        targets: Array,
        warm: Array | None,
        diagonal: float,
    ) -> Array:
        mean = self._belief.start(columns)
        rough = np.array([-0.7] * columns + [0.0, -4.0])
        starts = [mean, rough] if warm is None else [warm]
        chosen = subset(targets, self._limit)
        return _gp.fit(
            points[chosen],
            groups,
            targets[chosen],
            starts,
            belief=self._belief,
            diagonal=diagonal,
        )
