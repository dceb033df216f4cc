"""Samplers that learn are better than chance, on problems that differ in kind."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from luthier.abc import Sampler
from luthier.numerics._pareto import hypervolume
from luthier.objective import Objective
from luthier.samplers import CMAES, TPE, Evolution, Random, Sobol
from luthier.space import Float, Prior, Space
from luthier.testing._searches import Search
from tests.samplers import problems

LEARNERS = [TPE, CMAES, Evolution]
SEEDS = range(5)


@pytest.fixture(scope="module")
def by_chance() -> list[float]:
    return [
        problems.best_of(Random(), problems.MIXED, problems.mixed, 70, seed) for seed in range(12)
    ]


@pytest.mark.parametrize("make", LEARNERS)
def test_it_beats_chance_on_a_mixed_space(
    make: Callable[[], Sampler], by_chance: list[float]
) -> None:
    found = [problems.best_of(make(), problems.MIXED, problems.mixed, 70, s) for s in SEEDS]
    assert np.median(found) < np.quantile(by_chance, 0.2)


@pytest.mark.parametrize("make", LEARNERS)
def test_it_finds_the_best_branch_and_its_best_point(make: Callable[[], Sampler]) -> None:
    found = [problems.best_of(make(), problems.BRANCHES, problems.branches, 90, s) for s in SEEDS]
    assert np.median(found) < 0.35


@pytest.mark.parametrize("make", [TPE, Evolution])
def test_a_region_that_crashes_is_left(make: Callable[[], Sampler]) -> None:
    def score(values: problems.Values) -> float:
        return problems.mixed({**values, "share": 0.7})  # only crashes tell of `share`

    late = []
    for seed in SEEDS:
        found = problems.crashes(
            make(), problems.MIXED, score, lambda values: values["share"] > 0.5, 70, seed
        )
        late += found[35:]
    assert np.mean(late) < 0.25


@pytest.mark.parametrize("make", [TPE, Evolution])
def test_two_objectives_are_traded_off_better_than_by_chance(make: Callable[[], Sampler]) -> None:
    space = Space([Float(f"x{i}", 0.0, 1.0) for i in range(4)])
    objectives = (Objective("near", "min"), Objective("good", "max"))

    def volume(sampler: Sampler, seed: int) -> float:
        search = Search(sampler, space, objectives=objectives, seed=seed)
        for _ in range(80):
            trial = search.ask()
            assert trial is not None
            first, *rest = trial.values.values()
            off = sum((value - 0.5) ** 2 for value in rest)
            search.tell(trial, first + off, 1 - (1 - first) ** 2 - off)
        scores = np.array([trial.scores for trial in search.history.finished]) * [1, -1]
        return hypervolume(scores, np.array([1.5, 0.5]))

    chance = np.mean([volume(Random(), seed) for seed in range(6)])
    assert np.mean([volume(make(), seed) for seed in SEEDS]) > chance


@pytest.mark.parametrize("make", [TPE, Random, Sobol])
def test_a_good_prior_helps_early(make: Callable[[], Sampler]) -> None:
    priors = {"rate": Prior(1e-2, 0.1), "share": Prior(0.7, 0.1), "kind": Prior("c", 0.1)}

    def best(seed: int, told: bool) -> float:
        return problems.best_of(
            make(),
            problems.MIXED,
            problems.mixed,
            12,
            seed,
            priors=priors if told else {},
            max_trials=100,
        )

    assert np.median([best(s, True) for s in SEEDS]) < np.median([best(s, False) for s in SEEDS])


@pytest.mark.parametrize("make", [TPE, CMAES, Evolution])
def test_imported_trials_help(make: Callable[[], Sampler]) -> None:
    before = Search(make(), problems.MIXED, seed=99)
    for _ in range(60):
        trial = before.ask()
        assert trial is not None
        before.tell(trial, problems.mixed(dict(trial.values)))
    known = before.history.finished

    def best(seed: int, told: bool) -> float:
        imported = known if told else ()
        return problems.best_of(make(), problems.MIXED, problems.mixed, 10, seed, imported=imported)

    assert np.median([best(s, True) for s in SEEDS]) < np.median([best(s, False) for s in SEEDS])
