"""What ends a search, and what of it is kept when the search goes on."""

from __future__ import annotations

import time

import pytest

import luthier
from luthier import driver
from luthier.records import Decision, TrialState

LOSS = luthier.Objective("loss", "min")


def curve(hp, report):
    x = hp.Float("x", 0.0, 1.0)
    for step in range(4):
        if report(step, loss=x + 1 / (1 + step)) is not Decision.CONTINUE:
            return


def search(evaluate=curve, **options):
    options = {"max_trials": 20, "sampler": "random", "seed": 0, "verbose": 0} | options
    return luthier.tune(evaluate, LOSS, **options)


def test_the_most_epochs_of_all_trials_stop_the_running_one_too():
    results = search(max_epochs_total=10)
    assert [len(trial.measurements) for trial in results.trials] == [4, 4, 2]
    assert results.reason == "10 epochs in all reached"
    assert results.trials[-1].state is TrialState.STOPPED
    assert results.trials[-1].message == "10 epochs in all reached"


def test_a_target_ends_the_trial_that_reaches_it_and_the_search():
    results = search(target=0.6)
    assert results.reason == "target of loss 0.6 reached"
    assert results.best.score <= 0.6
    assert all(trial.score > 0.6 for trial in results.trials[:-1])


def test_a_target_is_reached_by_what_a_trial_returns_too():
    results = search(lambda hp: {"loss": hp.Float("x", 0.0, 1.0)}, target=0.5)
    assert results.best.score <= 0.5
    assert len(results.trials) < 20


def test_a_target_follows_the_direction():
    results = luthier.tune(
        lambda hp: hp.Float("x", 0.0, 1.0),
        "max",
        50,
        target=0.8,
        sampler="random",
        seed=0,
        verbose=0,
    )
    assert results.best.score >= 0.8
    assert len(results.trials) < 50


def test_patience_counts_trials_after_the_best():
    results = search(lambda hp: {"loss": hp.Float("x", 0.0, 1.0)}, patience=4, max_trials=99)
    assert results.reason == "no better trial in the last 4"
    assert results.trials[-5].number == results.best.number


def test_a_trial_stops_at_its_first_report_after_its_time():
    def slow(hp, report):
        hp.Float("x", 0.0, 1.0)
        for step in range(9):
            if report(step, loss=1.0) is not Decision.CONTINUE:
                return
            time.sleep(0.02)

    results = search(slow, max_trials=2, max_trial_time=0.01)
    assert [len(trial.measurements) for trial in results.trials] == [2, 2]
    assert "0.01 seconds for one trial" in results.trials[0].message
    assert results.reason == "2 trials reached"


@pytest.mark.parametrize(
    "limit", [{"max_epochs_total": 10}, {"target": 0.6}, {"patience": 3}, {"max_time": 0.0}]
)
def test_a_search_that_a_limit_ended_does_not_go_on_when_it_is_run_again(tmp_path, limit):
    first = search(storage=tmp_path / "study.sqlite", **limit)
    again = search(storage=tmp_path / "study.sqlite", **limit)
    assert len(again.trials) == len(first.trials)
    assert again.reason == first.reason


def test_why_a_search_ended_is_kept(tmp_path):
    search(storage=tmp_path / "study.sqlite", patience=3)
    study = luthier.Study(storage=tmp_path / "study.sqlite", objective=LOSS)
    assert study.spec.settings["ended"] == "no better trial in the last 3"
    study.close()


def test_every_tuner_takes_limits(tmp_path):
    class Bowl(luthier.engine.base_tuner.BaseTuner):
        def run_trial(self, trial, **kwargs):
            return trial.hyperparameters.Float("x", 0.0, 1.0)

    oracle = luthier.oracles.RandomSearchOracle(max_trials=50, seed=0)
    tuner = Bowl(oracle, directory=tmp_path, patience=3)
    tuner.search(verbose=0)
    assert len(tuner.oracle.trials) < 50
    assert tuner.results.reason == "no better trial in the last 3"


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"epochs": 0}, "the most epochs in all as an int from 1"),
        ({"epochs": 1.5}, "the most epochs in all as an int from 1"),
        ({"patience": True}, "the patience as an int from 1"),
        ({"target": float("nan")}, "the target as a finite number"),
        ({"target": "0.5"}, "the target as a finite number"),
        ({"trial_seconds": -1}, "seconds from 0"),
    ],
)
def test_a_limit_that_is_none_is_refused_at_once(limits, words):
    with pytest.raises(ValueError, match=words):
        driver.Limits(**limits)
