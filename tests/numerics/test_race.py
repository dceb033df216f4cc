from __future__ import annotations

import numpy as np
import pytest

from luthier.numerics._race import chance_of_overtaking, expected_mean


def test_the_chance_is_what_a_simulation_says() -> None:
    # Differences to come are drawn as the distribution behind the formula draws them.
    rng = np.random.default_rng(0)
    costs, best, n = np.array([1.0, 1.4, 1.1]), np.array([0.9, 1.0, 1.05]), 8
    differences = costs - best
    k, s = len(differences), differences.std(ddof=1)
    scale = s * np.sqrt(1 / k + 1 / (n - k))
    later = differences.mean() + scale * rng.standard_t(k - 1, 400_000)
    simulated = np.mean(differences.sum() + (n - k) * later < 0)
    assert chance_of_overtaking(costs, best, n) == pytest.approx(simulated, abs=2e-3)


@pytest.mark.parametrize(("shift", "chance"), [(1.0, 0.0), (-1.0, 1.0), (0.0, 1.0)])
def test_without_any_spread_it_is_certain(shift: float, chance: float) -> None:
    best = np.array([1.0, 2.0])
    assert chance_of_overtaking(best + shift, best, 5) == chance


def test_the_expected_mean_makes_up_for_easy_folds() -> None:
    # The folds that were run are easy ones (1 and 2 of a mean of 5): the run is worse by 1 on each.
    assert expected_mean(np.array([2.0, 3.0]), np.array([1.0, 2.0]), 5.0) == 6.0
