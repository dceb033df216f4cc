"""Ask and tell: what a study promises to whoever drives it."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import luthier
from luthier.errors import FailedTrialError, SpaceError, StaleTrialError, StudyError
from luthier.records import Decision, Measurement, Outcome, TrialState
from luthier.space import Float, Int, Space
from luthier.stores import open_store

PLAIN = Space([Float("x", -1.0, 1.0), Int("n", 1, 5)])


def make(**options):
    options = {"objective": "min", "sampler": "random", "seed": 0} | options
    return luthier.Study(options.pop("space", PLAIN), **options)


def test_ask_gives_a_running_trial_with_values_of_the_space():
    trial = make().ask()
    assert trial.state is TrialState.RUNNING
    assert trial.number == 0
    assert trial.attempt == 1
    PLAIN.validate(trial.values)
    assert set(trial.values) == {"x", "n"}


def test_tell_takes_a_number_and_best_is_the_smallest():
    study = make()
    for score in (3.0, 1.0, 2.0):
        study.tell(study.ask(), score)
    assert study.best.number == 1
    assert study.best.score == 1.0


def test_best_follows_the_direction():
    study = make(objective="max")
    for score in (3.0, 1.0, 2.0):
        study.tell(study.ask(), score)
    assert study.best.number == 0


def test_tell_takes_a_dict_of_metrics():
    study = make(objective="val_loss")
    ended = study.tell(study.ask(), {"val_loss": 0.5, "loss": 0.4})
    assert ended.scores == (0.5,)
    assert dict(ended.metrics) == {"val_loss": 0.5, "loss": 0.4}


def test_a_dict_without_the_objective_is_refused_and_the_trial_can_still_be_told():
    study = make(objective="val_loss")
    trial = study.ask()
    with pytest.raises(StudyError, match=r'"val_loss".*\[\'loss\'\]'):
        study.tell(trial, {"loss": 0.4})
    assert study.tell(trial, {"val_loss": 1.0}).state is TrialState.COMPLETED


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_not_finite_fails_the_trial_with_that_reason(value):
    study = make()
    ended = study.tell(study.ask(), value)
    assert ended.state is TrialState.FAILED
    assert ended.scores == ()
    assert repr(value) in ended.message
    assert study.best is None


@pytest.mark.parametrize("value", ["low", [1.0], object()])
def test_a_value_of_another_kind_is_refused(value):
    study = make()
    with pytest.raises(StudyError, match="number or a dict"):
        study.tell(study.ask(), value)


def test_a_trial_is_told_once():
    study = make()
    trial = study.ask()
    study.tell(trial, 1.0)
    with pytest.raises(StudyError, match="finished already"):
        study.tell(trial, 2.0)


def test_an_exception_fails_the_trial_and_keeps_its_traceback():
    study = make()
    try:
        raise ValueError("too wide")
    except ValueError as error:
        ended = study.tell(study.ask(), error)
    assert ended.state is TrialState.FAILED
    assert "too wide" in ended.message
    assert "Traceback" in ended.message


def test_an_exception_is_retried_as_often_as_allowed_with_the_same_values():
    study = make(max_retries=2)
    first = study.ask()
    for attempt in (1, 2):
        assert study.tell(study.ask() if attempt > 1 else first, ValueError("x")).state is (
            TrialState.WAITING
        )
    last = study.ask()
    assert (last.number, last.attempt, dict(last.values)) == (0, 3, dict(first.values))
    assert study.tell(last, ValueError("x")).state is TrialState.FAILED


def test_a_failed_trial_error_is_not_retried():
    study = make(max_retries=2)
    assert study.tell(study.ask(), FailedTrialError("no")).state is TrialState.FAILED


def test_tell_without_a_value_takes_the_best_report():
    study = make(objective="loss")
    trial = study.ask()
    for step, loss in enumerate([math.nan, 0.5, 0.25, 0.75]):
        assert study.report(trial, Measurement(step, {"loss": loss})) is Decision.CONTINUE
    ended = study.tell(trial)
    assert ended.scores == (0.25,)
    assert ended.best_step == 2
    assert [m.step for m in ended.measurements] == [0, 1, 2, 3]


def test_tell_without_a_value_or_a_finite_report_is_refused():
    study = make(objective="loss")
    with pytest.raises(StudyError, match="nothing finite was reported"):
        study.tell(study.ask())


def test_ask_ends_at_max_trials():
    study = make(max_trials=2)
    assert len(study.ask(5)) == 2
    assert study.ask() is None


def test_skipped_trials_do_not_count_against_max_trials():
    study = make(max_trials=1)
    trial = study.ask()
    study.tell(Outcome(trial.number, trial.attempt, TrialState.SKIPPED, message="too large"))
    assert study.ask() is not None
    assert study.ask() is None


def test_released_trials_come_back_with_the_next_attempt():
    study = make()
    trial = study.ask()
    study.release(trial)
    again = study.ask()
    assert (again.number, again.attempt) == (0, 2)
    with pytest.raises(StaleTrialError):
        study.report(trial, Measurement(0, {"objective": 1.0}))


def test_initial_points_come_first_and_are_completed_with_defaults():
    study = make(initial_points=[{"x": 0.5}, {"n": 3}])
    assert [dict(trial.values) for trial in study.ask(2)] == [
        {"x": 0.5, "n": 1},
        {"x": -1.0, "n": 3},
    ]


@pytest.mark.parametrize(
    ("point", "words"), [({"x": 2.0}, ["x", "-1.0", "1.0", "2.0"]), ({"y": 0}, ["y"])]
)
def test_initial_points_outside_the_space_name_the_key_and_the_range(point, words):
    with pytest.raises(SpaceError) as caught:
        make(initial_points=[point])
    for word in words:
        assert word in str(caught.value)


def test_initial_points_that_break_a_constraint_are_refused():
    ordered = luthier.space.Constraint("n > 2", lambda values: values["n"] > 2)
    with pytest.raises(SpaceError, match="n > 2"):
        make(initial_points=[{"n": 2}], constraints=[ordered])


def test_constraints_on_a_name_that_the_space_does_not_have_are_refused():
    misspelt = luthier.space.Constraint("N > 2", lambda values: values["N"] > 2)
    with pytest.raises(SpaceError, match=r"'N > 2' reads 'N'.*x, n"):
        make(constraints=[misspelt])


def test_what_a_recorder_was_told_to_require_is_kept():
    hp = luthier.HyperParameters()
    hp.Int("a", 0, 4)
    hp.Int("b", 0, 4)
    hp.require("a < b", lambda values: values["a"] < values["b"])
    study = make(space=hp)
    seen = [trial.values for trial in iter(study.ask, None)]
    assert all(values["a"] < values["b"] for values in seen)
    assert len(seen) == 10


def test_enqueued_values_are_asked_for_before_anything_else():
    study = make()
    study.enqueue({"x": 0.25, "n": 2})
    assert dict(study.ask().values) == {"x": 0.25, "n": 2}


def test_several_objectives_each_keep_their_score():
    study = make(objective=[luthier.Objective("loss", "min"), luthier.Objective("speed", "max")])
    ended = study.tell(study.ask(), {"loss": 1.0, "speed": 9.0})
    assert ended.scores == (1.0, 9.0)


@pytest.mark.parametrize("seed", [True, 1.5, "0"])
def test_a_seed_that_is_no_integer_is_refused(seed):
    with pytest.raises(TypeError, match="seed"):
        make(seed=seed)


@pytest.mark.parametrize("limit", [0, -1, 2.5, True])
def test_a_limit_that_is_no_positive_integer_is_refused(limit):
    with pytest.raises(ValueError, match="max_trials"):
        make(max_trials=limit)


@pytest.mark.parametrize("space", [3, "x", {"x": 1}, ["x"]])
def test_a_space_of_the_wrong_kind_is_refused(space):
    with pytest.raises(SpaceError, match="Expected the space"):
        make(space=space)


class TestResume:
    def test_a_study_goes_on_where_it_was(self, tmp_path):
        storage = tmp_path / "study.sqlite"
        with_break = []
        for _ in range(3):
            study = make(storage=storage)
            trial = study.ask()
            with_break.append(dict(trial.values))
            study.tell(trial, trial.values["x"])
            study.close()
        study = make()
        assert [dict(study.ask().values) for _ in range(3)] == with_break

    def test_another_objective_is_refused_with_the_reason(self, tmp_path):
        make(storage=tmp_path / "study.sqlite").close()
        with pytest.raises(StudyError, match="would no longer compare"):
            make(storage=tmp_path / "study.sqlite", objective="max")

    def test_a_new_seed_wins_and_is_said(self, tmp_path):
        make(storage=tmp_path / "study.sqlite").close()
        study = make(storage=tmp_path / "study.sqlite", seed=5)
        assert study.spec.seed == 5
        assert any("seed" in notice for notice in study.notices)
        study.close()

    def test_without_a_seed_the_stored_one_stays(self, tmp_path):
        make(storage=tmp_path / "study.sqlite", seed=9).close()
        study = make(storage=tmp_path / "study.sqlite", seed=None)
        assert study.spec.seed == 9
        assert study.notices == ()
        study.close()

    def test_a_new_range_wins_and_is_said(self, tmp_path):
        make(storage=tmp_path / "study.sqlite").close()
        space = Space([Float("x", 5.0, 6.0), Int("n", 1, 5)])
        study = make(storage=tmp_path / "study.sqlite", space=space)
        assert study.space == space
        assert any("hyperparameters" in notice for notice in study.notices)
        study.close()


def test_hyperparameters_met_by_a_trial_are_known_to_the_next_also_after_a_restart(tmp_path):
    storage = tmp_path / "study.sqlite"
    study = make(space=None, storage=storage)
    trial = study.ask()
    assert dict(trial.values) == {}
    found = luthier.HyperParameters()
    found.Float("x", 0.0, 1.0)
    outcome = Outcome(
        trial.number,
        trial.attempt,
        TrialState.COMPLETED,
        metrics={"objective": 1.0},
        values={"x": 0.0},
        found=tuple(luthier.space.serialize(parameter) for parameter in found.found),
    )
    study.tell(outcome)
    assert study.space.names == ("x",)
    study.close()
    again = make(space=None, storage=storage)
    assert again.space.names == ("x",)
    assert set(again.ask().values) == {"x"}
    again.close()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**40), breaks=st.lists(st.booleans(), min_size=8, max_size=8))
def test_replay_law_interrupted_or_not_the_same_trials(seed, breaks):
    """Same seed, same trials, wherever the study is closed and opened again."""
    store = open_store(None)
    whole, broken = make(seed=seed), make(seed=seed, storage=store)
    for stop in breaks:
        a, b = whole.ask(), broken.ask()
        assert dict(a.values) == dict(b.values)
        if stop:
            broken.release(b)
            broken = make(seed=seed, storage=store)
            b = broken.ask()
            assert dict(a.values) == dict(b.values)
        whole.tell(a, a.values["x"])
        broken.tell(b, b.values["x"])


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"scheduler": 3}, "Expected the scheduler as a name, a Scheduler or None, got 3"),
        ({"scheduler": "ahsa"}, "There is no scheduler named 'ahsa'. Did you mean 'asha'?"),
        ({"max_retries": -1}, "Expected `max_retries` to be an int from 0, got -1"),
        ({"max_retries": "1"}, "Expected `max_retries` to be an int from 0, got '1'"),
        ({"constraints": 3}, "Expected `constraints` to be a list of Constraint objects, got 3"),
        ({"constraints": ["x < n"]}, "list of Constraint objects, got 'x < n' of type str"),
        ({"imported": [3]}, "Expected `imported` to be a list of Trial objects, got 3"),
        ({"initial_points": 3}, "Expected the points to try as a list of dicts, got 3"),
        ({"priors": 3}, "Expected the priors as a dict of name to Prior, got 3"),
        ({"priors": {"x": 0.5}}, "Expected the prior on 'x' as luthier.Prior"),
        ({"space": None, "initial_points": [{"x": 0.5}]}, "Pass them as `space`"),
        ({"space": None, "priors": {"x": luthier.Prior(0.5)}}, "pass them as `space`"),
    ],
)
def test_wrong_arguments_are_named_before_anything_is_asked(options, text):
    with pytest.raises((TypeError, ValueError), match=re.escape(text)):
        make(**options)


def test_an_int_beyond_all_floats_is_no_score():
    study = make()
    assert study.tell(study.ask(), 10**400).state is TrialState.FAILED


def test_reports_out_of_order_are_kept_as_the_store_keeps_them():
    study = make(objective="loss")
    trial = study.ask()
    for step, loss in [(0, 3.0), (5, 1.0), (3, 2.0)]:
        study.report(trial, Measurement(step, {"loss": loss}))
    ended = study.tell(trial)
    assert [m.step for m in ended.measurements] == [0, 3, 5]
    assert ended.scores == (1.0,)


def test_a_trial_of_another_study_is_refused_as_such():
    other = make()
    trials = other.ask(3)
    with pytest.raises(StudyError, match="another study"):
        make().tell(trials[2], 1.0)


@pytest.mark.parametrize("trial", [None, 3])
def test_what_is_no_trial_is_refused(trial):
    with pytest.raises(TypeError, match="Expected a trial"):
        make().tell(trial, 1.0)


def test_a_misspelt_objective_names_all_that_would_do():
    with pytest.raises(ValueError, match=r'"min", "max".*"mim"'):
        make(objective="mim")
