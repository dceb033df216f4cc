"""Gradients agree with finite differences, and ascent never descends."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.numerics._gp import Posterior
from luthier.numerics._kernels import Columns, features, layout
from luthier.numerics._polish import log_improvement_gradient, polished

COLUMNS = Columns(
    choices=np.array([0, 3, 0, 0]),
    step=np.array([0.0, 0.0, 0.0, 0.1]),
    optional=np.array([False, False, True, False]),
)


def _posterior(rng):
    rows = rng.random((12, 4))
    rows[:, 1] = rng.integers(3, size=12)
    active = np.ones((12, 4), bool)
    active[:, 2] = rows[:, 1] > 0
    theta = np.log([0.4, 0.9, 0.5, 0.7, 1.2, 1e-3])
    points = features(rows, active, COLUMNS)
    targets = rng.standard_normal(12)
    return Posterior(points, layout(COLUMNS), targets, theta), float(targets.min())


@pytest.mark.parametrize("seed", range(4))
def test_the_gradient_agrees_with_finite_differences(seed):
    rng = np.random.default_rng(seed)
    posterior, best = _posterior(rng)
    row = np.array([0.3, float(seed % 3), 0.6, 0.45])
    active = np.array([True, True, seed % 3 > 0, True])
    _, gradient = log_improvement_gradient(row, active, COLUMNS, posterior, best)
    step = 1e-5
    for j in (0, 2, 3):
        ahead, behind = row.copy(), row.copy()
        ahead[j] += step
        behind[j] -= step
        up, _ = log_improvement_gradient(ahead, active, COLUMNS, posterior, best)
        down, _ = log_improvement_gradient(behind, active, COLUMNS, posterior, best)
        assert gradient[j] == pytest.approx((up - down) / (2 * step), rel=1e-4, abs=1e-5)
    assert gradient[1] == 0


@pytest.mark.parametrize("seed", range(4))
def test_polishing_promises_no_less_and_moves_only_continuous_numbers(seed):
    rng = np.random.default_rng(seed)
    posterior, best = _posterior(rng)
    row = np.array([0.3, 1.0, 0.6, 0.45])
    active = np.ones(4, bool)
    after = polished(row, active, COLUMNS, posterior, best)
    before_value, _ = log_improvement_gradient(row, active, COLUMNS, posterior, best)
    after_value, _ = log_improvement_gradient(after, active, COLUMNS, posterior, best)
    assert after_value > before_value
    assert after[1] == row[1]
    assert after[3] == row[3]
    assert np.all((after >= 0) & (after[[0, 2, 3]].max() <= 1))
