from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from luthier.errors import SpaceError
from luthier.space import Boolean, Choice, Float, HyperParameter, Int, Space


@pytest.mark.parametrize(
    ("unnamed", "named"),
    [
        (Int(16, 128, step=16), Int("a", 16, 128, step=16)),
        (Int(min_value=1, max_value=3, default=2), Int("a", 1, 3, default=2)),
        (Float(1e-4, 1e-2, sampling="log"), Float("a", 1e-4, 1e-2, sampling="log")),
        (Float(np.float32(0.0), 1), Float("a", 0.0, 1.0)),
        (Choice([5, 10]), Choice("a", [5, 10])),
        (Choice(("x", "y"), default="y"), Choice("a", ["x", "y"], default="y")),
        (Boolean(), Boolean("a")),
        (Boolean(default=True), Boolean("a", True)),
    ],
)
def test_the_name_may_be_left_out(unnamed: HyperParameter, named: HyperParameter) -> None:
    assert unnamed.name == ""
    assert unnamed.named("a") == named


def test_three_numbers_are_a_name_forgotten() -> None:
    with pytest.raises(TypeError, match="must be a str and comes first"):
        Int(32, 128, 32)  # type: ignore[arg-type]


def test_a_space_wants_names() -> None:
    with pytest.raises(SpaceError, match="needs a name: Int"):
        Space([Int(1, 2)])


@pytest.mark.parametrize(
    ("kind", "arguments", "text"),
    [
        (Int, (3,), "max_value must be an int"),
        (Int, ("a", 3), "max_value must be an int"),
        (Float, (), "min_value must be a"),
        (Choice, ("a",), "`values` must be provided"),
        (Choice, (), "`values` must be provided"),
        (Boolean, (True,), "name of a hyperparameter must be a str"),
    ],
)
def test_what_is_missing_is_named(kind: Any, arguments: Any, text: str) -> None:
    with pytest.raises((TypeError, ValueError), match=text):
        kind(*arguments)
