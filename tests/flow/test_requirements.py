"""`hp.require`: what a build demands of its values holds in all that is suggested from then on."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import luthier
from luthier.engine.base_tuner import BaseTuner
from luthier.engine.trial import Trial
from luthier.oracles import RandomSearchOracle
from luthier.records import TrialState


def evaluate(hp: luthier.HyperParameters) -> float:
    low = hp.Int("low", 0, 20, default=15)
    high = hp.Int("high", 0, 20, default=5)
    hp.require("low < high", lambda values: values["low"] < values["high"])
    return float(high - low)


@pytest.mark.parametrize("sampler", ["random", "grid", "tpe", "evolution"])
def test_a_requirement_met_in_the_first_trial_rules_all_others(sampler: str) -> None:
    results = luthier.tune(evaluate, max_trials=12, seed=0, sampler=sampler, verbose=0)
    states = Counter(trial.state for trial in results.trials)
    assert states == {TrialState.SKIPPED: 1, TrialState.COMPLETED: 12}
    completed = [trial for trial in results.trials if trial.state is TrialState.COMPLETED]
    assert all(trial.values["low"] < trial.values["high"] for trial in completed)


def test_a_tuner_keeps_requirements_from_its_first_trial_on(tmp_path: Path) -> None:
    class Tuner(BaseTuner):
        def run_trial(self, trial: Trial, *args: Any, **kwargs: Any) -> float:
            return evaluate(trial.hyperparameters)

    oracle = RandomSearchOracle(luthier.Objective("loss", "min"), max_trials=8, seed=1)
    tuner = Tuner(oracle, evaluate, directory=tmp_path)
    tuner.search(verbose=0)
    trials = list(tuner.oracle.trials.values())
    assert len(trials) == 8
    for trial in trials:
        assert trial.hyperparameters.values["low"] < trial.hyperparameters.values["high"]


def search(storage: Path, max_trials: int, function: Any = evaluate) -> luthier.Results:
    return luthier.tune(
        function, max_trials=max_trials, seed=0, sampler="tpe", storage=storage, verbose=0
    )


@pytest.mark.parametrize("first", [1, 5, 12])
def test_a_requirement_survives_a_restart(first: int, tmp_path: Path) -> None:
    whole = search(tmp_path / "whole.sqlite", 20)
    search(tmp_path / "cut.sqlite", first)
    cut = search(tmp_path / "cut.sqlite", 20)
    assert [trial.values for trial in cut.trials] == [trial.values for trial in whole.trials]
    assert [trial.state for trial in cut.trials] == [trial.state for trial in whole.trials]


def test_what_only_a_function_knows_is_learnt_anew(tmp_path: Path) -> None:
    def other(hp: luthier.HyperParameters) -> float:
        low, high = hp.Int("low", 0, 20, default=15), hp.Int("high", 0, 20, default=5)
        hp.require("low is lower", lambda values: values["low"] < values["high"])
        return float(high - low)

    search(tmp_path / "cut.sqlite", 4, other)
    results = search(tmp_path / "cut.sqlite", 16, other)
    states = Counter(trial.state for trial in results.trials)
    assert states[TrialState.COMPLETED] == 16
    assert states[TrialState.SKIPPED] <= 2  # by the first trial of each run


def test_a_tuner_builds_once_more_for_what_only_a_function_knows(tmp_path: Path) -> None:
    def build(hp: luthier.HyperParameters) -> float:
        low, high = hp.Int("low", 0, 20, default=15), hp.Int("high", 0, 20, default=5)
        hp.require("low is lower", lambda values: values["low"] < values["high"])
        return float(high - low)

    class Tuner(BaseTuner):
        def run_trial(self, trial: Trial, *args: Any, **kwargs: Any) -> float:
            return build(trial.hyperparameters)

    for max_trials in (3, 9):
        oracle = RandomSearchOracle(luthier.Objective("loss", "min"), max_trials, seed=1)
        tuner = Tuner(oracle, build, directory=tmp_path)
        tuner.search(verbose=0)
    assert len(tuner.oracle.trials) == 9
    assert {trial.status for trial in tuner.oracle.trials.values()} == {"COMPLETED"}
