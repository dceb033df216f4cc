"""Cholesky factors that never fail, however badly scaled the matrix is.

In: symmetric matrices of kernels, shape (n, n). Out: lower triangular factors.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

Array = NDArray[np.float64]

_FIRST_JITTER = 1e-10
_LAST_JITTER = 1e2


def safe_cholesky(matrix: Array) -> Array:
    """The lower factor L of `matrix` = L Lᵀ, with as little added to the diagonal as makes it
    positive definite.

    Args:
        matrix: symmetric, shape (n, n), finite.

    Returns:
        L, shape (n, n).

    Source: Golub and Van Loan 2013, Matrix Computations, section 4.2.7 (adding to the diagonal
        until it succeeds).
    """
    scale = float(np.mean(np.diag(matrix))) or 1.0
    jitter = 0.0
    while True:
        lower, info = linalg.lapack.dpotrf(
            matrix + jitter * scale * np.eye(len(matrix)) if jitter else matrix, lower=1, clean=1
        )
        if info == 0:
            return np.asarray(lower)
        if jitter > _LAST_JITTER:
            return np.eye(len(matrix)) * math.sqrt(scale)
        jitter = 10 * jitter if jitter else _FIRST_JITTER


def inverse_from_cholesky(lower: Array) -> Array:
    """The inverse of L Lᵀ, both triangles filled; `lower` has shape (n, n)."""
    # The other triangle of what `safe_cholesky` gives is zero, and stays so.
    half, _ = linalg.lapack.dpotri(lower, lower=1)
    inverse = half + half.T
    inverse.flat[:: len(lower) + 1] *= 0.5
    return np.asarray(inverse, np.float64)


def solve_cholesky(lower: Array, right: Array) -> Array:
    """The x of L Lᵀ x = right; `lower` has shape (n, n), `right` (n,) or (n, k)."""
    solution = np.asarray(linalg.lapack.dpotrs(lower, right, lower=1)[0], np.float64)
    return solution.reshape(right.shape)


def solve_lower(lower: Array, right: Array) -> Array:
    """The x of L x = right, which may be overwritten; `lower` (n, n), `right` (n, k)."""
    return np.asarray(linalg.blas.dtrsm(1.0, lower, right, lower=1, overwrite_b=1))
