"""TPE begins with Sobol' points and then follows the good trials."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from luthier.samplers import TPE, Sobol
from luthier.space import Boolean, Float, Space
from luthier.testing._searches import Search, draws, trials_at
from tests.samplers import problems

SPACE = Space([Float("x", 0.0, 1.0), Float("y", 0.0, 1.0), Boolean("b")])


def test_it_begins_with_sobol_points() -> None:
    first = Search(TPE(initial=7), SPACE).run(7)
    assert [t.values for t in first] == [t.values for t in Search(Sobol(), SPACE).run(7)]


def test_it_goes_where_good_trials_were() -> None:
    points = draws(SPACE, 200)
    scores = [(abs(p["x"] - 0.8) + abs(p["y"] - 0.2) + 0.5 * p["b"],) for p in points]
    search = Search(TPE(), SPACE, finished=trials_at(points, scores), number=200)
    for trial in search.run(15):
        assert abs(trial.values["x"] - 0.8) < 0.3
        assert abs(trial.values["y"] - 0.2) < 0.3


def test_workers_that_ask_at_once_spread_out() -> None:
    points = draws(SPACE, 60)
    scores = [(abs(p["x"] - 0.5) + abs(p["y"] - 0.5),) for p in points]
    finished = trials_at(points, scores)

    def spread(sampler: TPE, waits: bool) -> float:
        search = Search(sampler, SPACE, finished=finished, number=60)
        found = []
        for _ in range(20):
            history = search.history
            trial = search.ask()
            assert trial is not None
            found.append(trial.values["x"])
            if not waits:  # the others do not learn that it runs
                search.history = replace(history, number=search.history.number)
        return float(np.std(found))

    assert spread(TPE(), waits=True) > 1.2 * spread(TPE(), waits=False)


def test_it_says_how_a_point_was_found() -> None:
    notes = [trial.suggestion.note for trial in Search(TPE(), SPACE).run(12)]
    assert notes[:10] == ["Sobol' point to begin with"] * 10
    assert notes[10:] == ["TPE", "TPE"]


@pytest.mark.parametrize("initial", [1, 2.5, "ten", True, None])
def test_a_model_of_less_than_two_trials_is_refused(initial: Any) -> None:
    with pytest.raises(ValueError, match="at least 2 initial trials"):
        TPE(initial=initial)


def test_beside_a_border_beyond_which_trials_crash_few_do() -> None:
    space = Space([Float("x", 0.0, 1.0), Float("y", 0.0, 1.0)])
    late = 0
    for seed in range(3):
        failed = problems.crashes(
            TPE(),
            space,
            lambda values: (values["x"] - 0.52) ** 2 + values["y"],
            lambda values: values["x"] < 0.5,
            40,
            seed=seed,
        )
        late += sum(failed[-20:])
    assert late <= 12
