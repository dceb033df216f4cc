from __future__ import annotations

import itertools
from typing import Any

import pytest

from luthier.space import Choice, Exploration, Fixed, HyperParameters, Int, Parent, explore

Build = Any


def explored(build: Build, hp: HyperParameters | None = None) -> tuple[list[str], Exploration]:
    hp = hp or HyperParameters()
    found = explore(build, hp)
    return [p.name for p in hp.space], found


def test_a_plain_build_is_called_once() -> None:
    def build(hp: HyperParameters) -> None:
        hp.Int("a", 1, 3)
        hp.Float("b", 0, 1)

    names, found = explored(build)
    assert names == ["a", "b"]
    assert found == Exploration(1, (), (({"a": 1, "b": 0.0}, ("a", "b")),))


def test_each_scope_is_entered() -> None:
    def build(hp: HyperParameters) -> None:
        kind = hp.Choice("kind", ["x", "y", "z"])
        for one in "xyz":
            with hp.conditional_scope("kind", one):
                if kind == one:
                    hp.Int(one, 1, 2)

    names, found = explored(build)
    assert names == ["kind", "x", "y", "z"]
    assert found.builds == 3
    assert found.unreachable == ()


def test_nested_scopes_are_entered() -> None:
    def build(hp: HyperParameters) -> None:
        if hp.Choice("a", ["off", "on"]) == "on":
            with hp.conditional_scope("a", "on"):
                if hp.Boolean("b"):
                    with hp.conditional_scope("b", True):
                        hp.Int("c", 1, 2)
                with hp.conditional_scope("b", True):
                    pass
        with hp.conditional_scope("a", "on"):
            pass

    names, found = explored(build)
    assert names == ["a", "b", "c"]
    assert found.builds == 3
    assert found.unreachable == ()


def test_scopes_that_agree_are_entered_together() -> None:
    def build(hp: HyperParameters) -> None:
        for i in range(6):
            on = hp.Boolean(f"b{i}")
            with hp.conditional_scope(f"b{i}", True):
                if on:
                    hp.Int(f"k{i}", 1, 2)

    names, found = explored(build)
    assert len(names) == 12
    assert found.builds == 2


def test_a_scope_that_others_hide_is_tried_alone() -> None:
    def build(hp: HyperParameters) -> None:
        a, b = hp.Boolean("a"), hp.Boolean("b")
        with hp.conditional_scope("b", True):
            pass
        if not (a and b):
            with hp.conditional_scope("a", True):
                if a:
                    hp.Int("k", 1, 2)

    names, found = explored(build)
    assert "k" in names
    assert found.unreachable == ()


def test_a_scope_behind_plain_python_is_reached_from_where_it_was_met() -> None:
    def build(hp: HyperParameters) -> None:
        a = hp.Choice("a", ["x", "y"])
        with hp.conditional_scope("a", "y"):
            pass
        if a == "y":
            b = hp.Boolean("b")
            with hp.conditional_scope("b", True):
                if b:
                    hp.Int("k", 1, 2)

    names, found = explored(build)
    assert names == ["a", "b", "k"]
    assert found.unreachable == ()


@pytest.mark.parametrize(
    ("values", "builds"), [("never", 1), (["never", "neither"], 1), (["never", "y"], 2)]
)
def test_a_scope_that_cannot_be_is_told_and_ends_nothing(values: Any, builds: int) -> None:
    def build(hp: HyperParameters) -> None:
        hp.Choice("a", ["x", "y"])
        with hp.conditional_scope("a", values):
            hp.Int("k", 1, 2)

    names, found = explored(build)
    assert names == ["a", "k"]
    assert found.builds == builds
    assert found.unreachable == (((Parent("a", values),),) if builds == 1 else ())


def test_a_scope_whose_parent_the_build_sets_itself_is_unreachable() -> None:
    def build(hp: HyperParameters) -> None:
        hp.Choice("a", ["x", "y"])
        hp.values["a"] = "x"
        with hp.conditional_scope("a", "y"):
            pass

    _, found = explored(build)
    assert found.unreachable == ((Parent("a", "y"),),)
    assert found.builds == 2


def test_a_fixed_parent_makes_the_other_scopes_unreachable() -> None:
    hp = HyperParameters()
    hp.Fixed("a", "x")

    def build(hp: HyperParameters) -> None:
        hp.Choice("a", ["x", "y"])
        with hp.conditional_scope("a", "y"):
            pass

    _, found = explored(build, hp)
    assert found.builds == 1
    assert found.unreachable == ((Parent("a", "y"),),)
    assert hp.space == [Fixed("a", "x")]


def test_a_build_that_makes_up_scopes_comes_to_an_end() -> None:
    numbers = itertools.count()

    def build(hp: HyperParameters) -> None:
        name = f"b{next(numbers)}"
        hp.Boolean(name)
        with hp.conditional_scope(name, True):
            pass

    hp = HyperParameters()
    found = explore(build, hp, max_builds=20)
    assert found.builds == 20
    assert found.unreachable


def test_equal_values_of_another_type_open_a_scope() -> None:
    def build(hp: HyperParameters) -> None:
        on = hp.Choice("on", [False, True])
        with hp.conditional_scope("on", 1):
            if on:
                hp.Int("k", 1, 2)

    names, _ = explored(build)
    assert names == ["on", "k"]


def test_the_values_given_are_kept_and_the_rest_are_defaults() -> None:
    hp = HyperParameters()
    hp.Choice("a", ["x", "y"])
    hp.values["a"] = "y"

    def build(hp: HyperParameters) -> None:
        hp.Choice("a", ["x", "y"])
        hp.Int("k", 3, 9, parent_name="a", parent_values="y")
        hp.Int("j", 5, 9, parent_name="a", parent_values="x")

    _, found = explored(build, hp)
    assert hp.values == {"a": "y", "k": 3}
    assert found.builds == 2


def test_what_is_new_is_asked_about() -> None:
    hp = HyperParameters(on_new=lambda parameter: parameter.name != "no")

    def build(hp: HyperParameters) -> None:
        hp.Int("yes", 1, 2)
        hp.Int("no", 1, 2)

    names, _ = explored(build, hp)
    assert names == ["yes"]


def test_errors_of_the_build_pass_through() -> None:
    def build(hp: HyperParameters) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        explored(build)


def test_known_definitions_win_over_those_of_the_build() -> None:
    hp = HyperParameters()
    hp.merge([Choice("a", ["x", "y"]), Int("k", 1, 2)])

    def build(hp: HyperParameters) -> None:
        hp.Int("k", 5, 9)

    explored(build, hp)
    assert hp.space[1] == Int("k", 1, 2)
