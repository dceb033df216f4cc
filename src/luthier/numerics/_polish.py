"""The last digits of a promising row: gradient ascent of log expected improvement over its numbers.

In: a posterior and one row. Out: a row nearby that promises at least as much; choices and steps
stay as they are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from luthier.numerics._acquisition import log_expected_improvement
from luthier.numerics._gp import Posterior
from luthier.numerics._kernels import Columns, feature_gradient, features

# Steps finer than this are followed as if there were none; the row is snapped afterwards.
_FINE = 0.01
# What a step has to gain in log expected improvement, relative to it.
_PRECISION = 1e-4

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def polished(
    row: Array,
    active: Mask,
    columns: Columns,
    posterior: Posterior,
    best: float,
    *,
    iterations: int = 20,
) -> Array:
    """The row after some steps of L-BFGS-B in its active continuous columns.

    Args:
        row: shape (d,).
        active: which entries count, shape (d,).
        columns: the d columns.
        posterior: of the targets.
        best: target to improve on.
        iterations: at most so many steps.

    Returns:
        shape (d,).
    """
    free = np.flatnonzero(active & ~columns.is_choice & (columns.step < _FINE))
    if not len(free):
        return row

    def loss(numbers: Array) -> tuple[float, Array]:
        moved = row.copy()
        moved[free] = numbers
        value, gradient = log_improvement_gradient(moved, active, columns, posterior, best)
        return -value, -gradient[free]

    found = optimize.minimize(
        loss,
        row[free],
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, 1.0)] * len(free),
        options={"maxiter": iterations, "maxfun": 2 * iterations, "ftol": _PRECISION},
    )
    result = row.copy()
    result[free] = np.clip(found.x, 0.0, 1.0)
    return result


def log_improvement_gradient(
    row: Array, active: Mask, columns: Columns, posterior: Posterior, best: float
) -> tuple[float, Array]:
    """Log expected improvement at one row, and its gradient by the numbers of the row.

    Args:
        row: shape (d,).
        active: which entries count, shape (d,).
        columns: the d columns.
        posterior: of the targets.
        best: target to improve on.

    Returns:
        value, and gradient of shape (d,), 0 for choices and inactive entries.

    Source: the gradient of Ament et al. 2023, eq. 8: with log EI = log h(z) + log σ and
        z = (best - μ) / σ it is Φ(z) / h(z) dz + dσ / σ.
    """
    point = features(row[None], active[None], columns)[0]
    mean, deviation, mean_slope, deviation_slope = posterior.gradient(point)
    z = (best - mean) / deviation
    value = float(log_expected_improvement(np.array([mean]), np.array([deviation]), best)[0])
    ratio = np.exp(special.log_ndtr(z) - (value - np.log(deviation)))
    slope = (-ratio * (mean_slope + z * deviation_slope) + deviation_slope) / deviation
    return value, feature_gradient(slope, row, active, columns)
