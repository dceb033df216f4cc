"""What callbacks have in mind between two epochs: plain numbers among their attributes.

Enters: callbacks. Leaves: JSON values, and callbacks that go on with them. Patience counted so far,
the best value seen, a learning rate about to be lowered: all of it is such a number. Arrays and
objects are not kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def read(callbacks: Sequence[Any]) -> tuple[Mapping[str, Any], ...]:
    """For each callback its class and its plain attributes, as JSON values."""
    return tuple(
        {"class": type(callback).__name__, "values": _plain(vars(callback))}
        for callback in callbacks
    )


def restore(callbacks: Sequence[Any], minds: Sequence[Mapping[str, Any]]) -> None:
    """Put what was read back, into callbacks of the same classes in the same order."""
    if [type(callback).__name__ for callback in callbacks] != [mind["class"] for mind in minds]:
        return
    for callback, mind in zip(callbacks, minds, strict=True):
        for name, value in mind["values"].items():
            setattr(callback, name, value)


def _plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    values = {}
    for name, value in attributes.items():
        if isinstance(value, np.generic):
            value = value.item()  # noqa: PLW2901
        # No texts: they are paths, of one trial and not of the next.
        if isinstance(value, bool | int | float) and not math.isnan(value):
            values[name] = value
    return values
