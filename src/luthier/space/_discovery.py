"""Finding the whole space by building: once, and again until every conditional scope was active.

Enters: the user's `build(hp)` and what is known of the space. Leaves: the space in `hp`, and
`Exploration`: which scopes could not be reached and what each build used. It ends for every
`build`: each scope is tried twice at most.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from luthier.space._conditions import Condition, Parent
from luthier.space._hyperparameters import HyperParameters
from luthier.space._space import Space

_MOST_TRIES = 2
_MOST_VALUES = 10_000

Scope = tuple[Condition, ...]
"""A stack of conditions, the outermost first."""


@dataclass(frozen=True, slots=True)
class Exploration:
    """What the builds showed.

    Args:
        builds: how often `build` was called.
        unreachable: scopes that were met and could not be made active.
        observations: for each build its values and the names that it used.
    """

    builds: int
    unreachable: tuple[Scope, ...]
    observations: tuple[tuple[dict[str, Any], tuple[str, ...]], ...]


def explore(
    build: Callable[[HyperParameters], object],
    hp: HyperParameters,
    *,
    max_builds: int = 1_000,
) -> Exploration:
    """Builds until each conditional scope that was met has been active, or cannot be.

    Args:
        build: the user's function; its result is thrown away and its exceptions pass through.
        hp: what is known; afterwards its space holds what was found, and its values are kept, with
            the defaults of what was missing.
        max_builds: where to stop for a build that makes up new scopes each time.

    Returns:
        how many builds it took, what stayed out of reach, and what each build used.
    """
    search = _Search(hp)
    start = dict(hp.values)
    forced: dict[str, Any] | None = {}
    while forced is not None and len(search.observations) < max_builds:
        search.run(build, {**start, **forced}, forced)
        forced = search.next_values()
    hp.values = Space(hp.space).complete(start) | start
    return Exploration(
        builds=len(search.observations),
        unreachable=search.unreachable(),
        observations=tuple(search.observations),
    )


class _Search:
    """What the builds have shown so far."""

    def __init__(self, hp: HyperParameters) -> None:
        self.hp = hp
        self.observations: list[tuple[dict[str, Any], tuple[str, ...]]] = []
        # A scope to the values that were forced where it was first met: the way there.
        self.met: dict[Scope, dict[str, Any]] = {}
        self.reached: set[Scope] = set()
        # How often each was tried: first together with others that agree, then on its own.
        self.tries: dict[Scope, int] = {}

    def run(
        self,
        build: Callable[[HyperParameters], object],
        values: Mapping[str, Any],
        forced: dict[str, Any],
    ) -> None:
        one = HyperParameters.for_trial(Space(self.hp.space), values, on_new=self.hp.on_new)
        one.requirements.enforced = False
        build(one)
        self.hp.requirements.merge(one.requirements)
        self.hp.merge(one.found, overwrite=False)
        self.observations.append((dict(one.values), one.used))
        self.reached.update(map(tuple, one.active_scopes))
        for scope in map(tuple, one.inactive_scopes):
            self.met.setdefault(scope, forced)

    def next_values(self) -> dict[str, Any] | None:
        """Values that should activate the first open scope, and with it as many as agree."""
        space = Space(self.hp.space)
        for scope in self._open():
            self.tries[scope] = self.tries.get(scope, 0) + 1
            alone = _values_for(scope, self.met[scope], space)
            if alone is None:
                self.tries[scope] = _MOST_TRIES
                continue
            if self.tries[scope] == _MOST_TRIES:
                return alone
            together = self._widened(alone, space)
            if together == alone:
                self.tries[scope] = _MOST_TRIES
            return together
        return None

    def _widened(self, chosen: dict[str, Any], space: Space) -> dict[str, Any]:
        """The values, and those that activate other open scopes without changing one of them."""
        for scope in self._open():
            way = self.met[scope]
            if all(name not in chosen or chosen[name] == way[name] for name in way):
                wider = _values_for(scope, chosen | way, space)
                if wider is not None and all(wider[name] == chosen[name] for name in chosen):
                    chosen = wider
        return chosen

    def _open(self) -> list[Scope]:
        return [
            scope
            for scope in self.met
            if scope not in self.reached and self.tries.get(scope, 0) < _MOST_TRIES
        ]

    def unreachable(self) -> tuple[Scope, ...]:
        """The scopes that were met and never active."""
        return tuple(scope for scope in self.met if scope not in self.reached)


def _values_for(scope: Scope, given: Mapping[str, Any], space: Space) -> dict[str, Any] | None:
    """The given values, changed so that the scope's conditions hold; None if they cannot."""
    values = dict(given)
    for condition in scope:
        if condition.is_active(values):
            continue
        accepted = _accepted(condition, space)
        if not accepted:
            return None
        values[condition.name] = accepted[0]
    return values if all(condition.is_active(values) for condition in scope) else None


def _accepted(condition: Condition, space: Space) -> list[Any]:
    """The first value of the parent that meets the condition, if one is found quickly."""
    for parent in space:
        if parent.name != condition.name:
            continue
        named = condition.values if isinstance(condition, Parent) else ()
        exact = (value for value in named if parent.contains(value))
        equal = (v for v in islice(parent.values, _MOST_VALUES) if condition.accepts(v))
        found = list(islice(chain(exact, equal), 1))
        if found:
            return found
    return []
