"""Idle columns are explained by what decides about them."""

from __future__ import annotations

import numpy as np

from luthier.numerics._activity import learn_activity


def _rows(count=40, seed=0):
    rng = np.random.default_rng(seed)
    rows = rng.random((count, 4))
    rows[:, 1] = (rng.integers(3, size=count) + 0.5) / 3
    return rows


def test_a_column_used_from_a_threshold_on_is_explained_by_it():
    rows = _rows()
    active = np.ones(rows.shape, bool)
    active[:, 3] = rows[:, 1] > 0.4
    (rule,) = learn_activity(rows, np.ones(rows.shape, bool), active)
    assert (rule.column, rule.decider) == (3, 1)
    new = _rows(seed=1)
    assert (rule.holds(new) == (new[:, 1] > 0.4)).all()


def test_nothing_is_learnt_where_all_was_used():
    rows = _rows()
    everything = np.ones(rows.shape, bool)
    assert learn_activity(rows, everything, everything) == ()


def test_what_the_space_rules_out_itself_needs_no_rule():
    rows = _rows()
    possible = np.ones(rows.shape, bool)
    possible[:, 2] = rows[:, 1] < 0.4
    assert learn_activity(rows, possible, possible.copy()) == ()


def test_a_column_used_at_random_has_no_rule():
    rows = _rows()
    active = np.ones(rows.shape, bool)
    active[:, 3] = np.random.default_rng(2).random(len(rows)) < 0.5
    assert learn_activity(rows, np.ones(rows.shape, bool), active) == ()
