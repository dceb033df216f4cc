"""What is recommended under noise, and without."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.numerics._kernels import Columns
from luthier.numerics._recommend import recommend

COLUMNS = Columns(np.zeros(2, int), np.zeros(2), np.zeros(2, bool))


def _data(seed, noise, count=60):
    rng = np.random.default_rng(seed)
    rows = rng.random((count, 2))
    true = ((rows - 0.4) ** 2).sum(1)
    return rows, true, true + noise * rng.standard_normal(count)


def _choose(rows, scores):
    return recommend(rows, np.ones(rows.shape, bool), COLUMNS, scores)


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
    nothing = Columns(np.zeros(0, int), np.zeros(0), np.zeros(0, bool))
    rows = np.zeros((12, 0))
    scores = np.arange(12.0)[::-1]
    assert recommend(rows, np.zeros((12, 0), bool), nothing, scores) == 11
