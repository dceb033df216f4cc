"""Running a plain Python function as a trial: `evaluate(hp)` or `evaluate(hp, report)`."""

from __future__ import annotations

import inspect
import math
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from luthier.abc import Report
from luthier.errors import FailedTrialError, FatalError, FatalTypeError, OversizedModelError
from luthier.objective import Objective
from luthier.records import Decision, Measurement, Outcome, Trial, TrialState
from luthier.space import HyperParameters, Space, serialize
from luthier.training._results import Result, summarize


class Reporter:
    """What `evaluate(hp, report)` gets as `report`.

    Example:
        >>> def evaluate(hp, report):
        ...     rate = hp.Float("rate", 1e-4, 1.0, sampling="log")
        ...     for step in range(10):
        ...         loss = (1 - rate) ** step
        ...         if report(step, loss=loss) is not Decision.CONTINUE:
        ...             break
        ...     return {"loss": loss}
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self._began = time.monotonic()
        self.measurements: list[Measurement] = []
        self.decision = Decision.CONTINUE

    def __call__(self, step: int, /, **metrics: float) -> Decision:
        """Record metrics after a step.

        Args:
            step: how many steps were completed before this one, from 0.
            **metrics: name and value of each.

        Returns:
            CONTINUE, or what the scheduler wants: then return what you have.
        """
        measurement = Measurement(
            int(step),
            {name: float(value) for name, value in metrics.items()},
            time.monotonic() - self._began,
        )
        self.measurements.append(measurement)
        self.decision = self._report(measurement)
        return self.decision


class FunctionEvaluation:
    """An `Evaluate` for a Python function.

    Args:
        function: `evaluate(hp)` or `evaluate(hp, report)`.
        objectives: what it must return.
        space: gives the hyperparameters known by now.

    Raises:
        TypeError: if it cannot be called with one or two arguments.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        objectives: Sequence[Objective],
        space: Callable[[], Space],
    ) -> None:
        self._function = function
        self._objectives = tuple(objectives)
        self._space = space
        self._reports = _wants_report(function)
        self._name = getattr(function, "__name__", type(function).__name__)

    def __call__(self, trial: Trial, report: Report) -> Outcome:
        """Run the function once with the trial's values."""
        hp = HyperParameters.for_trial(self._space(), trial.suggestion.values)
        reporter = Reporter(report)
        arguments = (hp, reporter) if self._reports else (hp,)
        try:
            result = self._result(self._function(*arguments), reporter)
        except FatalError:
            raise
        except OversizedModelError as error:
            return self._ended(trial, hp, TrialState.SKIPPED, message=str(error))
        except Exception as error:
            info = {} if isinstance(error, FailedTrialError) else {"retry": True}
            return self._ended(
                trial, hp, TrialState.FAILED, message=traceback.format_exc(), info=info
            )
        state = (
            TrialState.COMPLETED if reporter.decision is Decision.CONTINUE else TrialState.STOPPED
        )
        return self._ended(trial, hp, state, metrics=result.metrics, best_step=result.best_step)

    def _result(self, returned: Any, reporter: Reporter) -> Result:
        source = f"{self._name}()"
        if returned is None and reporter.measurements:
            return self._best_report(reporter.measurements)
        if isinstance(returned, dict) or len(self._objectives) == 1:
            for objective in self._objectives:
                result = summarize(returned, objective, source)
            last = reporter.measurements[-1].step if reporter.measurements else 0
            return Result(result.metrics, result.best_step or last, result.spread)
        names = ", ".join(f'"{o.name}"' for o in self._objectives)
        raise FatalTypeError(f"Expected {source} to return a dict with {names}, got {returned!r}.")

    def _best_report(self, measurements: Sequence[Measurement]) -> Result:
        first = self._objectives[0]
        scored = [m for m in measurements if all(o.has_value(m.metrics) for o in self._objectives)]
        if not scored:
            seen = sorted({name for m in measurements for name in m.metrics})
            raise FatalTypeError(
                f"{self._name}() returned None and never reported "
                f"{', '.join(o.name for o in self._objectives)}; it reported {seen}."
            )

        def cost(m: Measurement) -> float:
            value = first.sign * first.get_value(m.metrics)
            return value if math.isfinite(value) else math.inf

        best = min(scored, key=cost)
        return Result(best.metrics, best.step)

    @staticmethod
    def _ended(trial: Trial, hp: HyperParameters, state: TrialState, **facts: Any) -> Outcome:
        used = set(hp.used)
        return Outcome(
            trial.number,
            trial.attempt,
            state,
            values={name: value for name, value in hp.values.items() if name in used},
            found=tuple(serialize(parameter) for parameter in hp.found),
            **facts,
        )


def evaluate_function(
    function: Callable[..., Any], objectives: Sequence[Objective], space: Callable[[], Space]
) -> FunctionEvaluation:
    """How to run a trial of a Python function; see `FunctionEvaluation`."""
    return FunctionEvaluation(function, objectives, space)


def _wants_report(function: Callable[..., Any]) -> bool:
    if not callable(function):
        raise TypeError(
            f"Expected a function evaluate(hp) or evaluate(hp, report), got {function!r} "
            f"of type {type(function).__name__}."
        )
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return False
    for arguments in ((None, None), (None,)):
        required = [
            p
            for p in signature.parameters.values()
            if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
        if len(arguments) == 2 and len(required) < 2 and "report" not in signature.parameters:
            continue
        try:
            signature.bind(*arguments)
        except TypeError:
            continue
        return len(arguments) == 2
    raise TypeError(
        f"Expected a function evaluate(hp) or evaluate(hp, report), got one with the signature "
        f"{getattr(function, '__name__', function)}{signature}."
    )
