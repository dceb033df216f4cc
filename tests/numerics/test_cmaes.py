"""CMA-ES finds optima, keeps its margin and survives what has no direction."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from luthier.numerics import _cmaes as cma
from luthier.numerics._columns import Columns


def minimise(
    columns: Columns,
    score: Callable[[np.ndarray], np.ndarray],
    generations: int,
    seed: int = 0,
) -> tuple[cma.State, float]:
    rng = np.random.default_rng(seed)
    state = cma.start(columns, np.full(len(columns), 0.5), 12)
    best = np.inf
    for _ in range(generations):
        x = cma.sample(state, columns, state.population, rng)
        y = score(x)
        best = min(best, float(y.min()))
        order = np.argsort(y)
        state = cma.update(state, columns, x[order], np.ones(x.shape, bool))
    return state, best


def numbers(d: int, cells: int = 0) -> Columns:
    return Columns(np.full(d, cells), np.zeros(d, bool))


def test_a_badly_scaled_rotated_bowl_is_solved() -> None:
    rng = np.random.default_rng(3)
    turn = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    scale = 10.0 ** np.linspace(0, 3, 4)

    def bowl(x: np.ndarray) -> np.ndarray:
        return (((x - 0.6) @ turn * scale) ** 2).sum(1)

    state, best = minimise(numbers(4), bowl, 200)
    assert best < 1e-8
    assert state.mean == pytest.approx(np.full(4, 0.6), abs=1e-3)


def test_an_optimum_in_a_corner_is_found() -> None:
    _, best = minimise(numbers(3), lambda x: (x**2).sum(1), 60)
    assert best < 1e-4


def test_stepped_columns_never_freeze() -> None:
    columns = numbers(3, cells=5)

    def score(x: np.ndarray) -> np.ndarray:
        return np.abs(np.floor(x * 5) - np.array([0, 2, 4])).sum(1)

    state, best = minimise(columns, score, 80)
    assert best == 0.0
    x = cma.sample(state, columns, 4_000, np.random.default_rng(1))
    elsewhere = (np.minimum(np.floor(x * 5), 4) != np.array([0, 2, 4])).mean(0)
    assert (elsewhere > 0.01).all()


def test_the_best_choices_are_learnt_and_no_choice_dies_out() -> None:
    columns = Columns(np.array([4, 3]), np.array([True, True]))

    def score(x: np.ndarray) -> np.ndarray:
        return (np.floor(x[:, 0] * 4) != 2) * 1.0 + (np.floor(x[:, 1] * 3) != 0)

    state, _ = minimise(columns, score, 60)
    assert state.chances[0].argmax() == 2
    assert state.chances[1].argmax() == 0
    for chance in state.chances:
        assert chance.sum() == pytest.approx(1.0)
        assert chance.min() > 0.01


def test_inactive_entries_change_nothing() -> None:
    columns = Columns(np.array([0, 0, 3]), np.array([False, False, True]))
    state = cma.start(columns, np.full(3, 0.5), 8)
    x = cma.sample(state, columns, 8, np.random.default_rng(0))
    active = np.ones(x.shape, bool)
    active[:, 1:] = False
    other = x.copy()
    other[:, 1:] = np.random.default_rng(1).random((8, 2))
    first, second = (cma.update(state, columns, rows, active) for rows in (x, other))
    assert np.array_equal(first.mean, second.mean)
    assert np.array_equal(first.covariance, second.covariance)
    assert np.array_equal(first.chances[0], state.chances[0])


def test_points_from_elsewhere_do_not_blow_the_step_size_up() -> None:
    columns = numbers(2)
    state = cma.start(columns, np.full(2, 0.1), 8)
    for _ in range(30):
        far = np.tile([[0.9, 0.95]], (8, 1))
        state = cma.update(state, columns, far, np.ones(far.shape, bool))
        assert np.isfinite(state.covariance).all()
        assert 0 < state.sigma <= 1


@pytest.mark.parametrize("d", [0, 1, 30])
def test_any_number_of_columns_works(d: int) -> None:
    state, _ = minimise(numbers(d), lambda x: x.sum(1), 5)
    assert state.generation == 5


def test_a_search_that_stands_still_is_recognised() -> None:
    columns = numbers(2)
    fresh = cma.start(columns, np.full(2, 0.5), 12)
    assert not cma.has_converged(fresh)
    done, _ = minimise(columns, lambda x: ((x - 0.3) ** 2).sum(1), 80)
    assert cma.has_converged(done)
