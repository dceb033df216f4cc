"""BOHB's model learns from the highest budget with enough trials."""

from __future__ import annotations

import pytest

import luthier
from luthier.records import Decision, Measurement
from luthier.samplers._bohb import BOHB, at_highest_budget
from luthier.space import Float, Space

SPACE = Space([Float("x", 0.0, 1.0), Float("y", 0.0, 1.0)])
LOSS = luthier.Objective("loss", "min")


def searched(trials, scheduler="halving"):
    study = luthier.Study(SPACE, LOSS, sampler="bohb", scheduler=scheduler, seed=0)
    study.max_trials, study.horizon, study.is_resumable = trials, 9, True
    while (trial := study.ask()) is not None:
        begin = trial.measurements[-1].step + 1 if trial.measurements else 0
        for step in range(begin, 9):
            loss = (trial.values["x"] - 0.3) ** 2 + trial.values["y"] + 1 / (1 + step)
            if study.report(trial, Measurement(step, {"loss": loss})) is not Decision.CONTINUE:
                break
        study.tell(trial)
    return study.history()


def test_the_budget_is_the_highest_with_enough_trials():
    history = searched(27)
    whole = sum(trial.measurements[-1].step == 8 for trial in history.trials)
    assert at_highest_budget(history, whole)[1] == 9
    view, budget = at_highest_budget(history, whole + 1)
    assert budget == 3
    scored = [trial for trial in view.finished if trial.scores]
    assert all(trial.scores[0] >= trial.values["y"] + 1 / 3 for trial in scored)
    assert len(view.finished) == len(history.finished)
    assert at_highest_budget(history, 99) == (history, None)


def test_it_finds_more_than_chance_does():
    trials = searched(54).trials
    late = sum(trial.values["y"] for trial in trials[27:]) / 27
    early = sum(trial.values["y"] for trial in trials[:9]) / 9
    assert late < early


def test_a_share_that_is_none_is_refused():
    with pytest.raises(ValueError, match="`random`"):
        BOHB(1.5)
