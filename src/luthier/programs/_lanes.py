"""Functions that run alternately in one thread, each until it wants a program to be run.

Enters: functions. Leaves: what they returned. When all that still run have asked for a program they
are answered together, so programs see many trials at once and the functions need not know.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import greenlet

from luthier.programs._failure import Failure


class Context(Protocol):
    """What each lane has for itself of what a process has once, such as random numbers."""

    def take(self) -> Any:
        """What is there now."""

    def put(self, state: Any) -> None:
        """Put back what `take` gave."""


Answer = Callable[[Sequence[Any]], Sequence[Any]]
"""Answers requests, in order; None: not now, ask again with the others' next requests."""


class _Lane:
    def __init__(self, function: Callable[[], Any], states: list[Any]) -> None:
        self.fiber = greenlet.greenlet(function)
        self.states = states
        self.request: Any = None
        self.reply: Any = None


class Lanes:
    """Lanes side by side.

    Args:
        answer: runs programs.
        contexts: what each lane has for itself.
    """

    def __init__(self, answer: Answer, contexts: Sequence[Context] = ()) -> None:
        self._answer = answer
        self._contexts = list(contexts)
        self._lanes: dict[int, _Lane] = {}
        self._current: _Lane | None = None

    def __len__(self) -> int:
        return len(self._lanes)

    @property
    def is_inside(self) -> bool:
        """Whether what runs now runs in a lane."""
        return self._current is not None

    def start(self, number: int, function: Callable[[], Any]) -> None:
        """Take a function into a lane; it begins with the next `advance`."""
        self._lanes[number] = _Lane(function, self._take())

    def advance(self) -> list[tuple[int, Any]]:
        """Run all lanes until one ended at least: their numbers and what they returned.

        Raises:
            BaseException: what a function raised; its lane is gone, the others are as they were.
        """
        while self._lanes:
            ended = [
                (number, value)
                for number, lane in list(self._lanes.items())
                if lane.request is None
                for value in self._resume(number, lane)
            ]
            if ended:
                return ended
            asking = list(self._lanes.values())
            replies = self._answer([lane.request for lane in asking])
            for lane, reply in zip(asking, replies, strict=True):
                if reply is not None:
                    lane.request, lane.reply = None, reply
        return []

    def run(self, request: Any) -> Any:
        """Ask for a program, from inside a lane; returns the answer."""
        lane = self._current
        if lane is None:
            raise RuntimeError("Only what runs in a lane can wait for others.")
        lane.request = request
        reply = lane.fiber.parent.switch()
        if isinstance(reply, Failure):
            raise reply.error
        return reply

    def stop(self, number: int) -> None:
        """Give a lane up: what it runs is unwound."""
        lane = self._lanes.pop(number, None)
        if lane is not None and lane.fiber and not lane.fiber.dead:
            with self._within(lane):
                lane.fiber.throw(greenlet.GreenletExit)

    def _resume(self, number: int, lane: _Lane) -> list[Any]:
        """Go on with a lane; what it returned, if it ended."""
        reply, lane.reply = lane.reply, None
        began = bool(lane.fiber)
        try:
            with self._within(lane):
                value = lane.fiber.switch(reply) if began else lane.fiber.switch()
        except BaseException:
            self._lanes.pop(number, None)
            raise
        if not lane.fiber.dead:
            return []
        del self._lanes[number]
        return [value]

    def _within(self, lane: _Lane) -> _Within:
        return _Within(self, lane)

    def _take(self) -> list[Any]:
        return [context.take() for context in self._contexts]

    def _put(self, states: Sequence[Any]) -> None:
        for context, state in zip(self._contexts, states, strict=True):
            context.put(state)


class _Within:
    """The time in which a lane runs: it finds what it left, and what was outside comes back."""

    def __init__(self, lanes: Lanes, lane: _Lane) -> None:
        self._lanes, self._lane = lanes, lane

    def __enter__(self) -> None:
        self._outside = self._lanes._take()
        self._lanes._put(self._lane.states)
        self._lanes._current = self._lane

    def __exit__(self, *error: object) -> None:
        self._lanes._current = None
        self._lane.states = self._lanes._take()
        self._lanes._put(self._outside)
