"""Any Python function as the evaluation of a trial.

Enters: `evaluate(hp)` or `evaluate(hp, report)`. Leaves: an `Evaluate` that runs it for a trial and
says how it ended: what it returned, reported or raised, which hyperparameters it really used and
which it met for the first time.
"""

from __future__ import annotations

import inspect
import math
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from luthier.abc import Evaluate, Report
from luthier.errors import FailedTrialError, FatalError, FatalTypeError, SkippedTrialError
from luthier.objective import Objective
from luthier.records import Decision, Measurement, Outcome, Trial, TrialState
from luthier.space import HyperParameters, Space, serialize
from luthier.training import _names
from luthier.training._results import Result, summarize, value_of

_ENDED = {
    Decision.CONTINUE: TrialState.COMPLETED,
    Decision.STOP: TrialState.STOPPED,
    Decision.PAUSE: TrialState.PAUSED,
}


class Reporter:
    """What a function calls to report: `report(step, val_loss=0.3)`.

    The answer is a `Decision`; a function that can end early does so when it is another than
    `Decision.CONTINUE`. Nothing is raised.

    Args:
        trial: the trial that runs.
        report: takes measurements.

    Attributes:
        trial: as given; its `suggestion.budget` says how many steps are wanted, if any number is.
        measurements: what was reported.
        decision: the last answer.

    Example:
        >>> from luthier.records import Suggestion, Trial
        >>> report = Reporter(Trial(0, Suggestion({})), lambda measurement: Decision.STOP)
        >>> for step in range(10):
        ...     if report(step, val_loss=1 / (step + 1)) is not Decision.CONTINUE:
        ...         break
        >>> step
        0
    """

    def __init__(self, trial: Trial, report: Report) -> None:
        self.trial = trial
        self.measurements: list[Measurement] = []
        self.decision = Decision.CONTINUE
        self._report = report
        self._began = time.monotonic()

    def __call__(
        self, step: float, metrics: Mapping[str, Any] | None = None, /, **named: Any
    ) -> Decision:
        """Record metrics at a step.

        Args:
            step: how many steps (epochs, rounds) were done before this one, from 0; within a step,
                one less than what was done: 1.5 after half of the third.
            metrics: name to value; or give them by keyword.
            **named: further metrics.

        Returns:
            Whether to go on.

        Raises:
            FatalTypeError: if nothing, or something that is no number, is reported.
        """
        logs = {**(metrics or {}), **named}
        numbers = _names.as_metrics(logs)
        if not numbers or len(numbers) < len(logs):
            raise FatalTypeError(
                "Expected report(step, name=number, ...) with at least one metric, "
                f"got report({step!r}, {', '.join(f'{k}={v!r}' for k, v in logs.items())})."
            )
        seconds = time.monotonic() - self._began
        measurement = Measurement(_as_step(step), numbers, seconds)
        self.measurements.append(measurement)
        self.decision = self._report(measurement)
        return self.decision


@dataclass(frozen=True, slots=True)
class FunctionRunner:
    """A function, looked at: how it wants to be called.

    Attributes:
        function: the user's.
        report_by: how it takes `report`: "position", "keyword", or "" if it does not.
    """

    function: Callable[..., Any]
    report_by: str

    def bind(
        self,
        space: Callable[[], Space],
        objectives: Sequence[Objective],
        require: Callable[[HyperParameters], None] | None = None,
    ) -> BoundFunction:
        """The evaluation of trials of one study.

        Args:
            space: gives what is known of the space at the moment.
            objectives: what is optimised.
            require: takes the hyperparameters, with the relations that the function required.
        """
        return BoundFunction(self, space, tuple(objectives), require)

    def call(self, hp: HyperParameters, report: Reporter) -> Any:
        """What the function returns."""
        if self.report_by == "position":
            return self.function(hp, report)
        if self.report_by == "keyword":
            return self.function(hp, report=report)
        return self.function(hp)


@dataclass(frozen=True, slots=True)
class BoundFunction(Evaluate):
    """Runs trials of one study by calling a function."""

    runner: FunctionRunner
    space: Callable[[], Space]
    objectives: tuple[Objective, ...]
    require: Callable[[HyperParameters], None] | None = None

    def __call__(self, trial: Trial, report: Report) -> Outcome:
        """Run one trial; what the function raises makes it fail, unless it is to end the search."""
        hp = HyperParameters.for_trial(self.space(), trial.suggestion.values)
        reporter = Reporter(trial, report)
        state, result, message, info = TrialState.FAILED, Result({}), "", {}
        try:
            value = self.runner.call(hp, reporter)
        except FatalError:
            raise
        except SkippedTrialError:
            state, message = TrialState.SKIPPED, traceback.format_exc()
        except FailedTrialError:
            message = traceback.format_exc()
        except Exception:
            message, info = traceback.format_exc(), {"retry": True}
        else:
            state = _ENDED[reporter.decision]
            result = self._result(value, reporter.measurements)
        if self.require is not None and hp.requirements.constraints:
            self.require(hp)
        return Outcome(
            trial.number,
            trial.attempt,
            state,
            metrics=result.metrics,
            spread=result.spread,
            best_step=result.best_step,
            values=_used(hp),
            found=tuple(serialize(parameter) for parameter in hp.found),
            message=message,
            info=info,
        )

    def _result(self, value: Any, measurements: Sequence[Measurement]) -> Result:
        best = _best(measurements, self.objectives[0])
        if value is None and measurements:
            missing = [o for o in self.objectives if _names.missing(o, measurements[-1].metrics)]
            if missing:
                raise FatalTypeError(
                    _names.explain_missing(missing[0], measurements[-1].metrics).replace(
                        "at the end of an epoch", "by the function"
                    )
                )
            return Result(self._named(best.metrics), best_step=best.epoch)
        source = f"{_name_of(self.runner.function)}()"
        if len(self.objectives) > 1 and not isinstance(value, Mapping):
            names = ", ".join(name for objective in self.objectives for name in objective.names)
            raise FatalTypeError(
                f"Expected {source} to return a dict with all objectives ({names}), got {value!r} "
                f"of type {type(value).__name__}."
            )
        _check_kind(value, source)
        results = [summarize(value, objective, source) for objective in self.objectives]
        step = results[0].best_step or (best.epoch if best else 0)
        metrics = {name: number for one in results for name, number in one.metrics.items()}
        return Result(metrics, results[0].spread, step)

    def _named(self, metrics: Mapping[str, float]) -> dict[str, float]:
        named = dict(metrics)
        for objective in self.objectives:
            named = _names.aligned(named, objective)
        return named


def evaluate_function(function: Callable[..., Any]) -> FunctionRunner:
    """Look at how a function wants to be called.

    Args:
        function: `evaluate(hp)` or `evaluate(hp, report)`. It returns a number, a dict of metrics,
            or nothing after it reported (the best report counts), or it raises:
            `FailedTrialError` fails the trial, `FatalError` ends the search, any other exception
            fails it and it may be run again.

    Raises:
        FatalTypeError: (a TypeError) if it cannot be called with one or two arguments.
    """
    if not callable(function):
        raise FatalTypeError(
            "Expected a function evaluate(hp) or evaluate(hp, report), "
            f"got {function!r} of type {type(function).__name__}."
        )
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:  # Some functions written in C do not tell.
        return FunctionRunner(function, "")
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    needed = [p for p in positional if p.default is p.empty]
    takes_any = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    strict = [p for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    unknown = [p for p in strict if p.name != "report"]
    if not (positional or takes_any) or len(needed) > 2 or unknown:
        raise FatalTypeError(
            f"Expected {_name_of(function)} to take (hp) or (hp, report), "
            f"it takes {inspect.signature(function)}."
        )
    if len(needed) == 2 or (len(positional) > 1 and positional[1].name == "report"):
        return FunctionRunner(function, "position")
    named = any(p.name == "report" for p in parameters[1:])
    return FunctionRunner(function, "keyword" if named else "")


def _as_step(step: float) -> float:
    number = float(step)
    if not math.isfinite(number):
        raise FatalTypeError(f"Expected report(step, ...) with a step from 0 on, got {step!r}.")
    return int(number) if number.is_integer() else number


def _check_kind(value: Any, source: str) -> None:
    """Refuse what is no result, in the words of somebody who wrote a function.

    Raises:
        FatalTypeError: naming what came.
    """
    if value is None:
        raise FatalTypeError(
            f"{source} returned None and reported nothing. Return the objective as a number or a "
            "dict of metrics, or call report(step, name=number)."
        )
    first = value[0] if isinstance(value, list) and value else value
    is_number = isinstance(first, int | float | np.floating | np.integer)
    if not is_number and not isinstance(first, Mapping | Result) and not hasattr(first, "history"):
        raise FatalTypeError(
            f"Expected {source} to return a number, a dict of metrics, or a list of one of these "
            f"(one for each repetition), got {value!r} of type {type(value).__name__}."
        )


def _best(measurements: Sequence[Measurement], objective: Objective) -> Any:
    """The measurement with the best finite objective, else the last; None without any."""
    ranked = []
    # Within a step metrics are of a part of it.
    for measurement in [m for m in measurements if m.is_whole] or measurements:
        value = value_of(_names.aligned(measurement.metrics, objective), objective)
        if math.isfinite(value):
            ranked.append((objective.sign * value, measurement))
    if ranked:
        return min(ranked, key=lambda pair: pair[0])[1]
    return measurements[-1] if measurements else None


def _used(hp: HyperParameters) -> dict[str, Any] | None:
    """The values that were asked for by name; None (all count) if none was."""
    used = set(hp.used)
    return {name: value for name, value in hp.values.items() if name in used} or None


def _name_of(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", type(function).__name__))
