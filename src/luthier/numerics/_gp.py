"""Gaussian process regression: fit of the hyperparameters, and the posterior at new rows.

In: features (see `_kernels`) and standardised targets. Out: hyperparameters as one vector
θ = (log length-scales (d,), log signal variance, log noise variance), and posteriors. With an
additive part (see `_additive`) the logs of the variances of its d columns follow, shape (d,).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import optimize

from luthier.numerics._additive import Waves
from luthier.numerics._kernels import (
    Layout,
    column_distances,
    matern52,
    matern52_with_slope,
    squared_distances,
)
from luthier.numerics._linalg import (
    Array,
    inverse_from_cholesky,
    safe_cholesky,
    solve_cholesky,
    solve_lower,
)

_FLOOR = 1e-6
_LENGTH_BOUNDS = (-4.0, 5.0)
_SIGNAL_BOUNDS = (-6.0, 4.0)
_NOISE_BOUNDS = (-13.0, 1.0)
_ALONE_BOUNDS = (-9.0, 4.0)
# A column whose own variance is less, as a share of all, has no additive part to speak of.
_FAINT = 1e-4
# What a step of the fit has to gain, relative to the log posterior: less is lost in its noise.
_PRECISION = 1e-5


@dataclass(frozen=True, slots=True)
class Belief:
    """Normal priors of the logarithms of the hyperparameters.

    Attributes:
        length: mean of log length-scales, in units of the range of a column.
        length_spread: their standard deviation about what is common to all columns.
        noise: mean of the log noise variance; the targets have variance one.
        noise_spread: its standard deviation.
        signal_spread: standard deviation of the log signal variance; its mean is 0.
        common_spread: standard deviation of the common part of log length-scales, which makes one
            column tell of the others; 0 leaves them independent.
        alone: mean of the log variance of all additive columns together.
        alone_spread: standard deviation of the log variance of each.
    """

    length: float = -0.25
    length_spread: float = 1.3
    noise: float = -5.0
    noise_spread: float = 2.0
    signal_spread: float = 1.0
    common_spread: float = 0.0
    alone: float = -2.0
    alone_spread: float = 1.5

    def start(self, size: int) -> Array:
        """Hyperparameters at the mean of the belief, for `size` columns; shape (size + 2,)."""
        return np.array([self.length] * size + [0.0, self.noise])

    def with_additive(self, theta: Array) -> Array:
        """θ of d columns with an additive part at the mean of the belief; shape (2 d + 2,)."""
        size = len(theta) - 2
        return np.concatenate([theta, np.full(size, self.alone - np.log(max(size, 1)))])

    def terms(self, theta: Array, size: int) -> tuple[float, Array]:
        """-log p(θ) up to a constant, and its gradient.

        Source: Gelman et al. 2013, Bayesian data analysis, section 5.4, normal values about a
            normal mean. With s and c the two spreads, and that mean integrated out, the lengths
            have the covariance s² I + c² 1 1ᵀ; its inverse by Sherman and Morrison 1950.
        """
        mean = self.start(size)
        spread = [self.length_spread] * size + [self.signal_spread, self.noise_spread]
        if len(theta) > size + 2:
            mean = self.with_additive(mean)
            spread += [self.alone_spread] * size
        standard = (theta - mean) / spread
        gradient = standard / np.array(spread)
        own, common = self.length_spread**2, self.common_spread**2
        share, pull = common / (own + size * common), float(gradient[:size].sum())
        gradient[:size] -= share * pull
        return 0.5 * float(standard @ standard) - 0.5 * own * share * pull**2, gradient


class Pairs(NamedTuple):
    """What a kernel needs to know of all pairs of n data.

    Attributes:
        layers: squared distances a column, shape (d, n * n).
        alone: the kernel of each column by itself, shape (d, n * n); None without an additive part.
    """

    layers: Array
    alone: Array | None = None


def pairs(points: Array, shape: Layout, *, additive: bool = False) -> Pairs:
    """What `negative_log_posterior` needs of `points`, shape (n, m)."""
    layers = column_distances(points, shape)
    if not additive:
        return Pairs(layers)
    waves = Waves(shape, np.ones(len(shape), np.bool_))
    values = waves.at(points)
    alone = np.empty((len(shape), len(points), len(points)))
    for column in range(len(shape)):
        own = values[:, waves.groups == column]
        np.matmul(own, own.T, out=alone[column])
    return Pairs(layers, alone.reshape(layers.shape))


def negative_log_posterior(
    theta: Array, data: Pairs, targets: Array, diagonal: Array, belief: Belief
) -> tuple[float, Array]:
    """-log p(y | θ) - log p(θ) up to a constant, and its gradient.

    Args:
        theta: shape (d + 2,), or (2 d + 2,) with an additive part.
        data: of all pairs, with the additive part if θ has one.
        targets: shape (n,).
        diagonal: known noise variance of each target, shape (n,).
        belief: priors of θ.

    Returns:
        value, and gradient of the shape of θ.

    Source: Rasmussen and Williams 2006, eq. 5.8 (value) and 5.9 (gradient).
    """
    size, count = len(data.layers), len(targets)
    weights = np.exp(-2.0 * theta[:size])
    signal, noise = np.exp(theta[size]), np.exp(theta[size + 1])
    unit, slope = matern52_with_slope((weights @ data.layers).reshape(count, count))
    kernel = signal * unit
    covariance = kernel.copy()
    alone = np.exp(theta[size + 2 :])
    if data.alone is not None:
        covariance += (alone @ data.alone).reshape(count, count)
    covariance.flat[:: count + 1] += noise + _FLOOR + diagonal
    lower = safe_cholesky(covariance)
    alpha = solve_cholesky(lower, targets)
    value = 0.5 * targets @ alpha + np.log(np.diag(lower)).sum()
    outer = inverse_from_cholesky(lower) - alpha[:, None] * alpha[None, :]
    gradient = np.empty_like(theta)
    # dr²/d(log ℓ) = -2 (x - z)² / ℓ², dk/dr² = -slope / 2.
    gradient[:size] = 0.5 * signal * weights * (data.layers @ (outer * slope).ravel())
    gradient[size] = 0.5 * np.vdot(outer, kernel)
    gradient[size + 1] = 0.5 * noise * np.trace(outer)
    if data.alone is not None:
        gradient[size + 2 :] = 0.5 * alone * (data.alone @ outer.ravel())
    penalty, scores = belief.terms(theta, size)
    return float(value + penalty), gradient + scores


class Fit(NamedTuple):
    """Fitted hyperparameters.

    Attributes:
        theta: shape (d + 2,), or (2 d + 2,) with an additive part.
        surprise: -log p(y, θ) up to a constant.
    """

    theta: Array
    surprise: float


def fit(
    data: Pairs,
    targets: Array,
    starts: Sequence[Array],
    *,
    belief: Belief,
    diagonal: Array | float = 0.0,
    iterations: int = 60,
) -> Fit:
    """The most probable hyperparameters.

    Args:
        data: of all pairs of n points.
        targets: standardised, shape (n,).
        starts: where to start from, each of shape (d + 2,), or (2 d + 2,) with an additive part.
        belief: priors.
        diagonal: known noise variance, added to the fitted one.
        iterations: of L-BFGS-B from each start.

    Source: Byrd et al. 1995, A limited memory algorithm for bound constrained optimization (through
        scipy).
    """
    size = len(data.layers)
    known = np.broadcast_to(np.asarray(diagonal, float), targets.shape)
    bounds = [_LENGTH_BOUNDS] * size + [_SIGNAL_BOUNDS, _NOISE_BOUNDS] + [_ALONE_BOUNDS] * size
    best = Fit(np.asarray(starts[0]), np.inf)
    for start in starts:
        found = optimize.minimize(
            negative_log_posterior,
            start,
            args=(data, targets, known, belief),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds[: len(start)],
            options={"maxiter": iterations, "ftol": _PRECISION},
        )
        if np.isfinite(found.fun) and found.fun < best.surprise:
            best = Fit(np.asarray(found.x), float(found.fun))
    return best


class Posterior:
    """A Gaussian process given data: mean and standard deviation at any row.

    Args:
        points: features, shape (n, m).
        shape: their layout.
        targets: standardised, shape (n,).
        theta: hyperparameters, shape (d + 2,), or (2 d + 2,) with an additive part.
        diagonal: known noise variance, added to the fitted one.
    """

    def __init__(
        self,
        points: Array,
        shape: Layout,
        targets: Array,
        theta: Array,
        *,
        diagonal: Array | float = 0.0,
    ) -> None:
        size = len(shape)
        # With √5 in the scale, squared distances come out as the kernel wants them.
        self._scale = np.sqrt(5.0) * np.exp(-theta[:size])[shape.groups]
        self._points = points * self._scale
        self.signal = float(np.exp(theta[size]))
        self.noise = float(np.exp(theta[size + 1])) + _FLOOR
        self._alone = _Alone.of(points, shape, np.exp(theta[size + 2 :]), self.signal)
        covariance = self._cross(points, None if self._alone is None else self._alone.values)
        covariance.flat[:: len(targets) + 1] += self.noise + np.asarray(diagonal)
        self._lower = safe_cholesky(covariance)
        self.alpha = solve_cholesky(self._lower, targets)
        self._targets = targets

    def _cross(self, points: Array, values: Array | None) -> Array:
        """The kernel of points (k, m) with the data; `values` are the waves of the points."""
        cross = matern52(squared_distances(points * self._scale, self._points))
        cross *= self.signal
        if self._alone is not None and values is not None:
            cross += values @ self._alone.weighted.T
        return cross

    def predict(self, points: Array) -> tuple[Array, Array]:
        """Mean and standard deviation of the noiseless function.

        Args:
            points: features, shape (k, m).

        Returns:
            two arrays of shape (k,).

        Source: Rasmussen and Williams 2006, eq. 2.25 and 2.26.
        """
        values = None if self._alone is None else self._alone.waves.at(points)
        cross = self._cross(points, values)
        mean = cross @ self.alpha
        reduced = solve_lower(self._lower, cross.T)
        variance = self.signal - np.einsum("ij,ij->j", reduced, reduced)
        if self._alone is not None and values is not None:
            variance += self._alone.variance(values)
        return mean, np.sqrt(np.maximum(variance, 1e-12))

    def gradient(self, point: Array) -> tuple[float, float, Array, Array]:
        """Mean and standard deviation at one point, and the gradients of both by its features.

        Args:
            point: features, shape (m,).

        Returns:
            mean, deviation, and two arrays of shape (m,).

        Source: the derivatives of Rasmussen and Williams 2006, eq. 2.25 and 2.26.
        """
        difference = point * self._scale - self._points
        scaled = np.einsum("ij,ij->i", difference, difference)
        root = np.sqrt(scaled)
        decay = self.signal * np.exp(-root)
        cross = (1.0 + root + scaled / 3.0) * decay
        # With s² = 5 r²: dk/d(s²) = -(1 + s) exp(-s) / 6, and s² has the gradient 2 (x - z) scale.
        weight = -(1.0 + root) * decay / 3.0
        prior = self.signal
        if self._alone is not None:
            values = self._alone.waves.at(point[None])
            cross += self._alone.weighted @ values[0]
            prior += float(self._alone.variance(values)[0])
        solved = solve_cholesky(self._lower, cross)
        deviation = float(np.sqrt(max(prior - cross @ solved, 1e-12)))
        mean_slope = self._scale * ((weight * self.alpha) @ difference)
        variance_slope = -2.0 * self._scale * ((weight * solved) @ difference)
        if self._alone is not None:
            mean_slope += self._alone.slope(point, self.alpha)
            variance_slope += 2.0 * self._alone.slope(point, -solved, values[0])
        return float(cross @ self.alpha), deviation, mean_slope, variance_slope / (2.0 * deviation)

    def leave_one_out(self) -> tuple[Array, Array]:
        """Mean and standard deviation of each target predicted from all others; two arrays of shape
        (n,).

        Source: Rasmussen and Williams 2006, eq. 5.12.
        """
        precision = np.diag(inverse_from_cholesky(self._lower))
        return self._targets - self.alpha / precision, np.sqrt(1.0 / precision)


@dataclass(frozen=True, slots=True, eq=False)
class _Alone:
    """The additive part of a posterior.

    Attributes:
        waves: of the columns that matter.
        variances: of each wave, shape (q,).
        values: waves of the data, shape (n, q).
        weighted: the same times their variances.
    """

    waves: Waves
    variances: Array
    values: Array
    weighted: Array

    @classmethod
    def of(cls, points: Array, shape: Layout, variances: Array, signal: float) -> _Alone | None:
        """The additive part; None where there is none to speak of."""
        kept = variances > _FAINT * (signal + variances.sum())
        if not kept.any():
            return None
        waves = Waves(shape, kept)
        each = variances[waves.groups]
        values = waves.at(points)
        return cls(waves, each, values, values * each)

    def variance(self, values: Array) -> Array:
        """The prior variance of rows with waves (k, q); shape (k,)."""
        return np.asarray((values * values) @ self.variances)

    def slope(self, point: Array, coefficients: Array, values: Array | None = None) -> Array:
        """The gradient by the features (m,) of the kernel of a point with the data, times
        coefficients (n,); and, with its own waves (q,), half of that of its own variance.
        """
        pull = coefficients @ self.weighted
        if values is not None:
            pull = pull + values * self.variances
        each = self.waves.slopes(point) * pull
        by_column = np.zeros(len(point))
        np.add.at(by_column, self.waves.groups, each)
        return self.waves.by_features(by_column, point)
