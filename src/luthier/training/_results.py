"""What a trial gave back, in one form: final metrics, their spread, and the best step.

Enters: a number, a dict, a Keras `History` (recognised by its `.history`), or a list of these, one
for each execution. Leaves: a `Result`. A NaN epoch never hides a later good one; a value that is
not finite stays in the metrics, and the study makes the trial FAILED for it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from luthier.errors import FatalTypeError, FatalValueError
from luthier.objective import Objective
from luthier.training import _names

FIT = "HyperModel.fit()"
RUN_TRIAL = "Tuner.run_trial()"


@dataclass(frozen=True, slots=True)
class Result:
    """What one trial came to.

    Attributes:
        metrics: name to value, the mean over executions of each one's best epoch.
        spread: standard deviation of each metric over executions; empty with one execution.
        best_step: epoch of the best value, of the best execution.
        info: further facts of how it ran; JSON values.
    """

    metrics: Mapping[str, float]
    spread: Mapping[str, float] = field(default_factory=dict)
    best_step: int = 0
    info: Mapping[str, Any] = field(default_factory=dict)


def summarize(value: Any, objective: Objective, source: str = FIT) -> Result:
    """The result that a return value stands for.

    Args:
        value: what `fit`, `run_trial` or a function returned; a `Result` is itself.
        objective: says which metric must be there and which epoch is the best.
        source: what returned it, for the message of an error.

    Raises:
        FatalTypeError: (a TypeError) for None and for anything that is no result.
        FatalValueError: (a ValueError) if the objective is missing.
    """
    if isinstance(value, Result):
        return value
    if isinstance(value, list) and value:
        return average([summarize(one, objective, source) for one in value], objective)
    if value is None:
        raise FatalTypeError(
            f"The return value of {source} is None. Did you forget to return the metrics? "
        )
    if isinstance(value, bool | int | float | np.floating | np.integer):
        return Result({objective.name: float(value)})
    if not _names.is_named(objective):
        raise FatalTypeError(
            f"Expected the return value of {source} to be a single float when `objective` is left "
            f"unspecified. Received return value: {value} of type {type(value)}."
        )
    if isinstance(value, Mapping):
        return Result(_from_dict(value, objective, source))
    if isinstance(getattr(value, "history", None), Mapping):
        return best_epoch(value.history, getattr(value, "epoch", ()), objective)
    raise FatalTypeError(
        f"Expected the return value of {source} to be one of float, dict, keras.callbacks.History, "
        f"or a list of one of these types. Received return value: {value} of type {type(value)}."
    )


def average(results: Sequence[Result], objective: Objective) -> Result:
    """The mean and the spread of several executions."""
    if len(results) == 1:
        return results[0]
    columns: dict[str, list[float]] = {}
    for result in results:
        for name, value in result.metrics.items():
            columns.setdefault(name, []).append(value)
    with np.errstate(all="ignore"):
        metrics = {name: float(np.mean(values)) for name, values in columns.items()}
        spread = {name: float(np.std(values)) for name, values in columns.items()}
    finite = [result for result in results if math.isfinite(value_of(result.metrics, objective))]
    best = min(
        finite or results[:1],
        key=lambda result: objective.sign * value_of(result.metrics, objective),
    )
    info = {key: value for result in results for key, value in result.info.items()}
    return Result(metrics, spread, best.best_step, info)


def best_epoch(
    history: Mapping[str, Sequence[Any]], epochs: Sequence[int], objective: Objective
) -> Result:
    """The metrics of the epoch with the best finite objective, the first of equals.

    Args:
        history: name to one value an epoch; metrics of validation may be there less often
            (`validation_freq`).
        epochs: the epochs' numbers; counted from 0 if empty.
        objective: what is optimised.

    Raises:
        FatalValueError: if the objective is not in the history.
    """
    absent = _names.missing(objective, history)
    if absent:
        raise FatalValueError(_names.explain_missing(objective, history))
    known = {name: _names.find(name, history) or name for name in objective.names}
    count = min(len(history[name]) for name in known.values())
    rows = [
        _names.aligned(_names.as_metrics(_row(history, index, count)), objective)
        for index in range(count)
    ]
    if not rows:
        raise FatalValueError("No epoch was run, so there is no objective; check `epochs`.")
    values = [value_of(row, objective) for row in rows]
    finite = [index for index in range(count) if math.isfinite(values[index])]
    best = min(finite, key=lambda index: objective.sign * values[index], default=count - 1)
    place = _place(best, count, max(map(len, history.values())))
    return Result(rows[best], best_step=int(epochs[place]) if place < len(epochs) else place)


def value_of(metrics: Mapping[str, float], objective: Objective) -> float:
    """The objective's value, NaN if it is not there; a single number may stand for a sum."""
    if objective.name in metrics:
        return float(metrics[objective.name])
    return objective.get_value(metrics) if objective.has_value(metrics) else math.nan


def _row(history: Mapping[str, Sequence[Any]], index: int, count: int) -> dict[str, Any]:
    """What was reported with the objective's value number `index` of `count`."""
    row = {}
    for name, values in history.items():
        place = _place(index, count, len(values))
        if place < len(values):
            row[name] = values[place]
    return row


def _place(index: int, count: int, length: int) -> int:
    """The place among `length` epochs of value number `index` of `count`, evenly reported."""
    stride = max(length // count, 1)
    return (index + 1) * stride - 1


def _from_dict(value: Mapping[str, Any], objective: Objective, source: str) -> dict[str, float]:
    metrics = _names.aligned(_names.as_metrics(value), objective)
    absent = [name for name in objective.names if name not in value and name not in metrics]
    if absent:
        raise FatalValueError(
            f"Expected the returned dictionary from {source} to have the specified objective, "
            f"{', '.join(absent)}, as one of the keys. Received: {value}."
        )
    wrong = [name for name in value if name not in metrics]
    if wrong:
        raise FatalTypeError(
            f"Expected the metrics in the dictionary from {source} to be single numbers. "
            f"Received {wrong[0]}={value[wrong[0]]!r} of type {type(value[wrong[0]])}."
        )
    return metrics
