"""Expected gain of hypervolume: how much a row promises when there are two or three objectives.

In: posterior means and deviations of shape (k, m), a Pareto front of shape (p, m); less is better.
Out: shape (k,).
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy import special

from luthier.numerics._pareto import is_efficient

Array = NDArray[np.float64]

_ROOT_2PI = np.sqrt(2.0 * np.pi)


def free_boxes(front: Array, reference: Array) -> tuple[Array, Array]:
    """The room up to `reference` that no point of `front` dominates, cut into boxes.

    Args:
        front: scores, shape (p, m) with m of 1, 2 or 3.
        reference: the worst corner, shape (m,); points beyond it are left out.

    Returns:
        lower and upper corners, each of shape (b, m); lower corners may be -inf.

    Source: Yang et al. 2019, Efficient computation of expected hypervolume improvement using box
        decomposition algorithms, section 3: strips for two objectives, slices of them for three.
    """
    front = front[np.all(front < reference, axis=1)]
    front = np.unique(front[is_efficient(front)], axis=0) if len(front) else front
    if len(reference) == 1:
        top = front[:, 0].min(initial=reference[0])
        return np.array([[-np.inf]]), np.array([[top]])
    if len(reference) == 2:
        return _strips(front, reference)
    levels = np.concatenate([[-np.inf], np.unique(front[:, 2]), reference[2:]])
    lower: list[Array] = []
    upper: list[Array] = []
    for low, high in itertools.pairwise(levels):
        # Within this slice the points at or below its floor dominate as in the plane.
        flat = front[front[:, 2] <= low][:, :2]
        flat = np.unique(flat[is_efficient(flat)], axis=0) if len(flat) else flat
        below, above = _strips(flat, reference[:2])
        lower.append(np.column_stack([below, np.full(len(below), low)]))
        upper.append(np.column_stack([above, np.full(len(above), high)]))
    return np.concatenate(lower), np.concatenate(upper)


def _strips(front: Array, reference: Array) -> tuple[Array, Array]:
    """Boxes of the plane left of, between and right of a front sorted by its first score."""
    edges = np.concatenate([[-np.inf], front[:, 0], reference[:1]])
    heights = np.concatenate([reference[1:], front[:, 1]])
    lower = np.column_stack([edges[:-1], np.full(len(heights), -np.inf)])
    return lower, np.column_stack([edges[1:], heights])


def expected_hypervolume_gain(mean: Array, deviation: Array, lower: Array, upper: Array) -> Array:
    """Expected growth of the dominated hypervolume by f ~ N(mean, diag deviation²).

    Args:
        mean: shape (k, m).
        deviation: positive, shape (k, m).
        lower: lower corners of the free boxes, shape (b, m).
        upper: upper corners, shape (b, m).

    Returns:
        shape (k,), not negative.

    Source: Yang et al. 2019, section 3: in each box the gain is ∏ⱼ [(uⱼ - fⱼ)₊ - (lⱼ - fⱼ)₊], whose
        factors are independent, each the difference of two expected improvements.
    """
    boxes = len(lower)
    product = np.ones((len(mean), boxes))
    for j in range(mean.shape[1]):
        # Boxes share most of their sides: each is looked at once.
        sides = np.concatenate([lower[:, j], upper[:, j]])
        edges, place = np.unique(sides, return_inverse=True)
        values = _improvement(mean[:, j, None], deviation[:, j, None], edges)
        product *= np.maximum(values[:, place[boxes:]] - values[:, place[:boxes]], 0.0)
    return np.asarray(product.sum(axis=1))


def _improvement(mean: Array, deviation: Array, below: Array) -> Array:
    """E[(below - f)₊] of each column; 0 where `below` is -inf.

    Source: Jones et al. 1998, Efficient global optimization, eq. 15.
    """
    finite = np.isfinite(below)
    gap = np.where(finite, below, 0.0) - mean
    z = gap / deviation
    value = gap * special.ndtr(z) + deviation * np.exp(-0.5 * z * z) / _ROOT_2PI
    return np.where(finite, value, 0.0)
