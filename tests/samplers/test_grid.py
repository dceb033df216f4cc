"""The grid's order, its completeness, and how it proceeds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.records import Trial
from luthier.samplers import Grid
from luthier.space import Boolean, Choice, Constraint, Float, HyperParameters, Int, Parent, Space
from luthier.testing._searches import FINITE, Search, hyperparameters


def order(space: Space, count: int = 100) -> list[dict[str, Any]]:
    return [dict(trial.values) for trial in Search(Grid(), space).run(count)]


def rows(points: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(point.get(name) for name in names) for point in points]


def test_defaults_come_first_and_the_last_hyperparameter_varies_fastest() -> None:
    space = Space([Choice("a", [1, 2, 3], default=2), Boolean("b", default=True)])
    found = rows(order(space), "a", "b")
    assert found == [(2, True), (2, False), (1, True), (1, False), (3, True), (3, False)]


# What KerasTuner 1.4.8 tries, in its order.
TEN_OF_A_RANGE = [
    (
        Float("f", 0, 1, default=0.5),
        [0.5, 0.05, 0.15, 0.45, 0.35, 0.25, 0.55, 0.65, 0.75, 0.85, 0.95],
    ),
    (Int("f", 1, 1000, sampling="log", default=10), [10, 1, 2, 355, 708, 5, 11, 44, 177, 22, 89]),
    (Int("f", 1, 6, sampling="log", default=3), [3, 1, 2, 4, 5, 6]),
    (Float("f", 0, 1, step=0.25, default=0.5), [0.5, 0.0, 0.25, 0.75, 1.0]),
    (Float("f", 1, 100, step=10, sampling="log"), [1.0, 10.0, 100.0]),
    (Int("f", 0, 4, step=2, default=4), [4, 0, 2]),
]


@pytest.mark.parametrize(("parameter", "expected"), TEN_OF_A_RANGE)
def test_a_range_contributes_its_default_and_its_steps_or_ten_values(
    parameter: Float | Int, expected: list[float]
) -> None:
    assert [point["f"] for point in order(Space([parameter]))] == pytest.approx(expected)


def test_conditional_hyperparameters_take_part_where_they_are_active() -> None:
    space = Space(
        [
            Choice("m", ["x", "y"], default="y"),
            Choice("d", [1, 2], conditions=[Parent("m", ("y",))]),
            Choice("e", [1, 2], conditions=[Parent("m", ("x",))]),
            Boolean("z"),
        ]
    )
    assert rows(order(space), "m", "d", "e", "z") == [
        ("y", 1, None, False),
        ("y", 1, None, True),
        ("y", 2, None, False),
        ("y", 2, None, True),
        ("x", None, 1, False),
        ("x", None, 1, True),
        ("x", None, 2, False),
        ("x", None, 2, True),
    ]


def build(hp: HyperParameters) -> None:
    layers = hp.Int("layers", 1, 3)
    for i in range(layers):
        hp.Choice(f"u{i}", [1, 2])


def discover(search: Search, trial: Trial) -> None:
    """End a trial as if it had run `build`."""
    hp = HyperParameters.for_trial(search.history.space, trial.values)
    build(hp)
    used = {name: hp.values[name] for name in hp.used}
    search.history = replace(search.history, space=search.history.space.merge(hp.found))
    search.tell(trial, 1.0, values=used)


EXPECTED = [
    (1, 1, None, None),
    (1, 2, None, None),
    (2, 1, 1, None),
    (2, 1, 2, None),
    (2, 2, 1, None),
    (2, 2, 2, None),
    *[(3, a, b, c) for a in (1, 2) for b in (1, 2) for c in (1, 2)],
]


def test_hyperparameters_met_on_the_way_are_inserted_and_nothing_is_repeated() -> None:
    search = Search(Grid(), Space())
    while (trial := search.ask()) is not None:
        discover(search, trial)
    found = rows([dict(t.values) for t in search.history.finished], "layers", "u0", "u1", "u2")
    assert found == EXPECTED


@pytest.mark.parametrize("workers", [2, 4])
def test_workers_proceed_together_and_still_try_everything(workers: int) -> None:
    search = Search(Grid(), Space([Int("layers", 1, 3)]))
    waiting: list[Trial] = []
    while True:
        trial = search.ask()
        if trial is not None:
            waiting.append(trial)
        elif not waiting:
            break
        if trial is None or len(waiting) == workers:
            discover(search, waiting.pop(0))
    found = rows([dict(t.values) for t in search.history.finished], "layers", "u0", "u1", "u2")
    assert set(found) == set(EXPECTED)
    # What is being met just now cannot be known: two workers may then do the same once.
    assert len(found) <= len(EXPECTED) + 1


def test_workers_do_not_wait_for_each_other_before_the_end() -> None:
    search = Search(Grid(), FINITE)
    assert all(search.ask() is not None for _ in range(int(FINITE.size)))
    assert search.ask() is None


@given(hyperparameters(), st.integers(0, 40))
def test_a_grid_goes_on_where_it_was_interrupted(parameters: list[Any], after: int) -> None:
    space = Space(parameters)
    search = Search(Grid(), space)
    search.run(after)
    search.sampler = Grid()
    search.run(15)
    assert [dict(t.values) for t in search.history.finished] == order(space, after + 15)


def test_constraints_leave_points_out_of_the_order() -> None:
    less = Constraint("a < b", lambda values: values["a"] < values["b"])
    space = Space([Int("a", 1, 3), Int("b", 1, 3)])
    trials = Search(Grid(), space, constraints=(less,)).run(10)
    assert rows([dict(t.values) for t in trials], "a", "b") == [(1, 2), (1, 3), (2, 3)]


def test_a_constraint_that_is_added_later_is_kept_from_then_on() -> None:
    search = Search(Grid(), Space([Int("a", 1, 9)]))
    search.run(2)
    even = Constraint("a is even", lambda values: values["a"] % 2 == 0)
    search.history = replace(search.history, constraints=(even,))
    assert [trial.values["a"] for trial in search.run(20)] == [4, 6, 8]


def test_the_generator_does_not_matter() -> None:
    history = Search(Grid(), FINITE).history
    answers = [Grid().suggest(history, np.random.default_rng(seed)) for seed in range(3)]
    assert answers[0] == answers[1] == answers[2]
