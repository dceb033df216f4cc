"""Searches of any kind of model: the loop, its hooks, failures, and going on after an end."""

from __future__ import annotations

import json
import math

import pytest

import luthier
from luthier.errors import FailedTrialError, FatalError, OversizedModelError, StudyError
from luthier.oracles import GridSearchOracle, Oracle, RandomSearchOracle
from luthier.tuners import BaseTuner


class Bowl(BaseTuner):
    """Runs `evaluate(hp)`, which a test sets; counts how often."""

    evaluate = staticmethod(lambda hp: hp.Float("x", -1.0, 1.0) ** 2)
    runs = 0

    def run_trial(self, trial, *args, **kwargs):
        self.runs += 1
        return type(self).evaluate(trial.hyperparameters)


def bowl(place, evaluate=None, kind=Bowl, **options):
    options = {"objective": "val_loss", "max_trials": 4, "seed": 1} | options
    oracle_kind = options.pop("oracle", RandomSearchOracle)
    tuner_options = {k: options.pop(k) for k in ("overwrite", "project_name") if k in options}
    made = type("Made", (kind,), {"evaluate": staticmethod(evaluate or kind.evaluate)})
    return made(oracle_kind(**options), directory=place, **tuner_options)


def statuses(tuner):
    return [trial.status for trial in tuner.oracle.trials.values()]


def test_a_search_runs_all_its_trials(tmp_path):
    tuner = bowl(tmp_path)
    tuner.search(verbose=0)
    assert statuses(tuner) == ["COMPLETED"] * 4
    assert tuner.remaining_trials == 0
    best = tuner.get_best_hyperparameters()[0].get("x")
    scores = [trial.score for trial in tuner.oracle.trials.values()]
    assert best**2 == min(scores)


def test_a_finished_search_ends_at_once(tmp_path):
    bowl(tmp_path).search(verbose=0)
    again = bowl(tmp_path)
    again.search(verbose=0)
    assert again.runs == 0
    assert len(again.oracle.trials) == 4


def test_a_larger_limit_goes_on_as_the_unbroken_search_would(tmp_path):
    unbroken = bowl(tmp_path / "a", max_trials=6)
    unbroken.search(verbose=0)
    bowl(tmp_path / "b", max_trials=3).search(verbose=0)
    resumed = bowl(tmp_path / "b", max_trials=6)
    resumed.search(verbose=0)
    assert resumed.runs == 3
    assert [t.hyperparameters.values for t in resumed.oracle.trials.values()] == [
        t.hyperparameters.values for t in unbroken.oracle.trials.values()
    ]


def test_going_on_says_so_and_what_changed(tmp_path, capsys):
    bowl(tmp_path, max_trials=2).search(verbose=0)
    assert capsys.readouterr().out == ""
    bowl(tmp_path, max_trials=3)
    assert capsys.readouterr().out.splitlines() == [
        f"Reloading Tuner from {tmp_path}/untitled_project/study.sqlite",
        "  max_trials changed from 2 to 3",
    ]


def test_another_objective_is_refused(tmp_path):
    bowl(tmp_path).search(verbose=0)
    with pytest.raises(StudyError, match="val_accuracy"):
        bowl(tmp_path, objective="val_accuracy")
    assert len(bowl(tmp_path).oracle.trials) == 4


def test_overwrite_begins_anew(tmp_path):
    bowl(tmp_path).search(verbose=0)
    tuner = bowl(tmp_path, overwrite=True)
    assert tuner.oracle.trials == {}
    tuner.search(verbose=0)
    assert tuner.runs == 4


def test_projects_do_not_disturb_each_other(tmp_path):
    bowl(tmp_path, project_name="a").search(verbose=0)
    assert bowl(tmp_path, project_name="b").oracle.trials == {}


# -- interruptions --------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [KeyboardInterrupt, FatalError, SystemExit])
def test_what_stops_a_search_leaves_one_that_goes_on(tmp_path, error):
    def interrupted(hp):
        x = hp.Float("x", -1.0, 1.0)
        if tuner.runs == 2:
            raise error
        return x**2

    tuner = bowl(tmp_path, interrupted)
    with pytest.raises(error):
        tuner.search(verbose=0)
    assert statuses(tuner) == ["COMPLETED", "INVALID"]
    assert tuner.oracle.ongoing_trials == {}
    values = dict(tuner.oracle.trials["1"].hyperparameters.values)

    resumed = bowl(tmp_path)
    resumed.search(verbose=0)
    assert statuses(resumed) == ["COMPLETED"] * 4
    assert resumed.oracle.trials["1"].hyperparameters.values == values
    assert resumed.oracle.trials["1"].record.attempt == 2


def test_the_same_tuner_goes_on_too(tmp_path):
    def once(hp):
        x = hp.Float("x", -1.0, 1.0)
        if tuner.runs == 3:
            raise KeyboardInterrupt
        return x

    tuner = bowl(tmp_path, once)
    with pytest.raises(KeyboardInterrupt):
        tuner.search(verbose=0)
    tuner.search(verbose=0)
    assert statuses(tuner) == ["COMPLETED"] * 4


# -- failures -------------------------------------------------------------------------------------


def test_a_failed_trial_keeps_its_traceback_and_the_search_goes_on(tmp_path, capsys):
    def broken(hp):
        if tuner.runs == 2:
            raise ZeroDivisionError("by x")
        return hp.Float("x", -1.0, 1.0)

    tuner = bowl(tmp_path, broken)
    tuner.search()
    assert statuses(tuner) == ["COMPLETED", "FAILED", "COMPLETED", "COMPLETED"]
    message = tuner.oracle.trials["1"].message
    assert message.startswith("Traceback (most recent call last)")
    assert message.rstrip().endswith("ZeroDivisionError: by x")
    assert "ZeroDivisionError: by x" in capsys.readouterr().err


def test_nothing_is_printed_when_nothing_is_to_be(tmp_path, capsys):
    def broken(hp):
        if tuner.runs == 2:
            raise ZeroDivisionError
        return hp.Float("x", -1.0, 1.0)

    tuner = bowl(tmp_path, broken, max_retries_per_trial=1)
    tuner.search(verbose=0)
    assert capsys.readouterr() == ("", "")


def test_a_trial_that_raised_is_run_again_with_all_its_values(tmp_path, capsys):
    seen = []

    def flaky(hp):
        x = hp.Float("x", -1.0, 1.0)
        if tuner.runs == 3:
            seen.append(x)
            raise ValueError("once")
        y = hp.Float("y", -1.0, 1.0)
        if tuner.runs == 4:
            seen.extend((x, y))
        return x + y

    tuner = bowl(tmp_path, flaky, max_retries_per_trial=2)
    tuner.search()
    assert statuses(tuner) == ["COMPLETED"] * 4
    assert seen[0] == seen[1]
    assert seen[2] == tuner.oracle.trials["2"].record.suggestion.values["y"]
    told = [line for line in capsys.readouterr().out.splitlines() if "retr" in line]
    assert len(told) == 1
    assert "trial 2  to be retried: ValueError: once (retry 1 of 2)" in told[0]


def test_retries_end(tmp_path):
    def broken(hp):
        x = hp.Float("x", -1.0, 1.0)
        if tuner.oracle.start_order[-1] == "1":
            raise ValueError
        return x

    tuner = bowl(tmp_path, broken, max_retries_per_trial=2)
    tuner.search(verbose=0)
    assert statuses(tuner) == ["COMPLETED", "FAILED", "COMPLETED", "COMPLETED"]
    assert tuner.runs == 6


def test_a_failed_trial_error_is_not_retried(tmp_path):
    def refused(hp):
        x = hp.Float("x", -1.0, 1.0)
        if tuner.runs == 1:
            raise FailedTrialError("unfit")
        return x

    tuner = bowl(tmp_path, refused, max_retries_per_trial=3)
    tuner.search(verbose=0)
    assert statuses(tuner) == ["FAILED", "COMPLETED", "COMPLETED", "COMPLETED"]
    assert tuner.runs == 4


@pytest.mark.parametrize("limit", [1, 3])
def test_failures_in_a_row_stop_the_search_after_all_is_saved(tmp_path, limit):
    def broken(hp):
        hp.Float("x", -1.0, 1.0)
        raise ValueError("always")

    tuner = bowl(tmp_path, broken, max_trials=10, max_consecutive_failed_trials=limit)
    with pytest.raises(RuntimeError, match=f"exceeded the limit of {limit}") as caught:
        tuner.search(verbose=0)
    assert "ValueError: always" in str(caught.value)
    resumed = bowl(tmp_path, max_trials=10)
    assert statuses(resumed) == ["FAILED"] * limit
    resumed.search(verbose=0)
    assert statuses(resumed) == ["FAILED"] * limit + ["COMPLETED"] * (10 - limit)


def test_oversized_models_are_skipped_and_drawn_again(tmp_path):
    def sized(hp):
        n = hp.Int("n", 1, 20)
        if n > 10:
            raise OversizedModelError(f"{n} is too large")
        return float(n)

    tuner = bowl(tmp_path, sized, max_trials=8)
    tuner.search(verbose=0)
    states = [trial.record.state.value for trial in tuner.oracle.trials.values()]
    assert states.count("completed") == 8
    assert "skipped" in states
    assert tuner.remaining_trials == 0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_not_finite_fails_the_trial(tmp_path, value):
    tuner = bowl(tmp_path, lambda hp: value if hp.Float("x", -1.0, 1.0) < 0 else 1.0, max_trials=2)
    tuner.search(verbose=0)
    failed = [t for t in tuner.oracle.trials.values() if t.status == "FAILED"]
    assert failed
    assert all("must be a finite number" in trial.message for trial in failed)


# -- what trials give -----------------------------------------------------------------------------


class FakeHistory:
    def __init__(self, history):
        self.history = history


def one_trial(place, returned, **options):
    def evaluate(hp):
        hp.Float("x", -1.0, 1.0)
        return returned

    tuner = bowl(place, evaluate, max_trials=1, **options)
    tuner.search(verbose=0)
    return tuner.oracle.trials["0"]


def test_a_nan_epoch_does_not_hide_later_good_ones(tmp_path):
    history = FakeHistory({"val_loss": [math.nan, 2.0, 1.0, 3.0], "loss": [1.0, 2.0, 3.0, 4.0]})
    trial = one_trial(tmp_path, history)
    assert (trial.score, trial.best_step) == (1.0, 2)
    assert trial.metrics.get_best_value("loss") == 3.0


def test_spread_over_executions_is_kept(tmp_path):
    trial = one_trial(tmp_path, [{"val_loss": 1.0}, {"val_loss": 3.0}])
    assert trial.score == 2.0
    assert trial.record.spread["val_loss"] == 1.0


def test_only_values_that_were_used_are_kept(tmp_path):
    def evaluate(hp):
        layers = hp.Int("layers", 1, 3)
        return sum(hp.Int(f"units_{i}", 1, 9) for i in range(layers))

    tuner = bowl(tmp_path, evaluate, max_trials=12)
    tuner.search(verbose=0)
    for trial in tuner.oracle.trials.values():
        layers = trial.hyperparameters.get("layers")
        assert list(trial.hyperparameters.values) == [
            "layers",
            *(f"units_{i}" for i in range(layers)),
        ]


def test_all_values_count_where_none_was_asked_for_by_name(tmp_path):
    hp = luthier.HyperParameters()
    hp.Float("x", -1.0, 1.0)
    tuner = bowl(tmp_path, lambda hp: sum(hp.values.values()), hyperparameters=hp)
    tuner.search(verbose=0)
    assert all(list(t.hyperparameters.values) == ["x"] for t in tuner.oracle.trials.values())


def test_results_and_their_table(tmp_path):
    tuner = bowl(tmp_path)
    tuner.search(verbose=0)
    frame = tuner.results_dataframe()
    assert list(frame["score"]) == [trial.score for trial in tuner.oracle.trials.values()]
    assert list(frame["hp/x"] ** 2) == pytest.approx(list(frame["score"]))
    assert tuner.results.reason == "4 trials reached"


def test_the_grid_is_complete_after_an_interruption(tmp_path):
    def evaluate(hp):
        a, b = hp.Choice("a", [1, 2, 3]), hp.Choice("b", [10, 20])
        if tuner.runs == 4:
            raise KeyboardInterrupt
        return a + b

    tuner = bowl(tmp_path, evaluate, oracle=GridSearchOracle, max_trials=None)
    with pytest.raises(KeyboardInterrupt):
        tuner.search(verbose=0)
    tuner.runs = 100
    tuner.search(verbose=0)
    points = [tuple(t.hyperparameters.values.values()) for t in tuner.oracle.trials.values()]
    assert points == [(a, b) for a in (1, 2, 3) for b in (10, 20)]


# -- seams ----------------------------------------------------------------------------------------


def test_state_of_ones_own_is_saved_after_each_trial(tmp_path):
    class Counting(Bowl):
        seen = 0

        def get_state(self):
            return {"seen": self.runs}

        def set_state(self, state):
            self.seen = state["seen"]

    tuner = bowl(tmp_path, kind=Counting)
    tuner.search(verbose=0)
    assert json.loads((tmp_path / "untitled_project" / "tuner0.json").read_text()) == {"seen": 4}
    assert bowl(tmp_path, kind=Counting).seen == 4


def test_an_oracle_of_ones_own_drives_a_search(tmp_path):
    hp = luthier.HyperParameters()
    hp.Float("x", -1.0, 1.0)

    class Steps(Oracle):
        def populate_space(self, trial_id):
            number = int(trial_id)
            if number == 3:
                return {"status": "STOPPED"}
            return {"status": "RUNNING", "values": {"x": number / 10}}

    tuner = bowl(tmp_path, oracle=Steps, max_trials=None, hyperparameters=hp)
    tuner.search(verbose=0)
    assert [t.hyperparameters.get("x") for t in tuner.oracle.trials.values()] == [0.0, 0.1, 0.2]


def test_an_oracle_that_is_idle_for_a_moment_is_waited_for(tmp_path):
    hp = luthier.HyperParameters()
    hp.Float("x", -1.0, 1.0)

    class Slow(Oracle):
        asked = 0

        def populate_space(self, trial_id):
            self.asked += 1
            return {"status": "IDLE" if self.asked % 2 else "RUNNING", "values": {}}

    tuner = bowl(tmp_path, oracle=Slow, max_trials=2, hyperparameters=hp)
    tuner.search(verbose=0)
    assert statuses(tuner) == ["COMPLETED"] * 2


def test_scores_of_ones_own_rank_the_trials_of_a_search(tmp_path):
    class Largest(RandomSearchOracle):
        def score_trial(self, trial):
            trial.score = -trial.metrics.get_best_value("val_loss")

    tuner = bowl(tmp_path, oracle=Largest)
    tuner.search(verbose=0)
    trials = list(tuner.oracle.trials.values())
    assert tuner.oracle.get_best_trials()[0] is max(
        trials, key=lambda t: t.metrics.get_best_value("val_loss")
    )


def test_hyperparameters_met_later_are_searched(tmp_path):
    hp = luthier.HyperParameters()
    hp.Float("x", -1.0, 1.0)
    tuner = bowl(
        tmp_path,
        lambda hp: hp.get("x") + hp.Int("n", 0, 100),
        hyperparameters=hp,
        max_trials=6,
    )
    tuner.search(verbose=0)
    assert len({t.hyperparameters.get("n") for t in tuner.oracle.trials.values()}) > 2


def test_a_directory_that_is_none_is_here(project):
    tuner = bowl(None)
    tuner.search(verbose=0)
    assert tuner.project_dir == "./untitled_project"  # as KerasTuner prints it
    assert tuner.get_trial_dir("0") == "./untitled_project/trial_0"
    assert (project / "untitled_project" / "study.sqlite").exists()


# -- the environment ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT"])
def test_asking_for_a_chief_is_refused_with_what_to_do(tmp_path, monkeypatch, name):
    monkeypatch.setenv(name, "1")
    with pytest.raises(RuntimeError, match=f"{name} set.*shared store"):
        bowl(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_tuner_id_comes_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "tuner7")
    assert bowl(tmp_path).tuner_id == "tuner7"


# -- oracles with methods of their own -------------------------------------------------------------


def test_an_oracle_s_own_create_update_and_end_are_used(tmp_path):
    calls = []

    class Mine(luthier.oracles.RandomSearchOracle):
        @luthier.synchronized
        def create_trial(self, tuner_id):
            calls.append("create")
            return super().create_trial(tuner_id)

        @luthier.synchronized
        def update_trial(self, trial_id, metrics, step=0):
            calls.append(("update", trial_id, sorted(metrics)))
            return super().update_trial(trial_id, metrics, step)

        @luthier.synchronized
        def end_trial(self, trial):
            calls.append("end")
            super().end_trial(trial)

    class Two(luthier.engine.base_tuner.BaseTuner):
        def run_trial(self, trial, **kwargs):
            return {"loss": trial.hyperparameters.Float("x", 0.0, 1.0)}

    tuner = Two(Mine("loss", max_trials=2, seed=0), directory=tmp_path)
    tuner.search(verbose=0)
    one = [("update", "0", ["loss"]), "end"]
    two = [("update", "1", ["loss"]), "end"]
    assert calls == ["create", *one, "create", *two, "create"]
    assert [trial.status for trial in tuner.oracle.trials.values()] == ["COMPLETED"] * 2
    assert tuner.oracle.get_best_trials()[0].score is not None


def test_a_trial_that_is_held_back_is_given_back(tmp_path):
    answers = ["IDLE", "STOPPED"]

    class Idle(luthier.oracles.RandomSearchOracle):
        def create_trial(self, tuner_id):
            trial = super().create_trial(tuner_id)
            if answers:
                trial.status = answers.pop(0)
            return trial

    class One(luthier.engine.base_tuner.BaseTuner):
        def run_trial(self, trial, **kwargs):
            return trial.hyperparameters.Float("x", 0.0, 1.0)

    tuner = One(Idle(max_trials=2, seed=0), directory=tmp_path)
    tuner.search(verbose=0)
    assert [trial.score for trial in tuner.oracle.trials.values()] == [None]
    tuner.search(verbose=0)
    assert [trial.status for trial in tuner.oracle.trials.values()] == ["COMPLETED"] * 2
