from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from luthier.space import Boolean, Choice, Fixed, deserialize, serialize


def test_booleans_stay_booleans() -> None:
    choice = Choice("x", [True, False])
    assert choice.default is True
    assert choice.values == [True, False]
    assert choice.prob_to_value(0.9) is False
    assert choice.label(True) != choice.label(1)
    assert not choice.contains(1)


@pytest.mark.parametrize(
    "values",
    [
        [None, "a", "b"],
        [None, 1, 2],
        [(3, 3), (5, 5)],
        [{"units": [64, 32]}, {"units": []}, None],
        [[1], "auto"],
    ],
)
def test_none_and_structures_are_choices(values: list[Any]) -> None:
    choice = Choice("x", values)
    assert choice.values == values
    assert [type(v) for v in choice.values] == [type(v) for v in values]
    assert choice.n_values == len(values)
    assert not choice.ordered
    for value in values:
        assert choice.prob_to_value(choice.value_to_prob(value)) == value
        through_json = json.loads(json.dumps(value))
        assert choice.contains(through_json)
        assert choice.own(through_json) == value


def test_the_default_may_be_none_of_a_list_that_holds_it() -> None:
    assert Choice("x", [None, "a"]).default is None
    assert Choice("x", ["a", None]).default == "a"


def test_a_user_cannot_change_a_choice_through_a_value() -> None:
    given = [{"a": [1]}]
    choice = Choice("x", given)
    given[0]["a"].append(2)
    choice.values[0]["a"].append(3)
    choice.prob_to_value(0.5)["a"].append(4)
    choice.default["a"].append(5)
    assert choice.values == [{"a": [1]}]


def test_numpy_scalars_become_python_scalars() -> None:
    choice = Choice("x", np.array([0.1, 0.2]))
    assert [type(v) for v in choice.values] == [float, float]
    assert type(Choice("x", [np.int64(3), 4]).default) is int
    assert type(Fixed("x", np.float32(0.5)).value) is float


def test_a_value_given_twice_is_sampled_twice_as_often() -> None:
    choice = Choice("x", [1, 1, 2])
    assert [choice.prob_to_value(p) for p in (0.0, 0.5, 0.7)] == [1, 1, 2]
    assert list(choice.distinct_values()) == [1, 2]


def test_an_equal_value_of_another_type_has_a_probability() -> None:
    # Searches written by KerasTuner hold 1 and 0 for booleans.
    assert Choice("x", [True, False]).value_to_prob(0) == 0.75


def test_tuples_stay_tuples_in_memory_and_equal_lists_after_json() -> None:
    choice = Choice("x", [(1, 2)])
    back = deserialize(json.loads(json.dumps(serialize(choice))))
    assert back == choice
    assert choice.default == (1, 2)


def test_choices_are_told_in_words() -> None:
    assert Choice("x", [1, 2]).allowed() == "one of [1, 2]"
    assert Boolean("x").allowed() == "True or False"
    assert Fixed("x", "a").allowed() == "'a' (it is fixed)"


@pytest.mark.parametrize("value", [1, 0, None, "true"])
def test_a_boolean_contains_only_booleans(value: object) -> None:
    assert not Boolean("x").contains(value)
    assert Boolean("x").contains(True)


def test_fixed_contains_only_its_value() -> None:
    assert Fixed("x", 1).contains(1)
    assert not Fixed("x", 1).contains(True)
    assert not Fixed("x", 1).contains([1])


def test_a_choice_contains_nothing_that_json_cannot_hold() -> None:
    assert not Choice("x", ["a"]).contains(object())
