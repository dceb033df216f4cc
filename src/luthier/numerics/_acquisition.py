"""How much a row promises, from the posterior mean and standard deviation there; always to be
maximised.

Targets are minimised. In: arrays of shape (k,). Out: the same shape.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]

_LOG_ROOT_2PI = 0.5 * np.log(2.0 * np.pi)


def log_expected_improvement(mean: Array, deviation: Array, best: float) -> Array:
    """The logarithm of E[max(best - f, 0)] with f ~ N(mean, deviation²), exact far into the tail.

    Args:
        mean: shape (k,).
        deviation: positive, shape (k,).
        best: value to improve on.

    Source: Ament et al. 2023, Unexpected improvements to expected improvement, eq. 9 and appendix
        A.1: log h(z) with h(z) = φ(z) + z Φ(z), computed through erfcx below z = -1 and by 1/z²
        beyond z = -1e5.
    """
    z = (best - mean) / deviation
    near = np.maximum(z, -1.0)
    plain = np.log(np.exp(-0.5 * near * near - _LOG_ROOT_2PI) + near * special.ndtr(near))
    far = np.minimum(z, -1.0)
    # 1 + z Φ(z)/φ(z), which loses all digits to cancellation in the far tail, where it tends to
    # 1/z².
    mills = np.sqrt(0.5 * np.pi) * special.erfcx(-far / np.sqrt(2.0))
    ratio = np.where(far > -1e5, np.maximum(1.0 + far * mills, 1e-300), 1.0 / (far * far))
    tail = -0.5 * far * far - _LOG_ROOT_2PI + np.log(ratio)
    return np.asarray(np.where(z > -1.0, plain, tail) + np.log(deviation))


def negative_lower_bound(mean: Array, deviation: Array, beta: float) -> Array:
    """-(mean - beta deviation): large where the function may be low.

    Source: Srinivas et al. 2010, Gaussian process optimization in the bandit setting, eq. 6 (for
        minimisation).
    """
    return np.asarray(beta * deviation - mean)


def log_probability_below(mean: Array, deviation: Array, border: float) -> Array:
    """The logarithm of P(f < border) with f ~ N(mean, deviation²); shape (k,)."""
    return np.asarray(special.log_ndtr((border - mean) / deviation))
