"""Parzen mixtures over the unit cube: a density around each of some points, and draws from it.

Enters: points with a mask of what is active, weights. Leaves: log-densities, new points. Each point
contributes a product over its active columns: a truncated normal for numbers, for unordered choices
a mixture of itself and all. Where a point has a column inactive, it knows nothing of it: uniform.
So points of different branches of a conditional space share what they have in common, and a draw
keeps what the columns of one point say together.

Source: Bergstra, Bardenet, Bengio, Kegl, "Algorithms for hyper-parameter optimization", NeurIPS
2011, section 4; product kernels over all columns: Falkner, Klein, Hutter, "BOHB", ICML 2018,
section 3;
choices: Aitchison, Aitken, "Multivariate binary discrimination by the kernel method", Biometrika 63
(1976); bandwidths: Scott, "Multivariate density estimation" (1992), chapter 6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from luthier.numerics._columns import BoolArray, Columns, FloatArray, cells_of

_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


@dataclass(frozen=True, slots=True)
class Widths:
    """How wide kernels are.

    Attributes:
        factor: of Scott's bandwidth.
        least: bandwidth of a number at least, as a share of its range.
        least_cell: the same as a share of a cell, for columns with steps.
        blur: chance of an unordered choice to be any at all, at least; one number or shape `(d,)`.
        blur_factor: of the rule by which that chance falls with the number of points; the same.
    """

    factor: float = 0.85
    least: float = 0.03
    least_cell: float = 0.5
    blur: float | FloatArray = 0.05
    blur_factor: float | FloatArray = 0.6


class Mixture:
    """A density over points.

    Args:
        columns: what the columns are.
        x: the points, shape `(n, d)`, n >= 1.
        active: which entries count, shape `(n, d)`.
        weights: of the points, shape `(n,)`, positive.
        uniform: weight of a uniform density beside them, as if it were a point.
        widths: of the kernels.
    """

    def __init__(
        self,
        columns: Columns,
        x: FloatArray,
        active: BoolArray,
        *,
        weights: FloatArray,
        uniform: float,
        widths: Widths,
    ) -> None:
        self._columns = columns
        self._x, self._active = x, active
        every = np.append(weights, uniform)
        self._weights = every / every.sum()
        self._spread = _bandwidths(columns, x, active, widths)
        count = np.maximum(active.sum(0), 1)
        cells = np.maximum(columns.cells, 1)
        self._blur = np.clip(widths.blur_factor * cells / (cells + count), widths.blur, 0.999)
        self._prepare_numbers()

    def _prepare_numbers(self) -> None:
        """The exponent of all normals together is a quadratic form: three products of matrices."""
        numeric = self._columns.numeric
        x, spread = self._x[:, numeric], self._spread[numeric]
        on = self._active[:, numeric].astype(np.float64)
        inside = ndtr((1 - x) / spread) - ndtr(-x / spread)
        self._square = on / spread**2
        self._linear = self._square * x
        norm = np.log(inside) + np.log(spread) + _HALF_LOG_TWO_PI
        self._constant = -0.5 * self._linear * x - on * norm

    def log_density(self, x: FloatArray, active: BoolArray) -> FloatArray:
        """Log-density of points relative to the uniform one, shape `(m,)`.

        Args:
            x: points, shape `(m, d)`.
            active: which entries count, shape `(m, d)`.
        """
        numeric = self._columns.numeric
        on = active[:, numeric].astype(np.float64)
        z = x[:, numeric] * on
        logs = -0.5 * (z * z) @ self._square.T + z @ self._linear.T + on @ self._constant.T
        for place in np.flatnonzero(self._columns.nominal):
            logs += self._log_choice(int(place), x[:, place], active[:, place])
        logs = np.concatenate([logs, np.zeros((len(x), 1))], axis=1) + np.log(self._weights)
        top = logs.max(1)
        return np.asarray(top + np.log(np.exp(logs - top[:, None]).sum(1)))

    def _log_choice(self, place: int, x: FloatArray, active: BoolArray) -> FloatArray:
        """The term of one unordered column, shape `(m, n)`."""
        k = int(self._columns.cells[place])
        blur = float(self._blur[place])
        same, other = math.log(k * (1 - blur) + blur), math.log(blur)
        equal = cells_of(x, k)[:, None] == cells_of(self._x[:, place], k)
        both = active[:, None] & self._active[:, place]
        return np.where(both, np.where(equal, same, other), 0.0)

    def sample(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Points, shape `(count, d)`; not moved to the cells' middles yet."""
        columns = self._columns
        chosen = rng.choice(len(self._weights), size=count, p=self._weights)
        result = rng.random((count, len(columns)))
        rows = np.flatnonzero(chosen < len(self._x))
        x, on = self._x[chosen[rows]], self._active[chosen[rows]]
        low, high = ndtr(-x / self._spread), ndtr((1 - x) / self._spread)
        u = low + rng.random(x.shape) * (high - low)
        number = np.clip(x + self._spread * ndtri(u), 0.0, 1.0)
        choice = np.where(rng.random(x.shape) < self._blur, rng.random(x.shape), x)
        result[rows] = np.where(on, np.where(columns.nominal, choice, number), result[rows])
        return result


def _bandwidths(columns: Columns, x: FloatArray, active: BoolArray, widths: Widths) -> FloatArray:
    """Scott's rule on each column, shape `(d,)`; a column seen once counts as spread evenly."""
    count = np.maximum(active.sum(0), 1)
    mean = (x * active).sum(0) / count
    # One uniform point more keeps a column alive on which all points agree.
    variance = (((x - mean) ** 2) * active).sum(0) / count + 1 / 12 / count
    scott = 1.06 * np.sqrt(variance) * count ** (-1 / (len(columns) + 4))
    cells = np.where(columns.cells > 0, widths.least_cell / np.maximum(columns.cells, 1), 0.0)
    return np.asarray(np.maximum(widths.factor * scott, np.maximum(widths.least, cells)))
