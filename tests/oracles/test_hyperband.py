"""Hyperband's brackets, as KerasTuner 1.4.8 runs them."""

from __future__ import annotations

import math

import pytest

import luthier
from luthier.oracles import HyperbandOracle
from luthier.oracles._brackets import brackets

# `HyperbandOracle(max_epochs=…, factor=…)` of KerasTuner 1.4.8, driven by hand: trials and epochs.
TOTALS = [
    (100, 3, 254, 2672),
    (81, 3, 211, 1767),
    (27, 3, 70, 375),
    (9, 3, 23, 75),
    (8, 2, 36, 102),
]


def oracle(max_epochs=9, factor=3, space=True, **options):
    hp = luthier.HyperParameters()
    if space:
        hp.Float("x", 0.0, 1.0)
    return HyperbandOracle(
        luthier.Objective("loss", "min"),
        max_epochs,
        factor,
        hyperparameters=hp if space else None,
        seed=0,
        **options,
    )


def run(oracle, *, fails=lambda trial: False, limit=10_000):
    """All trials as (bracket, round, initial epoch, epochs, parent), in order."""
    rows = []
    while len(rows) < limit:
        trial = oracle.create_trial("tuner0")
        if trial.status == "STOPPED":
            return rows
        values = trial.hyperparameters.values
        rows.append([values.get(f"tuner/{n}") for n in ("bracket", "round", "initial_epoch")])
        rows[-1] += [values["tuner/epochs"], values.get("tuner/trial_id")]
        if fails(trial):
            trial.status = "FAILED"
        else:
            loss = abs(values.get("x", 0.5) - 0.3) + 1 / values["tuner/epochs"]
            oracle.update_trial(trial.trial_id, {"loss": loss}, step=values["tuner/epochs"] - 1)
            trial.status = "COMPLETED"
        oracle.end_trial(trial)
    return rows


@pytest.mark.parametrize(("most", "factor", "trials", "epochs"), TOTALS[2:])
def test_trials_and_epochs_are_those_of_keras_tuner(most, factor, trials, epochs):
    rows = run(oracle(most, factor))
    assert len(rows) == trials
    assert sum(row[3] - row[2] for row in rows) == epochs


@pytest.mark.parametrize("most", [1, 2, 5, 9, 10, 27, 100, 243, 1000])
@pytest.mark.parametrize("factor", [2, 3, 4, 10])
def test_sizes_are_keras_tuners_formula(most, factor):
    found = brackets(most, factor)
    count, epochs = 0, most
    while epochs >= 1:
        count, epochs = count + 1, epochs / factor
    assert len(found) == count
    for number, bracket in zip(range(count - 1, -1, -1), found, strict=True):
        end = math.ceil(1 + round(math.log(most, factor), 9)) / (number + 1)
        assert bracket.sizes == tuple(
            math.ceil(end * factor ** (number - level)) for level in range(number + 1)
        )
        assert bracket.budgets == tuple(
            math.ceil(most / factor ** (number - level)) for level in range(number + 1)
        )


def test_a_promoted_trial_repeats_the_best_of_its_round_for_longer():
    searched = oracle()
    rows = run(searched)
    assert rows[0] == [2, 0, 0, 1, None]
    first = [trial for trial in searched.trials.values() if int(trial.trial_id) < 9]
    best = min(first, key=lambda trial: trial.score)
    promoted = searched.trials["0009"]
    assert rows[9] == [2, 1, 1, 3, best.trial_id]
    assert promoted.hyperparameters.values["x"] == best.hyperparameters.values["x"]
    assert promoted.record.suggestion.resume_from == int(best.trial_id)
    assert "goes on from trial" in promoted.record.suggestion.note


def test_failed_trials_do_not_hold_up_a_bracket():
    rows = run(oracle(max_consecutive_failed_trials=99), fails=lambda t: int(t.trial_id) % 3 == 1)
    assert {row[0] for row in rows} == {0, 1, 2}
    assert [row[1] for row in rows[:9]] == [0] * 9
    assert any(row[:2] == [2, 1] for row in rows)


def test_a_bracket_of_failures_only_is_left_and_the_next_one_begins():
    rows = run(oracle(max_consecutive_failed_trials=99), fails=lambda t: int(t.trial_id) < 9)
    assert [row[0] for row in rows] == [2] * 9 + [1] * 7 + [0] * 3


def test_more_iterations_go_over_the_brackets_again():
    assert len(run(oracle(hyperband_iterations=2))) == 2 * 23


def test_no_limit_of_iterations_never_stops():
    assert len(run(oracle(hyperband_iterations=None), limit=80)) == 80


def test_a_space_that_is_used_up_ends_the_search_after_the_promotions():
    hp = luthier.HyperParameters()
    hp.Choice("x", [0.0, 0.3, 1.0])
    small = HyperbandOracle(luthier.Objective("loss", "min"), 9, hyperparameters=hp, seed=0)
    rows = run(small)
    assert [row[1] for row in rows] == [0, 0, 0, 1, 1, 1, 2]


def test_a_space_that_is_met_only_while_running_is_searched(tmp_path):
    class Meets(luthier.Hyperband):
        def run_trial(self, trial, **kwargs):
            return {"loss": abs(trial.hyperparameters.Float("x", 0.0, 1.0) - 0.3)}

    tuner = Meets(None, luthier.Objective("loss", "min"), 9, seed=0, directory=tmp_path)
    tuner.search(verbose=0)
    trials = tuner.oracle.trials.values()
    assert len(trials) == 23
    assert len({trial.hyperparameters.values["x"] for trial in trials}) >= 12


def test_it_goes_on_where_it_was(tmp_path):
    whole = run(oracle())
    rows = []
    for limit in (5, 7, 100):
        part = oracle()
        part._set_project_dir(tmp_path, "project")
        rows += run(part, limit=limit)
        part._desk.close()
    assert rows == whole
    more = oracle(hyperband_iterations=2)
    more._set_project_dir(tmp_path, "project")
    assert len(run(more)) == 23
    more._desk.close()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"factor": 1}, "factor needs to be a int larger than 1"),
        ({"factor": 2.5}, "factor needs to be a int larger than 1"),
        ({"max_epochs": 0}, "`max_epochs` to be an int from 1"),
    ],
)
def test_wrong_arguments_are_refused_at_once(options, words):
    with pytest.raises(ValueError, match=words):
        oracle(**options)
