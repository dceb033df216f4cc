"""Metrics as plain numbers under the names that the objective uses.

Enters: logs of Keras or of a loop written by hand, with tensors, arrays and numbered names. Leaves:
name to float.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from luthier.objective import DEFAULT_NAME, Objective


def as_number(value: Any) -> float | None:
    """A number, or a tensor with one element, as a float; None if it is no single number."""
    if isinstance(value, float | int | np.number | np.bool_):
        return float(value)
    if hasattr(value, "detach"):  # A PyTorch tensor warns when it is converted with its gradient.
        value = value.detach()
    if isinstance(value, str | bytes | Mapping) or value is None:
        return None
    try:
        array = np.asarray(value.cpu() if hasattr(value, "cpu") else value)
        return float(array.reshape(())) if array.size == 1 else None
    except (TypeError, ValueError):
        return None


def as_metrics(logs: Mapping[str, Any] | None) -> dict[str, float]:
    """The single numbers among `logs`; arrays (such as an F1 score a class) are left out."""
    numbers = ((str(name), as_number(value)) for name, value in (logs or {}).items())
    return {name: number for name, number in numbers if number is not None}


def find(name: str, names: Iterable[str]) -> str | None:
    """The metric that `name` means: itself, or the only one that differs by its number behind.

    Keras calls a second AUC `auc_1`, in whichever trial it comes to be the second.
    """
    known = list(names)
    if name in known:
        return name
    stem = _stem(name)
    alike = [other for other in known if _stem(other) == stem]
    return alike[0] if len(alike) == 1 else None


def aligned(metrics: Mapping[str, float], objective: Objective) -> dict[str, float]:
    """`metrics`, and the objective's under its own name where it differs by a number behind."""
    named = dict(metrics)
    for name in objective.names:
        other = find(name, metrics)
        if other is not None and name not in named:
            named[name] = metrics[other]
    return named


def is_named(objective: Objective) -> bool:
    """Whether the user named what to optimise; if not, `fit` returns the one number."""
    return objective.names != (DEFAULT_NAME,)


def missing(objective: Objective, metrics: Iterable[str]) -> list[str]:
    """The names that the objective needs and `metrics` lack."""
    known = list(metrics)
    return [name for name in objective.names if find(name, known) is None]


def explain_missing(objective: Objective, logs: Mapping[str, Any]) -> str:
    """What to tell a user whose model does not report the objective."""
    names = missing(objective, as_metrics(logs))
    text = (
        f"Objective {_quoted(names)} is not among what is reported at the end of an epoch: "
        f"{', '.join(sorted(map(str, logs))) or 'nothing'}."
    )
    arrays = [name for name in names if name in logs]
    if arrays:
        return f"{text} {_quoted(arrays)} is no single number; reduce it to one (average=...)."
    if any(name.startswith("val_") for name in names) and not any(
        str(name).startswith("val_") for name in logs
    ):
        return f"{text} Pass validation_data or validation_split to search()."
    candidates = [other for name in names for other in logs if _stem(str(other)) == _stem(name)]
    if candidates:
        return f"{text} Name one of {', '.join(candidates)}."
    return f"{text} Name one of these, or compile the model with that metric."


def _stem(name: str) -> str:
    return re.sub(r"(?<=[A-Za-z])_\d+$", "", name)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
