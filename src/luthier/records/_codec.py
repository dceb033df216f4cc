"""Records to JSON texts and back: the only serialisation in the package.

Enters: a set-up, a suggestion, measurements, the results of a trial. Leaves: strict JSON texts
(ASCII, no bare NaN), each with the version of its layout in `"v"`; and the records again, equal to
what went in and sharing nothing with it.

What JSON lacks is marked: `{"$float": "nan"}`, `{"$tuple": [...]}`, and
`{"$dict": [[key, value], ...]}` for a dict with keys that are no strings or that look like a mark.
Defaults are left out. Measurements are kept by column.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from luthier.errors import NewerStoreError
from luthier.objective import from_config as objective_from_config
from luthier.records._measurement import Measurement
from luthier.records._spec import StudySpec
from luthier.records._suggestion import Suggestion
from luthier.records._trial import Trial
from luthier.space import Space

VERSION = 1

_BARE = frozenset({str, int, float, bool, type(None)})
_MARK = '"$'  # in a JSON text this can only begin a string, or stand behind a backslash inside one
_encode = json.JSONEncoder(allow_nan=False, check_circular=False, separators=(",", ":")).encode


def encode_spec(spec: StudySpec) -> str:
    """The set-up of a study as JSON."""
    return _dumps(
        {
            "v": VERSION,
            "name": spec.name,
            "space": spec.space.get_config(),
            "objectives": [objective.get_config() for objective in spec.objectives],
            "seed": spec.seed,
            "settings": spec.settings,
        }
    )


def decode_spec(text: str) -> StudySpec:
    """The set-up that `encode_spec` wrote."""
    data = _loads(text)
    return StudySpec(
        name=data["name"],
        space=Space.from_config(data["space"]),
        objectives=tuple(objective_from_config(config) for config in data["objectives"]),
        seed=data["seed"],
        settings=data["settings"],
    )


def encode_suggestion(suggestion: Suggestion) -> str:
    """A suggestion as JSON."""
    data: dict[str, Any] = {"v": VERSION, "values": suggestion.values}
    if suggestion.budget is not None:
        data["budget"] = suggestion.budget
    if suggestion.resume_from is not None:
        data["resume_from"] = suggestion.resume_from
    if suggestion.note:
        data["note"] = suggestion.note
    if suggestion.extra:
        data["extra"] = suggestion.extra
    return _dumps(data)


def decode_suggestion(text: str) -> Suggestion:
    """The suggestion that `encode_suggestion` wrote."""
    data = _loads(text)
    get = data.get
    return Suggestion(
        data["values"],
        get("budget"),
        get("resume_from"),
        get("note", ""),
        get("extra") or {},
    )


def encode_measurements(measurements: Sequence[Measurement]) -> str:
    """Measurements as JSON by column; a metric that one of them lacks is null there."""
    names = dict.fromkeys(name for measurement in measurements for name in measurement.metrics)
    data: dict[str, Any] = {
        "v": VERSION,
        "step": [_step(measurement.step) for measurement in measurements],
        "seconds": [float(measurement.seconds) for measurement in measurements],
        "metrics": {
            str(name): [_metric(measurement.metrics.get(name)) for measurement in measurements]
            for name in names
        },
    }
    if any(measurement.execution for measurement in measurements):
        data["execution"] = [int(measurement.execution) for measurement in measurements]
    return _dumps(data)


def _step(step: float) -> int | float:
    """Whole steps as ints, as they always were."""
    return int(step) if float(step).is_integer() else float(step)


def decode_measurements(text: str) -> tuple[Measurement, ...]:
    """The measurements that `encode_measurements` wrote."""
    data = _loads(text)
    steps = data["step"]
    names = tuple(data["metrics"])
    if names:
        columns = zip(*data["metrics"].values(), strict=True)
        rows = [dict(zip(names, column, strict=True)) for column in columns]
        if "null" in text:
            rows = [{key: row[key] for key in row if row[key] is not None} for row in rows]
    else:
        rows = [{} for _ in steps]
    executions = data.get("execution") or (0,) * len(steps)
    if not len(steps) == len(rows) == len(data["seconds"]) == len(executions):
        raise ValueError("Expected columns of measurements of one length.")
    return tuple(map(Measurement, steps, rows, data["seconds"], executions))


def encode_results(trial: Trial) -> str:
    """What came out of a trial, as JSON; its values only where they are not those suggested."""
    data: dict[str, Any] = {"v": VERSION}
    if not _are_same(trial.values, trial.suggestion.values):
        data["values"] = trial.values
    if trial.metrics:
        data["metrics"] = {str(name): _metric(value) for name, value in trial.metrics.items()}
    if trial.spread:
        data["spread"] = {str(name): _metric(value) for name, value in trial.spread.items()}
    if trial.scores:
        data["scores"] = [float(score) for score in trial.scores]
    if trial.best_step:
        data["best_step"] = int(trial.best_step)
    if trial.message:
        data["message"] = trial.message
    if trial.found:
        data["found"] = list(trial.found)
    if trial.info:
        data["info"] = trial.info
    return _dumps(data)


def decode_results(text: str, suggestion: Suggestion) -> dict[str, Any]:
    """The fields of `Trial` that `encode_results` wrote, by name.

    Args:
        text: what was written.
        suggestion: of the same trial; its values count where no others were written.
    """
    data = _loads(text)
    get = data.get
    values = get("values")
    return {
        "values": dict(suggestion.values) if values is None else values,
        "metrics": get("metrics") or {},
        "spread": get("spread") or {},
        "scores": tuple(get("scores", ())),
        "best_step": get("best_step", 0),
        "message": get("message", ""),
        "found": tuple(get("found", ())),
        "info": get("info") or {},
    }


def _are_same(values: Mapping[str, Any], others: Mapping[str, Any]) -> bool:
    """Whether two dicts are equal in their types too; structures are held to differ."""
    if len(values) != len(others):
        return False
    for name, value in values.items():
        kind = value.__class__
        if kind not in _BARE or name not in others:
            return False
        other = others[name]
        if other.__class__ is not kind or repr(other) != repr(value):  # -0.0 is not 0.0
            return False
    return True


def _metric(value: Any) -> float | None:
    return None if value is None else float(value)


def _dumps(value: Any) -> str:
    if _is_bare(value):
        try:
            return _encode(value)
        except ValueError:
            pass  # a NaN or an infinity somewhere
    return _encode(_mark(value, ""))


def _is_bare(value: Any) -> bool:
    """Whether JSON can hold it as it is, up to NaN and infinity."""
    kind = value.__class__
    if kind in _BARE:
        return True
    if kind is dict:
        for key in value:
            if key.__class__ is not str or key[:1] == "$":
                return False
        value = value.values()
    elif kind is not list:
        return False
    return all(item.__class__ in _BARE or _is_bare(item) for item in value)


def _mark(value: Any, path: str) -> Any:
    """`value` made of what JSON has, the rest marked; `path` says where it is, for errors."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"$float": repr(float(value))}
    if isinstance(value, Mapping):
        return _mark_mapping(value, path)
    if isinstance(value, list | tuple):
        items = [_mark(item, f"{path}[{index}]") for index, item in enumerate(value)]
        return {"$tuple": items} if isinstance(value, tuple) else items
    raise TypeError(
        "Expected JSON values (None, bool, int, float, str, list, tuple, dict), got "
        f"{value!r} of type {type(value).__name__} at {path or 'the top'}."
    )


def _mark_mapping(value: Mapping[Any, Any], path: str) -> dict[str, Any]:
    if all(isinstance(key, str) and not key.startswith("$") for key in value):
        return {str.__str__(key): _mark(item, f"{path}.{key}") for key, item in value.items()}
    pairs = [
        [_mark(key, f"{path}, a key"), _mark(item, f"{path}.{key}")] for key, item in value.items()
    ]
    return {"$dict": pairs}


def _unmark(data: dict[str, Any]) -> Any:
    if len(data) == 1:
        ((key, value),) = data.items()
        if key == "$float":
            return float(value)
        if key == "$tuple":
            return tuple(value)
        if key == "$dict":
            return dict(value)
    return data


_read_bare = json.JSONDecoder().raw_decode
_read_marked = json.JSONDecoder(object_hook=_unmark).raw_decode


def _loads(text: str) -> dict[str, Any]:
    data, end = _read_marked(text) if _MARK in text else _read_bare(text)
    if end != len(text) or not isinstance(data, dict) or not isinstance(data.get("v"), int):
        raise ValueError(f"Expected a record with a version, got {text[:80]!r}.")
    if data["v"] > VERSION:
        raise NewerStoreError(
            f"A record was written by a newer Luthier (layout {data['v']}, this one reads up to "
            f"{VERSION}): upgrade Luthier to open it."
        )
    return data
