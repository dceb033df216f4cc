from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.space import Choice, HyperParameter, HyperParameters, Int, Parent, Space
from tests.space.strategies import spaces


def build(hp: HyperParameters) -> None:
    for i in range(hp.Int("layers", 1, 4)):
        hp.Int(f"units_{i}", 8, 64, step=8)
    with hp.conditional_scope("layers", [3, 4]):
        hp.Float("dropout", 0, 0.5)


@settings(max_examples=40)
@given(spaces(), st.integers(0, 2**32))
def test_it_comes_back_from_json(space: Space, seed: int) -> None:
    hp = HyperParameters.for_trial(space, space.sample(np.random.default_rng(seed)))
    back = HyperParameters.from_config(json.loads(json.dumps(hp.get_config())))
    assert Space(back.space) == space
    assert space.key(back.values) == space.key(hp.values)


@settings(max_examples=40)
@given(spaces(), st.integers(0, 2**32))
def test_ensured_values_are_those_of_the_active(space: Space, seed: int) -> None:
    hp = HyperParameters.for_trial(space, {})
    hp.ensure_active_values(np.random.default_rng(seed))
    assert hp.values.keys() == {p.name for p in space.active(hp.values)}
    again = HyperParameters.for_trial(space, {})
    again.ensure_active_values(np.random.default_rng(seed))
    assert again.values == hp.values


def test_what_a_build_used_is_recorded() -> None:
    hp = HyperParameters()
    build(hp)
    space = Space(hp.space)
    values = {"layers": 1, "units_0": 16, "units_1": 24, "dropout": 0.1}
    trial = HyperParameters.for_trial(space, values)
    assert trial.used == ()
    build(trial)
    assert trial.used == ("layers", "units_0")
    assert trial.found == ()
    assert trial.values == values


def test_what_a_build_met_first_is_recorded() -> None:
    trial = HyperParameters.for_trial(Space([Int("layers", 1, 4)]), {"layers": 2})
    build(trial)
    assert [p.name for p in trial.found] == ["units_0", "units_1", "dropout"]
    assert trial.used == ("layers", "units_0", "units_1")


@pytest.mark.parametrize(
    "read",
    [
        lambda hp: hp.get("a"),
        lambda hp: hp["a"],
        lambda hp: hp.values["a"],
        lambda hp: hp.values.get("a"),
        lambda hp: hp.Int("a", 1, 3),
    ],
)
def test_every_way_of_reading_counts_as_use(read: Any) -> None:
    hp = HyperParameters.for_trial(Space([Int("a", 1, 3), Int("b", 1, 3)]), {"a": 2, "b": 3})
    assert read(hp) == 2
    assert hp.used == ("a",)


@pytest.mark.parametrize(
    "look",
    [
        lambda hp: "a" in hp,
        lambda hp: hp.is_active("a"),
        lambda hp: dict(hp.values),
        lambda hp: hp.get_config(),
        lambda hp: hp.values.get("zz", 1),
        lambda hp: hp.copy(),
        copy.deepcopy,
        lambda hp: hp.ensure_active_values(),
        lambda hp: repr(hp.values),
    ],
)
def test_a_look_from_outside_is_no_use(look: Any) -> None:
    space = Space([Int("a", 1, 3), Int("b", 1, 3, conditions=[Parent("a", 2)])])
    hp = HyperParameters.for_trial(space, {"a": 2, "b": 3})
    look(hp)
    assert hp.used == ()


def test_asking_for_a_condition_is_no_use_of_the_parent() -> None:
    hp = HyperParameters.for_trial(Space([Int("a", 1, 3)]), {"a": 2})
    with hp.conditional_scope("a", [2]):
        hp.Int("b", 1, 2)
    assert hp.used == ("b",)


def test_an_inactive_definition_is_no_use() -> None:
    hp = HyperParameters()
    hp.Choice("a", ["x", "y"])
    assert hp.Int("b", 1, 2, parent_name="a", parent_values="y") is None
    assert hp.used == ("a",)
    assert [p.name for p in hp.found] == ["a", "b"]


def test_assigned_values_are_watched_too() -> None:
    hp = HyperParameters()
    hp.values = {"a": 1}
    assert hp.get("a") == 1
    assert hp.used == ("a",)


def test_a_copy_has_recorded_nothing_and_is_apart() -> None:
    hp = HyperParameters(on_new=lambda parameter: True)
    build(hp)
    twin = hp.copy()
    assert (twin.used, twin.found, twin.inactive_scopes) == ((), (), [])
    assert twin.on_new is hp.on_new
    twin.values["layers"] = 4
    twin.Int("new", 1, 2)
    assert hp.values["layers"] == 1
    assert "new" not in hp


@pytest.mark.parametrize("through", [copy.deepcopy, lambda hp: pickle.loads(pickle.dumps(hp))])
def test_it_survives_copying_and_pickling(through: Any) -> None:
    hp = HyperParameters()
    build(hp)
    twin = through(hp)
    assert twin.get_config() == hp.get_config()
    assert (twin.used, twin.found) == (hp.used, hp.found)
    assert twin["dropout" if "dropout" in twin else "units_0"] == 8
    build(twin)
    twin.values["other"] = 1
    assert twin.get("other") == 1
    assert twin.used[-1] == "other"


def test_copied_values_are_a_plain_dict() -> None:
    hp = HyperParameters()
    hp.Int("a", 1, 3)
    assert type(copy.deepcopy(hp.values)) is dict
    assert json.dumps(hp.values) == '{"a": 1}'


class TestOnNew:
    def test_true_registers(self) -> None:
        met: list[str] = []
        hp = HyperParameters(on_new=lambda parameter: met.append(parameter.name) is None)
        assert hp.Int("a", 1, 3) == 1
        hp.Int("a", 1, 3)
        assert met == ["a"]
        assert [p.name for p in hp.space] == ["a"]

    def test_false_keeps_the_default_and_stays_out(self) -> None:
        hp = HyperParameters(on_new=lambda parameter: False)
        assert hp.Choice("a", ["x", "y"], default="y") == "y"
        with hp.conditional_scope("a", "y"):
            assert hp.Int("b", 2, 3) == 2
        assert hp.get("a") == "y"
        assert hp.space == []
        assert hp.found == ()
        assert hp.used == ("a", "b")

    def test_it_is_not_asked_about_what_is_known(self) -> None:
        def refuse(parameter: HyperParameter) -> bool:
            raise RuntimeError(f"{parameter.name} is new")

        hp = HyperParameters.for_trial(Space([Int("a", 1, 3)]), {"a": 3}, on_new=refuse)
        assert hp.Int("a", 1, 3) == 3
        with pytest.raises(RuntimeError, match="b is new"):
            hp.Int("b", 1, 3)
        assert "b" not in hp


def test_merge_takes_the_place_of_the_old_definition() -> None:
    hp = HyperParameters()
    hp.Int("a", 1, 3)
    hp.merge([Int("a", 5, 9)])
    assert [repr(p) for p in hp.space] == [repr(Int("a", 5, 9))]
    assert hp.values == {"a": 5}


def test_booleans_and_structures_come_back_as_the_user_wrote_them() -> None:
    space = Space([Choice("kernel", [(3, 3), (5, 5)]), Choice("flag", [True, False])])
    stored = json.loads(json.dumps({"kernel": (5, 5), "flag": False}))
    hp = HyperParameters.for_trial(space, stored)
    assert hp.Choice("kernel", [(3, 3), (5, 5)]) == (5, 5)
    assert hp.get("kernel") == (5, 5)
    assert hp.Choice("flag", [True, False]) is False


def test_a_scope_may_ask_for_none_or_a_structure_that_the_parent_has() -> None:
    hp = HyperParameters()
    hp.Choice("p", [None, [1, 2], "a"])
    with hp.conditional_scope("p", None):
        assert hp.Int("a", 1, 2) == 1
    with hp.conditional_scope("p", [[1, 2]]):
        assert hp.Int("b", 1, 2) is None
    with pytest.raises(TypeError, match="Can contain only"), hp.conditional_scope("p", [[9]]):
        pass


def test_scopes_end_when_the_user_s_code_raises() -> None:
    hp = HyperParameters()
    hp.Choice("p", ["a", "b"])
    with pytest.raises(ZeroDivisionError), hp.name_scope("s"), hp.name_scope("t"):
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), hp.conditional_scope("p", "b"):
        raise ZeroDivisionError
    assert hp.Int("x", 1, 2) == 1
    assert hp.space[-1].name == "x"
    assert hp.space[-1].conditions == ()


def test_a_value_that_the_user_removed_is_the_default_again() -> None:
    hp = HyperParameters()
    hp.Int("a", 1, 5, default=3)
    hp.values.pop("a")
    assert hp.Int("a", 1, 5, default=3) == 3
