"""Sobol' points against SciPy's table, and what makes them worth having."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import qmc

from luthier.numerics import _sobol
from luthier.numerics._sobol import MOST_COLUMNS, sobol


def test_direction_numbers_give_the_sequence_that_scipy_gives() -> None:
    matrices = _sobol._directions()
    gray = np.arange(512) ^ (np.arange(512) >> 1)
    digits = np.zeros((512, MOST_COLUMNS), np.int64)
    for bit in range(30):
        digits ^= np.where((gray >> bit & 1)[:, None].astype(bool), matrices[:, bit], 0)
    expected = qmc.Sobol(MOST_COLUMNS, scramble=False, bits=30).random(512)
    assert np.array_equal(digits / 2.0**30, expected)


@given(st.integers(0, 2**64 - 1), st.integers(1, MOST_COLUMNS))
def test_a_power_of_two_points_fall_into_different_cells_of_each_column(
    seed: int, columns: int
) -> None:
    x = sobol(np.arange(64), columns, seed)
    assert ((x >= 0) & (x < 1)).all()
    assert (np.sort((x * 64).astype(int), axis=0) == np.arange(64)[:, None]).all()


@given(st.integers(0, 2**30 - 1))
def test_a_point_does_not_depend_on_those_asked_for_with_it(number: int) -> None:
    several = sobol(np.array([3, number]), 70, 1)
    assert np.array_equal(several[1:], sobol(np.array([number]), 70, 1))


def test_seeds_give_different_sequences() -> None:
    assert not np.isclose(sobol(np.arange(8), 3, 0), sobol(np.arange(8), 3, 1)).any(1).all()


def test_points_fill_the_space_better_than_chance() -> None:
    even = [qmc.discrepancy(sobol(np.arange(128), 4, seed)) for seed in range(5)]
    chance = [qmc.discrepancy(np.random.default_rng(s).random((128, 4))) for s in range(5)]
    assert max(even) < min(chance) / 3


@pytest.mark.parametrize("columns", [0, 1, MOST_COLUMNS, MOST_COLUMNS + 5])
def test_any_number_of_columns_is_filled(columns: int) -> None:
    assert sobol(np.arange(5), columns, 0).shape == (5, columns)
