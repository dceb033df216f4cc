"""What a trial's code returned, in one form: a number, a dict, a Keras history or a list of these.

Metrics leave as means over the list, with their standard deviation. Of a history the epoch with the
best finite objective counts: a NaN never hides a later good one.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, pstdev
from typing import Any

from luthier.errors import FatalTypeError, FatalValueError
from luthier.objective import DefaultObjective, Objective

FIT = "HyperModel.fit()"
RUN_TRIAL = "Tuner.run_trial()"


@dataclass(frozen=True, slots=True)
class Result:
    """What a trial came to.

    Attributes:
        metrics: name to value, means over executions.
        best_step: the epoch at which they were reached, in the best execution.
        spread: standard deviation of each metric over executions; empty for one.
    """

    metrics: Mapping[str, float]
    best_step: int = 0
    spread: Mapping[str, float] = field(default_factory=dict)


def summarize(returned: object, objective: Objective, source: str = FIT) -> Result:
    """The result that a return value stands for.

    Args:
        returned: a number (the objective), a dict of metrics, a Keras `History`, or a list of
            these.
        objective: what must be in it.
        source: who returned it, for messages.

    Raises:
        FatalTypeError: (a TypeError) for anything else, None included.
        FatalValueError: (a ValueError) if the objective is missing.
    """
    if isinstance(returned, list | tuple) and returned:
        return average([_one(item, objective, source) for item in returned], objective)
    return _one(returned, objective, source)


def average(results: Sequence[Result], objective: Objective) -> Result:
    """Means and spreads over executions; the step is that of the best one."""
    if len(results) == 1:
        return results[0]
    names = [name for name in results[0].metrics if all(name in r.metrics for r in results)]
    columns = {name: [result.metrics[name] for result in results] for name in names}
    best = min(results, key=lambda result: _cost(result.metrics, objective))
    return Result(
        {name: fmean(column) for name, column in columns.items()},
        best.best_step,
        {name: _deviation(column) for name, column in columns.items()},
    )


def _deviation(column: Sequence[float]) -> float:
    return pstdev(column) if all(map(math.isfinite, column)) else math.nan


def _cost(metrics: Mapping[str, float], objective: Objective) -> float:
    """The objective to be minimised; infinite where it is missing or not finite."""
    if not objective.has_value(metrics):
        return math.inf
    value = objective.sign * objective.get_value(metrics)
    return value if math.isfinite(value) else math.inf


def best_epoch(epochs: Sequence[Mapping[str, float]], objective: Objective) -> int:
    """Index of the epoch with the best finite objective, the first of equals; the last epoch if
    none is finite.
    """
    costs = [_cost(logs, objective) for logs in epochs]
    least = min(costs, default=math.inf)
    return costs.index(least) if math.isfinite(least) else max(len(epochs) - 1, 0)


def _one(returned: object, objective: Objective, source: str) -> Result:
    history = getattr(returned, "history", None)
    if isinstance(history, Mapping):
        return _of_history(history, objective, source)
    if isinstance(returned, Mapping):
        metrics = {str(name): _number(value, name, source) for name, value in returned.items()}
        _check(metrics, objective, source)
        return Result(metrics)
    if _is_number(returned):
        if len(objective.names) > 1:
            raise FatalValueError(
                f"Expected {source} to return a dict with {_quoted(objective)}, got the single number {returned!r}."
            )
        return Result({objective.names[0]: float(returned)})  # type: ignore[arg-type]
    if returned is None:
        raise FatalTypeError(
            f"The return value of {source} is None. Did you forget to return the metrics? "
        )
    if isinstance(objective, DefaultObjective):
        raise FatalTypeError(
            f"Expected the return value of {source} to be a single float when `objective` is left "
            f"unspecified. Received return value: {returned} of type {type(returned)}."
        )
    raise FatalTypeError(
        f"Expected the return value of {source} to be one of float, dict, keras.callbacks.History, "
        f"or a list of one of these types. Received return value: {returned} of type {type(returned)}."
    )


def _of_history(
    history: Mapping[str, Sequence[float]], objective: Objective, source: str
) -> Result:
    length = max((len(values) for values in history.values()), default=0)
    epochs = [
        {name: float(values[i]) for name, values in history.items() if i < len(values)}
        for i in range(length)
    ]
    _check(dict.fromkeys(history, 0.0), objective, source)
    step = best_epoch(epochs, objective)
    return Result(epochs[step] if epochs else {}, step)


def _check(metrics: Mapping[str, float], objective: Objective, source: str) -> None:
    if isinstance(objective, DefaultObjective) and not objective.has_value(metrics):
        raise FatalTypeError(
            f"Expected the return value of {source} to be a single float when `objective` is left "
            f"unspecified. Received metrics: {sorted(metrics)}."
        )
    if not objective.has_value(metrics):
        raise FatalValueError(
            f"Expected the returned dictionary from {source} to have the specified objective, "
            f"{_quoted(objective)}, as one of the keys. Received: {sorted(metrics)}."
        )


def _quoted(objective: Objective) -> str:
    return ", ".join(f'"{name}"' for name in objective.names)


def _number(value: Any, name: object, source: str) -> float:
    if _is_number(value):
        return float(value)
    raise FatalTypeError(
        f"Expected the metric {name!r} that {source} returned to be a number, got {value!r} "
        f"of type {type(value)}."
    )


def _is_number(value: object) -> bool:
    """Python and numpy numbers, and tensors of one element; not text."""
    if isinstance(value, numbers.Real):
        return True
    if isinstance(value, str | bytes) or not hasattr(value, "__float__"):
        return False
    return getattr(value, "shape", ()) in ((), (1,))
