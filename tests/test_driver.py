"""The loop: what it runs, whom it tells, what ends it."""

from __future__ import annotations

import pytest

import luthier
from luthier import driver
from luthier.abc import Hook, Sampler
from luthier.errors import FatalValueError, TooManyFailuresError
from luthier.executors import InlineExecutor
from luthier.records import Measurement, Outcome, Suggestion, TrialState
from luthier.space import Choice, Float, Space
from luthier.stores import open_store

SPACE = Space([Float("x", 0.0, 1.0)])


class Diary(Hook):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def on_start(self, facts):
        self.lines.append(f"start {facts.max_trials}")

    def on_trial(self, trial):
        self.lines.append(f"trial {trial.number}")

    def on_report(self, trial, measurement):
        self.lines.append(f"report {trial.number}.{measurement.step}")

    def on_outcome(self, trial):
        self.lines.append(f"outcome {trial.number} {trial.state.value}")

    def on_end(self, reason):
        self.lines.append(f"end: {reason}")


def study(**options):
    options = {"objective": "min", "sampler": "random", "seed": 0, "max_trials": 3} | options
    return luthier.Study(options.pop("space", SPACE), **options)


def complete(trial, report):
    report(Measurement(0, {"objective": trial.values["x"]}))
    return Outcome(
        trial.number, trial.attempt, TrialState.COMPLETED, {"objective": trial.values["x"]}
    )


def fail(trial, report):
    return Outcome(
        trial.number, trial.attempt, TrialState.FAILED, message="boom", info={"retry": True}
    )


def run(study, evaluate, **options):
    return driver.run(study, evaluate, InlineExecutor(), **options)


def test_hooks_are_told_in_the_order_of_events():
    diary = Diary()
    reason = run(study(max_trials=2), complete, hooks=[diary])
    assert reason == "2 trials reached"
    assert diary.lines == [
        "start 2",
        "trial 0",
        "report 0.0",
        "outcome 0 completed",
        "trial 1",
        "report 1.0",
        "outcome 1 completed",
        "end: 2 trials reached",
    ]


def test_an_exhausted_space_ends_the_search():
    reason = run(
        study(space=Space([Choice("c", ["a", "b"])]), max_trials=9),
        lambda t, r: Outcome(t.number, t.attempt, TrialState.COMPLETED, {"objective": 1.0}),
    )
    assert reason == "every point of the space was tried"


def test_a_plan_that_ends_before_the_space_does_is_not_said_to_have_tried_it():
    class TwoPoints(Sampler):
        @property
        def settings(self):
            return {"name": "two points"}

        def suggest(self, history, rng):
            known = len(history.trials)
            return Suggestion({"x": known / 2}) if known < 2 else None

    assert run(study(sampler=TwoPoints(), max_trials=9), complete) == "nothing is left to try"


def test_failures_in_a_row_end_the_search_after_saving_with_the_last_reason():
    failing = study(max_trials=9)
    with pytest.raises(TooManyFailuresError, match=r"exceeded the limit of 3\.\nboom"):
        run(failing, fail)
    assert [t.state for t in failing.history().trials] == [TrialState.FAILED] * 3
    assert issubclass(TooManyFailuresError, RuntimeError)


def test_a_success_between_failures_starts_the_count_again():
    def every_third(trial, report):
        return (complete if trial.number % 3 == 2 else fail)(trial, report)

    assert run(study(max_trials=9), every_third) == "9 trials reached"


def test_retries_do_not_count_as_failures_in_a_row():
    tries = []

    def flaky(trial, report):
        tries.append(trial.number)
        return (complete if trial.attempt == 5 else fail)(trial, report)

    assert run(study(max_trials=1, max_retries=4), flaky) == "1 trial reached"
    assert tries == [0] * 5


@pytest.mark.parametrize("error", [KeyboardInterrupt(), FatalValueError("no")])
def test_what_ends_the_search_gives_the_running_trial_back(error):
    store = open_store(None)
    first = study(storage=store)
    diary = Diary()

    def evaluate(trial, report):
        if trial.number == 1:
            raise error
        return complete(trial, report)

    with pytest.raises(type(error)):
        run(first, evaluate, hooks=[diary])
    assert diary.lines[-1] == f"end: stopped by {type(error).__name__}"
    second = study(storage=store)
    states = [(t.state, t.attempt) for t in second.history().trials]
    assert states == [(TrialState.COMPLETED, 1), (TrialState.WAITING, 1)]
    run(second, complete)
    assert [t.state for t in second.history().trials] == [TrialState.COMPLETED] * 3


def test_skipped_trials_are_drawn_again_but_not_for_ever():
    def too_large(trial, report):
        return Outcome(trial.number, trial.attempt, TrialState.SKIPPED, message="Oversized")

    with pytest.raises(TooManyFailuresError, match="Oversized"):
        run(study(max_trials=1), too_large)


def test_a_time_limit_starts_no_new_trial():
    assert "time limit" in run(study(), complete, limits=driver.Limits(seconds=0.0))


def test_a_trial_taken_over_by_another_worker_is_not_recorded_twice():
    store = open_store(None)
    mine = study(storage=store, max_trials=1)

    def slow(trial, report):
        other = study(storage=store, max_trials=1)
        store.reap(lambda worker, lease: True)
        taken = other.ask()
        other.tell(taken, 0.25)
        return complete(trial, lambda m: None)

    run(mine, slow)
    assert [t.scores for t in mine.history().trials] == [(0.25,)]


def test_a_first_trial_that_crashes_before_it_asks_for_anything_does_not_end_the_search():
    calls = []

    def evaluate(hp):
        calls.append(1)
        if len(calls) == 1:
            raise OSError("busy")
        return hp.Float("x", 0.0, 1.0)

    results = luthier.tune(evaluate, max_trials=5, sampler="random", seed=0, verbose=0)
    assert len(results.trials) == 5
    assert results.best is not None


@pytest.mark.parametrize("seconds", [-1, float("nan"), "a"])
def test_a_time_limit_that_is_none_is_refused(seconds):
    with pytest.raises(ValueError, match="seconds from 0"):
        driver.Limits(seconds=seconds)


@pytest.mark.parametrize("failures", [0, -1, 1.5, "a"])
def test_a_limit_of_failures_that_is_none_is_refused(failures):
    with pytest.raises(ValueError, match="int from 1"):
        driver.Limits(failures_in_a_row=failures)
