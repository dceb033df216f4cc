from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from luthier.space import Float, Int
from tests.space.strategies import floats, ints, probabilities


@given(ints(), probabilities)
def test_an_int_stays_in_its_range(parameter: Int, p: float) -> None:
    assert parameter.min_value <= parameter.prob_to_value(p) <= parameter.max_value


@given(floats(), probabilities)
def test_a_float_stays_in_its_range(parameter: Float, p: float) -> None:
    slack = 1e-9 * max(abs(parameter.min_value), abs(parameter.max_value))
    value = parameter.prob_to_value(p)
    assert parameter.min_value - slack <= value <= parameter.max_value + slack


def test_the_ends_of_a_reversed_log_scale_are_exact() -> None:
    parameter = Float("x", 1e-4, 1, sampling="reverse_log")
    assert parameter.prob_to_value(0.0) == 1e-4
    assert parameter.prob_to_value(1.0) == 1.0


def test_numpy_numbers_become_python_numbers() -> None:
    parameter = Int("x", np.int64(1), np.int32(9), step=np.int8(2), default=np.int64(3))
    assert all(
        type(v) is int
        for v in (parameter.min_value, parameter.max_value, parameter.step, parameter.default)
    )
    assert type(Float("x", np.float32(0), np.float64(1)).max_value) is float


def test_a_whole_float_is_an_int() -> None:
    assert Int("x", 1.0, 3.0, step=1.0) == Int("x", 1, 3, step=1)


def test_an_enormous_range_costs_nothing() -> None:
    parameter = Int("x", 0, 10**15)
    assert parameter.n_values == 10**15 + 1
    assert parameter.values[10**14] == 10**14  # type: ignore[index]
    assert parameter.contains(parameter.prob_to_value(0.123))


@pytest.mark.parametrize("value", [0, 2, 11, 1.0, True, "1", None, float("nan")])
def test_an_int_contains_only_its_steps(value: object) -> None:
    parameter = Int("x", 1, 10, step=3)
    assert not parameter.contains(value)
    assert all(parameter.contains(v) for v in (1, 4, 7, 10))


def test_an_int_on_a_log_scale_contains_its_steps_or_all() -> None:
    assert Int("x", 1, 100, sampling="log").contains(37)
    assert not Int("x", 1, 100, step=10, sampling="log").contains(37)
    assert Int("x", 1, 100, step=10, sampling="log").contains(10)


@pytest.mark.parametrize("value", [-0.1, 1.1, True, "1", None, float("nan"), float("inf"), 10**400])
def test_a_float_contains_only_numbers_in_its_range(value: object) -> None:
    assert not Float("x", 0, 1).contains(value)
    assert not Float("x", 0, 1, step=0.25).contains(value)


def test_a_float_contains_its_steps_but_for_rounding() -> None:
    parameter = Float("x", 0, 1, step=0.1)
    assert all(parameter.contains(v) for v in (0, 0.3, 0.1 + 0.2))
    assert not parameter.contains(0.35)


def test_labels_do_not_depend_on_the_type_of_the_number() -> None:
    assert Float("x", 0, 1).label(1) == Float("x", 0, 1).label(1.0)
    assert Int("x", 0, 3).label(3) == Int("x", 0, 3).label(3.0)
    assert Float("x", 0, 1).label(0.5) != Float("x", 0, 1).label(0.25)
    # Whatever a user put there has a label.
    assert Int("x", 0, 3).label("q") == '"q"'


def test_ranges_are_told_in_words() -> None:
    assert Int("x", 1, 9).allowed() == "an int from 1 to 9"
    assert Int("x", 1, 9, step=2).allowed() == "an int from 1 to 9 in steps of 2 (linear)"
    assert Float("x", 0, 1).allowed() == "a number from 0.0 to 1.0"
