"""Which trial to use where scores are noisy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import luthier
from luthier.objective import Objective
from luthier.recommendation import recommended
from luthier.records import Suggestion, Trial, TrialState
from luthier.results import Results
from luthier.space import Choice, Float, Parent, Space

MIN, MAX = Objective("score", "min"), Objective("score", "max")
SPACE = Space(
    [
        Float("x", 0.0, 1.0),
        Choice("kind", ["a", "b"]),
        Float("y", 0.0, 1.0, conditions=[Parent("kind", ["b"])]),
    ]
)


def _trials(seed, noise, sign=1.0, count=60):
    """Trials of a bowl, and the true score of each."""
    rng = np.random.default_rng(seed)
    trials, truth = [], []
    for number in range(count):
        values = SPACE.sample(rng)
        true = 4 * (values["x"] - 0.4) ** 2 + (values["kind"] == "b") * (0.5 - values.get("y", 0))
        score = sign * (true + noise * rng.standard_normal())
        done = Trial(number, Suggestion(values), TrialState.COMPLETED, values=values)
        trials.append(replace(done, scores=(score,)))
        truth.append(true)
    return trials, truth


@pytest.mark.parametrize("objective", [MIN, MAX])
def test_of_noisy_trials_the_recommended_beats_the_lucky(objective):
    chosen, lucky = [], []
    for seed in range(8):
        trials, truth = _trials(seed, 0.3, objective.sign)
        chosen.append(truth[recommended(trials, objective, SPACE).number])
        results = Results(tuple(trials), (objective,), SPACE)
        assert results.best.number == recommended(trials, objective, SPACE).number
        lucky.append(truth[results.ranked()[0].number])
    assert np.mean(chosen) < np.mean(lucky) - 0.05


@pytest.mark.parametrize("objective", [MIN, MAX])
@pytest.mark.parametrize("seed", range(4))
def test_of_exact_trials_it_is_the_best(seed, objective):
    trials, truth = _trials(seed, 0.0, objective.sign)
    assert recommended(trials, objective, SPACE).number == np.argmin(truth)


def test_the_spread_of_executions_says_how_noisy_scores_are():
    trials, truth = _trials(1, 0.3)
    exact = [replace(trial, spread={"score": 0.0}) for trial in trials]
    assert recommended(exact, MIN, SPACE).scores == min(trial.scores for trial in trials)
    noisy = [replace(trial, spread={"score": 0.3}) for trial in trials]
    assert truth[recommended(noisy, MIN, SPACE).number] < 0


def test_equal_scores_go_to_the_earliest_and_no_score_to_none():
    trials, _ = _trials(0, 0.0, count=12)
    equal = [replace(trial, scores=(1.0,)) for trial in reversed(trials)]
    assert recommended(equal, MIN, SPACE).number == 0
    assert recommended([replace(trials[0], scores=())], MIN, SPACE) is None


def test_of_trials_that_ran_for_different_times_the_best_score_counts():
    trials, _ = _trials(0, 0.3)
    lowest = min(trials, key=lambda trial: trial.scores)
    stopped = [replace(trials[0], state=TrialState.STOPPED), *trials[1:]]
    assert recommended(stopped, MIN, SPACE).number == lowest.number


def test_a_study_recommends_what_its_results_do():
    hp = luthier.HyperParameters()
    hp.Float("x", 0.0, 1.0)
    study = luthier.Study(hp, sampler="random", seed=0)
    rng = np.random.default_rng(0)
    assert study.best is None
    for _ in range(25):
        trial = study.ask()
        study.tell(trial, (trial.values["x"] - 0.5) ** 2 + 0.1 * rng.standard_normal())
        assert study.best == Results.of(study.history()).best
