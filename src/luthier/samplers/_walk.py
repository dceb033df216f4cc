"""A walk through the points of a space in lexicographic order: the last hyperparameter varies
fastest.

Enters: a space, the candidates of each hyperparameter in order, a point. Leaves: the next point. A
point is a dict of the active values, parents first, so a walk needs no state but the point where it
stands.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator, Sequence
from typing import Any

from luthier.space import HyperParameter, Space

Candidates = Callable[[HyperParameter], Sequence[Any]]
Point = dict[str, Any]


class Walk:
    """The order of a space's points.

    Args:
        space: the hyperparameters.
        candidates: the values that a hyperparameter takes, in order, each once, at least one.
    """

    def __init__(self, space: Space, candidates: Candidates) -> None:
        self._space = space
        self._candidates = {parameter: candidates(parameter) for parameter in space}
        self._places: dict[HyperParameter, dict[str, int]] = {}

    def first(self) -> Point:
        """The point at which each hyperparameter has its first candidate."""
        return self._space.complete({}, self._first)

    def after(self, point: Point, within: Container[str] | None = None) -> Point | None:
        """The next point, or None at the end.

        Args:
            point: one that this walk gave.
            within: if given, the next point that differs in one of these names.
        """
        active = {parameter.name: parameter for parameter in self._space.active(point)}
        names = list(point)
        for position in range(len(names) - 1, -1, -1):
            name = names[position]
            if within is not None and name not in within:
                continue
            value = self._next_value(active[name], point[name])
            if value is not None:
                kept = {before: point[before] for before in names[:position]}
                kept[name] = value[0]
                return self._space.complete(kept, self._first)
        return None

    def _first(self, parameter: HyperParameter) -> Any:
        return self._candidates[parameter][0]

    def _next_value(self, parameter: HyperParameter, value: Any) -> tuple[Any] | None:
        candidates = self._candidates[parameter]
        places = self._places.get(parameter)
        if places is None:
            places = {parameter.label(known): n for n, known in enumerate(candidates)}
            self._places[parameter] = places
        place = places[parameter.label(value)] + 1
        return (candidates[place],) if place < len(candidates) else None


class Distinct(Sequence[Any]):
    """The distinct values of a finite hyperparameter, made when they are asked for."""

    def __init__(self, parameter: HyperParameter) -> None:
        self._parameter = parameter

    def __len__(self) -> int:
        return int(self._parameter.n_values)

    def __getitem__(self, index: Any) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._parameter.value_at(index)

    def __iter__(self) -> Iterator[Any]:
        return self._parameter.distinct_values()


def is_finite(space: Space) -> bool:
    """Whether the space has finitely many points."""
    return all(parameter.n_values != math.inf for parameter in space)
