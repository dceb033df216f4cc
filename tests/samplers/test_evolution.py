"""Children resemble their parents."""

from __future__ import annotations

from typing import Any

import pytest

from luthier.samplers import Evolution
from luthier.space import Boolean, Choice, Float, Int, Parent, Space
from luthier.testing._searches import Search, trials_at

SPACE = Space(
    [Choice(f"c{i}", ["a", "b", "c", "d"]) for i in range(6)]
    + [Int(f"n{i}", 0, 30) for i in range(4)]
)
PARENT = {**{f"c{i}": "b" for i in range(6)}, **{f"n{i}": 15 for i in range(4)}}


def test_a_child_differs_from_its_parent_a_little() -> None:
    finished = trials_at([PARENT] * 30, [(1.0,)] * 30)
    for trial in Search(Evolution(), SPACE, finished=finished, number=30).run(3):
        differing = sum(trial.values[name] != value for name, value in PARENT.items())
        assert 1 <= differing <= 5


def test_only_the_latest_trials_have_children() -> None:
    old = {name: "d" if isinstance(value, str) else 0 for name, value in PARENT.items()}
    finished = trials_at([old] * 10 + [PARENT] * 30, [(0.0,)] * 10 + [(5.0,)] * 30)
    search = Search(Evolution(population=30), SPACE, finished=finished, number=40)
    for trial in search.run(3):
        assert sum(trial.values[name] == value for name, value in PARENT.items()) >= 5


def test_a_child_in_another_branch_has_values_for_what_became_active() -> None:
    space = Space(
        [
            Boolean("deep"),
            Float("rate", 0.0, 1.0, conditions=[Parent("deep", (True,))]),
            Int("size", 1, 9, conditions=[Parent("deep", (False,))]),
        ]
    )
    trials = Search(Evolution(population=4, tournament=2), space).run(60)
    assert len({trial.values["deep"] for trial in trials}) == 2
    rates = {trial.values["rate"] for trial in trials if trial.values["deep"]}
    assert len(rates) > 10


@pytest.mark.parametrize(
    ("population", "tournament"), [(1, 1), (10, 0), (10, 11), (2.5, 1), ("many", 1)]
)
def test_numbers_that_make_no_population_are_refused(population: Any, tournament: int) -> None:
    with pytest.raises(ValueError, match="Expected a population of at least 2"):
        Evolution(population=population, tournament=tournament)
