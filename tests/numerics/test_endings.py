"""Forecasts of curves."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.numerics._endings import as_log, forecast


def test_power_laws_are_followed_to_their_ends():
    rates = np.linspace(0.2, 0.8, 12)
    steps = 2.0 ** np.arange(6)
    costs = steps ** -rates[:, None]
    level = np.full(12, 5)
    known = costs.copy()
    known[8:, 3:] = np.nan
    level[8:] = 2
    mean, spread = forecast(as_log(known), level)
    assert np.allclose(mean[:8], np.log(costs[:8, -1]))
    assert (spread[:8] == 0).all()
    off = np.abs(mean[8:] - np.log(costs[8:, -1]))
    assert (off < 3.5 * spread[8:]).all()
    assert (np.diff(mean[8:]) < 0).all()


def test_uncertainty_shrinks_on_the_way():
    z = np.linspace(1.0, 0.0, 5)[None, :].repeat(5, 0)
    for row in range(5):
        z[row, row + 1 :] = np.nan
    _, spread = forecast(z, np.arange(5))
    assert (np.diff(spread) < 0).all()


@pytest.mark.parametrize("shift", [0.0, -5.0])
def test_what_is_not_finite_counts_as_bad(shift):
    costs = np.array([[1.0, 0.5], [2.0, np.inf], [np.inf, np.inf], [3.0, np.nan]]) + shift
    z = as_log(costs)
    assert np.isfinite(z[~np.isnan(costs)]).all()
    assert np.isnan(z[3, 1])
    assert z[1, 1] >= z[0, 0]
