"""What a search found, as rows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from luthier.errors import ObjectiveError
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


@pytest.mark.parametrize("objectives", [1, 2, 3])
def test_hypervolume_agrees_with_counting(objectives):
    rng = np.random.default_rng(objectives)
    goals = (LOSS, SPEED, Objective("size", "min"))[:objectives]
    signs = np.array([goal.sign for goal in goals])
    points = rng.integers(0, 6, size=(9, objectives))
    # Unit cells of a grid up to the corner (6, 6, ...) of costs.
    corner = 6 * signs
    cells = np.stack(np.meshgrid(*[np.arange(-6, 6)] * objectives), -1).reshape(-1, objectives)
    covered = ((points * signs)[:, None] <= cells).all(2).any(0) & (cells < 6).all(1)
    found = results(*[trial(i, *p) for i, p in enumerate(points.astype(float))], objectives=goals)
    assert found.hypervolume([6.0, -6.0, 6.0][:objectives]) == covered.sum()
    named = {goal.name: value for goal, value in zip(goals, corner, strict=True)}
    assert found.hypervolume(named) == covered.sum()


def test_hypervolume_goes_up_to_the_worst_scores_by_default():
    goals = (LOSS, SPEED)
    found = results(trial(0, 1.0, 1.0), trial(1, 3.0, 5.0), trial(2, 4.0, 0.0), objectives=goals)
    assert found.hypervolume() == 3.0 * 1.0 + 1.0 * 4.0
    assert results(objectives=goals).hypervolume() == 0.0


@pytest.mark.parametrize(
    "reference", [[1.0], {"loss": 1.0}, {"loss": 1.0, "sped": 2.0}, [1, np.nan]]
)
def test_hypervolume_needs_a_number_for_each_objective(reference):
    with pytest.raises(ObjectiveError, match="reference"):
        results(trial(0, 1.0, 1.0), objectives=(LOSS, SPEED)).hypervolume(reference)


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
