"""Drawing points that are new and allowed.

Enters: a history, which points are taken, a way to draw one. Leaves: a point that no trial covers
and that every constraint admits, or None when the space has no such point left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from luthier.errors import SpaceError
from luthier.records import History
from luthier.samplers._seen import Seen
from luthier.samplers._walk import Distinct, Walk, is_finite

# Draws that may repeat earlier trials before the points that are left are looked up one by one.
_REPEATS = 100
# Draws that may break the constraints before they count as contradictory.
_REFUSALS = 10_000
# Of the points that are left, one of the first so many is chosen at random.
_POOL = 1_000
# Steps of the walk through a finite space before it counts as used up.
_STEPS = 150_000

Draw = Callable[[], dict[str, Any]]


def admits(history: History, values: Mapping[str, Any]) -> bool:
    """Whether every constraint of the study allows `values`."""
    return all(constraint.admits(values) for constraint in history.constraints)


def none_allowed(history: History) -> bool:
    """Whether there are constraints and no trial of the study satisfies them."""
    trials = (*history.finished, *history.open)
    points = ({**trial.suggestion.values, **trial.values} for trial in trials)
    return bool(history.constraints) and not any(admits(history, point) for point in points)


def describe(history: History, draws: int) -> str:
    """The message that nothing satisfies the constraints."""
    texts = "; ".join(constraint.text for constraint in history.constraints)
    return (
        f"Expected values that satisfy the constraints ({texts}), "
        f"but none of {draws:,} points did. "
        "Check whether the constraints contradict each other or the ranges, or loosen them."
    )


def fresh(
    history: History, seen: Seen, rng: np.random.Generator, draw: Draw | None = None
) -> dict[str, Any] | None:
    """A point that is new and allowed.

    Args:
        history: the study.
        seen: up to date with it.
        rng: where randomness comes from.
        draw: gives a complete point; a uniform one if None. When it keeps repeating itself, uniform
            draws and then a walk through a finite space take over.

    Returns:
        name to active value, or None if nothing is left.

    Raises:
        SpaceError: none of many draws satisfies the constraints.
    """
    uniform: Draw = lambda: history.space.sample(rng)  # noqa: E731
    for source in (uniform,) if draw is None else (draw, uniform):
        found, admitted = _try(history, seen, source)
        if found is not None:
            return found
    if is_finite(history.space):
        return _left(history, seen, rng)
    if not admitted:
        raise SpaceError(describe(history, _REFUSALS))
    return None


def _try(history: History, seen: Seen, draw: Draw) -> tuple[dict[str, Any] | None, int]:
    """A new, allowed point or None, and how many of the draws were allowed."""
    admitted = 0
    for _ in range(_REFUSALS):
        values = draw()
        if not admits(history, values):
            continue
        admitted += 1
        if not seen.covers(values):
            return values, admitted
        if admitted >= _REPEATS:
            break
    return None, admitted


def _left(history: History, seen: Seen, rng: np.random.Generator) -> dict[str, Any] | None:
    """One of the points that are left in a finite space."""
    walk = Walk(history.space, Distinct)
    point: dict[str, Any] | None = walk.first()
    pool: list[dict[str, Any]] = []
    refused = 0
    for _ in range(_STEPS):
        if point is None or len(pool) == _POOL:
            break
        pattern = seen.pattern(point)
        if pattern is not None:
            point = walk.after(point, within=frozenset(pattern))
            continue
        if admits(history, point):
            pool.append(point)
        else:
            refused += 1
        point = walk.after(point)
    if pool:
        return pool[int(rng.integers(len(pool)))]
    if none_allowed(history):
        raise SpaceError(describe(history, refused + len(history.finished)))
    return None
