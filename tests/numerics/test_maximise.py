"""The search among rows that can be tried."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.numerics._kernels import Columns
from luthier.numerics._maximise import Effort, maximise, moved, random_rows

COLUMNS = Columns(
    choices=np.array([0, 4, 0]),
    step=np.array([0.0, 0.0, 0.1]),
    optional=np.array([False, False, True]),
)


def _snap(rows):
    rows = rows.copy()
    rows[:, 0] = np.clip(rows[:, 0], 0, 1)
    rows[:, 2] = (np.floor(np.clip(rows[:, 2], 0, 0.999) * 10) + 0.5) / 10
    active = np.ones(rows.shape, bool)
    active[:, 2] = rows[:, 1] == 2
    rows[~active[:, 2], 2] = 0.5
    return rows, active


def _judge(rows, active):
    return -((rows[:, 0] - 0.123) ** 2) + (rows[:, 1] == 2) - (rows[:, 2] - 0.85) ** 2


def _search(seed=0, judge=_judge):
    rng = np.random.default_rng(seed)
    seeds = random_rows(rng, 50, COLUMNS)
    return maximise(judge, seeds, _snap, COLUMNS, effort=Effort(), rng=rng)


@pytest.mark.parametrize("seed", range(5))
def test_the_maximum_is_found_in_mixed_and_conditional_columns(seed):
    rows, worth = _search(seed)
    assert rows[0] == pytest.approx([0.123, 2.0, 0.85], abs=0.02)
    assert worth[0] == pytest.approx(1, abs=1e-3)


def test_rows_come_snapped_and_best_first():
    rows, worth = _search()
    assert (np.diff(worth) <= 0).all()
    snapped, active = _snap(rows)
    assert (snapped == rows).all()
    assert (_judge(rows, active) == worth).all()


def test_what_is_not_allowed_is_left_and_few_rows_are_asked_for():
    asked = []

    def allowed(row):
        asked.append(row)
        return row[0] < 0.1

    rng = np.random.default_rng(0)
    seeds = random_rows(rng, 50, COLUMNS)
    rows, worth = maximise(_judge, seeds, _snap, COLUMNS, effort=Effort(), rng=rng, allowed=allowed)
    assert (rows[:, 0] < 0.1).all()
    assert rows[0] == pytest.approx([0.1, 2.0, 0.85], abs=0.02)
    assert (np.diff(worth) <= 0).all()
    effort = Effort()
    assert len(asked) < 0.25 * effort.rounds * effort.lineages * effort.children


def test_where_nothing_is_allowed_nothing_promises():
    rng = np.random.default_rng(0)
    seeds = random_rows(rng, 20, COLUMNS)
    effort = Effort(rounds=2)
    _, worth = maximise(
        _judge, seeds, _snap, COLUMNS, effort=effort, rng=rng, allowed=lambda row: False
    )
    assert (worth == -np.inf).all()


def test_forbidden_rows_are_left():
    def judge(rows, active):
        return np.where(rows[:, 1] == 2, -np.inf, _judge(rows, active))

    rows, _ = _search(judge=judge)
    assert rows[0, 1] != 2


def test_a_search_in_which_all_is_forbidden_ends():
    rows, worth = _search(judge=lambda rows, active: np.full(len(rows), -np.inf))
    assert len(rows)
    assert (worth == -np.inf).all()


def test_every_neighbour_differs_in_an_active_column():
    rng = np.random.default_rng(3)
    rows, active = _snap(random_rows(rng, 500, COLUMNS))
    near = moved(rows, active, COLUMNS, step=0.1, rng=rng)
    numbers = active & ~COLUMNS.is_choice
    # A choice drawn anew may be the same; a number never is.
    same = ~((near != rows) & numbers).any(1)
    assert same.mean() < 0.4
    assert not (near == rows).all(1).all()
