"""`Choice`, `Boolean` and `Fixed` sample, print and are configured as in KerasTuner.

The expected values were read off KerasTuner 1.4.8 by running it, except where a comment says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pytest

from luthier.space import Boolean, Choice, Fixed, HyperParameter

PROBABILITIES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999)
SEEDS = (0, 1, 7, 42, 12345)


@dataclass(frozen=True)
class Case:
    """A hyperparameter and what KerasTuner says of its like."""

    hyperparameter: HyperParameter
    text: str
    config: dict[str, Any]
    default: Any
    values: list[Any]
    at: list[Any]
    back: list[float]
    samples: list[Any]


CASES = [
    Case(
        Choice("x", values=["a", "b", "c"]),
        text="Choice(name: 'x', values: ['a', 'b', 'c'], ordered: False, default: a)",
        config={"default": "a", "values": ["a", "b", "c"], "ordered": False},
        default="a",
        values=["a", "b", "c"],
        at=["a", "a", "a", "b", "c", "c", "c"],
        back=[
            0.16666666666666666,
            0.16666666666666666,
            0.16666666666666666,
            0.5,
            0.8333333333333333,
            0.8333333333333333,
            0.8333333333333333,
        ],
        samples=["c", "a", "a", "b", "b"],
    ),
    Case(
        Choice("x", values=["a", "b", "c"], default="b"),
        text="Choice(name: 'x', values: ['a', 'b', 'c'], ordered: False, default: b)",
        config={"default": "b", "values": ["a", "b", "c"], "ordered": False},
        default="b",
        values=["a", "b", "c"],
        at=["a", "a", "a", "b", "c", "c", "c"],
        back=[
            0.16666666666666666,
            0.16666666666666666,
            0.16666666666666666,
            0.5,
            0.8333333333333333,
            0.8333333333333333,
            0.8333333333333333,
        ],
        samples=["c", "a", "a", "b", "b"],
    ),
    Case(
        Choice("x", values=[3, 1, 2], default=1),
        text="Choice(name: 'x', values: [3, 1, 2], ordered: True, default: 1)",
        config={"default": 1, "values": [3, 1, 2], "ordered": True},
        default=1,
        values=[1, 2, 3],
        at=[3, 3, 3, 1, 2, 2, 2],
        back=[
            0.16666666666666666,
            0.16666666666666666,
            0.16666666666666666,
            0.5,
            0.8333333333333333,
            0.8333333333333333,
            0.8333333333333333,
        ],
        samples=[2, 3, 3, 1, 1],
    ),
    Case(
        Choice("x", values=[0.5, 0.25], ordered=False),
        text="Choice(name: 'x', values: [0.5, 0.25], ordered: False, default: 0.5)",
        config={"default": 0.5, "values": [0.5, 0.25], "ordered": False},
        default=0.5,
        values=[0.25, 0.5],
        at=[0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25],
        back=[0.25, 0.25, 0.25, 0.75, 0.75, 0.75, 0.75],
        samples=[0.25, 0.5, 0.5, 0.25, 0.5],
    ),
    Case(
        Choice("x", values=[16, 32, 64, 128]),
        text="Choice(name: 'x', values: [16, 32, 64, 128], ordered: True, default: 16)",
        config={"default": 16, "values": [16, 32, 64, 128], "ordered": True},
        default=16,
        values=[16, 32, 64, 128],
        at=[16, 16, 32, 64, 128, 128, 128],
        back=[0.125, 0.125, 0.375, 0.625, 0.875, 0.875, 0.875],
        samples=[128, 16, 32, 64, 32],
    ),
    Case(
        Choice("x", values=["only"]),
        text="Choice(name: 'x', values: ['only'], ordered: False, default: only)",
        config={"default": "only", "values": ["only"], "ordered": False},
        default="only",
        values=["only"],
        at=["only", "only", "only", "only", "only", "only", "only"],
        back=[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
        samples=["only", "only", "only", "only", "only"],
    ),
    Case(
        Choice("x", values=[1, 1, 2]),
        text="Choice(name: 'x', values: [1, 1, 2], ordered: True, default: 1)",
        config={"default": 1, "values": [1, 1, 2], "ordered": True},
        default=1,
        values=[1, 1, 2],
        at=[1, 1, 1, 1, 2, 2, 2],
        back=[
            0.16666666666666666,
            0.16666666666666666,
            0.16666666666666666,
            0.16666666666666666,
            0.8333333333333333,
            0.8333333333333333,
            0.8333333333333333,
        ],
        samples=[2, 1, 1, 1, 1],
    ),
    Case(
        Choice("x", values=[0.01, 0.001, 0.0001]),
        text="Choice(name: 'x', values: [0.01, 0.001, 0.0001], ordered: True, default: 0.01)",
        config={"default": 0.01, "values": [0.01, 0.001, 0.0001], "ordered": True},
        default=0.01,
        values=[0.0001, 0.001, 0.01],
        at=[0.01, 0.01, 0.01, 0.001, 0.0001, 0.0001, 0.0001],
        back=[
            0.16666666666666666,
            0.16666666666666666,
            0.16666666666666666,
            0.5,
            0.8333333333333333,
            0.8333333333333333,
            0.8333333333333333,
        ],
        samples=[0.0001, 0.01, 0.01, 0.001, 0.001],
    ),
    Case(
        Choice("x", values="abc", default="c"),
        text="Choice(name: 'x', values: ['a', 'b', 'c'], ordered: False, default: c)",
        config={"default": "c", "values": ["a", "b", "c"], "ordered": False},
        default="c",
        values=["a", "b", "c"],
        at=["a", "a", "a", "b", "c", "c", "c"],
        back=[
            0.16666666666666666,
            0.16666666666666666,
            0.16666666666666666,
            0.5,
            0.8333333333333333,
            0.8333333333333333,
            0.8333333333333333,
        ],
        samples=["c", "a", "a", "b", "b"],
    ),
    Case(
        Boolean("x"),
        text='Boolean(name: "x", default: False)',
        config={"default": False},
        default=False,
        values=[False, True],
        at=[False, False, False, True, True, True, True],
        back=[0.25, 0.25, 0.25, 0.75, 0.75, 0.75, 0.75],
        samples=[True, False, False, True, False],
    ),
    Case(
        Boolean("x", default=True),
        text='Boolean(name: "x", default: True)',
        config={"default": True},
        default=True,
        values=[False, True],
        at=[False, False, False, True, True, True, True],
        back=[0.25, 0.25, 0.25, 0.75, 0.75, 0.75, 0.75],
        samples=[True, False, False, True, False],
    ),
    Case(
        Fixed("x", value=3),
        text="Fixed(name: x, value: 3)",
        config={"value": 3},
        default=3,
        values=[3],
        at=[3, 3, 3, 3, 3, 3, 3],
        back=[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
        samples=[3, 3, 3, 3, 3],
    ),
    Case(
        Fixed("x", value=2.5),
        text="Fixed(name: x, value: 2.5)",
        config={"value": 2.5},
        default=2.5,
        values=[2.5],
        at=[2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5],
        back=[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
        samples=[2.5, 2.5, 2.5, 2.5, 2.5],
    ),
    Case(
        Fixed("x", value="text"),
        text="Fixed(name: x, value: text)",
        config={"value": "text"},
        default="text",
        values=["text"],
        at=["text", "text", "text", "text", "text", "text", "text"],
        back=[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
        samples=["text", "text", "text", "text", "text"],
    ),
    Case(
        Fixed("x", value=True),
        text="Fixed(name: x, value: True)",
        config={"value": True},
        default=True,
        values=[True],
        at=[True, True, True, True, True, True, True],
        back=[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
        samples=[True, True, True, True, True],
    ),
]

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)


def same(found: Any, expected: Any) -> bool:
    """Equal types and, for floats, equal but for the last bits."""
    if isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=1e-12, abs_tol=1e-12)
    return type(found) is type(expected) and found == expected


@every_case
def test_its_text_is_the_same(case: Case) -> None:
    assert repr(case.hyperparameter) == case.text


@every_case
def test_its_configuration_is_the_same(case: Case) -> None:
    assert case.hyperparameter.get_config() == {"name": "x", "conditions": [], **case.config}


@every_case
def test_its_default_is_the_same(case: Case) -> None:
    assert same(case.hyperparameter.default, case.default)


@every_case
def test_its_values_are_the_same(case: Case) -> None:
    found = sorted(case.hyperparameter.values)
    assert len(found) == len(case.values)
    assert all(map(same, found, case.values))


@every_case
def test_a_probability_gives_the_same_value(case: Case) -> None:
    found = [case.hyperparameter.prob_to_value(p) for p in PROBABILITIES]
    assert all(map(same, found, case.at)), found


@every_case
def test_a_value_gives_the_same_probability(case: Case) -> None:
    found = [case.hyperparameter.value_to_prob(value) for value in case.at]
    assert all(map(same, found, case.back)), found


@every_case
def test_a_seed_gives_the_same_sample(case: Case) -> None:
    found = [case.hyperparameter.random_sample(seed) for seed in SEEDS]
    assert all(map(same, found, case.samples)), found
