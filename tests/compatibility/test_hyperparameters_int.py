"""`Int` samples, prints and is configured as in KerasTuner.

The expected values were read off KerasTuner 1.4.8 by running it, except where a comment says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pytest

from luthier.space import HyperParameter, Int

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
        Int("x", min_value=1, max_value=10),
        text="Int(name: 'x', min_value: 1, max_value: 10, step: 1, sampling: linear, default: 1)",
        config={"default": None, "min_value": 1, "max_value": 10, "step": 1, "sampling": "linear"},
        default=1,
        values=[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        at=[1, 2, 3, 6, 8, 10, 10],
        back=[0.05, 0.15000000000000002, 0.25, 0.55, 0.75, 0.9500000000000001, 0.9500000000000001],
        samples=[9, 2, 4, 7, 5],
    ),
    Case(
        Int("x", min_value=1, max_value=10, step=3),
        text="Int(name: 'x', min_value: 1, max_value: 10, step: 3, sampling: linear, default: 1)",
        config={"default": None, "min_value": 1, "max_value": 10, "step": 3, "sampling": "linear"},
        default=1,
        values=[1, 4, 7, 10],
        at=[1, 1, 4, 7, 10, 10, 10],
        back=[0.125, 0.125, 0.375, 0.625, 0.875, 0.875, 0.875],
        samples=[10, 1, 4, 7, 4],
    ),
    Case(
        Int("x", min_value=1, max_value=10, step=4, default=7),
        text="Int(name: 'x', min_value: 1, max_value: 10, step: 4, sampling: linear, default: 7)",
        config={"default": 7, "min_value": 1, "max_value": 10, "step": 4, "sampling": "linear"},
        default=7,
        values=[1, 5, 9],
        at=[1, 1, 1, 5, 9, 9, 9],
        back=[
            0.16666666666666666,
            0.16666666666666666,
            0.16666666666666666,
            0.5,
            0.8333333333333333,
            0.8333333333333333,
            0.8333333333333333,
        ],
        samples=[9, 1, 1, 5, 5],
    ),
    Case(
        Int("x", min_value=-5, max_value=5, step=2),
        text="Int(name: 'x', min_value: -5, max_value: 5, step: 2, sampling: linear, default: -5)",
        config={"default": None, "min_value": -5, "max_value": 5, "step": 2, "sampling": "linear"},
        default=-5,
        values=[-5, -3, -1, 1, 3, 5],
        at=[-5, -5, -3, 1, 3, 5, 5],
        back=[
            0.08333333333333333,
            0.08333333333333333,
            0.25,
            0.5833333333333333,
            0.75,
            0.9166666666666666,
            0.9166666666666666,
        ],
        samples=[5, -5, -3, 1, -1],
    ),
    Case(
        Int("x", min_value=3, max_value=3),
        text="Int(name: 'x', min_value: 3, max_value: 3, step: 1, sampling: linear, default: 3)",
        config={"default": None, "min_value": 3, "max_value": 3, "step": 1, "sampling": "linear"},
        default=3,
        values=[3],
        at=[3, 3, 3, 3, 3, 3, 3],
        back=[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
        samples=[3, 3, 3, 3, 3],
    ),
    Case(
        Int("x", min_value=32, max_value=512, step=32, default=128),
        text=(
            "Int(name: 'x', min_value: 32, max_value: 512, "
            "step: 32, sampling: linear, default: 128)"
        ),
        config={
            "default": 128,
            "min_value": 32,
            "max_value": 512,
            "step": 32,
            "sampling": "linear",
        },
        default=128,
        values=[32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 480, 512],
        at=[32, 64, 160, 288, 416, 480, 512],
        back=[0.03125, 0.09375, 0.28125, 0.53125, 0.78125, 0.90625, 0.96875],
        samples=[448, 96, 192, 352, 224],
    ),
    Case(
        Int("x", min_value=0, max_value=1),
        text="Int(name: 'x', min_value: 0, max_value: 1, step: 1, sampling: linear, default: 0)",
        config={"default": None, "min_value": 0, "max_value": 1, "step": 1, "sampling": "linear"},
        default=0,
        values=[0, 1],
        at=[0, 0, 0, 1, 1, 1, 1],
        back=[0.25, 0.25, 0.25, 0.75, 0.75, 0.75, 0.75],
        samples=[1, 0, 0, 1, 0],
    ),
    Case(
        Int("x", min_value=1, max_value=30, default=99),
        text="Int(name: 'x', min_value: 1, max_value: 30, step: 1, sampling: linear, default: 99)",
        config={"default": 99, "min_value": 1, "max_value": 30, "step": 1, "sampling": "linear"},
        default=99,
        values=[
            1,
            2,
            3,
            4,
            5,
            6,
            7,
            8,
            9,
            10,
            11,
            12,
            13,
            14,
            15,
            16,
            17,
            18,
            19,
            20,
            21,
            22,
            23,
            24,
            25,
            26,
            27,
            28,
            29,
            30,
        ],
        at=[1, 4, 8, 16, 23, 28, 30],
        back=[
            0.016666666666666666,
            0.11666666666666667,
            0.25,
            0.5166666666666666,
            0.75,
            0.9166666666666666,
            0.9833333333333333,
        ],
        samples=[26, 5, 10, 20, 13],
    ),
    Case(
        Int("x", min_value=1.0, max_value=8.0, step=1.0),
        text="Int(name: 'x', min_value: 1, max_value: 8, step: 1, sampling: linear, default: 1)",
        config={"default": None, "min_value": 1, "max_value": 8, "step": 1, "sampling": "linear"},
        default=1,
        values=[1, 2, 3, 4, 5, 6, 7, 8],
        at=[1, 1, 3, 5, 7, 8, 8],
        back=[0.0625, 0.0625, 0.3125, 0.5625, 0.8125, 0.9375, 0.9375],
        samples=[7, 2, 3, 6, 4],
    ),
    Case(
        Int("x", min_value=1, max_value=1000, sampling="log"),
        text="Int(name: 'x', min_value: 1, max_value: 1000, step: None, sampling: log, default: 1)",
        config={
            "default": None,
            "min_value": 1,
            "max_value": 1000,
            "step": None,
            "sampling": "log",
        },
        default=1,
        values=[1, 2, 5, 11, 22, 44, 89, 177, 355, 708],
        at=[1, 1, 5, 31, 177, 501, 994],
        back=[
            0.058688594552831,
            0.058688594552831,
            0.24675186002294264,
            0.4993645969546978,
            0.7496243207851702,
            0.8999600949823066,
            0.9990570397663124,
        ],
        samples=[341, 2, 9, 82, 17],
    ),
    Case(
        Int("x", min_value=1, max_value=1000, sampling="reverse_log"),
        text=(
            "Int(name: 'x', min_value: 1, max_value: 1000, "
            "step: None, sampling: reverse_log, default: 1)"
        ),
        config={
            "default": None,
            "min_value": 1,
            "max_value": 1000,
            "step": None,
            "sampling": "reverse_log",
        },
        default=1,
        values=[293, 646, 824, 912, 957, 979, 990, 996, 999, 1000],
        at=[1, 500, 824, 970, 996, 1000, 1000],
        back=[
            7.2317705200442e-05,
            0.10003990501769344,
            0.25037567921482984,
            0.5006354030453022,
            0.7532481399770574,
            0.941311405447169,
            0.941311405447169,
        ],
        samples=[999, 606, 895, 989, 945],
    ),
    Case(
        Int("x", min_value=1, max_value=1000, sampling="LOG", step=10),
        text="Int(name: 'x', min_value: 1, max_value: 1000, step: 10, sampling: log, default: 1)",
        config={"default": None, "min_value": 1, "max_value": 1000, "step": 10, "sampling": "log"},
        default=1,
        values=[1.0, 10.0, 100.0, 1000.0],
        at=[1, 1, 10, 100, 1000, 1000, 1000],
        back=[
            0.125,
            0.125,
            0.375,
            0.625,
            0.8749999999999999,
            0.8749999999999999,
            0.8749999999999999,
        ],
        samples=[1000, 1, 10, 100, 10],
    ),
    Case(
        Int("x", min_value=1, max_value=1000, sampling="reverse_log", step=10),
        text=(
            "Int(name: 'x', min_value: 1, max_value: 1000, "
            "step: 10, sampling: reverse_log, default: 1)"
        ),
        config={
            "default": None,
            "min_value": 1,
            "max_value": 1000,
            "step": 10,
            "sampling": "reverse_log",
        },
        default=1,
        values=[1.0, 901.0, 991.0, 1000.0],
        at=[1000, 1000, 991, 901, 1, 1, 1],
        back=[
            0.125,
            0.125,
            0.375,
            0.625,
            0.8749999999999999,
            0.8749999999999999,
            0.8749999999999999,
        ],
        samples=[1, 1000, 991, 901, 991],
    ),
    Case(
        Int("x", min_value=2, max_value=900, sampling="log", step=3),
        text="Int(name: 'x', min_value: 2, max_value: 900, step: 3, sampling: log, default: 2)",
        config={"default": None, "min_value": 2, "max_value": 900, "step": 3, "sampling": "log"},
        default=2,
        values=[2.0, 6.0, 18.0, 54.0, 162.0, 486.0],
        at=[2, 2, 6, 54, 162, 486, 486],
        back=[
            0.08333333333333333,
            0.08333333333333333,
            0.25,
            0.5833333333333333,
            0.75,
            0.9166666666666665,
            0.9166666666666665,
        ],
        samples=[486, 2, 6, 54, 18],
    ),
    Case(
        Int("x", min_value=8, max_value=256, sampling="log", step=2, default=64),
        text="Int(name: 'x', min_value: 8, max_value: 256, step: 2, sampling: log, default: 64)",
        config={"default": 64, "min_value": 8, "max_value": 256, "step": 2, "sampling": "log"},
        default=64,
        values=[8.0, 16.0, 32.0, 64.0, 128.0, 256.0],
        at=[8, 8, 16, 64, 128, 256, 256],
        back=[
            0.08333333333333333,
            0.08333333333333333,
            0.25,
            0.5833333333333333,
            0.75,
            0.9166666666666666,
            0.9166666666666666,
        ],
        samples=[256, 8, 16, 64, 32],
    ),
    Case(
        Int("x", min_value=4, max_value=4, sampling="log"),
        text="Int(name: 'x', min_value: 4, max_value: 4, step: None, sampling: log, default: 4)",
        config={"default": None, "min_value": 4, "max_value": 4, "step": None, "sampling": "log"},
        default=4,
        values=[4],
        at=[4, 4, 4, 4, 4, 4, 4],
        back=[
            0.5278352655171847,
            0.5278352655171847,
            0.5278352655171847,
            0.5278352655171847,
            0.5278352655171847,
            0.5278352655171847,
            0.5278352655171847,
        ],
        samples=[4, 4, 4, 4, 4],
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
