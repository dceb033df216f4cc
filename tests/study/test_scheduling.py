"""Trials that a scheduler stops, pauses and lets go on, as a study keeps them."""

from __future__ import annotations

import pytest

import luthier
from luthier.abc import Scheduler
from luthier.errors import FatalValueError
from luthier.records import Decision, Measurement, Reply, Suggestion, TrialState
from luthier.schedulers import ASHA
from luthier.space import Float, Space
from luthier.stores import open_store
from luthier.study._view import View

SPACE = Space([Float("x", 0.0, 1.0)])
LOSS = luthier.Objective("loss", "min")


class PauseAt(Scheduler):
    """Pauses every trial after so many steps, and then lets the first go on; gives up number 1."""

    def __init__(self, steps: int = 2) -> None:
        self.steps = steps

    def propose(self, history):
        for trial in history.open:
            if (
                trial.state is TrialState.PAUSED
                and trial.number == 0
                and not trial.suggestion.budget
            ):
                return Suggestion(trial.values, 9, resume_from=0, note="goes on", extra={"rung": 1})
        return None

    def decide(self, trial, history):
        if trial.state is TrialState.PAUSED:
            return Reply(Decision.STOP if trial.number == 1 else Decision.PAUSE, "given up")
        if trial.suggestion.budget or self.steps > trial.measurements[-1].step + 1:
            return Reply(Decision.CONTINUE)
        return Reply(Decision.PAUSE, "waits")

    def lends(self, history):
        return None

    @property
    def settings(self):
        return {"name": "pause at"}


def make(scheduler, **options):
    options = {"sampler": "random", "seed": 0, "max_trials": 3} | options
    return luthier.Study(SPACE, LOSS, scheduler=scheduler, **options)


def run(study, trial, steps=range(9)):
    for step in steps:
        if study.report(trial, Measurement(step, {"loss": 1 / (1 + step)})) is not (
            Decision.CONTINUE
        ):
            break
    return study.tell(trial)


@pytest.mark.parametrize("kept", [True, False])
def test_a_paused_trial_goes_on_under_its_number_with_its_reports(tmp_path, kept):
    storage = tmp_path / "study.sqlite" if kept else None
    study = make(PauseAt(), storage=storage)
    first = study.ask()
    paused = run(study, first)
    assert (paused.state, paused.scores, paused.message) == (TrialState.PAUSED, (0.5,), "waits")
    again = study.ask()
    assert (again.number, again.attempt, dict(again.values)) == (0, 2, dict(first.values))
    assert (again.suggestion.budget, again.suggestion.note) == (9, "goes on")
    assert [m.step for m in again.measurements] == [0, 1]
    assert run(study, again, range(2, 8)).state is TrialState.COMPLETED
    study.close()


def test_a_paused_trial_counts_as_the_best_for_now():
    study = make(PauseAt())
    run(study, study.ask())
    assert study.best.number == 0
    assert not study.is_waiting


def test_a_paused_trial_that_is_given_up_is_stopped_with_its_score_and_the_reason():
    study = make(PauseAt(), max_trials=4)
    run(study, study.ask())
    other = study.ask()
    run(study, other, range(2, 9))
    run(study, study.ask())
    study.ask()
    ended = study.history().finished[-1]
    assert (ended.number, ended.state, ended.scores) == (1, TrialState.STOPPED, (0.5,))
    assert ended.message == "given up"


def test_paused_trials_survive_a_restart(tmp_path):
    study = make(PauseAt(), storage=tmp_path / "study.sqlite")
    run(study, study.ask())
    study.close()
    again = make(PauseAt(), storage=tmp_path / "study.sqlite")
    assert again.ask().number == 0
    again.close()


def test_two_workers_do_not_both_go_on_with_one_trial():
    store = open_store(None)
    one, two = make(PauseAt(), storage=store), make(PauseAt(), storage=store)
    run(one, one.ask())
    two.history()
    assert one.ask().number == 0
    assert two.ask().number == 1


def test_what_a_paused_trial_found_is_searched_by_the_next():
    def evaluate(hp, report):
        x = hp.Float("x", 0.0, 1.0)
        for step in range(9):
            if report(step, loss=x) is not Decision.CONTINUE:
                break

    results = luthier.tune(
        evaluate, LOSS, 3, scheduler=PauseAt(), sampler="random", seed=0, verbose=0
    )
    assert len({trial.values["x"] for trial in results.trials}) == 3


def test_tell_after_stop_is_stopped_and_its_reason_is_kept():
    study = make(ASHA(max_epochs=9))
    run(study, study.ask())
    trial = study.ask()
    assert study.report(trial, Measurement(0, {"loss": 9.0})) is Decision.STOP
    told = study.tell(trial)
    assert (told.state, told.scores) == (TrialState.STOPPED, (9.0,))
    assert "loss 9 after 1 epochs is number 2 of 2, of which 1 went on" in told.message


def test_reports_that_go_back_are_refused_where_a_scheduler_compares():
    study = make("asha")
    trial = study.ask()
    study.report(trial, Measurement(4, {"loss": 1.0}))
    with pytest.raises(FatalValueError, match="got step 2 after step 4"):
        study.report(trial, Measurement(2, {"loss": 1.0}))


def test_a_new_attempt_may_begin_again():
    study = make("asha")
    trial = study.ask()
    study.report(trial, Measurement(0, {"loss": 1.0}))
    study.report(trial, Measurement(1, {"loss": 1.0}))
    study.release(trial)
    assert study.report(study.ask(), Measurement(0, {"loss": 1.0})) is Decision.CONTINUE


def test_a_scheduler_is_stored_and_a_change_is_said(tmp_path):
    make("asha", storage=tmp_path / "study.sqlite").close()
    study = make("median", storage=tmp_path / "study.sqlite")
    assert any("scheduler changed" in notice for notice in study.notices)
    study.close()


def test_samplers_see_trials_that_were_cut_short_at_the_budget_of_the_others():
    study = make(PauseAt(), max_trials=None)
    run(study, study.ask())
    run(study, study.ask(), range(2, 9))  # number 0, to its end at 1/9
    run(study, study.ask())  # number 1, paused at 1/2
    history = study.history()
    seen = View().comparable(history)
    assert [trial.number for trial in seen.finished] == [0, 1]
    assert seen.open == ()
    assert seen.finished[1].scores == pytest.approx((1 / 9,))
    assert View().comparable(seen) is seen


def test_a_history_without_cuts_is_what_samplers_see():
    study = make(None)
    study.tell(study.ask(), {"loss": 1.0})
    history = study.history()
    assert View().comparable(history) is history


def test_what_a_view_keeps_changes_nothing_and_same_objects_mean_the_same_past():
    study = make("asha", max_trials=30)
    view, before = View(), None
    while (trial := study.ask()) is not None:
        begin = trial.measurements[-1].step + 1 if trial.measurements else 0
        for step in range(begin, 9):
            loss = 1 / (1 + step) + trial.number % 7
            if study.report(trial, Measurement(step, {"loss": loss})) is not Decision.CONTINUE:
                break
        study.tell(trial)
        seen, fresh = view.comparable(study.history()), View().comparable(study.history())
        assert seen.finished == fresh.finished
        if before is not None and seen.is_continuation(before):
            assert seen.finished[: len(before)] == before
        before = seen.finished
    assert any(trial.state is TrialState.STOPPED for trial in study.history().finished)
