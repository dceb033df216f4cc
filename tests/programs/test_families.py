"""A trace that is told is the one that would have been made, bit by bit; or it is not told."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.jax

X = np.ones(3, np.float32)
Make = Callable[..., Callable[[Any], Any]]


def learned(make: Make, seen: Sequence[tuple[float, ...]]) -> Any:
    from luthier.programs import Family, trace

    family = Family()
    for numbers in seen:
        family.add(numbers, trace(make(*numbers), X))
    return family


def check(family: Any, make: Make, numbers: tuple[float, ...]) -> None:
    from luthier.programs import trace

    told, made = family.tell(numbers), trace(make(*numbers), X)
    assert told is not None
    assert told.skeleton == made.skeleton
    for ours, theirs in zip(told.constants, made.constants, strict=True):
        assert np.asarray(ours).tobytes() == np.asarray(theirs).tobytes()


def _drop(rate: float, decay: float) -> Callable[[Any], Any]:
    return lambda x: x * (1 - rate) / (1 - decay) + rate**2 - 2 * decay + 7.5


def test_what_is_told_is_what_would_be_traced() -> None:
    random = np.random.default_rng(0)
    family = learned(_drop, [tuple(random.random(2)) for _ in range(3)])
    for _ in range(20):
        check(family, _drop, tuple(random.random(2)))


def test_nothing_is_told_of_few_traces_or_of_a_number_that_never_changed() -> None:
    assert learned(_drop, [(0.1, 0.2), (0.3, 0.4)]).tell((0.5, 0.6)) is None
    family = learned(_drop, [(0.1, 0.2), (0.3, 0.2), (0.7, 0.2)])
    check(family, _drop, (0.6, 0.2))
    assert family.tell((0.6, 0.5)) is None


def test_two_numbers_that_were_always_alike_are_told_apart_by_one_more_trace() -> None:
    seen = [(0.1, 0.1), (0.3, 0.3), (0.7, 0.7)]
    family = learned(_drop, seen)
    check(family, _drop, (0.6, 0.6))
    assert family.tell((0.6, 0.2)) is None
    check(learned(_drop, [*seen, (0.6, 0.2)]), _drop, (0.4, 0.15))


@pytest.mark.parametrize(
    "make",
    [
        lambda a: lambda x: x * math.sin(a),
        lambda a: lambda x: x * a if a > 0.2 else x + a,
        lambda a: lambda x: x * np.full(3, a, np.float32),
        lambda a: lambda x: x * int(10 * a),
    ],
    ids=["unknown", "branch", "array", "whole"],
)
def test_what_is_no_simple_function_of_the_numbers_is_never_told(make: Make) -> None:
    assert learned(make, [(0.1,), (0.3,), (0.7,)]).tell((0.5,)) is None


def test_of_a_function_that_reads_something_else_too_nothing_is_told() -> None:
    others = iter([0.5, 0.5, 0.25])

    def make(a: float) -> Callable[[Any], Any]:
        other = next(others) / 3
        return lambda x: x * a + other

    assert learned(make, [(0.1,), (0.3,), (0.7,)]).tell((0.5,)) is None
