"""Hyperparameters that no point of a space can have, because their conditions never hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from luthier.space._conditions import Condition, Parent
from luthier.space._parameters import HyperParameter
from luthier.space._space import Space

_MOST_VALUES = 10_000


def unreachable(space: Space) -> Mapping[HyperParameter, Condition]:
    """The hyperparameters that are never active, each with a condition that never holds.

    Conditions on one parent are judged together, those on several parents each by itself; what
    cannot be decided counts as reachable.

    Args:
        space: any.

    Example:
        >>> from luthier.space import Choice, Int, Parent, Space, unreachable
        >>> kind = Choice("kind", ["a", "b"])
        >>> lost = Int("units", 1, 8, conditions=[Parent("kind", ["c"])])
        >>> [parameter.name for parameter in unreachable(Space([kind, lost]))]
        ['units']
    """
    dead: dict[HyperParameter, Condition] = {}
    for parameter in space.parents_first:
        by_parent: dict[str, list[Condition]] = {}
        for condition in parameter.conditions:
            by_parent.setdefault(condition.name, []).append(condition)
        for name, conditions in by_parent.items():
            parents = [p for p in space if p.name == name and p not in dead]
            if not any(_can_hold(parent, conditions) for parent in parents):
                dead[parameter] = conditions[-1]
                break
    return dead


def _can_hold(parent: HyperParameter, conditions: Iterable[Condition]) -> bool:
    """Whether one value of the parent meets all conditions."""
    conditions = tuple(conditions)
    return any(
        all(condition.accepts(value) for condition in conditions)
        for value in (*_named(parent, conditions), *_some_values(parent))
    )


def _named(parent: HyperParameter, conditions: Iterable[Condition]) -> list[Any]:
    named = [v for c in conditions if isinstance(c, Parent) for v in c.values]
    return [value for value in named if parent.contains(value)]


def _some_values(parent: HyperParameter) -> Iterable[Any]:
    return parent.distinct_values() if parent.n_values <= _MOST_VALUES else (parent.default,)
