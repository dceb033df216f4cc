"""What a search found, as rows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from luthier.objective import Objective
from luthier.records import Measurement, Suggestion, Trial, TrialState
from luthier.results import Results
from luthier.space import Choice, Float, Space

LOSS, SPEED = Objective("loss", "min"), Objective("speed", "max")
SPACE = Space([Float("x", 0.0, 1.0), Choice("c", ["a", "b"])])


def trial(number, *scores, state=TrialState.COMPLETED, **values):
    return Trial(
        number,
        Suggestion(values),
        state,
        values=values,
        scores=scores,
        metrics=dict(zip(["loss", "speed"], scores, strict=False)),
        measurements=(Measurement(0, {"loss": 2.0}), Measurement(1, {"loss": 1.0})),
    )


def results(*trials, objectives=(LOSS,)):
    return Results(tuple(trials), objectives, SPACE)


def test_ranked_is_best_first_and_never_padded():
    found = results(trial(0, 3.0), trial(1, state=TrialState.FAILED), trial(2, 1.0))
    assert [t.number for t in found.ranked()] == [2, 0]
    assert [t.number for t in found.ranked(1)] == [2]
    assert found.best.number == 2


def test_nothing_scored_has_no_best():
    assert results(trial(0, state=TrialState.FAILED)).best is None
    assert results().pareto == []


def test_equal_scores_rank_by_number():
    assert [t.number for t in results(trial(1, 1.0), trial(0, 1.0)).ranked()] == [0, 1]


def test_pareto_agrees_with_brute_force():
    rng = np.random.default_rng(0)
    points = rng.integers(0, 6, size=(40, 2)).astype(float)
    trials = [trial(i, *point) for i, point in enumerate(points)]
    expected = [
        i
        for i, (a, b) in enumerate(points)
        if not any(c <= a and d >= b and (c < a or d > b) for c, d in points)
    ]
    found = results(*trials, objectives=(LOSS, SPEED)).pareto
    assert [t.number for t in found] == expected


def test_rows_hold_only_what_a_trial_used():
    row, other = results(trial(0, 1.0, x=0.5), trial(1, 2.0, c="a")).rows()
    assert row["hp/x"] == 0.5
    assert "hp/c" not in row
    assert other["hp/c"] == "a"
    assert row["metric/loss"] == 1.0
    assert row["state"] == "completed"


def test_a_failed_row_has_no_score():
    assert math.isnan(results(trial(0, state=TrialState.FAILED)).rows()[0]["score"])


def test_dataframes_have_a_row_a_trial_and_a_row_a_measurement():
    pytest.importorskip("pandas")
    found = results(trial(0, 1.0, x=0.5), trial(1, 2.0, x=0.25))
    assert list(found.dataframe()["hp/x"]) == [0.5, 0.25]
    assert list(found.curves_dataframe()["loss"]) == [2.0, 1.0, 2.0, 1.0]
    assert list(results().curves_dataframe().columns)[:3] == ["trial", "execution", "step"]


def test_importances_find_what_matters():
    rng = np.random.default_rng(0)
    trials = []
    for i in range(60):
        x, c = rng.random(), "ab"[rng.integers(2)]
        trials.append(trial(i, (x - 0.3) ** 2, x=x, c=c))
    found = results(*trials).importances()
    assert list(found) == ["x", "c"]
    assert found["x"] > 0.6
    assert found["c"] < 0.1


def test_importances_need_ten_trials():
    assert results(*[trial(i, float(i), x=i / 9) for i in range(9)]).importances() == {}
