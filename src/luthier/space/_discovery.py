"""Finding the whole space by building: once, and again until every conditional scope was active.

Enters: the user's `build(hp)` and what is known of the space. Leaves: the space in `hp`, and
`Exploration`: which scopes could not be reached and what each build used. It ends for every
`build`: each scope is tried once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from luthier.space._conditions import Condition, Parent
from luthier.space._hyperparameters import HyperParameters
from luthier.space._space import Space

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
        forced = search.next_values(start)
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
        self.tried: set[Scope] = set()

    def run(
        self,
        build: Callable[[HyperParameters], object],
        values: Mapping[str, Any],
        forced: dict[str, Any],
    ) -> None:
        one = HyperParameters.for_trial(Space(self.hp.space), values, on_new=self.hp.on_new)
        build(one)
        self.hp.merge(one.found, overwrite=False)
        self.observations.append((dict(one.values), one.used))
        self.reached.update(map(tuple, one.active_scopes))
        for scope in map(tuple, one.inactive_scopes):
            self.met.setdefault(scope, forced)

    def next_values(self, start: Mapping[str, Any]) -> dict[str, Any] | None:
        """Values that should activate the first open scope, and with it as many others as agree."""
        space = Space(self.hp.space)
        chosen: dict[str, Any] | None = None
        for scope in self._open():
            if chosen is None:
                self.tried.add(scope)
                chosen = _values_for(scope, self.met[scope], space)
                continue
            way = self.met[scope]
            if all(chosen.get(name, value) == value for name, value in way.items()):
                wider = _values_for(scope, chosen | way, space)
                if wider is not None and wider.items() >= chosen.items():
                    # Not marked as tried: on its own it may still succeed if this fails.
                    chosen = wider
        return chosen

    def _open(self) -> list[Scope]:
        return [s for s in self.met if s not in self.reached and s not in self.tried]

    def unreachable(self) -> tuple[Scope, ...]:
        return tuple(scope for scope in self.met if scope not in self.reached)


def _values_for(scope: Scope, given: Mapping[str, Any], space: Space) -> dict[str, Any] | None:
    """The given values, changed so that the scope's conditions hold; None if they cannot."""
    values = dict(given)
    for condition in scope:
        if not isinstance(condition, Parent):
            return None
        if condition.is_active(values):
            continue
        allowed = [
            value
            for value in condition.values
            if any(p.name == condition.name and _takes(p, value) for p in space)
        ]
        if not allowed:
            return None
        values[condition.name] = allowed[0]
    return values if all(c.is_active(values) for c in scope) else None


def _takes(parameter: Any, value: Any) -> bool:
    return bool(parameter.contains(value)) or value == parameter.default
