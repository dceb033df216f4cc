"""Searches run again on paper under another scheduler."""

from __future__ import annotations

import pytest

import luthier
from luthier.records import Decision

LOSS = luthier.Objective("loss", "min")


def searched(curve, trials=18, objective=LOSS):
    def evaluate(hp, report):
        x = hp.Float("x", 0.0, 1.0)
        for step in range(9):
            if report(step, {objective.name: curve(x, step)}) is not Decision.CONTINUE:
                return

    return luthier.tune(evaluate, objective, trials, sampler="random", seed=0, verbose=0)


@pytest.mark.parametrize("name", ["asha", "halving", "hyperband", "median", "auto"])
@pytest.mark.parametrize("is_resumable", [True, False])
def test_curves_that_tell_early_save_epochs_and_lose_nothing(name, is_resumable):
    results = searched(lambda x, step: x + 1 / (1 + step))
    found = luthier.replay(results, name, is_resumable=is_resumable)
    assert (found.scheduler, found.trials, found.epochs_then) == (name, 18, 162)
    assert found.best == found.best_then == results.best.score
    assert not found.lost
    if is_resumable:
        assert 0.1 < found.saved < 1
    assert "the best trial is kept" in str(found)


def test_a_loss_is_said():
    results = searched(lambda x, step: (x if step > 6 else 2 - x) + 1 / (1 + step))
    found = luthier.replay(results, "halving")
    assert found.lost
    assert found.best > found.best_then
    assert "the best trial would have been lost" in str(found)


def test_nothing_is_stopped_by_never():
    found = luthier.replay(searched(lambda x, step: x), "never")
    assert (found.saved, found.lost) == (0.0, False)


def test_the_direction_is_followed():
    accuracy = luthier.Objective("accuracy", "max")
    found = luthier.replay(searched(lambda x, step: x, objective=accuracy), "asha")
    assert not found.lost


def test_a_search_without_reports_has_nothing_to_replay():
    results = luthier.tune(lambda hp: hp.Float("x", 0.0, 1.0), max_trials=3, seed=0, verbose=0)
    found = luthier.replay(results, "asha")
    assert (found.trials, found.epochs, found.best) == (0, 0, None)
