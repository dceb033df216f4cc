"""Mixtures: densities that integrate to one, and draws that follow them."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.numerics._columns import Columns
from luthier.numerics._parzen import Mixture, Widths


def mixture(
    x: list[list[float]],
    cells: list[int],
    nominal: list[bool],
    active: list[list[bool]] | None = None,
    **options: float,
) -> Mixture:
    points = np.array(x)
    mask = np.ones(points.shape, bool) if active is None else np.array(active)
    return Mixture(
        Columns(np.array(cells), np.array(nominal)),
        points,
        mask,
        weights=np.ones(len(points)),
        uniform=options.pop("uniform", 0.5),
        widths=Widths(**options),
    )


def test_the_density_of_a_number_integrates_to_one() -> None:
    found = mixture([[0.1], [0.15], [0.9]], [0], [False])
    grid = (np.arange(4000)[:, None] + 0.5) / 4000
    density = np.exp(found.log_density(grid, np.ones_like(grid, bool)))
    assert density.mean() == pytest.approx(1.0, abs=1e-6)
    assert density[450] > density[2000]  # near two points, far from all


def test_the_density_of_a_choice_sums_to_one() -> None:
    found = mixture([[0.125], [0.125], [0.625]], [4], [True])
    grid = (np.arange(4)[:, None] + 0.5) / 4
    density = np.exp(found.log_density(grid, np.ones_like(grid, bool)))
    assert density.mean() == pytest.approx(1.0)
    assert density[0] > density[2] > density[1] == pytest.approx(density[3])


def test_an_inactive_column_makes_no_difference() -> None:
    found = mixture([[0.2, 0.5], [0.8, 0.1]], [0, 0], [False, False], [[1, 0], [1, 1]])
    at = np.array([[0.2, 0.3], [0.2, 0.9]])
    mask = np.array([[True, False], [True, False]])
    first, second = found.log_density(at, mask)
    assert first == second


def test_a_point_that_lacks_a_column_is_uniform_over_it() -> None:
    found = mixture([[0.2, 0.5]], [0, 0], [False, False], [[True, False]], uniform=1e-12)
    at = np.array([[0.2, 0.05], [0.2, 0.95]])
    density = found.log_density(at, np.ones_like(at, bool))
    alone = found.log_density(at, np.array([[True, False]] * 2))
    assert density == pytest.approx(alone)
    assert density[0] == pytest.approx(density[1])


def test_draws_follow_the_density() -> None:
    found = mixture(
        [[0.1, 0.25], [0.2, 0.25], [0.7, 0.75]], [0, 2], [False, True], uniform=0.2, least=0.1
    )
    x = found.sample(40_000, np.random.default_rng(0))
    assert ((x >= 0) & (x <= 1)).all()
    middles = (np.stack(np.meshgrid(np.arange(50), np.arange(2), indexing="ij"), -1) + 0.5) / [
        50,
        2,
    ]
    grid = middles.reshape(-1, 2)
    expected = np.exp(found.log_density(grid, np.ones_like(grid, bool))) / len(grid)
    counts, _, _ = np.histogram2d(x[:, 0], x[:, 1], bins=[50, 2], range=[[0, 1], [0, 1]])
    assert np.abs(counts.reshape(-1) / len(x) - expected).max() < 0.004


def test_what_one_point_says_together_stays_together() -> None:
    found = mixture([[0.1, 0.1], [0.9, 0.9]], [0, 0], [False, False], uniform=1e-9, factor=0.1)
    x = found.sample(2_000, np.random.default_rng(1))
    assert (np.abs(x[:, 0] - x[:, 1]) < 0.4).mean() > 0.99


def test_points_that_agree_on_a_column_leave_it_alive() -> None:
    found = mixture([[0.3]] * 30, [0], [False], uniform=1e-9)
    x = found.sample(500, np.random.default_rng(2))
    assert x.std() > 0.01


def test_the_density_far_from_all_points_is_that_of_the_uniform_part() -> None:
    found = mixture([[0.0]], [0], [False], uniform=0.5, factor=1e-3, least=0.01)
    at = np.array([[1.0]])
    assert np.exp(found.log_density(at, np.ones_like(at, bool)))[0] == pytest.approx(1 / 3)
