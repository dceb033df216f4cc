"""What is recommended under noise, and without."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.numerics._recommend import recommend


def _data(seed, noise, count=60):
    rng = np.random.default_rng(seed)
    rows = rng.random((count, 2))
    true = ((rows - 0.4) ** 2).sum(1)
    return rows, true, true + noise * rng.standard_normal(count)


def _recommend(rows, scores, **known):
    count = rows.shape[1]
    continuous = np.zeros(count, int), np.zeros(count, bool)
    return recommend(rows, np.ones(rows.shape, bool), *continuous, scores, **known)


def _choose(rows, scores):
    return _recommend(rows, scores)


@pytest.mark.parametrize("seed", range(5))
def test_without_noise_it_is_the_best_score(seed):
    rows, true, _ = _data(seed, 0.0)
    assert _choose(rows, true) == np.argmin(true)


def test_under_noise_it_is_better_than_the_luckiest_score():
    lucky, chosen = [], []
    for seed in range(12):
        rows, true, scores = _data(seed, 0.1)
        lucky.append(true[np.argmin(scores)])
        chosen.append(true[_choose(rows, scores)])
    assert np.mean(chosen) < 0.7 * np.mean(lucky)


@pytest.mark.parametrize("scores", [[3.0], [1.0] * 20, [1e300, -1e300] * 6])
def test_any_scores_are_fine(scores):
    rows = np.random.default_rng(0).random((len(scores), 2))
    assert scores[_choose(rows, np.array(scores))] == min(scores)


def test_no_column_means_the_best_score():
    assert _recommend(np.zeros((12, 0)), np.arange(12.0)[::-1]) == 11


def test_of_repeated_rows_the_mean_counts():
    rows = np.repeat(np.random.default_rng(1).random((4, 2)), 3, axis=0)
    scores = np.array([5.0, 5.2, 4.8, 1.0, 1.1, 0.9, 0.5, 2.0, 2.1, 5.0, 5.1, 5.3])
    assert _recommend(rows, scores) in (3, 4, 5)


def test_scores_known_to_be_exact_are_believed():
    rows, _, scores = _data(3, 0.1)
    assert _recommend(rows, scores, noise=0.0) == np.argmin(scores)


def test_known_noise_needs_no_evidence():
    rows, true, scores = _data(0, 0.1, count=12)
    chosen = _recommend(rows, scores, noise=0.01)
    assert true[chosen] <= true[np.argmin(scores)]
