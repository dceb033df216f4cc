"""What a user's function depends on: its code, what it reads, and what cannot be seen."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from luthier.training._code import UnseenError, form_of, read_by

TRUSTED = ("math", "numpy")
SCALE = 2.0


def scaled(value: float, power: float = 3.0) -> float:
    return float(SCALE * math.sin(value) ** power)


def test_equal_code_is_equal_wherever_it_stands_and_another_is_not() -> None:
    def one(value: float) -> float:
        return value * 2 + max((value for value in (1.0,)), default=0.0)

    first = one

    def one(value: float) -> float:  # type: ignore[no-redef]
        return value * 2 + max((value for value in (1.0,)), default=0.0)

    assert form_of(first.__code__) == form_of(one.__code__)
    others: list[Callable[..., Any]] = [
        lambda value: value * 2,
        lambda value: value * 3,
        lambda value: value + 2,
        lambda other: other.real,
        lambda other: other.imag,
    ]
    assert len({form_of(other.__code__) for other in others}) == len(others)


def test_what_a_function_reads_is_found() -> None:
    assert read_by(scaled, TRUSTED) == {"defaults": ((3.0,), None), "SCALE": 2.0}  # type: ignore[arg-type]
    nested = lambda values: [scaled(value) for value in values]  # noqa: E731
    assert read_by(nested, TRUSTED)["scaled"] is scaled  # type: ignore[arg-type]


def reads_the_system() -> str:
    return os.sep


def draws() -> float:
    return float(np.random.random())


def imports() -> float:
    import random

    return random.random()


def looks_up(name: str) -> Any:
    return globals()[name]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (reads_the_system, "reads the module os"),
        (draws, "NumPy's random numbers"),
        (imports, "reads the module random"),
        (looks_up, "calls globals"),
    ],
)
def test_what_may_depend_on_more_is_refused(function: Any, message: str) -> None:
    with pytest.raises(UnseenError, match=message):
        read_by(function, TRUSTED)
