"""Names of hyperparameters: text, or left out where the place gives the name.

`Int(16, 128)` has no name: it stands where an argument is, `search(batch_size=Int(16, 128))`, and
takes the argument's. In a space every hyperparameter has a name.
"""

from __future__ import annotations

from typing import Any

import numpy as np

UNNAMED = ""


def check_name(name: Any) -> str:
    """The name as text; numbers are accepted as KerasTuner does.

    Raises:
        TypeError: the name is neither text nor a whole number.
    """
    if isinstance(name, str):
        return name
    if isinstance(name, int) and not isinstance(name, bool):
        return str(name)
    raise TypeError(
        f"The name of a hyperparameter must be a str, received: {name!r} of type {type(name)}."
    )


def split_range(name: Any, low: Any, high: Any) -> tuple[Any, Any, Any]:
    """Name, lower and upper bound, where the name may have been left out."""
    if high is None and isinstance(name, int | float | np.number) and not isinstance(name, bool):
        return UNNAMED, name, low
    return name, low, high


def split_list(name: Any, values: Any) -> tuple[Any, Any]:
    """Name and list, where the name may have been left out."""
    if values is None and isinstance(name, list | tuple | set | range | np.ndarray):
        return UNNAMED, name
    return name, values
