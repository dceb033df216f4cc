"""Plain values: what a hyperparameter may hold, and the one text that stands for it.

Enters: whatever a user or a JSON file gives. Leaves: Python scalars, None, lists, tuples and dicts
with string keys (`plain`), and their canonical JSON text (`label`), in which `True`, `1` and `1.0`
differ and a tuple equals a list, because JSON knows no tuples.
"""

from __future__ import annotations

import copy
import json
import math
from json.encoder import encode_basestring
from typing import Any

import numpy as np

SCALARS = (int, float, str, bool)
"""The plain types of a hyperparameter value; `None` and structures are allowed beside them."""


_STRUCTURES = (list, tuple, dict)


def is_structure(value: Any) -> bool:
    """Whether the value is made of others: a list, tuple or dict."""
    return isinstance(value, _STRUCTURES)


def plain(value: Any) -> Any:
    """A private copy of a JSON value, with numpy scalars turned into Python ones.

    Args:
        value: a scalar, `None`, or lists, tuples and dicts (with string keys) of these.

    Returns:
        An equal value made of `int`, `float`, `str`, `bool`, `None`, `list`, `tuple`, `dict` only.

    Raises:
        TypeError: something in it has no place in JSON.
        ValueError: a float in it is NaN or infinite.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"Expected a finite number, received {value!r}.")
        return float(value)
    if isinstance(value, str):
        return str.__str__(value)
    return _plain_structure(value)


def _plain_structure(value: Any) -> Any:
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"Expected string keys in a dict, received the key {key!r}.")
        return {str.__str__(key): plain(item) for key, item in value.items()}
    raise TypeError(f"Expected a JSON value, received {value!r} of type {type(value)}.")


def fresh(value: Any) -> Any:
    """The value itself, or a copy of it where the receiver could change it."""
    return copy.deepcopy(value) if isinstance(value, _STRUCTURES) else value


def label(value: Any) -> str:
    """The canonical JSON text of a value: the same in every process and version."""
    kind = value.__class__
    if kind is str:
        return encode_basestring(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return repr(value)
    if kind is float:
        # Adding zero makes -0.0 and 0.0 one value.
        return repr(value + 0.0)
    return structure_label(value)


def structure_label(value: Any) -> str:
    """The canonical JSON text of anything JSON can hold, numpy scalars included."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_scalar
    )


def _scalar(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"Expected a JSON value, received {value!r} of type {type(value)}.")
