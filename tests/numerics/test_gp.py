"""The Gaussian process against closed forms, finite differences and brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.numerics import _gp
from luthier.numerics._kernels import (
    Columns,
    column_distances,
    features,
    layout,
    matern52,
    matern52_with_slope,
    squared_distances,
)
from luthier.numerics._linalg import inverse_from_cholesky, safe_cholesky, solve_cholesky

PLAIN = Columns(np.zeros(3, int), np.zeros(3), np.zeros(3, bool))
MIXED = Columns(np.array([0, 3, 0]), np.zeros(3), np.array([False, True, True]))


def _kernel(a, b, lengths, signal):
    r = np.sqrt((((a[:, None] - b[None]) / lengths) ** 2).sum(-1))
    return signal * (1 + np.sqrt(5) * r + 5 / 3 * r**2) * np.exp(-np.sqrt(5) * r)


def test_the_posterior_is_that_of_the_textbook():
    rng = np.random.default_rng(0)
    x, z, y = rng.random((9, 3)), rng.random((5, 3)), rng.standard_normal(9)
    lengths, signal, noise = np.array([0.3, 1.0, 2.0]), 1.7, 0.01
    theta = np.log([*lengths, signal, noise])
    mean, deviation = _gp.Posterior(x, layout(PLAIN), y, theta).predict(z)
    inverse = np.linalg.inv(_kernel(x, x, lengths, signal) + (noise + 1e-6) * np.eye(9))
    cross = _kernel(z, x, lengths, signal)
    assert mean == pytest.approx(cross @ inverse @ y, rel=1e-8)
    variance = signal - np.einsum("ij,jk,ik->i", cross, inverse, cross)
    assert deviation**2 == pytest.approx(variance, rel=1e-6)


def test_without_noise_the_data_are_met():
    rng = np.random.default_rng(1)
    x, y = rng.random((8, 3)), rng.standard_normal(8)
    theta = np.array([-1.0, -1.0, -1.0, 0.0, -13.0])
    mean, deviation = _gp.Posterior(x, layout(PLAIN), y, theta).predict(x)
    assert mean == pytest.approx(y, abs=1e-4)
    assert deviation == pytest.approx(np.zeros(8), abs=5e-3)


@pytest.mark.parametrize("common", [0.0, 0.8])
@pytest.mark.parametrize("additive", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_the_gradient_of_the_fit_agrees_with_finite_differences(seed, additive, common):
    rng = np.random.default_rng(seed)
    rows = rng.random((15, 3))
    rows[:, 1] = rng.integers(3, size=15)
    active = np.column_stack([np.ones(15, bool), rng.random((15, 2)) < 0.7])
    points = features(rows, active, MIXED)
    data = _gp.pairs(points, layout(MIXED), additive=additive)
    targets, known = rng.standard_normal(15), rng.random(15) * 0.1
    theta = rng.normal(-0.5, 0.5, 8 if additive else 5)
    belief = _gp.Belief(common_spread=common)

    def value(t):
        return _gp.negative_log_posterior(t, data, targets, known, belief)

    _, gradient = value(theta)
    for j in range(len(theta)):
        step = np.zeros(len(theta))
        step[j] = 1e-5
        numeric = (value(theta + step)[0] - value(theta - step)[0]) / 2e-5
        assert gradient[j] == pytest.approx(numeric, rel=1e-4, abs=1e-6)


def test_the_value_of_the_fit_is_the_marginal_likelihood():
    rng = np.random.default_rng(4)
    x, y = rng.random((7, 3)), rng.standard_normal(7)
    flat = _gp.Belief(0.0, 1e6, 0.0, 1e6, 1e6)
    values = []
    for theta in (np.zeros(5), np.array([0.5, -1.0, 0.2, 0.3, -2.0])):
        covariance = _kernel(x, x, np.exp(theta[:3]), np.exp(theta[3]))
        covariance += (np.exp(theta[4]) + 1e-6) * np.eye(7)
        plain = 0.5 * y @ np.linalg.solve(covariance, y) + 0.5 * np.linalg.slogdet(covariance)[1]
        data = _gp.pairs(x, layout(PLAIN))
        found, _ = _gp.negative_log_posterior(theta, data, y, np.zeros(7), flat)
        values.append(found - plain)
    assert values == pytest.approx([0, 0], abs=1e-6)


def test_columns_with_a_common_part_are_believed_in_as_correlated_normals():
    belief = _gp.Belief(length_spread=0.5, common_spread=0.8)
    covariance = np.diag([0.25] * 3 + [belief.signal_spread**2, belief.noise_spread**2])
    covariance[:3, :3] += 0.64
    theta = np.random.default_rng(6).standard_normal(5)
    away = theta - belief.start(3)
    value, gradient = belief.terms(theta, 3)
    assert value == pytest.approx(0.5 * away @ np.linalg.solve(covariance, away))
    assert gradient == pytest.approx(np.linalg.solve(covariance, away))


def test_with_a_common_part_one_column_tells_of_another():
    rng = np.random.default_rng(7)
    # Of the third column, constant, the data say nothing.
    x = rng.random((30, 3)) * [1.0, 1.0, 0.0]
    y = np.sin(12 * x[:, 0]) + np.sin(12 * x[:, 1])
    y = (y - y.mean()) / y.std()
    found = []
    for belief in (_gp.Belief(), _gp.Belief(length_spread=0.5, common_spread=0.8)):
        data = _gp.pairs(x, layout(PLAIN))
        found.append(_gp.fit(data, y, [belief.start(3)], belief=belief).theta[2])
    assert found[0] == pytest.approx(_gp.Belief().length, abs=1e-3)
    assert found[1] < found[0] - 0.3


def test_fitting_finds_which_column_matters():
    rng = np.random.default_rng(5)
    x = rng.random((40, 3))
    y = np.sin(7 * x[:, 1])
    y = (y - y.mean()) / y.std()
    theta = _gp.fit(
        _gp.pairs(x, layout(PLAIN)), y, [_gp.Belief().start(3)], belief=_gp.Belief()
    ).theta
    assert theta[1] < theta[0] - 1
    assert theta[1] < theta[2] - 1
    assert theta[4] < -5


def test_fitting_finds_the_noise():
    rng = np.random.default_rng(6)
    x = rng.random((120, 3))
    y = np.sin(3 * x[:, 0]) + rng.normal(0, 0.3, 120)
    scale = y.std()
    theta = _gp.fit(
        _gp.pairs(x, layout(PLAIN)), y / scale, [_gp.Belief().start(3)], belief=_gp.Belief()
    ).theta
    assert np.exp(theta[4] / 2) * scale == pytest.approx(0.3, rel=0.25)


def test_leaving_one_out_is_what_its_name_says():
    rng = np.random.default_rng(7)
    x, y = rng.random((8, 3)), rng.standard_normal(8)
    theta = np.array([-0.5, 0.0, 0.5, 0.2, -3.0])
    mean, deviation = _gp.Posterior(x, layout(PLAIN), y, theta).leave_one_out()
    for i in range(8):
        rest = np.arange(8) != i
        left = _gp.Posterior(x[rest], layout(PLAIN), y[rest], theta)
        expected, spread = left.predict(x[i : i + 1])
        assert mean[i] == pytest.approx(expected[0], rel=1e-6)
        assert deviation[i] ** 2 == pytest.approx(spread[0] ** 2 + left.noise, rel=1e-6)


def test_distances_of_features_are_those_that_are_meant():
    rows = np.array([[0.2, 1.0, 0.5], [0.7, 2.0, 0.9], [0.7, 2.0, 0.1], [0.2, 0.0, 0.5]])
    active = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0], [1, 1, 1]], bool)
    points = features(rows, active, MIXED)
    layers = column_distances(points, layout(MIXED)).reshape(3, 4, 4)
    assert layers[0, 0, 1] == pytest.approx(0.25)
    assert layers[1, 0, 1] == pytest.approx(1.0)  # other choices
    assert layers[1, 1, 2] == pytest.approx(0.5)  # a choice against none
    assert layers[2, 0, 1] == pytest.approx(1.0)  # a number against none, whatever the number
    assert layers[2, 1, 2] == 0.0  # none against none, whatever stands there
    assert layers[2, 0, 3] == 0.0
    assert layers.sum(0) == pytest.approx(squared_distances(points, points), abs=1e-12)


def test_both_forms_of_the_kernel_agree():
    squared = np.linspace(0, 9, 50)
    kernel, slope = matern52_with_slope(squared)
    assert matern52(5 * squared) == pytest.approx(kernel)
    numeric = np.gradient(kernel, squared)
    assert -slope[2:-2] / 2 == pytest.approx(numeric[2:-2], rel=0.05)


@settings(max_examples=30)
@given(st.integers(1, 12), st.integers(0, 99), st.floats(1e-150, 1e150))
def test_factors_solve_and_invert(size, seed, scale):
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((size, size))
    matrix = scale * (root @ root.T + np.eye(size))
    lower = safe_cholesky(matrix)
    assert lower @ lower.T == pytest.approx(matrix, rel=1e-8, abs=1e-8 * scale)
    assert inverse_from_cholesky(lower) @ matrix == pytest.approx(np.eye(size), abs=1e-6)
    assert matrix @ solve_cholesky(lower, np.ones(size)) == pytest.approx(np.ones(size), abs=1e-5)


def test_a_singular_matrix_gets_a_factor_nearby():
    lower = safe_cholesky(np.ones((6, 6)))
    assert np.isfinite(lower).all()
    assert lower @ lower.T == pytest.approx(np.ones((6, 6)), abs=1e-6)


def test_data_at_one_point_are_no_obstacle():
    x, y = np.full((6, 3), 0.5), np.array([1.0, -1.0, 0.5, 0.0, -0.5, 0.0])
    theta = _gp.fit(
        _gp.pairs(x, layout(PLAIN)), y, [_gp.Belief().start(3)], belief=_gp.Belief()
    ).theta
    mean, deviation = _gp.Posterior(x, layout(PLAIN), y, theta).predict(x[:1])
    assert np.isfinite(mean).all()
    assert np.isfinite(deviation).all()
