"""One `trial.json` of KerasTuner as a trial, and the hyperparameters of all of them as a space."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from luthier.errors import SpaceError
from luthier.imports import _json
from luthier.objective import DIRECTIONS
from luthier.records import Measurement, Suggestion, Trial, TrialState
from luthier.space import HyperParameter, Space, deserialize

SPECIAL = "tuner/"
NOTE = "imported from KerasTuner"
WAITING = ("RUNNING", "INVALID", "IDLE")


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric's direction, and its mean at each step."""

    direction: str
    values: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Draft:
    """A trial before it has a number.

    Attributes:
        id: KerasTuner's name for it.
        state: what became of it.
        values: as they were tried, those of Hyperband (`tuner/epochs`, …) included.
        metrics: by name.
        score: NaN without one.
        best_step: step of the best report.
        message: why it failed.
        history: the metrics as KerasTuner writes them, where they hold more than one report.
    """

    id: str
    state: TrialState
    values: Mapping[str, Any]
    metrics: Mapping[str, Metric]
    score: float
    best_step: int
    message: str
    history: Mapping[str, Any] | None

    @property
    def scored(self) -> bool:
        """Whether it competes for the best place."""
        return self.state is TrialState.COMPLETED


def read(state: Mapping[str, Any], name: str) -> Draft:
    """What a file says.

    Args:
        state: the file's content.
        name: the trial's id by the name of its folder: that is where its weights are.

    Raises:
        KeyError: something is missing.
        ValueError: something is not as it should be.
    """
    status, score = state["status"], state.get("score")
    metrics = {key: _metric(value) for key, value in state["metrics"]["metrics"].items()}
    number = math.nan if score is None else float(score)
    message = str(state.get("message") or "")
    if status == "COMPLETED":
        ending = TrialState.COMPLETED if math.isfinite(number) else TrialState.FAILED
        if ending is TrialState.FAILED:
            message = message or f"The score is {number}: a score must be a finite number."
    elif status == "FAILED":
        ending = TrialState.FAILED
    elif status in WAITING:
        ending = TrialState.WAITING
    else:
        raise ValueError(f"unknown status {status!r}")
    several = any(len(metric.values) > 1 for metric in metrics.values())
    return Draft(
        name,
        ending,
        dict(state["hyperparameters"]["values"]),
        metrics,
        number,
        int(state.get("best_step") or 0),
        message,
        state["metrics"] if several else None,
    )


def _metric(config: Mapping[str, Any]) -> Metric:
    if config["direction"] not in DIRECTIONS:
        raise ValueError(f"unknown direction {config['direction']!r}")
    values = {}
    for observation in config["observations"]:
        listed = observation["value"]
        numbers = [float(x) for x in (listed if isinstance(listed, list) else [listed])]
        values[int(observation["step"])] = sum(numbers) / len(numbers)
    return Metric(config["direction"], values)


def trial_of(draft: Draft, numbers: Mapping[str, int]) -> Trial:
    """The record of a trial; its number and what was seen before are filled in by the caller.

    Args:
        draft: what its file says.
        numbers: id to number of all trials.
    """
    # What Hyperband decided stays among the values: there it is looked for, as in KerasTuner.
    values = draft.values
    epochs = values.get(SPECIAL + "epochs")
    suggestion = Suggestion(
        values,
        budget=None if epochs is None else int(epochs),
        resume_from=numbers.get(str(values.get(SPECIAL + "trial_id"))),
        note=NOTE,
    )
    if draft.state is TrialState.WAITING:
        return Trial(0, suggestion, values=values)
    metrics = {
        name: metric.values.get(draft.best_step, list(metric.values.values())[-1])
        for name, metric in draft.metrics.items()
        if metric.values
    }
    return Trial(
        0,
        suggestion,
        draft.state,
        values=values,
        measurements=_measurements(draft.metrics),
        metrics=metrics if draft.scored else {},
        scores=(draft.score,) if draft.scored else (),
        best_step=draft.best_step if draft.scored else 0,
        message=draft.message,
        info={} if draft.history is None else {"tracked": draft.history},
    )


def _measurements(metrics: Mapping[str, Metric]) -> tuple[Measurement, ...]:
    steps = sorted({step for metric in metrics.values() for step in metric.values})
    return tuple(
        Measurement(step, {n: m.values[step] for n, m in metrics.items() if step in m.values})
        for step in steps
    )


class Definitions:
    """The hyperparameters of many files, each kind read once."""

    def __init__(self) -> None:
        self._read: dict[str, HyperParameter | None] = {}
        self._found: list[HyperParameter] = []

    def add(self, config: object, file: str, problems: list[str]) -> None:
        """Add those of one file; what cannot be understood is named in `problems` once."""
        items = config.get("space") if isinstance(config, Mapping) else None
        for item in items if isinstance(items, list) else []:
            key = json.dumps(item, sort_keys=True)
            if key in self._read:
                continue
            try:
                self._read[key] = deserialize(item)
                self._found.append(deserialize(item))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                self._read[key] = None
                problems.append(f"A hyperparameter in {file} is left out: {_json.reason(error)}.")

    def space(self, problems: list[str]) -> Space:
        """All of them as a space; the first of several with one name and conditions counts."""
        try:
            return Space().merge(self._found)
        except SpaceError:
            pass
        space = Space()
        waiting = list(self._found)
        while waiting:
            left = []
            for parameter in waiting:
                try:
                    space = space.merge([parameter])
                except SpaceError:
                    left.append(parameter)
            if len(left) == len(waiting):
                names = ", ".join(dict.fromkeys(parameter.name for parameter in left))
                problems.append(f"Left out, for conditions on what is not there: {names}.")
                return space
            waiting = left
        return space
