"""`Float` samples, prints and is configured as in KerasTuner.

The expected values were read off KerasTuner 1.4.8 by running it, except where a comment says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pytest

from luthier.space import Float, HyperParameter

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
        Float("x", min_value=0, max_value=1),
        text=(
            "Float(name: 'x', min_value: '0.0', max_value: '1.0', "
            "step: 'None', sampling: 'linear', default: '0.0')"
        ),
        config={
            "default": 0.0,
            "min_value": 0.0,
            "max_value": 1.0,
            "step": None,
            "sampling": "linear",
        },
        default=0.0,
        values=[
            0.05,
            0.15000000000000002,
            0.25,
            0.35000000000000003,
            0.45,
            0.55,
            0.6500000000000001,
            0.7500000000000001,
            0.8500000000000001,
            0.9500000000000001,
        ],
        at=[0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999],
        back=[0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999],
        samples=[
            0.8444218515250481,
            0.13436424411240122,
            0.32383276483316237,
            0.6394267984578837,
            0.41661987254534116,
        ],
    ),
    Case(
        Float("x", min_value=-2.5, max_value=7, default=1.5),
        text=(
            "Float(name: 'x', min_value: '-2.5', max_value: '7.0', "
            "step: 'None', sampling: 'linear', default: '1.5')"
        ),
        config={
            "default": 1.5,
            "min_value": -2.5,
            "max_value": 7.0,
            "step": None,
            "sampling": "linear",
        },
        default=1.5,
        values=[
            -2.025,
            -1.0749999999999997,
            -0.125,
            0.8250000000000002,
            1.7750000000000004,
            2.7250000000000005,
            3.6750000000000016,
            4.625000000000001,
            5.575000000000001,
            6.525,
        ],
        at=[-2.5, -1.5499999999999998, -0.125, 2.25, 4.625, 6.050000000000001, 6.990500000000001],
        back=[0.0, 0.10000000000000002, 0.25, 0.5, 0.75, 0.9, 0.9990000000000001],
        samples=[
            5.5220075894879574,
            -1.2235396809321883,
            0.5764112659150427,
            3.5745545853498957,
            1.4578887891807408,
        ],
    ),
    Case(
        Float("x", min_value=0, max_value=1, step=0.25),
        text=(
            "Float(name: 'x', min_value: '0.0', max_value: '1.0', "
            "step: '0.25', sampling: 'linear', default: '0.0')"
        ),
        config={
            "default": 0.0,
            "min_value": 0.0,
            "max_value": 1.0,
            "step": 0.25,
            "sampling": "linear",
        },
        default=0.0,
        values=[0.0, 0.25, 0.5, 0.75, 1.0],
        at=[0.0, 0.0, 0.25, 0.5, 0.75, 1.0, 1.0],
        back=[0.1, 0.1, 0.30000000000000004, 0.5, 0.7000000000000001, 0.9, 0.9],
        samples=[1.0, 0.0, 0.25, 0.75, 0.5],
    ),
    Case(
        Float("x", min_value=0, max_value=0.5, step=0.1, default=0.2),
        text=(
            "Float(name: 'x', min_value: '0.0', max_value: '0.5', "
            "step: '0.1', sampling: 'linear', default: '0.2')"
        ),
        config={
            "default": 0.2,
            "min_value": 0.0,
            "max_value": 0.5,
            "step": 0.1,
            "sampling": "linear",
        },
        default=0.2,
        # KerasTuner loses 0.5 to rounding, against its own documentation: `0.5 // 0.1` is 4.
        values=[0.0, 0.1, 0.2, 0.30000000000000004, 0.4, 0.5],
        at=[0.0, 0.0, 0.1, 0.30000000000000004, 0.4, 0.5, 0.5],
        back=[1 / 12, 1 / 12, 0.25, 7 / 12, 0.75, 11 / 12, 11 / 12],
        samples=[0.5, 0.0, 0.1, 0.30000000000000004, 0.2],
    ),
    Case(
        Float("x", min_value=0.0, max_value=1.0, step=0.3),
        text=(
            "Float(name: 'x', min_value: '0.0', max_value: '1.0', "
            "step: '0.3', sampling: 'linear', default: '0.0')"
        ),
        config={
            "default": 0.0,
            "min_value": 0.0,
            "max_value": 1.0,
            "step": 0.3,
            "sampling": "linear",
        },
        default=0.0,
        values=[0.0, 0.3, 0.6, 0.8999999999999999],
        at=[0.0, 0.0, 0.3, 0.6, 0.8999999999999999, 0.8999999999999999, 0.8999999999999999],
        # KerasTuner says 0.625 for its own value 0.8999999999999999, which is in the cell before.
        back=[0.125, 0.125, 0.375, 0.625, 0.875, 0.875, 0.875],
        samples=[0.8999999999999999, 0.0, 0.3, 0.6, 0.3],
    ),
    Case(
        Float("x", min_value=1, max_value=3, step=1, default=2),
        text=(
            "Float(name: 'x', min_value: '1.0', max_value: '3.0', "
            "step: '1', sampling: 'linear', default: '2')"
        ),
        config={"default": 2, "min_value": 1.0, "max_value": 3.0, "step": 1, "sampling": "linear"},
        default=2,
        values=[1.0, 2.0, 3.0],
        at=[1.0, 1.0, 1.0, 2.0, 3.0, 3.0, 3.0],
        back=[
            0.16666666666666666,
            0.16666666666666666,
            0.16666666666666666,
            0.5,
            0.8333333333333333,
            0.8333333333333333,
            0.8333333333333333,
        ],
        samples=[3.0, 1.0, 1.0, 2.0, 2.0],
    ),
    Case(
        Float("x", min_value=2, max_value=2),
        text=(
            "Float(name: 'x', min_value: '2.0', max_value: '2.0', "
            "step: 'None', sampling: 'linear', default: '2.0')"
        ),
        config={
            "default": 2.0,
            "min_value": 2.0,
            "max_value": 2.0,
            "step": None,
            "sampling": "linear",
        },
        default=2.0,
        values=[2.0],
        at=[2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0],
        back=[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
        samples=[2.0, 2.0, 2.0, 2.0, 2.0],
    ),
    Case(
        Float("x", min_value=0, max_value=1, default=3.0),
        text=(
            "Float(name: 'x', min_value: '0.0', max_value: '1.0', "
            "step: 'None', sampling: 'linear', default: '3.0')"
        ),
        config={
            "default": 3.0,
            "min_value": 0.0,
            "max_value": 1.0,
            "step": None,
            "sampling": "linear",
        },
        default=3.0,
        values=[
            0.05,
            0.15000000000000002,
            0.25,
            0.35000000000000003,
            0.45,
            0.55,
            0.6500000000000001,
            0.7500000000000001,
            0.8500000000000001,
            0.9500000000000001,
        ],
        at=[0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999],
        back=[0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999],
        samples=[
            0.8444218515250481,
            0.13436424411240122,
            0.32383276483316237,
            0.6394267984578837,
            0.41661987254534116,
        ],
    ),
    Case(
        Float("x", min_value=0.0001, max_value=1, sampling="log"),
        text=(
            "Float(name: 'x', min_value: '0.0001', max_value: '1.0', "
            "step: 'None', sampling: 'log', default: '0.0001')"
        ),
        config={
            "default": 0.0001,
            "min_value": 0.0001,
            "max_value": 1.0,
            "step": None,
            "sampling": "log",
        },
        default=0.0001,
        values=[
            0.00015848931924611136,
            0.00039810717055349735,
            0.001,
            0.002511886431509581,
            0.006309573444801933,
            0.01584893192461114,
            0.039810717055349776,
            0.1000000000000001,
            0.25118864315095824,
            0.6309573444801937,
        ],
        at=[
            0.0001,
            0.000251188643150958,
            0.001,
            0.01,
            0.1,
            0.39810717055349737,
            0.9908319448927676,
        ],
        back=[0.0, 0.09999999999999999, 0.25, 0.5, 0.7499999999999999, 0.9, 0.9989999999999999],
        samples=[
            0.23860932166901472,
            0.0003447124558091775,
            0.001973926871970626,
            0.03611662782147248,
            0.004639588787270909,
        ],
    ),
    Case(
        Float("x", min_value=0.0001, max_value=0.01, sampling="log", default=0.001),
        text=(
            "Float(name: 'x', min_value: '0.0001', max_value: '0.01', "
            "step: 'None', sampling: 'log', default: '0.001')"
        ),
        config={
            "default": 0.001,
            "min_value": 0.0001,
            "max_value": 0.01,
            "step": None,
            "sampling": "log",
        },
        default=0.001,
        values=[
            0.00012589254117941674,
            0.00019952623149688798,
            0.000316227766016838,
            0.0005011872336272724,
            0.0007943282347242816,
            0.0012589254117941675,
            0.001995262314968881,
            0.003162277660168381,
            0.0050118723362727255,
            0.007943282347242817,
        ],
        at=[
            0.0001,
            0.00015848931924611136,
            0.000316227766016838,
            0.001,
            0.0031622776601683794,
            0.006309573444801933,
            0.00995405417351527,
        ],
        back=[0.0, 0.1, 0.25, 0.5, 0.7499999999999999, 0.8999999999999998, 0.9989999999999999],
        samples=[
            0.004884765313390344,
            0.00018566433578077874,
            0.0004442889681244208,
            0.0019004375238737127,
            0.0006811452699146423,
        ],
    ),
    Case(
        Float("x", min_value=0.0001, max_value=1, sampling="reverse_log"),
        text=(
            "Float(name: 'x', min_value: '0.0001', max_value: '1.0', "
            "step: 'None', sampling: 'reverse_log', default: '0.0001')"
        ),
        config={
            "default": 0.0001,
            "min_value": 0.0001,
            "max_value": 1.0,
            "step": None,
            "sampling": "reverse_log",
        },
        default=0.0001,
        values=[
            0.36914265551980696,
            0.748911356849042,
            0.9001,
            0.9602892829446503,
            0.9842510680753889,
            0.993790426555198,
            0.9975881135684904,
            0.9991,
            0.9997018928294464,
            0.9999415106807539,
        ],
        at=[
            9.999999999998899e-05,
            0.6019928294465027,
            0.9001,
            0.9901,
            0.9991,
            0.999848811356849,
            0.9999990747113923,
        ],
        back=[
            0.0,
            0.1000000000000002,
            0.2500000000000001,
            0.5,
            0.7499999999999999,
            0.8999999999999861,
            0.9989999999999416,
        ],
        samples=[
            0.9996809048896308,
            0.710003142997081,
            0.949439561956433,
            0.9973311922227538,
            0.9785463657050042,
        ],
    ),
    Case(
        Float("x", min_value=0.0001, max_value=1, sampling="log", step=10),
        text=(
            "Float(name: 'x', min_value: '0.0001', max_value: '1.0', "
            "step: '10', sampling: 'log', default: '0.0001')"
        ),
        config={
            "default": 0.0001,
            "min_value": 0.0001,
            "max_value": 1.0,
            "step": 10,
            "sampling": "log",
        },
        default=0.0001,
        values=[0.0001, 0.001, 0.01, 0.1, 1.0],
        at=[0.0001, 0.0001, 0.001, 0.01, 0.1, 1.0, 1.0],
        back=[0.1, 0.1, 0.30000000000000004, 0.5, 0.7, 0.9, 0.9],
        samples=[1.0, 0.0001, 0.001, 0.1, 0.01],
    ),
    Case(
        Float("x", min_value=0.0001, max_value=0.5, sampling="Reverse_Log", step=10),
        text=(
            "Float(name: 'x', min_value: '0.0001', max_value: '0.5', "
            "step: '10', sampling: 'reverse_log', default: '0.0001')"
        ),
        config={
            "default": 0.0001,
            "min_value": 0.0001,
            "max_value": 0.5,
            "step": 10,
            "sampling": "reverse_log",
        },
        default=0.0001,
        values=[0.4001, 0.4901, 0.4991, 0.5],
        at=[0.5, 0.5, 0.4991, 0.4901, 0.4001, 0.4001, 0.4001],
        back=[
            0.125,
            0.125,
            0.3750000000000013,
            0.6250000000000002,
            0.8749999999999999,
            0.8749999999999999,
            0.8749999999999999,
        ],
        samples=[0.4001, 0.5, 0.4991, 0.4901, 0.4991],
    ),
    Case(
        Float("x", min_value=0.5, max_value=4, sampling="log", step=2.0),
        text=(
            "Float(name: 'x', min_value: '0.5', max_value: '4.0', "
            "step: '2.0', sampling: 'log', default: '0.5')"
        ),
        config={"default": 0.5, "min_value": 0.5, "max_value": 4.0, "step": 2.0, "sampling": "log"},
        default=0.5,
        values=[0.5, 1.0, 2.0, 4.0],
        at=[0.5, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0],
        back=[0.125, 0.125, 0.375, 0.625, 0.875, 0.875, 0.875],
        samples=[4.0, 0.5, 1.0, 2.0, 1.0],
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
