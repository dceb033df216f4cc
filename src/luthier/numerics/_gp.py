"""Gaussian process regression: fit of the hyperparameters, and the posterior at new rows.

In: features (see `_kernels`) and standardised targets. Out: hyperparameters as one vector
θ = (log length-scales (d,), log signal variance, log noise variance), and posteriors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from luthier.numerics._kernels import (
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
_SIGNAL_BOUNDS = (-4.0, 4.0)
_NOISE_BOUNDS = (-13.0, 1.0)


@dataclass(frozen=True, slots=True)
class Belief:
    """Normal priors of the logarithms of the hyperparameters.

    Attributes:
        length: mean of log length-scales, in units of the range of a column.
        length_spread: their standard deviation.
        noise: mean of the log noise variance; the targets have variance one.
        noise_spread: its standard deviation.
        signal_spread: standard deviation of the log signal variance; its mean is 0.
    """

    length: float = -0.25
    length_spread: float = 1.3
    noise: float = -5.0
    noise_spread: float = 2.0
    signal_spread: float = 1.0

    def start(self, size: int) -> Array:
        """Hyperparameters at the mean of the belief, for `size` columns; shape (size + 2,)."""
        return np.array([self.length] * size + [0.0, self.noise])


def negative_log_posterior(
    theta: Array, layers: Array, targets: Array, diagonal: Array, belief: Belief
) -> tuple[float, Array]:
    """-log p(y | θ) - log p(θ) up to a constant, and its gradient.

    Args:
        theta: shape (d + 2,).
        layers: squared distances a column, shape (d, n * n).
        targets: shape (n,).
        diagonal: known noise variance of each target, shape (n,).
        belief: priors of θ.

    Returns:
        value, and gradient of shape (d + 2,).

    Source: Rasmussen and Williams 2006, eq. 5.8 (value) and 5.9 (gradient).
    """
    size, count = len(theta) - 2, len(targets)
    weights = np.exp(-2.0 * theta[:size])
    signal, noise = np.exp(theta[size]), np.exp(theta[size + 1])
    unit, slope = matern52_with_slope((weights @ layers).reshape(count, count))
    kernel = signal * unit
    covariance = kernel.copy()
    covariance.flat[:: count + 1] += noise + _FLOOR + diagonal
    lower = safe_cholesky(covariance)
    alpha = solve_cholesky(lower, targets)
    value = 0.5 * targets @ alpha + np.log(np.diag(lower)).sum()
    outer = inverse_from_cholesky(lower) - alpha[:, None] * alpha[None, :]
    gradient = np.empty_like(theta)
    # dr²/d(log ℓ) = -2 (x - z)² / ℓ², dk/dr² = -slope / 2.
    gradient[:size] = 0.5 * signal * weights * (layers @ (outer * slope).ravel())
    gradient[size] = 0.5 * np.vdot(outer, kernel)
    gradient[size + 1] = 0.5 * noise * np.trace(outer)
    scores, penalty = _belief_terms(theta, belief)
    return float(value + penalty), gradient + scores


def _belief_terms(theta: Array, belief: Belief) -> tuple[Array, float]:
    size = len(theta) - 2
    mean = belief.start(size)
    spread = np.array([belief.length_spread] * size + [belief.signal_spread, belief.noise_spread])
    standard = (theta - mean) / spread
    return standard / spread, 0.5 * float(standard @ standard)


def fit(
    points: Array,
    groups: NDArray[np.int64],
    targets: Array,
    starts: Sequence[Array],
    *,
    belief: Belief,
    diagonal: Array | float = 0.0,
    iterations: int = 60,
) -> Array:
    """The most probable hyperparameters.

    Args:
        points: features, shape (n, m).
        groups: column of each feature, shape (m,); column numbers below d.
        targets: standardised, shape (n,).
        starts: where to start from, each of shape (d + 2,).
        belief: priors.
        diagonal: known noise variance, added to the fitted one.
        iterations: of L-BFGS-B from each start.

    Returns:
        θ, shape (d + 2,).

    Source: Byrd et al. 1995, A limited memory algorithm for bound constrained optimization (through
        scipy).
    """
    size = len(starts[0]) - 2
    layers = column_distances(points, groups, size)
    known = np.broadcast_to(np.asarray(diagonal, float), targets.shape)
    bounds = [_LENGTH_BOUNDS] * size + [_SIGNAL_BOUNDS, _NOISE_BOUNDS]
    best: optimize.OptimizeResult | None = None
    for start in starts:
        found = optimize.minimize(
            negative_log_posterior,
            start,
            args=(layers, targets, known, belief),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": iterations},
        )
        if np.isfinite(found.fun) and (best is None or found.fun < best.fun):
            best = found
    return np.asarray(best.x) if best is not None else np.asarray(starts[0])


class Posterior:
    """A Gaussian process given data: mean and standard deviation at any row.

    Args:
        points: features, shape (n, m).
        groups: column of each feature, shape (m,).
        targets: standardised, shape (n,).
        theta: hyperparameters, shape (d + 2,).
        diagonal: known noise variance, added to the fitted one.
    """

    def __init__(
        self,
        points: Array,
        groups: NDArray[np.int64],
        targets: Array,
        theta: Array,
        *,
        diagonal: Array | float = 0.0,
    ) -> None:
        # With √5 in the scale, squared distances come out as the kernel wants them.
        self._scale = np.sqrt(5.0) * np.exp(-theta[:-2])[groups]
        self._points = points * self._scale
        self.signal = float(np.exp(theta[-2]))
        self.noise = float(np.exp(theta[-1])) + _FLOOR
        covariance = matern52(squared_distances(self._points, self._points))
        covariance *= self.signal
        covariance.flat[:: len(targets) + 1] += self.noise + np.asarray(diagonal)
        self._lower = safe_cholesky(covariance)
        self.alpha = solve_cholesky(self._lower, targets)
        self._targets = targets

    def predict(self, points: Array) -> tuple[Array, Array]:
        """Mean and standard deviation of the noiseless function.

        Args:
            points: features, shape (k, m).

        Returns:
            two arrays of shape (k,).

        Source: Rasmussen and Williams 2006, eq. 2.25 and 2.26.
        """
        cross = matern52(squared_distances(points * self._scale, self._points))
        cross *= self.signal
        mean = cross @ self.alpha
        reduced = solve_lower(self._lower, cross.T)
        variance = self.signal - np.einsum("ij,ij->j", reduced, reduced)
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
        solved = solve_cholesky(self._lower, cross)
        deviation = float(np.sqrt(max(self.signal - cross @ solved, 1e-12)))
        mean_slope = self._scale * ((weight * self.alpha) @ difference)
        deviation_slope = -self._scale * ((weight * solved) @ difference) / deviation
        return float(cross @ self.alpha), deviation, mean_slope, deviation_slope

    def leave_one_out(self) -> tuple[Array, Array]:
        """Mean and standard deviation of each target predicted from all others; two arrays of shape
        (n,).

        Source: Rasmussen and Williams 2006, eq. 5.12.
        """
        precision = np.diag(inverse_from_cholesky(self._lower))
        return self._targets - self.alpha / precision, np.sqrt(1.0 / precision)
