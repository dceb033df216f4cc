"""Checks of conditional scopes as a build opens them."""

from __future__ import annotations

from typing import Any

import numpy as np

from luthier.space._parameters import HyperParameter
from luthier.space._values import SCALARS


def check_parents(parameter: HyperParameter) -> None:
    """Refuses a hyperparameter that is its own parent.

    Raises:
        ValueError: naming both.
    """
    for condition in parameter.conditions:
        if condition.name == parameter.name:
            raise ValueError(
                "A conditional `HyperParameter` cannot have the same name as its parent. "
                f"Found: {parameter.name} and parent_name: {condition.name}"
            )


def check_parent_values(parent: HyperParameter, values: Any) -> None:
    """Plain values are always fine, reachable or not; others only if the parent has them.

    Raises:
        TypeError: for a value of a type that the parent cannot have.
    """
    given = list(values) if isinstance(values, list | tuple) else [values]
    for value in given:
        if isinstance(value, (*SCALARS, np.generic)) or parent.contains(value):
            continue
        raise TypeError(
            "Can contain only `int`, `float`, `str`, or `bool`, "
            f"found values: {given}with types: {type(value)}"
        )
