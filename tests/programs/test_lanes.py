"""Lanes: functions run alternately, are answered together, and keep what is their own."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

pytest.importorskip("greenlet")

from luthier.programs._failure import Failure
from luthier.programs._lanes import Lanes


class Randomness:
    def take(self) -> Any:
        return random.getstate()

    def put(self, state: Any) -> None:
        random.setstate(state)


def doubled(requests: Sequence[int]) -> list[int]:
    return [2 * request for request in requests]


def finished(lanes: Lanes) -> dict[int, Any]:
    ended: dict[int, Any] = {}
    while len(lanes):
        ended |= dict(lanes.advance())
    return ended


def test_lanes_are_answered_together_and_ended_ones_make_room_first() -> None:
    asked: list[list[int]] = []

    def answer(requests: Sequence[int]) -> list[int]:
        asked.append(list(requests))
        return doubled(requests)

    lanes = Lanes(answer)

    def function(first: int, times: int) -> int:
        for _ in range(times):
            first = lanes.run(first)
        return first

    for number, times in enumerate([1, 3]):
        lanes.start(number, lambda n=number, t=times: function(n + 1, t))
    assert lanes.advance() == [(0, 2)]
    lanes.start(2, lambda: function(10, 1))
    assert lanes.advance() == [(2, 20)]
    assert lanes.advance() == [(1, 16)]
    assert lanes.advance() == []
    assert asked == [[1, 2], [4, 10], [8]]


def test_each_lane_has_random_numbers_of_its_own() -> None:
    def alone(seed: int) -> list[float]:
        random.seed(seed)
        return [random.random() for _ in range(3)]

    lanes = Lanes(doubled, [Randomness()])

    def function(seed: int) -> list[float]:
        random.seed(seed)
        return [random.random() for _ in range(3) if lanes.run(1)]

    expected = [alone(seed) for seed in range(3)]
    random.seed(99)
    outside = random.getstate()
    for seed in range(3):
        lanes.start(seed, lambda seed=seed: function(seed))
    assert finished(lanes) == dict(enumerate(expected))
    assert random.getstate() == outside


def test_errors_go_where_they_belong() -> None:
    def answer(requests: Sequence[int]) -> list[Any]:
        return [Failure(ValueError("odd")) if r % 2 else r for r in requests]

    lanes = Lanes(answer)

    def careful() -> str:
        with pytest.raises(ValueError, match="odd"):
            lanes.run(1)
        return "went on"

    lanes.start(0, careful)
    lanes.start(1, lambda: lanes.run(1))
    lanes.start(2, lambda: lanes.run(2))
    with pytest.raises(ValueError, match="odd"):
        finished(lanes)
    assert finished(lanes) == {2: 2}
    with pytest.raises(RuntimeError, match="in a lane"):
        lanes.run(1)


def test_a_lane_given_up_is_unwound() -> None:
    lanes = Lanes(lambda requests: [None] * len(requests))
    seen: list[str] = []

    def function() -> None:
        try:
            lanes.run(0)
        finally:
            seen.append("unwound")

    def quick() -> str:
        return "done"

    lanes.start(0, function)
    lanes.start(1, quick)
    assert lanes.advance() == [(1, "done")]
    lanes.stop(0)
    lanes.stop(0)
    assert seen == ["unwound"]
    assert len(lanes) == 0
