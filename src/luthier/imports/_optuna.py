"""An Optuna study, read from its storage: what its rows say, as trials and a space.

Enters: rows of its tables, by name. Leaves: an `Imported`. Optuna itself is not needed.
Distributions of all versions are understood; a range that changed from trial to trial is taken as
wide as it was.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from luthier.imports import _json
from luthier.imports._imported import Imported
from luthier.imports._optuna_rows import Row, Rows
from luthier.objective import Objective
from luthier.records import Measurement, Suggestion, Trial, TrialState
from luthier.space import Choice, Float, HyperParameter, Int, Space

NOTE = "imported from Optuna"
METRIC_NAMES = "study:metric_names"
_INFINITE = {"INF_POS": math.inf, "INF_NEG": -math.inf, "NAN": math.nan}


@dataclass(slots=True)
class _Range:
    """Every distribution of one name."""

    kind: str
    low: float = math.inf
    high: float = -math.inf
    log: bool = False
    step: float | None = None
    choices: list[Any] = field(default_factory=list)


def from_optuna(storage: str, study_name: str | None = None) -> Imported:
    """The trials of an Optuna study, for `imported=` or `adopt`.

    Args:
        storage: Optuna's storage URL, such as `sqlite:///study.db`, or the path of that file.
        study_name: which study; None where there is only one.

    Returns:
        What was read; `finished` is what to learn from. Pruned trials have the score that they
        were pruned with.

    Raises:
        StoreError: if there is no such storage or study.
        MissingExtraError: if the database's driver is not installed.

    Example:
        >>> import luthier
        >>> found = luthier.imports.from_optuna("sqlite:///study.db")  # doctest: +SKIP
        >>> luthier.tune(cost, "min", imported=found.finished)  # doctest: +SKIP
    """
    from luthier.imports._sql_optuna import read

    return imported(read(storage, study_name), storage)


def imported(rows: Rows, source: str) -> Imported:
    """What the rows of a study say."""
    problems: list[str] = []
    objectives = _objectives(rows)
    ranges: dict[str, _Range] = {}
    values = _by_trial(sorted(rows.params, key=lambda row: row.get("param_id", 0)))
    scores = _by_trial(rows.values)
    reports = _by_trial(rows.reports)
    notes = _by_trial(rows.trial_attributes)
    trials: list[Trial] = []
    ids: list[str] = []
    for row in sorted(rows.trials, key=lambda row: (_number(row), row["trial_id"])):
        key = row["trial_id"]
        try:
            point = {p["param_name"]: _learn(p, ranges) for p in values.get(key, ())}
            trial = _Reader(row, point, objectives).trial(
                scores.get(key, ()), reports.get(key, ()), notes.get(key, ())
            )
        except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
            problems.append(f"Trial {_number(row)} is left out: {_json.reason(error)}.")
            continue
        seen = sum(other.state.is_finished for other in trials)
        trials.append(replace(trial, number=len(trials), seen=seen))
        ids.append(str(_number(row)))
    ended = sorted(
        (trial for trial in trials if trial.state.is_finished),
        key=lambda trial: (trial.ended or 0.0, trial.number),
    )
    return Imported(
        source=source,
        trials=tuple(trials),
        ended=tuple(trial.number for trial in ended),
        ids=tuple(ids),
        space=_space(ranges, problems),
        objectives=objectives,
        problems=tuple(problems),
    )


def _objectives(rows: Rows) -> tuple[Objective, ...]:
    """One objective a direction, named as `study.set_metric_names` said, if it did."""
    listed = sorted(rows.directions, key=lambda row: row.get("objective", 0))
    named = [json.loads(r["value_json"]) for r in rows.attributes if r["key"] == METRIC_NAMES]
    names = named[0] if named else []
    if len(names) != len(listed):
        names = [f"objective_{n}" for n in range(len(listed))] if len(listed) > 1 else ["objective"]
    return tuple(
        Objective(str(name), "max" if row["direction"] == "MAXIMIZE" else "min")
        for name, row in zip(names, listed, strict=True)
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """One trial's row and its values."""

    row: Row
    values: Mapping[str, Any]
    objectives: Sequence[Objective]

    def trial(
        self, scores: Iterable[Row], reports: Iterable[Row], attributes: Iterable[Row]
    ) -> Trial:
        """The record; its number is filled in by the caller."""
        state = self.row["state"]
        notes = {row["key"]: row["value_json"] for row in attributes}
        if state in ("RUNNING", "WAITING"):
            fixed = json.loads(notes.get("fixed_params", "{}"))
            values = {**fixed, **self.values}
            return Trial(0, Suggestion(values, note=NOTE), values=values)
        found = [_value(row, "value") for row in sorted(scores, key=_place)]
        measurements = self._measurements(reports)
        good = state in ("COMPLETE", "PRUNED") and len(found) == len(self.objectives)
        scored = good and all(map(math.isfinite, found))
        early = TrialState.STOPPED if state == "PRUNED" else TrialState.COMPLETED
        names = [objective.name for objective in self.objectives]
        return Trial(
            0,
            Suggestion(self.values, note=NOTE),
            early if scored else TrialState.FAILED,
            values=self.values,
            measurements=measurements,
            metrics=dict(zip(names, found, strict=True)) if scored else {},
            scores=tuple(found) if scored else (),
            best_step=measurements[-1].epoch if scored and measurements else 0,
            message="" if scored else _why(state, notes),
            started=_seconds(self.row["datetime_start"]),
            ended=_seconds(self.row["datetime_complete"]),
        )

    def _measurements(self, reports: Iterable[Row]) -> tuple[Measurement, ...]:
        name = self.objectives[0].name
        return tuple(
            Measurement(int(row["step"]), {name: _value(row, "intermediate_value")})
            for row in sorted(reports, key=lambda row: row["step"])
        )


def _why(state: str, notes: Mapping[str, str]) -> str:
    if state == "PRUNED":
        return "It was pruned before it reported a value."
    reason = next((text for key, text in notes.items() if key.startswith("fail_reason")), None)
    return str(json.loads(reason)) if reason else f"It ended as {state} in Optuna."


def _value(row: Row, column: str) -> float:
    kind = row.get("value_type", row.get(f"{column}_type", "FINITE"))
    if kind in _INFINITE:
        return _INFINITE[kind]
    return math.nan if row[column] is None else float(row[column])


def _place(row: Row) -> int:
    return int(row.get("objective") or 0)


def _number(row: Row) -> int:
    number = row.get("number")
    return int(row["trial_id"] if number is None else number)


def _seconds(moment: object) -> float | None:
    """POSIX seconds of a time as a database gives it; Optuna's are local times."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return moment.timestamp() if isinstance(moment, datetime) else None


def _by_trial(rows: Iterable[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row["trial_id"], []).append(row)
    return found


# -- distributions ---------------------------------------------------------------------------------


def _learn(param: Row, ranges: dict[str, _Range]) -> Any:
    """The value of a parameter; its distribution is added to `ranges`."""
    described = json.loads(param["distribution_json"])
    kind, given = described["name"], described["attributes"]
    name, internal = param["param_name"], param["param_value"]
    if kind == "CategoricalDistribution":
        choices = given["choices"]
        known = ranges.setdefault(name, _Range("choice"))
        known.choices += [choice for choice in choices if choice not in known.choices]
        return choices[int(internal)]
    whole = kind.startswith("Int")
    known = ranges.setdefault(name, _Range("int" if whole else "float"))
    known.low, known.high = min(known.low, given["low"]), max(known.high, given["high"])
    known.log = known.log or bool(given.get("log")) or "Log" in kind
    step = given.get("step", given.get("q"))
    known.step = None if known.log or (whole and step == 1) else step
    return int(internal) if whole else float(internal)


def _space(ranges: Mapping[str, _Range], problems: list[str]) -> Space:
    parameters = []
    for name, known in ranges.items():
        try:
            parameters.append(_parameter(name, known))
        except (TypeError, ValueError) as error:
            problems.append(f"Parameter {name} is left out of the space: {_json.reason(error)}.")
    return Space(parameters)


def _parameter(name: str, known: _Range) -> HyperParameter:
    if known.kind == "choice":
        return Choice(name, known.choices)
    sampling = "log" if known.log else "linear"
    if known.kind == "int":
        step = None if known.step is None else int(known.step)
        return Int(name, int(known.low), int(known.high), step=step, sampling=sampling)
    return Float(name, known.low, known.high, step=known.step, sampling=sampling)
