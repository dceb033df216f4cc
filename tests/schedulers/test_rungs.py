"""Rungs and rules of the schedulers that come with Luthier."""

from __future__ import annotations

import math

import pytest

import luthier
from luthier.oracles._brackets import brackets
from luthier.records import Decision, Measurement, TrialState
from luthier.schedulers import ASHA, Hyperband, Median, Patience, SuccessiveHalving
from luthier.space import Float, Space

SPACE = Space([Float("x", 0.0, 1.0)])
LOSS = luthier.Objective("loss", "min")


def search(scheduler, losses, *, resumable=True, epochs=9, trials=9):
    """Each trial's curve is constant at its place among `losses`."""
    study = luthier.Study(SPACE, LOSS, sampler="random", scheduler=scheduler, seed=0)
    study.max_trials, study.horizon, study.is_resumable = trials, epochs, resumable
    while (trial := study.ask()) is not None:
        begin = trial.measurements[-1].step + 1 if trial.measurements and resumable else 0
        for step in range(begin, epochs):
            report = Measurement(step, {"loss": losses(trial.number, step)})
            if study.report(trial, report) is not Decision.CONTINUE:
                break
        study.tell(trial)
    return study.history().trials


def epochs_of(trials):
    return [len(trial.measurements) for trial in trials]


def test_halving_runs_a_cohort_rung_by_rung():
    trials = search(SuccessiveHalving(), lambda number, step: (number * 5) % 9)
    assert epochs_of(trials) == [9, 1, 3, 1, 3, 1, 1, 1, 1]
    assert [t.state for t in trials].count(TrialState.STOPPED) == 8
    assert trials[0].state is TrialState.COMPLETED


def test_halving_without_resuming_begins_again_and_comes_to_the_same():
    trials = search(SuccessiveHalving(), lambda number, step: (number * 5) % 9, resumable=False)
    assert epochs_of(trials) == [9, 1, 3, 1, 3, 1, 1, 1, 1]


def test_a_cohort_that_cannot_be_filled_goes_on_with_what_there_is():
    trials = search(SuccessiveHalving(), lambda number, step: number, trials=5)
    assert epochs_of(trials) == [9, 3, 1, 1, 1] or epochs_of(trials)[0] == 9


def test_asha_pauses_and_promotes_when_others_have_come():
    trials = search(ASHA(), lambda number, step: -number)
    assert max(epochs_of(trials)) == 9
    assert epochs_of(trials)[0] in (1, 3, 9)
    assert all(trial.scores for trial in trials)


def test_asha_stops_where_trials_cannot_go_on():
    trials = search(ASHA(), lambda number, step: number, resumable=False)
    assert epochs_of(trials) == [9] + [1] * 8
    assert {trial.state for trial in trials[1:]} == {TrialState.STOPPED}


def test_asha_uses_the_horizon_as_its_last_rung():
    trials = search(ASHA(), lambda number, step: -number, epochs=3, trials=3)
    assert trials[-1].state is TrialState.COMPLETED


def test_hyperband_has_brackets_of_every_depth():
    trials = search(Hyperband(), lambda number, step: number / 100, trials=23 - 6)
    assert trials[16].message or trials[16].state is TrialState.COMPLETED
    assert epochs_of(trials)[-3:] == [9, 9, 9]


# KerasTuner 1.4.8, `HyperbandOracle(max_epochs, factor)`: sizes of each bracket's rungs.
@pytest.mark.parametrize(
    ("most", "factor", "trials", "epochs"),
    [(100, 3, 254, 2672), (81, 3, 211, 1767), (27, 3, 70, 375), (9, 3, 23, 75), (8, 2, 36, 102)],
)
def test_brackets_are_those_of_keras_tuner(most, factor, trials, epochs):
    found = brackets(most, factor)
    assert sum(sum(bracket.sizes) for bracket in found) == trials
    spent = 0
    for bracket in found:
        before = 0
        for size, budget in zip(bracket.sizes, bracket.budgets, strict=True):
            spent += size * (budget - before)
            before = budget
    assert spent == epochs


def test_median_stops_what_is_worse_than_half_of_the_others():
    trials = search(Median(startup=3, warmup=1), lambda number, step: number % 5)
    assert [trial.number for trial in trials if trial.state is TrialState.STOPPED] == [
        3,
        4,
        6,
        7,
        8,
    ]


def test_patience_stops_what_no_longer_improves():
    trials = search(Patience(2), lambda number, step: 1 / (1 + min(step, number)), trials=6)
    assert epochs_of(trials) == [3, 4, 5, 6, 7, 8]


def test_patience_does_not_count_before_the_first_finite_report():
    trials = search(Patience(2), lambda number, step: math.nan if step < 4 else -step, trials=1)
    assert trials[0].state is TrialState.COMPLETED


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ASHA(1), "`factor` to be an int from 2"),
        (lambda: ASHA(2.5), "`factor` to be an int from 2"),
        (lambda: Hyperband(factor=True), "`factor` to be an int from 2"),
        (lambda: Hyperband(0), "`max_epochs` to be an int from 1"),
        (lambda: ASHA(min_epochs=4, max_epochs=3), "to reach the first rung, which is at 4"),
        (lambda: SuccessiveHalving(min_epochs=4, max_epochs=3), "to reach the first rung"),
        (lambda: SuccessiveHalving(size=0), "`size` to be an int from 1"),
        (lambda: Median(startup=0), "`startup` to be an int from 1"),
        (lambda: Patience(0), "`patience` to be an int from 1"),
        (lambda: Patience(min_delta=-1), "`min_delta` to be a number from 0"),
    ],
)
def test_wrong_arguments_are_refused_at_once(make, words):
    with pytest.raises(ValueError, match=words):
        make()
