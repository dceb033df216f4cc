from __future__ import annotations

import math

from luthier.space import Boolean, Choice, Float, HyperParameter, Int, Parent
from luthier.space._counting import count_points


def chain(length: int) -> list[HyperParameter]:
    """Each exists only if the one before is True: `length + 1` points."""
    found: list[HyperParameter] = [Boolean("b0")]
    for i in range(1, length):
        found.append(Boolean(f"b{i}", conditions=[Parent(f"b{i - 1}", True)]))
    return found


def test_a_long_chain_is_counted() -> None:
    assert count_points(chain(300)) == 301


def test_many_independent_parents_with_their_children_beside_them_are_counted() -> None:
    order: list[HyperParameter] = []
    for i in range(200):
        order += [Boolean(f"b{i}"), Int(f"k{i}", 1, 3, conditions=[Parent(f"b{i}", True)])]
    assert count_points(order) == 4**200


def test_layers_are_counted() -> None:
    order: list[HyperParameter] = [Int("layers", 1, 20)]
    for i in range(20):
        order.append(Int(f"units{i}", 1, 8, conditions=[Parent("layers", list(range(i + 1, 21)))]))
    assert count_points(order) == sum(8**layers for layers in range(1, 21))


def test_an_entangled_space_is_given_up_instead_of_taking_for_ever() -> None:
    order: list[HyperParameter] = [Boolean(f"b{i}") for i in range(60)]
    order += [Int(f"k{i}", 1, 2, conditions=[Parent(f"b{i}", True)]) for i in range(60)]
    assert count_points(order) == math.inf


def test_equal_values_of_two_conditions_count_once() -> None:
    order: list[HyperParameter] = [
        Choice("c", ["x", "y", "z"]),
        Int("k", 1, 3, conditions=[Parent("c", ["x", "y"])]),
        Int("k", 1, 5, conditions=[Parent("c", ["y", "z"])]),
    ]
    assert count_points(order) == 3 + 3 + 5


def test_a_continuous_one_makes_it_infinite() -> None:
    assert count_points([Boolean("b"), Float("f", 0, 1)]) == math.inf


def test_a_vast_parent_is_given_up() -> None:
    order: list[HyperParameter] = [
        Int("n", 1, 10**9),
        Boolean("b", conditions=[Parent("n", 5)]),
    ]
    assert count_points(order) == math.inf
