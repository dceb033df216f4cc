"""Generations are made of whatever trials ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from luthier.records import TrialState
from luthier.samplers import CMAES
from luthier.space import Float, Int, Space
from luthier.testing._searches import Search, badness, draws, trials_at

SPACE = Space([Float("x", 0.0, 1.0), Float("y", 0.0, 1.0), Int("n", 1, 5)])


def test_trials_of_any_origin_move_the_distribution() -> None:
    near = [{"x": 0.9 + n / 1e3, "y": 0.1, "n": 5} for n in range(60)]
    finished = trials_at(near, [(float(n),) for n in range(60)])
    search = Search(CMAES(), SPACE, finished=finished, number=60)
    trials = search.run(20)
    assert sum(trial.values["x"] > 0.6 for trial in trials) > 15
    assert sum(trial.values["y"] < 0.4 for trial in trials) > 15


def test_the_generation_is_said_in_the_note() -> None:
    search = Search(CMAES(), SPACE)
    first = search.step()
    search.run(30)
    last = search.step()
    assert first is not None and first.suggestion.note == "CMA-ES, generation 0"
    assert last is not None and last.suggestion.note == "CMA-ES, generation 6"


def test_a_standstill_starts_the_search_anew() -> None:
    search = Search(CMAES(), Space([Float("x", 0.0, 1.0)]))
    for _ in range(400):
        trial = search.ask()
        assert trial is not None
        search.tell(trial, (trial.values["x"] - 0.123) ** 2)
    spread = [trial.values["x"] for trial in search.history.finished[-200:]]
    assert max(spread) - min(spread) > 0.1  # after 200 trials one start has long converged


@pytest.mark.parametrize("every", [1, 2, 5])
def test_generations_with_failures_or_of_failures_alone_are_passed(every: int) -> None:
    search = Search(CMAES(), SPACE)
    for n in range(40):
        search.step(TrialState.FAILED if n % every == 0 else TrialState.COMPLETED)
    assert search.step() is not None


def test_the_order_in_which_trials_ended_is_what_counts() -> None:
    points = draws(SPACE, 12)
    trials = trials_at(points, [(badness(p),) for p in points])
    answers = []
    for finished in (trials, trials[::-1]):
        search = Search(CMAES(), SPACE, finished=finished, number=12)
        answers.append(search.sampler.suggest(search.history, search.rng))
    again = Search(CMAES(), SPACE, finished=tuple(replace(t) for t in trials), number=12)
    assert again.sampler.suggest(again.history, again.rng) == answers[0]
    assert answers[0] != answers[1]
