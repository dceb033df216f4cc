"""Acquisitions against sampling, and where sampling cannot see."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.numerics._acquisition import (
    log_expected_improvement,
    log_probability_below,
    negative_lower_bound,
)
from luthier.numerics._hypervolume_gain import expected_hypervolume_gain, free_boxes
from luthier.numerics._pareto import hypervolume


def test_expected_improvement_is_the_mean_of_samples():
    rng = np.random.default_rng(0)
    mean, deviation = np.array([0.3, -0.5, 1.5]), np.array([1.0, 0.2, 0.7])
    samples = mean + deviation * rng.standard_normal((400_000, 3))
    expected = np.maximum(0.1 - samples, 0).mean(0)
    found = np.exp(log_expected_improvement(mean, deviation, 0.1))
    assert found == pytest.approx(expected, rel=0.05)


# log(φ(z) + z Φ(z)) by mpmath 1.3.0 with 60 digits.
TAIL = [
    (3.0, 1.0987396653277077),
    (0.0, -0.9189385332046728),
    (-0.99, -2.4661143916690493),
    (-1.01, -2.504199857480257),
    (-5.0, -16.74430116266099),
    (-30.0, -457.724653760598),
    (-1000.0, -500014.73445209116),
    (-1000000.0, -500000000028.55),
]


@pytest.mark.parametrize(("z", "exact"), TAIL)
def test_expected_improvement_is_exact_far_into_the_tail(z, exact):
    found = log_expected_improvement(np.array([0.0]), np.array([1.0]), z)[0]
    assert found == pytest.approx(exact, rel=1e-6)


def test_expected_improvement_falls_with_the_mean_and_rises_with_the_deviation():
    mean = np.linspace(-3, 400, 500)
    assert (np.diff(log_expected_improvement(mean, np.full(500, 0.5), 0.0)) < 0).all()
    deviation = np.geomspace(1e-6, 10, 500)
    assert (np.diff(log_expected_improvement(np.ones(500), deviation, 0.0)) > 0).all()


def test_the_lower_bound_is_what_its_name_says():
    bound = negative_lower_bound(np.array([1.0]), np.array([0.5]), 2.6)
    assert bound == pytest.approx([-(1.0 - 2.6 * 0.5)])


def test_the_probability_of_success_is_that_of_the_normal():
    logs = log_probability_below(np.array([0.0, -1.96]), np.ones(2), 0.0)
    assert np.exp(logs) == pytest.approx([0.5, 0.975], abs=1e-3)


@pytest.mark.parametrize("objectives", [1, 2, 3])
def test_free_boxes_tile_what_is_not_dominated(objectives):
    rng = np.random.default_rng(objectives)
    front = rng.random((8, objectives))
    reference = np.ones(objectives)
    lower, upper = free_boxes(front, reference)
    points = rng.random((4_000, objectives))
    inside = (points[:, None] >= lower) & (points[:, None] < upper)
    count = inside.all(-1).sum(1)
    dominated = (front[None] <= points[:, None]).all(-1).any(1)
    assert (count == np.where(dominated, 0, 1)).all()


@pytest.mark.parametrize("objectives", [1, 2, 3])
def test_the_expected_gain_is_the_mean_gain_of_samples(objectives):
    rng = np.random.default_rng(objectives)
    front, reference = rng.random((5, objectives)), np.ones(objectives)
    mean, deviation = np.full((1, objectives), 0.4), np.full((1, objectives), 0.3)
    before = hypervolume(front, reference)
    samples = mean + deviation * rng.standard_normal((3_000, objectives))
    gains = [hypervolume(np.vstack([front, s[None]]), reference) - before for s in samples]
    found = expected_hypervolume_gain(mean, deviation, *free_boxes(front, reference))[0]
    assert found == pytest.approx(np.mean(gains), abs=4 * np.std(gains) / np.sqrt(3_000))


def test_a_sure_point_gains_what_it_adds():
    front, reference = np.array([[0.2, 0.8], [0.6, 0.3]]), np.ones(2)
    mean = np.array([[0.4, 0.5], [0.7, 0.9], [0.1, 0.1]])
    boxes = free_boxes(front, reference)
    found = expected_hypervolume_gain(mean, np.full((3, 2), 1e-9), *boxes)
    before = hypervolume(front, reference)
    exact = [hypervolume(np.vstack([front, m[None]]), reference) - before for m in mean]
    assert found == pytest.approx(exact, abs=1e-6)
