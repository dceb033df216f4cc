"""The contract of executors, as a suite: `class TestMine(ExecutorContract): make =
staticmethod(MyExecutor)`.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from luthier.abc import Executor, Report
from luthier.records import Decision, Measurement, Outcome, Suggestion, Trial, TrialState


def _trial(number: int) -> Trial:
    return Trial(number, Suggestion({}), TrialState.RUNNING, attempt=1)


def _double(trial: Trial, report: Report) -> Outcome:
    report(Measurement(0, {"loss": float(trial.number)}))
    return Outcome(
        trial.number, trial.attempt, TrialState.COMPLETED, metrics={"loss": 2.0 * trial.number}
    )


def _go_on(measurement: Measurement) -> Decision:
    return Decision.CONTINUE


class ExecutorContract:
    """What every executor promises; subclass it and set `make`."""

    make: Callable[[], Executor]

    def test_a_submitted_trial_comes_back_as_its_outcome(self) -> None:
        """One in, one out."""
        with self.make() as executor:
            executor.submit(_trial(3), _double, _go_on)
            outcomes = executor.wait()
        assert [(o.number, dict(o.metrics)) for o in outcomes] == [(3, {"loss": 6.0})]

    def test_waiting_for_nothing_returns_at_once(self) -> None:
        """No deadlock on an empty executor."""
        with self.make() as executor:
            assert executor.wait() == ()

    def test_free_says_how_many_more_it_takes(self) -> None:
        """Submitting takes places, outcomes free them."""
        with self.make() as executor:
            places = executor.free()
            assert places >= 1
            for number in range(places):
                executor.submit(_trial(number), _double, _go_on)
            assert executor.free() == 0
            ended: list[int] = []
            while len(ended) < places:
                ended += [outcome.number for outcome in executor.wait()]
            assert sorted(ended) == list(range(places))
            assert executor.free() == places

    def test_reports_arrive_and_are_answered(self) -> None:
        """The decision reaches the evaluation."""
        seen: list[Measurement] = []
        answers: list[Decision] = []

        def report(measurement: Measurement) -> Decision:
            seen.append(measurement)
            return Decision.STOP

        def evaluate(trial: Trial, report: Report) -> Outcome:
            answers.append(report(Measurement(0, {"loss": 1.0})))
            return Outcome(trial.number, trial.attempt, TrialState.STOPPED, metrics={"loss": 1.0})

        with self.make() as executor:
            executor.submit(_trial(0), evaluate, report)
            executor.wait()
        assert [m.metrics["loss"] for m in seen] == [1.0]
        assert answers == [Decision.STOP]

    def test_a_cancelled_trial_brings_no_outcome(self) -> None:
        """Nothing comes of what was given up."""
        with self.make() as executor:
            executor.submit(_trial(0), _double, _go_on)
            executor.cancel(0)
            assert executor.wait() == ()
            assert executor.free() >= 1

    def test_an_error_of_an_evaluation_comes_out_of_wait(self) -> None:
        """Only what must end the search is raised by evaluations; it may not be swallowed."""

        def evaluate(trial: Trial, report: Report) -> Outcome:
            raise KeyboardInterrupt

        with self.make() as executor:
            executor.submit(_trial(0), evaluate, _go_on)
            with pytest.raises(KeyboardInterrupt):
                executor.wait()
