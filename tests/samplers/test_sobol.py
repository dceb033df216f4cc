"""The sequence goes by the trial's number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from luthier.samplers import Sobol
from luthier.space import Choice, Float, Int, Space
from luthier.testing._searches import CONDITIONAL, Search

SPACE = Space([Float("x", 0.0, 1.0), Float("y", 0.0, 1.0)])


def test_every_cell_of_a_grid_gets_one_point() -> None:
    points = [tuple(t.values.values()) for t in Search(Sobol(), SPACE).run(64)]
    cells = {(int(x * 8), int(y * 8)) for x, y in points}
    assert len(cells) == 64


def test_a_number_that_another_trial_took_is_left_out() -> None:
    whole = Search(Sobol(), SPACE).run(6)
    search = Search(Sobol(), SPACE)
    search.run(3)
    search.history = replace(search.history, number=4)  # trial 3 was enqueued by the user
    assert [t.values for t in search.run(2)] == [t.values for t in whole[4:]]


def test_seeds_shift_the_sequence() -> None:
    first, second = (Search(Sobol(), SPACE, seed=seed).run(4) for seed in (1, 2))
    assert [t.values for t in first] != [t.values for t in second]


def test_steps_and_choices_are_met_evenly() -> None:
    space = Space([Float("x", 0.0, 1.0), Int("n", 1, 4), Choice("c", ["a", "b"])])
    trials = Search(Sobol(), space).run(64)
    numbers = [trial.values["n"] for trial in trials]
    assert [numbers.count(n) for n in (1, 2, 3, 4)] == [16] * 4
    assert sum(trial.values["c"] == "a" for trial in trials) == 32


def test_branches_are_met_evenly() -> None:
    trials = Search(Sobol(), CONDITIONAL).run(24)
    models = [trial.values["model"] for trial in trials]
    assert np.ptp([models.count(model) for model in ("tree", "line", "net")]) <= 2
