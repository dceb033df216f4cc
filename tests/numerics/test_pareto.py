"""Fronts and volumes against counting by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from luthier.numerics._pareto import crowding, fronts, hypervolume, is_efficient

small_scores = st.tuples(st.integers(1, 12), st.integers(1, 4)).flatmap(
    lambda shape: npst.arrays(np.float64, shape, elements=st.integers(0, 4).map(float))
)


def dominates(a: np.ndarray, b: np.ndarray) -> bool:
    return bool((a <= b).all() and (a < b).any())


@given(small_scores)
def test_a_point_is_efficient_if_no_other_dominates_it(y: np.ndarray) -> None:
    expected = [not any(dominates(other, point) for other in y) for point in y]
    assert is_efficient(y).tolist() == expected


@given(small_scores)
def test_each_front_is_what_is_efficient_without_those_before(y: np.ndarray) -> None:
    ranks = fronts(y)
    for front in range(int(ranks.max()) + 1):
        left = np.flatnonzero(ranks >= front)
        assert left[is_efficient(y[left])].tolist() == np.flatnonzero(ranks == front).tolist()


@given(small_scores)
def test_the_hypervolume_is_the_number_of_dominated_unit_cells(y: np.ndarray) -> None:
    cells = itertools.product(range(5), repeat=y.shape[1])
    dominated = sum(bool((y <= np.array(cell)).all(1).any()) for cell in cells)
    assert hypervolume(y, np.full(y.shape[1], 5.0)) == pytest.approx(dominated)


def test_points_beyond_the_reference_add_no_volume() -> None:
    y = np.array([[0.5, 0.5], [2.0, 0.0], [0.0, 1.0]])
    assert hypervolume(y, np.array([1.0, 1.0])) == pytest.approx(0.25)
    assert hypervolume(y[1:], np.array([1.0, 1.0])) == 0.0


def test_crowding_is_infinite_at_the_ends_and_sums_up_normalised_gaps() -> None:
    y = np.array([[0.0, 10.0], [1.0, 4.0], [2.0, 3.0], [4.0, 0.0]])
    found = crowding(y)
    assert np.isinf(found[[0, 3]]).all()
    assert found[1:3] == pytest.approx([2 / 4 + 7 / 10, 3 / 4 + 4 / 10])


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_points_have_all_the_room(n: int) -> None:
    assert np.isinf(crowding(np.ones((n, 2)))).all()


def test_a_score_on_which_all_agree_says_nothing_of_crowding() -> None:
    y = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 3.0]])
    assert crowding(y)[1] == pytest.approx(1.0)
