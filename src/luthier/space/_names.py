"""Names of hyperparameters: text, or left out where the place gives the name.

`Int(16, 128)` has no name: it stands where an argument is, `search(batch_size=Int(16, 128))`, and
takes the argument's. In a space every hyperparameter has a name.
"""

from __future__ import annotations

from typing import Any

import numpy as np

UNNAMED = ""


def check_name(name: Any) -> str:
    """The name as text; empty where it was left out.

    Raises:
        TypeError: the name is no text. A number in its place is most often a forgotten name.
    """
    if isinstance(name, str):
        return str.__str__(name)
    raise TypeError(
        "The name of a hyperparameter must be a str and comes first, as in "
        f'hp.Int("units", 32, 512), received: {name!r} of type {type(name)}.'
    )


def check_given(name: Any) -> str:
    """The name as text, where nothing else gives one.

    Raises:
        TypeError: the name is no text.
        ValueError: it is empty.
    """
    if check_name(name) == UNNAMED:
        raise ValueError(f"The name of a hyperparameter must not be empty, received: {name!r}.")
    return check_name(name)


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
