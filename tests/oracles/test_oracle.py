"""Oracles as their users drive them: ask, report, end; in memory and in a file."""

from __future__ import annotations

import math

import pytest

import luthier
from luthier.errors import StudyError, TooManyFailuresError
from luthier.oracles import (
    BayesianOptimizationOracle,
    GridSearchOracle,
    Oracle,
    RandomSearchOracle,
)
from luthier.oracles._trial import TrialStatus

BUILTIN = [RandomSearchOracle, GridSearchOracle, BayesianOptimizationOracle]


def some_hp():
    hp = luthier.HyperParameters()
    hp.Float("x", -1.0, 1.0)
    hp.Choice("c", ["a", "b"])
    return hp


def make(kind=RandomSearchOracle, place=None, **options):
    options = {
        "objective": "val_loss",
        "max_trials": 10,
        "hyperparameters": some_hp(),
        "seed": 1,
    } | options
    oracle = kind(**options)
    if place is not None:
        oracle._set_project_dir(place, "project")
    return oracle


def run(oracle, *scores, tuner_id="tuner0"):
    """Trials that complete with these scores; None fails one."""
    trials = []
    for score in scores:
        trial = oracle.create_trial(tuner_id)
        if score is None:
            trial.status = TrialStatus.FAILED
        else:
            oracle.update_trial(trial.trial_id, {"val_loss": score})
            trial.status = TrialStatus.COMPLETED
        oracle.end_trial(trial)
        trials.append(trial)
    return trials


@pytest.mark.parametrize("kind", BUILTIN)
def test_every_oracle_gives_values_of_the_space(kind):
    trial = make(kind).create_trial("tuner0")
    assert trial.status == "RUNNING"
    assert set(trial.hyperparameters.values) == {"x", "c"}
    assert -1.0 <= trial.hyperparameters.get("x") <= 1.0


@pytest.mark.parametrize("kind", BUILTIN)
def test_the_same_seed_gives_the_same_trials(kind):
    values = [
        [trial.hyperparameters.values for trial in run(make(kind, seed=0), 3.0, 1.0, 2.0, 0.5)]
        for _ in range(2)
    ]
    assert values[0] == values[1]


def test_seed_zero_is_a_seed():
    assert make(seed=0).seed == 0


def test_the_first_point_of_a_grid_is_all_defaults():
    assert make(GridSearchOracle).create_trial("t").hyperparameters.values == {"x": -1.0, "c": "a"}


def test_a_tuner_that_asks_twice_gets_its_trial_again():
    oracle = make()
    first = oracle.create_trial("a")
    other = oracle.create_trial("b")
    assert oracle.create_trial("a") is first
    assert other.trial_id == "01"
    assert oracle.ongoing_trials == {"a": first, "b": other}


def test_the_best_finite_report_is_the_score():
    oracle = make()
    trial = oracle.create_trial("t")
    for step, value in enumerate([math.nan, 1.0, 0.5, math.inf, 0.7]):
        oracle.update_trial(trial.trial_id, {"val_loss": value, "loss": step}, step=step)
    oracle.end_trial(trial)
    assert (trial.status, trial.score, trial.best_step) == ("COMPLETED", 0.5, 2)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_not_finite_fails_the_trial_with_that_reason(value):
    oracle = make()
    trial = run(oracle, value)[0]
    assert (trial.status, trial.score) == ("FAILED", None)
    assert trial.message == f'Objective "val_loss" is {value}: a score must be a finite number.'


def test_best_trials_are_sorted_and_never_padded():
    oracle = make()
    run(oracle, 3.0, None, 1.0, 2.0)
    assert [trial.score for trial in oracle.get_best_trials(10)] == [1.0, 2.0, 3.0]
    assert [trial.score for trial in oracle.get_best_trials()] == [1.0]


def test_best_trials_follow_the_direction():
    oracle = make(objective=luthier.Objective("val_loss", "max"))
    run(oracle, 3.0, 1.0)
    assert oracle.get_best_trials()[0].score == 3.0


def test_an_ended_trial_cannot_be_ended_again():
    oracle = make()
    trial = run(oracle, 1.0)[0]
    trial.status = TrialStatus.FAILED
    oracle.end_trial(trial)
    assert oracle.get_trial("00").record.state.value == "completed"
    assert oracle.end_order == ["00"]


def test_an_invalid_trial_comes_back_until_its_retries_are_used_up():
    oracle = make(max_retries_per_trial=1)
    first = oracle.create_trial("t")
    values = dict(first.hyperparameters.values)
    first.status, first.message = TrialStatus.INVALID, "broken"
    oracle.end_trial(first)
    again = oracle.create_trial("t")
    assert again is first
    assert (again.status, again.hyperparameters.values) == ("RUNNING", values)
    again.status = TrialStatus.INVALID
    oracle.end_trial(again)
    assert again.status == "FAILED"
    assert oracle.create_trial("t").trial_id == "01"


def test_a_failed_trial_is_not_retried():
    oracle = make(max_retries_per_trial=3)
    run(oracle, None)
    assert oracle.create_trial("t").trial_id == "01"


def test_failures_in_a_row_raise_after_everything_is_saved(tmp_path):
    oracle = make(place=tmp_path)
    with pytest.raises(TooManyFailuresError, match="exceeded the limit of 3"):
        run(oracle, None, None, None)
    assert [trial.status for trial in oracle.trials.values()] == ["FAILED"] * 3
    assert oracle.ongoing_trials == {}


def test_a_success_between_failures_resets_the_count():
    oracle = make()
    run(oracle, None, None, 1.0, None, None)
    assert len(oracle.end_order) == 5


def test_stopped_without_a_trial_when_the_limit_is_reached():
    oracle = make(max_trials=1)
    run(oracle, 1.0)
    nothing = oracle.create_trial("t")
    assert (nothing.status, nothing.hyperparameters.values) == ("STOPPED", {})
    assert list(oracle.trials) == ["0"]


def test_a_larger_limit_goes_on():
    oracle = make(max_trials=1)
    run(oracle, 1.0)
    oracle.max_trials = 2
    assert oracle.create_trial("t").trial_id == "1"
    assert oracle.remaining_trials() == 0


def test_the_grid_is_idle_while_its_last_trial_runs():
    hp = luthier.HyperParameters()
    hp.Choice("c", ["a", "b"])
    oracle = make(GridSearchOracle, hyperparameters=hp, max_trials=None)
    last = [oracle.create_trial(name) for name in "pq"][-1]
    assert oracle.create_trial("r").status == "IDLE"
    for trial in tuple(oracle.ongoing_trials.values()):
        oracle.update_trial(trial.trial_id, {"val_loss": 1.0})
        oracle.end_trial(trial)
    assert oracle.create_trial("r").status == "STOPPED"
    assert last.trial_id == "0001"


def test_hyperparameters_met_by_a_trial_enter_the_space():
    oracle = make()
    trial = oracle.create_trial("t")
    trial.hyperparameters.Int("n", 1, 9)
    oracle.update_trial(trial.trial_id, {"val_loss": 1.0})
    oracle.end_trial(trial)
    assert [p.name for p in oracle.get_space().space] == ["x", "c", "n"]
    assert "n" in oracle.create_trial("t").hyperparameters.values


def test_untuned_entries_keep_their_default_and_stay_out_of_the_space():
    oracle = make(tune_new_entries=False)
    trial = oracle.create_trial("t")
    assert trial.hyperparameters.Int("n", 1, 9, default=4) == 4
    oracle.update_trial(trial.trial_id, {"val_loss": 1.0})
    oracle.end_trial(trial)
    assert [p.name for p in oracle.get_space().space] == ["x", "c"]
    assert oracle.get_best_trials()[0].hyperparameters.get("n") == 4


def test_new_entries_that_are_not_allowed_are_refused_where_they_are_defined():
    oracle = make(allow_new_entries=False)
    trial = oracle.create_trial("t")
    with pytest.raises(RuntimeError, match=r"`allow_new_entries` is `False`.*name: 'n'"):
        trial.hyperparameters.Int("n", 1, 9)


def test_hyperparameters_added_to_the_oracle_are_searched():
    oracle = make()
    run(oracle, 1.0)
    oracle.hyperparameters.Int("n", 1, 9)
    assert "n" in oracle.create_trial("t").hyperparameters.values


def test_the_space_that_is_given_out_is_a_copy():
    oracle = make()
    oracle.get_space().Int("n", 1, 9)
    assert "n" not in oracle.create_trial("t").hyperparameters.values


def test_the_same_trial_is_the_same_object_while_somebody_holds_it():
    oracle = make()
    trial = run(oracle, 1.0)[0]
    assert oracle.get_trial("00") is trial
    assert oracle.trials["00"] is trial
    assert oracle.get_best_trials()[0] is trial


def test_several_objectives_are_added_up():
    oracle = make(objective=["val_loss", luthier.Objective("score", "max")])
    trial = oracle.create_trial("t")
    oracle.update_trial(trial.trial_id, {"val_loss": 3.0, "score": 1.0}, step=0)
    oracle.update_trial(trial.trial_id, {"val_loss": 2.0, "score": 4.0}, step=1)
    oracle.end_trial(trial)
    assert (trial.score, trial.best_step) == (-2.0, 1)


# -- in a file ------------------------------------------------------------------------------------


def test_an_oracle_goes_on_where_it_was(tmp_path):
    first = make(place=tmp_path, max_trials=3)
    run(first, 2.0, 1.0)
    first._desk.close()
    second = make(place=tmp_path, max_trials=3)
    second.reload()
    assert [trial.score for trial in second.trials.values()] == [2.0, 1.0]
    assert second.create_trial("t").trial_id == "2"


def test_a_larger_limit_keeps_the_width_of_ids(tmp_path):
    first = make(place=tmp_path, max_trials=3)
    run(first, 1.0, 2.0)
    first._desk.close()
    second = make(place=tmp_path, max_trials=300)
    run(second, 3.0)
    assert list(second.trials) == ["0", "1", "2"]
    assert second.study.notices == ("max_trials changed from 3 to 300",)


def test_what_was_reported_survives(tmp_path):
    first = make(place=tmp_path)
    trial = first.create_trial("t")
    first.update_trial(trial.trial_id, {"val_loss": 2.0, "loss": 3.0}, step=0)
    first.update_trial(trial.trial_id, {"val_loss": 1.0}, step=4)
    first.end_trial(trial)
    first._desk.close()
    again = make(place=tmp_path).get_trial("00")
    assert again.get_state() == trial.get_state()
    assert [epoch["step"] for epoch in again.history] == [0, 4]


def test_a_trial_that_was_running_is_run_again(tmp_path):
    first = make(place=tmp_path)
    trial = first.create_trial("t")
    first.study.release(trial.record)
    first._desk.close()
    again = make(place=tmp_path).create_trial("t")
    assert again.trial_id == trial.trial_id
    assert again.hyperparameters.values == trial.hyperparameters.values
    assert again.record.attempt == 2


def test_another_objective_is_refused(tmp_path):
    run(make(place=tmp_path), 1.0)
    with pytest.raises(StudyError, match="val_accuracy"):
        make(place=tmp_path, objective="val_accuracy").reload()


def test_the_stored_seed_counts_where_none_is_given(tmp_path):
    assert make(place=tmp_path, seed=7).seed == 7
    assert make(place=tmp_path, seed=None).seed == 7


def test_an_oracle_with_trials_cannot_move(tmp_path):
    oracle = make(place=tmp_path / "a")
    run(oracle, 1.0)
    with pytest.raises(StudyError, match="Make a new oracle"):
        oracle._set_project_dir(tmp_path / "b", "project")


# -- of one's own ---------------------------------------------------------------------------------


class Halves(Oracle):
    """Halves x with each trial that is there, three times."""

    def populate_space(self, trial_id):
        if len(self.trials) >= 3:
            return {"status": "STOPPED", "values": None}
        return {"status": "RUNNING", "values": {"x": 0.5 ** len(self.trials)}}


def test_an_oracle_of_ones_own_chooses_the_values():
    oracle = make(Halves)
    assert [t.hyperparameters.get("x") for t in run(oracle, 1.0, 1.0, 1.0)] == [1.0, 0.5, 0.25]
    assert oracle.create_trial("t").status == "STOPPED"


def test_what_it_leaves_out_is_drawn_from_the_seed():
    drawn = [
        [t.hyperparameters.get("c") for t in run(make(Halves, seed=5), 1.0, 1.0, 1.0)]
        for _ in range(2)
    ]
    assert drawn[0] == drawn[1]


def test_it_may_ask_the_oracle_it_is_made_from():
    class Careful(RandomSearchOracle):
        def populate_space(self, trial_id):
            answer = super().populate_space(trial_id)
            return answer | {"values": {**answer["values"], "c": "b"}}

    plain, careful = run(make(), 1.0, 2.0), run(make(Careful), 1.0, 2.0)
    assert [t.hyperparameters.get("x") for t in careful] == [
        t.hyperparameters.get("x") for t in plain
    ]
    assert [t.hyperparameters.get("c") for t in careful] == ["b", "b"]


def test_random_values_are_new_ones():
    hp = luthier.HyperParameters()
    hp.Choice("c", ["a", "b"])

    class Mine(Oracle):
        def populate_space(self, trial_id):
            values = self._random_values()
            return {"status": "STOPPED" if values is None else "RUNNING", "values": values}

    oracle = make(Mine, hyperparameters=hp)
    assert {t.hyperparameters.get("c") for t in run(oracle, 1.0, 1.0)} == {"a", "b"}
    assert oracle.create_trial("t").status == "STOPPED"


@pytest.mark.parametrize("answer", [None, {}, {"status": "DONE"}, {"values": {}}, "RUNNING"])
def test_an_answer_that_means_nothing_is_refused(answer):
    class Wrong(Oracle):
        def populate_space(self, trial_id):
            return answer

    with pytest.raises(ValueError, match="Expected `populate_space` to return"):
        make(Wrong).create_trial("t")


def test_a_score_of_ones_own_ranks_the_trials():
    class Late(RandomSearchOracle):
        def score_trial(self, trial):
            trial.score = -trial.metrics.get_last_value("val_loss")
            trial.best_step = 9

    oracle = make(Late)
    run(oracle, 1.0, 5.0)
    best = oracle.get_best_trials()[0]
    assert (best.score, best.best_step) == (-5.0, 9)
    assert best.metrics.get_best_value("val_loss") == 5.0


def test_state_of_ones_own_is_saved_and_restored(tmp_path):
    class Counting(RandomSearchOracle):
        asked = 0

        def populate_space(self, trial_id):
            self.asked += 1
            return super().populate_space(trial_id)

        def get_state(self):
            return super().get_state() | {"asked": self.asked}

        def set_state(self, state):
            super().set_state(state)
            self.asked = state["asked"]

    first = make(Counting, tmp_path)
    run(first, 1.0, 2.0)
    first._desk.close()
    second = make(Counting, tmp_path)
    second.reload()
    assert second.asked == 2


def test_an_idle_oracle_is_asked_again():
    class Slow(Oracle):
        ready = False

        def populate_space(self, trial_id):
            return {"status": "RUNNING" if self.ready else "IDLE", "values": {}}

    oracle = make(Slow)
    assert oracle.create_trial("t").status == "IDLE"
    oracle.ready = True
    assert oracle.create_trial("t").status == "RUNNING"


def test_an_oracle_that_decides_itself_what_enters_the_space_is_asked():
    class Choosy(RandomSearchOracle):
        def update_space(self, hyperparameters):
            wanted = [p for p in hyperparameters.space if not p.name.startswith("skip")]
            self.hyperparameters.merge(wanted, overwrite=False)

    oracle = make(Choosy)
    trial = oracle.create_trial("t")
    trial.hyperparameters.Int("skip_me", 1, 9)
    trial.hyperparameters.Int("keep_me", 1, 9)
    oracle.update_trial(trial.trial_id, {"val_loss": 1.0})
    oracle.end_trial(trial)
    assert [p.name for p in oracle.get_space().space] == ["x", "c", "keep_me"]
    assert set(oracle.create_trial("t").hyperparameters.values) == {"x", "c", "keep_me"}


@pytest.mark.parametrize("kind", BUILTIN)
def test_what_the_hyperparameters_require_is_kept(kind):
    hp = luthier.HyperParameters()
    hp.Int("a", 0, 4)
    hp.Int("b", 0, 4)
    hp.require("a < b", lambda values: values["a"] < values["b"])
    oracle = make(kind, hyperparameters=hp)
    trials = run(oracle, *[0.1] * 8)
    assert all(t.hyperparameters.values["a"] < t.hyperparameters.values["b"] for t in trials)


@pytest.mark.parametrize("seed", ["a", 1.5, True])
def test_a_seed_that_is_none_is_refused_at_once(seed):
    with pytest.raises(TypeError, match="Expected the seed to be an int or None"):
        Oracle("val_loss", max_trials=1, seed=seed)
