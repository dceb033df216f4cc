from __future__ import annotations

import itertools
import json
import math
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.errors import SpaceError
from luthier.space import Boolean, Choice, Fixed, Float, HyperParameter, Int, Parent, Space
from tests.space.strategies import spaces

PLAIN = Space([Int("a", 1, 10), Float("b", 0, 1), Choice("c", ["x", "y"]), Boolean("d")])
NESTED = Space(
    [
        Choice("optimizer", ["sgd", "adam"]),
        Boolean("nesterov", conditions=[Parent("optimizer", "sgd")]),
        Float(
            "momentum",
            0,
            1,
            step=0.25,
            conditions=[Parent("optimizer", "sgd"), Parent("nesterov", True)],
        ),
        Int("k", 1, 3, conditions=[Parent("optimizer", "sgd")]),
        Int("k", 7, 8, conditions=[Parent("optimizer", "adam")]),
    ]
)

# Drawing a space costs some milliseconds.
few = settings(max_examples=40)


def active_by_hand(space: Space, values: Mapping[str, Any]) -> dict[str, HyperParameter]:
    """Adds what has become active, first definitions first, until nothing changes."""
    found: dict[str, HyperParameter] = {}
    for _ in space:
        for parameter in space:
            known = {name: values[name] for name in found}
            holds = all(condition.is_active(known) for condition in parameter.conditions)
            if parameter.name not in found and holds:
                found[parameter.name] = parameter
    return found


@few
@given(spaces(), st.integers(0, 2**32))
def test_a_sample_is_complete_valid_and_active(space: Space, seed: int) -> None:
    values = space.sample(np.random.default_rng(seed))
    assert values.keys() == {p.name for p in space.active(values)}
    assert space.complete(values) == values
    space.validate(values)


@few
@given(spaces(), st.integers(0, 2**32))
def test_activity_is_what_the_conditions_say(space: Space, seed: int) -> None:
    # Values for all names, so that inactive parents have values too.
    rng = np.random.default_rng(seed)
    values = {p.name: p.prob_to_value(rng.random()) for p in space}
    assert {p.name: p for p in space.active(values)} == active_by_hand(space, values)


@few
@given(spaces(), st.integers(0, 2**32))
def test_a_sample_draws_once_for_each_active_hyperparameter(space: Space, seed: int) -> None:
    rng, twin = np.random.default_rng(seed), np.random.default_rng(seed)
    values = space.sample(rng)
    drawn = {p.name: p.prob_to_value(twin.random()) for p in space.active(values)}
    assert drawn == values
    assert rng.random() == twin.random()


@few
@given(spaces())
def test_it_comes_back_from_json(space: Space) -> None:
    back = Space.from_config(json.loads(json.dumps(space.get_config())))
    assert back == space
    assert hash(back) == hash(space)
    assert back.names == space.names


@few
@given(spaces(), spaces())
def test_merging_twice_is_merging_once(a: Space, b: Space) -> None:
    try:
        merged = a.merge(b)
    except SpaceError as error:
        # Each was without a circle, both together need not be.
        assert "circle" in str(error)
        return
    assert merged.merge(b) is merged
    assert merged.merge(a) is merged
    assert merged.parameters[: len(a)] == a.parameters


@few
@given(spaces(finite=True))
def test_it_has_as_many_points_as_its_size(space: Space) -> None:
    if space.size > 3_000:
        return
    points = list(space.points())
    assert len(points) == space.size
    assert len({space.key(point) for point in points}) == space.size
    for point in points:
        assert space.complete(point) == point


@few
@given(spaces(finite=True), st.integers(0, 2**32))
def test_every_sample_is_one_of_its_points(space: Space, seed: int) -> None:
    if space.size > 1_000:
        return
    keys = {space.key(point) for point in space.points()}
    assert space.key(space.sample(np.random.default_rng(seed))) in keys


@few
@given(spaces(), st.integers(0, 2**32))
def test_a_key_survives_json_order_and_inactive_values(space: Space, seed: int) -> None:
    values = space.sample(np.random.default_rng(seed))
    key = space.key(values)
    assert json.loads(key).keys() == values.keys()
    assert space.key(json.loads(json.dumps(values))) == key
    extra = {"other": 1} | dict(reversed(list(values.items())))
    extra |= {p.name: p.default for p in space if p.name not in values}
    assert space.key(extra) == key
    assert Space.from_config(space.get_config()).key(values) == key


def test_a_key_is_the_same_in_another_process() -> None:
    code = (
        "from luthier.space import *; s = Space([Choice('b', [None, {'z': 1, 'y': [True]}]), "
        "Float('a', 0, 1)]); print(s.key({'b': {'y': [True], 'z': 1}, 'a': 1}))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    assert found == '{"a":1.0,"b":{"y":[true],"z":1}}\n'


def test_keys_tell_values_apart_and_numbers_of_one_value_not() -> None:
    space = Space([Float("f", 0, 1), Choice("c", [True, False]), Int("i", 0, 9)])
    assert space.key({"f": 1}) == space.key({"f": 1.0})
    assert space.key({"i": 1}) == space.key({"i": 1.0})
    assert space.key({"c": True}) != space.key({"c": 1})
    assert space.key({"f": 0.1 + 0.2}) != space.key({"f": 0.3})
    assert space.key({}) == "{}"


def test_it_is_ordered_and_frozen() -> None:
    assert PLAIN.names == ("a", "b", "c", "d")
    assert [p.name for p in PLAIN] == ["a", "b", "c", "d"]
    assert len(NESTED) == 5
    assert NESTED.names == ("optimizer", "nesterov", "momentum", "k")
    assert isinstance(PLAIN.parameters, tuple)
    assert Space() != PLAIN
    assert Space() == Space([])


def test_defaults_are_those_of_the_active() -> None:
    assert NESTED.defaults() == {"optimizer": "sgd", "nesterov": False, "k": 1}


def test_complete_drops_inactive_and_unknown_and_fills_the_rest() -> None:
    given = {"optimizer": "adam", "nesterov": True, "momentum": 0.5, "other": 3}
    assert NESTED.complete(given) == {"optimizer": "adam", "k": 7}
    filled = NESTED.complete({"nesterov": True}, lambda p: list(p.values)[-1])
    assert filled == {"optimizer": "adam", "k": 8}


def test_a_child_of_an_inactive_parent_is_inactive() -> None:
    space = Space(
        [
            Boolean("a"),
            Boolean("b", conditions=[Parent("a", True)]),
            Boolean("c", conditions=[Parent("b", True)]),
        ]
    )
    assert [p.name for p in space.active({"a": False, "b": True, "c": True})] == ["a"]
    assert [p.name for p in space.active({"a": True})] == ["a", "b"]


def test_children_may_come_before_their_parents() -> None:
    child = Int("c", 1, 2, conditions=[Parent("p", "b")])
    space = Space([child, Choice("p", ["a", "b"])])
    assert space.parameters[0] is child
    assert [p.name for p in space.parents_first] == ["p", "c"]
    assert space.complete({"p": "b"}) == {"p": "b", "c": 1}


def test_merge_keeps_what_is_there_and_replace_does_not() -> None:
    a, b, c = Int("x", 1, 2), Int("x", 1, 9), Int("y", 1, 2)
    assert Space([a]).merge([b, c]).parameters == (a, c)
    assert Space([a]).replace([b, c]).parameters == (b, c)
    conditional = Int("y", 1, 2, conditions=[Parent("x", 1)])
    assert Space([a, c]).merge([conditional]).parameters == (a, c, conditional)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (
            {"a": 11},
            "Expected an int from 1 to 10 for the hyperparameter 'a', received 11 of type int",
        ),
        ({"a": 1.5}, "received 1.5 of type float"),
        ({"a": "3"}, "received '3' of type str"),
        ({"b": math.nan}, "Expected a number from 0.0 to 1.0"),
        ({"c": "z"}, "Expected one of ['x', 'y']"),
        ({"d": 1}, "Expected True or False"),
        ({"A": 1}, "The space has no hyperparameter 'A'"),
        ({"learning": 1}, "expected one of a, b, c, d"),
    ],
)
def test_wrong_values_are_refused_with_what_is_allowed(values: Any, text: str) -> None:
    with pytest.raises(SpaceError) as caught:
        PLAIN.validate(values)
    assert text in str(caught.value)


def test_an_unknown_name_is_told_the_nearest() -> None:
    space = Space([Float("learning_rate", 0, 1), Int("units", 1, 9)])
    with pytest.raises(SpaceError, match="did you mean 'learning_rate'"):
        space.validate({"learning_rat": 0.1})


def test_some_values_and_a_default_out_of_range_are_valid() -> None:
    Space([Int("a", 1, 3, default=99), Float("b", 0, 1)]).validate({"a": 99})
    NESTED.validate({"optimizer": "adam", "nesterov": "whatever, it is inactive"})


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ([Int("a", 1, 2), Int("a", 1, 3)], "'a' is defined twice"),
        ([Int("a", 1, 2, conditions=[Parent("b", 1)])], "refers to 'b', which is not in the space"),
        (
            [
                Int("a", 1, 2, conditions=[Parent("b", 1)]),
                Int("b", 1, 2, conditions=[Parent("a", 1)]),
            ],
            "a, b depend on each other in a circle",
        ),
    ],
)
def test_spaces_that_mean_nothing_are_refused(parameters: Any, text: str) -> None:
    with pytest.raises(SpaceError, match=text):
        Space(parameters)


def test_only_hyperparameters_go_in() -> None:
    with pytest.raises(TypeError, match="holds hyperparameters"):
        Space(["a"])  # type: ignore[list-item]


def test_points_are_lazy_and_the_last_varies_fastest() -> None:
    space = Space([Int(f"x{i}", 1, 10**6) for i in range(50)])
    first = list(itertools.islice(space.points(), 3))
    assert [p["x49"] for p in first] == [1, 2, 3]
    assert {p["x0"] for p in first} == {1}
    assert space.size == 10**300


def test_points_of_a_conditional_space() -> None:
    assert NESTED.size == 3 * (1 + 5) + 2 == len(list(NESTED.points()))
    assert list(Space().points()) == [{}]
    assert Space().size == 1


def test_points_of_a_continuous_space_are_refused() -> None:
    assert PLAIN.size == math.inf
    with pytest.raises(SpaceError, match="'b' takes any value in a range"):
        PLAIN.points()


def test_a_fixed_value_is_one_point() -> None:
    assert Space([Fixed("a", 3), Boolean("b")]).size == 2
