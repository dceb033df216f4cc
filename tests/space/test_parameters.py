from __future__ import annotations

import copy
import json
import math
import pickle
from typing import Any

import pytest
from hypothesis import given

from luthier.space import (
    Boolean,
    Choice,
    Float,
    HyperParameter,
    Int,
    Parent,
    deserialize,
    serialize,
)
from tests.space.strategies import parameters, probabilities


@given(parameters(conditions=(Parent("p", [1, "a"]),)))
def test_it_comes_back_from_json(parameter: HyperParameter) -> None:
    back = deserialize(json.loads(json.dumps(serialize(parameter))))
    assert back == parameter
    assert hash(back) == hash(parameter)
    assert json.dumps(back.get_config()) == json.dumps(parameter.get_config())


@given(parameters())
def test_it_comes_back_from_a_pickle(parameter: HyperParameter) -> None:
    assert pickle.loads(pickle.dumps(parameter)) == parameter
    assert copy.deepcopy(parameter) is parameter
    assert copy.copy(parameter) is parameter


@given(parameters(), probabilities)
def test_a_value_s_probability_gives_the_value_again(parameter: HyperParameter, p: float) -> None:
    value = parameter.prob_to_value(p)
    again = parameter.prob_to_value(parameter.value_to_prob(value))
    if parameter.n_values == math.inf:
        assert math.isclose(again, value, rel_tol=1e-6, abs_tol=1e-9)
    else:
        assert parameter.label(again) == parameter.label(value)


@given(parameters(), probabilities)
def test_every_sample_is_allowed(parameter: HyperParameter, p: float) -> None:
    assert parameter.contains(parameter.prob_to_value(p))


@given(parameters())
def test_a_finite_one_has_as_many_distinct_values_as_it_says(parameter: HyperParameter) -> None:
    if parameter.n_values == math.inf:
        with pytest.raises(ValueError, match="infinitely many"):
            parameter.distinct_values()
        return
    values = list(parameter.distinct_values())
    assert len({parameter.label(v) for v in values}) == len(values) == parameter.n_values
    assert all(parameter.contains(v) for v in values)


@given(parameters(), parameters())
def test_equality_is_that_of_the_configurations(a: HyperParameter, b: HyperParameter) -> None:
    same = json.dumps(serialize(a)) == json.dumps(serialize(b))
    assert (a == b) == same
    if same:
        assert hash(a) == hash(b)


def test_equality_looks_at_class_types_and_conditions() -> None:
    assert Choice("x", [1]) != Choice("x", [True])
    assert Int("x", 1, 2) != Float("x", 1, 2)
    assert Int("x", 1, 2) != Int("x", 1, 2, conditions=[Parent("p", 1)])
    assert Int("x", 1, 2) != "x"


@pytest.mark.parametrize("name", ["name", "min_value", "new"])
def test_it_cannot_be_changed(name: str) -> None:
    with pytest.raises(AttributeError, match="cannot be changed"):
        setattr(Int("x", 1, 2), name, 3)


def test_conditions_must_be_conditions() -> None:
    with pytest.raises(TypeError, match="must hold conditions"):
        Boolean("x", conditions=["p"])  # type: ignore[list-item]


def test_seeds_are_told_apart_and_zero_is_one() -> None:
    parameter = Float("x", 0, 1)
    assert parameter.random_sample(0) == parameter.random_sample(0)
    assert parameter.random_sample(0) != parameter.random_sample(1)
    assert parameter.random_sample() != parameter.random_sample()


@pytest.mark.parametrize("config", [{}, {"class_name": "Int"}, [], None])
def test_what_is_no_configuration_is_refused(config: Any) -> None:
    with pytest.raises(ValueError, match="Could not interpret"):
        deserialize(config)
