"""The part of a kernel in which columns do not interact."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.numerics import _gp
from luthier.numerics._additive import Waves
from luthier.numerics._kernels import Columns, features, layout
from luthier.numerics._surrogate import Hyperparameters
from luthier.numerics._warps import standardise

MIXED = Columns(np.array([0, 3, 0]), np.zeros(3), np.array([False, True, True]))
SHAPE = layout(MIXED)
EVERY = np.ones(3, bool)


def _rows(count, seed=0):
    rng = np.random.default_rng(seed)
    rows = rng.random((count, 3))
    rows[:, 1] = rng.integers(3, size=count)
    active = np.column_stack([np.ones(count, bool), rng.random((count, 2)) < 0.7])
    return rows, active


def test_waves_of_numbers_are_cosines_of_the_number_itself():
    rows, active = _rows(20)
    waves = Waves(SHAPE, EVERY)
    values = waves.at(features(rows, active, MIXED))
    for column in (0, 2):
        own = values[:, waves.groups == column]
        shape = np.cos(np.pi * np.arange(1, own.shape[1] + 1) * rows[:, column, None])
        on = active[:, column]
        amplitude = own[on] / shape[on]
        assert amplitude == pytest.approx(np.tile(amplitude[0], (on.sum(), 1)), rel=1e-6)
        assert (own[~on] == 0.0).all()


def test_choices_share_nothing_and_have_variance_one():
    rows, active = _rows(20)
    waves = Waves(SHAPE, EVERY)
    own = waves.at(features(rows, active, MIXED))[:, waves.groups == 1]
    same = (rows[:, 1, None] == rows[:, 1]) & active[:, 1, None] & active[:, 1]
    assert own @ own.T == pytest.approx(same.astype(float))


def test_the_variance_of_a_number_is_one_on_average():
    plain = Columns(np.zeros(1, int), np.zeros(1), np.zeros(1, bool))
    values = Waves(layout(plain), np.ones(1, bool)).at(np.linspace(0, 1, 501)[:, None])
    assert np.mean((values**2).sum(1)) == pytest.approx(1.0, rel=0.01)


@pytest.mark.parametrize("seed", range(3))
def test_slopes_of_the_posterior_agree_with_finite_differences(seed):
    rows, active = _rows(12, seed)
    points = features(rows, active, MIXED)
    rng = np.random.default_rng(seed)
    theta = np.concatenate([rng.normal(-0.3, 0.3, 4), [-5.0], rng.normal(-1.0, 0.5, 3)])
    posterior = _gp.Posterior(points, SHAPE, rng.standard_normal(12), theta)
    row, on = np.array([[0.31, 1.0, 0.62]]), np.ones((1, 3), bool)
    mean, deviation, *slopes = posterior.gradient(features(row, on, MIXED)[0])
    values = posterior.predict(features(row, on, MIXED))
    assert (mean, deviation) == (pytest.approx(values[0][0]), pytest.approx(values[1][0]))
    # The third column is an angle: a step of it moves two features.
    for column, direction in ((0, {0: 1.0}), (2, {4: -np.sin(0.62), 5: np.cos(0.62)})):
        after, before = row.copy(), row.copy()
        after[0, column] += 1e-6
        before[0, column] -= 1e-6
        ends = [posterior.predict(features(r, on, MIXED)) for r in (after, before)]
        for which in (0, 1):
            numeric = (ends[0][which][0] - ends[1][which][0]) / 2e-6
            found = sum(slopes[which][i] * weight for i, weight in direction.items())
            assert found == pytest.approx(numeric, rel=1e-4, abs=1e-5)


def test_a_sum_of_columns_is_seen_and_carried_far():
    """With 40 data of a sum of five bumpy functions, points far from all data are foretold."""
    five = Columns(np.zeros(5, int), np.zeros(5), np.zeros(5, bool))
    rng = np.random.default_rng(2)
    x, z = rng.random((60, 5)), rng.random((200, 5))
    bumpy = lambda rows: np.sin(9 * rows).sum(1)  # noqa: E731
    y = bumpy(x)
    targets = (y - y.mean()) / y.std()
    theta = Hyperparameters(_gp.Belief()).at(x, layout(five), lambda k: standardise(y[:k]))
    assert len(theta) == 12
    error = {}
    for name, part in (("with", theta), ("without", theta[:7])):
        mean, _ = _gp.Posterior(x, layout(five), targets, part).predict(z)
        error[name] = np.std(mean * y.std() + y.mean() - bumpy(z))
    assert error["with"] < 0.5 * bumpy(z).std()
    assert error["with"] < error["without"]


def test_an_interaction_is_left_to_the_product():
    two = Columns(np.zeros(2, int), np.zeros(2), np.zeros(2, bool))
    x = np.random.default_rng(3).random((40, 2))
    y = (x[:, 0] - 0.5) * (x[:, 1] - 0.5)
    theta = Hyperparameters(_gp.Belief()).at(x, layout(two), lambda k: standardise(y[:k]))
    assert len(theta) == 4
