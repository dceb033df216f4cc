"""What no point of a space can have is found, and nothing else."""

from __future__ import annotations

import pytest

from luthier.space import Boolean, Choice, Float, HyperParameter, Int, Parent, Space, unreachable

KIND = Choice("kind", ["a", "b"])


def names(*parameters: HyperParameter) -> list[str]:
    return [parameter.name for parameter in unreachable(Space([KIND, *parameters]))]


@pytest.mark.parametrize(
    ("parent", "value"),
    [
        (KIND, "a"),
        (Int("n", 1, 9, step=2), 3),
        (Int("n", 1, 9), 3.0),
        (Float("f", 0.0, 1.0), 0.5),
        (Float("f", 0.0, 1.0, step=0.25), 0.75),
        (Boolean("flag"), True),
        (Boolean("flag"), 1),
        (Int("n", 1, 10**9), 7),
    ],
)
def test_a_condition_that_can_hold_is_no_obstacle(parent: HyperParameter, value: object) -> None:
    child = Int("child", 1, 2, conditions=[Parent(parent.name, value)])
    assert list(unreachable(Space([parent, child]))) == []


@pytest.mark.parametrize(
    ("parent", "value"),
    [(KIND, "c"), (Int("n", 1, 9, step=2), 4), (Float("f", 0.0, 1.0), 2.0), (Boolean("g"), "yes")],
)
def test_a_condition_that_never_holds_is_named(parent: HyperParameter, value: object) -> None:
    condition = Parent(parent.name, value)
    child = Int("child", 1, 2, conditions=[condition])
    assert dict(unreachable(Space([parent, child]))) == {child: condition}


def test_two_scopes_that_exclude_each_other_do() -> None:
    lost = Int("lost", 1, 2, conditions=[Parent("kind", "a"), Parent("kind", "b")])
    assert names(lost) == ["lost"]
    both = [Parent("kind", ["a", "b"]), Parent("kind", "b")]
    assert names(Int("kept", 1, 2, conditions=both)) == []


def test_what_hangs_on_what_is_lost_is_lost_too() -> None:
    first = Choice("first", [1, 2], conditions=[Parent("kind", "z")])
    second = Int("second", 1, 2, conditions=[Parent("first", 1)])
    assert names(first, second) == ["first", "second"]


def test_a_name_with_several_definitions_is_reached_by_any() -> None:
    one = Choice("size", [1, 2], conditions=[Parent("kind", "a")])
    other = Choice("size", [3, 4], conditions=[Parent("kind", "b")])
    assert names(one, other, Int("x", 1, 2, conditions=[Parent("size", 4)])) == []
