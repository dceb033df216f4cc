"""`Auto`: the race, the check, and what it does when the check fails."""

from __future__ import annotations

import numpy as np
import pytest

import luthier
from luthier.records import Decision, Measurement, TrialState
from luthier.schedulers import Auto
from luthier.space import Float, Space

SPACE = Space([Float("x", 0.0, 1.0)])
LOSS = luthier.Objective("loss", "min")
EPOCHS = 20


def search(loss, *, trials=24, resumable=True, horizon=EPOCHS, objective=LOSS):
    study = luthier.Study(SPACE, objective, sampler="random", scheduler=Auto(), seed=0)
    study.max_trials, study.horizon, study.is_resumable = trials, horizon, resumable
    while (trial := study.ask()) is not None:
        begin = trial.measurements[-1].step + 1 if trial.measurements and resumable else 0
        for step in range(begin, EPOCHS):
            report = Measurement(step, {objective.name: loss(trial.values["x"], step)})
            if study.report(trial, report) is not Decision.CONTINUE:
                break
        study.tell(trial)
    return study.history().trials


def early(x, step):
    return 0.1 + x + 1 / (1 + step)


def late(x, step):
    return (0.1 + x if step > 12 else 1.6 - x) + 1 / (1 + step)


def epochs_of(trials):
    return [len(trial.measurements) for trial in trials]


@pytest.mark.parametrize("resumable", [True, False])
def test_curves_that_tell_early_cost_a_part_of_full_training(resumable):
    trials = search(early, resumable=resumable)
    best = min(trials, key=lambda trial: trial.values["x"])
    assert best.measurements[-1].step == EPOCHS - 1
    assert sum(epochs_of(trials)) < 0.5 * 24 * EPOCHS


def test_what_is_cut_says_how_sure_that_is():
    trials = search(early)
    cut = [trial for trial in trials if trial.state is TrialState.STOPPED]
    assert len(cut) > 10
    assert all("of 6 such trials" in trial.message for trial in cut)
    assert all("at most 39% to have won" in trial.message for trial in cut)


def test_late_bloomers_are_found_and_then_nobody_is_cut():
    trials = search(late)
    best = min(trials, key=lambda trial: trial.values["x"])
    assert best.measurements[-1].step == EPOCHS - 1
    assert epochs_of(trials) == [EPOCHS] * 24


def test_accuracies_below_zero_cost_are_compared_too():
    accuracy = luthier.Objective("accuracy", "max")
    trials = search(lambda x, step: 1 - early(x, step) / 3, objective=accuracy)
    best = min(trials, key=lambda trial: trial.values["x"])
    assert best.measurements[-1].step == EPOCHS - 1


def test_curves_that_diverge_are_no_error():
    trials = search(lambda x, step: np.inf if x > 0.5 and step > 2 else early(x, step))
    assert sum(epochs_of(trials)) < 24 * EPOCHS


def test_without_a_horizon_the_first_trial_tells_it():
    trials = search(early, horizon=None, trials=10)
    assert epochs_of(trials)[0] == EPOCHS
    assert sum(epochs_of(trials)) < 10 * EPOCHS


def test_epochs_that_are_none_are_refused():
    with pytest.raises(ValueError, match="`max_epochs` to be an int from 1"):
        Auto(0)


def some_late(x, step):
    if not 0.35 < x < 0.6:
        return 1 + x + 1 / (1 + step)
    return x if step > 12 else 3 + 1 / (1 + step)


def test_where_nothing_can_go_on_late_bloomers_end_the_stopping():
    trials = search(some_late, trials=24, resumable=False)
    # Numbers 6 and 13 are run to their ends as checks, and beat all others.
    assert epochs_of(trials)[5] == 1
    assert epochs_of(trials)[14:] == [EPOCHS] * 10
