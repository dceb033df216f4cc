"""Several objectives at once: which points dominate which, how crowded they lie, how much they
dominate.

Enters: scores of shape `(n, m)`, less is better in every column. Leaves: ranks, distances, volumes.
"""

from __future__ import annotations

import bisect

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def is_efficient(y: FloatArray) -> BoolArray:
    """Which points no other point dominates, shape `(n,)`; of equal points, all or none.

    A point dominates another if it is nowhere worse and somewhere better.
    """
    result = np.zeros(len(y), np.bool_)
    rows, inverse = np.unique(y, axis=0, return_inverse=True)
    # In lexicographic order only earlier rows can dominate, and only efficient ones need a look.
    kept: list[int] = []
    for i, row in enumerate(rows):
        if not kept or not (rows[kept] <= row).all(1).any():
            kept.append(i)
    result[np.isin(inverse.reshape(-1), kept)] = True
    return result


def fronts(y: FloatArray) -> IntArray:
    """The front of each point, shape `(n,)`: 0 if none dominates it, 1 if only those of front 0 do,
    ...

    Source: Deb, Pratap, Agarwal, Meyarivan, "A fast and elitist multiobjective genetic algorithm:
    NSGA-II", IEEE Trans. Evol. Comput. 6 (2002), section III-A; for two objectives by one sweep
    (Jensen, IEEE Trans. Evol. Comput. 7 (2003)).
    """
    if y.shape[1] == 1:
        return np.asarray(np.unique(y[:, 0], return_inverse=True)[1].reshape(-1), np.int64)
    if y.shape[1] == 2:
        return _fronts_of_two(y)
    ranks = np.zeros(len(y), np.int64)
    left = np.arange(len(y))
    front = 0
    while len(left):
        best = is_efficient(y[left])
        ranks[left[best]] = front
        left, front = left[~best], front + 1
    return ranks


def _fronts_of_two(y: FloatArray) -> IntArray:
    """In order of the first score, a point joins the first front that does not dominate it."""
    rows, inverse = np.unique(y, axis=0, return_inverse=True)
    least: list[
        float
    ] = []  # second score of each front, the least so far; rises from front to front
    ranks = np.zeros(len(rows), np.int64)
    for i, second in enumerate(rows[:, 1].tolist()):
        front = bisect.bisect_right(least, second)
        least[front : front + 1] = [second]
        ranks[i] = front
    return ranks[inverse.reshape(-1)]


def crowding(y: FloatArray) -> FloatArray:
    """How much room each point of one front has, shape `(n,)`; infinite at the ends.

    Source: Deb et al. (2002), section III-B: half the perimeter of the box between both neighbours,
    each score divided by its range.
    """
    n, m = y.shape
    distance = np.zeros(n)
    if n <= 2:
        return np.full(n, np.inf)
    for j in range(m):
        order = np.argsort(y[:, j], kind="stable")
        column = y[order, j]
        width = column[-1] - column[0]
        distance[order[[0, -1]]] = np.inf
        if width > 0:
            distance[order[1:-1]] += (column[2:] - column[:-2]) / width
    return distance


def hypervolume(y: FloatArray, reference: FloatArray) -> float:
    """The volume that the points dominate, up to a reference point.

    Args:
        y: scores, shape `(n, m)`.
        reference: the worst corner, shape `(m,)`; points that are not better everywhere add
            nothing.

    Source: While, Bradstreet, Barone, "A fast way of calculating exact hypervolumes", IEEE Trans.
    Evol. Comput. 16 (2012): the exclusive volume of each point against those after it (algorithm
    WFG).
    """
    inside = y[(y < reference).all(1)]
    if len(inside) == 0:
        return 0.0
    front = np.unique(inside[is_efficient(inside)], axis=0)
    return _volume(front, np.asarray(reference, np.float64))


def _volume(front: FloatArray, reference: FloatArray) -> float:
    """The volume of points that do not dominate each other, sorted by the first score."""
    if front.shape[1] == 1:
        return float(reference[0] - front[:, 0].min())
    if front.shape[1] == 2:
        # Sorted by the first score, the second one falls: a staircase.
        above = np.concatenate([[reference[1]], front[:-1, 1]])
        return float(((reference[0] - front[:, 0]) * (above - front[:, 1])).sum())
    total = 0.0
    for i, point in enumerate(front):
        alone = float(np.prod(reference - point))
        later = np.maximum(front[i + 1 :], point)
        total += alone - (hypervolume(later, reference) if len(later) else 0.0)
    return total
