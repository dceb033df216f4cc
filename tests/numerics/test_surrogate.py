"""Data and hyperparameters are functions of the history, whatever was kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.numerics._gp import Belief
from luthier.numerics._kernels import Columns, layout
from luthier.numerics._surrogate import (
    Hyperparameters,
    milestone,
    milestone_size,
    order_likelihood,
    subset,
)
from luthier.numerics._warps import standardise

TWO = Columns(np.zeros(2, int), np.zeros(2), np.zeros(2, bool))


@given(st.integers(1, 3_000))
def test_the_milestone_is_the_last_one_reached(count):
    index = milestone(count)
    assert milestone_size(index) <= max(count, 3)
    assert milestone_size(index + 1) > count


def test_milestones_lie_ever_further_apart():
    gaps = np.diff([milestone_size(index) for index in range(100)])
    assert (np.diff(gaps) >= 0).all()
    assert gaps[0] == 1


def test_fitted_hyperparameters_do_not_depend_on_what_was_asked_before():
    rng = np.random.default_rng(0)
    points, scores = rng.random((40, 2)), rng.standard_normal(40)

    def at(kept, count):
        return kept.at(points[:count], layout(TWO), lambda k: standardise(scores[:k]))

    kept = Hyperparameters(Belief())
    for count in range(1, 41):
        at(kept, count)
    for count in (1, 2, 3, 11, 17, 39, 40):
        assert (at(Hyperparameters(Belief()), count) == at(kept, count)).all()


@given(st.integers(1, 400), st.integers(2, 100))
def test_a_subset_holds_the_best_and_no_index_twice(count, limit):
    targets = np.random.default_rng(count).standard_normal(count)
    chosen = subset(targets, limit)
    assert len(chosen) == min(count, limit)
    assert (np.diff(chosen) > 0).all()
    best = np.argsort(targets)[: min(limit, count) // 2]
    assert set(best) <= set(chosen)


def test_a_subset_covers_all_times():
    chosen = subset(np.zeros(1_000), 100)
    assert chosen.max() == pytest.approx(999, abs=20)


def test_the_order_is_likelier_the_better_it_is_foretold():
    rng = np.random.default_rng(0)
    scores = rng.standard_normal(30)
    sure, unsure = np.full(30, 0.01), np.full(30, 10.0)
    right = order_likelihood(scores, sure, scores)
    assert right > -0.1
    assert order_likelihood(scores, unsure, scores) == pytest.approx(np.log(0.5), abs=0.1)
    assert order_likelihood(-scores, sure, scores) < -100
    assert order_likelihood(scores, sure, np.exp(scores)) == right  # only the order counts
    assert order_likelihood(scores, sure, np.zeros(30)) == 0.0  # no order, nothing to foretell
