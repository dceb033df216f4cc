"""The part of a kernel in which columns do not interact: a sum of functions of one column each.

In: features and their layout (see `_kernels`). Out: coordinates, called waves, whose products are
the kernel of one column, so one matrix product serves all columns. A number has cosines of rising
frequency, a choice has one wave a value, an inactive entry has none.

Source: Duvenaud, Nickisch and Rasmussen 2011, Additive Gaussian processes, section 3 (first order);
    cosines weighted by the spectral density of the kernel: Solin and Särkkä 2020, Hilbert space
    methods for reduced-rank Gaussian process regression, section 3; that of Matérn kernels:
    Rasmussen and Williams 2006, eq. 4.15.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from luthier.numerics._kernels import Layout

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_COUNT = 24
# Half of the variance is of slow waves, half of fast ones: what a single column does may have many
# valleys.
_LENGTHS = (0.1, 0.4)


def _amplitudes() -> Array:
    """Of cosines of 1, 2, … half periods a range; the squares average to 1 over the range."""
    frequency = np.pi * np.arange(1, _COUNT + 1)
    spectra = [(1.0 + (length * frequency) ** 2 / 5.0) ** -3 for length in _LENGTHS]
    return np.asarray(np.sqrt(2.0 * np.mean([one / one.sum() for one in spectra], axis=0)))


_AMPLITUDE = _amplitudes()


class Waves:
    """The waves of some columns.

    Args:
        shape: layout of all d columns.
        kept: which of them have waves, shape (d,).

    Attributes:
        groups: the column of each wave, shape (q,).
    """

    def __init__(self, shape: Layout, kept: Mask) -> None:
        number = kept & ~shape.is_choice
        self._numbers = np.flatnonzero(number)
        self._optional = np.flatnonzero(shape.optional[self._numbers])
        self._first = shape.first[self._numbers]
        self._pairs = self._first[self._optional]
        self._choices = np.flatnonzero((kept & shape.is_choice)[shape.groups])
        self.groups = np.concatenate(
            [np.tile(self._numbers, _COUNT), shape.groups[self._choices]]
        ).astype(np.int64)

    def at(self, points: Array) -> Array:
        """The waves at points, shape (n, m); shape (n, q)."""
        count, width = len(points), len(self._numbers)
        waves = np.empty((count, len(self.groups)))
        steps = waves[:, : _COUNT * width].reshape(count, _COUNT, width)
        x, on = self._positions(points)
        # Chebyshev: cos((k + 1) t) = 2 cos(t) cos(k t) - cos((k - 1) t).
        once = np.cos(np.pi * x)
        before, now = np.ones_like(once), once
        for k in range(_COUNT):
            np.multiply(now, _AMPLITUDE[k], out=steps[:, k])
            before, now = now, 2.0 * once * now - before
        if len(self._optional):
            steps *= on[:, None, :]
        waves[:, _COUNT * width :] = points[:, self._choices] * np.sqrt(2.0)
        return waves

    def slopes(self, point: Array) -> Array:
        """The derivative of each wave at a point, shape (m,), by the number of its column; 0 for
        choices and inactive numbers; shape (q,).
        """
        slopes = np.zeros(len(self.groups))
        x, on = self._positions(point[None])
        frequency = np.pi * np.arange(1, _COUNT + 1)[:, None]
        steep = -frequency * _AMPLITUDE[:, None] * np.sin(frequency * x) * on
        slopes[: steep.size] = steep.ravel()
        return slopes

    def by_features(self, slopes: Array, point: Array) -> Array:
        """Slopes by the numbers of the columns, shape (d,), as slopes by features, shape (m,)."""
        result = np.zeros(len(point))
        result[self._first] = slopes[self._numbers]
        # A number that may be inactive is an angle x of the features cos x and sin x.
        angle = slopes[self._numbers[self._optional]]
        result[self._pairs] = -point[self._pairs + 1] * angle
        result[self._pairs + 1] = point[self._pairs] * angle
        return result

    def _positions(self, points: Array) -> tuple[Array, Array]:
        """The numbers of the columns, and 1 where they are active, else 0."""
        x = points[:, self._first]
        on = np.ones(x.shape)
        if len(self._optional):
            cosine, sine = points[:, self._pairs], points[:, self._pairs + 1]
            x[:, self._optional] = np.arctan2(sine, cosine)
            on[:, self._optional] = (cosine != 0.0) | (sine != 0.0)
        return x, on
