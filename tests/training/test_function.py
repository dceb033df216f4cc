from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import pytest

from luthier.errors import (
    FailedTrialError,
    FatalTypeError,
    FatalValueError,
    OversizedModelError,
)
from luthier.objective import Objective
from luthier.records import Decision, Measurement, Outcome, Suggestion, Trial, TrialState
from luthier.space import Float, Int, Space
from luthier.training import Reporter, evaluate_function

LOSS = Objective("loss", "min")
TWO = (LOSS, Objective("size", "min"))
SPACE = Space([Float("x", 0.0, 1.0), Int("unused", 1, 3)])


def run(
    function: Callable[..., Any],
    *,
    objectives: tuple[Objective, ...] = (LOSS,),
    decision: Decision = Decision.CONTINUE,
    reports: list[Measurement] | None = None,
) -> Outcome:
    trial = Trial(4, Suggestion({"x": 0.25, "unused": 2}), attempt=2)

    def report(measurement: Measurement) -> Decision:
        if reports is not None:
            reports.append(measurement)
        return decision

    return evaluate_function(function).bind(lambda: SPACE, objectives)(trial, report)


def test_a_number_completes_the_trial() -> None:
    outcome = run(lambda hp: hp.Float("x", 0.0, 1.0))
    assert (outcome.number, outcome.attempt) == (4, 2)
    assert outcome.state is TrialState.COMPLETED
    assert outcome.metrics == {"loss": 0.25}


def test_what_was_used_and_what_was_found_comes_home() -> None:
    def evaluate(hp: Any) -> float:
        return float(hp.Float("x", 0.0, 1.0) + hp.Int("new", 5, 7))

    outcome = run(evaluate)
    assert outcome.values == {"x": 0.25, "new": 5}
    assert [found["config"]["name"] for found in outcome.found] == ["new"]


def test_values_read_without_names_all_count() -> None:
    assert run(lambda hp: sum(hp.values.values())).values is None


def test_used_values_are_kept_when_the_trial_fails() -> None:
    def evaluate(hp: Any) -> float:
        hp.Float("x", 0.0, 1.0)
        raise ValueError("broken")

    assert run(evaluate).values == {"x": 0.25}


def test_a_dict_answers_several_objectives() -> None:
    outcome = run(lambda hp: {"loss": 1.0, "size": 2, "more": 3}, objectives=TWO)
    assert outcome.metrics == {"loss": 1.0, "size": 2.0, "more": 3.0}


def test_several_objectives_need_a_dict() -> None:
    with pytest.raises(FatalTypeError, match=r"all objectives \(loss, size\)"):
        run(lambda hp: 1.0, objectives=TWO)
    with pytest.raises(FatalValueError, match="size"):
        run(lambda hp: {"loss": 1.0}, objectives=TWO)


def test_the_best_finite_report_counts_where_nothing_is_returned() -> None:
    reports: list[Measurement] = []

    def evaluate(hp: Any, report: Reporter) -> None:
        for step, loss in enumerate([math.nan, 3.0, 1.0, 2.0, math.inf]):
            report(step, loss=loss, rate=step / 10)

    outcome = run(evaluate, reports=reports)
    assert outcome.metrics == {"loss": 1.0, "rate": 0.2}
    assert outcome.best_step == 2
    assert [measurement.step for measurement in reports] == [0, 1, 2, 3, 4]
    assert all(m.seconds >= 0 for m in reports)


def test_reports_may_be_given_as_a_dict() -> None:
    reports: list[Measurement] = []

    def evaluate(hp: Any, report: Reporter) -> float:
        report(0, {"val/loss": 1.0}, loss=2)
        return 2.0

    run(evaluate, reports=reports)
    assert reports[0].metrics == {"val/loss": 1.0, "loss": 2.0}


@pytest.mark.parametrize(
    ("decision", "state"),
    [(Decision.STOP, TrialState.STOPPED), (Decision.PAUSE, TrialState.PAUSED)],
)
def test_a_trial_that_is_told_to_end_has_ended_so(decision: Decision, state: TrialState) -> None:
    def evaluate(hp: Any, report: Reporter) -> float:
        for step in range(10):
            if report(step, loss=1.0 / (step + 1)) is not Decision.CONTINUE:
                break
        return 1.0 / (step + 1)

    outcome = run(evaluate, decision=decision)
    assert outcome.state is state
    assert outcome.metrics == {"loss": 1.0}


def test_a_function_sees_the_trial_and_its_budget() -> None:
    seen = []

    def evaluate(hp: Any, report: Reporter) -> float:
        seen.append(report.trial.suggestion.budget)
        return 1.0

    run(evaluate)
    assert seen == [None]


def test_nothing_returned_and_nothing_reported_ends_the_search() -> None:
    with pytest.raises(FatalTypeError, match=r"evaluate\(\) returned None and reported nothing"):

        def evaluate(hp: Any) -> None:
            return None

        run(evaluate)


def test_reports_without_the_objective_end_the_search() -> None:
    with pytest.raises(
        FatalTypeError, match='"loss" is not among what is reported by the function'
    ):

        def evaluate(hp: Any, report: Reporter) -> None:
            report(0, cost=1.0)

        run(evaluate)


@pytest.mark.parametrize("metrics", [{}, {"loss": "low"}, {"loss": [1.0, 2.0]}])
def test_a_report_of_no_number_ends_the_search(metrics: dict[str, Any]) -> None:
    with pytest.raises(FatalTypeError, match=r"report\(step, name=number"):
        run(lambda hp, report: report(0, **metrics))


@pytest.mark.parametrize(
    ("error", "state", "retry"),
    [
        (ValueError("odd"), TrialState.FAILED, True),
        (FailedTrialError("bad"), TrialState.FAILED, False),
        (OversizedModelError("large"), TrialState.SKIPPED, False),
    ],
)
def test_what_is_raised_says_how_the_trial_ended(
    error: Exception, state: TrialState, retry: bool
) -> None:
    def evaluate(hp: Any) -> float:
        raise error

    outcome = run(evaluate)
    assert outcome.state is state
    assert bool(outcome.info.get("retry")) is retry
    assert "Traceback" in outcome.message
    assert str(error) in outcome.message


@pytest.mark.parametrize("error", [FatalValueError("stop"), KeyboardInterrupt()])
def test_what_is_to_end_the_search_passes_through(error: BaseException) -> None:
    def evaluate(hp: Any) -> float:
        raise error

    with pytest.raises(type(error)):
        run(evaluate)


def _by_keyword(hp: Any, *, report: Reporter) -> float:
    report(0, loss=1.0)
    return 1.0


def _second_with_default(hp: Any, scale: float = 2.0) -> float:
    return scale


class _Callable:
    def __call__(self, hp: Any, say: Reporter) -> float:
        say(0, loss=1.0)
        return 1.0


@pytest.mark.parametrize(
    ("function", "reported"),
    [
        (_by_keyword, 1),
        (_second_with_default, 0),
        (_Callable(), 1),
        (functools.partial(lambda scale, hp: scale, 1.0), 0),
        (lambda *args: 1.0, 0),
        (lambda hp, report=None: report(0, loss=1.0) and 1.0, 1),
    ],
)
def test_report_is_given_to_those_that_ask_for_it(
    function: Callable[..., Any], reported: int
) -> None:
    reports: list[Measurement] = []
    assert run(function, reports=reports).state is TrialState.COMPLETED
    assert len(reports) == reported


@pytest.mark.parametrize("wrong", [3, lambda: 1.0, lambda a, b, c: 1.0, lambda hp, *, other: 1.0])
def test_a_function_with_other_arguments_is_refused_at_once(wrong: Any) -> None:
    with pytest.raises(FatalTypeError, match=r"\(hp\) or"):
        evaluate_function(wrong)
