"""`HyperParameters` records, scopes and merges as in KerasTuner.

Each program's outcome was read off KerasTuner 1.4.8 by running it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from luthier.space import HyperParameters, Int

Program = Callable[[HyperParameters], Any]


def child_of(hp: HyperParameters, parent_values: Any) -> Any:
    hp.Choice("p", ["a", "b"])
    return hp.Int("k", 1, 3, parent_name="p", parent_values=parent_values)


def defined_twice(hp: HyperParameters) -> Any:
    hp.Int("a", 1, 3)
    return hp.Int("a", 5, 9)


def defined_twice_with_another_type(hp: HyperParameters) -> Any:
    hp.Int("a", 1, 3)
    return hp.Float("a", 5, 9)


def populated_out_of_range(hp: HyperParameters) -> Any:
    hp.values["a"] = 99
    return hp.Int("a", 1, 3)


def populated_with_an_unknown_choice(hp: HyperParameters) -> Any:
    hp.values = {"a": "q"}
    return hp.Choice("a", ["x", "y"])


def got(hp: HyperParameters) -> Any:
    hp.Int("a", 1, 3)
    return hp.get("a"), hp["a"], "a" in hp, hp.is_active("a"), hp.is_active(hp.space[0])


def unknown(hp: HyperParameters) -> Any:
    return "x" in hp, hp.is_active("x"), hp.values.get("x"), 3 in hp, hp.is_active(Int("q", 1, 2))


def inactive(hp: HyperParameters) -> Any:
    value = child_of(hp, "b")
    return value, "k" in hp, hp.is_active("k")


def active(hp: HyperParameters) -> Any:
    return child_of(hp, ["a"]), "k" in hp, hp.is_active("k")


def inactive_but_populated(hp: HyperParameters) -> Any:
    child_of(hp, "b")
    hp.values["k"] = 3
    return hp.get("k"), "k" in hp, hp.is_active("k")


def parent_values_without_a_parent(hp: HyperParameters) -> Any:
    return hp.Int("a", 1, 3, parent_values=[1])


def special_values(hp: HyperParameters) -> Any:
    hp.values["tuner/epochs"] = 3
    return hp.get("tuner/epochs"), hp["tuner/epochs"], "tuner/epochs" in hp, hp.space


def name_scope(hp: HyperParameters) -> Any:
    with hp.name_scope("s"):
        hp.Int("a", 1, 3)
        inside = "a" in hp, hp.is_active("a"), "s/a" in hp, hp["a"]
    return inside, hp.get("s/a")


def nested_name_scopes(hp: HyperParameters) -> Any:
    with hp.name_scope("s"), hp.name_scope("t"):
        hp.Int("a", 1, 3)
        return hp.get("a")


def empty_name_scope(hp: HyperParameters) -> Any:
    with hp.name_scope(""):
        return hp.Int("a", 1, 2)


def nested_conditions(hp: HyperParameters) -> Any:
    hp.Choice("a", ["x", "y"])
    with hp.conditional_scope("a", ["x"]):
        hp.Choice("k", [1, 2])
        with hp.conditional_scope("k", 2):
            return hp.Int("z", 1, 3)


def one_name_under_two_conditions(hp: HyperParameters) -> Any:
    hp.Choice("a", ["x", "y"])
    with hp.conditional_scope("a", ["x"]):
        first = hp.Int("k", 1, 3)
    with hp.conditional_scope("a", ["y"]):
        second = hp.Int("k", 5, 9)
    return first, second, hp.get("k")


def equal_parent_values_of_another_type(hp: HyperParameters) -> Any:
    hp.Choice("p", [1, 2])
    with hp.conditional_scope("p", True):
        return hp.Int("a", 1, 3)


def text_is_no_number(hp: HyperParameters) -> Any:
    hp.Choice("p", ["1", "2"])
    with hp.conditional_scope("p", (1,)):
        return hp.Int("a", 1, 3)


def scopes_that_held(hp: HyperParameters) -> Any:
    hp.Choice("p", ["a", "b"])
    with hp.conditional_scope("p", ["a"]):
        pass
    return configs(hp.active_scopes), configs(hp.inactive_scopes)


def scopes_that_did_not(hp: HyperParameters) -> Any:
    child_of(hp, "b")
    return configs(hp.active_scopes), configs(hp.inactive_scopes)


def configs(scopes: Any) -> Any:
    return [[condition.get_config() for condition in scope] for scope in scopes]


def copied(hp: HyperParameters) -> Any:
    hp.Int("a", 1, 3)
    hp.values["a"] = 2
    child_of(hp, "a")
    twin = hp.copy()
    return twin.values, len(twin.space), twin.active_scopes, twin.get_config() == hp.get_config()


def other(a: tuple[int, int] = (5, 9)) -> HyperParameters:
    hp = HyperParameters()
    hp.Int("a", *a)
    hp.Int("b", 1, 2)
    return hp


def merged(hp: HyperParameters) -> Any:
    hp.Int("a", 1, 3)
    hp.values["a"] = 3
    return hp.merge(other())


def merged_without_overwriting(hp: HyperParameters) -> Any:
    hp.Int("a", 1, 3)
    hp.values["a"] = 3
    return hp.merge(other(), overwrite=False)


def merged_with_a_list(hp: HyperParameters) -> Any:
    hp.Int("a", 1, 3)
    return hp.merge([Int("q", 1, 2, default=2)])


def merged_with_inactive(hp: HyperParameters) -> Any:
    source = HyperParameters()
    child_of(source, "b")
    return hp.merge(source)


def merged_children_first(hp: HyperParameters) -> Any:
    source = HyperParameters()
    child_of(source, "b")
    return hp.merge(list(reversed(source.space)))


def ensured_drops_inactive(hp: HyperParameters) -> Any:
    child_of(hp, "b")
    hp.values = {"p": "a", "k": 3}
    return hp.ensure_active_values()


def ensured_fills_active(hp: HyperParameters) -> Any:
    hp.Choice("p", ["a", "b"])
    hp.Fixed("k", 7, parent_name="p", parent_values="b")
    hp.values = {"p": "b"}
    return hp.ensure_active_values()


def ensured_keeps_what_it_does_not_know(hp: HyperParameters) -> Any:
    hp.Int("a", 1, 3)
    hp.values = {"a": 2, "zz": 3}
    return hp.ensure_active_values()


def restored(hp: HyperParameters) -> Any:
    return HyperParameters.from_config({"space": [], "values": {"z": 3}}).values


P = {"name": "p", "values": ["b"]}
OUTCOMES: list[tuple[Program, Any, dict[str, Any], list[str]]] = [
    (lambda hp: hp.Int("a", 1, 3), 1, {"a": 1}, ["a"]),
    (lambda hp: hp.Float("a", 1, 3, default=2.5), 2.5, {"a": 2.5}, ["a"]),
    (lambda hp: hp.Choice("a", ["x", "y"], default="y"), "y", {"a": "y"}, ["a"]),
    (lambda hp: hp.Boolean("a", default=True), True, {"a": True}, ["a"]),
    (lambda hp: hp.Fixed("a", "v"), "v", {"a": "v"}, ["a"]),
    (lambda hp: hp.Int("a/b", 1, 3), 1, {"a/b": 1}, ["a/b"]),
    (defined_twice, 1, {"a": 1}, ["a"]),
    (defined_twice_with_another_type, 1, {"a": 1}, ["a"]),
    (populated_out_of_range, 99, {"a": 99}, ["a"]),
    (populated_with_an_unknown_choice, "q", {"a": "q"}, ["a"]),
    (got, (1, 1, True, True, True), {"a": 1}, ["a"]),
    (unknown, (False, False, None, False, True), {}, []),
    (inactive, (None, False, False), {"p": "a"}, ["p", "k"]),
    (active, (1, True, True), {"p": "a", "k": 1}, ["p", "k"]),
    (inactive_but_populated, (3, True, False), {"p": "a", "k": 3}, ["p", "k"]),
    (parent_values_without_a_parent, 1, {"a": 1}, ["a"]),
    (special_values, (3, 3, True, []), {"tuner/epochs": 3}, []),
    (name_scope, ((True, False, False, 1), 1), {"s/a": 1}, ["s/a"]),
    (nested_name_scopes, 1, {"s/t/a": 1}, ["s/t/a"]),
    (empty_name_scope, 1, {"/a": 1}, ["/a"]),
    (nested_conditions, None, {"a": "x", "k": 1}, ["a", "k", "z"]),
    (one_name_under_two_conditions, (1, None, 1), {"a": "x", "k": 1}, ["a", "k", "k"]),
    (equal_parent_values_of_another_type, 1, {"p": 1, "a": 1}, ["p", "a"]),
    (text_is_no_number, None, {"p": "1"}, ["p", "a"]),
    (scopes_that_held, ([[{"name": "p", "values": ["a"]}]], []), {"p": "a"}, ["p"]),
    (scopes_that_did_not, ([], [[P]]), {"p": "a"}, ["p", "k"]),
    (
        copied,
        ({"a": 2, "p": "a", "k": 1}, 3, [], True),
        {"a": 2, "p": "a", "k": 1},
        ["a", "p", "k"],
    ),
    # KerasTuner has "a" twice in the space here.
    (merged, None, {"a": 5, "b": 1}, ["a", "b"]),
    (merged_without_overwriting, None, {"a": 3, "b": 1}, ["a", "b"]),
    (merged_with_a_list, None, {"a": 1, "q": 2}, ["a", "q"]),
    (merged_with_inactive, None, {"p": "a"}, ["p", "k"]),
    (merged_children_first, None, {"p": "a"}, ["k", "p"]),
    (ensured_drops_inactive, None, {"p": "a"}, ["p", "k"]),
    (ensured_fills_active, None, {"p": "b", "k": 7}, ["p", "k"]),
    (ensured_keeps_what_it_does_not_know, None, {"a": 2, "zz": 3}, ["a"]),
    (restored, {"z": 3}, {}, []),
]


@pytest.mark.parametrize(("program", "result", "values", "names"), OUTCOMES)
def test_a_program_gives_the_same(
    program: Program, result: Any, values: dict[str, Any], names: list[str]
) -> None:
    hp = HyperParameters()
    assert program(hp) == result
    assert hp.values == values
    assert sorted(p.name for p in hp.space) == sorted(names)


def test_a_configuration_is_the_same() -> None:
    hp = HyperParameters()
    with hp.name_scope("s"):
        hp.Choice("a", ["x", "y"])
        with hp.conditional_scope("a", ["x"]):
            hp.Int("k", 1, 3)
    parent = {"class_name": "Parent", "config": {"name": "s/a", "values": ["x"]}}
    choice = {"values": ["x", "y"], "ordered": False, "default": "x", "conditions": []}
    number = {"min_value": 1, "max_value": 3, "step": 1, "sampling": "linear", "default": None}
    assert hp.get_config() == {
        "space": [
            {"class_name": "Choice", "config": {"name": "s/a", **choice}},
            {"class_name": "Int", "config": {"name": "s/k", "conditions": [parent], **number}},
        ],
        "values": {"s/a": "x", "s/k": 1},
    }


def test_a_later_value_of_the_parent_shows_the_value_that_is_there() -> None:
    hp = HyperParameters()
    one_name_under_two_conditions(hp)
    hp.values["a"] = "y"
    assert hp.is_active("k")
    assert hp.get("k") == 1
