"""Warps keep order and ties, and survive every scale."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.numerics._warps import ranks, standardise, stretch_good, tame_bad

SCORES = st.lists(st.floats(-1.7e308, 1.7e308), min_size=1, max_size=30)


def _full(scores):
    return stretch_good(tame_bad(scores))


@pytest.mark.parametrize("warp", [standardise, tame_bad, _full])
@given(scores=SCORES)
def test_targets_are_finite_and_keep_the_order(warp, scores):
    scores = np.array(scores)
    targets = warp(scores)
    assert np.isfinite(targets).all()
    order = np.argsort(scores, kind="stable")
    assert (np.diff(targets[order]) >= -1e-12).all()


@given(scores=st.lists(st.integers(0, 50), min_size=4, max_size=30), scale=st.floats(1e-9, 1e9))
def test_scale_and_offset_of_scores_do_not_matter(scores, scale):
    plain = np.array(scores, float)
    assert _full(plain * scale - scale) == pytest.approx(_full(plain), abs=1e-6)


@pytest.mark.parametrize("warp", [standardise, tame_bad, _full])
def test_targets_have_mean_zero_and_variance_one(warp):
    targets = warp(np.random.default_rng(0).standard_normal(40) ** 3)
    assert targets.mean() == pytest.approx(0, abs=1e-12)
    assert targets.std() == pytest.approx(1)


@pytest.mark.parametrize("scores", [[3.0], [2.0] * 9, [1e-300, 1e-300]])
def test_constant_scores_become_zero(scores):
    assert not _full(np.array(scores)).any()


def test_disasters_change_nothing_among_the_good():
    scores = np.linspace(0, 1, 21)
    worse = scores.copy()
    worse[-3:] = [1e3, 1e6, 1e9]
    assert tame_bad(worse) == pytest.approx(tame_bad(scores), abs=1e-6)


def test_stretching_draws_the_good_end_apart_by_the_factor():
    scores = np.linspace(0, 1, 1001)
    steps = np.diff(stretch_good(scores, 4.0))
    assert steps[0] / steps[-1] == pytest.approx(4, rel=0.01)


def test_ranks_of_ties_are_shared():
    assert ranks(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [3.5, 1.0, 3.5, 2.0]
