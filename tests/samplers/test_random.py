"""Random points: uniform without priors, by the priors with them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from luthier.abc import Sampler
from luthier.errors import SpaceError
from luthier.samplers import Grid, Random
from luthier.space import Choice, Constraint, Float, Int, Prior, Space
from luthier.testing._searches import Search

SPACE = Space(
    [Float("rate", 1e-4, 1.0, sampling="log"), Choice("kind", ["a", "b", "c"]), Int("n", 0, 99)]
)


def test_points_are_uniform_on_each_scale() -> None:
    trials = Search(Random(), SPACE).run(600)
    rates = np.log10([trial.values["rate"] for trial in trials])
    share, _ = np.histogram(rates, bins=4, range=(-4, 0))
    assert share.min() > 110
    kinds = [trial.values["kind"] for trial in trials]
    assert min(kinds.count(kind) for kind in "abc") > 150


def test_priors_rule_at_first_and_fade() -> None:
    priors = {"rate": Prior(1e-2, 0.05), "kind": Prior("c", 0.1), "n": Prior(70, 0.05)}
    trials = Search(Random(), SPACE, priors=priors, max_trials=200).run(200)
    first, last = trials[:20], trials[-60:]
    assert all(1e-3 < trial.values["rate"] < 1e-1 for trial in first)
    assert sum(trial.values["kind"] == "c" for trial in first) >= 17
    assert np.mean([abs(trial.values["n"] - 70) for trial in first]) < 10
    assert np.std([np.log10(t.values["rate"]) for t in last]) > 2 * np.std(
        [np.log10(t.values["rate"]) for t in first]
    )
    assert {trial.values["kind"] for trial in last} == {"a", "b", "c"}


def test_a_prior_at_the_edge_of_the_range_stays_inside() -> None:
    priors = {"rate": Prior(1.0, 0.1), "n": Prior(0, 0.02)}
    for trial in Search(Random(), SPACE, priors=priors, max_trials=500).run(50):
        SPACE.validate(trial.values)


def test_a_prior_on_an_unknown_name_waits() -> None:
    plain = Search(Random(), SPACE).run(5)
    with_prior = Search(Random(), SPACE, priors={"later": Prior(3)}).run(5)
    assert [t.values for t in plain] == [t.values for t in with_prior]


@pytest.mark.parametrize("count", [30, 300])
def test_the_last_points_of_a_space_are_found(count: int) -> None:
    space = Space([Int("n", 1, count)])
    found = {trial.values["n"] for trial in Search(Random(), space).run(count + 5)}
    assert len(found) == count


@pytest.mark.parametrize("sampler", [Random(), Grid()])
def test_a_constraint_met_late_that_nothing_satisfies_is_named(sampler: Sampler) -> None:
    search = Search(sampler, Space([Int("n", 1, 4)]))
    search.run(1)
    search.history = replace(
        search.history, constraints=(Constraint("n < 0", lambda v: v["n"] < 0),)
    )
    with pytest.raises(SpaceError, match=r"\(n < 0\), but none of 4 points did"):
        search.run(1)
