"""Counts, best so far and time left."""

from __future__ import annotations

from dataclasses import replace

import pytest

from luthier.hooks._progress import Progress
from luthier.objective import Objective
from luthier.records import Measurement, Suggestion, TrialState
from luthier.space import serialize
from tests.hooks.searches import ACCURACY, KIND, UNITS, Clock, ended, facts, running


def test_the_best_is_the_best_in_the_direction_of_the_objective() -> None:
    for direction, expected in (("max", 1), ("min", 0)):
        progress = Progress(facts(objectives=[Objective("val_accuracy", direction)]))
        for number, score in enumerate([0.1, 0.9, 0.5]):
            progress.take_up(running(number))
            progress.finish(ended(running(number), score))
        assert progress.best is not None
        assert progress.best.number == expected


def test_trials_without_a_finite_score_are_never_the_best() -> None:
    progress = Progress(facts())
    progress.finish(ended(running(0)))
    progress.finish(ended(running(1), float("nan")))
    assert progress.best is None


def test_a_resumed_search_knows_what_was_done_before() -> None:
    before = [ended(running(0), 0.7), ended(running(1))]
    progress = Progress(facts(finished=before))
    assert (progress.done, progress.resumed, progress.count(TrialState.FAILED)) == (2, 2, 1)
    assert progress.best is before[0]


def test_skipped_and_retried_trials_do_not_count_as_done() -> None:
    progress = Progress(facts())
    progress.finish(ended(running(0), state=TrialState.SKIPPED))
    progress.finish(ended(running(1), state=TrialState.WAITING))
    assert progress.done == 0


def test_time_left_follows_from_the_trials_so_far() -> None:
    clock = Clock()
    progress = Progress(facts(max_trials=4), clock)
    assert progress.left() is None
    progress.take_up(running(0))
    clock.now = 10.0
    progress.finish(ended(running(0), 0.5))
    assert progress.left() == pytest.approx(30.0)
    progress.take_up(running(1))
    clock.now = 14.0
    assert progress.left() == pytest.approx(26.0)


def test_trials_side_by_side_take_less_time() -> None:
    clock = Clock()
    progress = Progress(facts(max_trials=4), clock)
    progress.take_up(running(0))
    progress.take_up(running(1))
    clock.now = 10.0
    progress.finish(ended(running(0), 0.5))
    progress.finish(ended(running(1), 0.5))
    assert progress.left() == pytest.approx(10.0)


def test_a_time_limit_bounds_the_time_left() -> None:
    clock = Clock()
    progress = Progress(facts(max_trials=None, max_seconds=60.0), clock)
    clock.now = 45.0
    assert progress.left() == pytest.approx(15.0)


def test_fixed_and_unused_hyperparameters_are_not_named() -> None:
    progress = Progress(facts())
    assert progress.names([running(0)]) == ["units", "learning_rate"]
    assert progress.names([running(0, {"units": 3})]) == ["units"]


def test_what_is_not_searched_is_not_named() -> None:
    progress = Progress(facts(parameters=(UNITS,)))
    trial = running(0, {"units": 16, "kind": "dense", "batch_size": 32})
    assert progress.values(trial) == {"units": 16}
    assert progress.names([trial]) == ["units"]


def test_values_that_nobody_declared_are_named() -> None:
    progress = Progress(facts(parameters=()))
    assert progress.names([running(0, {"x": 1, "y": 2})]) == ["x", "y"]


def test_hyperparameters_met_on_the_way_are_named_and_their_fixed_ones_are_not() -> None:
    from luthier.space import Fixed

    progress = Progress(facts())
    trial = running(0, {"kind": "conv", "epochs": 3})
    progress.finish(ended(trial, 0.5, found=(serialize(KIND), serialize(Fixed("epochs", 3)))))
    assert progress.names([trial]) == ["kind"]


def test_the_number_of_epochs_is_the_budget_or_what_the_last_trial_took() -> None:
    progress = Progress(facts())
    first = running(0)
    progress.take_up(first)
    progress.report(first, Measurement(4, {}, 1.0))
    assert progress.steps_of(progress.running[0]) is None
    progress.finish(ended(first, 0.5))
    second = running(1)
    progress.take_up(second)
    assert progress.steps_of(progress.running[1]) == 5
    progress.report(second, Measurement(5, {}, 1.0))
    assert progress.steps_of(progress.running[1]) is None
    third = replace(running(2), suggestion=Suggestion({}, budget=9))
    progress.take_up(third)
    assert progress.steps_of(progress.running[2]) == 9


def test_objectives_are_those_of_the_study() -> None:
    assert Progress(facts()).objectives == (ACCURACY,)
